"""Read the parameters of a call to a typed service one by one; every refusal names its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import TypeVar

from engine.errors import Issue, SenderError
from engine.inbound.calls import Parameters
from engine.message import SHANGHAI

_DAY = re.compile(r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_FEN = re.compile(r"[0-9]{1,10}")
_NUMBER = re.compile(r"[0-9]{1,18}")
M = TypeVar("M", bound=datetime | None)


class Given:
    """The parameters of one call, or one record of them, at `path`."""

    def __init__(self, values: Parameters, path: str) -> None:
        self._values = values
        self._path = path

    def whole(self, name: str) -> int | None:
        """Give an int of the contract, None when it was not sent."""
        value = self._values.get(name)
        return None if value is None else int(value)

    def flag(self, name: str) -> bool:
        """Give a boolean of the contract, False when it was not sent."""
        return bool(self._values.get(name))

    def record(self, name: str) -> Given:
        """Give an inner record, empty when it was not sent."""
        return Given(self._values.get(name) or {}, f"{self._path}/{name}")

    def records(self, name: str, item: str) -> tuple[Given, ...]:
        """Give the records of a list, whose elements are called `item`."""
        found = self._values.get(name) or ()
        return tuple(Given(one, f"{self._path}/{name}/{item}[{number}]") for number, one in enumerate(found, 1))

    def text(self, name: str) -> str:
        """Give a text without the white space around it, "" when it was not sent."""
        return str(self._values.get(name) or "").strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """Give the texts of a list that are not empty."""
        return tuple(text for each in self._values.get(name) or () if (text := str(each).strip()))

    def needed(self, name: str) -> str:
        """Give a text that must be there; raises SenderError SND-310."""
        text = self.text(name)
        if not text:
            raise self._missing(name)
        return text

    def count(self, name: str) -> int:
        """Give an int that must be there and is not below 0; raises SenderError SND-310, SND-311."""
        value = self.whole(name)
        if value is None:
            raise self._missing(name)
        if value < 0:
            raise self._wrong(name, "小于 0", "填写 0 或正整数。")
        return value

    def one_of(self, name: str, known: Collection[str], otherwise: str = "") -> str:
        """Give a code of a list; raises SenderError SND-311 for another, `otherwise` when it was not sent."""
        text = self.text(name) or otherwise
        if text and text not in known:
            raise self._wrong(name, "不是规定的代码", _offered(known))
        return text

    def codes(self, name: str, known: Collection[str]) -> frozenset[str]:
        """Give the codes of a list that are not empty; raises SenderError SND-311 for one that is not offered."""
        found = self.texts(name)
        if strange := next((each for each in found if each not in known), ""):
            message = f"参数 {name} 中的“{strange[:40]}”不是规定的代码。"
            raise SenderError(Issue(code="SND-311", message=message, hint=_offered(known), path=f"{self._path}/{name}"))
        return frozenset(found)

    def day(self, name: str) -> str:
        """Give a day as yyyy-MM-dd, "" when it was not sent; raises SenderError SND-311."""
        text = self.text(name)
        if text and not (_DAY.fullmatch(text) and _readable(date.fromisoformat, text)):
            raise self._wrong(name, "不是日期", "按 yyyy-MM-dd 填写。")
        return text

    def moment(self, name: str, otherwise: M) -> datetime | M:
        """Give a moment, of Shanghai where it names no zone, `otherwise` when it was not sent; raises SenderError SND-311."""
        text = self.text(name)
        if not text:
            return otherwise
        if not (_MOMENT.fullmatch(text) and _readable(datetime.fromisoformat, text)):
            raise self._wrong(name, "不是时间", "按 yyyy-MM-ddTHH:mm:ss+08:00 填写。")
        moment = datetime.fromisoformat(text)
        return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)

    def fen(self, name: str, otherwise: int | None = None) -> int:
        """Give a sum in fen; raises SenderError SND-311, SND-310 when it was not sent and nothing stands for it."""
        text = self.needed(name) if otherwise is None else self.text(name)
        if text and not _FEN.fullmatch(text):
            raise self._wrong(name, "不是以分为单位的金额", "只写数字，例如 1500 表示 15 元。")
        return int(text) if text else otherwise or 0

    def number(self, name: str) -> int:
        """Give a number from 0, which stands for one that was not sent; raises SenderError SND-311."""
        text = self.text(name)
        if text and not _NUMBER.fullmatch(text):
            raise self._wrong(name, "不是编号", "填写上次收到的编号，或不填。")
        return int(text or 0)

    def _missing(self, name: str) -> SenderError:
        hint = f"补上参数 {name}，并且不要为空。"
        return SenderError(Issue(code="SND-310", message=f"缺少必填参数 {name}。", hint=hint, path=f"{self._path}/{name}"))

    def _wrong(self, name: str, what: str, hint: str) -> SenderError:
        message = f"参数 {name} 的取值“{str(self._values.get(name)).strip()[:40]}”{what}。"
        return SenderError(Issue(code="SND-311", message=message, hint=hint, path=f"{self._path}/{name}"))


def _offered(known: Collection[str]) -> str:
    """Say which codes there are, the shorter first, so that numbers stand in their order."""
    return f"可用的代码：{'、'.join(sorted(known, key=lambda code: (len(code), code)))}。"


def _readable(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True

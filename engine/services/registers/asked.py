"""Read what an interaction asks: texts, times of HL7, limits; what cannot be read is refused with a code and a hint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from engine.codes import CODES
from engine.errors import Issue, SenderError
from engine.hospital import Values
from engine.message import SHANGHAI

USUAL_LIMIT, LARGEST_LIMIT = 50, 200
"""How many items an answer has when the query does not say, and at most."""

_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:\.\d+)?([+-]\d{4})?")
_LENGTHS = (
    timedelta(days=366),
    timedelta(days=31),
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)


def refuse(code: str, message: str = "", hint: str = "") -> SenderError:
    """Make the refusal of a code (SND-73x): `message` in Chinese instead of the code's title, the hint as documented or a nearer one."""
    row = CODES[code]
    return SenderError(Issue(code=code, message=message or f"{row.title}。", hint=hint or row.sender))


def said(values: Values, name: str) -> str:
    """Give a text value without blanks around it, "" when it is not there."""
    value = values.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def needed(values: Values, name: str, meaning: str) -> str:
    """Give a text value that must be there; refused with its Chinese meaning (SND-737)."""
    value = said(values, name)
    if not value:
        raise refuse("SND-737", f"缺少“{meaning}”。", f"请填写“{meaning}”后重发。")
    return value


def parts(values: Values, name: str = "entry") -> Sequence[Values]:
    """List the parts of a message: those under a name, else the message itself as its only part."""
    listed = values.get(name)
    if isinstance(listed, tuple):
        return listed
    return (values,) if listed is None else (listed,)


def moment(text: str, meaning: str) -> datetime:
    """Read a time of HL7 (yyyy[MM[dd[HH[mm[ss]]]]]), of Shanghai when no zone is named; refused when it is none (SND-737)."""
    return _read(text, meaning)[0]


def end_of(text: str, meaning: str) -> datetime:
    """Read a time as the end of a span: the first moment after what it names, so that a whole day or minute is within."""
    start, given = _read(text, meaning)
    if given == 1:
        return start.replace(year=start.year + 1)
    if given == 2:
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return start + _LENGTHS[given - 1]


def span(values: Values, first: str = "since", last: str = "until") -> tuple[datetime | None, datetime | None]:
    """Give the span that a query names, from its first moment to the first one after it."""
    since, until = said(values, first), said(values, last)
    return moment(since, "开始时间") if since else None, end_of(until, "结束时间") if until else None


def _read(text: str, meaning: str) -> tuple[datetime, int]:
    match = _TIME.fullmatch(text)
    given = match.groups()[:6] if match else ()
    try:
        year, month, day, hour, minute, second = (int(one) if one else 0 for one in given)
        naive = datetime(year, month or 1, day or 1, hour, minute, second)  # noqa: DTZ001 - its zone is set below
        zone = match[7] if match else None
        at = (
            naive.replace(tzinfo=SHANGHAI) if zone is None else datetime.strptime(f"{naive:%Y%m%d%H%M%S}{zone}", "%Y%m%d%H%M%S%z")
        )
        return at.astimezone(UTC), sum(one is not None for one in given)
    except (ValueError, OverflowError):
        raise refuse("SND-737", f"“{meaning}”不是正确的时间：{text[:32]}", "时间写作 yyyyMMdd 或 yyyyMMddHHmmss。") from None


def written_time(at: datetime) -> str:
    """Write a time as HL7 digits of Shanghai."""
    return at.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")


def limit(values: Values) -> int:
    """Give how many items a query wants, within what one answer may have; refused when it is no number (SND-737)."""
    text = said(values, "limit")
    if not text:
        return USUAL_LIMIT
    if not text.isascii() or not text.isdecimal() or int(text[:9]) == 0:
        raise refuse("SND-737", f"“返回结果上限”不是正整数：{text[:16]}", "填写正整数，或不填。")
    return min(int(text[:9]), LARGEST_LIMIT)


def found_text(shown: int, total: int) -> str:
    """Say in Chinese how much a query found."""
    if total == 0:
        return "未查到，或本机构无权查看"
    return f"查到 {total} 条" if shown == total else f"查到 {total} 条，返回 {shown} 条"

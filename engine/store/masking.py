"""Hide what names a person in the example of a quality report, and keep the form that shows the mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

from engine.errors import Issue

Kind = Literal["name", "number", "address", "birth", ""]

LONGEST = 60
"""Characters of an example that are shown at most: a whole paragraph of a record is no example."""

_POSITION = re.compile(r"\[\d+\]")
_NAMED = frozenset({"patient", "subject", "guardian"})
_BEARERS = ("person", "author", "entity", "recipient")
"""Parts of the names of elements (lower case) whose name or id is a person's."""

_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("name", re.compile(r"姓名|签名(?!日期|时间)")),
    ("number", re.compile(r"身份证|证件号|健康卡|电话|手机")),
    ("address", re.compile(r"地址|住址")),
    ("birth", re.compile(r"出生(?!地)")),
)
"""What the words of a message say of the value, where the path does not tell it."""

_ANYWHERE: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?<![\w.])\d{15,18}[\dXx]?(?![\w.])"),  # identity numbers, also of the wrong length
    re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"),  # mobile phones
    re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)"),  # telephones
)


def masked(issue: Issue) -> Issue:
    """Give an issue whose value and words name nobody: names, identity numbers, phones, addresses and dates of birth."""
    kind = kind_of(issue.path, issue.message)
    value = mask(issue.value, kind)
    words = (issue.message, issue.hint)
    if kind and len(issue.value.strip()) > 1:
        words = (words[0].replace(issue.value, value), words[1].replace(issue.value, value))
    # A hint is ours but for the value: the numbers in it are examples of how to write them.
    return replace(issue, value=value, message=without_numbers(words[0]), hint=words[1])


def kind_of(path: str, message: str = "") -> Kind:
    """Tell what kind of personal value stands at a path, "" for none; the message tells it where the path does not."""
    steps = [step.lower() for step in _POSITION.sub("", path).split("/") if step]
    if "addr" in steps:
        return "address"
    if "telecom" in steps:
        return "number"
    if "birthtime" in steps:
        return "birth"
    last = next((name for name in ("name", "id") if name in steps[-3:]), "")
    if last and _is_person(steps[steps.index(last) - 1], last):
        return "name" if last == "name" else "number"
    said = f"{steps[-1] if steps else ''} {message}"
    return next((kind for kind, words in _WORDS if words.search(said)), "")


def _is_person(holder: str, last: str) -> bool:
    if holder in _NAMED or any(part in holder for part in _BEARERS):
        return True
    return last == "id" and holder == "patientrole"


def mask(value: str, kind: Kind = "") -> str:
    """Mask a value of a kind; numbers that look like an identity number or a telephone are masked in any value."""
    text = value.strip()
    if kind and text:
        text = _MASKS[kind](text)
    text = without_numbers(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def without_numbers(text: str) -> str:
    """Mask whatever looks like an identity number or a telephone in a text."""
    for pattern in _ANYWHERE:
        text = pattern.sub(lambda found: _number(found[0]), text)
    return text


def _name(text: str) -> str:
    return text[0] + "*" * max(len(text) - 1, 1)


def _number(text: str) -> str:
    """Keep three characters at the beginning and two at the end of a number, and what parts it."""
    head, tail = (3, 2) if len(text) > 6 else (1, 0)
    if text.lower().startswith(("tel:", "mailto:")):
        head += text.index(":") + 1
    return "".join("*" if letter.isalnum() and head <= place < len(text) - tail else letter for place, letter in enumerate(text))


def _address(text: str) -> str:
    return text[: 3 if len(text) > 3 else 1] + "***"


def _birth(text: str) -> str:
    """Keep the year, and the form of the rest."""
    return text[:4] + re.sub(r"\d", "*", text[4:])


_MASKS: Mapping[Kind, Callable[[str], str]] = {"name": _name, "number": _number, "address": _address, "birth": _birth}

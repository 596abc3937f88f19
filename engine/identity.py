"""Know what a resident identity number is made of (GB 11643-1999, GB/T 2260) and what kinds of identity document there are."""

from __future__ import annotations

import re
from datetime import date, datetime

KINDS = frozenset({*(str(number) for number in range(1, 12) if number != 4), "99"})
"""ID_TYPE of the Jilin text, the kinds of identity document; there is no 4."""

IDENTITY_CARD = "1"
"""The kind that a resident identity number is."""

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""The weights of the first 17 digits."""

REGIONS = frozenset(
    f"{area}{place}" for area, last in zip("12345678", (5, 3, 7, 6, 4, 5, 1, 3), strict=True) for place in range(1, last + 1)
) | {"50"}
"""The first two digits (GB/T 2260); in the number of a foreigner's permit they follow a 9."""

LETTERS = "10X98765432"
"""The check letter by the weighted sum modulo 11."""

_NUMBER = re.compile(r"\d{17}[\dX]\Z")
_OLD_NUMBER = re.compile(r"\d{15}\Z")
_FOREIGNERS = "91"
"""The first two digits of foreigners' permits of the first series, beside those whose region follows a 9."""


def check_letter(digits: str) -> str:
    """Give the 18th letter that belongs to 17 digits; what follows them is not looked at."""
    return LETTERS[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=False)) % 11]


def known_region(number: str) -> bool:
    """Tell whether a number of 18 letters begins with a region that there is."""
    start = int(number.startswith("9"))
    return number[start : start + 2] in REGIONS


def identity_fault(text: str, today: date | None = None) -> str:
    """Say what is wrong with an identity number of 18 digits, empty when it is right (GB 11643-1999, GB/T 2260)."""
    number = text.upper()
    if not _NUMBER.match(number):
        return "应为 17 位数字加 1 位校验码" if not _OLD_NUMBER.match(number) else "15 位旧证号已停用，应为 18 位"
    if not (known_region(number) or number.startswith(_FOREIGNERS)):
        return f"地区码 {number[:6]} 不存在"
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return f"出生日期 {number[6:14]} 不存在"
    if born > (today or datetime.now().astimezone().date()) or born.year < 1850:
        return f"出生日期 {number[6:14]} 不合理"
    expected = check_letter(number)
    return "" if number[17] == expected else f"校验码应为 {expected}，现为 {number[17]}"

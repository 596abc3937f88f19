"""Know the check letter and the regions of a resident identity number (GB 11643)."""

from __future__ import annotations

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""The weights of the first 17 digits."""

REGIONS = frozenset(
    f"{area}{place}" for area, last in zip("12345678", (5, 3, 7, 6, 4, 5, 1, 3), strict=True) for place in range(1, last + 1)
) | {"50"}
"""The first two digits (GB/T 2260); in the number of a foreigner's permit they follow a 9."""

LETTERS = "10X98765432"
"""The check letter by the weighted sum modulo 11."""


def check_letter(digits: str) -> str:
    """Give the 18th letter that belongs to 17 digits; what follows them is not looked at."""
    return LETTERS[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=False)) % 11]


def known_region(number: str) -> bool:
    """Tell whether a number of 18 letters begins with a region that there is."""
    start = int(number.startswith("9"))
    return number[start : start + 2] in REGIONS

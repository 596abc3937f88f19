"""Know the check letter of a resident identity number (GB 11643)."""

from __future__ import annotations

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""The weights of the first 17 digits."""

LETTERS = "10X98765432"
"""The check letter by the weighted sum modulo 11."""


def check_letter(digits: str) -> str:
    """Give the 18th letter that belongs to 17 digits; what follows them is not looked at."""
    return LETTERS[sum(int(digit) * weight for digit, weight in zip(digits, WEIGHTS, strict=False)) % 11]

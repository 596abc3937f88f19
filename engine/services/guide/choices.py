"""Name what a caller chooses among doctors by words of the index, so that a choice leads as a word does."""

from __future__ import annotations

EVERYONE = "#*"
"""The word of every doctor on show; words that begin so are choices, which nobody can type."""


def area_prefix(area: str) -> str:
    """Give the part of an area code (GB/T 2260) that all codes within the area begin with."""
    while area.endswith("00") and len(area) > 2:
        area = area[:-2]
    return area


def hospital_word(institution: str) -> str:
    """Give the word of all doctors of a hospital."""
    return f"#h{institution}"


def department_word(department: str) -> str:
    """Give the word of all doctors in departments of this code."""
    return f"#d{department}"


def title_word(title: int) -> str:
    """Give the word of all doctors of a title."""
    return f"#t{title}"


def area_word(prefix: str) -> str:
    """Give the word of all doctors in an area."""
    return f"#a{prefix}"

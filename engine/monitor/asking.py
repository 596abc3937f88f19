"""Read what a page's form asks for, and say what cannot be shown."""

from __future__ import annotations

import re
from datetime import date

_DAY = re.compile(r"(?:19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}")


class Wrong(Exception):
    """What was asked for cannot be shown; `key` is the text that says why."""

    def __init__(self, key: str, value: str = "") -> None:
        super().__init__(key)
        self.key = key
        self.value = value


def day_of(text: str, key: str) -> date:
    """Read yyyy-MM-dd; raises Wrong with this key for anything else."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)
        return date.fromisoformat(text)
    except ValueError:
        raise Wrong(key, text) from None

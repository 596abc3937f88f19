"""Say who answers in the simulated hospital, and read what it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from engine.simulator.book import Book
from engine.simulator.orders import Refusal
from engine.simulator.referring import ReferralBook
from engine.simulator.shelf import Shelf

Values = Mapping[str, Any]
T = TypeVar("T")

ALL = "-1"
"""What stands for every department, doctor or half day."""


@dataclass(frozen=True, slots=True)
class Site:
    """The hospital that answers: its HOS_ID, its name, its book, the reports made on command, and what it was told of referrals."""

    hospital: str
    name: str
    book: Book
    shelf: Shelf = field(default_factory=Shelf)
    referrals: ReferralBook = field(default_factory=ReferralBook)

    def moment(self) -> str:
        """Write the moment as the Jilin text does."""
        return self.book.clock().strftime("%Y-%m-%d %H:%M:%S")


def day_of(text: str) -> date:
    """Read a day, with or without a time behind it; raises Refusal 1."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise Refusal("1", f"日期格式不正确：{text}") from None


def paged(found: list[T], asked: Values) -> list[T]:
    """Cut out the page that is asked for; pages count from 1."""
    size = max(int(asked.get("PAGE_SIZE") or 100), 1)
    start = (max(int(asked.get("PAGE_CURRENT") or 1), 1) - 1) * size
    return found[start : start + size]

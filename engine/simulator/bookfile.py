"""Keep the simulated hospital's book in a file from one run to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from engine.simulator.book import Book, now
from engine.simulator.clinic import Plan, lay_out
from engine.simulator.orders import Lock, Order, Trade


def open_book(plan: Plan, path: Path | None) -> Book:
    """Open the book of a hospital: a new one, or the one that was kept, with its past days and the days to come."""
    today = now().date()
    if path is None or not path.exists():
        return Book(lay_out(plan, today))
    kept = json.loads(path.read_text(encoding="utf-8"))
    first = date.fromisoformat(kept["first"])
    book = Book(lay_out(replace(plan, days=plan.days + max((today - first).days, 0)), first))
    _restore(book, kept)
    return book


def keep_book(book: Book, path: Path) -> None:
    """Write the book; nobody may be changing it."""
    kept = {
        "first": min(place.day for place in book.places.values()).isoformat(),
        "orders": [asdict(one) for one in book.orders.values()],
        "trades": [{**asdict(one), "at": one.at.isoformat()} for one in book.trades],
        "locks": [{**asdict(one), "until": one.until.isoformat()} for one in book.locks.values()],
        "taken": {name: number for name, number in book.taken.items() if number},
        "stopped": sorted(book.stopped),
        "patients": book.patients,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


def _restore(book: Book, kept: Mapping[str, Any]) -> None:
    for row in kept["orders"]:
        book.orders[row["id"]] = Order(**row)
    book.trades += [Trade(**{**row, "at": datetime.fromisoformat(row["at"])}) for row in kept["trades"]]
    for row in kept["locks"]:
        book.locks[row["id"]] = Lock(**{**row, "until": datetime.fromisoformat(row["until"])})
    book.taken.update(kept["taken"])
    book.stopped.update(kept["stopped"])
    for card, number in kept["patients"].items():
        book.remember(card, number)

"""Browse stored messages page by page, both ways, each page within a bounded look through one index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql import visitors

from engine.store import rows
from engine.store.entries import Facts
from engine.store.sealing import Seal
from engine.store.search import MARKS, Asked, conditions
from engine.store.tables import message

SCANNED = 5000
"""Messages of one index that a page looks through; rare combinations go on from there by the next page."""

Place = tuple[datetime, int]

_USUAL = {"state": "ROUTED", "status": "accepted", "code": "0"}
"""What most messages have, for which there is no index."""

_DRIVERS = ("receipt", "document_id", "resident_key", "code", "state", "status", "institution", "document_type")
"""What a search goes by, the rarest first: each has an index of its own in the order of the pages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One page, newest first; `older` and `newer` are the places from which the neighbours go on, None where there is none.

    `cut` tells that the look ended at its bound before the page was full: the rest lies beyond.
    """

    rows: tuple[Facts, ...]
    older: Place | None = None
    newer: Place | None = None
    cut: bool = False


def browse(connection: Connection, seal: Seal, asked: Asked, *, scanned: int = SCANNED) -> Leaf:
    """Give the page after `asked.after` or before `asked.before`, `asked.limit` messages at most."""
    upwards = asked.before is not None
    inner = _ordered(sa.select(*rows.FACTS).where(*conditions(_driving(asked), seal)), upwards=upwards)
    rest = _rest(asked, seal)
    wanted = _filtered(inner.add_columns(message.c.resident_lookup).limit(scanned), rest, upwards=upwards) if rest else inner
    found = [rows.facts(row, seal) for row in connection.execute(wanted.limit(asked.limit + 1))]
    shown = found[: asked.limit]
    beyond = shown[-1].place if len(found) > asked.limit else None
    end = _end(connection, seal, asked, upwards=upwards, scanned=scanned) if rest and beyond is None else None
    onward, cut = beyond or end, end is not None
    if upwards:
        shown.reverse()
        return Leaf(rows=tuple(shown), older=shown[-1].place if shown else None, newer=onward, cut=cut)
    return Leaf(rows=tuple(shown), older=onward, newer=shown[0].place if shown and asked.after else None, cut=cut)


def _driver(asked: Asked) -> str:
    for name in _DRIVERS:
        value = getattr(asked, name)
        if value and value != _USUAL.get(name):
            return name
    return ""


def _driving(asked: Asked) -> Asked:
    """Keep of a search what its index finds: what it goes by, the time and the place."""
    name = _driver(asked)
    kept: Any = Asked(since=asked.since, until=asked.until, after=asked.after, before=asked.before, limit=asked.limit)
    found: Asked = replace(kept, **{name: getattr(asked, name)}) if name else kept
    return found


def _rest(asked: Asked, seal: Seal) -> list[sa.ColumnElement[bool]]:
    name = _driver(asked)
    others = replace(asked, since=None, until=None, after=None, before=None)
    if name:
        others = replace(others, **cast("dict[str, Any]", {name: ""}))
    return conditions(others, seal)


def _ordered(statement: sa.Select[Any], *, upwards: bool) -> sa.Select[Any]:
    places = (message.c.received, message.c.seq)
    return statement.order_by(*(place.asc() if upwards else place.desc() for place in places))


def _filtered(inner: sa.Select[Any], rest: list[sa.ColumnElement[bool]], *, upwards: bool) -> sa.Select[Any]:
    looked = inner.subquery("looked")
    adapted = [_adapted(condition, looked) for condition in rest]
    order = (looked.c.received, looked.c.seq)
    columns = [looked.c[column.name] for column in rows.FACTS]
    return sa.select(*columns).where(*adapted).order_by(*(one.asc() if upwards else one.desc() for one in order))


def _adapted(condition: Any, looked: sa.Subquery) -> Any:
    if isinstance(condition, sa.TextClause):
        return condition
    return visitors.replacement_traverse(
        condition, {}, lambda element, **_: looked.c[element.name] if isinstance(element, sa.Column) else None
    )


def _end(connection: Connection, seal: Seal, asked: Asked, *, upwards: bool, scanned: int) -> Place | None:
    """Find where a look ended at its bound; None when it came to the end of everything."""
    places = sa.select(message.c.received, message.c.seq).where(*conditions(_driving(asked), seal))
    row = connection.execute(_ordered(places, upwards=upwards).offset(scanned - 1).limit(1)).one_or_none()
    return None if row is None else (row.received, row.seq)


__all__ = ["MARKS", "Asked", "Leaf", "Place", "browse"]

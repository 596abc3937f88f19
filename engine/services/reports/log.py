"""Keep every status that is told of a report, and say by the hospital's own time which of them is so now."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from engine.log import get_logger
from engine.services.reports.held import Held, Naming
from engine.services.reports.holding import Holding
from engine.services.reports.model import UNMAPPED, WITHDRAWN, ReportEvent, StatusEntry
from engine.services.reports.tables import report_event
from engine.store.database import insert_into
from engine.store.sealing import Seal

Moved = Callable[[Connection, Held, datetime], None]
"""Hear that a report has another status or another content now, within the transaction that changed it."""

_AHEAD = timedelta(minutes=5)
"""How far a hospital's clock may be ahead; a time beyond that is taken as the moment at which it came, else it would stand for ever."""

_LOG = get_logger("reports")
_SAID = ("their_code", "their_name", "operator", "department", "reason")


class StatusLog:
    """The status log of all reports; `moved` hears of every change of what is so now."""

    def __init__(self, seal: Seal, holding: Holding, moved: Moved) -> None:
        self._seal = seal
        self._holding = holding
        self._moved = moved

    def tell(self, connection: Connection, event: ReportEvent, noted: datetime) -> tuple[str, bool]:
        """Keep an event; gives our number of its report, and whether it was new.

        A late event is kept and moves nothing. Raises Collision when the transaction is to be run again.
        """
        event = event if event.at <= noted + _AHEAD else replace(event, at=noted)
        naming = Naming(
            institution=event.institution, kind=event.kind, keys=event.keys, person=event.person, at=event.at, noted=noted,
            receipt=event.receipt, every=event.status == WITHDRAWN,
        )  # fmt: skip
        held = self._holding.hold(connection, naming)
        fresh = [self.note(connection, one, event, noted) for one in held]
        for one in held:
            self._holding.keep(connection, one, noted)
        if event.status == UNMAPPED:
            _LOG.warning("status unmapped", institution=event.institution, source=event.source, receipt=event.receipt)
        return held[0].report, any(fresh)

    def note(self, connection: Connection, one: Held, event: ReportEvent, noted: datetime) -> bool:
        """Keep an event of a held report, which the caller writes back; tells whether it is new."""
        before = (one.status_at, one.status) if one.status_at else None
        late = event.status != UNMAPPED and before is not None and (event.at, event.status) < before
        digest = self._digest(event)
        said = json.dumps([getattr(event, name) for name in _SAID], ensure_ascii=False)
        row = {
            "report": one.report, "digest": digest, "status": event.status, "at": event.at, "noted": noted, "source": event.source,
            "receipt": event.receipt, "late": late,
            "said": self._seal.seal_text(said, table="report_event", column="said", row=digest),
        }  # fmt: skip
        once = insert_into(connection.dialect.name, report_event).values(row).on_conflict_do_nothing()
        fresh = connection.execute(once.returning(report_event.c.digest)).first() is not None
        if fresh and event.status != UNMAPPED and not late and (event.at, event.status) != before:
            changed = one.status != event.status
            one.status, one.status_at = event.status, event.at
            if changed:
                self._moved(connection, one, noted)
        return fresh

    def history(self, connection: Connection, number: str) -> tuple[StatusEntry, ...]:
        """List the events of a report by the hospital's time."""
        by_time = (report_event.c.at, report_event.c.status, report_event.c.noted, report_event.c.digest)
        rows = connection.execute(select(report_event).where(report_event.c.report == number).order_by(*by_time))
        return tuple(self._entry(row) for row in rows)

    def _entry(self, row: Any) -> StatusEntry:
        said = json.loads(self._seal.open_text(row.said, table="report_event", column="said", row=row.digest))
        return StatusEntry(
            status=row.status, at=row.at, noted=row.noted, source=row.source, receipt=row.receipt, late=row.late,
            **dict(zip(_SAID, said, strict=True)),
        )  # fmt: skip

    def _digest(self, event: ReportEvent) -> str:
        told = [event.institution, event.source, event.at.isoformat(), event.status, *(getattr(event, name) for name in _SAID)]
        return self._seal.lookup(json.dumps(told, ensure_ascii=False))

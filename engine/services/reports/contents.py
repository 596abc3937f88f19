"""Keep the contents of reports: the latest is shown, the same by another way is the same, the older ones are history."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from engine.report import DrugResult, ReportArrival, ReportContent, ReportItem, ReportKind, Susceptibility
from engine.services.reports.held import Held, Naming
from engine.services.reports.holding import Holding
from engine.services.reports.log import StatusLog
from engine.services.reports.model import AMENDED, RELEASED, WITHDRAWN, ReportEvent
from engine.services.reports.tables import report, report_event, report_version
from engine.store.columns import AnyRow
from engine.store.sealing import Seal

ASKED = frozenset({"8001", "8002", "8003", "8004"})
"""Sources that we asked; a content that a hospital sent by itself says more, and stands before one of the same time that we fetched."""

REVOKED = "revoke"
"""The source of a withdrawal that came as the revocation of a document."""

_NEXT = timedelta(microseconds=1)
_TIMES = ("reported", "reviewed")


class Contents:
    """The contents of all reports."""

    def __init__(self, seal: Seal, holding: Holding, log: StatusLog) -> None:
        self._seal = seal
        self._holding = holding
        self._log = log

    def keep(self, connection: Connection, arrival: ReportArrival, noted: datetime) -> str:
        """Keep a content with the status that it brings: released the first time, amended when a later one says something else."""
        arrival = replace(arrival, at=min(arrival.at, noted))
        naming = Naming(
            institution=arrival.institution, kind=arrival.kind, keys=arrival.keys, person=arrival.person, at=arrival.at, noted=noted,
            receipt=arrival.receipt,
        )  # fmt: skip
        (one,) = self._holding.hold(connection, naming)
        self._take(connection, one, arrival, noted)
        self._holding.keep(connection, one, noted)
        return one.report

    def _take(self, connection: Connection, one: Held, arrival: ReportArrival, noted: datetime) -> None:
        rows = self._rows(connection, one.report)
        plain = content_text(arrival.content)
        digest, essence = (
            self._seal.lookup(f"{one.institution} {text}") for text in (plain, essence_text(arrival.kind, arrival.content))
        )
        given = {
            "source": arrival.source, "receipt": arrival.receipt, "digest": digest, "essence": essence,
            "content": self._seal.seal_text(plain, table="report_version", column="content", row=digest),
        }  # fmt: skip
        present = next((row for row in rows if row.version == one.version), None)
        known = next((row for row in rows if row.digest == digest and not row.gone), None)
        if known is None and present is not None and _is_same(present, essence, arrival.source):
            known = present
        if known is not None:
            self._again(connection, one, known, arrival, given, noted)
            return
        number = max((row.version for row in rows), default=0) + 1
        row = {"report": one.report, "version": number, "at": arrival.at, "noted": noted, "gone": False, **given}
        connection.execute(insert(report_version), row)
        if present is not None and not _supersedes(present, arrival):
            if arrival.at < present.at:
                # What is shown turns out to be the later one: it amended this.
                self._status(connection, one, arrival, RELEASED, noted)
                shown = replace(arrival, at=present.at, source=present.source, receipt=present.receipt)
                self._status(connection, one, shown, AMENDED, noted)
            return
        one.version, one.placed = number, arrival.content.reported or arrival.at
        if present is not None and present.gone and self._is_revoked(connection, one):
            # The hospital sent it again after it had revoked what stood here; that moment is ours, not its own.
            arrival = replace(arrival, at=max(noted, (one.status_at or noted) + _NEXT))
        self._status(connection, one, arrival, AMENDED if present is not None else RELEASED, noted)

    def _is_revoked(self, connection: Connection, one: Held) -> bool:
        """Tell whether it is the revocation of a document by which a report is withdrawn now."""
        now = (report_event.c.report == one.report, report_event.c.at == one.status_at, report_event.c.source == REVOKED)
        return connection.execute(select(report_event.c.status).where(*now).limit(1)).scalar() == one.status

    def _again(
        self, connection: Connection, one: Held, same: AnyRow, arrival: ReportArrival, given: Mapping[str, Any], noted: datetime
    ) -> None:  # fmt: skip
        """Note that a content came again: of when it is at the latest, the receipt by which its document may be revoked now.

        What a hospital sent takes the place of the same that we fetched: it says more. That it came by another way too is told in the
        history, where it moves nothing.
        """
        sent, was_sent = arrival.source not in ASKED, same.source not in ASKED
        values: dict[str, Any] = {"at": max(arrival.at, same.at)}
        if sent and not was_sent:
            values |= given
        elif sent and arrival.receipt:
            values |= {"receipt": arrival.receipt}
        self._set(connection, one.report, same.version, **values)
        if sent != was_sent and not same.gone:
            once = replace(arrival, at=min(arrival.at, same.at, one.status_at or same.at))
            amended = one.status == AMENDED and one.version == same.version
            self._status(connection, one, once, AMENDED if amended else RELEASED, noted)

    def _status(self, connection: Connection, one: Held, arrival: ReportArrival, status: int, noted: datetime) -> None:
        content = arrival.content
        event = ReportEvent(
            institution=one.institution, keys=arrival.keys, kind=one.kind, status=status, at=arrival.at, source=arrival.source,
            receipt=arrival.receipt, operator=content.reviewer or content.doctor, department=content.department,
        )  # fmt: skip
        self._log.note(connection, one, event, noted)

    def withdraw(self, connection: Connection, receipts: Sequence[str], noted: datetime) -> None:
        """Take back the contents that came with these receipts; a report is withdrawn when no later document has taken its place."""
        listed = [receipt for receipt in receipts if receipt]
        chosen = report_version.c.receipt.in_(listed) & ~report_version.c.gone
        numbers = connection.execute(select(report_version.c.report).where(chosen).distinct()).scalars().all() if listed else ()
        rows = connection.execute(
            select(report).where(report.c.report.in_(numbers), report.c.joined == "").order_by(report.c.report).with_for_update()
        ).all()
        for row in rows:
            self._take_back(connection, self._holding.read(row), listed, noted)

    def _take_back(self, connection: Connection, one: Held, receipts: Sequence[str], noted: datetime) -> None:
        rows = self._rows(connection, one.report)
        gone = [row for row in rows if row.receipt in receipts and not row.gone]
        for row in gone:
            self._set(connection, one.report, row.version, gone=True)
        later = [
            row for row in rows if row not in gone and not row.gone and row.receipt and row.version > max(r.version for r in gone)
        ]
        if later:
            newest = later[-1]
            if one.version in [row.version for row in gone]:
                one.version, one.placed = newest.version, newest.at
        else:
            event = ReportEvent(
                institution=one.institution, keys={}, kind=one.kind, status=WITHDRAWN, at=max(noted, one.status_at or noted),
                source=REVOKED, receipt=gone[0].receipt,
            )  # fmt: skip
            self._log.note(connection, one, event, noted)
        self._holding.keep(connection, one, noted)

    def content(self, connection: Connection, number: str, version: int) -> ReportContent:
        """Give one content of a report; an empty one for version 0."""
        return self.contents(connection, {number: version}).get(number, ReportContent())

    def contents(self, connection: Connection, chosen: Mapping[str, int]) -> Mapping[str, ReportContent]:
        """Give the contents of many reports by their number, each in the version named; those of version 0 are left out."""
        mine = report_version.c.report.in_([number for number, version in chosen.items() if version])
        columns = (report_version.c.report, report_version.c.version, report_version.c.digest, report_version.c.content)
        return {
            row.report: read_content(self._seal.open_text(row.content, table="report_version", column="content", row=row.digest))
            for row in connection.execute(select(*columns).where(mine))
            if chosen[row.report] == row.version
        }

    def latest_fetched(self, connection: Connection, number: str) -> datetime | None:
        """Tell of when the latest content is that the hospital has given of a report; None while there is none."""
        return max((row.at for row in self._rows(connection, number) if not row.gone), default=None)

    def _rows(self, connection: Connection, number: str) -> list[AnyRow]:
        columns = [column for column in report_version.columns if column.name != "content"]
        mine = select(*columns).where(report_version.c.report == number).order_by(report_version.c.version)
        return list(connection.execute(mine).all())

    def _set(self, connection: Connection, number: str, version: int, **values: Any) -> None:
        one = (report_version.c.report == number, report_version.c.version == version)
        connection.execute(update(report_version).where(*one).values(values))


def _is_same(present: AnyRow, essence: str, source: str) -> bool:
    """Tell whether another way brought what is shown already."""
    return bool(present.essence == essence) and (present.source in ASKED) != (source in ASKED)


def _supersedes(present: AnyRow, arrival: ReportArrival) -> bool:
    if present.gone or arrival.at > present.at:
        return True
    return bool(arrival.at == present.at) and (arrival.source not in ASKED or present.source in ASKED)


def content_text(content: ReportContent) -> str:
    """Write a content as it is sealed."""
    return json.dumps(asdict(content), ensure_ascii=False, separators=(",", ":"), default=_moment)


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


def essence_text(kind: ReportKind, content: ReportContent) -> str:
    """Write what a content says of the patient, whichever way it came.

    Of laboratory work with results these alone (8002 and 8003 have no place for a conclusion), of an examination with findings or a
    conclusion these alone (8004 has none for figures); else all.
    """
    results = sorted((_plain(one.name), _plain(one.value)) for one in content.items)
    drugs = sorted(
        (_plain(one.organism), _plain(drug.name), _plain(drug.mic), _plain(drug.sensitivity))
        for one in content.susceptibility
        for drug in one.drugs
    )
    words = [_plain(content.findings), _plain(content.conclusion)]
    if kind in ("laboratory", "susceptibility") and (results or drugs):
        words = []
    elif kind in ("examination", "pathology") and any(words):
        results, drugs = [], []
    return json.dumps([results, drugs, *words], ensure_ascii=False)


def _plain(text: str) -> str:
    return "".join(text.split())


def read_content(plain: str) -> ReportContent:
    """Read what `content_text` wrote."""
    said = json.loads(plain)
    times = {name: datetime.fromisoformat(said[name]) if said[name] else None for name in _TIMES}
    found = tuple(
        Susceptibility(organism=one["organism"], drugs=tuple(DrugResult(**drug) for drug in one["drugs"]))
        for one in said["susceptibility"]
    )
    return ReportContent(**said | times | {"items": tuple(ReportItem(**one) for one in said["items"]), "susceptibility": found})

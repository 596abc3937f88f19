"""Find the report that a message speaks of, or open one, and join reports that turn out to be one; hold it until the transaction ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, text, update

from engine.message import Record, new_receipt
from engine.report import KeyKind, ReportKind, ReportPerson
from engine.services.identifying import keys_of
from engine.services.linking import link
from engine.services.reports.held import Held, Naming, age, fuller, narrower, now_of
from engine.services.reports.model import UNMAPPED
from engine.services.reports.tables import report, report_event, report_key, report_version
from engine.store.columns import AnyRow
from engine.store.database import insert_into
from engine.store.sealing import Seal
from engine.store.troubles import Collision

_ROUNDS = 3
_STRENGTH: Sequence[KeyKind] = ("report", "document", "form", "specimen")
"""The kinds of keys, the one that tells reports apart best first."""


class Holding:
    """The reports of a store, as those who write of them find them."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def hold(self, connection: Connection, naming: Naming) -> Sequence[Held]:
        """Give the report that is meant; raises Collision when others keep joining it meanwhile, ValueError when nothing names it.

        Keys that lead to several reports join them, the oldest stays. Reports with two different report numbers are never joined: then
        the message's own number says which is meant, else its strongest key, and of those that share that key the oldest.
        """
        named = {self.lookup(naming.institution, kind, value): (kind, value) for kind, value in naming.keys.items() if value}
        if not named:
            raise ValueError("a report needs a key")
        found = self._found(connection, sorted(named))
        number = next((lookup for lookup, (kind, _) in named.items() if kind == "report"), "")
        meant = self._meant(connection, found, named, number, every=naming.every)
        held = meant or [self._open(connection, naming)]
        for one in held:
            self._learn(connection, one, naming, named, number)
        return held

    def lookup(self, institution: str, kind: KeyKind, value: str) -> str:
        """Make the search key of what an institution calls a report by."""
        return self._seal.lookup(f"{institution} {kind} {value.strip()}")

    def numbered(self, connection: Connection, institution: str, number: str) -> str:
        """Give our number of an institution's report number, "" when it is not known."""
        mine = select(report.c.report).where(report.c.number == self.lookup(institution, "report", number), report.c.joined == "")
        keyed = report.c.report.in_(
            select(report_key.c.report).where(report_key.c.lookup == self.lookup(institution, "report", number))
        )
        return connection.execute(mine.where(keyed)).scalar() or ""

    def kind_of(self, connection: Connection, institution: str, kind: KeyKind, value: str) -> ReportKind | None:
        """Give the kind of the report that a key leads to, of several the oldest's; None when there is none."""
        keyed = report.c.report.in_(
            select(report_key.c.report).where(report_key.c.lookup == self.lookup(institution, kind, value))
        )
        found = connection.execute(select(report.c.kind).where(keyed).order_by(report.c.opened).limit(1)).scalar()
        return cast("ReportKind | None", found)

    def keep(self, connection: Connection, one: Held, at: datetime) -> None:
        """Write a held report back."""
        changed = {
            "kind": one.kind, "number": one.number, "status": one.status, "status_at": one.status_at, "version": one.version,
            "resident": one.resident, "claimed": one.claimed, "placed": one.placed, "changed": at,
            "person": self._sealed(one.report, one.person),
        }  # fmt: skip
        connection.execute(update(report).where(report.c.report == one.report).values(changed))

    def read(self, row: AnyRow) -> Held:
        """Read the row of a report."""
        return Held(
            report=row.report, institution=row.institution, kind=row.kind, number=row.number, status=row.status, status_at=row.status_at,
            version=row.version, resident=row.resident, claimed=row.claimed, placed=row.placed, opened=row.opened,
            person=self._person(row.report, row.person),
        )  # fmt: skip

    def _found(self, connection: Connection, lookups: Sequence[str]) -> list[Held]:
        if connection.dialect.name == "postgresql":
            # Who speaks of the same report waits here, so that no two transactions open it.
            connection.execute(_WAIT, {"keys": [int(lookup[:15], 16) for lookup in lookups]})
        for _ in range(_ROUNDS):
            rows = connection.execute(_KEYED, {"lookups": lookups}).all()
            if not any(row.joined for row in rows):
                found: dict[str, Held] = {}
                for row in rows:
                    if row.report not in found:
                        found[row.report] = self.read(row)
                    found[row.report].known.add(row.lookup)
                return list(found.values())
        raise Collision("reports were joined meanwhile", retry_after=1)

    def _meant(
        self, connection: Connection, found: Sequence[Held], named: Mapping[str, tuple[KeyKind, str]], number: str, *, every: bool
    ) -> list[Held]:
        if number:
            found = [one for one in found if one.number in ("", number)]
        elif len({one.number for one in found if one.number}) > 1:
            found = self._nearest(connection, found, named)
            if every:
                return list(found)
            found = sorted(found, key=age)[:1]
        if not found:
            return []
        first, *others = sorted(found, key=age)
        for other in others:
            self._join(connection, first, other)
        return [first]

    def _nearest(self, connection: Connection, found: Sequence[Held], named: Mapping[str, tuple[KeyKind, str]]) -> Sequence[Held]:
        """Choose, of reports that are told apart by their numbers, those that the strongest key leads to."""
        rows = connection.execute(select(report_key.c.report, report_key.c.kind).where(report_key.c.lookup.in_(list(named))))
        led: dict[str, set[str]] = {}
        for number, kind in rows:
            led.setdefault(kind, set()).add(number)
        strongest = next(led[kind] for kind in _STRENGTH if kind in led)
        return [one for one in found if one.report in strongest]

    def _join(self, connection: Connection, one: Held, other: Held) -> None:
        """Let everything of another report become this one's; the other row stays as a sign to it."""
        _move(connection, report_key, report_key.c.lookup, one.report, other.report)
        _move(connection, report_event, report_event.c.digest, one.report, other.report)
        highest = select(func.coalesce(func.max(report_version.c.version), 0)).where(report_version.c.report == one.report)
        above = int(connection.execute(highest).scalar_one())
        moved = update(report_version).where(report_version.c.report == other.report)
        connection.execute(moved.values(report=one.report, version=report_version.c.version + above))
        if other.version and (not one.version or other.placed > one.placed):
            one.version, one.placed = other.version + above, other.placed
        if now_of(other) > now_of(one):
            one.status, one.status_at = other.status, other.status_at
        one.number, one.kind = one.number or other.number, narrower(one.kind, other.kind)
        if not one.resident:
            one.resident, one.claimed = other.resident, other.claimed
        one.person = fuller(one.person, other.person)
        connection.execute(
            update(report).where(report.c.report == other.report).values(joined=one.report, resident="", number="")
        )
        connection.execute(update(report).where(report.c.joined == other.report).values(joined=one.report))

    def _open(self, connection: Connection, naming: Naming) -> Held:
        one = Held(
            report=new_receipt(naming.noted), institution=naming.institution, kind=naming.kind, number="", status=UNMAPPED,
            status_at=None, version=0, resident="", claimed="", placed=naming.at, opened=naming.noted, person=ReportPerson(),
        )  # fmt: skip
        row = {name: getattr(one, name) for name in one.__slots__ if name != "known"} | {"joined": "", "changed": naming.noted}
        connection.execute(insert(report), row | {"person": self._sealed(one.report, one.person)})
        return one

    def _learn(
        self, connection: Connection, one: Held, naming: Naming, named: Mapping[str, tuple[KeyKind, str]], number: str
    ) -> None:
        """Take up the keys of a message, and whose the report is."""
        rows = [
            {"lookup": lookup, "report": one.report, "kind": kind, "value": self._key_value(lookup, value)}
            for lookup, (kind, value) in sorted(named.items())
            if lookup not in one.known
        ]
        if rows:
            connection.execute(insert_into(connection.dialect.name, report_key).on_conflict_do_nothing(), rows)
        one.number, one.kind = one.number or number, narrower(one.kind, naming.kind)
        if naming.person != ReportPerson() and (not one.resident or (naming.person.identity and not one.person.identity)):
            self._tie(connection, one, naming)
        one.person = fuller(one.person, naming.person)

    def _tie(self, connection: Connection, one: Held, naming: Naming) -> None:
        """Link a report to its resident by the keys by which documents find theirs; to nobody when nothing identifies one."""
        whose = naming.person
        record = Record(
            message=naming.receipt or one.report, institution=one.institution, document_type="report", written=naming.at,
            resident_id=whose.identity, resident_name=whose.name, gender=whose.gender, birth_date=whose.birth,
            health_card=whose.card, local_numbers=whose.numbers,
        )  # fmt: skip
        if any(key.kind != "document" for key in keys_of(record)):
            linked = link(connection, self._seal, [record], naming.noted)[record.message]
            one.resident, one.claimed = linked.resident, linked.claimed

    def _key_value(self, lookup: str, value: str) -> bytes:
        return self._seal.seal_text(value, table="report_key", column="value", row=lookup)

    def keys_of(self, connection: Connection, one: str) -> Mapping[KeyKind, str]:
        """Give what a report is called by; of several of one kind any."""
        rows = connection.execute(select(report_key).where(report_key.c.report == one).order_by(report_key.c.lookup))
        return {
            cast("KeyKind", row.kind): self._seal.open_text(row.value, table="report_key", column="value", row=row.lookup)
            for row in rows
        }

    def _sealed(self, number: str, person: ReportPerson) -> bytes:
        plain = json.dumps(asdict(person), ensure_ascii=False, separators=(",", ":"))
        return self._seal.seal_text(plain, table="report", column="person", row=number)

    def _person(self, number: str, sealed: bytes) -> ReportPerson:
        said = json.loads(self._seal.open_text(sealed, table="report", column="person", row=number))
        return ReportPerson(**said | {"numbers": tuple(said["numbers"])})


def _move(connection: Connection, table: Any, own: ColumnElement[Any], one: str, other: str) -> None:
    """Give rows of another report to this one, those that it has already excepted."""
    kept = select(own).where(table.c.report == one)
    connection.execute(delete(table).where(table.c.report == other, own.in_(kept)))
    connection.execute(update(table).where(table.c.report == other).values(report=one))


_KEYED = (
    select(report, report_key.c.lookup)
    .join(report_key, report_key.c.report == report.c.report)
    .where(report_key.c.lookup.in_(bindparam("lookups", expanding=True)))
    .order_by(report.c.report)
    .with_for_update(of=report)
)
_WAIT = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")

"""Hear what registers and pushes say of reports, and tell it to the status log in their transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import Connection, select

from engine.hospital import Values
from engine.interaction import Interaction
from engine.report import KeyKind, ReportKind, ReportPerson
from engine.services.registers.asked import moment, said
from engine.services.registers.persons import NUMBERS
from engine.services.registers.tables import entry
from engine.services.reports.desk import Reports
from engine.services.reports.model import APPLIED, RELEASED, ReportEvent
from engine.services.reports.statuses import Statuses
from engine.store.sealing import Seal

STATUS_REGISTERS: Mapping[str, ReportKind | None] = MappingProxyType(
    {"laboratory-status": "laboratory", "examination-status": "examination", "order-status": None}
)
"""The registers whose events are statuses of reports; an order's is one where its form was requested or is known as a report's."""

REQUEST_REGISTERS: Mapping[str, ReportKind] = MappingProxyType(
    {"laboratory-requests": "laboratory", "examination-requests": "examination", "pathology-requests": "pathology"}
)
"""The registers by whose entries a report is applied for."""

PUSHED: Mapping[str, ReportKind] = MappingProxyType({"3": "laboratory", "4": "susceptibility", "5": "examination"})
"""PUSH_TYPE of 7001 of the pushes that say that a report is ready."""


class Hearing:
    """What is said of reports by messages that are for something else too."""

    def __init__(self, reports: Reports, statuses: Statuses, seal: Seal) -> None:
        self._reports = reports
        self._statuses = statuses
        self._seal = seal

    def exchange(self, statuses: Statuses) -> None:
        """Translate by other tables from the next word on."""
        self._statuses = statuses

    def filed(self, connection: Connection, asked: Interaction, values: Values) -> None:
        """Hear of a fresh entry of a register; of those that have nothing to do with reports nothing is kept."""
        if asked.register in REQUEST_REGISTERS and asked.act == "add":
            kind: ReportKind | None = REQUEST_REGISTERS[asked.register]
            status, form = APPLIED, said(values, "number")
        elif asked.register in STATUS_REGISTERS:
            form = said(values, "form") or ("" if asked.register == "order-status" else said(values, "number"))
            kind = STATUS_REGISTERS[asked.register] or self._requested(connection, asked.institution, form)
            status = self._statuses.of(asked.institution, asked.action, said(values, "status"), said(values, "statusName"))
        else:
            return
        keys: dict[KeyKind, str] = {"form": form, "specimen": said(values, "specimen")}
        if kind is not None and any(keys.values()):
            self._reports.tell(connection, ReportEvent(
                institution=asked.institution, keys={name: value for name, value in keys.items() if value}, kind=kind, status=status,
                at=moment(said(values, "at"), "时间") if said(values, "at") else asked.received, source=asked.action,
                receipt=asked.receipt, their_code=said(values, "status"), their_name=said(values, "statusName"),
                operator=said(values, "authorName") or said(values, "author"), department=said(values, "department"),
                reason=said(values, "reason"), person=_person(values),
            ))  # fmt: skip

    def pushed(
        self, connection: Connection, institution: str, item: Values, person: ReportPerson, at: datetime, trace: str
    ) -> bool:
        """Hear of one item of 7001; tells whether it says that a report is ready, and which."""
        kind, number = PUSHED.get(str(item.get("PUSH_TYPE", ""))), str(item.get("PUSH_ID", "")).strip()
        if kind is None or not number:
            return False
        self._reports.tell(connection, ReportEvent(
            institution=institution, keys={"report": number}, kind=kind, status=RELEASED, at=at, source="7001", receipt=trace,
            their_name=str(item.get("PUSH_CONTENT", "")), department=str(item.get("DEPT_NAME", "")),
            operator=str(item.get("DOCTOR_NAME", "")), person=person,
        ))  # fmt: skip
        return True

    def _requested(self, connection: Connection, institution: str, form: str) -> ReportKind | None:
        """Tell what kind of report a form is for, None when nobody requested one by it."""
        if not form:
            return None
        same = (
            entry.c.owner == institution,
            entry.c.register.in_(sorted(REQUEST_REGISTERS)),
            entry.c.key == self._seal.lookup(form),
        )
        register = connection.execute(select(entry.c.register).where(*same).limit(1)).scalar()
        return REQUEST_REGISTERS[register] if register else self._reports.kind_of_form(connection, institution, form)


def _person(values: Values) -> ReportPerson:
    birth = said(values, "birth")[:8]
    numbers = tuple(f"{kind}^{said(values, name)}" for name, kind in NUMBERS.items() if said(values, name))
    return ReportPerson(
        identity=said(values, "identity"), name=" ".join(said(values, "name").split()), gender=said(values, "gender"),
        birth=birth if birth.isdecimal() else "", card=said(values, "healthCard"), numbers=numbers,
    )  # fmt: skip

"""Hold what every operation on appointments needs, and ask hospitals outside any transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from engine.errors import DestinationError, Rejected, Unavailable
from engine.hospital import Ask, HospitalReply, Values
from engine.report import ReportPerson
from engine.services.appointments.answers import Meaning, meaning
from engine.services.appointments.model import Steps, Terms, TermsOf
from engine.services.appointments.orders import Order, Orders
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import BookingRules
from engine.store.database import Database
from engine.store.sealing import Seal

_MARGIN = 5.0
"""Seconds beyond a hospital's deadline after which somebody else may see to an order whose answer has not been written down."""

_USUAL_DEADLINE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one question: the hospital's reply and its meaning, or why there is none.

    `reply` is None when no answer came; `arrived` then says whether the question may have reached the hospital.
    """

    reply: HospitalReply | None
    meaning: Meaning | None
    arrived: bool = True
    text: str = ""


ReportNews = Callable[[Connection, str, Values, ReportPerson, datetime, str], bool]
"""Hear of one pushed item (7001) in the caller's transaction: institution, item, whose it is, when, trace; tells whether it is of a report."""


def no_reports(
    _connection: Connection, _institution: str, _item: Values, _whose: ReportPerson, _at: datetime, _trace: str
) -> bool:
    """Hear of nothing."""
    return False


def utc_now() -> datetime:
    """Give the time."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Counter:
    """The counter at which orders are taken: store, seal, hospitals with their terms, rules, the clock."""

    database: Database
    seal: Seal
    ask: Ask
    terms_of: TermsOf
    rules: BookingRules
    steps: Steps = lambda _step: None
    now: Callable[[], datetime] = utc_now
    reports: ReportNews = no_reports
    orders: Orders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "orders", Orders(self.seal, self._grace))

    def _grace(self, institution: str) -> float:
        terms = self.terms_of(institution)
        return (terms.deadline if terms else _USUAL_DEADLINE) + _MARGIN

    def terms(self, institution: str) -> Terms:
        """Give the terms of a hospital; one that is not connected is refused (SND-701)."""
        terms = self.terms_of(institution)
        if terms is None:
            raise refuse("SND-701")
        return terms

    def offers(self, institution: str, function: str) -> bool:
        """Tell whether a hospital offers a function."""
        terms = self.terms_of(institution)
        return terms is not None and function in terms.functions

    def need(self, institution: str, function: str) -> None:
        """Refuse what a hospital does not offer (SND-720)."""
        self.terms(institution)
        if not self.offers(institution, function):
            raise refuse("SND-720")

    def rules_of(self, institution: str) -> BookingRules:
        """Give the rules at one hospital."""
        terms = self.terms_of(institution)
        return self.rules.of(terms.rules) if terms else self.rules

    def question(self, institution: str, function: str, values: Mapping[str, Any]) -> HospitalReply:
        """Ask what changes nothing at the hospital; one that cannot be asked or relied on is refused (SND-719)."""
        try:
            return self.ask(institution, function, filled(values))
        except DestinationError as problem:
            raise refuse("SND-719") from problem

    def conduct(self, one: Order, function: str, values: Mapping[str, Any]) -> Outcome:
        """Ask what changes an order at the hospital, at the named steps; never within a transaction."""
        self.steps("before-call")
        try:
            reply = self.ask(one.institution, function, filled(values))
        except (Unavailable, Rejected) as problem:
            outcome = Outcome(reply=None, meaning=None, arrived=bool(getattr(problem, "unknown", True)), text=problem.text)
        else:
            outcome = Outcome(reply=reply, meaning=meaning(function, reply.code), text=reply.message)
        self.steps("after-call-before-commit")
        return outcome


def filled(values: Mapping[str, Any]) -> Values:
    """Leave out the nodes that have no value."""
    return {name: value for name, value in values.items() if value not in ("", None)}

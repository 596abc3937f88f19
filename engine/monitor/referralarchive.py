"""Read from the store what the page of referrals shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args

from engine.errors import SenderError
from engine.monitor.referrals import Happened, ReferralLine, ReferralLines, ReferralSheet, ReferralsSource, Wish
from engine.services.appointments.model import Page
from engine.services.referrals import figures
from engine.services.referrals.desk import Referrals
from engine.services.referrals.model import URGENT, Direction, HistoryEntry, Party, Referral, ReferralQuery, State
from engine.store.database import Database
from engine.store.masking import mask

LISTED = 50
"""Referrals on one page."""


@dataclass(frozen=True)
class ReferralArchive:
    """The referrals as the monitor knows them: masked, and without the case."""

    database: Database
    referrals: Referrals

    def source(self) -> ReferralsSource:
        """Hand the page what it asks."""
        return ReferralsSource(read=self.read, one=self.one)

    def read(self, wish: Wish, now: datetime | None = None) -> ReferralLines:
        """Read one page and the sums; a token that is none begins at the first page."""
        with self.database.read() as connection:
            counts = figures.state_counts(connection)
            overdue, unheard = figures.overdue_count(connection), figures.waiting_notices(connection)
        try:
            found = self.referrals.every(_query(wish, wish.token))
        except SenderError:
            found = self.referrals.every(_query(wish, ""))
        return ReferralLines(
            now=now or datetime.now(UTC), counts=counts, overdue=overdue, unheard=unheard,
            lines=tuple(_line(one, one.patient.name) for one in found.items), token=found.token,
        )  # fmt: skip

    def one(self, number: str) -> ReferralSheet | None:
        """Read one referral with its history; None when there is none of this number."""
        one = self.referrals.whole(number)
        if one is None:
            return None
        booked = one.booking
        visit = " ".join(filter(None, (booked.date, booked.begin))) if booked else ""
        return ReferralSheet(
            line=_line(one, mask(one.patient.name, "name")), reviewer=one.reviewer, order=booked.order if booked else "", visit=visit,
            return_of=one.return_of, returned_by=one.returned_by, shared=len(one.attached) + len(one.share),
            history=tuple(_happened(each) for each in self.referrals.whole_history(number)),
        )  # fmt: skip


def _query(wish: Wish, token: str) -> ReferralQuery:
    states: tuple[State, ...] = tuple(state for state in get_args(State) if state == wish.state)
    ways: tuple[Direction, ...] = tuple(way for way in get_args(Direction) if way == wish.direction)
    return ReferralQuery(states=states, direction=ways[0] if ways else None, page=Page(size=LISTED, token=token))


def _line(one: Referral, patient: str) -> ReferralLine:
    return ReferralLine(
        referral=one.referral, state=one.state, direction=one.direction, kind=one.kind, urgent=one.urgency == URGENT,
        origin=_name(one.origin), receiver=_name(one.to), department=one.to.department_name or one.to.department, patient=patient,
        created=one.created_at, changed=one.changed_at, due=one.due_at, overdue=one.overdue,
        booking=one.booking.state if one.booking else "", pending=one.booking.pending if one.booking else "", notice=one.notice,
        record=one.record,
    )  # fmt: skip


def _name(one: Party) -> str:
    return one.hospital_name or one.hospital


def _happened(one: HistoryEntry) -> Happened:
    return Happened(at=one.at, what=one.what, state=one.state, by=one.by, operator=one.operator, why=one.why)

"""Offer referrals to the doors: every operation of hospitals, reviewers and portals, and what is due about a referral."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from engine.services.appointments.model import Department, Listing, Page, Schedule, Slot
from engine.services.referrals.model import (
    Bed,
    Decision,
    Direction,
    HistoryEntry,
    Mover,
    NoticeDue,
    NoticeState,
    Partner,
    Referral,
    ReferralQuery,
    ReferralWish,
    SharedContent,
    SharedDocument,
    Specialist,
)
from engine.services.reports.model import Reader, ResidentClaim

Handler = Callable[[str], datetime | None]
"""Do an errand by its subject; give when it is next due, None when it is done."""

NOTICE, RECORD = "referral-notice", "referral-record"
"""Errands that others do: tell a hospital of a referral (subject `REFERRAL INSTITUTION`), make its record (subject `REFERRAL`)."""


class Referrals(Protocol):
    """The referrals of a store. Every method waits and has transactions of its own, so run it on a thread.

    Refusals raise SenderError with one Issue (SND-7xx); a store that is away raises TryAgain. No hospital is asked within a transaction.
    """

    def partners(self, mover: Mover, direction: Direction | None, page: Page) -> Listing[Partner]:
        """List to whom an institution may refer, one entry for each direction."""

    def departments(self, hospital: str, page: Page) -> Listing[Department]:
        """List the departments of a hospital."""

    def specialists(self, hospital: str, department: str, page: Page) -> Listing[Specialist]:
        """List the doctors of a hospital, of one department when it is given, with the day of the next free slot."""

    def schedules(self, hospital: str, department: str, doctor: str, first: str, last: str, page: Page) -> Listing[Schedule]:
        """List half days; every choice but the hospital may be ""."""

    def slots(self, hospital: str, schedule: str) -> tuple[Slot, ...]:
        """List the slots of a half day."""

    def report_beds(self, mover: Mover, beds: Sequence[Bed]) -> None:
        """Take the beds of a hospital, instead of all that it reported before."""

    def beds(self, hospital: str) -> tuple[Bed, ...]:
        """List the beds of a hospital as it last reported them."""

    def apply(self, mover: Mover, request_id: str, wish: ReferralWish, slot: str = "") -> Referral:
        """Refer a patient, and book a slot at the receiver when one is given."""

    def review(self, mover: Mover, referral: str, decision: Decision, reason: str = "") -> Referral:
        """Let a referral go to its receiver, or refuse it."""

    def accept(self, mover: Mover, referral: str, department: str = "", doctor: str = "", note: str = "") -> Referral:
        """Accept a patient, to another department or doctor when they are given."""

    def reject(self, mover: Mover, referral: str, reason: str) -> Referral:
        """Reject a patient; the slot is given back."""

    def withdraw(self, mover: Mover, referral: str, reason: str) -> Referral:
        """Withdraw a referral; the slot is given back and the shared record closed."""

    def arrive(self, mover: Mover, referral: str, at: datetime | None = None) -> Referral:
        """Note that the patient came."""

    def complete(self, mover: Mover, referral: str, summary: str) -> Referral:
        """End a referral with what was done."""

    def refer_back(self, mover: Mover, request_id: str, referral: str, summary: str, advice: str = "") -> Referral:
        """Send a patient back; gives the new referral, with the roles swapped."""

    def attach(self, mover: Mover, referral: str, document: str) -> Referral:
        """Let the receiver read a document: its own id or its receipt."""

    def detach(self, mover: Mover, referral: str, document: str) -> Referral:
        """Let the receiver read an attached document no more."""

    def shared_documents(self, mover: Mover, referral: str) -> tuple[SharedDocument, ...]:
        """List what the receiver may read."""

    def shared_document(self, mover: Mover, referral: str, document: str) -> SharedContent:
        """Give one shared document."""

    def query(self, mover: Mover, *, referral: str = "", request_id: str = "") -> Referral:
        """Show one referral by our number or by the origin's own number of the wish."""

    def list(self, mover: Mover, query: ReferralQuery) -> Listing[Referral]:
        """List an institution's referrals, the latest first."""

    def history(self, mover: Mover, referral: str) -> tuple[HistoryEntry, ...]:
        """Give what happened to a referral, in order."""

    def of_resident(self, reader: Reader, claim: ResidentClaim, page: Page) -> Listing[Referral]:
        """List a resident's referrals for a portal that has the resident's consent, masked, the latest first."""

    def whole(self, referral: str) -> Referral | None:
        """Show a referral to the platform itself, unmasked; None when there is none."""

    def notice_due(self, referral: str, institution: str) -> NoticeDue | None:
        """Say what a hospital is still to be told of a referral; None when nothing is."""

    def noticed(self, due: NoticeDue, state: NoticeState, error: str = "") -> None:
        """Write down what came of telling a hospital; `waiting` with an error counts a try that failed."""

    def recorded(self, referral: str, receipt: str, error: str = "") -> None:
        """Write down the receipt of the record made of a referral, or why none could be made."""

    def handlers(self) -> Mapping[str, Handler]:
        """Give what is done for each kind of errand that is ours (`referral-due`, `referral-release`), for the runner of a worker."""

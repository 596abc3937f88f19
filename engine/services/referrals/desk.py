"""Offer referrals to the doors: every operation of hospitals, reviewers and portals, and what is due about a referral."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from engine.message import shanghai_text
from engine.services.appointments.counter import utc_now
from engine.services.appointments.desk import Appointments, Handler
from engine.services.appointments.model import Department, Listing, Page, Schedule, Slot
from engine.services.appointments.refusals import refuse
from engine.services.audit import Audit, looked_at
from engine.services.library import Library
from engine.services.referrals import applying, clock, offers, sharing, telling, views
from engine.services.referrals.history import entries
from engine.services.referrals.kept import Kept
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
from engine.services.referrals.moving import DUE, RELEASE, Move, move, own
from engine.services.referrals.office import Office, Step
from engine.services.referrals.particulars import AHEAD, check_short, check_words
from engine.services.referrals.returning import refer_back as back
from engine.services.referrals.rules import ReferralRules
from engine.services.reports.desk import Reports
from engine.services.reports.model import Reader, ResidentClaim
from engine.store.database import Database
from engine.store.sealing import Seal


class Referrals:
    """The referrals of a store. Every method waits and has transactions of its own, so run it on a thread.

    Refusals raise SenderError with one Issue (SND-7xx); a store that is away raises TryAgain. No hospital is asked within a transaction.
    """

    def __init__(
        self, database: Database, seal: Seal, appointments: Appointments, reports: Reports, library: Library, *,
        rules: ReferralRules, closed: Collection[str] = (), steps: Callable[[Step], None] = lambda _step: None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:  # fmt: skip
        self._office = Office(
            database=database, seal=seal, rules=rules, appointments=appointments, reports=reports, library=library,
            closed=closed, steps=steps, now=now,
        )  # fmt: skip

    def exchange(self, rules: ReferralRules, closed: Collection[str]) -> None:
        """Work by other rules, and other confidentiality codes that no other institution reads, from the next call on."""
        self._office = replace(self._office, rules=rules, closed=closed)

    def partners(self, mover: Mover, direction: Direction | None, page: Page) -> Listing[Partner]:
        """List to whom an institution may refer, one entry for each direction."""
        return offers.partners(self._office, mover.institution, direction, page)

    def departments(self, hospital: str, page: Page) -> Listing[Department]:
        """List the departments of a hospital."""
        return self._office.appointments.departments(hospital, page)

    def specialists(self, hospital: str, department: str, page: Page) -> Listing[Specialist]:
        """List the doctors of a hospital, of one department when it is given, with the day of the next free slot."""
        return offers.specialists(self._office, hospital, department, page)

    def schedules(self, hospital: str, department: str, doctor: str, first: str, last: str, page: Page) -> Listing[Schedule]:
        """List half days; every choice but the hospital may be ""."""
        return self._office.appointments.schedules(hospital, department, doctor, first, last, page)

    def slots(self, hospital: str, schedule: str) -> tuple[Slot, ...]:
        """List the slots of a half day."""
        return self._office.appointments.slots(hospital, schedule)

    def report_beds(self, mover: Mover, beds: Sequence[Bed]) -> None:
        """Take the beds of a hospital, instead of all that it reported before."""
        offers.report_beds(self._office, mover, beds, self._office.now())

    def beds(self, hospital: str) -> tuple[Bed, ...]:
        """List the beds of a hospital as it last reported them."""
        return offers.beds(self._office, hospital)

    def apply(self, mover: Mover, request_id: str, wish: ReferralWish, slot: str = "") -> Referral:
        """Refer a patient, and book a slot at the receiver when one is given; this asks the receiver."""
        return self._seen(mover, applying.apply(self._office, mover, request_id, wish, slot))

    def review(self, mover: Mover, referral: str, decision: Decision, reason: str = "") -> Referral:
        """Let a referral go to its receiver, or refuse it."""
        if decision not in ("approve", "refuse"):
            raise refuse("SND-767", "decision 应为 approve 或 refuse。")
        said = check_words("理由 reason", reason, needed=decision == "refuse")
        if decision == "approve":
            return self._move(mover, referral, Move(what="Review", to="applied", why=said))
        return self._move(mover, referral, Move(what="Review", to="rejected", why=said, words={"why": said}))

    def accept(self, mover: Mover, referral: str, department: str = "", doctor: str = "", note: str = "") -> Referral:
        """Accept a patient, to another department or doctor when they are given."""
        said = check_words("备注 note", note, needed=False)
        check_short(department, doctor)
        given = {name: value for name, value in (("department", department), ("doctor", doctor)) if value}
        return self._move(mover, referral, Move(what="Accept", to="accepted", why=said, words={"note": said}, values=given))

    def reject(self, mover: Mover, referral: str, reason: str) -> Referral:
        """Reject a patient; the slot is given back."""
        said = check_words("拒绝理由 reason", reason)
        return self._move(mover, referral, Move(what="Reject", to="rejected", why=said, words={"why": said}))

    def withdraw(self, mover: Mover, referral: str, reason: str) -> Referral:
        """Withdraw a referral; the slot is given back and the shared record closed."""
        said = check_words("撤回理由 reason", reason)
        return self._move(mover, referral, Move(what="Withdraw", to="withdrawn", why=said, words={"why": said}))

    def arrive(self, mover: Mover, referral: str, at: datetime | None = None) -> Referral:
        """Note that the patient came; a time in the future is refused (SND-767)."""
        now = self._office.now()
        if at is not None and at > now + AHEAD:
            raise refuse("SND-767", "到诊时间 at 不能晚于现在。")
        why = f"到诊时间 {shanghai_text(at)}" if at is not None else ""
        return self._move(mover, referral, Move(what="Arrive", to="arrived", why=why))

    def complete(self, mover: Mover, referral: str, summary: str) -> Referral:
        """End a referral with what was done."""
        said = check_words("小结 summary", summary)
        return self._move(mover, referral, Move(what="Complete", to="completed", words={"summary": said}))

    def refer_back(self, mover: Mover, request_id: str, referral: str, summary: str, advice: str = "") -> Referral:
        """Send a patient back; gives the new referral, with the roles swapped."""
        office = self._office
        return self._seen(mover, office.again(lambda opened: back(office, opened, mover, request_id, referral, summary, advice)))

    def attach(self, mover: Mover, referral: str, document: str) -> Referral:
        """Let the receiver read a document: its receipt, the documentId of its upload, or its own id."""
        office, at = self._office, self._office.now()
        return self._seen(mover, office.again(lambda opened: sharing.attach(office, opened, mover, referral, document, at)))

    def detach(self, mover: Mover, referral: str, document: str) -> Referral:
        """Let the receiver read an attached document no more."""
        office, at = self._office, self._office.now()
        return self._seen(mover, office.again(lambda opened: sharing.detach(office, opened, mover, referral, document, at)))

    def shared_documents(self, mover: Mover, referral: str) -> tuple[SharedDocument, ...]:
        """List what the receiver may read."""
        office = self._office
        return office.again(lambda opened: sharing.documents(office, opened, mover, referral))

    def shared_document(self, mover: Mover, referral: str, document: str) -> SharedContent:
        """Give one shared document."""
        office = self._office
        return office.again(lambda opened: sharing.content(office, opened, mover, referral, document))

    def query(self, mover: Mover, *, referral: str = "", request_id: str = "") -> Referral:
        """Show one referral by our number or by the origin's own number of the wish."""
        office = self._office
        with office.database.read() as connection:
            if referral:
                one = own(office, connection, mover.institution, referral)
            elif (found := office.shelf.by_request(connection, mover.institution, request_id)) is not None:
                one = found
            else:
                raise refuse("SND-760")
            return views.shown(office, connection, mover.institution, [one])[0]

    def list(self, mover: Mover, query: ReferralQuery) -> Listing[Referral]:
        """List an institution's referrals, the latest first."""
        with self._office.database.read() as connection:
            return views.listed(self._office, connection, mover.institution, query)

    def history(self, mover: Mover, referral: str) -> tuple[HistoryEntry, ...]:
        """Give what happened to a referral, in order."""
        with self._office.database.read() as connection:
            own(self._office, connection, mover.institution, referral)
            return entries(connection, self._office.seal, referral)

    def of_resident(self, reader: Reader, claim: ResidentClaim, page: Page) -> Listing[Referral]:
        """List a resident's referrals for a portal that has the resident's consent, masked, the latest first; audited."""
        office = self._office

        def read(connection: Connection) -> Listing[Referral]:
            people = office.reports.consented(connection, reader, claim)
            note = looked_at(
                "referrals", reason=reader.reason, subject=people[0], actor=reader.portal, institution=reader.portal,
                peer=reader.peer,
            )  # fmt: skip
            Audit().write(connection, [note])
            return views.of_people(office, connection, reader.portal, people, page)

        return office.again(read)

    def whole(self, referral: str) -> Referral | None:
        """Show a referral to the platform itself, unmasked; None when there is none."""
        office = self._office
        with office.database.read() as connection:
            one = office.shelf.read(connection, referral)
            return None if one is None else views.shown(office, connection, views.WHOLE, [one])[0]

    def whole_history(self, referral: str) -> tuple[HistoryEntry, ...]:
        """Give what happened to a referral, to the platform itself."""
        with self._office.database.read() as connection:
            return entries(connection, self._office.seal, referral)

    def every(self, query: ReferralQuery) -> Listing[Referral]:
        """List the referrals of all institutions to the platform itself, masked, the latest first."""
        with self._office.database.read() as connection:
            return views.every(self._office, connection, query)

    def notice_due(self, referral: str, institution: str) -> NoticeDue | None:
        """Say what a hospital is still to be told of a referral; None when nothing is."""
        with self._office.database.read() as connection:
            return telling.notice_due(self._office, connection, referral, institution)

    def noticed(self, due: NoticeDue, state: NoticeState, error: str = "") -> None:
        """Write down what came of telling a hospital; `waiting` with an error counts a try that failed."""
        office = self._office
        office.again(lambda opened: telling.noticed(office, opened, due, state, error))

    def recorded(self, referral: str, receipt: str, error: str = "") -> None:
        """Write down the receipt of the record made of a referral, or why none could be made."""
        office = self._office
        office.again(lambda opened: telling.recorded(office, opened, referral, receipt, error))

    def handlers(self) -> Mapping[str, Handler]:
        """Give what is done for each kind of errand that is ours (`referral-due`, `referral-release`), for the runner of a worker."""
        return {
            DUE: lambda subject: clock.due(self._office, subject),
            RELEASE: lambda subject: clock.give_back(self._office, subject),
        }

    def _move(self, mover: Mover, referral: str, its: Move) -> Referral:
        office, at = self._office, self._office.now()
        one = office.again(lambda connection: move(office, connection, mover, referral, its, at))
        clock.give_back_now(office, one)
        return self._seen(mover, one)

    def _seen(self, mover: Mover, one: Kept) -> Referral:
        """Show a referral as it now is."""
        with self._office.database.read() as connection:
            fresh = self._office.shelf.read(connection, one.referral) or one
            return views.shown(self._office, connection, mover.institution, [fresh])[0]

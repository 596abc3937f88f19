"""Tell hospitals of referrals by their own web service (3001): each of the latest move that another made, until it answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from engine.documents.jilin.functions import FUNCTIONS
from engine.errors import DestinationError, TryAgain
from engine.hospital import Ask, Values
from engine.message import SHANGHAI
from engine.services.referrals.desk import Referrals
from engine.services.referrals.model import NoticeDue, Role, state_name
from engine.services.referrals.notices import NOTICE

TOLD = "3001"
"""The function by which a hospital is told."""

Offers = Callable[[str, str], bool]
"""Tell whether a hospital can be asked a function: institution code, function number."""

_LONGEST_NAME, _LONGEST_PLACE = 128, 64
_HEARD, _LATER = ("ok", "repeat", "exists"), ("failed",)


class Notifying:
    """The notices of one worker; they name the referral and how it stands, and nobody."""

    def __init__(self, referrals: Referrals, ask: Ask, offers: Offers) -> None:
        self._referrals = referrals
        self._ask = ask
        self._offers = offers

    def handlers(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what is done for the errand, for the runner of a worker."""
        return {NOTICE: self.tell}

    def tell(self, subject: str) -> None:
        """Tell the hospital of an errand (`REFERRAL INSTITUTION`) what it is still to be told; one that offers no 3001 is told nothing.

        Raises what `Ask` raises, TryAgain for a hospital that broke down over it: then it is told again.
        """
        number, _, institution = subject.partition(" ")
        due = self._referrals.notice_due(number, institution)
        if due is None:
            return
        if not self._offers(institution, TOLD):
            self._referrals.noticed(due, "none")
            return
        try:
            reply = self._ask(institution, TOLD, notice_values(due))
        except DestinationError as problem:
            self._referrals.noticed(due, "waiting", problem.code)
            raise
        self._answered(due, reply.code)

    def _answered(self, due: NoticeDue, code: str) -> None:
        meaning = FUNCTIONS.meaning(TOLD, code)
        words = f"{code} {FUNCTIONS.words(TOLD, code)}".strip()
        if meaning in _LATER:
            self._referrals.noticed(due, "waiting", words)
            raise TryAgain(f"{TOLD} answered {code}")
        if meaning in _HEARD:
            self._referrals.noticed(due, "delivered")
        else:
            self._referrals.noticed(due, "refused", words)


def notice_values(due: NoticeDue) -> Values:
    """Write what a hospital is told (REQ of 3001, without HOS_ID)."""
    one = due.referral
    told = {
        "REFERRAL_ID": one.referral, "EVENT": due.what, "EVENT_TIME": _time(one.changed_at), "STATUS": one.state,
        "STATUS_NAME": state_name(one.state), "ROLE": _role(due), "DIRECTION": one.direction, "URGENCY": str(one.urgency),
        "FROM_HOS_CODE": one.origin.hospital, "FROM_HOS_NAME": one.origin.hospital_name[:_LONGEST_NAME],
        "TO_HOS_CODE": one.to.hospital, "TO_HOS_NAME": one.to.hospital_name[:_LONGEST_NAME],
        "DEPT_ID": one.to.department if len(one.to.department) <= _LONGEST_PLACE else "",
        "ORDER_ID": one.booking.order if one.booking else "", "DUE_TIME": _time(one.due_at) if one.due_at else "",
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def _role(due: NoticeDue) -> Role:
    if due.institution == due.referral.origin.hospital:
        return "origin"
    return "receiver" if due.institution == due.referral.to.hospital else "reviewer"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"

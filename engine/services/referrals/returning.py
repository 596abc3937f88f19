"""Refer a patient back: the referral ends as returned and a new one goes the other way, in one transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from engine.message import SHANGHAI, new_receipt
from engine.services.appointments.refusals import refuse
from engine.services.referrals.applying import enter, repeated
from engine.services.referrals.kept import Kept, Said, Words
from engine.services.referrals.model import Clinical, Mover, Sender
from engine.services.referrals.moving import Move, carry, check, own
from engine.services.referrals.office import Office
from engine.services.referrals.particulars import check_request, check_words
from engine.services.referrals.views import receiver_of
from engine.store.troubles import Collision

REASON = "转回原转出机构继续治疗"


def refer_back(
    office: Office, connection: Connection, by: Mover, request_id: str, number: str, summary: str, advice: str
) -> Kept:
    """Send a patient back; gives the new referral, also to a repeat. It needs no rule of its own, for the way here had one.

    Raises Collision when the referral is moved meanwhile and the transaction is to be run again.
    """
    check_request(request_id)
    summary = check_words("小结 summary", summary)
    advice = check_words("建议 advice", advice, needed=False)
    digest = office.seal.lookup(f"back {number} {summary} {advice}")
    before = repeated(office, connection, by.institution, request_id, digest)
    if before is not None:
        return before
    one, at = own(office, connection, by.institution, number), office.now()
    if one.returned_by:
        raise refuse("SND-763", f"该患者已转回，转诊单号 {one.returned_by}。")
    check(one, by, "ReferBack")
    back = _back(connection, one, by, request_id, digest, summary, advice, at)
    ending = Move(what="ReferBack", to="returned", words={"summary": summary}, values={"returned_by": back.referral})
    if carry(office, connection, one, by, ending, at) is None:
        raise Collision("the referral is moved by others", retry_after=1)
    return enter(office, connection, by, back)


def _back(
    connection: Connection, one: Kept, by: Mover, request_id: str, digest: str, summary: str, advice: str, at: datetime
) -> Kept:  # fmt: skip
    here, there, said = receiver_of(connection, one), one.said.origin, one.said.clinical
    return Kept(
        referral=new_receipt(at), request_id=request_id, digest=digest, origin=one.receiver, receiver=one.origin, reviewer="",
        direction="up" if one.direction == "down" else "down", kind=one.kind, state="applied", urgency=1, version=1,
        moved="Apply", mover=by.institution, department=there.department, doctor=there.doctor, resident=one.resident,
        day=f"{at.astimezone(SHANGHAI):%Y-%m-%d}", order_id="", record="", return_of=one.referral, returned_by="",
        occurred=at, created=at, changed=at, due=None, remind=None, released=None, overdue=False, patient=one.patient,
        words=Words(),
        said=Said(
            origin=Sender(
                department=here.department, department_name=here.department_name, doctor=here.doctor,
                doctor_name=here.doctor_name or by.operator,
            ),
            clinical=Clinical(
                reason=REASON, diagnoses=said.diagnoses, condition=summary, past_history=said.past_history,
                allergies=said.allergies, plan=advice,
            ),
            share=one.said.share,
        ),
    )  # fmt: skip

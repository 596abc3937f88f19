"""Turn what hospitals and portals write into the values of the referral service, and its values into what the contract writes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import get_args

from engine.identity import IDENTITY_CARD, KINDS
from engine.inbound.appointment_values import at_text, check_days, read_page
from engine.inbound.calls import Call, Result
from engine.inbound.given import Given
from engine.message import SHANGHAI
from engine.services.referrals import model

_URGENCIES = {str(model.ORDINARY): model.ORDINARY, str(model.URGENT): model.URGENT}
_DIRECTIONS: dict[str, model.Direction] = {each: each for each in get_args(model.Direction)}
_KINDS: dict[str, model.Kind] = {each: each for each in get_args(model.Kind)}
_DECISIONS: dict[str, model.Decision] = {each: each for each in get_args(model.Decision)}
_ROLES: dict[str, model.Role] = {each: each for each in get_args(model.Role)}


def read_mover(call: Call, given: Given) -> model.Mover:
    """Say who asks."""
    return model.Mover(institution=call.institution, operator=given.text("operator"), trace=call.trace, peer=call.peer)


def read_direction(given: Given) -> model.Direction | None:
    """Read `direction`, None when it was not sent; raises SenderError SND-311."""
    return _DIRECTIONS.get(given.one_of("direction", _DIRECTIONS))


def read_decision(given: Given) -> model.Decision:
    """Read `decision`; raises SenderError SND-310, SND-311."""
    given.needed("decision")
    return _DECISIONS[given.one_of("decision", _DECISIONS)]


def read_wish(given: Given) -> model.ReferralWish:
    """Read `referral`; whether it is complete is for the service to say. Raises SenderError SND-310, SND-311."""
    one = given.record("referral")
    to, origin = one.record("to"), one.record("origin")
    for name in ("direction", "kind"):
        one.needed(name)
    return model.ReferralWish(
        direction=_DIRECTIONS[one.one_of("direction", _DIRECTIONS)], kind=_KINDS[one.one_of("kind", _KINDS)],
        urgency=_URGENCIES[one.one_of("urgency", _URGENCIES, str(model.ORDINARY))],
        to=model.Target(hospital=to.needed("hospital"), department=to.text("department"), doctor=to.text("doctor")),
        patient=_read_patient(one.record("patient")),
        origin=model.Sender(
            department=origin.text("department"), department_name=origin.text("departmentName"), doctor=origin.text("doctor"),
            doctor_name=origin.text("doctorName"), telephone=origin.text("telephone"),
        ),
        clinical=_read_clinical(one), share=one.texts("share"), late_entry=one.text("lateEntry"),
        occurred_at=one.moment("occurredAt", None),
    )  # fmt: skip


def _read_patient(one: Given) -> model.PatientSaid:
    return model.PatientSaid(
        name=one.text("name"), sex=one.text("sex"), birthday=one.day("birthday"), id_number=one.text("idNumber"),
        id_type=one.one_of("idType", KINDS, IDENTITY_CARD), mobile=one.text("mobile"), address=one.text("address"),
        health_card=one.text("healthCard"),
    )  # fmt: skip


def _read_clinical(one: Given) -> model.Clinical:
    diagnoses = tuple(
        model.Diagnosis(code=each.text("code"), name=each.text("name")) for each in one.records("diagnoses", "diagnosis")
    )
    return model.Clinical(
        reason=one.text("reason"), diagnoses=diagnoses, condition=one.text("condition"), past_history=one.text("pastHistory"),
        allergies=one.text("allergies"), treatment=one.text("treatment"), plan=one.text("plan"), precautions=one.text("precautions"),
    )  # fmt: skip


def read_beds(given: Given) -> tuple[model.Bed, ...]:
    """Read `beds`; raises SenderError SND-310, SND-311."""
    return tuple(
        model.Bed(
            department=one.needed("department"), department_name=one.text("departmentName"), total=one.count("total"),
            free=one.count("free"), at=one.moment("at", None),
        )
        for one in given.records("beds", "bed")
    )  # fmt: skip


def read_query(given: Given) -> model.ReferralQuery:
    """Read the parameters of ListReferrals; raises SenderError SND-311, SND-721 for a page or days the wrong way round."""
    first, last = given.day("from"), given.day("to")
    check_days(first, last)
    states, role = given.codes("states", model.STATES), _ROLES.get(given.one_of("role", _ROLES))
    return model.ReferralQuery(
        roles=(role,) if role else (), states=tuple(state for state in model.STATES if state in states),
        direction=read_direction(given), id_number=given.text("idNumber"), since=_morning(first), until=_morning(last, after=1),
        page=read_page(given),
    )  # fmt: skip


def _morning(day: str, after: int = 0) -> datetime | None:
    """Give the moment at which a day of Shanghai begins, or the one `after` days later; None for none."""
    if not day:
        return None
    return datetime.combine(datetime.fromisoformat(day) + timedelta(days=after), time(), SHANGHAI)


def partner_record(one: model.Partner) -> Result:
    """Write a partner."""
    return {
        "hospital": one.hospital, "name": one.name, "level": one.level, "network": one.network, "direction": one.direction,
        "review": one.reviewer, "address": one.address, "telephone": one.telephone, "reachable": one.reachable, "asOf": at_text(one.as_of),
    }  # fmt: skip


def specialist_record(one: model.Specialist) -> Result:
    """Write a specialist."""
    return {
        "doctor": one.doctor, "department": one.department, "name": one.name, "title": one.title, "speciality": one.speciality,
        "description": one.description, "registrationFee": str(one.registration_fee), "nextFree": one.next_free,
    }  # fmt: skip


def bed_record(one: model.Bed) -> Result:
    """Write the beds of a department."""
    return {
        "department": one.department, "departmentName": one.department_name, "total": one.total, "free": one.free, "at": at_text(one.at)
    }  # fmt: skip


def document_record(one: model.SharedDocument) -> Result:
    """Write what is said of a shared document."""
    return {
        "document": one.document, "documentType": one.document_type, "title": one.title, "hospital": one.hospital,
        "writtenAt": at_text(one.written_at), "attached": True if one.attached else None,
    }  # fmt: skip


def content_record(one: model.SharedContent) -> Result:
    """Write a shared document with its XML."""
    return {**document_record(one.document), "content": one.content}


def entry_record(one: model.HistoryEntry) -> Result:
    """Write one thing that happened."""
    return {
        "at": at_text(one.at), "what": one.what, **_state(one.state), "by": one.by, "operator": one.operator, "why": one.why,
        "trace": one.trace,
    }  # fmt: skip


def referral_record(one: model.Referral) -> Result:
    """Write a referral."""
    said = one.clinical
    return {
        "referral": one.referral, "requestId": one.request_id, **_state(one.state), "direction": one.direction, "kind": one.kind,
        "urgency": str(one.urgency), "from": {**_party(one.origin), "telephone": one.origin.telephone}, "to": _party(one.to),
        "reviewer": one.reviewer, "patient": _patient(one.patient), "reason": said.reason,
        "diagnoses": [{"code": each.code, "name": each.name} for each in said.diagnoses], "condition": said.condition,
        "pastHistory": said.past_history, "allergies": said.allergies, "treatment": said.treatment, "plan": said.plan,
        "precautions": said.precautions, "share": list(one.share), "attached": [document_record(each) for each in one.attached],
        "lateEntry": one.late_entry, "occurredAt": at_text(one.occurred_at), "summary": one.summary, "note": one.note, "why": one.why,
        "returnOf": one.return_of, "returnedBy": one.returned_by, "booking": _booking(one.booking) if one.booking else None,
        "record": one.record, "notice": one.notice, "createdAt": at_text(one.created_at), "changedAt": at_text(one.changed_at),
        "dueAt": at_text(one.due_at), "overdue": one.overdue,
    }  # fmt: skip


def _state(state: model.State) -> Result:
    return {"state": state, "stateName": model.state_name(state)}


def _party(one: model.Party) -> Result:
    return {
        "hospital": one.hospital, "hospitalName": one.hospital_name, "department": one.department, "departmentName": one.department_name,
        "doctor": one.doctor, "doctorName": one.doctor_name,
    }  # fmt: skip


def _patient(one: model.PatientSaid) -> Result:
    return {
        "name": one.name, "sex": one.sex, "birthday": one.birthday, "idType": one.id_type, "idNumber": one.id_number, "mobile": one.mobile,
        "address": one.address, "healthCard": one.health_card,
    }  # fmt: skip


def _booking(one: model.Booked) -> Result:
    return {
        "order": one.order, "state": one.state, "pending": one.pending, "slot": one.slot, "department": one.department,
        "doctor": one.doctor, "date": one.date, "half": one.half, "begin": one.begin, "end": one.end,
        "registrationFee": str(one.registration_fee), "treatmentFee": str(one.treatment_fee), "queueNumber": one.queue_number,
        "place": one.place, "message": one.message,
    }  # fmt: skip

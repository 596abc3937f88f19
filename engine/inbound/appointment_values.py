"""Turn what a portal writes into the values of the appointment service, and its values into what the contract writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args

from engine.errors import Issue, SenderError
from engine.inbound.calls import Result
from engine.inbound.given import Given
from engine.message import shanghai_text
from engine.services.appointments import model

LARGEST_PAGE = 200
_STATES = frozenset(get_args(model.State))
_CHANNELS = frozenset(str(number) for number in range(1, 12))
"""CHANNEL_ID of the Jilin text."""

_PAYMENTS = frozenset(str(number) for number in range(1, 7))
"""PAY_CHANNEL_ID of the Jilin text."""

_BOOKED_FOR = frozenset({"1", "2", "3"})
"""REG_TYPE of the Jilin text."""

_APP, _SELF = "3", "1"


def read_page(given: Given) -> model.Page:
    """Read `page`; raises SenderError SND-721 for a size that is not offered."""
    page = given.record("page")
    size = page.whole("size")
    if size is not None and not 1 <= size <= LARGEST_PAGE:
        raise _unfit(f"每页条数 {size} 不在范围内。", f"size 为 1 到 {LARGEST_PAGE}。")
    return model.Page(size=size or model.Page().size, token=page.text("token"))


def read_patient(given: Given) -> model.Patient:
    """Read `patient`; whether it is complete is for the service to say."""
    one, guardian = given.record("patient"), given.record("patient").record("guardian")
    return model.Patient(
        name=one.needed("name"), sex=one.text("sex"), birthday=one.day("birthday"), id_type=one.text("idType") or "1",
        id_number=one.text("idNumber"), mobile=one.text("mobile"), address=one.text("address"), health_card=one.text("healthCard"),
        hospital_patient=one.text("hospitalPatientId"),
        guardian=model.Guardian(name=guardian.text("name"), id_type=guardian.text("idType"), id_number=guardian.text("idNumber")),
    )  # fmt: skip


def read_lock(given: Given) -> model.LockWish:
    """Read the parameters of Lock."""
    return model.LockWish(
        hospital=given.text("hospital"), slot=given.text("slot"), patient=read_patient(given), account=given.text("account"),
        channel=given.one_of("channel", _CHANNELS, _APP), booked_for=given.one_of("bookedFor", _BOOKED_FOR, _SELF),
    )  # fmt: skip


def read_booking(given: Given) -> model.BookWish:
    """Read the parameters of Book; with an order, what is said of slot and patient does not count."""
    account = given.text("account")
    channel, booked_for = given.one_of("channel", _CHANNELS, _APP), given.one_of("bookedFor", _BOOKED_FOR, _SELF)
    if order := given.text("order"):
        return model.BookWish(order=order, account=account, channel=channel, booked_for=booked_for)
    return model.BookWish(
        hospital=given.text("hospital"), slot=given.text("slot"), patient=read_patient(given), account=account,
        channel=channel, booked_for=booked_for,
    )  # fmt: skip


def read_payment(given: Given, received: datetime) -> model.Payment:
    """Read `payment`; what is said only of the sum paid holds for the total and what was payable too."""
    one = given.record("payment")
    paid = one.fen("paid")
    one.needed("channel")
    return model.Payment(
        serial=one.needed("serial"), paid_at=one.moment("paidAt", received), channel=one.one_of("channel", _PAYMENTS),
        total=one.fen("total", paid), payable=one.fen("payable", paid), paid=paid, result_code=one.text("resultCode"),
        result_text=one.text("resultText"), merchant=one.text("merchant"), terminal=one.text("terminal"),
    )  # fmt: skip


def read_query(given: Given) -> model.OrderQuery:
    """Read the parameters of ListOrders; raises SenderError SND-721 for a state that does not exist or days the wrong way round."""
    first, last, states = given.day("from"), given.day("to"), given.texts("states")
    if strange := next((each for each in states if each not in _STATES), ""):
        hint = f"可用的状态：{'、'.join(get_args(model.State))}。"
        raise _unfit(f"没有订单状态“{strange[:40]}”。", hint)
    check_days(first, last)
    return model.OrderQuery(
        account=given.text("account"), id_number=given.text("idNumber"), hospital=given.text("hospital"), first=first, last=last,
        states=tuple(state for state in get_args(model.State) if state in states), page=read_page(given),
    )  # fmt: skip


def check_days(first: str, last: str) -> None:
    """Refuse a period that ends before it begins (SenderError SND-721)."""
    if first and last and last < first:
        raise _unfit(f"结束日期 {last} 早于开始日期 {first}。", "to 应不早于 from。")


def _unfit(message: str, hint: str) -> SenderError:
    return SenderError(Issue(code="SND-721", message=message, hint=hint))


def at_text(moment: datetime | None) -> str:
    """Write a moment, "" for none."""
    return shanghai_text(moment) if moment else ""


def hospital_record(one: model.Hospital) -> Result:
    """Write a hospital."""
    return {
        "hospital": one.hospital, "name": one.name, "shortName": one.short_name, "level": one.level, "address": one.address,
        "telephone": one.telephone, "horizonDays": one.horizon_days, "opensAt": one.opens_at, "closesAt": one.closes_at,
        "reachable": one.reachable, "asOf": at_text(one.as_of),
    }  # fmt: skip


def department_record(one: model.Department) -> Result:
    """Write a department."""
    return {
        "department": one.department, "name": one.name, "parent": one.parent, "level": one.level, "description": one.description,
        "expertise": one.expertise, "address": one.address,
    }  # fmt: skip


def doctor_record(one: model.Doctor) -> Result:
    """Write a doctor."""
    return {
        "doctor": one.doctor, "department": one.department, "name": one.name, "title": one.title, "speciality": one.speciality,
        "description": one.description, "registrationFee": str(one.registration_fee),
    }  # fmt: skip


def _seats(one: model.Schedule | model.Slot) -> dict[str, Any]:
    """Write what schedules and slots have in common; never below none left, though a debt to the hospital may be kept inside."""
    return {
        "department": one.department, "doctor": one.doctor, "date": one.date, "half": one.half, "status": one.status,
        "total": one.total, "free": max(one.free, 0), "unlimited": one.unlimited,
        "registrationFee": str(one.registration_fee), "treatmentFee": str(one.treatment_fee), "asOf": at_text(one.as_of),
    }  # fmt: skip


def schedule_record(one: model.Schedule) -> Result:
    """Write a schedule."""
    names = {"schedule": one.schedule, "doctorName": one.doctor_name, "title": one.title, "clinicLevel": one.clinic_level}
    return {**_seats(one), **names, "timed": one.timed}


def slot_record(one: model.Slot) -> Result:
    """Write a slot."""
    return {**_seats(one), "slot": one.slot, "schedule": one.schedule, "begin": one.begin, "end": one.end}


def order_record(one: model.OrderView) -> Result:
    """Write an order."""
    return {
        "order": one.order, "requestId": one.request_id, "state": one.state, "pending": one.pending, "hospital": one.hospital,
        "department": one.department, "departmentName": one.department_name, "doctor": one.doctor, "doctorName": one.doctor_name,
        "slot": one.slot, "date": one.date, "half": one.half, "begin": one.begin, "end": one.end, "patientName": one.patient_name,
        "registrationFee": str(one.registration_fee), "treatmentFee": str(one.treatment_fee), "payable": str(one.payable),
        "hospitalOrder": one.hospital_order, "queueNumber": one.queue_number, "medicalNumber": one.medical_number,
        "fetchWindow": one.fetch_window, "place": one.place, "remark": one.remark, "refund": str(one.refund) if one.refund else "",
        "createdAt": at_text(one.created_at), "lockedUntil": at_text(one.locked_until), "payBy": at_text(one.pay_by),
        "changedAt": at_text(one.changed_at),
    }  # fmt: skip


def notice_record(one: model.Notice) -> Result:
    """Write a notice."""
    return {
        "notice": str(one.number), "kind": one.kind, "hospital": one.hospital, "order": one.order, "at": at_text(one.at), "text": one.text
    }  # fmt: skip

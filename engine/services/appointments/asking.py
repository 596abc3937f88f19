"""Write the values of each function asked of a hospital about an order, the same each time it is repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from engine.hospital import Values
from engine.message import SHANGHAI
from engine.services.appointments.orders import Order

_SEX = {"1": "1", "2": "0", "9": "2", "0": "3"}
"""GB/T 2261.1 -> the Jilin text: 1 male 2 female 9 not stated 0 unknown -> 1 male 0 female 2 secret 3 other."""


def jilin_sex(code: str) -> str:
    """Translate a sex of GB/T 2261.1 into the Jilin text's code; "" stays so."""
    return _SEX.get(code, "")


def wire_time(at: datetime | None) -> str:
    """Write a moment as it stands on the wire, in Shanghai."""
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at else ""


def person_values(person: Mapping[str, str]) -> Values:
    """Write who a patient is, as 1003 and 1005 ask for it."""
    return {
        "HOSP_PATIENT_ID": person.get("hospital_patient", ""), "ID_TYPE": person.get("id_type", ""),
        "ID_NO": person.get("id_number", ""), "NAME": person.get("name", ""), "SEX": jilin_sex(person.get("sex", "")),
        "BIRTHDAY": person.get("birthday", ""), "PARENT_ID_TYPE": person.get("guardian_id_type", ""),
        "PARENT_ID_CARD": person.get("guardian_id_number", ""),
    }  # fmt: skip


def _seat(one: Order) -> Values:
    return {
        "CHANNEL_ID": one.channel, "REG_ID": one.reg_id, "DEPT_ID": one.department, "DOCTOR_ID": one.doctor, "REG_DATE": one.date,
        "TIME_FLAG": one.half, "BEGIN_TIME": one.begins, "END_TIME": one.ends, "REG_FEE": str(one.registration_fee),
        "TREAT_FEE": str(one.treatment_fee),
    }  # fmt: skip


def _lock(one: Order) -> Values:
    return {"LOCK_ID": one.order_id, **_seat(one)}


def _unlock(one: Order) -> Values:
    return {"LOCK_ID": one.order_id}


def _book(one: Order) -> Values:
    person, asked = one.person, one.asked or one.created
    child = bool(person.get("guardian_name"))
    same_day = f"{asked.astimezone(SHANGHAI):%Y-%m-%d}" == one.date
    return {
        "ORDER_ID": one.order_id, **_seat(one), "REG_LEVEL": one.level, "REG_TYPE": one.booked_for,
        "IS_REG": "3" if one.kind == "lock" and one.known else "1" if same_day else "2",
        "HEALTH_CARD_ID": person.get("health_card", ""), "HOSP_PATIENT_ID": person.get("hospital_patient", ""),
        "IDCARD_TYPE": person.get("id_type", ""), "IDCARD_NO": person.get("id_number", ""),
        "NAME": person.get("name", ""), "SEX": jilin_sex(person.get("sex", "")), "BIRTHDAY": person.get("birthday", ""),
        "ADDRESS": person.get("address", ""), "MOBILE": person.get("mobile", ""),
        "OPER_IDCARD_TYPE": person.get("guardian_id_type" if child else "id_type", ""),
        "OPER_IDCARD_NO": person.get("guardian_id_number" if child else "id_number", ""),
        "OPER_NAME": person.get("guardian_name" if child else "name", ""), "OPER_MOBILE": person.get("mobile", ""),
        "ORDER_TIME": wire_time(asked),
    }  # fmt: skip


def _pay(one: Order) -> Values:
    money = one.money
    return {
        "ORDER_ID": one.order_id, "SERIAL_NUM": one.serial, "PAY_DATE": money.get("date", ""), "PAY_TIME": money.get("time", ""),
        "PAY_CHANNEL_ID": money.get("channel", ""), "PAY_TOTAL_FEE": money.get("total", ""),
        "PAY_COPE_FEE": money.get("payable", ""), "PAY_FEE": money.get("paid", ""),
        "PAY_RES_CODE": money.get("result_code", ""), "PAY_RES_DESC": money.get("result_text", ""),
        "MERCHANT_ID": money.get("merchant", ""), "TERMINAL_ID": money.get("terminal", ""),
    }  # fmt: skip


def _cancel(one: Order) -> Values:
    return {
        "ORDER_ID": one.order_id,
        "CANCEL_DATE": wire_time(one.asked or one.changed),
        "CANCEL_REMARK": one.words or "取消预约",
    }


def _refund(one: Order) -> Values:
    date, _, time = wire_time(one.asked or one.changed).partition(" ")
    return {
        "ORDER_ID": one.order_id, "HOSP_ORDER_ID": one.hospital_order or one.order_id, "REFUND_ID": one.refund_id,
        "TOTAL_FEE": str(one.paid), "REFUND_FEE": str(one.paid), "REFUND_DATE": date, "REFUND_TIME": time,
        "REFUND_REMARK": one.words or "退号",
    }  # fmt: skip


def _fetch(one: Order) -> Values:
    return {"ORDER_ID": one.order_id}


def record_values(one: Order) -> Values:
    """Ask for one order by 2012."""
    return {
        "ORDER_ID": one.order_id, "HEALTH_CARD_ID": one.person.get("health_card", ""),
        "HOSP_PATIENT_ID": one.person.get("hospital_patient", ""), "BEGIN_DATE": one.date, "END_DATE": one.date,
        "PAGE_CURRENT": "1", "PAGE_SIZE": "10",
    }  # fmt: skip


VALUES: Mapping[str, Callable[[Order], Values]] = {
    "2005": _lock, "2006": _unlock, "2007": _book, "2008": _pay, "2009": _cancel, "2010": _refund, "2011": _fetch,
}  # fmt: skip
"""By function: what is asked about an order. What is pending says which function is repeated."""

FUNCTION_OF = {"lock": "2005", "unlock": "2006", "pay": "2008", "cancel": "2009", "refund": "2010", "fetch": "2011", "": "2007"}
"""The function by which each pending thing is asked for; nothing pending in state booking is 2007."""

"""Conclude from what a hospital answered, or from its own record of an order (2012), how the order moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from engine.hospital import HospitalReply, Values
from engine.services.appointments.answers import Meaning
from engine.services.appointments.model import NoticeKind, State
from engine.services.appointments.orders import ARROWS, Move, Order

_TOLD = {
    "HOSP_SERIAL_NUM": "queue_number", "HOSP_MEDICAL_NUM": "medical_number", "HOSP_GETREG_DATE": "fetch_window",
    "HOSP_SEE_DOCT_ADDR": "place", "HOSP_REMARK": "remark", "REMARK": "remark", "HOSP_CARD_NO": "card",
    "HOSP_PAY_ID": "hospital_pay", "RECEIPT_ID": "receipt", "HOSP_REFUND_ID": "hospital_refund", "REFUND_FLAG": "refund_flag",
    "CANCEL_DATE": "cancelled_at", "GET_REGNO_DATE": "fetched_at",
}  # fmt: skip
"""What hospitals tell about an order, by node and by our name."""

_NO_REFUND = "0"


def told(values: Values) -> Mapping[str, str]:
    """Take from a reply what is kept of an order."""
    return {name: str(values[node]) for node, name in _TOLD.items() if values.get(node)}


def number(text: Any) -> int:
    """Read a sum or a count; 0 when there is none."""
    return int(text) if str(text or "").strip().lstrip("-").isdecimal() else 0


def done(one: Order, function: str, reply: HospitalReply, window: float, *, late: bool) -> Move:
    """Say how an order moves when its hospital has done what was asked; `window` is the time to pay, in seconds.

    `late` says that the portal was not told by an answer: then a notice tells it.
    """
    return _DONE[function](one, reply.values, reply.answered, window, late)


def _locked(_one: Order, _values: Values, _at: datetime, _window: float, _late: bool) -> Move:  # noqa: FBT001 - one form for all
    return Move(what="locked", who="hospital", known=True)


def _unlocked(one: Order, _values: Values, _at: datetime, _window: float, _late: bool) -> Move:  # noqa: FBT001 - one form for all
    if one.state == "booking":
        return Move(what="unlocked", who="hospital", to="failed")
    notice: tuple[NoticeKind, str] | None = ("expired", "锁号已到期，号源已释放。") if one.ended_by == "expiry" else None
    return Move(what="unlocked", who="hospital", to="cancelled", notice=notice)


def _booked(one: Order, values: Values, at: datetime, window: float, late: bool) -> Move:  # noqa: FBT001 - one form for all
    changed: dict[str, Any] = {"hospital_order": str(values.get("HOSP_ORDER_ID", "")), "expires": one.kept_until(at, window)}
    discount = values.get("CONCESSIONS")
    if str(values.get("IS_CONCESSIONS", "")) == "1" and discount:
        first = discount[0] if isinstance(discount, (tuple, list)) else discount
        changed["payable"] = number(first.get("REAL_TOTAL_FEE"))
    notice: tuple[NoticeKind, str] | None = ("booking-confirmed", "医院已确认预约，请按时支付。") if late else None
    return Move(what="booked", who="hospital", to="booked", known=True, told=told(values), values=changed, notice=notice)


def _paid(one: Order, values: Values, _at: datetime, _window: float, _late: bool) -> Move:  # noqa: FBT001 - one form for all
    return Move(
        what="paid", who="hospital", to="paid", told=told(values),
        values={"paid": number(one.money.get("paid")), "expires": None},
    )  # fmt: skip


def _cancelled(one: Order, values: Values, _at: datetime, _window: float, late: bool) -> Move:  # noqa: FBT001 - one form for all
    if one.state == "booking":
        notice: tuple[NoticeKind, str] = ("booking-failed", "医院没有确认预约，已取消，请重新预约。")
        by = Move(what="cancelled", who="hospital", to="failed", told=told(values), notice=notice)
        # A hospital that does not know the order may still hold the lock that it was to be made of.
        return replace(by, to=None, pending="unlock") if one.known else by
    return Move(what="cancelled", who="hospital", to="cancelled", told=told(values), notice=_end_notice(one, late=late))


def _refunded(one: Order, values: Values, _at: datetime, _window: float, late: bool) -> Move:  # noqa: FBT001 - one form for all
    if str(values.get("REFUND_FLAG", "")) == _NO_REFUND:
        return refused(one, "2010", Meaning("refused", "SND-722"), "", late=late)
    return Move(
        what="refunded", who="hospital", to="refunded", told=told(values), values={"refund": one.paid},
        notice=_end_notice(one, late=late),
    )  # fmt: skip


def _fetched(_one: Order, values: Values, _at: datetime, _window: float, _late: bool) -> Move:  # noqa: FBT001 - one form for all
    return Move(what="fetched", who="hospital", to="fetched", told=told(values), values={"expires": None})


_DONE: Mapping[str, Callable[[Order, Values, datetime, float, bool], Move]] = {
    "2005": _locked, "2006": _unlocked, "2007": _booked, "2008": _paid, "2009": _cancelled, "2010": _refunded, "2011": _fetched,
}  # fmt: skip


def _end_notice(one: Order, *, late: bool) -> tuple[NoticeKind, str] | None:
    if one.ended_by == "stop":
        money = "，已支付的费用将退还" if one.paid else ""
        return "clinic-stopped", f"医院停诊，预约已取消{money}。"
    if one.ended_by == "expiry":
        return "expired", "超过支付时限，预约已取消。"
    if late:
        return ("refunded", "退号已完成，费用将退还。") if one.paid else ("expired", "预约已取消。")
    return None


def refused(one: Order, function: str, why: Meaning, message: str, *, late: bool) -> Move:
    """Say how an order moves when its hospital refuses: back to what it was, or failed when it never was more than a wish."""
    base = Move(what="refused", who="hospital", code=why.verdict, words=message, why=message, values={"code": why.verdict})
    if function in ("2005", "2007"):
        notice: tuple[NoticeKind, str] | None = ("booking-failed", message or "医院没有受理预约。") if late else None
        if function == "2007" and one.known:
            # The hospital still holds its lock: the seat is free only when it has said so.
            return replace(base, pending="unlock", notice=notice)
        return replace(base, to="failed", back=why.back, notice=notice)
    return replace(base, notice=_refusal_notice(one, function, message) if late else None)


def _refusal_notice(one: Order, function: str, message: str) -> tuple[NoticeKind, str] | None:
    if function == "2008":
        return "booking-failed", f"医院没有接受支付，请退还患者：{message}"
    if function == "2010" and one.ended_by == "stop":
        return "clinic-stopped", f"医院停诊，但医院没有受理退费，请患者到窗口办理：{message}"
    return None


_STANDING: Mapping[str, State] = {"2": "booked", "3": "fetched", "4": "cancelled", "5": "refunded", "6": "paid"}


def adopt(one: Order, record: Values, window: float, now: datetime) -> Move | None:
    """Say how an order moves to where its hospital's own record has it; None when that is where it was before what is pending.

    A hospital's word decides also against us: an order cancelled there is cancelled here.
    """
    theirs = _STANDING.get(str(record.get("ORDER_STATUS", "")))
    if theirs is None or theirs == one.state or not one.live:
        return None
    if one.state == "paid" and theirs == "cancelled":
        theirs = "refunded"
    if theirs == "cancelled" and one.state == "booking":
        return _cancelled(one, record, now, window, late=True)
    values: dict[str, Any] = {"expires": one.kept_until(now, window) if theirs == "booked" else None}
    if theirs in ("paid", "refunded", "fetched") and one.pending == "pay":
        values["paid"] = number(one.money.get("paid"))
    if theirs == "refunded":
        values["refund"] = one.paid or number(values.get("paid"))
    if theirs not in ARROWS[one.state]:
        return None
    return Move(
        what=f"found-{theirs}", who="hospital", to=theirs, known=True, told=told(record), values=values,
        notice=_found_notice(one, theirs),
    )  # fmt: skip


def _found_notice(one: Order, theirs: State) -> tuple[NoticeKind, str] | None:
    if theirs in ("cancelled", "refunded"):
        ours = one.pending in ("cancel", "refund")
        return _end_notice(one, late=True) if ours else ("cancelled-by-hospital", "医院已取消预约；已支付的费用请退还患者。")
    if one.state == "booking":
        return "booking-confirmed", "医院已确认预约。"
    return None

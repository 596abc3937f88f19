"""Answer what the platform does with orders: lock, book, pay, cancel, refund, fetch, and ask for them (2005 to 2012)."""

from __future__ import annotations

from engine.simulator.orders import Order, Refusal
from engine.simulator.site import Site, Values, day_of, paged


def lock(site: Site, asked: Values) -> Values:
    """Keep a seat (2005)."""
    site.book.lock(asked["LOCK_ID"], asked["REG_ID"])
    return {}


def unlock(site: Site, asked: Values) -> Values:
    """Let go of a kept seat (2006)."""
    site.book.unlock(asked["LOCK_ID"])
    return {}


def book_seat(site: Site, asked: Values) -> Values:
    """Book a seat (2007): here the hospital decides."""
    patient = asked.get("HOSP_PATIENT_ID", "")
    if patient and not site.book.knows(patient):
        raise Refusal("200711", "患者身份与医院档案不符")
    card = asked.get("HEALTH_CARD_ID", "") or asked.get("IDCARD_NO", "")
    fee = int(asked["REG_FEE"]) + int(asked["TREAT_FEE"])
    order = site.book.order(asked["ORDER_ID"], asked["REG_ID"], patient or site.book.patient(card), card, fee)
    return {
        "HOSP_ORDER_ID": order.number, "HEALTH_CARD_ID": asked.get("HEALTH_CARD_ID", ""), "HOSP_PATIENT_ID": order.patient,
        "HOSP_SERIAL_NUM": order.serial, "HOSP_SEE_DOCT_ADDR": "门诊楼二层", "HOSP_REMARK": "请提前 30 分钟取号", "IS_CONCESSIONS": "0",
    }  # fmt: skip


def pay(site: Site, asked: Values) -> Values:
    """Take note of a payment (2008)."""
    order = site.book.pay(asked["ORDER_ID"], asked["SERIAL_NUM"], int(asked["PAY_FEE"]))
    return {"HOSP_PAY_ID": order.pay_id, "HOSP_SERIAL_NUM": order.serial, "HOSP_SEE_DOCT_ADDR": "门诊楼二层"}


def cancel(site: Site, asked: Values) -> Values:
    """Cancel what is not paid (2009)."""
    site.book.cancel(asked["ORDER_ID"], asked["CANCEL_DATE"])
    return {}


def refund(site: Site, asked: Values) -> Values:
    """Agree to a refund (2010): the platform pays back."""
    order = site.book.refund(asked["ORDER_ID"], asked["REFUND_ID"], int(asked["REFUND_FEE"]))
    return {"HOSP_REFUND_ID": order.refund_id, "REFUND_FLAG": "1"}


def fetch(site: Site, asked: Values) -> Values:
    """Give out the number (2011)."""
    return {"HOSP_SERIAL_NUM": site.book.fetch(asked["ORDER_ID"]).serial}


def records(site: Site, asked: Values) -> Values:
    """List orders, one by its number or all by days of visit (2012); pages count from 1."""
    if asked.get("ORDER_ID"):
        one = site.book.find(asked["ORDER_ID"])
        found = [one] if one else []
    else:
        found = site.book.between(day_of(asked["BEGIN_DATE"]), day_of(asked["END_DATE"]))
        if asked.get("HOSP_PATIENT_ID"):
            found = [order for order in found if order.patient == asked["HOSP_PATIENT_ID"]]
    if not found:
        raise Refusal("201201", "没有预约订单")
    return {"COUNT": str(len(found)), "ORDER_LIST": tuple(_record(order) for order in paged(found, asked))}


def _record(order: Order) -> Values:
    told = {
        "ORDER_ID": order.id, "ORDER_STATUS": order.state, "HOSP_SERIAL_NUM": order.serial, "GET_REGNO_DATE": order.fetched,
        "HOSP_PAY_ID": order.pay_id, "HOSP_REFUND_ID": order.refund_id, "REFUND_FLAG": "1" if order.refund_id else "",
        "CANCEL_DATE": order.cancelled,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}

"""Pay, cancel, refund and fetch: what a portal may do with a booked order."""

from __future__ import annotations

from collections.abc import Mapping

from engine.message import SHANGHAI
from engine.services.appointments.booking import give_back, own
from engine.services.appointments.counter import Counter
from engine.services.appointments.model import Payment, Pending
from engine.services.appointments.moving import Result, begin, carry_out
from engine.services.appointments.orders import Move, Order
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import check_cancelling
from engine.store.again import again

_WAYS = {"1", "2", "3", "4", "5", "6"}
"""PAY_CHANNEL_ID of the Jilin text."""


def pay(counter: Counter, portal: str, order_id: str, payment: Payment, trace: str) -> Order:
    """Tell the hospital of money that was taken (2008); the same serial again is answered as the order now is."""
    one = own(counter, portal, order_id)
    if one.serial == payment.serial and (one.pending == "pay" or one.state in ("paid", "fetched")):
        return one
    if one.state in ("paid", "fetched"):
        raise refuse("SND-716", "该订单已用另一笔流水支付。")
    _need_idle(one)
    if one.state != "booked":
        raise refuse("SND-714")
    _check_payment(one, payment)
    counter.need(one.institution, "2008")
    money = money_of(payment)
    begun = begin(
        counter, one, "pay", what="pay-asked", who=portal, trace=trace, money=money, values={"serial": payment.serial}
    )  # fmt: skip
    if begun is None:
        return pay(counter, portal, order_id, payment, trace)
    return _answered(carry_out(counter, begun, "2008"))


def money_of(payment: Payment) -> Mapping[str, str]:
    """Write a payment as an order keeps it, sealed."""
    there = payment.paid_at.astimezone(SHANGHAI)
    return {
        "date": f"{there:%Y-%m-%d}", "time": f"{there:%H:%M:%S}", "channel": payment.channel, "total": str(payment.total),
        "payable": str(payment.payable), "paid": str(payment.paid), "result_code": payment.result_code,
        "result_text": payment.result_text, "merchant": payment.merchant, "terminal": payment.terminal,
    }  # fmt: skip


def _check_payment(one: Order, payment: Payment) -> None:
    if not payment.serial or len(payment.serial) > 32:
        raise refuse("SND-716", "支付流水号应为 1 至 32 个字符。")
    if payment.channel not in _WAYS:
        raise refuse("SND-716", "支付渠道不正确。")
    if payment.paid != one.payable or payment.payable != one.payable:
        raise refuse("SND-716", f"应付 {one.payable} 分，所报金额不符。")


def cancel(counter: Counter, portal: str, order_id: str, reason: str, trace: str) -> Order:
    """Cancel an unpaid order (2009) or refund a paid one (2010); one that has ended so is answered as it is."""
    one = own(counter, portal, order_id)
    if one.state in ("cancelled", "refunded") or one.pending in ("cancel", "refund", "unlock") or one.wish:
        return one
    if one.state == "failed":
        raise refuse("SND-714")
    if one.state == "fetched":
        raise refuse("SND-714", "已取号，请到医院窗口退号。")
    _need_idle(one)
    if one.state == "locked":
        return _answered(give_back(counter, one, who=portal, ended_by="patient", trace=trace))
    check_cancelling(counter.rules_of(one.institution), one.date, counter.now())
    if one.state == "booking":
        return _cancel_later(counter, one, portal, reason, trace)
    result = end(counter, one, who=portal, ended_by="patient", reason=reason, trace=trace)
    return _answered(result) if result is not None else cancel(counter, portal, order_id, reason, trace)


def end(
    counter: Counter, one: Order, *, who: str, ended_by: str, reason: str, trace: str = "", late: bool = False
) -> Result | None:
    """Ask the hospital to cancel an unpaid order or to refund a paid one; None when the order was moved meanwhile."""
    pending: Pending = "refund" if one.state == "paid" else "cancel"
    function = "2010" if pending == "refund" else "2009"
    counter.need(one.institution, function)
    values = {"ended_by": ended_by, "wish": ""}
    if pending == "refund":
        # The same number at every try, so that a repeat is known as one.
        values["refund_id"] = one.refund_id or f"{one.order_id}R"
    begun = begin(
        counter, one, pending, what=f"{pending}-asked", who=who, trace=trace, why=reason, words=reason or one.words, values=values
    )  # fmt: skip
    return carry_out(counter, begun, function, late=late) if begun is not None else None


def _cancel_later(counter: Counter, one: Order, portal: str, reason: str, trace: str) -> Order:
    """Remember that an order is to be cancelled whose booking is not yet known to have gone through."""
    by = Move(what="cancel-wished", who=portal, trace=trace, why=reason, words=reason, values={"wish": "cancel"})
    moved = again(counter.database, lambda connection: counter.orders.move(connection, one, by, counter.now()))
    return moved if moved is not None else cancel(counter, portal, one.order_id, reason, trace)


def fetch(counter: Counter, portal: str, order_id: str, trace: str) -> Order:
    """Fetch the number of a paid order (2011)."""
    one = own(counter, portal, order_id)
    if one.state == "fetched" or one.pending == "fetch":
        return one
    _need_idle(one)
    if one.state != "paid":
        raise refuse("SND-714")
    counter.need(one.institution, "2011")
    begun = begin(counter, one, "fetch", what="fetch-asked", who=portal, trace=trace)
    if begun is None:
        return fetch(counter, portal, order_id, trace)
    return _answered(carry_out(counter, begun, "2011"))


def _need_idle(one: Order) -> None:
    if one.pending:
        raise refuse("SND-723")


def _answered(result: Result) -> Order:
    if result.refusal is not None:
        raise result.refusal
    return result.order

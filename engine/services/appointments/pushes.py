"""Answer hospitals that call us (5001 to 5006, 6001, 6002, 7001): effect and answer in one transaction, repeats as the first time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from engine.hospital import Values
from engine.message import SHANGHAI
from engine.report import ReportPerson
from engine.services.appointments.conclusions import number
from engine.services.appointments.counter import Counter
from engine.services.appointments.model import Answer, NoticeKind
from engine.services.appointments.notices import give_notice
from engine.services.appointments.orders import Move, Order
from engine.services.appointments.stops import reopened, stop
from engine.services.appointments.tables import call, order
from engine.store.again import again
from engine.store.database import Database, insert_into
from engine.store.troubles import Collision

_OK = "成功"
_LATER: Answer = ("99", "平台正在处理该订单，请稍后重发", {})
_PUSHES: Mapping[str, NoticeKind] = {"1": "bill", "2": "queue", "3": "report", "4": "report", "5": "report"}
_KEPT = timedelta(days=400)
"""How long a call is known as a repeat."""


def answer(counter: Counter, institution: str, function: str, values: Values, trace: str) -> Answer:
    """Answer one call of a hospital; raises TryAgain when the store is away, and then nothing was done."""
    if function == "5006":
        return _refund_state(counter, institution, values)
    if function in _BILLS:
        return _BILLS[function], "平台没有该账单", {}
    effect = _EFFECTS[function]
    digest = _digest(counter, values)
    return again(
        counter.database, lambda connection: _once(counter, connection, institution, function, digest, values, trace, effect)
    )


def effect(counter: Counter, connection: Connection, institution: str, function: str, values: Values, trace: str) -> Answer:
    """Do what a hospital's call says in the caller's transaction, without keeping its answer for a repeat."""
    return _EFFECTS[function](counter, connection, institution, values, trace)


def forget_calls(database: Database, now: datetime) -> int:
    """Delete the calls that are too old to be repeated; gives their number."""
    with database.write() as connection:
        return int(connection.execute(delete(call).where(call.c.at < now - _KEPT)).rowcount)


Effect = Callable[[Counter, Connection, str, Values, str], Answer]


def _once(
    counter: Counter, connection: Connection, institution: str, function: str, digest: str, values: Values, trace: str,
    effect: Effect,
) -> Answer:  # fmt: skip
    key = {"institution": institution, "function": function, "digest": digest}
    row = {**key, "at": counter.now(), "code": "", "message": "", "answer": b""}
    # Of two equal calls at once the second waits here for the first, and then finds its row.
    insert = insert_into(connection.dialect.name, call).values(row).on_conflict_do_nothing().returning(call.c.digest)
    first = connection.execute(insert).first() is not None
    mine = tuple(call.c[name] == value for name, value in key.items())
    if not first and not (function == "5001" and reopened(connection, institution, values)):
        kept = connection.execute(select(call).where(*mine)).one()
        text = counter.seal.open_text(kept.answer, table="booking_call", column="answer", row=f"{institution} {digest}")
        return kept.code, kept.message, json.loads(text) if text else {}
    code, message, told = effect(counter, connection, institution, values, trace)
    if code == _LATER[0]:
        connection.execute(delete(call).where(*mine))
        return code, message, told
    sealed = b""
    if told:
        sealed = counter.seal.seal_text(json.dumps(told), table="booking_call", column="answer", row=f"{institution} {digest}")
    connection.execute(update(call).where(*mine).values(code=code, message=message, answer=sealed))
    return code, message, told


def _digest(counter: Counter, values: Values) -> str:
    plain = json.dumps(values, sort_keys=True, ensure_ascii=False, default=list)
    return hashlib.sha256(counter.seal.lookup(plain).encode()).hexdigest()


def _order(counter: Counter, connection: Connection, institution: str, values: Values) -> Order | None:
    found = counter.orders.read(connection, str(values.get("ORDER_ID", "")))
    return found if found is not None and found.institution == institution else None


def _moved(counter: Counter, connection: Connection, one: Order, by: Move) -> None:
    if counter.orders.move(connection, one, by, counter.now()) is None:
        raise Collision("the order was moved meanwhile")


def _stop(counter: Counter, connection: Connection, institution: str, values: Values, _trace: str) -> Answer:
    return stop(connection, institution, values, counter.now())


def _cancel(counter: Counter, connection: Connection, institution: str, values: Values, trace: str) -> Answer:
    one = _order(counter, connection, institution, values)
    if one is None:
        return "500201", "预约订单不存在", {}
    if one.state in ("paid", "fetched"):
        return "500202", "预约订单已支付", {}
    if one.state in ("refunded", "failed"):
        return "500203", "预约订单已关闭", {}
    if one.state != "cancelled":
        reason = str(values.get("CANCEL_REMARK", ""))
        by = Move(
            what="cancelled-by-hospital", who="hospital", to="cancelled", trace=trace, why=reason, words=reason,
            values={"ended_by": "hospital", "expires": None}, notice=("cancelled-by-hospital", f"医院取消了预约：{reason}"),
        )  # fmt: skip
        _moved(counter, connection, one, by)
    return "0", _OK, {}


def _refund(counter: Counter, connection: Connection, institution: str, values: Values, trace: str) -> Answer:
    one = _order(counter, connection, institution, values)
    if one is None:
        return "500301", "订单不存在", {}
    theirs, fee = str(values.get("HOSP_REFUND_ID", "")), number(values.get("REFUND_FEE"))
    refund_id = one.refund_id or f"{one.order_id}R"
    if one.state == "refunded" and one.told.get("hospital_refund", theirs) == theirs:
        return "0", _OK, {"REFUND_ID": refund_id}
    if one.state not in ("paid", "fetched", "booking"):
        return "500302", "订单已关闭或尚未支付", {}
    if fee <= 0 or (one.paid and fee > one.paid):
        return "500303", "退费金额不正确", {}
    if not str(values.get("REFUND_TYPE", "")).isdecimal():
        return "500304", "业务类型不正确", {}
    reason, ours = str(values.get("REFUND_REMARK", "")), str(values["REFUND_TYPE"]) == "1"
    words = f"医院已退号，请退还患者 {fee} 分。" if ours else f"医院已退号并退费 {fee} 分。"
    by = Move(
        what="refunded-by-hospital", who="hospital", to="refunded", trace=trace, why=reason, words=reason,
        told={"hospital_refund": theirs, "refund_flag": "1" if ours else "2"}, notice=("refunded", words),
        values={"ended_by": "hospital", "refund": fee, "refund_id": refund_id, "expires": None,
                "hospital_order": one.hospital_order or str(values.get("HOSP_ORDER_ID", ""))},
    )  # fmt: skip
    _moved(counter, connection, one, by)
    return "0", _OK, {"REFUND_ID": refund_id}


def _print(counter: Counter, connection: Connection, institution: str, values: Values, trace: str) -> Answer:
    one = _order(counter, connection, institution, values)
    if one is None or not one.live:
        return "500401", "预约订单不存在" if one is None else "预约订单已结束", {}
    if one.state != "fetched":
        by = Move(
            what="printed", who="hospital", to="fetched", known=True, trace=trace, values={"expires": None},
            told={"queue_number": str(values.get("HOSP_SERIAL_NUM", "")), "fetched_at": str(values.get("PRINT_DATE", ""))},
            notice=("printed", "患者已在医院取号。"),
        )  # fmt: skip
        _moved(counter, connection, one, by)
    return "0", _OK, {}


def _pay(counter: Counter, connection: Connection, institution: str, values: Values, trace: str) -> Answer:
    one = _order(counter, connection, institution, values)
    if one is None or not one.live:
        return "500501", "预约订单不存在" if one is None else "预约订单已结束", {}
    if one.state != "fetched":
        twice = one.state == "paid" or one.pending == "pay"
        words = "患者已在线支付，又在窗口支付，请与医院核对退费。" if twice else "患者已在医院窗口支付并取号。"
        by = Move(
            what="paid-at-window", who="hospital", to="fetched", known=True, trace=trace,
            values={"expires": None, "paid": one.paid or number(values.get("PAY_FEE"))},
            told={"queue_number": str(values.get("HOSP_SERIAL_NUM", ""))}, notice=("paid-at-window", words),
        )  # fmt: skip
        _moved(counter, connection, one, by)
    return "0", _OK, {}


def _push(counter: Counter, connection: Connection, institution: str, values: Values, trace: str) -> Answer:
    told = 0
    for item in values.get("DATA_INFO", ()):
        one = _order(counter, connection, institution, item)
        if one is None and item.get("HOSP_ORDER_ID"):
            theirs = (order.c.institution == institution, order.c.hospital_order == str(item["HOSP_ORDER_ID"]))
            row = connection.execute(select(order).where(*theirs).limit(1)).one_or_none()
            one = None if row is None else counter.orders.opened(row)
        kind = _PUSHES.get(str(item.get("PUSH_TYPE", "")))
        heard = counter.reports(connection, institution, item, _whose(one), _moment(item) or counter.now(), trace)
        if one is None or kind is None:
            told += heard
            continue
        text = f"{item.get('PUSH_CONTENT', '')}（编号 {item.get('PUSH_ID', '')}）"
        give_notice(connection, counter.seal, one.portal, institution, one.order_id, kind, text, counter.now())
        told += 1
    return ("0", _OK, {}) if told else ("700101", "用户不存在", {})


def _whose(one: Order | None) -> ReportPerson:
    """Say whose a pushed item is: the patient of the order it names, of whom it tells no number itself."""
    if one is None:
        return ReportPerson()
    return ReportPerson(
        identity=one.person.get("id_number", "") if one.person.get("id_type") == "1" else "", name=one.person.get("name", ""),
        gender=one.person.get("sex", ""), birth=one.person.get("birthday", "").replace("-", ""), card=one.person.get("health_card", ""),
        numbers=tuple(f"patient^{number}" for number in (one.person.get("hospital_patient"),) if number),
    )  # fmt: skip


def _moment(item: Values) -> datetime | None:
    """Read the time of a pushed item, of Shanghai; None when it is none."""
    try:
        return datetime.fromisoformat(str(item.get("DATA_TIME", ""))).replace(tzinfo=SHANGHAI)
    except ValueError:
        return None


def _refund_state(counter: Counter, institution: str, values: Values) -> Answer:
    """Tell what is so now (5006); while the hospital's own answer to a refund is awaited, that nothing can be said yet."""
    with counter.database.read() as connection:
        one = _order(counter, connection, institution, values)
    if one is None:
        return "500601", "预约订单不存在", {}
    if one.pending == "refund":
        return "99", "退费正在处理，请稍后再查", {}
    done = one.state == "refunded"
    return "0", _OK, {
        "TOTAL_FEE": str(one.paid), "REFUND_FEE": str(one.refund), "REFUND_ID": one.refund_id or f"{one.order_id}R",
        "REFUND_COUNT": "1" if done else "0", "REFUND_STATUS": "1" if done else "2",
    }  # fmt: skip


_EFFECTS: Mapping[str, Effect] = {
    "5001": _stop, "5002": _cancel, "5003": _refund, "5004": _print, "5005": _pay, "7001": _push,
}  # fmt: skip
_BILLS = {"6001": "600101", "6002": "600201"}
"""Bills of treatment are paid elsewhere: the platform holds none, and says so."""

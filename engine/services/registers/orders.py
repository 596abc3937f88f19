"""Let a hospital's status of an outpatient appointment (S0053, S0054) move the order that was booked through the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from engine.errors import TryAgain
from engine.hospital import Values
from engine.interaction import Interaction
from engine.services.appointments.model import Answer
from engine.services.appointments.tables import order
from engine.services.registers.asked import refuse, said

OrderNews = Callable[[Connection, str, str, Values, str], Answer]
"""Let a hospital's word move one of our own orders in the caller's transaction: institution, function (5002 or 5004), values, trace,
as `Appointments.told`; gives RETURN_CODE, RETURN_MSG and values."""

_CANCELLED, _FETCHED = "5002", "5004"
_WORDS: Mapping[str, tuple[str, ...]] = {
    _CANCELLED: ("取消", "作废", "cancelled"),
    _FETCHED: ("取号", "签到", "报到", "已就诊", "fetched"),
}
"""What of a status says that an order was cancelled, or its number fetched: no list of codes was ever published."""

_DONE = {_CANCELLED: "平台预约订单已取消", _FETCHED: "平台预约订单已取号"}
_LATER = "99"


@dataclass(frozen=True, slots=True)
class OrderMoves:
    """The orders of the platform as a status of an appointment moves them."""

    orders: OrderNews

    def __call__(self, connection: Connection, asked: Interaction, values: Values) -> str:
        """Move the order that a status speaks of; gives what is to be said of it, "" when it is none of ours or tells nothing new.

        Raises SenderError (SND-739) when the order cannot go there, TryAgain when the platform is busy with it.
        """
        number, function = said(values, "number"), _function(values)
        ours = order.c.institution == asked.institution, or_(order.c.order_id == number, order.c.hospital_order == number)
        found = connection.execute(select(order.c.order_id).where(*ours).limit(1)).scalar()
        if not found or not function:
            return ""
        told = {"ORDER_ID": found, "CANCEL_REMARK": said(values, "statusName")}
        code, message, _ = self.orders(connection, asked.institution, function, told, asked.trace)
        if code == _LATER:
            raise TryAgain(message, retry_after=2)
        if code != "0":
            raise refuse("SND-739", f"预约 {number}：{message}。")
        return _DONE[function]


def _function(values: Values) -> str:
    words = f"{said(values, 'statusName')} {said(values, 'status')}"
    return next((function for function, marks in _WORDS.items() if any(mark in words for mark in marks)), "")

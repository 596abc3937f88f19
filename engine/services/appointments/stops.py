"""Stop clinics as hospitals tell us to (5001): no seat is sold there any more, and every order is ended by an errand of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, text, update

from engine.hospital import Values
from engine.message import shanghai_text
from engine.services.appointments import pool
from engine.services.appointments.model import Answer
from engine.services.appointments.orders import TEND
from engine.services.appointments.tables import LIVE_SQL, clinic, order
from engine.store import errands


def stop(connection: Connection, institution: str, values: Values, at: datetime) -> Answer:
    """Stop what 5001 names and put the orders there up to be ended, all in the caller's transaction.

    Slots are stopped first: whoever is taking a seat there is waited for, and so found among the orders.
    """
    chosen = _chosen(values)
    names = pool.stop(connection, institution, chosen, _mark(values, at), at)
    whole = [clinic.c.institution == institution, clinic.c.department == chosen["department"], clinic.c.date == chosen["date"]]
    if not (chosen["begins"] or chosen["ends"]):
        if chosen["doctor"] not in ("", "-1"):
            whole.append(clinic.c.doctor == chosen["doctor"])
        if chosen["half"] not in ("", "-1", "4"):
            whole.append(clinic.c.half == chosen["half"])
        connection.execute(update(clinic).where(*whole).values(status="stopped"))
    touched = []
    for name in names:
        mine = (order.c.institution == institution, order.c.slot == name, text(LIVE_SQL))
        touched += list(connection.execute(select(order.c.order_id).where(*mine)).scalars())
    for order_id in sorted(touched):
        errands.put(connection, TEND, order_id, institution, at)
    if not touched:
        return "500101", "没有受停诊影响的订单", {}
    return "0", "成功", {}


def reopened(connection: Connection, institution: str, values: Values) -> bool:
    """Tell whether something that 5001 names can be booked, so that the same notice is no repeat but a new stop."""
    return pool.any_open(connection, institution, _chosen(values))


def _chosen(values: Values) -> dict[str, str]:
    named = {"department": "DEPT_ID", "doctor": "DOCTOR_ID", "half": "TIME_FLAG", "begins": "BEGIN_TIME", "ends": "END_TIME"}
    return {name: str(values.get(node, "")) for name, node in named.items()} | {"date": str(values.get("REG_DATE", ""))[:10]}


def _mark(values: Values, at: datetime) -> str:
    """Name the stop, with what the platform is not to do: refund (IS_REFUND other than 1), cancel there (IS_CANCEL other than 1)."""
    parts = [shanghai_text(at)]
    if str(values.get("IS_REFUND", "1") or "1") != "1":
        parts.append("no-refund")
    if str(values.get("IS_CANCEL", "1") or "1") != "1":
        parts.append("no-cancel")
    return " ".join(parts)

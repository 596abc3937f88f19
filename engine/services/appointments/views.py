"""Show what can be booked and what was ordered: to portals page by page, to the monitor as figures without names."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, func, select, tuple_

from engine.identity import KINDS
from engine.services.appointments import model
from engine.services.appointments.counter import Counter
from engine.services.appointments.orders import Order
from engine.services.appointments.patients import number_key
from engine.services.appointments.refusals import refuse
from engine.services.appointments.sync import DOCTORS, FULL, SLOTS
from engine.services.appointments.tables import clinic, department, doctor, hospital, order, slot
from engine.store.columns import AnyRow
from engine.store.errands import errand_record

_NUMBER = re.compile(r"[0-9]{1,9}")
_UNANSWERED = "医院还没有答复，处理中，请稍后用 QueryOrder 查询。"
_LOCK_LOST = "医院没有及时答复锁号，号源正在释放，请重新选择。"


def order_view(connection: Connection, one: Order) -> model.OrderView:
    """Show an order to its portal: names of department and doctor looked up, the patient's name masked."""
    keys = {"its_institution": one.institution, "its_schedule": one.schedule, "its_department": one.department}
    doctor_name = connection.execute(_DOCTOR_NAME, keys).scalar() or ""
    department_name = connection.execute(_DEPARTMENT_NAME, keys).scalar() or ""
    told = one.told
    return model.OrderView(
        order=one.order_id, request_id=one.request_id, portal=one.portal, state=one.state, pending=one.pending,
        hospital=one.institution, department=one.department, department_name=department_name, doctor=one.doctor,
        doctor_name=doctor_name, slot=one.slot, date=one.date, half=one.half, begin=one.begins, end=one.ends,
        patient_name=masked_name(one.person.get("name", "")), registration_fee=one.registration_fee,
        treatment_fee=one.treatment_fee, payable=one.payable, hospital_order=one.hospital_order,
        queue_number=told.get("queue_number", ""), medical_number=told.get("medical_number", ""),
        fetch_window=told.get("fetch_window", ""), place=told.get("place", ""), remark=told.get("remark", ""), refund=one.refund,
        created_at=one.created, locked_until=one.expires if one.state == "locked" else None,
        pay_by=one.expires if one.state == "booked" else None, changed_at=one.changed, message=_message(one),
    )  # fmt: skip


def _message(one: Order) -> str:
    if one.pending == "unlock" and one.state == "locked" and not one.ended_by:
        return _LOCK_LOST
    if one.live and one.unanswered:
        return _UNANSWERED
    return one.words if one.state == "failed" else ""


def masked_name(name: str) -> str:
    """Show the first character of a name and hide the others."""
    return f"{name[:1]}{'*' * (len(name) - 1)}"


def hospitals(counter: Counter, page: model.Page) -> model.Listing[model.Hospital]:
    """List the hospitals that described themselves and are connected."""
    failing = select(errand_record.c.institution).where(
        errand_record.c.kind.in_((FULL, DOCTORS, SLOTS)), errand_record.c.failures > 0
    )  # fmt: skip
    query = select(hospital, hospital.c.institution.in_(failing).label("failing"))
    with counter.database.read() as connection:
        rows, token = page_rows(connection, query, (hospital.c.institution,), page)
    items = tuple(
        model.Hospital(
            hospital=row.institution, name=row.name, short_name=row.short_name, level=row.level, address=row.address,
            telephone=row.telephone, horizon_days=row.horizon_days, opens_at=row.opens_at, closes_at=row.closes_at,
            reachable=not row.failing, as_of=row.as_of,
        )
        for row in rows if counter.terms_of(row.institution) is not None
    )  # fmt: skip
    return model.Listing(items=items, token=token)


def departments(counter: Counter, institution: str, page: model.Page) -> model.Listing[model.Department]:
    """List the departments of a hospital."""
    counter.terms(institution)
    query = select(department).where(department.c.institution == institution, department.c.status == "current")
    with counter.database.read() as connection:
        rows, token = page_rows(connection, query, (department.c.department,), page)
    items = tuple(
        model.Department(department=row.department, name=row.name, parent=row.parent, level=row.level,
                         description=row.description, expertise=row.expertise, address=row.address)
        for row in rows
    )  # fmt: skip
    return model.Listing(items=items, token=token)


def doctors(counter: Counter, institution: str, wanted: str, page: model.Page) -> model.Listing[model.Doctor]:
    """List the doctors of a hospital, or of one department."""
    counter.terms(institution)
    query = select(doctor).where(doctor.c.institution == institution, doctor.c.status == "current")
    if wanted:
        query = query.where(doctor.c.department == wanted)
    with counter.database.read() as connection:
        rows, token = page_rows(connection, query, (doctor.c.department, doctor.c.doctor), page)
    items = tuple(
        model.Doctor(doctor=row.doctor, department=row.department, name=row.name, title=row.title, speciality=row.speciality,
                     description=row.description, registration_fee=row.registration_fee)
        for row in rows
    )  # fmt: skip
    return model.Listing(items=items, token=token)


def schedules(
    counter: Counter, institution: str, wanted: str, who: str, first: str, last: str, page: model.Page
) -> model.Listing[model.Schedule]:
    """List half days, by day: what is free is the sum over the slots, or what the hospital said while none were asked for."""
    counter.terms(institution)
    seats = (
        select(slot.c.schedule, func.sum(case((slot.c.free > 0, slot.c.free), else_=0)).label("free"),
               func.max(case((slot.c.unlimited, 1), else_=0)).label("boundless"))
        .where(slot.c.institution == institution, slot.c.status != "gone").group_by(slot.c.schedule).subquery()
    )  # fmt: skip
    query = select(clinic, seats.c.free, seats.c.boundless).outerjoin(seats, seats.c.schedule == clinic.c.schedule)
    query = query.where(clinic.c.institution == institution, clinic.c.status != "gone")
    for column, value in ((clinic.c.department, wanted), (clinic.c.doctor, who)):
        query = query.where(column == value) if value else query
    query = query.where(clinic.c.date >= first) if first else query
    query = query.where(clinic.c.date <= last) if last else query
    with counter.database.read() as connection:
        rows, token = page_rows(connection, query, (clinic.c.date, clinic.c.schedule), page)
    items = tuple(
        model.Schedule(
            schedule=row.schedule, department=row.department, doctor=row.doctor, doctor_name=row.doctor_name, title=row.title,
            date=row.date, half=row.half, clinic_level=row.level, status=row.status, total=row.total,
            free=row.remaining if row.free is None else int(row.free), unlimited=bool(row.boundless),
            registration_fee=row.registration_fee, treatment_fee=row.treatment_fee, timed=row.timed, as_of=row.as_of,
        )
        for row in rows
    )  # fmt: skip
    return model.Listing(items=items, token=token)


def slots(counter: Counter, institution: str, schedule: str) -> tuple[model.Slot, ...]:
    """List the slots of a half day; an unknown one is refused (SND-702)."""
    counter.terms(institution)
    with counter.database.read() as connection:
        known = (clinic.c.institution == institution, clinic.c.schedule == schedule, clinic.c.status != "gone")
        if connection.execute(select(clinic.c.schedule).where(*known)).first() is None:
            raise refuse("SND-702")
        mine = (slot.c.institution == institution, slot.c.schedule == schedule, slot.c.status != "gone")
        rows = connection.execute(select(slot).where(*mine).order_by(slot.c.begins, slot.c.slot)).all()
    return tuple(slot_view(row) for row in rows)


def slot_view(row: AnyRow) -> model.Slot:
    """Show a slot; a debt of seats shows as none free."""
    return model.Slot(
        slot=row.slot, schedule=row.schedule, department=row.department, doctor=row.doctor, date=row.date, half=row.half,
        begin=row.begins, end=row.ends, status=row.status, total=row.total, free=max(0, row.free), unlimited=row.unlimited,
        registration_fee=row.registration_fee, treatment_fee=row.treatment_fee, as_of=row.as_of,
    )  # fmt: skip


def list_orders(counter: Counter, portal: str, query: model.OrderQuery) -> model.Listing[model.OrderView]:
    """List a portal's own orders, the oldest first."""
    chosen = [order.c.portal == portal]
    if query.account:
        chosen.append(order.c.account_lookup == counter.seal.lookup(f"{portal} {query.account}"))
    if query.id_number:
        lookups = [counter.seal.lookup(number_key(kind, query.id_number)) for kind in sorted(KINDS)]
        chosen.append(order.c.person_lookup.in_(lookups))
    for value, condition in (
        (query.hospital, order.c.institution == query.hospital), (query.first, order.c.date >= query.first),
        (query.last, order.c.date <= query.last), (query.states, order.c.state.in_(query.states)),
    ):  # fmt: skip
        if value:
            chosen.append(condition)
    with counter.database.read() as connection:
        rows, token = page_rows(connection, select(order).where(and_(*chosen)), (order.c.order_id,), query.page)
        items = tuple(order_view(connection, counter.orders.opened(row)) for row in rows)
    return model.Listing(items=items, token=token)


def page_rows(connection: Connection, query: Select[Any], keys: tuple[Any, ...], page: model.Page) -> tuple[list[AnyRow], str]:
    """Read one page in the order of the keys; the token is the keys of the last row, with tabs between."""
    if page.token:
        query = query.where(tuple_(*keys) > _after(keys, page.token))
    rows = list(connection.execute(query.order_by(*keys).limit(page.size + 1)).all())
    shown = rows[: page.size]
    more = len(rows) > page.size
    return shown, "\t".join(str(getattr(shown[-1], key.name)) for key in keys) if more else ""


def _after(keys: tuple[Any, ...], token: str) -> tuple[Any, ...]:
    """Read the keys in a token, each as its column keeps it; others than were given are refused (SND-721)."""
    parts = token.split("\t")
    numbers = [part for key, part in zip(keys, parts, strict=False) if key.type.python_type is int]
    if len(parts) != len(keys) or not all(_NUMBER.fullmatch(part) for part in numbers):
        raise refuse("SND-721")
    return tuple(key.type.python_type(part) for key, part in zip(keys, parts, strict=True))


_DOCTOR_NAME = select(clinic.c.doctor_name).where(
    clinic.c.institution == bindparam("its_institution"), clinic.c.schedule == bindparam("its_schedule")
)
_DEPARTMENT_NAME = select(department.c.name).where(
    department.c.institution == bindparam("its_institution"), department.c.department == bindparam("its_department")
)

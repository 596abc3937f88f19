"""Show referrals: whole to origin and receiver, with the patient masked to others; one by one and in lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC

from sqlalchemy import Column, ColumnElement, Connection, and_, or_, select

from engine.services.appointments.model import Listing, OrderView, Page
from engine.services.appointments.orders import Order
from engine.services.appointments.refusals import refuse
from engine.services.appointments.tables import department as departments
from engine.services.appointments.tables import doctor as doctors
from engine.services.appointments.views import order_view
from engine.services.identifying import Key, identity_form
from engine.services.referrals.kept import Kept
from engine.services.referrals.model import Booked, NoticeState, Party, PatientSaid, Referral, ReferralQuery, Role
from engine.services.referrals.notices import states
from engine.services.referrals.office import Office, names_of
from engine.services.referrals.sharing import attached, attaching
from engine.services.referrals.tables import referral
from engine.services.residents import find_resident, one_person
from engine.store.columns import AnyRow, micros, moment
from engine.store.masking import mask

_LARGEST_PAGE = 200
_ROLES: tuple[Role, ...] = ("origin", "receiver", "reviewer")
WHOLE = ""
"""The platform itself, which sees everything."""

_NOBODY = "?"
"""Who has no part in any referral: no code of an institution looks so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Beside:
    """What is read once for all the referrals that are shown together; hospitals, departments and doctors by code."""

    names: Mapping[str, str] = field(default_factory=dict)
    departments: Mapping[tuple[str, str], str] = field(default_factory=dict)
    doctors: Mapping[tuple[str, str], str] = field(default_factory=dict)
    notices: Mapping[tuple[str, str], NoticeState] = field(default_factory=dict)
    attaching: Collection[str] = ()
    orders: Mapping[str, Order] = field(default_factory=dict)


def shown(office: Office, connection: Connection, viewer: str, found: Sequence[Kept]) -> tuple[Referral, ...]:
    """Show referrals to an institution, or to the platform itself."""
    numbers = [one.referral for one in found]
    beside = _Beside(
        names=names_of(connection, {code for one in found for code in (one.origin, one.receiver)}),
        departments=_department_names(connection, found), doctors=_doctor_names(connection, found),
        notices=states(connection, numbers), attaching=attaching(connection, numbers),
        orders=office.booking.orders.several(connection, {one.order_id for one in found if one.order_id}),
    )  # fmt: skip
    return tuple(_shown(office, connection, viewer, one, beside) for one in found)


def every(office: Office, connection: Connection, query: ReferralQuery) -> Listing[Referral]:
    """List the referrals of all institutions, masked, the latest first; roles are ignored."""
    return _page(office, connection, _NOBODY, [_chosen(office, connection, query)], query.page)


def _shown(office: Office, connection: Connection, viewer: str, one: Kept, beside: _Beside) -> Referral:
    sides, names = viewer in (one.origin, one.receiver, WHOLE), beside.names
    sender, words = one.said.origin, one.words
    other = one.origin if viewer == one.receiver else one.receiver
    return Referral(
        referral=one.referral, request_id=one.request_id, state=one.state, version=one.version, direction=one.direction,
        kind=one.kind, urgency=one.urgency,
        origin=Party(
            hospital=one.origin, hospital_name=names.get(one.origin, ""), department=sender.department,
            department_name=sender.department_name, doctor=sender.doctor, doctor_name=sender.doctor_name,
            telephone=sender.telephone,
        ),
        to=_receiver(one, beside), reviewer=one.reviewer, patient=one.patient if sides else masked(one.patient),
        clinical=one.said.clinical, share=one.said.share,
        attached=attached(office, connection, one) if one.referral in beside.attaching else (),
        late_entry=one.said.late_entry, occurred_at=one.occurred, summary=words.summary, note=words.note, why=words.why,
        return_of=one.return_of, returned_by=one.returned_by, booking=_booking(connection, one, beside), record=one.record,
        notice=beside.notices.get((one.referral, other), "none"), created_at=one.created, changed_at=one.changed, due_at=one.due,
        overdue=one.overdue,
    )  # fmt: skip


def masked(patient: PatientSaid) -> PatientSaid:
    """Hide who a patient is, as the quality report does."""
    return replace(
        patient, name=mask(patient.name, "name"), birthday=mask(patient.birthday, "birth"), id_number=mask(patient.id_number, "number"),
        mobile=mask(patient.mobile, "number"), address=mask(patient.address, "address"),
        health_card=mask(patient.health_card, "number"),
    )  # fmt: skip


def receiver_of(connection: Connection, one: Kept) -> Party:
    """Name where a patient goes, as far as the receiver told of its departments and doctors; its own name is left out."""
    return _receiver(one, _Beside(departments=_department_names(connection, [one]), doctors=_doctor_names(connection, [one])))


def _receiver(one: Kept, beside: _Beside) -> Party:
    return Party(
        hospital=one.receiver, hospital_name=beside.names.get(one.receiver, ""), department=one.department, doctor=one.doctor,
        department_name=beside.departments.get((one.receiver, one.department), ""),
        doctor_name=beside.doctors.get((one.receiver, one.doctor), ""),
    )  # fmt: skip


def _department_names(connection: Connection, found: Sequence[Kept]) -> dict[tuple[str, str], str]:
    wanted = {(one.receiver, one.department) for one in found if one.department}
    return _names(connection, departments.c.institution, departments.c.department, departments.c.name, wanted)


def _doctor_names(connection: Connection, found: Sequence[Kept]) -> dict[tuple[str, str], str]:
    wanted = {(one.receiver, one.doctor) for one in found if one.doctor}
    return _names(connection, doctors.c.institution, doctors.c.doctor, doctors.c.name, wanted)


def _names(
    connection: Connection, hospital: Column[str], code: Column[str], name: Column[str], wanted: Collection[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Give what hospitals call these codes of theirs; a doctor of several departments is one person."""
    if not wanted:
        return {}
    its = (hospital.in_({one for one, _ in wanted}), code.in_({one for _, one in wanted}))
    rows = connection.execute(select(hospital.label("hospital"), code.label("code"), name.label("name")).where(*its))
    return {(row.hospital, row.code): row.name or "" for row in rows}


def _booking(connection: Connection, one: Kept, beside: _Beside) -> Booked | None:
    order = beside.orders.get(one.order_id)
    return None if order is None else _booked(order_view(connection, order))


def _booked(seen: OrderView) -> Booked:
    return Booked(**{name: getattr(seen, name) for name in Booked.__slots__})


def listed(office: Office, connection: Connection, institution: str, query: ReferralQuery) -> Listing[Referral]:
    """List an institution's referrals, the latest first."""
    columns = {"origin": referral.c.origin, "receiver": referral.c.receiver, "reviewer": referral.c.reviewer}
    chosen = _chosen(office, connection, query)
    parts = [[columns[role] == institution, *chosen] for role in dict.fromkeys(query.roles or _ROLES)]
    return _page(office, connection, institution, parts, query.page)


def _chosen(office: Office, connection: Connection, query: ReferralQuery) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    wanted += [referral.c.state.in_(list(query.states))] if query.states else []
    wanted += [referral.c.direction == query.direction] if query.direction else []
    wanted += [referral.c.created >= query.since] if query.since is not None else []
    wanted += [referral.c.created < query.until] if query.until is not None else []
    wanted += [referral.c.resident.in_(_people(office, connection, query.id_number))] if query.id_number else []
    return wanted


def of_people(office: Office, connection: Connection, portal: str, people: Collection[str], page: Page) -> Listing[Referral]:
    """List a person's referrals for a portal, the latest first."""
    return _page(office, connection, portal, [[referral.c.resident.in_(list(people))]], page)


def _people(office: Office, connection: Connection, id_number: str) -> list[str]:
    number = identity_form(id_number)
    found = find_resident(connection, office.seal, Key("identity", number)) if number else None
    return one_person(connection, found.number) if found else []


def _page(
    office: Office, connection: Connection, viewer: str, parts: Sequence[Sequence[ColumnElement[bool]]], page: Page
) -> Listing[Referral]:
    """Read one page of what any of the parts holds, the latest first; each part is read by its own index."""
    size = max(1, min(page.size, _LARGEST_PAGE))
    before = [_before(page.token)] if page.token else []
    found: dict[str, AnyRow] = {}
    for wanted in parts:
        query = select(referral).where(*wanted, *before).order_by(referral.c.created.desc(), referral.c.referral.desc())
        found |= {row.referral: row for row in connection.execute(query.limit(size + 1))}
    rows = sorted(found.values(), key=lambda row: (row.created, row.referral), reverse=True)
    items = shown(office, connection, viewer, [office.shelf.opened(row) for row in rows[:size]])
    return Listing(items=items, token=_token(rows[size - 1]) if len(rows) > size else "")


def _token(row: AnyRow) -> str:
    return f"{micros(row.created)}-{row.referral}"


def _before(token: str) -> ColumnElement[bool]:
    at, _, number = token.partition("-")
    if not at.isascii() or not at.isdecimal() or len(at) > 17 or not number:
        raise refuse("SND-721")
    created = moment(int(at)).astimezone(UTC)
    return or_(referral.c.created < created, and_(referral.c.created == created, referral.c.referral < number))

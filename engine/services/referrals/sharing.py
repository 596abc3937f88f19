"""Share documents with the receiver while the referral lasts: what is attached, and the origin's of the types that are shared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, or_, select

from engine.services.appointments.refusals import refuse
from engine.services.audit import Audit, looked_at
from engine.services.library import Reading
from engine.services.records import KeptRecord, RecordsDesk, record
from engine.services.referrals.kept import Kept
from engine.services.referrals.model import SHARING, Mover, SharedContent, SharedDocument
from engine.services.referrals.moving import Move, check, move, own
from engine.services.referrals.office import Office
from engine.services.referrals.tables import attachment
from engine.services.residents import one_person
from engine.store.database import insert_into
from engine.store.tables import message

_REASON = "转诊"
_MOST = 200
"""So many documents of a referral are listed at most, the latest written."""


def attach(office: Office, connection: Connection, by: Mover, number: str, document: str, at: datetime) -> Kept:
    """Attach a current document of the origin about this patient; one that there is not, or that is closed, is refused (SND-767)."""
    one = own(office, connection, by.institution, number)
    check(one, by, "attach")
    receipt = _named(office, connection, one, document)
    row = {"referral": number, "document": receipt, "attached": at}
    fresh = insert_into(connection.dialect.name, attachment).values(row).on_conflict_do_nothing().returning(attachment.c.document)
    if connection.execute(fresh).first() is None:
        return one
    return move(office, connection, by, number, Move(what="attach", to=None, why=receipt), at)


def detach(office: Office, connection: Connection, by: Mover, number: str, document: str, at: datetime) -> Kept:
    """Attach a document no more; one that was not attached changes nothing."""
    one = own(office, connection, by.institution, number)
    check(one, by, "detach")
    named = select(record.c.message).where(record.c.institution == one.origin, _by_name(one.origin, document))
    gone = attachment.c.document.in_(named) | (attachment.c.document == document)
    found = connection.execute(delete(attachment).where(attachment.c.referral == number, gone).returning(attachment.c.document))
    receipts = sorted(found.scalars())
    if not receipts:
        return one
    return move(office, connection, by, number, Move(what="detach", to=None, why="、".join(receipts)), at)


def documents(office: Office, connection: Connection, by: Mover, number: str) -> tuple[SharedDocument, ...]:
    """List what may be read, the latest first, audited; refused unless the referral is in a state that shares (SND-765)."""
    one = _open_referral(office, connection, by, number)
    found = _shared(office, connection, one, ())
    note = looked_at(
        "referral-documents", reason=_REASON, subject=number, actor=_reader(by), institution=by.institution, peer=by.peer
    )
    Audit().write(connection, [note])
    return found


def content(office: Office, connection: Connection, by: Mover, number: str, document: str) -> SharedContent:
    """Give one shared document, audited; refused when it is not shared or cannot be read any more (SND-765)."""
    one = _open_referral(office, connection, by, number)
    found = _shared(office, connection, one, (record.c.message == document,))
    if not found:
        raise refuse("SND-765")
    reading = Reading(reader=_reader(by), reason=f"{_REASON} {number}", institution=by.institution, peer=by.peer)
    kept = office.library.medical_record(connection, reading, document)
    if kept is None:
        raise refuse("SND-765", "平台没有保存该文书的原文。")
    return SharedContent(document=found[0], content=kept.body)


def attached(office: Office, connection: Connection, one: Kept) -> tuple[SharedDocument, ...]:
    """List the attached documents that still stand, whatever the state of the referral is."""
    return _listed(office, connection, one, (_is_attached(one),))


def attaching(connection: Connection, numbers: Collection[str]) -> set[str]:
    """Name those of these referrals to which anything was ever attached."""
    return set(connection.execute(select(attachment.c.referral).where(attachment.c.referral.in_(list(numbers)))).scalars())


def _open_referral(office: Office, connection: Connection, by: Mover, number: str) -> Kept:
    """Hold a referral in a state that shares until the transaction ends: a withdrawal waits, and nobody reads after its answer."""
    one = office.shelf.hold(connection, number)
    if one is None or not one.roles_of(by.institution):
        raise refuse("SND-760")
    if one.state not in SHARING or not one.roles_of(by.institution) & {"origin", "receiver"}:
        raise refuse("SND-765")
    return one


def _shared(office: Office, connection: Connection, one: Kept, more: Sequence[ColumnElement[bool]]) -> tuple[SharedDocument, ...]:
    by_type = record.c.document_type.in_(list(one.said.share))
    return _listed(office, connection, one, (or_(_is_attached(one), by_type), *more))


def _is_attached(one: Kept) -> ColumnElement[bool]:
    return record.c.message.in_(select(attachment.c.document).where(attachment.c.referral == one.referral))


def _listed(office: Office, connection: Connection, one: Kept, more: Sequence[ColumnElement[bool]]) -> tuple[SharedDocument, ...]:
    """List current documents of the origin about this person that are not closed to others."""
    query = (
        select(record).where(*_theirs(office, connection, one), *more).order_by(record.c.placed.desc(), record.c.message.desc())
    )
    mine = set(connection.execute(select(attachment.c.document).where(attachment.c.referral == one.referral)).scalars())
    desk = RecordsDesk(office.seal)
    rows = connection.execute(query.limit(_MOST)).mappings()
    return tuple(_document(desk.kept(row), mine) for row in rows)


def _theirs(office: Office, connection: Connection, one: Kept) -> tuple[ColumnElement[bool], ...]:
    return (
        record.c.institution == one.origin, record.c.resident.in_(one_person(connection, one.resident)),
        record.c.state == "current", record.c.confidentiality.not_in(list(office.closed)),
    )  # fmt: skip


def _document(kept: KeptRecord, mine: set[str]) -> SharedDocument:
    return SharedDocument(
        document=kept.message, document_type=kept.document_type, title=kept.title, hospital=kept.institution,
        written_at=kept.written, attached=kept.message in mine,
    )  # fmt: skip


def _by_name(origin: str, document: str) -> ColumnElement[bool]:
    """Match a document by its receipt, by the documentId it was uploaded under, or by its own id (with its root or without)."""
    uploaded = select(message.c.receipt).where(message.c.institution == origin, message.c.document_id == document)
    return or_(
        record.c.message == document, record.c.message.in_(uploaded), record.c.extension == document, record.c.own == document
    )


def _named(office: Office, connection: Connection, one: Kept, document: str) -> str:
    """Find the document that an origin names by its receipt or its own id."""
    if not document:
        raise refuse("SND-767", "请填写文书 document。")
    query = select(record.c.message).where(*_theirs(office, connection, one), _by_name(one.origin, document))
    found = connection.execute(query.order_by(record.c.placed.desc()).limit(1)).scalar()
    if found is None:
        raise refuse("SND-767", "没有本机构上传的、该患者的这份文书，或其保密级别不允许共享。")
    return str(found)


def _reader(by: Mover) -> str:
    return by.operator or by.institution

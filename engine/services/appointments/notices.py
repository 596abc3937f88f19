"""Keep what portals must tell patients, numbered so that a portal that remembers the last number misses none."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.services.appointments.model import Listing, Notice, NoticeKind, Page
from engine.services.appointments.tables import notice, notice_count
from engine.store.database import Database, insert_into
from engine.store.sealing import Seal

_AT_ONCE = 1000


def give_notice(
    connection: Connection, seal: Seal, portal: str, institution: str, order_id: str, kind: NoticeKind, text: str, at: datetime
) -> None:
    """Keep a notice for a portal within the transaction of what it tells of; its text is sealed."""
    words = seal.seal_text(text, table="booking_notice", column="words", row=f"{portal} {order_id}")
    row = {"portal": portal, "number": None, "kind": kind, "institution": institution, "order_id": order_id, "at": at}
    connection.execute(insert(notice), {**row, "words": words})


def list_notices(database: Database, seal: Seal, portal: str, after: int, page: Page) -> Listing[Notice]:
    """List a portal's notices after a number, oldest first.

    Those without a number get theirs here, one reader at a time: a notice whose transaction ends later never gets a lower number.
    """
    with database.read() as connection:
        fresh = connection.execute(_FRESH, {"its_portal": portal, "many": 1}).first() is not None
    if fresh:
        with database.write() as connection:
            _number(connection, portal)
    after = int(page.token) if page.token.isdecimal() else after
    with database.read() as connection:
        rows = connection.execute(_AFTER, {"its_portal": portal, "after": after, "many": page.size + 1}).all()
    shown = rows[: page.size]
    items = tuple(
        Notice(number=row.number, kind=row.kind, hospital=row.institution, order=row.order_id, at=row.at,
               text=seal.open_text(row.words, table="booking_notice", column="words", row=f"{portal} {row.order_id}"))
        for row in shown
    )  # fmt: skip
    return Listing(items=items, token=str(shown[-1].number) if len(rows) > page.size else "")


def _number(connection: Connection, portal: str) -> None:
    start = insert_into(connection.dialect.name, notice_count).values(portal=portal, last=0)
    # The row stays locked until the end of the transaction, so that no other reader numbers meanwhile.
    same = start.on_conflict_do_update(index_elements=["portal"], set_={"last": notice_count.c.last}).returning(
        notice_count.c.last
    )
    last = connection.execute(same).scalar_one()
    found = list(connection.execute(_FRESH, {"its_portal": portal, "many": _AT_ONCE}).scalars())
    if found:
        connection.execute(_GIVE, [{"its_seq": seq, "next": last + place} for place, seq in enumerate(found, 1)])
        counted = update(notice_count).where(notice_count.c.portal == portal).values(last=last + len(found))
        connection.execute(counted)


_MINE = notice.c.portal == bindparam("its_portal")
_MANY = bindparam("many", type_=notice.c.seq.type)
_FRESH = select(notice.c.seq).where(_MINE, notice.c.number.is_(None)).order_by(notice.c.seq).limit(_MANY)
_AFTER = select(notice).where(_MINE, notice.c.number > bindparam("after")).order_by(notice.c.number).limit(_MANY)
_GIVE = update(notice).where(notice.c.seq == bindparam("its_seq")).values(number=bindparam("next"))

"""Keep what portals are told of reports, numbered so that a portal that remembers the last number misses none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.services.appointments.model import Listing, Page
from engine.services.appointments.refusals import refuse
from engine.services.reports.held import Held
from engine.services.reports.model import ReportNotice
from engine.services.reports.tables import notice, notice_count
from engine.store.columns import AnyRow
from engine.store.database import Database, insert_into

_AT_ONCE = 1000


def give_notices(connection: Connection, portals: Sequence[str], one: Held, noted: datetime) -> None:
    """Keep a notice of a report's present status for each portal, within the transaction of what it tells of."""
    if portals:
        row = {
            "number": None, "report": one.report, "institution": one.institution, "kind": one.kind, "status": one.status,
            "at": one.status_at, "noted": noted,
        }  # fmt: skip
        connection.execute(insert(notice), [row | {"portal": portal} for portal in portals])


def list_notices(database: Database, portal: str, after: int, page: Page) -> Listing[ReportNotice]:
    """List a portal's notices after a number, oldest first; a token that is none is refused (SND-721).

    Those without a number get theirs here, one reader at a time: a notice whose transaction ends later never gets a lower number.
    """
    if page.token and not page.token.isdecimal():
        raise refuse("SND-721")
    with database.read() as connection:
        fresh = connection.execute(_FRESH, {"its_portal": portal, "many": 1}).first() is not None
    if fresh:
        with database.write() as connection:
            _number(connection, portal)
    after = int(page.token) if page.token else after
    with database.read() as connection:
        rows = connection.execute(_AFTER, {"its_portal": portal, "after": after, "many": page.size + 1}).all()
    shown = rows[: page.size]
    return Listing(items=tuple(map(_notice, shown)), token=str(shown[-1].number) if len(rows) > page.size else "")


def _notice(row: AnyRow) -> ReportNotice:
    return ReportNotice(
        number=row.number,
        report=row.report,
        institution=row.institution,
        kind=row.kind,
        status=row.status,
        at=row.at,
        noted=row.noted,
    )


def _number(connection: Connection, portal: str) -> None:
    start = insert_into(connection.dialect.name, notice_count).values(portal=portal, last=0)
    # The row stays locked until the end of the transaction, so that no other reader numbers meanwhile.
    same = start.on_conflict_do_update(index_elements=["portal"], set_={"last": notice_count.c.last})
    last = int(connection.execute(same.returning(notice_count.c.last)).scalar_one())
    found = list(connection.execute(_FRESH, {"its_portal": portal, "many": _AT_ONCE}).scalars())
    if found:
        connection.execute(_GIVE, [{"its_seq": seq, "next": last + place} for place, seq in enumerate(found, 1)])
        counted = update(notice_count).where(notice_count.c.portal == portal)
        connection.execute(counted.values(last=last + len(found)))


_MINE = notice.c.portal == bindparam("its_portal")
_MANY = bindparam("many", type_=notice.c.seq.type)
_FRESH = select(notice.c.seq).where(_MINE, notice.c.number.is_(None)).order_by(notice.c.seq).limit(_MANY)
_AFTER = select(notice).where(_MINE, notice.c.number > bindparam("after")).order_by(notice.c.number).limit(_MANY)
_GIVE = update(notice).where(notice.c.seq == bindparam("its_seq")).values(number=bindparam("next"))

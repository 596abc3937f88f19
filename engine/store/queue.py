"""Hand out deliveries by lease, the head of each key first, and write down what came of them."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.message import LANES, Lane
from engine.store import counts, deliveries, hours, routecounts, rows, search, waiting
from engine.store.bulk import Values, insert_rows
from engine.store.columns import AnyRow
from engine.store.counts import Deltas
from engine.store.database import Database
from engine.store.days import Tally
from engine.store.deliveries import Ended, move
from engine.store.entries import EventLine, StoredMessage
from engine.store.sealing import Seal
from engine.store.tables import UNFINISHED_SQL, WAITING_SQL, delivery, event, message

_ROUNDS = 3
"""Looks at one destination and lane in one claim; what stands behind a key's head is put off in between."""

_WINDOW = 64
"""Deliveries looked at in one look of a claim, at least; institutions that wait at once share it."""

_TOGETHER = 8
"""Institutions among which one claim shares its room; where more wait, others are drawn at the next."""

_LEAST = 4
"""Deliveries of one institution looked at in one look, at least."""

_PUT_OFF = timedelta(minutes=30)
"""How long a delivery behind its key's head is left alone if nothing wakes it; its turn comes by `wake_next`."""

_EXPIRED_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A delivery that this worker may send until its lease ends.

    `attempts` counts the tries before this one; `state` is what it was (QUEUED, or UNKNOWN: it may have arrived);
    `first_due` is when it was first to be sent; `key` is the search key of the ordering key.
    """

    id: int
    receipt: str
    destination: str
    key: str
    attempts: int
    lane: Lane
    state: Literal["QUEUED", "UNKNOWN"]
    lease_token: str
    first_due: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """What came of a claimed delivery; `due` is when to try again (QUEUED, UNKNOWN); `attempted` false counts no try."""

    claimed: Claimed
    state: Literal["SENT", "QUEUED", "UNKNOWN", "DEAD", "CANCELLED"]
    now: datetime
    due: datetime | None = None
    error_code: str = ""
    error_text: str = ""
    remote_id: str = ""
    attempted: bool = True


class Queue:
    """The queue of one database; every method works in the caller's short write transaction."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self.database = database
        self.seal = seal

    def claim(
        self,
        connection: Connection,
        *,
        worker: str,
        now: datetime,
        lease: float,
        limit: int,
        destinations: Sequence[str] | None = None,
    ) -> list[Claimed]:
        """Lease up to `limit` deliveries for `lease` seconds, live before history; destinations share alike, and institutions within each.

        Only the oldest unfinished delivery of a non-empty key is handed out. None means every destination.
        """
        names = waiting.destinations(connection) if destinations is None else list(destinations)
        names.sort(key=lambda _: secrets.randbits(16))
        share = max(1, -(-limit // max(1, len(names))))
        found: list[AnyRow] = []
        for part in (share, limit) if share < limit else (limit,):
            for lane in LANES:
                for name in names:
                    room = min(part, limit - len(found))
                    if room > 0:
                        found += _heads(connection, name, lane, now, room, {row.seq for row in found})
        return _lease(connection, found, worker, now, lease)

    def bodies(self, connection: Connection, claimed: Sequence[Claimed]) -> Mapping[str, StoredMessage]:
        """Load the messages of claimed deliveries, by receipt."""
        return search.load(connection, self.seal, list({one.receipt for one in claimed}))

    def settle(self, connection: Connection, settlements: Sequence[Settlement]) -> list[int]:
        """Write down what came of deliveries; return the ids settled: those whose lease is another's are left alone.

        What would wait for another try, but was revoked while it was tried, is cancelled.
        """
        by_id = {one.claimed.id: one for one in settlements}
        held = connection.execute(_HELD, {"ids": sorted(by_id)}).all()
        ours = [(row, by_id[row.seq]) for row in held if row.lease_token == by_id[row.seq].claimed.lease_token]
        if not ours:
            return []
        ours = _less_revoked(connection, ours)
        deltas: Deltas = Counter()
        for row, one in ours:
            move(deltas, row.destination, row.lane, "SENDING", one.state)
        connection.execute(_SETTLE, [_settled(row, one, self.seal) for row, one in ours])
        ended = [row for row, one in ours if one.state in {"SENT", "CANCELLED"}]
        if ended:
            deliveries.wake_next(connection, [Ended(row.seq, row.destination, row.key) for row in ended])
        told = [_event(row, one, self.seal) for row, one in ours if _worth_telling(row, one)]
        insert_rows(connection, event, told)
        counts.record(connection, deltas)
        tally = Tally()
        tally.delivered(connection, [row.receipt for row, one in ours if one.state == "SENT"])
        tally.write(connection)
        ends = [(row.receipt, one.state, _named(row, one)) for row, one in ours if one.state in routecounts.DELIVERED]
        routecounts.ended(connection, ends, ours[0][1].now)
        hours.tried(
            connection, [(row.destination, row.lane, one.state, row.first_due, one.now) for row, one in ours if one.attempted]
        )
        return [row.seq for row, _ in ours]

    def release_expired(self, connection: Connection, now: datetime, judged: datetime | None = None) -> int:
        """Hand on what a worker left behind when its lease ran out, the try counted; return how many.

        It waits as UNKNOWN, since the worker may have sent it before it ended. `judged` is the time by which leases are
        judged where that is not `now` (see engine/steady.py).
        """
        rows_ = connection.execute(_EXPIRED, {"now": judged or now}).all()
        if not rows_:
            return 0
        deltas: Deltas = Counter()
        told = []
        for row in rows_:
            move(deltas, row.destination, row.lane, "SENDING", "UNKNOWN")
            line = EventLine(at=now, what="lease-expired", detail=f"{row.destination} {row.worker}")
            told.append(rows.event_row(row.receipt, line, self.seal))
        connection.execute(_RELEASE, [{"its_seq": row.seq, "now": now} for row in rows_])
        insert_rows(connection, event, told)
        counts.record(connection, deltas)
        return len(rows_)

    def bring_forward(self, connection: Connection, now: datetime, by: timedelta) -> int:
        """Let what waits for a later try wait so much less, as when the clock was set back; return how many."""
        earlier = {column.name: sa.type_coerce(column, sa.BigInteger) - by // timedelta(microseconds=1) for column in _TIMES}
        later = sa.text(WAITING_SQL), delivery.c.wake > now
        return connection.execute(sa.update(delivery).where(*later).values(earlier)).rowcount

    def revive(self, connection: Connection, delivery_id: int, by: str, now: datetime | None = None) -> bool:
        """Queue a DEAD delivery again as if it were new; false when it is not DEAD."""
        return deliveries.revive(connection, self.seal, delivery_id, by, now or datetime.now(UTC))

    def discard(self, connection: Connection, delivery_id: int, reason: str, by: str, now: datetime | None = None) -> bool:
        """Give up a delivery that is not being sent, with the reason and who did it; its key goes on."""
        return deliveries.discard(connection, self.seal, delivery_id, reason, by, now or datetime.now(UTC))

    def waiting(self, connection: Connection) -> list[waiting.WaitingLine]:
        """Tell for each destination how many deliveries stand in each state, the oldest waiting and the last error."""
        return waiting.waiting(connection, self.seal)


_older = delivery.alias("older")
_BLOCKED = sa.select(delivery.c.seq).where(
    delivery.c.seq.in_(sa.bindparam("ids", expanding=True)),
    delivery.c.key != "",
    sa.exists().where(
        _older.c.destination == delivery.c.destination,
        _older.c.key == delivery.c.key,
        _older.c.seq < delivery.c.seq,
        sa.text(f"older.{UNFINISHED_SQL}"),
    ),
)
_BEFORE = sa.select(
    delivery.c.seq,
    sa.select(sa.func.max(_older.c.seq))
    .where(
        _older.c.destination == delivery.c.destination,
        _older.c.key == delivery.c.key,
        _older.c.seq < delivery.c.seq,
        sa.text(f"older.{UNFINISHED_SQL}"),
    )
    .scalar_subquery()
    .label("before"),
).where(delivery.c.seq.in_(sa.bindparam("ids", expanding=True)))
_STANDING = (
    sa.select(delivery.c.seq)
    .where(delivery.c.seq.in_(sa.bindparam("ids", expanding=True)), sa.text(UNFINISHED_SQL))
    .with_for_update(read=True, skip_locked=True)
)
_CANDIDATES = (
    sa.select(
        delivery.c.seq,
        delivery.c.receipt,
        delivery.c.destination,
        delivery.c.key,
        delivery.c.attempts,
        delivery.c.lane,
        delivery.c.state,
        delivery.c.first_due,
    )
    .where(
        delivery.c.destination == sa.bindparam("its_destination"),
        delivery.c.lane == sa.bindparam("its_lane"),
        delivery.c.institution == sa.bindparam("its_institution"),
        delivery.c.wake <= sa.bindparam("now", type_=delivery.c.wake.type),
        sa.text(WAITING_SQL),
    )
    .order_by(delivery.c.wake, delivery.c.seq)
    .limit(sa.bindparam("room", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)
_OF_PLACE = f"one.destination = :its_destination AND one.lane = :its_lane AND one.{WAITING_SQL}"
_OWNERS = sa.text(
    # One step in the index for each institution, however much it has waiting.
    f"""
    WITH RECURSIVE owner (name) AS (
        SELECT min(one.institution) FROM delivery AS one WHERE {_OF_PLACE}
        UNION ALL
        SELECT (SELECT min(one.institution) FROM delivery AS one WHERE {_OF_PLACE} AND one.institution > owner.name)
        FROM owner WHERE owner.name IS NOT NULL
    )
    SELECT name FROM owner
    WHERE name IS NOT NULL AND (SELECT min(one.wake) FROM delivery AS one WHERE {_OF_PLACE} AND one.institution = owner.name) <= :now
    """  # noqa: S608 - put together of constants
).bindparams(sa.bindparam("now", type_=delivery.c.wake.type))
"""The institutions that have something due for a destination in a lane."""

_PUT_OFF_ROWS = (
    sa.update(delivery)
    .where(delivery.c.seq.in_(sa.bindparam("ids", expanding=True)))
    .values(wake=sa.bindparam("later", type_=delivery.c.wake.type))
)
_LEASE = (
    sa.update(delivery)
    .where(delivery.c.seq.in_(sa.bindparam("ids", expanding=True)))
    .values(
        state="SENDING",
        worker=sa.bindparam("its_worker"),
        lease_token=sa.bindparam("token"),
        lease_until=sa.bindparam("until", type_=delivery.c.wake.type),
        changed_at=sa.bindparam("now", type_=delivery.c.wake.type),
    )
)
_TIMES = (delivery.c.due, delivery.c.wake)
_HELD = (
    sa.select(delivery)
    .where(delivery.c.seq.in_(sa.bindparam("ids", expanding=True)), delivery.c.state == "SENDING")
    .order_by(delivery.c.seq)
    .with_for_update()
)
_MARKS = (
    sa.select(message.c.receipt, message.c.mark)
    .where(message.c.receipt.in_(sa.bindparam("receipts", expanding=True)))
    .order_by(message.c.receipt)
    .with_for_update(read=True)
)
_SETTLE = (
    sa.update(delivery)
    .where(delivery.c.seq == sa.bindparam("its_seq"))
    .values(
        state=sa.bindparam("new_state"),
        attempts=sa.bindparam("tries"),
        due=sa.bindparam("next"),
        wake=sa.bindparam("next"),
        changed_at=sa.bindparam("now"),
        lease_token="",
        lease_until=None,
        error_code=sa.bindparam("code"),
        error_text=sa.bindparam("text"),
        remote_id=sa.bindparam("remote"),
    )
)
_EXPIRED = (
    sa.select(delivery.c.seq, delivery.c.receipt, delivery.c.destination, delivery.c.lane, delivery.c.worker)
    .where(sa.text("state = 'SENDING'"), delivery.c.lease_until < sa.bindparam("now", type_=delivery.c.wake.type))
    .order_by(delivery.c.lease_until)
    .limit(_EXPIRED_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_RELEASE = (
    sa.update(delivery)
    .where(delivery.c.seq == sa.bindparam("its_seq"))
    .values(
        state="UNKNOWN",
        attempts=delivery.c.attempts + 1,
        due=sa.bindparam("now"),
        wake=sa.bindparam("now"),
        changed_at=sa.bindparam("now"),
        lease_token="",
        lease_until=None,
    )
)


def _heads(connection: Connection, name: str, lane: Lane, now: datetime, room: int, taken: set[int]) -> list[AnyRow]:
    """Find due deliveries that nothing holds back, of every institution that has some alike."""
    owners = list(connection.execute(_OWNERS, {"its_destination": name, "its_lane": lane, "now": now}).scalars())
    owners.sort(key=lambda _: secrets.randbits(16))
    together = min(len(owners), _TOGETHER) or 1
    share, window = -(-room // together), max(_LEAST, _WINDOW // together)
    heads: list[AnyRow] = []
    for part in (share, room):
        filled = []
        for owner in owners:
            left = min(part, room - len(heads))
            if left == 0:
                return heads
            place = {"its_destination": name, "its_lane": lane, "its_institution": owner, "now": now}
            found = _heads_of(connection, place, now, left, window, taken | {row.seq for row in heads})
            heads += found
            filled += [owner] if len(found) == left else []
        owners = filled  # who did not fill its share has nothing more
    return heads


def _heads_of(
    connection: Connection, place: Mapping[str, object], now: datetime, room: int, window: int, taken: set[int]
) -> list[AnyRow]:
    """Find those of one institution; the rows are locked until the transaction ends (PostgreSQL)."""
    heads: list[AnyRow] = []
    for _ in range(_ROUNDS):
        asked = max(2 * room, window) + len(taken)
        values = {**place, "room": asked}
        rows_ = connection.execute(_CANDIDATES, values).all()
        found = [row for row in rows_ if row.seq not in taken]
        # A second statement, so that on PostgreSQL it sees what was committed before the locks above were taken.
        blocked = _blocked(connection, found)
        if waiting_on := _behind_standing(connection, blocked):
            connection.execute(_PUT_OFF_ROWS, {"ids": waiting_on, "later": now + _PUT_OFF})
        free = [row for row in found if row.seq not in set(blocked)][: room - len(heads)]
        heads += free
        taken |= {row.seq for row in free}
        if len(heads) >= room or len(rows_) < asked:
            break
    return heads


def _blocked(connection: Connection, found: Sequence[AnyRow]) -> list[int]:
    keyed = [row.seq for row in found if row.key]
    return list(connection.execute(_BLOCKED, {"ids": keyed}).scalars()) if keyed else []


def _behind_standing(connection: Connection, blocked: Sequence[int]) -> list[int]:
    """Choose those whose predecessor still stands and is held to it until we commit, so that its end will wake them.

    One that is being settled in this moment has looked already for whom to wake: what stands behind it is left as it is.
    """
    if not blocked:
        return []
    before = {row.seq: row.before for row in connection.execute(_BEFORE, {"ids": list(blocked)}) if row.before is not None}
    standing = set(connection.execute(_STANDING, {"ids": sorted(set(before.values()))}).scalars())
    return [seq for seq, predecessor in before.items() if predecessor in standing]


def _lease(connection: Connection, found: Sequence[AnyRow], worker: str, now: datetime, lease: float) -> list[Claimed]:
    if not found:
        return []
    token = secrets.token_hex(8)
    until = now + timedelta(seconds=lease)
    ids = [row.seq for row in found]
    connection.execute(_LEASE, {"ids": ids, "its_worker": worker, "token": token, "until": until, "now": now})
    deltas: Deltas = Counter()
    for row in found:
        move(deltas, row.destination, row.lane, row.state, "SENDING")
    counts.record(connection, deltas)
    return [
        Claimed(
            id=row.seq,
            receipt=row.receipt,
            destination=row.destination,
            key=row.key,
            attempts=row.attempts,
            lane=row.lane,
            state=row.state,
            lease_token=token,
            first_due=row.first_due,
        )
        for row in found
    ]


def _less_revoked(connection: Connection, ours: list[tuple[AnyRow, Settlement]]) -> list[tuple[AnyRow, Settlement]]:
    """Cancel instead of trying again what was revoked meanwhile; a revocation under way is waited for (PostgreSQL)."""
    again = {row.receipt for row, one in ours if one.state == "QUEUED"}
    if not again:
        return ours
    gone = {receipt for receipt, mark in connection.execute(_MARKS, {"receipts": sorted(again)}) if mark == "revoked"}
    return [(row, replace(one, state="CANCELLED") if one.state == "QUEUED" and row.receipt in gone else one) for row, one in ours]


def _settled(row: AnyRow, one: Settlement, seal: Seal) -> Values:
    return {
        "its_seq": row.seq,
        "new_state": one.state,
        "tries": row.attempts + (1 if one.attempted else 0),
        "next": one.due or one.now,
        "now": one.now,
        "code": one.error_code,
        "text": seal.seal_text(one.error_text, table="delivery", column="error_text", row=row.receipt),
        "remote": one.remote_id,
    }


def _named(row: AnyRow, one: Settlement) -> str:
    """Name what the end of a delivery is counted under: its destination, or why it is dead."""
    name: str = row.destination if one.state == "SENT" else one.error_code
    return name


_WORDS = {"SENT": "sent", "QUEUED": "retry", "UNKNOWN": "unknown", "DEAD": "dead", "CANCELLED": "cancelled"}


def _worth_telling(row: AnyRow, one: Settlement) -> bool:
    # Hundreds of equal failures in three days are one event; the row itself counts the tries.
    return one.state not in {"QUEUED", "UNKNOWN"} or one.error_code != row.error_code


def _event(row: AnyRow, one: Settlement, seal: Seal) -> Values:
    detail = " ".join(filter(None, [row.destination, one.error_code, one.error_text, one.remote_id]))
    return rows.event_row(row.receipt, EventLine(at=one.now, what=_WORDS[one.state], detail=detail), seal)

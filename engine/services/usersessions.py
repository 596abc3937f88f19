"""Keep the sessions of the monitor's users: begin, find, list and end them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from engine.services.audit import Audit, changed
from engine.services.userbook import (
    IDLE,
    LONGEST,
    OpenSession,
    Session,
    end_of,
    handle_of,
    monitor_session,
    monitor_user,
    stage_of,
    token_hash,
)
from engine.store.database import Database

_TOUCHED = timedelta(minutes=1)


def begin(connection: Connection, name: str, peer: str, *, proven: bool = False) -> str:
    """Begin a session and give its token, which is kept only as its hash."""
    token, at = secrets.token_urlsafe(32), datetime.now(UTC)
    row: dict[str, Any] = {"token_hash": token_hash(token), "name": name, "csrf": secrets.token_urlsafe(32), "proven": proven}
    row |= {"created": at, "last_seen": at, "expires": at + LONGEST, "peer": peer[:64]}
    connection.execute(insert(monitor_session), row)
    return token


def rotate(connection: Connection, token: str, name: str, peer: str) -> str:
    """Put a session whose second factor was given in the place of one; gives its token."""
    connection.execute(delete(monitor_session).where(monitor_session.c.token_hash == token_hash(token)))
    return begin(connection, name, peer, proven=True)


def row_of(connection: Connection, token: str, *, hold: bool = False) -> Any:
    """Give the row of a session with its user's, None when it is over or its user is disabled; `hold` keeps others off the user."""
    joined = monitor_session.join(monitor_user, monitor_user.c.name == monitor_session.c.name)
    users = [column for column in monitor_user.c if column.name not in {"name", "created"}]
    query = select(monitor_session, *users).select_from(joined).where(monitor_session.c.token_hash == token_hash(token))
    query = query.with_for_update(of=monitor_user) if hold else query
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None or row["disabled"] or datetime.now(UTC) >= end_of(row) else row


def find(database: Database, token: str, required: Collection[str]) -> Session | None:
    """Give the session behind a token while it lasts and its user is not disabled; using it keeps it from idling out."""
    with database.read() as connection:
        row = row_of(connection, token)
    if row is None:
        return None
    at = datetime.now(UTC)
    if at - row["last_seen"] >= _TOUCHED:
        with database.write() as connection:
            chosen = monitor_session.c.token_hash == row["token_hash"]
            connection.execute(update(monitor_session).where(chosen).values(last_seen=at))
    return Session(
        user=row["name"], role=row["role"], csrf=row["csrf"], expires=end_of(row), institution=row["institution"],
        stage=stage_of(row, required), second_factor=bool(row["totp"]), handle=handle_of(row["token_hash"]),
    )  # fmt: skip


def lasts(database: Database, token: str, required: Collection[str]) -> bool:
    """Tell whether a session that is past its second factor goes on; it is not used by that."""
    with database.read() as connection:
        row = row_of(connection, token)
    return row is not None and stage_of(row, required) == "in"


def is_proven(connection: Connection, token: str) -> bool:
    """Tell whether the second factor was given in this session."""
    chosen = monitor_session.c.token_hash == token_hash(token)
    return bool(connection.scalar(select(monitor_session.c.proven).where(chosen)))


def end(database: Database, token: str) -> None:
    """End a session; a token that is none is no error."""
    with database.write() as connection:
        connection.execute(delete(monitor_session).where(monitor_session.c.token_hash == token_hash(token)))


def list_of(database: Database, name: str) -> Sequence[OpenSession]:
    """List the sessions of a user that have not ended, the latest first."""
    at = datetime.now(UTC)
    with database.read() as connection:
        query = select(monitor_session).where(monitor_session.c.name == name).order_by(monitor_session.c.last_seen.desc())
        rows = connection.execute(query).mappings().all()
    return [
        OpenSession(handle=handle_of(row["token_hash"]), created=row["created"], last_seen=row["last_seen"], peer=row["peer"])
        for row in rows
        if at < end_of(row)
    ]


def end_by_handle(database: Database, name: str, handle: str, actor: str, peer: str) -> bool:
    """End the session of this handle; false when the user has none like it."""
    with database.write() as connection:
        kept = connection.scalars(select(monitor_session.c.token_hash).where(monitor_session.c.name == name)).all()
        found = [one for one in kept if handle_of(one) == handle]
        if not found:
            return False
        connection.execute(delete(monitor_session).where(monitor_session.c.token_hash.in_(found)))
        Audit().write(connection, [changed("user end-session", subject=name, actor=actor, peer=peer)])
    return True


def forget_ended(database: Database) -> int:
    """Delete the sessions that ended; gives their number."""
    at = datetime.now(UTC)
    ended = (monitor_session.c.expires < at) | (monitor_session.c.last_seen < at - IDLE)
    with database.write() as connection:
        return connection.execute(delete(monitor_session).where(ended)).rowcount

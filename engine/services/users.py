"""Keep the people who use the monitor: sign-in, sessions, roles."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import Boolean, Column, ForeignKey, Integer, Table, Text, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.services.audit import Audit, AuditNote, changed
from engine.services.institutions import NotDone
from engine.services.passwords import PasswordChecks, hash_password, make_password
from engine.store.columns import EPOCH, Moment
from engine.store.database import Database, metadata

Role = Literal["viewer", "operator", "engineer", "administrator", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)

IDLE = timedelta(minutes=30)
"""A session not used for this long ends."""

LONGEST = timedelta(hours=12)
"""A session ends after this long, however busy."""

_FREE_FAILURES = 5
_FIRST_LOCK = timedelta(seconds=10)
_LONGEST_LOCK = timedelta(minutes=15)
_TOUCHED = timedelta(minutes=1)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}\Z")

monitor_user = Table(
    "monitor_user",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", Moment, nullable=False),
    Column("created", Moment, nullable=False),
)

monitor_session = Table(
    "monitor_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("name", Text, ForeignKey("monitor_user.name"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user of the monitor; `created` is aware."""

    name: str
    role: Role
    disabled: bool
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in user; `csrf` is the secret that every form of the session carries back."""

    user: str
    role: Role
    csrf: str
    expires: datetime


class Users:
    """Add users, sign them in and out; blocks on the store and on password checks, so an event loop calls it in a thread."""

    def __init__(self, database: Database, checks: PasswordChecks | None = None) -> None:
        self._database = database
        self._checks = checks or PasswordChecks()

    def add(self, name: str, role: str, password: str | None = None, *, actor: str = "command-line") -> str:
        """Add a user and give the password, a made one when none was given; raises NotDone when it cannot be."""
        if not _NAME.match(name):
            raise NotDone("a user's name is 1 to 32 letters, digits, '.', '_' or '-'")
        if role not in ROLES:
            raise NotDone(f'"{role}" is not one of {", ".join(ROLES)}')
        secret = password if password is not None else make_password()
        row = _new_row(name, role, secret)
        try:
            with self._database.write() as connection:
                connection.execute(insert(monitor_user), row)
                Audit().write(connection, [changed("user add", subject=f"{name} {role}", actor=actor)])
        except IntegrityError as problem:
            raise NotDone(f"user {name} exists already") from problem
        return secret

    def list(self) -> Sequence[User]:
        """List all users by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(monitor_user).order_by(monitor_user.c.name)).mappings()
            return tuple(User(name=r["name"], role=r["role"], disabled=r["disabled"], created=r["created"]) for r in rows)

    def disable(self, name: str, *, actor: str = "command-line") -> None:
        """Shut a user out and end all sessions at once; raises NotDone when there is none of this name."""
        self._change(name, {"disabled": True}, "user disable", actor)

    def change_password(self, name: str, password: str | None = None, *, actor: str = "command-line") -> str:
        """Give a user a new password and return it; ends all sessions and any lock of the account."""
        secret = password if password is not None else make_password()
        values = {"password_hash": _hashed(secret), "failures": 0, "locked_until": EPOCH}
        self._change(name, values, "user password", actor)
        return secret

    def sign_in(self, name: str, password: str, *, peer: str = "") -> str | None:
        """Check name and password and give the token of a new session, or None; every try is audited.

        Takes the same time whatever the reason of a failure. After five failures in a row the account is locked for
        10 s, then twice as long for each further failure, 15 minutes at most. Raises TryAgain when too many checks wait.
        """
        known = self._known(name)
        usable = known is not None and not known["disabled"] and known["locked_until"] <= datetime.now(UTC)
        right = self._checks.check(f"user {name}", known["password_hash"] if usable and known else None, password).result()
        if known is None or not usable or not right:
            self._failed(name, peer, counted=usable)
            return None
        return self._begin(name, peer)

    def session(self, token: str) -> Session | None:
        """Give the session behind a token while it lasts and its user is not disabled; using it keeps it from idling out."""
        query = select(monitor_session, monitor_user.c.role, monitor_user.c.disabled).join(
            monitor_user, monitor_user.c.name == monitor_session.c.name
        )
        with self._database.read() as connection:
            row = connection.execute(query.where(monitor_session.c.token_hash == _digest(token))).mappings().one_or_none()
        at = datetime.now(UTC)
        if row is None or row["disabled"] or at >= _end(row):
            return None
        if at - row["last_seen"] >= _TOUCHED:
            self._touch(token, at)
        return Session(user=row["name"], role=row["role"], csrf=row["csrf"], expires=_end(row))

    def sign_out(self, token: str) -> None:
        """End a session; a token that is none is no error."""
        with self._database.write() as connection:
            connection.execute(delete(monitor_session).where(monitor_session.c.token_hash == _digest(token)))

    def forget_ended(self) -> int:
        """Delete the sessions that ended; gives their number."""
        at = datetime.now(UTC)
        ended = (monitor_session.c.expires < at) | (monitor_session.c.last_seen < at - IDLE)
        with self._database.write() as connection:
            return connection.execute(delete(monitor_session).where(ended)).rowcount

    def _known(self, name: str) -> Any:
        if not _NAME.match(name):
            return None
        with self._database.read() as connection:
            return connection.execute(select(monitor_user).where(monitor_user.c.name == name)).mappings().one_or_none()

    def _failed(self, name: str, peer: str, *, counted: bool) -> None:
        shown = name if _NAME.match(name) else "?"
        note = AuditNote(peer=peer, institution="", verdict="refused", reason="sign-in", service="monitor", actor=shown)
        with self._database.write() as connection:
            Audit().write(connection, [note])
            if counted:
                chosen = monitor_user.c.name == name
                connection.execute(update(monitor_user).where(chosen).values(failures=monitor_user.c.failures + 1))
                failures = connection.scalar(select(monitor_user.c.failures).where(chosen)) or 0
                connection.execute(
                    update(monitor_user).where(chosen).values(locked_until=datetime.now(UTC) + _lock_after(failures))
                )

    def _begin(self, name: str, peer: str) -> str:
        token, at = secrets.token_urlsafe(32), datetime.now(UTC)
        row: dict[str, Any] = {"token_hash": _digest(token), "name": name, "csrf": secrets.token_urlsafe(32)}
        row |= {"created": at, "last_seen": at, "expires": at + LONGEST}
        with self._database.write() as connection:
            connection.execute(insert(monitor_session), row)
            connection.execute(update(monitor_user).where(monitor_user.c.name == name).values(failures=0, locked_until=EPOCH))
            note = AuditNote(peer=peer, institution="", verdict="admitted", reason="sign-in", service="monitor", actor=name)
            Audit().write(connection, [note])
        return token

    def _touch(self, token: str, at: datetime) -> None:
        chosen = monitor_session.c.token_hash == _digest(token)
        with self._database.write() as connection:
            connection.execute(update(monitor_session).where(chosen).values(last_seen=at))

    def _change(self, name: str, values: dict[str, Any], act: str, actor: str) -> None:
        with self._database.write() as connection:
            if connection.execute(update(monitor_user).where(monitor_user.c.name == name).values(**values)).rowcount == 0:
                raise NotDone(f"there is no user {name}")
            connection.execute(delete(monitor_session).where(monitor_session.c.name == name))
            Audit().write(connection, [changed(act, subject=name, actor=actor)])


def first_administrator(database: Database) -> str | None:
    """Make the user `admin` with a random password and give it, once: only when there is no user at all, else None."""
    with database.read() as connection:
        if connection.scalar(select(func.count()).select_from(monitor_user)):
            return None
    try:
        return Users(database).add("admin", "administrator", actor="first-start")
    except NotDone:
        return None  # another process of this first start was quicker


def _new_row(name: str, role: str, secret: str) -> dict[str, Any]:
    row = {"name": name, "role": role, "password_hash": _hashed(secret), "disabled": False}
    return row | {"failures": 0, "locked_until": EPOCH, "created": datetime.now(UTC)}


def _hashed(secret: str) -> str:
    try:
        return hash_password(secret)
    except ValueError as problem:
        raise NotDone(str(problem)) from problem


def _lock_after(failures: int) -> timedelta:
    if failures < _FREE_FAILURES:
        return timedelta(0)
    doubled: int = 2 ** min(failures - _FREE_FAILURES, 10)
    return min(_FIRST_LOCK * doubled, _LONGEST_LOCK)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _end(row: Any) -> datetime:
    longest: datetime = row["expires"]
    idle: datetime = row["last_seen"] + IDLE
    return min(longest, idle)

"""Keep the people who use the monitor: who they are, and how they sign in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from engine.services import usersessions
from engine.services.audit import CODE, Audit, AuditNote, changed
from engine.services.institutions import NotDone, institution
from engine.services.passwords import PasswordChecks, make_password
from engine.services.userbook import (
    NAME,
    ROLES,
    OpenSession,
    Role,
    Session,
    User,
    hashed,
    lock_after,
    monitor_session,
    monitor_user,
)
from engine.store.columns import EPOCH
from engine.store.database import Database

__all__ = ["ROLES", "Role", "Session", "User", "Users", "first_administrator", "monitor_session", "monitor_user"]


class Users:
    """Add users, sign them in and out; blocks on the store and on password checks, so an event loop calls it in a thread.

    Users of a role in `second_factor` must set one up before they can do anything.
    """

    def __init__(self, database: Database, checks: PasswordChecks | None = None, *, second_factor: Collection[str] = ()) -> None:
        self._database = database
        self._checks = checks or PasswordChecks()
        self.required = frozenset(second_factor)

    def add(
        self,
        name: str,
        role: str,
        password: str | None = None,
        *,
        bound_to: str = "",
        actor: str = "command-line",
        peer: str = "",
    ) -> str:
        """Add a user and give the password, a made one when none was given; raises NotDone when it cannot be.

        A user of the role `institution`, and no other, is bound to a registered institution.
        """
        if not NAME.match(name):
            raise NotDone("a user's name is 1 to 32 letters, digits, '.', '_' or '-'", "user-name")
        if role not in ROLES:
            raise NotDone(f'"{role}" is not one of {", ".join(ROLES)}', "user-role")
        if (role == "institution") != bool(bound_to):
            raise NotDone("a user of the role institution, and no other, is bound to an institution", "user-bound")
        secret = password if password is not None else make_password()
        row = {"name": name, "role": role, "password_hash": hashed(secret), "disabled": False, "institution": bound_to}
        row |= {"totp": b"", "totp_pending": b"", "failures": 0, "locked_until": EPOCH, "created": datetime.now(UTC)}
        try:
            with self._database.write() as connection:
                _must_be_registered(connection, bound_to)
                connection.execute(insert(monitor_user), row)
                subject = f"{name} {role}"
                Audit().write(connection, [changed("user add", institution=bound_to, subject=subject, actor=actor, peer=peer)])
        except IntegrityError as problem:
            raise NotDone(f"user {name} exists already", "user-exists") from problem
        return secret

    def list(self) -> Sequence[User]:
        """List all users by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(monitor_user).order_by(monitor_user.c.name)).mappings()
            return tuple(_user(row) for row in rows)

    def disable(self, name: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Shut a user out and end all sessions at once; raises NotDone when there is none, or it is the last administrator."""
        with self._database.write() as connection:
            _must_exist(connection, name)
            able = monitor_user.c.role == "administrator", monitor_user.c.disabled.is_(False)
            if connection.scalars(select(monitor_user.c.name).where(*able)).all() == [name]:
                raise NotDone(f"{name} is the last administrator; add another one first", "user-last")
            _change(connection, name, {"disabled": True}, changed("user disable", subject=name, actor=actor, peer=peer))

    def enable(self, name: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Let a user in again; raises NotDone when there is none of this name."""
        values = {"disabled": False, "failures": 0, "locked_until": EPOCH, "code_failures": 0, "code_locked_until": EPOCH}
        with self._database.write() as connection:
            _must_exist(connection, name)
            _change(connection, name, values, changed("user enable", subject=name, actor=actor, peer=peer))

    def change_password(self, name: str, password: str | None = None, *, actor: str = "command-line", peer: str = "") -> str:
        """Give a user a new password and return it; ends all sessions and any lock of the account."""
        secret = password if password is not None else make_password()
        values = {"password_hash": hashed(secret), "failures": 0, "locked_until": EPOCH}
        with self._database.write() as connection:
            _must_exist(connection, name)
            _change(connection, name, values, changed("user password", subject=name, actor=actor, peer=peer))
        return secret

    def change_own_password(self, token: str, before: str, password: str, *, peer: str = "") -> str | None:
        """Exchange the password of the session's user, who shows the one before; gives the token of a fresh session.

        None when the one before is wrong, which counts like a wrong sign-in. Ends all other sessions. Raises NotDone for a password
        that is not accepted or is the same.
        """
        session = self.session(token)
        if session is None or session.stage != "in" or not self._right(session.user, before, peer):
            return None
        if before == password:
            raise NotDone("the new password is the present one", "password-same")
        fresh = hashed(password)
        with self._database.write() as connection:
            proven = usersessions.is_proven(connection, token)
            note = changed("user own-password", subject=session.user, actor=session.user, peer=peer)
            _change(connection, session.user, {"password_hash": fresh, "failures": 0, "locked_until": EPOCH}, note)
            return usersessions.begin(connection, session.user, peer, proven=proven)

    def sign_in(self, name: str, password: str, *, peer: str = "") -> str | None:
        """Check name and password and give the token of a new session, or None; every try is audited.

        Takes the same time whatever the reason of a failure. After five failures in a row the account is locked for
        10 s, then twice as long for each further failure, 15 minutes at most. Raises TryAgain when too many checks wait.
        """
        if not self._right(name, password, peer):
            return None
        with self._database.write() as connection:
            connection.execute(update(monitor_user).where(monitor_user.c.name == name).values(failures=0, locked_until=EPOCH))
            note = AuditNote(peer=peer, institution="", verdict="admitted", reason="sign-in", service="monitor", actor=name)
            Audit().write(connection, [note])
            return usersessions.begin(connection, name, peer)

    def session(self, token: str) -> Session | None:
        """Give the session behind a token while it lasts and its user is not disabled; using it keeps it from idling out."""
        return usersessions.find(self._database, token, self.required)

    def lasts(self, token: str) -> bool:
        """Tell whether a session goes on, without using it: looking on keeps nobody from idling out."""
        return usersessions.lasts(self._database, token, self.required)

    def sign_out(self, token: str) -> None:
        """End a session; a token that is none is no error."""
        usersessions.end(self._database, token)

    def sessions(self, name: str) -> Sequence[OpenSession]:
        """List the sessions of a user that have not ended, the latest first."""
        return usersessions.list_of(self._database, name)

    def end_session(self, name: str, handle: str, *, actor: str, peer: str = "") -> bool:
        """End the session of this handle; false when the user has none like it."""
        return usersessions.end_by_handle(self._database, name, handle, actor, peer)

    def forget_ended(self) -> int:
        """Delete the sessions that ended; gives their number."""
        return usersessions.forget_ended(self._database)

    def _right(self, name: str, password: str, peer: str) -> bool:
        """Check name and password; a failure is counted and audited."""
        known = self._known(name)
        usable = known is not None and not known["disabled"] and known["locked_until"] <= datetime.now(UTC)
        right = self._checks.check(f"user {name}", known["password_hash"] if usable and known else None, password).result()
        if usable and right:
            return True
        self._failed(name, peer, counted=usable)
        return False

    def _known(self, name: str) -> Any:
        if not NAME.match(name):
            return None
        with self._database.read() as connection:
            return connection.execute(select(monitor_user).where(monitor_user.c.name == name)).mappings().one_or_none()

    def _failed(self, name: str, peer: str, *, counted: bool) -> None:
        shown = name if NAME.match(name) else "?"
        note = AuditNote(peer=peer, institution="", verdict="refused", reason="sign-in", service="monitor", actor=shown)
        with self._database.write() as connection:
            Audit().write(connection, [note])
            if counted:
                chosen = monitor_user.c.name == name
                connection.execute(update(monitor_user).where(chosen).values(failures=monitor_user.c.failures + 1))
                failures = connection.scalar(select(monitor_user.c.failures).where(chosen)) or 0
                locked = datetime.now(UTC) + lock_after(failures)
                connection.execute(update(monitor_user).where(chosen).values(locked_until=locked))


def first_administrator(database: Database) -> str | None:
    """Make the user `admin` with a random password and give it, once: only when there is no user at all, else None."""
    with database.read() as connection:
        if connection.scalar(select(func.count()).select_from(monitor_user)):
            return None
    try:
        return Users(database).add("admin", "administrator", actor="first-start")
    except NotDone:
        return None  # another process of this first start was quicker


def _must_exist(connection: Connection, name: str) -> None:
    if connection.scalar(select(monitor_user.c.name).where(monitor_user.c.name == name)) is None:
        raise NotDone(f"there is no user {name}", "user-unknown")


def _must_be_registered(connection: Connection, code: str) -> None:
    chosen = institution.c.code == code
    if code and (not CODE.match(code) or connection.scalar(select(institution.c.code).where(chosen)) is None):
        raise NotDone(f"no institution {code[:32]} is registered", "institution-unknown")


def _change(connection: Connection, name: str, values: dict[str, Any], note: AuditNote) -> None:
    """Change a user, end all sessions and audit it."""
    connection.execute(update(monitor_user).where(monitor_user.c.name == name).values(**values))
    connection.execute(delete(monitor_session).where(monitor_session.c.name == name))
    Audit().write(connection, [note])


def _user(row: Any) -> User:
    return User(
        name=row["name"], role=row["role"], disabled=row["disabled"], created=row["created"], institution=row["institution"],
        second_factor=bool(row["totp"]), locked_until=max(row["locked_until"], row["code_locked_until"]),
    )  # fmt: skip

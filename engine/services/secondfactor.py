"""Keep the second factor of the monitor's users: time-based codes (RFC 6238), each taken once, and recovery codes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyotp
from sqlalchemy import Connection, delete, func, insert, select, update

from engine.services import usersessions
from engine.services.audit import Audit, AuditNote, changed
from engine.services.institutions import NotDone
from engine.services.userbook import lock_after, monitor_recovery, monitor_session, monitor_user
from engine.store.columns import EPOCH
from engine.store.database import Database
from engine.store.sealing import Seal

ISSUER = "Changbai"
RECOVERY_CODES = 10
_STEP = 30
_EARLIER_AND_LATER = (0, -1, 1)
"""Steps beside the present one whose code is taken, for clocks that differ by half a minute."""

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app must be given: the secret in Base32 and the otpauth address that holds it."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A second factor that was just set up: the token of the fresh session, and recovery codes that are shown once."""

    token: str = field(repr=False)
    recovery: Sequence[str] = field(repr=False)


class SecondFactors:
    """Set up, check and take away second factors; `clock` gives seconds since 1970.

    Wrong codes lock the account's second factor as wrong passwords lock the account; every try is audited.
    """

    def __init__(self, database: Database, seal: Seal, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    def begin(self, token: str) -> Enrolment | None:
        """Give the secret that waits to be confirmed, making one at the first call; None when there is a second factor already."""
        with self._database.write() as connection:
            row = usersessions.row_of(connection, token, hold=True)
            if row is None or row["totp"]:
                return None
            name, pending = row["name"], row["totp_pending"]
            if pending:
                secret = self._open(name, "totp_pending", pending)
            else:
                secret = pyotp.random_base32()
                sealed = self._seal.seal_text(secret, table="monitor_user", column="totp_pending", row=name)
                _set(connection, name, totp_pending=sealed)
        return Enrolment(secret, pyotp.TOTP(secret, name=name, issuer=ISSUER).provisioning_uri())

    def confirm(self, token: str, code: str, *, peer: str = "") -> Enrolled | None:
        """Set up what `begin` gave when a code of it is shown; ends the user's other sessions. None for a wrong code."""
        with self._database.write() as connection:
            row = usersessions.row_of(connection, token, hold=True)
            if row is None or row["totp"] or not row["totp_pending"]:
                return None
            name = row["name"]
            secret = self._open(name, "totp_pending", row["totp_pending"])
            if not self._fits(connection, row, secret, code):
                _failed(connection, row, peer)
                return None
            sealed = self._seal.seal_text(secret, table="monitor_user", column="totp", row=name)
            _set(connection, name, totp=sealed, totp_pending=b"")
            connection.execute(delete(monitor_session).where(monitor_session.c.name == name))
            codes = self._new_codes(connection, name)
            Audit().write(connection, [changed("user second-factor", subject=name, actor=name, peer=peer)])
            return Enrolled(usersessions.begin(connection, name, peer, proven=True), codes)

    def prove(self, token: str, code: str, *, peer: str = "") -> str | None:
        """Take a code, or a recovery code, and give the token of the session that takes this one's place; None for a wrong one."""
        with self._database.write() as connection:
            row = usersessions.row_of(connection, token, hold=True)
            if row is None or not row["totp"]:
                return None
            if not self._right(connection, row, code):
                _failed(connection, row, peer)
                return None
            _noted(connection, row["name"], peer, "admitted")
            return usersessions.rotate(connection, token, row["name"], peer)

    def renew_codes(self, token: str, code: str, *, peer: str = "") -> Sequence[str] | None:
        """Make new recovery codes in place of the ones before when a code is shown; None for a wrong one."""
        with self._database.write() as connection:
            row = usersessions.row_of(connection, token, hold=True)
            if row is None or not row["totp"] or not row["proven"]:
                return None
            if not self._right(connection, row, code):
                _failed(connection, row, peer)
                return None
            name = row["name"]
            Audit().write(connection, [changed("user recovery-codes", subject=name, actor=name, peer=peer)])
            return self._new_codes(connection, name)

    def codes_left(self, name: str) -> int:
        """Count the recovery codes of a user that are not used."""
        left = monitor_recovery.c.name == name, monitor_recovery.c.used.is_(None)
        with self._database.read() as connection:
            return int(connection.scalar(select(func.count()).select_from(monitor_recovery).where(*left)) or 0)

    def reset(self, name: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Take the second factor away from a user who lost it, and end all sessions; raises NotDone when there is no such user."""
        with self._database.write() as connection:
            values = {"totp": b"", "totp_pending": b"", "totp_step": 0, "code_failures": 0, "code_locked_until": EPOCH}
            if not connection.execute(update(monitor_user).where(monitor_user.c.name == name).values(**values)).rowcount:
                raise NotDone(f"there is no user {name}", "user-unknown")
            connection.execute(delete(monitor_recovery).where(monitor_recovery.c.name == name))
            connection.execute(delete(monitor_session).where(monitor_session.c.name == name))
            Audit().write(connection, [changed("user reset-second-factor", subject=name, actor=actor, peer=peer)])

    def _right(self, connection: Connection, row: Any, code: str) -> bool:
        secret = self._open(row["name"], "totp", row["totp"])
        return self._fits(connection, row, secret, code) or self._recovers(connection, row, code)

    def _fits(self, connection: Connection, row: Any, secret: str, code: str) -> bool:
        """Tell whether this is the code of a step near now, and take it: the same step, or one before it, is never taken again."""
        if row["code_locked_until"] > datetime.now(UTC):
            return False
        given, now, totp = "".join(code.split()), int(self._clock()) // _STEP, pyotp.TOTP(secret, interval=_STEP)
        for step in (now + beside for beside in _EARLIER_AND_LATER):
            if secrets.compare_digest(given.encode("utf-8", "replace"), totp.generate_otp(step).encode()):
                chosen = (monitor_user.c.name == row["name"]) & (monitor_user.c.totp_step < step)
                values = {"totp_step": step, "code_failures": 0, "code_locked_until": EPOCH}
                return bool(connection.execute(update(monitor_user).where(chosen).values(**values)).rowcount)
        return False

    def _recovers(self, connection: Connection, row: Any, code: str) -> bool:
        if row["code_locked_until"] > datetime.now(UTC):
            return False
        lookup = self._lookup(row["name"], code)
        chosen = (
            (monitor_recovery.c.name == row["name"]) & (monitor_recovery.c.lookup == lookup) & monitor_recovery.c.used.is_(None)
        )
        if not connection.execute(update(monitor_recovery).where(chosen).values(used=datetime.now(UTC))).rowcount:
            return False
        _set(connection, row["name"], code_failures=0, code_locked_until=EPOCH)
        return True

    def _new_codes(self, connection: Connection, name: str) -> Sequence[str]:
        connection.execute(delete(monitor_recovery).where(monitor_recovery.c.name == name))
        codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)]
        rows = [{"name": name, "lookup": self._lookup(name, code), "used": None} for code in codes]
        connection.execute(insert(monitor_recovery), rows)
        return codes

    def _lookup(self, name: str, code: str) -> str:
        return self._seal.lookup(f"recovery {name} {''.join(c for c in code.upper() if c in _LETTERS)}")

    def _open(self, name: str, column: str, sealed: bytes) -> str:
        return self._seal.open_text(sealed, table="monitor_user", column=column, row=name)


def _set(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(monitor_user).where(monitor_user.c.name == name).values(**values))


def _failed(connection: Connection, row: Any, peer: str) -> None:
    """Audit a wrong code, and count it unless the second factor is locked already."""
    _noted(connection, row["name"], peer, "refused")
    if row["code_locked_until"] > datetime.now(UTC):
        return
    chosen = monitor_user.c.name == row["name"]
    connection.execute(update(monitor_user).where(chosen).values(code_failures=monitor_user.c.code_failures + 1))
    failures = connection.scalar(select(monitor_user.c.code_failures).where(chosen)) or 0
    _set(connection, row["name"], code_locked_until=datetime.now(UTC) + lock_after(failures))


def _noted(connection: Connection, name: str, peer: str, verdict: Any) -> None:
    note = AuditNote(peer=peer, institution="", verdict=verdict, reason="second-factor", service="monitor", actor=name)
    Audit().write(connection, [note])

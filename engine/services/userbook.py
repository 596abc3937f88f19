"""Hold the tables of the monitor's users, and what a user and a session are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, LargeBinary, Table, Text, false

from engine.services.institutions import NotDone
from engine.services.passwords import hash_password
from engine.store.columns import Moment
from engine.store.database import metadata

Role = Literal["viewer", "operator", "engineer", "administrator", "auditor", "institution"]
ROLES: tuple[Role, ...] = get_args(Role)
"""The roles; `institution` is that of accounts bound to one institution, which see its own figures only."""

Stage = Literal["in", "code", "enrol"]
"""What a session may do: everything of its role, nothing before a code, nothing before a second factor is set up."""

IDLE = timedelta(minutes=30)
"""A session not used for this long ends."""

LONGEST = timedelta(hours=12)
"""A session ends after this long, however busy."""

_FREE_FAILURES = 5
_FIRST_LOCK = timedelta(seconds=10)
_LONGEST_LOCK = timedelta(minutes=15)
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}\Z")
"""What a user's name looks like."""

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
    Column("institution", Text, nullable=False, server_default=""),
    Column("totp", LargeBinary, nullable=False, server_default=""),
    Column("totp_pending", LargeBinary, nullable=False, server_default=""),
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    Column("code_failures", Integer, nullable=False, server_default="0"),
    Column("code_locked_until", Moment, nullable=False, server_default="0"),
)
"""`totp` is the sealed secret of the second factor, empty without one; `totp_step` is the step of the last code that was taken."""

monitor_session = Table(
    "monitor_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("name", Text, ForeignKey("monitor_user.name"), nullable=False, index=True),
    Column("csrf", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("proven", Boolean, nullable=False, server_default=false()),
    Column("peer", Text, nullable=False, server_default=""),
)
"""`proven` says whether the second factor was given in this session."""

monitor_recovery = Table(
    "monitor_recovery",
    metadata,
    Column("name", Text, ForeignKey("monitor_user.name"), primary_key=True),
    Column("lookup", Text, primary_key=True),
    Column("used", Moment),
)
"""One row for each recovery code, by its keyed hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One user of the monitor; `created` and `locked_until` are aware."""

    name: str
    role: Role
    disabled: bool
    created: datetime
    institution: str = ""
    second_factor: bool = False
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One signed-in user; `csrf` is the secret that every form of the session carries back.

    `institution` is the one to which the user is bound, "" for people of the platform; `handle` names the session without opening it.
    """

    user: str
    role: Role
    csrf: str
    expires: datetime
    institution: str = ""
    stage: Stage = "in"
    second_factor: bool = False
    handle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """One session as its user sees it in the list."""

    handle: str
    created: datetime
    last_seen: datetime
    peer: str


def token_hash(token: str) -> str:
    """Give the form in which a token is kept."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def handle_of(kept: str) -> str:
    """Name a session by the beginning of its kept form."""
    return kept[:16]


def end_of(row: Any) -> datetime:
    """Say when a session ends if it is not used any more."""
    longest: datetime = row["expires"]
    idle: datetime = row["last_seen"] + IDLE
    return min(longest, idle)


def stage_of(row: Any, required: Collection[str]) -> Stage:
    """Say what a session may do, from its row joined with its user's."""
    if row["totp"]:
        return "in" if row["proven"] else "code"
    return "enrol" if row["role"] in required else "in"


def lock_after(failures: int) -> timedelta:
    """Say for how long an account is locked after so many failures: 10 s from the fifth, doubled each time, 15 minutes at most."""
    if failures < _FREE_FAILURES:
        return timedelta(0)
    doubled: int = 2 ** min(failures - _FREE_FAILURES, 10)
    return min(_FIRST_LOCK * doubled, _LONGEST_LOCK)


def hashed(secret: str) -> str:
    """Hash a new password; raises NotDone for one that is not accepted."""
    try:
        return hash_password(secret)
    except ValueError as problem:
        raise NotDone(str(problem), "password") from problem

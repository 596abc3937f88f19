"""Keep the register of institutions: who may connect, with which password and certificates."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from engine.errors import EngineError, Issue, SenderError
from engine.services.access import KINDS, Kind
from engine.services.audit import CODE, Audit, changed
from engine.services.certificates import Certificate, read_certificate
from engine.services.passwords import hash_password, make_password
from engine.store.columns import Moment
from engine.store.database import Database, metadata
from engine.store.sealing import Seal
from engine.store.tables import message

State = Literal["applied", "approved", "disabled"]

UPLOAD_KEY_BYTES = 32

POLLED = 0.5
"""Seconds after which the register is asked again whether it changed."""

institution = Table(
    "institution",
    metadata,
    Column("code", Text, primary_key=True),
    Column("folded", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("digest", Boolean, nullable=False),
    Column("secret", LargeBinary, nullable=False, server_default=""),
    Column("upload_key", LargeBinary, nullable=False, server_default=""),
    Column("contact", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
)

certificate = Table(
    "certificate",
    metadata,
    Column("fingerprint", Text, primary_key=True),
    Column("institution", Text, ForeignKey("institution.code"), nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("added", Moment, nullable=False),
)

application = Table(
    "application",
    metadata,
    Column("id", Text, primary_key=True),
    Column("institution", Text, ForeignKey("institution.code"), nullable=False, unique=True),
    Column("contact", LargeBinary, nullable=False),
    Column("applied", Moment, nullable=False),
    Column("decided", Moment),
)
"""One row for each institution that applied; `contact` is sealed."""

stamp = Table(
    "stamp",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)


class NotDone(EngineError):
    """What an administrator asked for cannot be done; the words say why, `reason` in one stable word for the monitor."""

    def __init__(self, words: str, reason: str = "") -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """One institution as registered; `created` and `changed` are aware; `secret` is the sealed password of one switched to digests.

    `upload_key` is the sealed key of encrypted uploads, empty when it has none.
    """

    code: str
    name: str
    kind: Kind
    state: State
    password_hash: str = field(repr=False)
    digest: bool
    secret: bytes = field(default=b"", repr=False)
    upload_key: bytes = field(default=b"", repr=False)
    contact: str
    created: datetime
    changed: datetime


@dataclass(frozen=True, slots=True)
class Register:
    """All institutions as they stood at one stamp: by code, by code without regard to case, certificates by fingerprint."""

    stamp: int = -1
    by_code: Mapping[str, Institution] = field(default_factory=dict)
    by_folded: Mapping[str, str] = field(default_factory=dict)
    certificates: Mapping[str, tuple[str, Certificate]] = field(default_factory=dict)


class Institutions:
    """Register institutions and answer who they are; every change raises the stamp that all processes watch."""

    def __init__(self, database: Database, seal: Seal, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock
        self._lock = threading.Lock()
        self._register = Register()
        self._asked = float("-inf")

    # -- changes, by the command line and the monitor

    def add(
        self,
        code: str,
        name: str,
        kind: str = "hospital",
        password: str | None = None,
        *,
        contact: str = "",
        digest: bool = False,
        state: State = "approved",
        actor: str = "command-line",
    ) -> str:
        """Register an institution and give its password, a made one when none was given; it is never shown again.

        Raises NotDone for a code that is not 1 to 32 letters, digits or '-', is taken (also in other case), an unknown kind
        or a password that is too short or too long.
        """
        check_new(code, name, kind)
        secret = password if password is not None else make_password()
        made = NewInstitution(code=code, name=name, kind=kind, state=state, password_hash=_hashed(secret), contact=contact)
        sealed = self._sealed(code, secret) if digest else b""
        try:
            with self._database.write() as connection:
                enter(connection, made, digest=digest, secret=sealed)
                raise_stamp(connection, "institution add", code, actor)
        except IntegrityError as problem:
            raise NotDone(
                f"institution {code} is registered already, perhaps in other case; see institution list", "institution-taken"
            ) from problem
        return secret

    def approve(self, code: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Let an institution connect; raises NotDone when there is none of this code."""
        now = datetime.now(UTC)
        with self._database.write() as connection:
            _must_exist(connection, code)
            _set(connection, code, {"state": "approved"})
            waits = application.c.institution == code, application.c.decided.is_(None)
            connection.execute(update(application).where(*waits).values(decided=now))
            raise_stamp(connection, "institution approve", code, actor, peer)

    def disable(self, code: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Shut an institution out, within a second everywhere; raises NotDone when there is none of this code."""
        self._change(code, {"state": "disabled"}, "institution disable", actor, peer)

    def rotate(
        self, code: str, password: str | None = None, *, digest: bool | None = None, actor: str = "command-line", peer: str = ""
    ) -> str:
        """Give an institution a new password and return it; the old one ends within a second everywhere.

        `digest` says whether it may sign in by PasswordDigest from now on, None leaves that as it is.
        """
        secret = password if password is not None else make_password()
        hashed, sealed = _hashed(secret), self._sealed(code, secret)
        with self._database.write() as connection:
            _must_exist(connection, code)
            kept = connection.scalar(select(institution.c.digest).where(institution.c.code == code))
            digests = bool(kept) if digest is None else digest
            values = {"password_hash": hashed, "digest": digests, "secret": sealed if digests else b""}
            _set(connection, code, values)
            raise_stamp(connection, "institution rotate", code, actor, peer)
        return secret

    def secret_of(self, found: Institution) -> str | None:
        """Open the sealed password of an institution switched to digests; None for any other."""
        if not (found.digest and found.secret):
            return None
        return self._seal.open_text(found.secret, table="institution", column="secret", row=found.code)

    def new_upload_key(self, code: str, *, actor: str = "command-line") -> bytes:
        """Make the key with which an institution encrypts its uploads, 32 bytes; one it had ends within a second everywhere."""
        key = secrets.token_bytes(UPLOAD_KEY_BYTES)
        sealed = self._seal.seal(key, table="institution", column="upload_key", row=code)
        self._change(code, {"upload_key": sealed}, "institution key", actor)
        return key

    def upload_key_of(self, code: str) -> bytes | None:
        """Open the upload key of an institution, None when it has none; reads what `refresh` last kept."""
        found = self._register.by_code.get(code)
        if found is None or not found.upload_key:
            return None
        return self._seal.open(found.upload_key, table="institution", column="upload_key", row=code)

    def certificate(self, code: str, pem: str, *, actor: str = "command-line", peer: str = "") -> Certificate:
        """Register a client certificate to an institution; raises NotDone when it is none or another institution's."""
        try:
            found = read_certificate(pem)
        except ValueError as problem:
            raise NotDone(str(problem), "certificate") from problem
        with self._database.write() as connection:
            _must_exist(connection, code)
            if enter_certificate(connection, code, found):
                raise_stamp(connection, "institution certificate", code, actor, peer)
        return found

    def remove_certificate(self, code: str, fingerprint: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Take a certificate away from its institution; raises NotDone when it has none of this fingerprint."""
        chosen = (certificate.c.institution == code) & (certificate.c.fingerprint == fingerprint)
        with self._database.write() as connection:
            if connection.execute(delete(certificate).where(chosen)).rowcount == 0:
                raise NotDone(f"institution {code} has no certificate {fingerprint}", "certificate-unknown")
            raise_stamp(connection, "institution certificate-remove", code, actor, peer)

    # -- questions

    def list(self) -> Sequence[Institution]:
        """List all institutions by code, as the store has them now."""
        with self._database.read() as connection:
            return tuple(_load(connection).by_code.values())

    def get(self, code: str) -> Institution | None:
        """Give one institution as the store has it now."""
        with self._database.read() as connection:
            found = connection.execute(select(institution).where(institution.c.code == code)).mappings().one_or_none()
        return None if found is None else _institution(found)

    def certificates(self, code: str) -> Sequence[Certificate]:
        """List the client certificates of an institution, the one that ends last first."""
        query = select(certificate).where(certificate.c.institution == code).order_by(certificate.c.not_after.desc())
        with self._database.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [Certificate(row["fingerprint"], row["subject"], row["not_after"]) for row in rows]

    def exists(self, code: str) -> bool:
        """Tell whether this code is registered, in whatever state."""
        return self.get(code) is not None

    def fresh(self) -> Register | None:
        """Give the register kept in memory when it was checked within the last half second, else None; never blocks."""
        register, asked = self._register, self._asked
        return register if self._clock() - asked < POLLED else None

    def refresh(self) -> Register:
        """Give the register, at most half a second old: asks the store for one number, and for the rest when it changed.

        Blocks on the store, so an event loop calls it in a thread. Raises TryAgain when the store is down.
        """
        with self._lock:
            kept = self.fresh()
            if kept is not None:
                return kept
            asked = self._clock()
            with self._database.read() as connection:
                value = connection.scalar(select(stamp.c.value).where(stamp.c.name == "institutions"))
                if value != self._register.stamp:
                    self._register = _load(connection)
            self._asked = asked
            return self._register

    def owner_of(self, code: str) -> str | None:
        """Give the institution to which an organisation code belongs (case apart); reads what `refresh` last kept."""
        if self._register.stamp < 0:
            self.refresh()
        return self._register.by_folded.get(code.lower())

    # -- inside

    def _sealed(self, code: str, secret: str) -> bytes:
        return self._seal.seal_text(secret, table="institution", column="secret", row=code)

    def _change(self, code: str, values: dict[str, Any], act: str, actor: str, peer: str = "") -> None:
        with self._database.write() as connection:
            _must_exist(connection, code)
            _set(connection, code, values)
            raise_stamp(connection, act, code, actor, peer)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstitution:
    """What is entered for an institution that is not registered yet."""

    code: str
    name: str
    kind: str
    state: State
    password_hash: str = field(repr=False)
    contact: str = ""


def check_new(code: str, name: str, kind: str) -> None:
    """Judge code, name and kind of a new institution; raises NotDone."""
    if not CODE.match(code):
        raise NotDone("an institution's code is 1 to 32 letters, digits or '-'", "institution-code")
    if not name.strip() or len(name) > 200:
        raise NotDone("an institution has a name of 1 to 200 characters", "institution-name")
    if kind not in KINDS:
        raise NotDone(f'"{kind}" is not one of {", ".join(KINDS)}', "institution-kind")


def enter(connection: Connection, made: NewInstitution, *, digest: bool = False, secret: bytes = b"") -> None:
    """Enter a new institution; IntegrityError when its code is taken, also in other case."""
    at = datetime.now(UTC)
    row: dict[str, Any] = {"code": made.code, "folded": made.code.lower(), "name": made.name.strip(), "kind": made.kind}
    row |= {"state": made.state, "password_hash": made.password_hash, "digest": digest, "secret": secret}
    connection.execute(insert(institution), row | {"contact": made.contact.strip(), "created": at, "changed": at})


def enter_certificate(connection: Connection, code: str, found: Certificate) -> bool:
    """Enter a client certificate; tells whether it is new, raises NotDone when it is another institution's."""
    owner = connection.scalar(select(certificate.c.institution).where(certificate.c.fingerprint == found.fingerprint))
    if owner not in {None, code}:
        raise NotDone(f"this certificate is registered to {owner}; a certificate belongs to one institution", "certificate-other")
    if owner is None:
        row: dict[str, Any] = {"fingerprint": found.fingerprint, "institution": code, "subject": found.subject[:1000]}
        connection.execute(insert(certificate), row | {"not_after": found.not_after, "added": datetime.now(UTC)})
    return owner is None


def judge_custodian(institutions: Institutions, caller: str, custodian: str, *, path: str = "") -> Issue | None:
    """Judge the organisation code written in a document: own is right, unknown is a warning (SND-415).

    Raises SenderError SND-104 when it belongs to another registered institution; the intake audits that.
    """
    owner = institutions.owner_of(custodian) if custodian else caller
    if owner is None:
        said = f"文档中的机构代码“{custodian[:64]}”未在平台登记。"
        hint = f"请核对机构代码；本机构登记的代码为“{caller}”。"
        return Issue(code="SND-415", severity="warning", message=said, hint=hint, path=path, value=custodian[:64])
    if owner != caller:
        said = f"文档中的机构代码“{custodian[:64]}”属于另一家机构。"
        hint = f"请把文档中的机构代码改为本机构代码“{caller}”。"
        raise SenderError(Issue(code="SND-104", message=said, hint=hint, path=path, value=custodian[:64]))
    return None


def _hashed(secret: str) -> str:
    try:
        return hash_password(secret)
    except ValueError as problem:
        raise NotDone(str(problem), "password") from problem


def _must_exist(connection: Connection, code: str) -> None:
    if connection.scalar(select(institution.c.code).where(institution.c.code == code)) is None:
        raise NotDone(f"no institution {code} is registered", "institution-unknown")


def _set(connection: Connection, code: str, values: dict[str, Any]) -> None:
    connection.execute(update(institution).where(institution.c.code == code).values(changed=datetime.now(UTC), **values))


def raise_stamp(connection: Connection, act: str, code: str, actor: str, peer: str = "") -> None:
    """Tell all processes that the register changed, and the audit who changed it, in the same transaction."""
    connection.execute(update(stamp).where(stamp.c.name == "institutions").values(value=stamp.c.value + 1))
    Audit().write(connection, [changed(act, institution=code, subject=code, actor=actor, peer=peer)])


def last_sent(connection: Connection) -> Mapping[str, datetime]:
    """Tell when each institution last sent something that was taken in; those that never did are left out."""
    latest = select(func.max(message.c.received)).where(message.c.institution == institution.c.code).scalar_subquery()
    return {code: at for code, at in connection.execute(select(institution.c.code, latest)) if at is not None}


def _load(connection: Connection) -> Register:
    value = connection.scalar(select(stamp.c.value).where(stamp.c.name == "institutions"))
    rows = connection.execute(select(institution).order_by(institution.c.code)).mappings()
    by_code = {row["code"]: _institution(row) for row in rows}
    held = {
        row["fingerprint"]: (row["institution"], Certificate(row["fingerprint"], row["subject"], row["not_after"]))
        for row in connection.execute(select(certificate)).mappings()
    }
    return Register(value or 0, by_code, {code.lower(): code for code in by_code}, held)


def _institution(row: Any) -> Institution:
    names = ("code", "name", "kind", "state", "password_hash", "digest", "secret", "upload_key", "contact", "created", "changed")
    return Institution(**{name: row[name] for name in names})

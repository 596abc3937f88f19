"""Take the applications of institutions that bring a one-time invitation."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Table, Text, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import EngineError, Issue, SenderError
from engine.services.access import KINDS, Kind
from engine.services.audit import CODE, Audit, changed
from engine.services.certificates import Certificate
from engine.services.institutions import (
    NewInstitution,
    NotDone,
    application,
    check_new,
    enter,
    enter_certificate,
    institution,
    raise_stamp,
)
from engine.services.passwords import make_password
from engine.store.columns import Moment
from engine.store.database import Database, metadata
from engine.store.sealing import Seal

LONGEST_CONTACT = 200

invitation = Table(
    "invitation",
    metadata,
    Column("lookup", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created", Moment, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("used", Moment),
)
"""One row for each invitation, by the keyed hash of its words; `code` is "" when it is good for any."""


class NotInvited(EngineError):
    """The invitation is good for nothing; `reason` is for the audit only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an applicant asks for; the password comes as its hash only."""

    invitation: str = field(repr=False)
    code: str
    name: str
    contact: str = field(repr=False)
    password_hash: str = field(repr=False)
    certificate: Certificate | None = None
    peer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application and what became of it; times are aware, `decided` is None while it waits."""

    id: str
    institution: str
    kind: Kind
    state: str
    applied: datetime
    decided: datetime | None
    contact: str = field(default="", repr=False)


class Applications:
    """Hand out invitations and take what is applied for with them; `clock` gives an aware time."""

    def __init__(self, database: Database, seal: Seal, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    def invite(
        self, lifetime: timedelta, *, code: str = "", kind: str = "hospital", actor: str = "command-line", peer: str = ""
    ) -> str:
        """Make an invitation, for one code or ("") for any; its words are given once and kept as a keyed hash only.

        Raises NotDone for a code that is none or is registered, and for an unknown kind.
        """
        if kind not in KINDS:
            raise NotDone(f'"{kind}" is not one of {", ".join(KINDS)}', "institution-kind")
        if code and not CODE.match(code):
            raise NotDone("an institution's code is 1 to 32 letters, digits or '-'", "institution-code")
        words, now = make_password(), self._clock()
        row = {"lookup": self._lookup(words), "code": code, "kind": kind, "created": now, "expires": now + lifetime, "used": None}
        with self._database.write() as connection:
            if code and _taken(connection, code):
                raise NotDone(
                    f"institution {code} is registered already, perhaps in other case; see institution list", "institution-taken"
                )
            connection.execute(insert(invitation), row)
            Audit().write(
                connection, [changed("institution invite", institution=code, subject=code or kind, actor=actor, peer=peer)]
            )
        return words

    def check(self, words: str, code: str) -> None:
        """Tell whether an invitation is good for this code now, before anything dear is done; raises NotInvited."""
        with self._database.read() as connection:
            self._invited(connection, words, code)

    def apply(self, wish: Wish) -> Application:
        """Register the applicant in the state `applied` and use its invitation up, both or neither.

        Raises NotInvited, SenderError SND-507 for a code that is registered, SND-750 and SND-752 for what cannot be taken.
        """
        _check_wish(wish)
        try:
            with self._database.write() as connection:
                return self._take(connection, wish)
        except IntegrityError as problem:  # the other of two at once, with two invitations for one code
            raise _already(wish.code) from problem

    def find(self, institution_code: str, number: str = "") -> Application | None:
        """Give the application of an institution, when `number` is its id or was left out."""
        chosen = application.c.institution == institution_code
        found = self._load(chosen & (application.c.id == number) if number else chosen)
        return found[0] if found else None

    def refuse(self, code: str, *, actor: str = "command-line", peer: str = "") -> None:
        """Refuse the application of an institution, which is shut out; raises NotDone when none of it waits."""
        now = self._clock()
        with self._database.write() as connection:
            waits = application.c.institution == code, application.c.decided.is_(None)
            if not connection.execute(update(application).where(*waits).values(decided=now)).rowcount:
                raise NotDone(f"no application of {code} waits", "application-decided")
            chosen = institution.c.code == code
            connection.execute(update(institution).where(chosen).values(state="disabled", changed=now))
            raise_stamp(connection, "institution refuse", code, actor, peer)

    def waiting(self) -> Sequence[Application]:
        """List the applications that nobody has decided, oldest first."""
        return self._load(institution.c.state == "applied")

    def _take(self, connection: Connection, wish: Wish) -> Application:
        now = self._clock()
        kind = self._invited(connection, wish.invitation, wish.code)
        chosen = update(invitation).where(invitation.c.lookup == self._lookup(wish.invitation), invitation.c.used.is_(None))
        if connection.execute(chosen.values(used=now)).rowcount != 1:
            raise NotInvited("invitation-used")
        if _taken(connection, wish.code):
            raise _already(wish.code)
        number = f"A{now:%Y%m%d}-{secrets.token_hex(8)}"
        self._enter(connection, wish, kind, number, now)
        return Application(id=number, institution=wish.code, kind=kind, state="applied", applied=now, decided=None)

    def _enter(self, connection: Connection, wish: Wish, kind: Kind, number: str, now: datetime) -> None:
        made = NewInstitution(code=wish.code, name=wish.name, kind=kind, state="applied", password_hash=wish.password_hash)
        enter(connection, made)
        contact = self._seal.seal_text(wish.contact.strip(), table="application", column="contact", row=number)
        row = {"id": number, "institution": wish.code, "contact": contact, "applied": now, "decided": None}
        connection.execute(insert(application), row)
        if wish.certificate is not None:
            _enter_certificate(connection, wish.code, wish.certificate)
        raise_stamp(connection, "institution apply", wish.code, "applicant", wish.peer)

    def _invited(self, connection: Connection, words: str, code: str) -> Kind:
        if not words:
            raise NotInvited("no-invitation")
        found = connection.execute(select(invitation).where(invitation.c.lookup == self._lookup(words))).mappings().one_or_none()
        if found is None:
            raise NotInvited("invitation-unknown")
        if found["used"] is not None:
            raise NotInvited("invitation-used")
        if found["expires"] <= self._clock():
            raise NotInvited("invitation-expired")
        if found["code"] not in {"", code}:
            raise NotInvited("invitation-other-code")
        kind: Kind = found["kind"]
        return kind

    def _load(self, condition: Any) -> list[Application]:
        joined = application.join(institution, institution.c.code == application.c.institution)
        query = select(application, institution.c.kind, institution.c.state).select_from(joined).where(condition)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(application.c.applied, application.c.id)).mappings().all()
        return [self._application(row) for row in rows]

    def _application(self, row: Any) -> Application:
        names = ("id", "institution", "kind", "state", "applied", "decided")
        contact = self._seal.open_text(row["contact"], table="application", column="contact", row=row["id"])
        return Application(**{name: row[name] for name in names}, contact=contact)

    def _lookup(self, words: str) -> str:
        return self._seal.lookup(f"invitation {words}")


def _taken(connection: Connection, code: str) -> bool:
    same = or_(institution.c.code == code, institution.c.folded == code.lower())
    return connection.scalar(select(institution.c.code).where(same)) is not None


def _check_wish(wish: Wish) -> None:
    try:
        check_new(wish.code, wish.name, KINDS[0])
    except NotDone as problem:
        message = "机构代码应为 1 到 32 个字母、数字或连字符，机构名称应为 1 到 200 个字符。"
        hint = "请更正 code 或 name 后重新申请；邀请码仍可使用。"
        raise SenderError(Issue(code="SND-750", message=message, hint=hint)) from problem
    if not wish.contact.strip() or len(wish.contact) > LONGEST_CONTACT:
        message = f"联系人 contact 应为 1 到 {LONGEST_CONTACT} 个字符。"
        hint = "请填写联系人姓名与电话后重新申请；邀请码仍可使用。"
        raise SenderError(Issue(code="SND-750", message=message, hint=hint))


def _enter_certificate(connection: Connection, code: str, found: Certificate) -> None:
    try:
        enter_certificate(connection, code, found)
    except NotDone as problem:
        message = "这张客户端证书已登记给另一家机构。"
        raise SenderError(
            Issue(code="SND-752", message=message, hint="请改用本机构自己的证书，或不填 certificate。")
        ) from problem


def _already(code: str) -> SenderError:
    hint = "请核对机构代码；若是本机构以前登记的，请联系平台，不要重新申请。"
    return SenderError(Issue(code="SND-507", message=f"机构代码“{code}”已经登记，原有登记没有改变。", hint=hint, value=code))

"""Decide by unique keys which message holds an id: fresh, a duplicate, a conflict, or a replacement."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import Issue
from engine.interaction import is_message
from engine.store.bulk import Listed, Values, insert_rows
from engine.store.entries import Entry
from engine.store.tables import claim, message
from engine.store.troubles import Collision

Kind = Literal["document", "own", "message"]


@dataclass(frozen=True, slots=True)
class Holder:
    """The accepted message that holds an id."""

    receipt: str
    document_type: str
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ids say about an entry.

    `first` is the receipt of a duplicate's first message, or of the entry itself when it was filed before;
    `issue` refuses it; `targets` are the receipts that it replaces.
    """

    kind: Literal["fresh", "duplicate", "refused"]
    first: str = ""
    issue: Issue | None = None
    targets: tuple[str, ...] = ()


def claim_name(institution: str, kind: Kind, value: str) -> str:
    """Write the key of an id; full-width letters, digits and spaces count as their plain forms (NFKC)."""
    plain = value if value.isascii() else unicodedata.normalize("NFKC", value)
    return f"{institution} {kind} {plain.strip()}"


@lru_cache(maxsize=4096)
def names_of(institution: str, document_id: str, own: str, document_type: str) -> tuple[str, ...]:
    """List the keys that an accepted message holds; the id of an interaction is no documentId."""
    kind: Kind = "message" if is_message(document_type) else "document"
    names = [claim_name(institution, kind, document_id)] if document_id else []
    return (*names, claim_name(institution, "own", own)) if own else tuple(names)


def names_asked(entry: Entry) -> Iterable[str]:
    """List every key whose holder matters to an entry."""
    yield from names_of(entry.institution, entry.document_id, entry.own, entry.document_type)
    if entry.replaces or entry.replaces_own:
        yield from names_of(entry.institution, entry.replaces, entry.replaces_own, entry.document_type)


@dataclass(slots=True)
class Ledger:
    """Who holds what, as read at the start of a transaction, changed by each entry that is judged.

    `write` then makes the changes; should another transaction have changed the same keys meanwhile,
    it raises Collision or the database's own IntegrityError, and the caller runs again from the start.
    """

    held: dict[str, Holder]
    mine: dict[str, tuple[str, ...]] = field(default_factory=dict)
    released: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, connection: Connection, names: Iterable[str]) -> Ledger:
        """Read the holders of these keys."""
        rows = _READ.read(connection, list(dict.fromkeys(names)))
        return cls({name: Holder(receipt, type_, digest) for name, receipt, type_, digest in rows})

    def judge(self, entry: Entry) -> Verdict:
        """Say what the ids make of an entry, by the rules of the contracts on duplicates and replacement."""
        names = names_of(entry.institution, entry.document_id, entry.own, entry.document_type)
        same = self._same(entry, names)
        if same:
            return Verdict("duplicate", first=same)
        if entry.state == "INVALID":
            return Verdict("fresh")
        targets: list[str] = []
        for kind, value in _named(entry):
            holder = self.held.get(claim_name(entry.institution, kind, value))
            if holder is None:
                return Verdict("refused", issue=_unknown_target(value))
            if holder.document_type != entry.document_type:
                return Verdict("refused", issue=_other_type(value, holder))
            targets.append(holder.receipt)
        targets += self._repeated(entry)
        issue = self._conflict(entry, names, targets)
        return Verdict("refused", issue=issue) if issue else Verdict("fresh", targets=tuple(dict.fromkeys(targets)))

    def take(self, connection: Connection, entry: Entry, targets: Sequence[str]) -> None:
        """Release what the replaced messages hold, and hold the entry's own keys."""
        for target in targets:
            self.release(connection, target)
        names = names_of(entry.institution, entry.document_id, entry.own, entry.document_type)
        holder = Holder(entry.receipt, entry.document_type, entry.digest)
        self.held.update(dict.fromkeys(names, holder))
        self.mine[entry.receipt] = names

    def release(self, connection: Connection, receipt: str) -> None:
        """Free every key that a message holds."""
        pending = self.mine.pop(receipt, None)
        names = pending if pending is not None else _names_of_stored(connection, receipt)
        for name in names:
            if pending is None:
                self.released.append((name, receipt))
            self.held.pop(name, None)

    def write(self, connection: Connection) -> None:
        """Delete and insert the keys that changed."""
        for name, receipt in self.released:
            gone = connection.execute(_DELETE, {"its_name": name, "its_holder": receipt})
            if gone.rowcount != 1:
                raise Collision("another transaction released the same document")
        insert_rows(connection, claim, [_row(name, self.held[name]) for names in self.mine.values() for name in names])

    def _repeated(self, entry: Entry) -> list[str]:
        """Name what holds the own id of an entry that repeats: it is replaced without being named."""
        holder = self.held.get(claim_name(entry.institution, "own", entry.own)) if entry.repeats and entry.own else None
        return [holder.receipt] if holder else []

    def _same(self, entry: Entry, names: Sequence[str]) -> str:
        for name in names if entry.digest else ():
            holder = self.held.get(name)
            if holder and holder.digest == entry.digest:
                return holder.receipt
        return ""

    def _conflict(self, entry: Entry, names: Sequence[str], targets: Sequence[str]) -> Issue | None:
        for name in names:
            holder = self.held.get(name)
            if holder and holder.receipt not in targets:
                if is_message(entry.document_type):
                    return _message_conflict(entry, holder)
                of_document = name.startswith(f"{entry.institution} document ")
                return _document_conflict(entry, holder) if of_document else _own_conflict(entry, holder)
        return None


_READ = Listed(claim.c.name, sa.select(claim.c.name, claim.c.receipt, claim.c.document_type, claim.c.digest).where)
_DELETE = sa.delete(claim).where(claim.c.name == sa.bindparam("its_name"), claim.c.receipt == sa.bindparam("its_holder"))
_STORED = sa.select(message.c.institution, message.c.document_id, message.c.own, message.c.document_type).where(
    message.c.receipt == sa.bindparam("receipt")
)


def _named(entry: Entry) -> Iterable[tuple[Kind, str]]:
    if entry.replaces:
        yield "document", entry.replaces
    if entry.replaces_own:
        yield "own", entry.replaces_own


def _names_of_stored(connection: Connection, receipt: str) -> tuple[str, ...]:
    institution, document_id, own, document_type = connection.execute(_STORED, {"receipt": receipt}).one()
    return names_of(institution, document_id, own, document_type)


def _row(name: str, holder: Holder) -> Values:
    return {"name": name, "receipt": holder.receipt, "document_type": holder.document_type, "digest": holder.digest}


def _document_conflict(entry: Entry, holder: Holder) -> Issue:
    return Issue(
        code="SND-501",
        message=f"documentId {entry.document_id} 已用于另一份内容，首次接收的回执号为 {holder.receipt}。",
        hint="修改已上传的文档，请在 replaces 填写原 documentId；如果是新文档，请换新的 documentId。",
        value=entry.document_id,
    )


def _message_conflict(entry: Entry, holder: Holder) -> Issue:
    return Issue(
        code="SND-508",
        message=f"消息 ID {entry.document_id} 已用于另一份内容，首次接收的回执号为 {holder.receipt}。",
        hint="新的消息请换新的消息 ID；重发请原样发送。",
        path="/id/@extension",
        value=entry.document_id,
    )


def _own_conflict(entry: Entry, holder: Holder) -> Issue:
    return Issue(
        code="SND-502",
        message=f"文档自身标识 {entry.own} 已用于另一份内容，首次接收的回执号为 {holder.receipt}。",
        hint="新文档请换新的文档标识；修改已上传的文档，请在 replaces 填写原 documentId。",
        path="/ClinicalDocument/id",
        value=entry.own,
    )


def overtaken(entry: Entry, newer: str) -> Issue:
    """Say that the same own id has been sent again since."""
    return Issue(
        code="SND-502",
        message=f"{entry.own} 之后又收到过另一份内容，其回执号为 {newer}。",
        hint="以后收到的为准；如果这一份才正确，请重新上传。",
        value=entry.own,
    )


def _unknown_target(value: str) -> Issue:
    return Issue(
        code="SND-503",
        message=f"要替换的文档 {value} 没有被接收，或已经撤销、已被替换。",
        hint="请先上传原文档；如果原文档不需要替换，请去掉 replaces（或文档中的 relatedDocument）。",
        value=value,
    )


def _other_type(value: str, holder: Holder) -> Issue:
    return Issue(
        code="SND-504",
        message=f"要替换的文档 {value} 是 {holder.document_type} 类型，与本次上传的类型不同，其回执号为 {holder.receipt}。",
        hint="只能替换同一类型的文档，请核对 documentType 与 replaces。",
        value=value,
    )

"""Search the library and retrieve from it (S0015, S0016, documentExistence ...), and note what a message said of a document it carried."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, and_, func, not_, or_, select

from engine.hospital import Values
from engine.interaction import Answered, Interaction
from engine.services.library import Body
from engine.services.recordrights import RecordRights
from engine.services.records import KeptRecord, RecordsDesk, record
from engine.services.registers.asked import found_text, limit, needed, parts, refuse, said, span, written_time
from engine.services.registers.entries import Entries, Fresh
from engine.services.registers.persons import Reach, audit_reading, is_patient, reach, terms_of
from engine.services.registers.tables import entry, term
from engine.services.residents import one_person

REGISTER = "documents"
_PERSON = ("patientId", "identity", "healthCard", "inpatientNumber", "outpatientNumber")
_NOTED = ("documentId", "type", "confidentiality")
_MOST = 2000
"""How many documents are looked through for an author, a name or a title, which are sealed."""


@dataclass(frozen=True, slots=True)
class Documents:
    """The register of documents: what it keeps are notes beside the records of the library."""

    entries: Entries
    rights: RecordRights
    body: Body

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked; `add` and `update` note what was filed already in this transaction."""
        acts: Mapping[str, Callable[[Connection, Interaction], Answered]] = {
            "add": self._note, "update": self._note, "query": self._query, "get": self._get,
        }  # fmt: skip
        return acts[asked.act](connection, asked)

    def _note(self, connection: Connection, asked: Interaction) -> Answered:
        """Note for each document of a message, by its receipt, what the message said of it beyond the document itself."""
        told = {self.entries.lookup(needed(each, "receipt", "回执")): each for each in parts(asked.values)}
        standing = self.entries.locked(connection, REGISTER, asked.institution, told)
        fresh = [self._noted(connection, asked, key, each) for key, each in told.items() if key not in standing]
        for one in fresh:
            # Its receipt is the document's, not the message's: by it the note is found beside the record.
            self.entries.add(connection, REGISTER, asked.institution, said(one.values, "receipt"), [one], asked.received)
        if not fresh:
            return Answered(text="文档已登记过，内容相同")
        return Answered(text="文档已登记" if len(told) == 1 else f"已登记 {len(fresh)} 份文档")

    def _noted(self, connection: Connection, asked: Interaction, key: str, each: Values) -> Fresh:
        kept = RecordsDesk(self.entries.seal).by_message(connection, said(each, "receipt"))
        if kept is None:
            raise LookupError(f"the library has no document of receipt {said(each, 'receipt')}")
        values = {name: value for name, value in each.items() if name != "content"}
        return Fresh(
            key=key,
            values=values,
            terms=terms_of(values, _NOTED),
            at=asked.received,
            resident=kept.resident,
            claimed=kept.claimed,
        )

    def _query(self, connection: Connection, asked: Interaction) -> Answered:
        mine, found, total = self._found(connection, asked)
        audit_reading(connection, asked, [one.resident for one in found] or (mine.people or ()))
        text = found_text(len(found), total)
        if said(asked.values, "visitSince") or said(asked.values, "visitUntil"):
            text += "（就诊时间按文档生成时间比较）"
        return Answered(text=text, items=tuple(self._item(connection, one) for one in found), total=total)

    def _get(self, connection: Connection, asked: Interaction) -> Answered:
        needed(asked.values, "documentId", "文档标识")
        _, found, total = self._found(connection, asked)
        if not found and self._is_there(connection, asked):
            raise refuse("SND-733")
        audit_reading(connection, asked, (one.resident for one in found))
        items = tuple({**self._item(connection, one), "content": self._content(connection, one)} for one in found)
        return Answered(text=found_text(len(items), total), items=items, total=total)

    def _content(self, connection: Connection, one: KeptRecord) -> str:
        body = self.body(connection, one.message)
        if body is None:
            raise LookupError(f"the journal has no body of {one.message}")
        return base64.b64encode(body).decode("ascii")

    def _is_there(self, connection: Connection, asked: Interaction) -> bool:
        """Tell whether a document of another institution, which the caller may not read, has the number it asked for."""
        everyone = Reach(people=None, everyone=True, caller=asked.institution)
        narrowed = replace(asked, values={"documentId": said(asked.values, "documentId")})
        where = [*self._conditions(narrowed, everyone), record.c.state == "current", record.c.institution != asked.institution]
        return connection.execute(select(1).select_from(record).where(*where).limit(1)).first() is not None

    def _found(self, connection: Connection, asked: Interaction) -> tuple[Reach, list[KeptRecord], int]:
        """Find the documents that the caller may read, the latest written first."""
        mine = reach(connection, self.entries.seal, asked, self.rights.documents, _PERSON)
        if mine.people is None and not mine.everyone and self.rights.documents == "treating" and said(asked.values, "documentId"):
            mine = self._of_its_person(connection, asked, mine)
        where = [*self._conditions(asked, mine), record.c.state == "current", self._open(asked.institution)]
        query = select(record).where(*where).order_by(record.c.placed.desc(), record.c.message.desc())
        most, desk = limit(asked.values), RecordsDesk(self.entries.seal)
        wanted = terms_of(asked.values, ("author", "name", "typeName"))
        if not wanted:
            found = [desk.kept(row) for row in connection.execute(query.limit(most)).mappings()]
            total = len(found)
            if total == most:
                total = int(connection.execute(select(func.count()).select_from(record).where(*where)).scalar_one())
            return mine, found, total
        read = (desk.kept(row) for row in connection.execute(query.limit(_MOST)).mappings())
        fitting = [one for one in read if self._says(connection, one, wanted)]
        return mine, fitting[:most], len(fitting)

    def _of_its_person(self, connection: Connection, asked: Interaction, mine: Reach) -> Reach:
        """Let a caller read a document by its number alone when it is about a patient of its own."""
        everyone = replace(mine, everyone=True)
        query = select(record.c.resident).where(*self._conditions(asked, everyone), record.c.state == "current").distinct()
        whose = list(connection.execute(query).scalars())
        people = [one for one in whose if is_patient(connection, asked.institution, one_person(connection, one))]
        return replace(mine, everyone=True, people=tuple(people)) if people else mine

    def _conditions(self, asked: Interaction, mine: Reach) -> list[ColumnElement[bool]]:
        values = asked.values
        where: list[ColumnElement[bool]] = []
        if mine.people is not None:
            where.append(record.c.resident.in_(mine.people))
        if not mine.everyone:
            where.append(record.c.institution == asked.institution)
        if said(values, "documentId"):
            where.append(self._numbered(said(values, "documentId")))
        if said(values, "type"):
            kind = said(values, "type")
            where.append(or_(record.c.document_type == kind, self._noted_as("type", kind)))
        for first, last in (("since", "until"), ("visitSince", "visitUntil")):
            since, until = span(values, first, last)
            where += [] if since is None else [record.c.placed >= since]
            where += [] if until is None else [record.c.placed < until]
        return where

    def _numbered(self, number: str) -> ColumnElement[bool]:
        """Say in SQL that a document has a number: its own, under whatever root, or the one that a message gave it."""
        return or_(record.c.extension == number, self._noted_as("documentId", number))

    def _noted_as(self, name: str, *values: str) -> ColumnElement[bool]:
        same = and_(term.c.register == entry.c.register, term.c.owner == entry.c.owner, term.c.key == entry.c.key)
        lookups = [self.entries.lookup(value) for value in values]
        noted = select(entry.c.receipt).join(term, same).where(term.c.register == REGISTER, term.c.name == name)
        return record.c.message.in_(noted.where(term.c.lookup.in_(lookups)))

    def _open(self, caller: str) -> ColumnElement[bool]:
        """Say in SQL that a document is the caller's own or not closed, neither by itself nor by the message that carried it."""
        closed = self.rights.closed
        return or_(
            record.c.institution == caller,
            and_(record.c.confidentiality.not_in(closed), not_(self._noted_as("confidentiality", *closed))),
        )

    def _note_of(self, connection: Connection, one: KeptRecord) -> Values:
        known = self.entries.read(connection, REGISTER, one.institution, self.entries.lookup(one.message))
        return {} if known is None else known.values

    def _says(self, connection: Connection, one: KeptRecord, wanted: Mapping[str, str]) -> bool:
        note = self._note_of(connection, one)
        author = said(wanted, "author") in (
            "",
            one.author,
            said(note, "author"),
            said(note, "authorId"),
            said(note, "authorName"),
        )
        title = said(wanted, "typeName") in ("", one.title, said(note, "typeName"))
        return author and title and said(wanted, "name") in ("", one.resident_name, said(note, "name"))

    def _item(self, connection: Connection, one: KeptRecord) -> Values:
        """Give what is known of a document: by the document itself, and what its message said beyond that."""
        known = {
            "documentId": one.own_extension, "documentRoot": one.own_root, "type": one.document_type, "typeName": one.title,
            "written": written_time(one.written) if one.written else "", "confidentiality": one.confidentiality,
            "identity": one.resident_id, "name": one.resident_name, "authorName": one.author, "institutionCode": one.custodian,
            "institutionName": one.custodian_name, "registered": written_time(one.taken), "receipt": one.message,
            "url": f"urn:changbai:document:{one.message}",
        }  # fmt: skip
        note = {name: value for name, value in self._note_of(connection, one).items() if isinstance(value, str)}
        return {name: value for name, value in {**known, **note, "receipt": one.message}.items() if value}

"""Read messages for their pages, masked unless a reason is given, and do to one what its buttons say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from engine.channels.rehearsal import found, visible
from engine.documents.charset import decode_document
from engine.documents.masking import Masking, mask_documents
from engine.documents.packing import gunzip_stored
from engine.errors import SenderError
from engine.interaction import is_message
from engine.monitor.bodies import HIDDEN_EVENTS, Body, View
from engine.monitor.messages import masked_number
from engine.monitor.sidebyside import Sheet, alone, side_by_side
from engine.services.audit import Audit, changed, looked_at
from engine.store.browse import Asked, Leaf
from engine.store.database import Database
from engine.store.entries import EventLine, Facts, Stored, StoredMessage
from engine.store.journal import Journal
from engine.store.masking import mask, masked, without_numbers

LARGEST = 1024 * 1024
"""Bytes of a document that is shown."""

RAW = 16 * 1024
"""Bytes that are shown of what never was a readable GZIP."""

_LOOKS = 60
"""Looks through an index for one file: a file of a rare combination ends there too."""

_LEAF = 1000
_DETAIL = 300


@dataclass(frozen=True, slots=True)
class MessageArchive:
    """The store as the pages of messages know it; every method is one short transaction of its own, an export many."""

    database: Database
    journal: Journal
    masking: Masking

    def browse(self, asked: Asked) -> Leaf:
        """Give one page of a search."""
        with self.database.read() as connection:
            return self.journal.browse(connection, asked)

    def key_of(self, number: str) -> str:
        """Give the search key of an identity number."""
        return self.journal.seal.lookup(number)

    def export(self, asked: Asked, most: int, *, by: str, peer: str) -> tuple[Sequence[Facts], bool]:
        """Fetch at most so many messages, page after page; true when there are more, or may be."""
        with self.database.write() as connection:
            note = changed("messages export", institution=asked.institution, subject=_told(asked), actor=by, peer=peer)
            Audit().write(connection, [note])
        rows: list[Facts] = []
        asked = replace(asked, limit=_LEAF)
        for _ in range(_LOOKS):
            leaf = self.browse(asked)
            rows += leaf.rows
            if leaf.older is None or len(rows) >= most:
                return rows[:most], leaf.older is not None or len(rows) > most
            asked = replace(asked, after=leaf.older, before=None)
        return rows, True

    def view(self, receipt: str) -> View | None:
        """Read one message as everybody may see it."""
        return self._view(receipt, revealed=False)

    def reveal(self, receipt: str, reason: str, *, by: str, peer: str) -> View | None:
        """Read one message unmasked; who looked and why is in the audit before anything is shown."""
        shown = self._view(receipt, revealed=True)
        if shown is not None:
            facts = shown.stored.facts
            with self.database.write() as connection:
                note = looked_at("messages", reason=reason, subject=receipt, actor=by, institution=facts.institution, peer=peer)
                Audit().write(connection, [note])
        return shown

    def discard(self, receipt: str, reason: str, *, by: str, peer: str) -> bool:
        """Put a message in ERROR aside for good; false when it is not in ERROR any more."""
        with self.database.write() as connection:
            done = self.journal.discard(connection, receipt, reason, by, datetime.now(UTC))
            if done:
                Audit().write(connection, [changed("message discard", subject=receipt, actor=by, peer=peer)])
        return done

    def _view(self, receipt: str, *, revealed: bool) -> View | None:
        with self.database.read() as connection:
            stored = self.journal.find(connection, None, receipt=receipt)
            kept = self.journal.load(connection, receipt)
        if stored is None or kept is None:
            return None
        body, text, sheet = self._body(kept, stored, revealed=revealed)
        shown = stored if revealed else _masked(stored)
        return View(
            stored=shown, found=found(shown.issues, text.encode()), body=body, sheet=sheet, revealed=revealed,
            text=text if revealed else "", form=kept.original_form,
        )  # fmt: skip

    def _body(self, kept: StoredMessage, stored: Stored, *, revealed: bool) -> tuple[Body, str, Sheet | None]:
        if not kept.original:
            return "absent", "", None
        if is_message(stored.facts.document_type) and not revealed:
            return "interaction", "", None
        if kept.original_form != "gzip":
            text = visible_text(kept.original[:RAW].decode("utf-8", "replace")) if revealed else ""
            return "raw", text, alone(text) if revealed else None
        content = gunzip_stored(kept.original)
        if max(len(content), len(kept.changed)) > LARGEST:
            return "large", "", None
        before, after = self._texts(content, kept.changed, revealed=revealed)
        if before is None:
            return "unreadable", "", None
        sheet = side_by_side(before, after) if after is not None else alone(before, (issue.line for issue in stored.issues))
        return "shown", before, sheet

    def _texts(self, content: bytes, changed_content: bytes, *, revealed: bool) -> tuple[str | None, str | None]:
        both = [content, changed_content] if changed_content else [content]
        if revealed:
            texts: list[str | None] = [decoded(one) for one in both]
        else:
            texts = [without_numbers(one) if one else one for one in mask_documents(both, self.masking, mask)]
        return texts[0], texts[1] if changed_content else None


def _told(asked: Asked) -> str:
    """Tell what a file was asked for, without whom it is about."""
    values = (asked.document_type, asked.document_id, asked.state or asked.status, asked.code, asked.since, asked.until)
    return " ".join(f"{one:%Y-%m-%d}" if isinstance(one, datetime) else one for one in values if one)


def decoded(content: bytes) -> str:
    """Write a document as text, by its own character set as far as it has one."""
    try:
        return decode_document(content).utf8.decode("utf-8", "replace")
    except SenderError:
        return content.decode("utf-8", "replace")


def visible_text(text: str) -> str:
    """Show control characters as marks; line breaks stay."""
    return "\n".join(visible(line) for line in text.splitlines())


def _masked(stored: Stored) -> Stored:
    return replace(
        stored, facts=replace(stored.facts, resident=masked_number(stored.facts.resident)),
        issues=tuple(masked(issue) for issue in stored.issues), events=tuple(_masked_event(one) for one in stored.events),
    )  # fmt: skip


def _masked_event(one: EventLine) -> EventLine:
    if one.what in HIDDEN_EVENTS:
        return replace(one, detail="")
    return replace(one, detail=without_numbers(one.detail)[:_DETAIL])

"""Write messages into the journal with what their registers make of them, all of one message in one piece or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.errors import Issue, SenderError
from engine.hospital import Values
from engine.inbound.carried import Carried
from engine.inbound.intake import Parcel
from engine.inbound.interaction_reading import Arrived
from engine.interaction import Answered, Interaction, Register
from engine.store.database import Connection
from engine.store.entries import Filed
from engine.store.journal import Journal

ANSWERED = "answered"
"""The event that keeps what was answered, so that a repeat is answered as the first time."""

_LIBRARY = "records"
"""The desk whose documents the register of documents knows."""

FileParcels = Callable[[Connection, list[Parcel]], Sequence[Sequence[Filed]]]
"""File judged documents in the caller's transaction: one list of results for each parcel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What became of a message: its row, and what is answered (None when it is refused); one Filed for each document."""

    filed: Filed
    answered: Answered | None = None
    documents: tuple[Filed, ...] = ()

    @property
    def issues(self) -> tuple[Issue, ...]:
        """Say why it is refused: for its own sake, else for the sake of its documents."""
        return self.filed.issues


class MessageFiling:
    """A handler for the journal's writer: each message is filed, then done at its register, behind a savepoint of its own.

    What a register refuses is kept as INVALID and leaves nothing else behind. A collision of two transactions is not caught: the
    writer runs the message again from its start. `order` gives the place of an interaction among those of one commit, so that two
    fronts lock what both want in the same order.
    """

    def __init__(
        self,
        journal: Journal,
        parcels: FileParcels,
        registers: Mapping[str, Register],
        order: Callable[[Interaction], tuple[str, ...]],
    ) -> None:
        self._journal = journal
        self._parcels = parcels
        self._registers = registers
        self._order = order

    def __call__(self, connection: Connection, arrived: list[Arrived]) -> list[Settled]:
        """Settle the messages of one group commit; who waits for an answer sends nothing after it, so their order is free."""
        places = sorted(range(len(arrived)), key=lambda at: self._order(one) if (one := arrived[at].interaction) else ())
        settled = {at: self._settle(connection, arrived[at]) for at in places}
        return [settled[at] for at in range(len(arrived))]

    def ask(self, connection: Connection, asked: list[Interaction]) -> list[Answered | SenderError]:
        """Answer queries; the register writes down who read what in this same transaction."""
        return [self._ask(connection, one) for one in asked]

    def _ask(self, connection: Connection, asked: Interaction) -> Answered | SenderError:
        try:
            return self._registers[asked.register](connection, asked)
        except SenderError as refusal:
            return refusal

    def _settle(self, connection: Connection, one: Arrived) -> Settled:
        if one.interaction is None:
            return self._file_refused(connection, one)
        try:
            with connection.begin_nested():
                return self._done(connection, one, one.interaction)
        except SenderError as refusal:
            return self._file_refused(connection, _turned_down(one, refusal))

    def _done(self, connection: Connection, one: Arrived, interaction: Interaction) -> Settled:
        """File the message and do what it asks; raises SenderError, and then nothing of it may stay."""
        (filed,) = self._journal.file(connection, [one.entry])
        if filed.state == "INVALID":
            return Settled(filed=filed)
        if not filed.fresh:
            return Settled(filed=filed, answered=self._as_before(connection, filed))
        documents, register = self._file_documents(connection, one), self._registers[interaction.register]
        if documents:
            answered = _on_documents(one.documents, documents)
            if noted := _noted(one.documents, documents):
                register(connection, replace(interaction, values={**interaction.values, "entry": noted}))
        else:
            answered = register(connection, interaction)
        self._journal.tell(connection, filed.receipt, one.entry.received, ANSWERED, _kept(answered))
        return Settled(filed=filed, answered=answered, documents=documents)

    def _file_refused(self, connection: Connection, one: Arrived) -> Settled:
        """Keep a refused message, and the refused documents that it carried."""
        documents = self._file_documents(connection, one)
        (filed,) = self._journal.file(connection, [one.entry])
        return Settled(filed=filed, documents=documents)

    def _file_documents(self, connection: Connection, one: Arrived) -> tuple[Filed, ...]:
        if not one.documents:
            return ()
        parcel = Parcel(judgements=tuple(each.judgement for each in one.documents), institution=one.entry.institution)
        (filed,) = self._parcels(connection, [parcel])
        return tuple(filed)

    def _as_before(self, connection: Connection, filed: Filed) -> Answered:
        """Give what was answered the first time, marked when the message came again."""
        answered = _read(self._journal.told(connection, filed.receipt, ANSWERED))
        if not filed.duplicate:
            return answered
        return Answered(text=f"重复提交，首次已处理：{answered.text}", items=answered.items, total=answered.total)


def _turned_down(one: Arrived, refusal: SenderError) -> Arrived:
    """Turn a message into one that its register refused: it holds nothing and goes nowhere."""
    entry = replace(
        one.entry, state="INVALID", code=refusal.code, issues=(*refusal.issues, *one.entry.issues), orders=(), changed=b""
    )
    return Arrived(entry=entry, service=one.service, opened=one.opened, documents=one.documents)


def _kept(answered: Answered) -> str:
    """Write an answer down: its text alone where that is all."""
    if not answered.items and not answered.total:
        return answered.text
    said = {"text": answered.text, "items": answered.items, "total": answered.total}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _read(kept: str) -> Answered:
    if not kept.startswith("{"):
        return Answered(text=kept)
    said = json.loads(kept)
    return Answered(text=said["text"], items=tuple(said["items"]), total=said["total"])


def _on_documents(carried: Sequence[Carried], filed: Sequence[Filed]) -> Answered:
    """Sum up what became of the documents of a message; raises SenderError when none of them was taken."""
    good = [one for one in filed if one.status != "rejected"]
    if not good:
        raise SenderError(*[issue for one in filed for issue in one.issues])
    items = tuple(item_of(each, one) for each, one in zip(carried, filed, strict=True))
    bad = len(filed) - len(good)
    text = f"已登记，回执号 {'、'.join(one.receipt for one in good[:3])}{' 等' if len(good) > 3 else ''}"
    return Answered(text=f"{text}；退回 {bad} 份" if bad else text, items=items, total=len(filed))


def _noted(carried: Sequence[Carried], filed: Sequence[Filed]) -> tuple[Values, ...]:
    """Give what the message says of the documents that are in the library now, each with its receipt."""
    return tuple(
        {**each.values, "receipt": one.receipt}
        for each, one in zip(carried, filed, strict=True)
        if one.state == "ROUTED" and any(desk == _LIBRARY for desk, _ in each.judgement.effects)
    )


def item_of(carried: Carried, filed: Filed) -> Values:
    """Say what became of one document, for the answer of its message."""
    rejected = filed.status == "rejected"
    first = next((issue for issue in filed.issues if issue.severity == "error"), None) if rejected else None
    return {
        "id": str(carried.values.get("id") or ""), "documentId": carried.judgement.entry.document_id,
        "status": "AE" if rejected else "AA", "receipt": filed.receipt, "url": "" if rejected else f"urn:changbai:document:{filed.receipt}", "institutionCode": carried.judgement.entry.institution,
        "detail": f"{first.code} {first.message}{first.hint}" if first else "重复提交" if filed.duplicate else "已登记",
    }  # fmt: skip

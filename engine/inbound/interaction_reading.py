"""Read one message of an interaction service: open it, walk its route, draw its values; from text to what the store is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from engine.channels.walk import OUR_FAULT, Outcome, walk
from engine.documents.hl7.canonical import values_of
from engine.documents.hl7.opening import OpenedMessage, open_message
from engine.documents.hl7.services import HipService, Service
from engine.documents.packing import pack_gzip
from engine.documents.reading import XmlDocument
from engine.errors import EngineError, Issue, SenderError
from engine.inbound.calls import Call
from engine.inbound.carried import REGISTER, Carried, judge_carried
from engine.inbound.judge import UNWALKED, Judge
from engine.interaction import UNKNOWN, Interaction
from engine.log import get_logger
from engine.message import Message, new_receipt
from engine.services.institutions import Institution
from engine.store.entries import Entry, Order, TraceLine

READING = frozenset({"query", "get"})
"""What a service does that leaves nothing behind."""

OTHER_PARTY = "SND-345"
_LOG = get_logger("interactions")
_Facts = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """One message that was read: its row in the journal, and what its register is asked (None when it is refused).

    `opened` is None when it could not be read, `service` when nobody knows its action; `documents` are those it carries.
    """

    entry: Entry
    service: Service | None = None
    opened: OpenedMessage | None = None
    interaction: Interaction | None = None
    documents: tuple[Carried, ...] = ()

    @property
    def size(self) -> int:
        """Give the bytes it brings to the store."""
        own = len(self.entry.original) + len(self.entry.changed)
        return own + sum(len(one.judgement.entry.original) + len(one.judgement.entry.changed) for one in self.documents)


@dataclass(slots=True)
class _Under:
    """What is known of a message so far."""

    call: Call
    facts: _Facts
    service: Service | None = None
    opened: OpenedMessage | None = None
    found: list[TraceLine] = field(default_factory=list)


def unknown_action(call: Call, text: str, revision: str, refusal: SenderError) -> Arrived:
    """Give what is kept of a message whose action nobody knows."""
    return _refused(_Under(call, _facts(call, UNKNOWN, text, revision)), refusal.code, refusal.issues)


def read_message(judge: Judge, call: Call, service: Service, text: str, known: Mapping[str, Institution]) -> Arrived:
    """Read a message; what is wrong with it stands in its entry. `known` are the registered institutions by code.

    Raises EngineError for a failure of our own, Paused when its route is: nothing is to be kept then.
    """
    judge.admit("hip" if isinstance(service, HipService) else "regional", service.key)
    under = _Under(call, _facts(call, service.key, text, judge.book.revision), service)
    try:
        if not text.strip():
            raise SenderError(Issue(code="SND-346", message="message 是空的。", hint="把 HL7 消息放在参数 message 中。"))
        return _read(judge, under, service, text, known)
    except SenderError as refusal:
        return _refused(under, refusal.code, refusal.issues)


def _read(judge: Judge, under: _Under, service: Service, text: str, known: Mapping[str, Institution]) -> Arrived:
    digest = bytes.fromhex(under.facts["digest"])
    if judge.vigil.forbids(digest):
        raise SenderError(Issue(code=UNWALKED, message="处理这条消息时平台进程曾多次中断，不再处理。", hint="请联系平台。"))
    with judge.vigil.walk(digest):
        opened = under.opened = open_message(judge.press.limits, service, text)
        under.facts["document_id"] = opened.message_id
        _note_differences(under.call, service, opened, known)
        _check_parties(under.call, opened, known)
        judge.vigil.step()
        outcome = _walked(judge, under, service, opened)
        values = values_of(_document(outcome))
    interaction = Interaction(
        action=service.key, register=outcome.desks[0] if outcome.desks else service.register, act=service.act,
        institution=under.call.institution, message_id=opened.message_id, receipt=under.facts["receipt"],
        received=under.facts["received"], values=values, peer=under.call.peer, trace=under.call.trace,
    )  # fmt: skip
    if service.act in READING:
        return Arrived(
            entry=Entry(**under.facts, state="ROUTED"),
            service=service,
            opened=opened,
            interaction=replace(interaction, receipt=""),
        )
    documents = judge_carried(judge, under.call, service.act, values) if interaction.register == REGISTER else ()
    return _arrived(under, outcome, interaction, documents)


def _walked(judge: Judge, under: _Under, service: Service, opened: OpenedMessage) -> Outcome:
    """Walk the message along its route; raises SenderError when it is refused, EngineError for our own failure."""
    route = judge.book.find("hip" if isinstance(service, HipService) else "regional", service.key)
    if route is None:
        raise EngineError(f"no route receives {service.key}")
    under.facts["route"] = route.name
    message = Message(
        id=under.facts["receipt"], route=route.name, revision=judge.book.revision, institution=under.call.institution,
        document_type=service.key, received=under.facts["received"], document=opened.document,
        keys={"document": opened.message_id}, warnings=opened.document.warnings,
    )  # fmt: skip
    outcome = walk(route, message, lambda *_: judge.vigil.step())
    under.found = [TraceLine(what=step.what, detail=step.detail, micros=step.micros) for step in outcome.trace]
    if outcome.state == "FILTERED":
        raise SenderError(Issue(code="SND-348", message=f"平台的路由不受理这条消息：{outcome.reason}", hint="请联系平台。"))
    if outcome.state == "ERROR" and outcome.code == OUR_FAULT:
        raise EngineError(f"the walk failed, reference {outcome.reference}")
    if outcome.state != "ROUTED":
        raise SenderError(*outcome.issues)
    return outcome


def _arrived(under: _Under, outcome: Outcome, interaction: Interaction, documents: tuple[Carried, ...]) -> Arrived:
    canonical = _document(outcome).content
    entry = Entry(
        **under.facts, state="ROUTED", issues=outcome.issues, resident=str(interaction.values.get("identity") or ""),
        # What a message with documents was changed to would hold them a third time.
        changed=b"" if documents and not outcome.sends else canonical,
        orders=tuple(Order(destination=send.destination, key=send.key) for send in outcome.sends), trace=tuple(under.found),
    )  # fmt: skip
    return Arrived(entry=entry, service=under.service, opened=under.opened, interaction=interaction, documents=documents)


def _document(outcome: Outcome) -> XmlDocument:
    document = outcome.message.document
    if not isinstance(document, XmlDocument):
        raise EngineError("the route made no document")
    return document


def _refused(under: _Under, code: str, issues: tuple[Issue, ...]) -> Arrived:
    entry = Entry(**under.facts, state="INVALID", code=code, issues=issues, trace=tuple(under.found))
    return Arrived(entry=entry, service=under.service, opened=under.opened)


def _facts(call: Call, kind: str, text: str, revision: str) -> _Facts:
    received, content = datetime.now(UTC), text.encode("utf-8", "surrogatepass")
    return {
        "receipt": new_receipt(received), "institution": call.institution, "document_type": kind, "document_id": "",
        "received": received, "route": "", "revision": revision, "digest": hashlib.sha256(content).hexdigest(),
        "size": len(content), "original": pack_gzip(content), "peer": call.peer,
    }  # fmt: skip


def _check_parties(call: Call, opened: OpenedMessage, known: Mapping[str, Institution]) -> None:
    """Refuse a message that another institution is said to have sent, or that is meant for another hospital."""
    sender, receiver = known.get(opened.sender), known.get(opened.receiver)
    if sender is not None and sender.code != call.institution:
        raise _other("sender", "发送方", opened.sender)
    if receiver is not None and receiver.kind == "hospital" and receiver.code != call.institution:
        raise _other("receiver", "接收方", opened.receiver)


def _other(side: str, words: str, code: str) -> SenderError:
    hint = "sender 写本机构的代码或系统编号，receiver 写平台的；凭据是谁的就以谁的名义发送。"
    path = f"/{side}/device/id"
    return SenderError(
        Issue(code=OTHER_PARTY, message=f"{words}“{code[:64]}”是另一家机构。", hint=hint, path=path, value=code[:64])
    )


def _note_differences(call: Call, service: Service, opened: OpenedMessage, known: Mapping[str, Institution]) -> None:
    """Log what is wrong in the field and does not matter."""
    strange = [] if not opened.sender or opened.sender in known else [f"sender {opened.sender[:64]} is not registered"]
    for words in (*opened.differences, *strange):
        _LOG.info("message differs", trace=call.trace, institution=call.institution, action=service.key, difference=words)

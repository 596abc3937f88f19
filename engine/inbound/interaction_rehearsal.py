"""Rehearse a message of HIPMessageServer or of a regional operation: opened, checked, changed; no register is asked."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from engine.channels.book import RouteBook
from engine.channels.interaction_trial import interaction_message, open_interaction
from engine.channels.language import INTERACTIVE
from engine.channels.rehearsal import Rehearsed, Stage, Step, passed, refused, targets, walked
from engine.channels.route import Route
from engine.channels.walk import walk
from engine.documents.bounded import Bounds
from engine.documents.envelope import parse_envelope, read_envelope
from engine.documents.hl7.opening import service_of
from engine.documents.hl7.services import REGIONAL, SERVICES, HipService, Service, find_hip
from engine.documents.parameters import Allowance, normalise, read_values
from engine.documents.press import Press
from engine.errors import SenderError
from engine.inbound.gate import open_request
from engine.inbound.hip import HIP
from engine.inbound.limits import FrontLimits
from engine.inbound.regional import REGIONAL_CONTRACTS
from engine.message import SHANGHAI

_ROOT = re.compile(rb"(?:\s+|<\?.*?\?>|<!--.*?-->)*+<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_HEAD = 4096

Headers = list[tuple[bytes, bytes]]
"""HTTP headers as the gate reads them: names in lower case."""

_CONTRACTS = {name: contract for contract in (HIP, *REGIONAL_CONTRACTS.values()) for name in contract.operations}
_CALL = re.compile(rf"<(?:[\w.-]+:)?({'|'.join(_CONTRACTS)})[\s/>]".encode())


def interaction_route(book: RouteBook, route: str, kind: str, content: bytes) -> tuple[Route, str] | None:
    """Find the route of an interaction and its action: by name of route, by action, else by the root of the message.

    None when what is to be rehearsed is no interaction, or no route receives it.
    """
    if route:
        found = book.routes[route]
        return (found, kind) if found.service in INTERACTIVE else None
    named = find_hip(kind) or REGIONAL.get(kind)
    root = _ROOT.match(content[:_HEAD].lstrip(b"\xef\xbb\xbf"))
    name = root.group(1).decode() if root else ""
    for service in (named,) if named else (one for one in SERVICES if name in one.roots):
        taken = book.find("hip" if isinstance(service, HipService) else "regional", service.key)
        if taken is not None:
            return taken, service.key
    return None


@dataclass(frozen=True, slots=True)
class Enveloped:
    """What an envelope asks of an interaction service: `action` as it was written, or the regional operation."""

    operation: str
    action: str
    message: bytes
    institution: str
    version: str


def interaction_call(headers: Headers, body: bytes, limits: FrontLimits) -> Enveloped | None:
    """Take the call out of an envelope; None when it calls none of the interaction services.

    Raises SenderError for an envelope that the service would refuse with a fault.
    """
    called = _CALL.search(body[: 16 * _HEAD])
    if called is None:
        return None
    contract = _CONTRACTS[called.group(1).decode()]
    opened = open_request(body, headers, limits.body)
    bounds = Bounds(depth=limits.depth, elements=limits.elements, attributes=limits.attributes, names=limits.names)
    envelope = read_envelope(parse_envelope(opened.content, bounds), contract.namespace, contract.operations)
    operation = contract.operations[envelope.operation]
    space = envelope.space if envelope.space in contract.foreign else contract.namespace
    normalise(envelope, operation, space, opened.attachments, Allowance(characters=limits.body))
    values = read_values(envelope.call, operation.parameters)
    return Enveloped(
        operation=envelope.operation,
        action=str(values.get("action") or "") if contract is HIP else envelope.operation,
        message=str(values.get("message") or "").encode(),
        institution=next((token.institution for token in envelope.tokens), ""),
        version=envelope.version,
    )


def rehearse_call(press: Press, book: RouteBook, call: Enveloped, institution: str) -> Rehearsed:
    """Take an enveloped message as far as the service would before it asks a register."""
    begun = time.perf_counter_ns()
    first = passed("envelope", facts={"version": call.version, "operation": call.operation})
    try:
        service = REGIONAL[call.action] if call.action in REGIONAL else service_of(call.action)
    except SenderError as unknown:
        return Rehearsed(
            form="envelope", size=len(call.message), stages=(first, refused("parameters", unknown)), state="INVALID",
            code=unknown.code, operation=call.operation, institution=institution,
            micros=(time.perf_counter_ns() - begun) // 1000,
        )  # fmt: skip
    found = interaction_route(book, "", service.key, call.message)
    if found is None:
        stages = (first, Stage(name="route", result="failed", facts={"type": service.key}))
        return Rehearsed(
            form="envelope", size=len(call.message), stages=stages, operation=call.operation, institution=institution
        )
    route, action = found
    said = rehearse_interaction(press, route, action, call.message, institution)
    return replace(said, form="envelope", operation=call.operation, stages=(first, *said.stages))


def rehearse_interaction(press: Press, route: Route, action: str, content: bytes, institution: str) -> Rehearsed:
    """Take a message as far as the service would before it asks a register."""
    begun = time.perf_counter_ns()
    try:
        service, opened = open_interaction(press, route, content, action)
    except SenderError as refusal:
        stages: tuple[Stage, ...] = (refused("xml", refusal, content),)
        return _ended(begun, content, route, action, stages, state="INVALID", code=refusal.code, institution=institution)
    steps: list[Step] = []
    message = interaction_message(route, service, opened, institution, datetime.now(SHANGHAI))
    outcome = walk(route, message, lambda *step: steps.append(step))
    stages = (
        passed("xml", facts={"digest": opened.document.digest}),
        passed("type", facts={"type": service.key, "name": service.title, "english": _english(service)}),
        passed("route", facts={"route": route.name, "about": route.about, "revision": route.revision}),
        *walked(route, outcome, steps),
    )
    return _ended(
        begun, content, route, service.key, stages, state=outcome.state, code=outcome.code, reference=outcome.reference,
        reason=outcome.reason if outcome.state == "FILTERED" else "", institution=institution, documents=1,
        digest=opened.document.digest, targets=targets(route, outcome) if outcome.state == "ROUTED" else (),
    )  # fmt: skip


def _english(service: Service) -> str:
    return service.name if isinstance(service, HipService) else service.key


def _ended(begun: int, content: bytes, route: Route, action: str, stages: tuple[Stage, ...], **more: Any) -> Rehearsed:
    return Rehearsed(
        form="xml", size=len(content), stages=stages, document_type=action, route=route.name, revision=route.revision,
        micros=(time.perf_counter_ns() - begun) // 1000, **more,
    )  # fmt: skip

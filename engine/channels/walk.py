"""Walk one message along its route once: check, change, and say where it goes; never raise."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.channels.building import Held, document_of
from engine.channels.route import Route, RouteSend
from engine.errors import Filtered, Issue, SenderError
from engine.log import get_logger
from engine.message import Message

State = Literal["ROUTED", "INVALID", "FILTERED", "ERROR"]
OUR_FAULT = "ENG-000"
_KEY_BYTES = 12

_log = get_logger("walk")


@dataclass(frozen=True, slots=True)
class Send:
    """One delivery to make: the destination, and the key whose deliveries go out one after another."""

    destination: str
    key: str


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One step of a walk: what ran, on what, and its time in microseconds."""

    what: str
    detail: str
    micros: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a walk: `code` "0" or the first error's; issues with errors first; `reference` names our own error.

    `desks` are our own services that take the document, `sends` the deliveries to the outside.
    """

    state: State
    message: Message
    code: str = "0"
    issues: tuple[Issue, ...] = ()
    desks: tuple[str, ...] = ()
    sends: tuple[Send, ...] = ()
    trace: tuple[TraceStep, ...] = ()
    reference: str = ""
    reason: str = ""


Watch = Callable[[str, str, Message, Message], None]
"""Called after each step with its name, its detail, and the message before and after (for `try`)."""


def walk(route: Route, message: Message, watch: Watch | None = None) -> Outcome:
    """Walk `message` along `route`; every failure becomes an Outcome.

    SenderError gives INVALID, Filtered FILTERED, a held code or a failure of ours ERROR, else ROUTED.
    """
    trace: list[TraceStep] = []
    last = message
    try:
        for step in route.steps:
            begun = time.perf_counter_ns()
            try:
                after = step.run(last)
            finally:
                trace.append(TraceStep(step.name, step.detail, (time.perf_counter_ns() - begun) // 1000))
            if not isinstance(after, Message):
                raise TypeError(f"the step {step.name} returned no message")
            if watch:
                watch(step.name, step.detail, last, after)
            last = after
        desks, sends = _destinations(route, last)
        return Outcome("ROUTED", last, issues=last.warnings, desks=desks, sends=sends, trace=tuple(trace))
    except Exception as problem:  # noqa: BLE001 - the walk turns every failure into an Outcome, see house.md
        return _ended(problem, last, tuple(trace))


def _ended(problem: Exception, message: Message, trace: tuple[TraceStep, ...]) -> Outcome:
    if isinstance(problem, SenderError):
        issues = _errors_first((*message.warnings, *problem.issues))
        return Outcome("INVALID", message, problem.code, issues, trace=trace)
    if isinstance(problem, Filtered):
        return Outcome("FILTERED", message, issues=message.warnings, trace=trace, reason=problem.reason)
    if isinstance(problem, Held):
        issues = _errors_first((*message.warnings, *problem.issues))
        return Outcome("ERROR", message, problem.code, issues, trace=trace, reason="held")
    return _our_fault(problem, message, trace)


def _our_fault(problem: Exception, message: Message, trace: tuple[TraceStep, ...]) -> Outcome:
    """Log a failure of ours under a new reference, by which the administrator finds the line."""
    reference = uuid.uuid4().hex[:12]
    step = trace[-1].what if trace else ""
    _log.error("walk failed", reference=reference, receipt=message.id, route=message.route, step=step, exc_info=problem)
    return Outcome("ERROR", message, OUR_FAULT, message.warnings, trace=trace, reference=reference, reason=step)


def _errors_first(issues: Sequence[Issue]) -> tuple[Issue, ...]:
    return tuple(sorted(issues, key=lambda issue: issue.severity != "error"))


def _destinations(route: Route, message: Message) -> tuple[tuple[str, ...], tuple[Send, ...]]:
    wanted = [send for send in route.sends if send.when is None or send.when.test(document_of(message))]
    desks = tuple(send.to for send in wanted if send.own)
    return desks, tuple(Send(send.to, order_key(send, message)) for send in wanted if not send.own)


def order_key(send: RouteSend, message: Message) -> str:
    """Make the ordering key of a delivery: 24 hexadecimal digits that hide the value, an identity number perhaps.

    A message without the wanted value goes in the order of its own document.
    """
    if isinstance(send.order, str):
        kind, value = send.order, message.keys.get(send.order, "")
    else:
        kind, value = "xpath", send.order.text(document_of(message))
    if kind == "document" or not value:
        kind, value = "document", f"{message.institution} {message.keys.get('own') or message.keys.get('document') or message.id}"
    return hashlib.blake2b(f"{kind} {value}".encode(), digest_size=_KEY_BYTES).hexdigest()

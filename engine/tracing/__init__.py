"""Trace each message through the house for OpenTelemetry when a collector is configured; else a call here costs one look at a variable."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from engine.tracing.trail import (
    Place,
    Span,
    Trail,
    Value,
    after_fork,
    new_number,
    new_trace,
    place_of,
    read_traceparent,
    write_traceparent,
)

os.register_at_fork(after_in_child=after_fork)


class Noted(Protocol):
    """What a span takes while it is under way."""

    def note(self, **attributes: Value) -> None:
        """Add what became known."""


class Taker(Protocol):
    """Where finished trails go."""

    def put(self, trail: Trail) -> None:
        """Take one; returns at once."""

    def close(self) -> None:
        """Hand over what waits."""


class _Nothing:
    """A span that nobody keeps."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def note(self, **_attributes: Value) -> None:
        pass


@dataclass
class _Now:
    """Where this process hands its trails, None while it traces nothing."""

    sink: Taker | None = None


_now = _Now()
_nothing = _Nothing()
_here: ContextVar[Trail | None] = ContextVar("trail", default=None)


def open_tracing(endpoint: str, process: str, count: Callable[[str, int], None], one_in: int = 1) -> None:
    """Trace from now on to the collector at `endpoint`, "" for not at all; called by each process for itself, after it was forked.

    `count` is told how many trails were `sent` or `lost`; one in `one_in` is traced, and all that come with a traceparent.
    """
    if endpoint:
        from engine.tracing.sink import Sink  # OpenTelemetry is loaded by those only who use it

        _now.sink = Sink(endpoint, process, count, one_in)


def close_tracing() -> None:
    """Hand over what waits and trace no more."""
    sink, _now.sink = _now.sink, None
    if sink is not None:
        sink.close()


def arriving(traceparent: Callable[[], str]) -> AbstractContextManager[Noted]:
    """Trace one request from here to its answer; `traceparent` reads the caller's header."""
    sink = _now.sink
    return _nothing if sink is None else _arriving(sink, read_traceparent(traceparent()))


def stage(name: str) -> AbstractContextManager[Noted]:
    """Write down one stage of the request in hand."""
    trail = _here.get()
    return _nothing if trail is None else trail.span(name)


def message() -> AbstractContextManager[Noted]:
    """Write down what is done for one message of the request in hand; its `receipt` is to be noted."""
    trail = _here.get()
    return _nothing if trail is None else trail.message()


def steps(taken: Callable[[], Iterable[tuple[str, int]]]) -> None:
    """Write down the steps of a walk that has just ended, each with its microseconds."""
    trail = _here.get()
    if trail is not None:
        trail.steps(taken())


def delivering(receipt: str, destination: str, attempt: int) -> AbstractContextManager[Noted]:
    """Trace one try to deliver a message, within the trace that its receipt stands for."""
    sink = _now.sink
    return _nothing if sink is None else _delivering(sink, receipt, destination, attempt)


def calling(institution: str, function: str) -> AbstractContextManager[Noted]:
    """Trace one call to a hospital, within what is in hand or by itself."""
    sink = _now.sink
    return _nothing if sink is None else _calling(sink, institution, function)


def outgoing() -> Mapping[str, str]:
    """Give the headers by which who is called goes on with the trace in hand (W3C trace context); none when nothing is traced."""
    trail = _here.get()
    return {} if trail is None else {"traceparent": write_traceparent(Place(trail.trace, trail.at))}


@contextmanager
def _arriving(sink: Taker, caller: Place | None) -> Iterator[Span]:
    with _kept(sink, Trail(new_trace())) as trail:
        trail.asked_for = caller is not None
        try:
            with trail.span("request", "server") as one:
                yield one
        finally:
            if caller is not None:
                _answer_caller(trail, one, caller)


def _answer_caller(trail: Trail, one: Span, caller: Place) -> None:
    """Show the request in the caller's trace too, and link both: a message has its own trace, whoever brought it."""
    theirs = Span(one.name, new_number(), caller.span, "server", one.began, one.ended, caller.trace, one.failed, one.attributes)
    theirs.links.append(Place(trail.trace, one.number))
    one.links.append(Place(caller.trace, theirs.number))
    trail.spans.append(theirs)


@contextmanager
def _delivering(sink: Taker, receipt: str, destination: str, attempt: int) -> Iterator[Span]:
    place = place_of(receipt)
    with _kept(sink, Trail(place.trace, place.span)) as trail, trail.span(f"deliver {destination}", "client") as one:
        one.note(receipt=receipt, destination=destination, attempt=attempt)
        yield one


@contextmanager
def _calling(sink: Taker, institution: str, function: str) -> Iterator[Span]:
    trail = _here.get()
    with trail.span(f"hospital {function}", "client") if trail else _alone(sink, f"hospital {function}") as one:
        one.note(institution=institution, function=function)
        yield one


@contextmanager
def _alone(sink: Taker, name: str) -> Iterator[Span]:
    with _kept(sink, Trail(new_trace())) as trail, trail.span(name, "client") as one:
        yield one


@contextmanager
def _kept(sink: Taker, trail: Trail) -> Iterator[Trail]:
    """Let a trail be the one in hand, and hand it over at the end."""
    before = _here.set(trail)
    try:
        yield trail
    finally:
        _here.reset(before)
        sink.put(trail)


__all__ = [
    "Noted",
    "arriving",
    "calling",
    "close_tracing",
    "delivering",
    "message",
    "open_tracing",
    "outgoing",
    "place_of",
    "stage",
    "steps",
]

"""Write down what happened to one request or one delivery as spans: who began when, within what, and how it ended."""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal, NamedTuple

Kind = Literal["server", "client", "internal"]
Value = str | int

_RANDOM = random.Random(secrets.randbits(256))
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SAMPLED = 1
_GOOD = ("", "0")


class Place(NamedTuple):
    """One span of one trace, by their numbers of 64 and 128 bits."""

    trace: int
    span: int


@dataclass(slots=True)
class Span:
    """One thing that was done; times in nanoseconds since 1970. `trace` is 0 for that of its trail, `failed` the code of what went wrong, "" when nothing did."""

    name: str
    number: int
    parent: int
    kind: Kind = "internal"
    began: int = field(default_factory=time.time_ns)
    ended: int = 0
    trace: int = 0
    failed: str = ""
    attributes: dict[str, Value] = field(default_factory=dict)
    links: list[Place] = field(default_factory=list)

    def note(self, **attributes: Value) -> None:
        """Add what became known; codes, numbers of ours and names of configuration only, never a word of a document."""
        code = attributes.get("code", "0")
        self.failed = self.failed or ("" if code in _GOOD else str(code))
        self.attributes.update({f"changbai.{name}": value for name, value in attributes.items() if value != ""})


class Trail:
    """The spans of one request or delivery, which all belong to one trace unless they say otherwise; `asked_for` by its caller."""

    def __init__(self, trace: int, at: int = 0) -> None:
        self.trace = trace
        self.at = at
        self.asked_for = False
        self.spans: list[Span] = []

    @contextmanager
    def span(self, name: str, kind: Kind = "internal") -> Iterator[Span]:
        """Write down a span within the one under way."""
        one, before = Span(name, new_number(), self.at, kind), self.at
        self.at = one.number
        try:
            yield one
        except BaseException as error:
            one.failed = str(getattr(error, "code", "")) or type(error).__name__
            raise
        finally:
            self.at, one.ended = before, time.time_ns()
            self.spans.append(one)

    @contextmanager
    def message(self) -> Iterator[Span]:
        """Write down what is done for one message; once its receipt is noted, it goes into the trace of that message."""
        first = len(self.spans)
        with self.span("message") as one:
            yield one
        receipt = str(one.attributes.get("changbai.receipt", ""))
        if receipt:
            alone = all(each.name != "message" for each in self.spans[:first])
            self._name(one, place_of(receipt), self.spans[first:-1], alone=alone)

    def _name(self, one: Span, place: Place, within: Iterable[Span], *, alone: bool) -> None:
        """Give a message the numbers that its receipt stands for; the first message of a request names the whole trail."""
        for child in within:
            child.parent = place.span if child.parent == one.number else child.parent
            child.trace = 0 if alone else place.trace
        if alone:
            self.trace = place.trace
        else:
            one.links.append(Place(self.trace, one.parent))
            one.trace, one.parent = place.trace, 0
        one.number = place.span

    def steps(self, taken: Iterable[tuple[str, int]]) -> None:
        """Write down steps that were timed in microseconds, one after another within the span under way, the last ending now."""
        listed = list(taken)
        began = time.time_ns() - sum(micros for _, micros in listed) * 1000
        for name, micros in listed:
            self.spans.append(Span(name, new_number(), self.at, began=began, ended=began + micros * 1000))
            began += micros * 1000


def new_number() -> int:
    """Make the number of a span."""
    return _RANDOM.getrandbits(64) or 1


def new_trace() -> int:
    """Make the number of a trace that belongs to no message."""
    return _RANDOM.getrandbits(128) or 1


def place_of(receipt: str) -> Place:
    """Give the trace of a message and its span there: whoever knows the receipt, an hour later or elsewhere, finds both."""
    made = blake2b(receipt.encode(), digest_size=24, person=b"changbai-trace").digest()
    return Place(int.from_bytes(made[:16], "big") or 1, int.from_bytes(made[16:], "big") or 1)


def read_traceparent(text: str) -> Place | None:
    """Read a W3C traceparent; None when there is none, when it is not one, and when its caller keeps no spans."""
    found = _TRACEPARENT.fullmatch(text.strip())
    if found is None:
        return None
    trace, span, flags = (int(part, 16) for part in found.groups())
    return Place(trace, span) if trace and span and flags & _SAMPLED else None


def write_traceparent(place: Place) -> str:
    """Write a W3C traceparent."""
    return f"00-{place.trace:032x}-{place.span:016x}-01"


def after_fork() -> None:
    """Begin another row of numbers: a process that is forked must not give those of its parent."""
    _RANDOM.seed(secrets.randbits(256))

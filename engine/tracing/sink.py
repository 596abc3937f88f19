"""Hand finished trails to an OpenTelemetry collector from a thread of its own; one that is away delays nobody."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from engine.tracing.trail import Place, Trail

Count = Callable[[str, int], None]
"""Take note of so many trails that were `sent` or `lost`."""

_KEPT = 5000
"""Trails that wait at most; the oldest are given up first."""

_EVERY = 1.0
_AT_ONCE = 500
_PATIENCE = 3.0
"""Seconds that the collector has for one answer, tries again included."""

_LAST = 2.0
"""Seconds that a process which stops waits for the collector at most."""

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("changbai")
_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT, "internal": SpanKind.INTERNAL}


class Sink:
    """What one process has to tell the collector at `endpoint`, an address of OTLP over HTTP (…/v1/traces): one trail in `one_in`."""

    def __init__(self, endpoint: str, process: str, count: Count, one_in: int = 1) -> None:
        self._count = count
        self._one_in = one_in
        self._exporter = OTLPSpanExporter(endpoint=endpoint, timeout=_PATIENCE)
        self._resource = Resource({"service.name": "changbai", "service.instance.id": process})
        self._trails: deque[Trail] = deque(maxlen=_KEPT)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracing", daemon=True)
        self._thread.start()

    def put(self, trail: Trail) -> None:
        """Take a finished trail when it is one of those that are wanted; returns at once.

        Its number decides, which for a message follows from its receipt: its deliveries are traced when it is.
        """
        if trail.trace % self._one_in and not trail.asked_for:
            return
        if len(self._trails) == _KEPT:
            self._count("lost", 1)
        self._trails.append(trail)

    def close(self) -> None:
        """Hand over what waits, within two seconds."""
        self._stop.set()
        self._thread.join(_LAST)
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _run(self) -> None:
        while not self._stop.wait(_EVERY):
            self._hand_over()
        self._hand_over()

    def _hand_over(self) -> None:
        """Send what waits; what cannot be sent is given up, so that old trails never pile up behind a collector that is away."""
        while some := [self._trails.popleft() for _ in range(min(_AT_ONCE, len(self._trails)))]:
            sent = self._export([span for trail in some for span in self._spans(trail)])
            self._count("sent" if sent else "lost", len(some))

    def _export(self, spans: Sequence[ReadableSpan]) -> bool:
        try:
            return self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - whatever it is, it is counted as lost; tracing must not end anything else
            return False

    def _spans(self, trail: Trail) -> Iterator[ReadableSpan]:
        for span in trail.spans:
            trace = span.trace or trail.trace
            status = Status(StatusCode.ERROR, span.failed) if span.failed else Status()
            yield ReadableSpan(
                span.name, _context(Place(trace, span.number)), _context(Place(trace, span.parent)) if span.parent else None,
                self._resource, attributes=span.attributes, links=[Link(_context(link)) for link in span.links],
                kind=_KINDS[span.kind], status=status, start_time=span.began, end_time=span.ended, instrumentation_scope=_SCOPE,
            )  # fmt: skip


def _context(place: Place) -> Any:
    return SpanContext(place.trace, place.span, is_remote=False, trace_flags=_SAMPLED)

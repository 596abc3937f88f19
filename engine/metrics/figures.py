"""Count what one process does; each method costs a few microseconds and never raises for a new label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

from engine.metrics.table import METRICS, Metric

_MOST_SERIES = 1000
"""Sets of label values one figure may have; further ones are counted together as `other`."""

_SUMMED, _HIGHEST = "livesum", "livemax"
_HIGHEST_OF_ALL = frozenset({"changbai_breaker_open", "changbai_hospital_breaker_open"})
"""Gauges that show the highest value of any living process; the others show the sum of all."""


class Figures:
    """All figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        made = {name.removeprefix("changbai_"): _series(one, self.registry) for name, one in METRICS.items() if not one.now}
        self._requests, self._request_seconds = made["requests_total"], made["request_seconds"]
        self._in_flight, self._body_bytes = made["requests_in_flight"], made["body_bytes_in_flight"]
        self._messages, self._steps = made["messages_total"], made["step_seconds"]
        self._checks = made["auth_checks_total"]
        self._history, self._history_wait = made["history_in_hand"], made["history_wait_seconds"]
        self._batch, self._commit, self._queued = made["commit_batch"], made["commit_seconds"], made["commit_waiting"]
        self._connections, self._connection_limit = made["database_connections_in_use"], made["database_connections_limit"]
        self._deliveries, self._ages = made["deliveries_total"], made["delivery_age_seconds"]
        self._sends, self._sending, self._breaker = made["send_seconds"], made["sends_in_flight"], made["breaker_open"]
        self._calls, self._call_seconds = made["hospital_calls_total"], made["hospital_call_seconds"]
        self._answers, self._calling = made["hospital_answers_total"], made["hospital_calls_in_flight"]
        self._hospital_breaker = made["hospital_breaker_open"]
        self._errands, self._errand_seconds = made["errands_total"], made["errand_seconds"]
        self._jobs, self._job_seconds = made["jobs_total"], made["job_seconds"]
        self._trails = made["trails_total"]
        self._pages, self._page_seconds = made["pages_total"], made["page_seconds"]

    def request(self, service: str, operation: str, verdict: str, seconds: float) -> None:
        """Count one answered request; `verdict` is `result` or the code of a fault."""
        self._requests.of(service, operation, verdict).inc()
        self._request_seconds.of(service).observe(seconds)

    def in_flight(self, service: str) -> AbstractContextManager[Any]:
        """Count a request as in hand."""
        tracker: AbstractContextManager[Any] = self._in_flight.of(service).track_inprogress()
        return tracker

    def body_bytes(self, held: int) -> None:
        """Tell how many bytes of bodies this process holds."""
        self._body_bytes.of().set(held)

    def message(self, service: str, document_type: str, kind: str, lane: str, outcome: str) -> None:
        """Count one message; `outcome` is its state (INVALID, FILTERED, ERROR, ROUTED) or `duplicate`.

        `document_type` must be one that the platform knows, else `other`: a sender may write there what it likes.
        """
        self._messages.of(service, document_type, kind, lane, outcome).inc()

    def step(self, name: str, micros: int) -> None:
        """Count one step of a walk."""
        self._steps.of(name).observe(micros / 1e6)

    def auth_check(self, verdict: str) -> None:
        """Count one credential check; `verdict` is a small word such as right, wrong, remembered."""
        self._checks.of(verdict).inc()

    @contextmanager
    def history(self, waited: float) -> Iterator[None]:
        """Count a history call as in hand, after it waited so many seconds for its turn."""
        self._history_wait.of().observe(waited)
        with self._history.of().track_inprogress():
            yield

    def commit(self, units: int, seconds: float, waiting: int) -> None:
        """Count one group commit of `units` that took `seconds`, after which so many units wait."""
        self._batch.of().observe(units)
        self._commit.of().observe(seconds)
        self._queued.of().set(waiting)

    def connections(self, used: int, limit: int) -> None:
        """Tell how many database connections of this process are in use, of how many at most."""
        self._connections.of().set(used)
        self._connection_limit.of().set(limit)

    def delivery(self, destination: str, state: str) -> None:
        """Count a try to deliver by the state that came of it (SENT, QUEUED again, UNKNOWN, DEAD ...)."""
        self._deliveries.of(destination, state).inc()

    def delivered(self, destination: str, age: float) -> None:
        """Note how many seconds after it was due a delivery was taken by its destination."""
        self._ages.of(destination).observe(age)

    @contextmanager
    def sending(self, destination: str) -> Iterator[None]:
        """Time one send."""
        with self._sending.of(destination).track_inprogress(), self._sends.of(destination).time():
            yield

    def breaker(self, destination: str, *, is_open: bool) -> None:
        """Tell whether this process counts a destination as away."""
        self._breaker.of(destination).set(int(is_open))

    def hospital_call(self, institution: str, function: str, outcome: str, seconds: float) -> None:
        """Count one call; `outcome` is "0", the hospital's RETURN_CODE, or the code of what went wrong."""
        self._calls.of(function, outcome if outcome.isascii() and len(outcome) <= _LONGEST_OUTCOME else "other").inc()
        self._call_seconds.of(function).observe(seconds)
        result = "done" if outcome == "0" else "refused" if outcome.isdigit() else "failed"
        self._answers.of(institution, result).inc()

    def calling_hospital(self) -> AbstractContextManager[Any]:
        """Count a call to a hospital as under way."""
        tracker: AbstractContextManager[Any] = self._calling.of().track_inprogress()
        return tracker

    def hospital_breaker(self, institution: str, *, is_open: bool) -> None:
        """Tell whether this process counts a hospital as away."""
        self._hospital_breaker.of(institution).set(int(is_open))

    def errand(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one errand; `outcome` is done, again or failed."""
        self._errands.of(kind, outcome).inc()
        self._errand_seconds.of(kind).observe(seconds)

    def job(self, name: str, outcome: str, seconds: float) -> None:
        """Count one turn of a job of the clock; `outcome` is done or failed."""
        self._jobs.of(name, outcome).inc()
        self._job_seconds.of(name).observe(seconds)

    def trails(self, outcome: str, count: int) -> None:
        """Count traces of requests and deliveries that were `sent` to the collector, or `lost` because it was away."""
        self._trails.of(outcome).inc(count)

    def page(self, name: str, status: int, seconds: float) -> None:
        """Count one answer of the monitor."""
        self._pages.of(name, str(status)).inc()
        self._page_seconds.of(name).observe(seconds)


_LONGEST_OUTCOME = 7
"""Characters of a code; what a hospital writes there beyond that is no code."""


class _Series:
    """The labelled children of one figure, kept in a plain dict because the library's own look-up is dearer."""

    def __init__(self, figure: Any, labels: Sequence[str]) -> None:
        self.figure = figure
        self.children: dict[tuple[str, ...], Any] = {} if labels else {(): figure}
        self.other = ("other",) * len(labels)

    def of(self, *labels: str) -> Any:
        child = self.children.get(labels)
        if child is None:
            known = len(self.children) < _MOST_SERIES
            child = self.figure.labels(*(labels if known else self.other))
            if known:
                self.children[labels] = child
        return child


def _series(metric: Metric, registry: CollectorRegistry) -> _Series:
    kind: Any = {"counter": Counter, "gauge": Gauge, "histogram": Histogram, "summary": Summary}[metric.kind]
    more: dict[str, Any] = {}
    if metric.kind == "histogram":
        more["buckets"] = metric.buckets
    if metric.kind == "gauge":
        more["multiprocess_mode"] = _HIGHEST if metric.name in _HIGHEST_OF_ALL else _SUMMED
    english = metric.about.partition(" · ")[2]
    return _Series(kind(metric.name.removesuffix("_total"), english, metric.labels, registry=registry, **more), metric.labels)

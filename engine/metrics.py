"""Count what the node does, in files that all its processes share, and show the sum to Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from engine.alerting import OpenAlerts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_REQUEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_MOST_SERIES = 1000
"""Sets of label values one figure may have; further ones are counted together as `other`."""


class Figures:
    """All figures of one process; each method costs a few microseconds and never raises for a new label."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self._requests = _series(Counter, "changbai_requests", "Requests answered", ("service", "operation", "verdict"), registry)
        self._seconds = _series(
            Histogram, "changbai_request_seconds", "Seconds to answer a request", ("service",), registry, buckets=_REQUEST_SECONDS
        )
        self._messages = _series(Counter, "changbai_messages", "Messages that came to a state", ("state",), registry)
        self._deliveries = _series(
            Counter, "changbai_deliveries", "Deliveries that came to a state", ("destination", "state"), registry
        )
        self._checks = _series(Counter, "changbai_auth_checks", "Credentials checked", ("verdict",), registry)
        self._batch = Histogram("changbai_commit_batch", "Units in one commit", registry=registry, buckets=_BATCH_SIZES)
        self._commit = Histogram("changbai_commit_seconds", "Seconds of one commit", registry=registry, buckets=_COMMIT_SECONDS)

    def request(self, service: str, operation: str, verdict: str, seconds: float) -> None:
        """Count one answered request; `verdict` is a small word such as accepted, rejected, fault."""
        self._requests.of(service, operation, verdict).inc()
        self._seconds.of(service).observe(seconds)

    def message(self, state: str, count: int = 1) -> None:
        """Count messages that came to a state (INVALID, FILTERED, ERROR, ROUTED, DISCARDED)."""
        self._messages.of(state).inc(count)

    def delivery(self, destination: str, state: str, count: int = 1) -> None:
        """Count deliveries to a destination that came to a state (SENT, QUEUED again, UNKNOWN, DEAD ...)."""
        self._deliveries.of(destination, state).inc(count)

    def auth_check(self, verdict: str) -> None:
        """Count one credential check; `verdict` is a small word such as right, wrong, remembered."""
        self._checks.of(verdict).inc()

    def commit(self, units: int, seconds: float) -> None:
        """Count one group commit of `units` that took `seconds`."""
        self._batch.observe(units)
        self._commit.observe(seconds)


class _Series:
    """The labelled children of one figure, kept in a plain dict because the library's own look-up is dearer."""

    def __init__(self, figure: Any, labels: int) -> None:
        self.figure = figure
        self.children: dict[tuple[str, ...], Any] = {}
        self.other = ("other",) * labels

    def of(self, *labels: str) -> Any:
        child = self.children.get(labels)
        if child is None:
            known = len(self.children) < _MOST_SERIES
            child = self.figure.labels(*(labels if known else self.other))
            if known:
                self.children[labels] = child
        return child


def _series(kind: Any, name: str, about: str, labels: tuple[str, ...], registry: CollectorRegistry, **more: Any) -> _Series:
    return _Series(kind(name, about, labels, registry=registry, **more), len(labels))


@dataclass
class _Now:
    """Which figures this process writes to, and where those of the whole node lie."""

    figures: Figures
    directory: Path | None = None


_now = _Now(Figures())


def figures() -> Figures:
    """Return the figures of this process; before `open_figures` they are counted in memory only."""
    return _now.figures


def clear_figures(directory: Path) -> None:
    """Empty the shared directory: called once at engine start, which Prometheus sees as one reset of all counters."""
    directory.mkdir(parents=True, exist_ok=True)
    for file in [*directory.glob("*.db"), *directory.glob("process-*"), *directory.glob("revision-*")]:
        file.unlink(missing_ok=True)


def open_figures(directory: Path, process: str) -> None:
    """Count into the shared directory from now on, under the name of this process (`front-1`, `worker-1`, `clock`).

    The files of a process that died stay, so that no counter falls when a child is started again.
    """
    directory.mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(directory)
    # The library chooses its form at import, when the directory is not yet known; so it is chosen again here.
    values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
    _now.figures = Figures()
    _now.directory = directory
    _sign(directory, process)


def note_revision(process: str, running: str, refused: str = "") -> None:
    """Tell which set of files this process works with, and which current one it could not take up."""
    if _now.directory is not None:
        _put(_now.directory / f"revision-{process}", f"{running} {refused}")


def render(
    waiting: Mapping[str, int] | None = None, oldest: Mapping[str, float] | None = None, alerts: OpenAlerts | None = None
) -> bytes:  # fmt: skip
    """Write the figures of all processes of the node, summed, in Prometheus' text form.

    `waiting` holds the deliveries not yet done and `oldest` the age in seconds of the oldest, each by destination, `alerts` the open
    alerts by rule and severity; they are read from the store at this moment and so need no file.
    """
    registry = CollectorRegistry()
    if _now.directory is None:
        registry.register(_now.figures.registry)
    else:
        MultiProcessCollector(registry, path=str(_now.directory))  # type: ignore[no-untyped-call]
        registry.register(_Rows(_process_rows(_now.directory)))
        registry.register(_Rows(_revision_rows(_now.directory)))
    registry.register(_Rows(_waiting_rows(waiting or {}, oldest or {})))
    registry.register(_Rows(_alert_rows(alerts or {})))
    return generate_latest(registry)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows that are already counted."""

    rows: list[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.rows


def _waiting_rows(waiting: Mapping[str, int], oldest: Mapping[str, float]) -> list[Metric]:
    count = GaugeMetricFamily("changbai_waiting", "Deliveries not yet done", labels=["destination"])
    age = GaugeMetricFamily("changbai_oldest_waiting_seconds", "Age of the oldest waiting delivery", labels=["destination"])
    for destination, number in waiting.items():
        count.add_metric([destination], number)
    for destination, seconds in oldest.items():
        age.add_metric([destination], seconds)
    return [count, age]


def _alert_rows(alerts: OpenAlerts) -> list[Metric]:
    opened = GaugeMetricFamily("changbai_alerts_open", "Alerts that are open", labels=["rule", "severity"])
    for (rule, severity), number in alerts.items():
        opened.add_metric([rule, severity], number)
    return [opened]


def _sign(directory: Path, process: str) -> None:
    """Leave a file that names this process, so that `render` finds its memory and CPU under /proc."""
    born = _proc(os.getpid())
    if born is not None:
        (directory / f"process-{process}-{os.getpid()}-{born.start}").write_text("0", encoding="ascii")


@dataclass(frozen=True)
class _Proc:
    """What the kernel says of one process: start in ticks since boot, CPU in seconds, resident memory in bytes."""

    start: int
    cpu: float
    resident: int


def _proc(pid: int) -> _Proc | None:
    """Read one process from /proc, or None when it is gone or the system has no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may hold spaces; the numbers follow the last bracket.
    rest = text.rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return _Proc(int(rest[19]), (int(rest[11]) + int(rest[12])) / ticks, int(rest[21]) * os.sysconf("SC_PAGE_SIZE"))


def _process_rows(directory: Path) -> list[Metric]:
    """Sum CPU and memory by process name; a dead process keeps the CPU that was last shown, so the sum never falls."""
    cpu: dict[str, float] = {}
    resident: dict[str, int] = {}
    for file in sorted(directory.glob("process-*")):
        name, pid, start = file.name.removeprefix("process-").rsplit("-", 2)
        alive = _proc(int(pid))
        if alive is not None and alive.start == int(start):
            _keep(file, alive.cpu)
            resident[name] = resident.get(name, 0) + alive.resident
            cpu[name] = cpu.get(name, 0.0) + alive.cpu
        else:
            cpu[name] = cpu.get(name, 0.0) + float(file.read_text(encoding="ascii") or "0")
    used = CounterMetricFamily("changbai_process_cpu_seconds", "CPU of the processes of this name", labels=["process"])
    memory = GaugeMetricFamily("changbai_process_resident_bytes", "Resident memory of this process", labels=["process"])
    for name, seconds in cpu.items():
        used.add_metric([name], seconds)
    for name, size in resident.items():
        memory.add_metric([name], size)
    return [used, memory]


def _keep(file: Path, cpu: float) -> None:
    """Note the CPU shown, by a rename so that two readers never see half a number."""
    _put(file, f"{cpu:.2f}")


def _put(file: Path, text: str) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_text(text, encoding="ascii")
    fresh.replace(file)


def revisions_at_work(directory: Path) -> list[tuple[str, str, str]]:
    """Tell of each process of this node the set of files it works with, and the current one it could not take up ("" for none)."""
    told = (
        (file.name.removeprefix("revision-"), file.read_text(encoding="ascii")) for file in sorted(directory.glob("revision-*"))
    )
    return [(process, *text.partition(" ")[::2]) for process, text in told]


def _revision_rows(directory: Path) -> list[Metric]:
    """Show the set of files each process works with, and the current one that it could not take up."""
    running = GaugeMetricFamily("changbai_revision", "Set of files this process works with", labels=["process", "revision"])
    refused = GaugeMetricFamily(
        "changbai_revision_refused", "Current set of files this process could not take up", labels=["process", "revision"]
    )
    for process, works_with, kept_out in revisions_at_work(directory):
        running.add_metric([process, works_with], 1)
        if kept_out:
            refused.add_metric([process, kept_out], 1)
    return [running, refused]

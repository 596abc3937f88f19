"""Show the figures of all processes of the node, summed, in Prometheus' text form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from engine.alerting import OpenAlerts
from engine.metrics.processes import Life, lives, revisions_at_work
from engine.metrics.table import METRICS

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_Values = Mapping[tuple[str, ...], float]
"""The values of one figure by its labels."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreFigures:
    """What the store says at the moment of asking; times are ages in seconds.

    `taken` is counted apart from `held`, the messages by state; `waiting` holds deliveries not yet done by destination and lane, `dead` and
    `oldest` are by destination, `errands` and `errands_oldest` by kind, `alerts` by rule and severity.
    """

    taken: int = 0
    held: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[tuple[str, str], int] = field(default_factory=dict)
    dead: Mapping[str, int] = field(default_factory=dict)
    oldest: Mapping[str, float] = field(default_factory=dict)
    errands: Mapping[str, int] = field(default_factory=dict)
    errands_oldest: Mapping[str, float] = field(default_factory=dict)
    alerts: OpenAlerts = field(default_factory=dict)


def write_figures(own: CollectorRegistry, directory: Path | None, standing: StoreFigures | None) -> bytes:
    """Write all figures; those of `own` alone when the processes share no directory, none of the store without `standing`."""
    registry = CollectorRegistry()
    if directory is None:
        registry.register(own)
    else:
        processes = _of_processes(directory)
        MultiProcessCollector(registry, path=str(directory))  # type: ignore[no-untyped-call]
        registry.register(_Rows(_families({**processes, **_of_revisions(directory)})))
    if standing is not None:
        registry.register(_Rows(_families(_of_store(standing))))
    return generate_latest(registry)


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows that are already counted."""

    rows: list[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.rows


def _families(values: Mapping[str, _Values]) -> list[Metric]:
    """Write values that were read just now as the table declares them."""
    made: list[Metric] = []
    for short, rows in values.items():
        metric = METRICS[f"changbai_{short}"]
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        family = kind(metric.name, metric.about.partition(" · ")[2], labels=metric.labels)
        for labels, value in rows.items():
            family.add_metric(labels, value)
        made.append(family)
    return made


def _of_store(standing: StoreFigures) -> Mapping[str, _Values]:
    return {
        "messages_taken": {(): standing.taken},
        "messages_held": _by_one(standing.held),
        "waiting": dict(standing.waiting.items()),
        "dead": _by_one(standing.dead),
        "oldest_waiting_seconds": _by_one(standing.oldest),
        "errands_waiting": _by_one(standing.errands),
        "errands_oldest_seconds": _by_one(standing.errands_oldest),
        "alerts_open": dict(standing.alerts.items()),
    }


def _by_one(values: Mapping[str, float]) -> _Values:
    return {(name,): value for name, value in values.items()}


def _of_processes(directory: Path) -> Mapping[str, _Values]:
    """Sum by process name; gauges of the dead are forgotten, their counters and their CPU stay, so that no sum falls."""
    told = list(lives(directory))
    _forget_gauges(directory, told)
    found: dict[str, dict[tuple[str, ...], float]] = {name: {} for name in _OF_PROCESSES}
    for life in told:
        used = {"cpu_seconds_total": life.cpu, "starts_total": 1, "up": 0.0}
        if life.alive is not None:
            now = life.alive
            used |= {"up": 1, "resident_bytes": now.resident, "open_files": now.files, "threads": now.threads}
        for name, value in used.items():
            found[name][(life.name,)] = found[name].get((life.name,), 0.0) + value
    return {f"process_{name}": values for name, values in found.items()}


_OF_PROCESSES = ("up", "starts_total", "cpu_seconds_total", "resident_bytes", "open_files", "threads")


def _forget_gauges(directory: Path, told: Iterable[Life]) -> None:
    """Remove what dead processes had in hand; their numbers may be given to others, whose gauges stay."""
    living = {life.pid for life in told if life.alive}
    for file in directory.glob("gauge_live*_*.db"):
        if int(file.stem.rpartition("_")[2]) not in living:
            file.unlink(missing_ok=True)


def _of_revisions(directory: Path) -> Mapping[str, _Values]:
    told = revisions_at_work(directory)
    return {
        "revision": {(process, running): 1 for process, running, _ in told},
        "revision_refused": {(process, refused): 1 for process, _, refused in told if refused},
    }

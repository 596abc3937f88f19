"""Do what every process of the engine does alike: begin its log and figures, and stop when told or orphaned."""

from __future__ import annotations

import signal
from collections.abc import Callable

from engine import log, metrics
from engine.settings import Settings
from engine.supervisor import stop_with_parent


def begin(settings: Settings, name: str) -> None:
    """Begin the log and the figures of a process under its name."""
    log.configure(settings.log_level, name)
    metrics.open_figures(settings.data / "figures", name)


def stop_when_told(stop: Callable[[], object]) -> None:
    """Call `stop` at SIGTERM, SIGINT and when the supervisor is gone."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    stop_with_parent(stop)

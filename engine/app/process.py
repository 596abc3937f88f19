"""Do what every process of the engine does alike: begin its log and figures, and stop when told or orphaned."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable
from threading import Thread

from engine import log, metrics
from engine.app.cellar import open_database
from engine.inhand.board import Board
from engine.settings import Settings
from engine.store.database import Database
from engine.supervisor import stop_with_parent, tell_ready
from engine.tracing import open_tracing

_BEAT = 0.5
"""Seconds between two beats: far below the smallest `step-limit`."""


def begin(settings: Settings, name: str) -> Board:
    """Begin the log, the figures and the traces of a process under its name; returns its board, which its supervisor reads."""
    log.configure(settings.log_level, name)
    metrics.open_figures(settings.data / "figures", name)
    open_tracing(settings.tracing.endpoint, name, metrics.figures().trails, settings.tracing.one_in)
    return Board.inherited()


def open_watched(settings: Settings, *, checkpoints: bool = False) -> Database:
    """Open the store for a process of the engine, whose connections are counted."""
    database = open_database(settings, checkpoints=checkpoints)
    database.watch(metrics.figures().connections)
    return database


def serve_from_now() -> None:
    """Tell the supervisor that this process serves; what it has loaded by now stays, and no collection of garbage walks it again."""
    gc.freeze()
    tell_ready()


def stop_when_told(stop: Callable[[], object], board: Board) -> None:
    """Call `stop` at SIGTERM, SIGINT and when the supervisor is gone; the board shows from then on that we drain."""

    def told(*_: object) -> None:
        board.drain()
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    stop_with_parent(told)


async def beat_on_loop(board: Board) -> None:
    """Beat as long as the event loop turns."""
    while True:
        board.beat()
        await asyncio.sleep(_BEAT)


def beat_beside(board: Board, well: Callable[[], bool]) -> None:
    """Beat from a thread as long as `well` says so, for a process whose loop may wait for the store."""

    def beat() -> None:
        while True:
            if well():
                board.beat()
            time.sleep(_BEAT)

    board.beat()
    Thread(target=beat, name="beat", daemon=True).start()

"""Follow the current set of files: each process looks at the store and takes up another one, or keeps its own and says why."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from engine import metrics
from engine.app import kept
from engine.errors import TryAgain
from engine.log import get_logger
from engine.settings import Settings
from engine.store.database import Database
from engine.store.sealing import Seal

LOOK = 0.25
"""Seconds between two looks at the store."""

_AGAIN = 10.0
"""Seconds until a set that could not be taken up is tried again: a full disk may have been the cause."""

_LOG = get_logger("revision")


class Following:
    """What one process knows of the sets of files: the one it works with, and the one it could not take up."""

    def __init__(self, settings: Settings, database: Database, seal: Seal, process: str, running: str) -> None:
        self._settings = settings
        self._database = database
        self._seal = seal
        self._process = process
        self._running = running
        self._refused = ""
        self._again = 0.0
        self._wanted = running
        metrics.note_revision(process, running)

    @property
    def running(self) -> str:
        """Name the set that the process works with."""
        return self._running

    def news(self) -> Path | None:
        """Give the folder of the current set when it is another one than ours; raises TryAgain when the store is away."""
        name = kept.current(self._database)
        if name in ("", self._running):
            if self._refused:
                self._settle(self._running)
            return None
        if name == self._refused and time.monotonic() < self._again:
            return None
        self._wanted = name
        return kept.folder_of(self._settings, self._database, self._seal, name)

    def taken_up(self) -> None:
        """Note that the process works with the new set from now on."""
        before = self._running
        self._settle(self._wanted)
        # The old set goes, and the new one stays as long as the old one did (see `serve_from_now`).
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        _LOG.info("revision taken up", before=before, revision=self._wanted)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Take up inside; whatever fails there leaves the old set at work and is told in log and figures."""
        try:
            yield
        except TryAgain:
            return  # the store is away, so that nobody can know of a newer set
        except Exception as problem:  # noqa: BLE001 - whatever is wrong with the new set, the old one goes on
            if self._refused != self._wanted:
                _LOG.error("revision not taken up", revision=self._wanted, running=self._running, exc_info=problem)
            self._refused, self._again = self._wanted, time.monotonic() + _AGAIN
            metrics.note_revision(self._process, self._running, self._wanted)

    def _settle(self, name: str) -> None:
        self._running, self._refused = name, ""
        metrics.note_revision(self._process, name)


class Follower:
    """Follow on a thread of its own until closed; `take_up` is given the folder of the new set."""

    def __init__(self, following: Following, take_up: Callable[[Path], None]) -> None:
        self._following = following
        self._take_up = take_up
        self._closed = Event()
        self._thread = Thread(target=self._run, name="following", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(LOOK):
            with self._following.attempt():
                folder = self._following.news()
                if folder is not None:
                    self._take_up(folder)
                    self._following.taken_up()

    def close(self) -> None:
        """Stop looking; a set that is being taken up is finished first."""
        self._closed.set()
        self._thread.join()

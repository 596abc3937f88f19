"""Show in the store that this process lives, so that the overview knows all processes of all nodes."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Thread

from engine import VERSION
from engine.errors import TryAgain
from engine.settings import Settings
from engine.store import nodes
from engine.store.database import Database


class Heartbeat:
    """Give a sign of life every few seconds from a thread of its own, until closed; a store that is away is tried again.

    `revision` names the set of files at work, `leads` tells whether this is the clock that leads.
    """

    def __init__(
        self, database: Database, settings: Settings, process: str, *, revision: Callable[[], str] = str, leads: Callable[[], bool] = bool
    ) -> None:  # fmt: skip
        self._database = database
        self._node, self._process = node_name(settings), process
        self._revision, self._leads = revision, leads
        self._started = datetime.now(UTC)
        self._stop = Event()
        self._thread = Thread(target=self._keep_showing, name="heartbeat", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop in order: nobody is to be missed."""
        self._stop.set()
        self._thread.join()
        with suppress(TryAgain):
            nodes.leave(self._database, self._node, self._process)

    def _keep_showing(self) -> None:
        while True:
            with suppress(TryAgain):
                nodes.show(self._database, self._now())
            if self._stop.wait(nodes.BEAT):
                return

    def _now(self) -> nodes.Process:
        return nodes.Process(
            node=self._node, process=self._process, started=self._started, beat=datetime.now(UTC), version=VERSION,
            revision=self._revision(), leads=self._leads(),
        )  # fmt: skip


def node_name(settings: Settings) -> str:
    """Name this node: its host, and a mark of its data directory, since a host may bear several."""
    mark = hashlib.sha256(str(settings.data.resolve()).encode()).hexdigest()[:4]
    return f"{socket.gethostname()}-{mark}"

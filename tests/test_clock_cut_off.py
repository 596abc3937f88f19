"""A clock whose node is cut off from the network stops before another one takes over, and does not come back beside it."""

from __future__ import annotations

import subprocess
import sys
import time
from queue import Empty, Queue
from threading import Thread

import pytest

from engine.settings import ROOT
from tests.support.cutoff import far_host

CLOCK = """
import sys, time
from pathlib import Path
from engine.schedule import Clock, Job
from engine.store.leadership import leadership
tick = Job(name="tick", action=lambda: print(time.monotonic(), flush=True), every=0.5)
# Whoever may act does: no row of the store keeps a second clock from it here, only its lead.
Clock([tick], leadership=leadership(sys.argv[1], Path(".")), claim=lambda *_: True).run()
"""

MOVES_WITHIN = 30.0
"""Seconds: some 15 until the server lets the lock go, and what a busy machine needs."""


class Node:
    """A clock in a process of its own; `ticks` are the moments of its turns."""

    def __init__(self, command):
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
        self.ticks = []
        self._lines = Queue()
        Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(float(line))

    def wait(self, count, seconds):
        """Wait until there were so many more turns; true when they came in time."""
        end, wanted = time.monotonic() + seconds, len(self.ticks) + count
        while len(self.ticks) < wanted:
            try:
                self.ticks.append(self._lines.get(timeout=max(0.01, end - time.monotonic())))
            except Empty:
                return False
        return True

    def all(self):
        while not self._lines.empty():
            self.ticks.append(self._lines.get())
        return self.ticks

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


@pytest.mark.postgres
@pytest.mark.timeout(180)
def test_the_clock_moves_from_a_node_that_is_cut_off():
    with far_host() as (far, address):
        command = [sys.executable, "-c", CLOCK, address]
        first, second = Node(far.inside(*command)), None
        try:
            assert first.wait(2, 30)
            second = Node(command)
            assert first.wait(6, 30)
            assert not second.all(), "one leads at a time"
            far.cut()
            cut = time.monotonic()
            assert second.wait(1, MOVES_WITHIN), "the lock stayed with a node that is not there"
            assert first.all()[-1] < second.ticks[0], "both acted at a time"
            assert second.ticks[0] - cut > 5, "the lead was lost by something else than the network"
            far.heal()
            before = len(first.ticks)
            assert second.wait(10, 30)
            assert len(first.all()) == before, "a clock came back beside the one that leads"
        finally:
            first.close()
            if second:
                second.close()

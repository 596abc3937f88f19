"""Set up what the proof of kills needs: an engine on ports that it keeps, a destination with its own ledger, clients as processes."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.kill.clients import Spec, written
from bench.ledger import read_ledger
from bench.papers import KINDS, save, templates
from bench.receiver import Receiver, open_receiver
from bench.registers.site import HOSPITALS
from tests.support.engine import ROOT, Engine
from tests.support.project import Project
from tests.support.stores import enrol, until

RESIDENTS = 6
"""Residents whose reports are sent, so that many reports have one ordering key."""

_LEASE = "delivery:\n  lease: 3s\n"
"""What a killed worker had in hand is taken up soon; twice the longest deadline bounds it."""

_PATIENCE = 300.0


@dataclass
class Site:
    """The engine, the destination, and the clients' processes and ledgers."""

    engine: Engine
    receiver: Receiver
    ledgers: list[Path] = field(default_factory=list)
    clients: list[subprocess.Popen[str]] = field(default_factory=list)

    def lines(self) -> list[dict[str, Any]]:
        """Read what all clients noted."""
        return [line for ledger in self.ledgers for line in read_ledger(ledger)]

    def finish(self) -> Counter[str]:
        """Let the clients finish what they have in hand; gives their tally."""
        for process in self.clients:
            process.send_signal(signal.SIGTERM)
        tally: Counter[str] = Counter()
        for process in self.clients:
            said, _ = process.communicate(timeout=_PATIENCE)
            tally.update(json.loads(said))
        self.clients.clear()
        return tally


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def open_site(folder: Path, database: str, *, senders: int, pace: float, seed: int) -> Iterator[Site]:
    """Run all of it until the end of the block, from when every client has its first answer; two fronts and two workers on PostgreSQL, one each on SQLite."""
    with ExitStack() as stack:
        receiver = stack.enter_context(open_receiver(folder / "arrivals.jsonl"))
        project = Project.copy(folder / "project")
        (project.root / "config/endpoints.yaml").write_text(receiver.sheet("archive"), encoding="utf-8")
        project.add("config/engine.yaml", _LEASE)
        many = ("--fronts", "2", "--workers", "2") if database else ()
        ports = ("--port", str(free_port()), "--monitor-port", str(free_port()))
        engine = Engine(folder / "engine", database=database, extra=(*project.option, *many, *ports))
        engine.data.mkdir()
        enrol(engine, dict.fromkeys(HOSPITALS, "hospital"))
        engine.start(wait=_PATIENCE)
        stack.callback(lambda: engine.process and engine.stop(signal.SIGTERM, _PATIENCE))
        site = Site(engine, receiver)
        stack.callback(_end, site)
        _send(site, folder, senders, pace, seed)
        until(lambda: all(ledger.stat().st_size for ledger in site.ledgers), _PATIENCE)
        yield site


def _send(site: Site, folder: Path, senders: int, pace: float, seed: int) -> None:
    papers = folder / "papers"
    papers.mkdir()
    for kind in KINDS:
        save(papers, templates(kind, RESIDENTS))
    for number, hospital in enumerate(HOSPITALS):
        ledger = folder / f"{hospital}.jsonl"
        spec = Spec(
            services=site.engine.services, hospital=hospital, papers=str(papers), ledger=str(ledger), seed=seed * 100 + number,
            senders=senders, pace=pace,
        )  # fmt: skip
        command = [sys.executable, "-m", "bench.kill.clients", written(spec)]
        ledger.touch()
        site.ledgers.append(ledger)
        site.clients.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT))


def _end(site: Site) -> None:
    for process in site.clients:
        process.kill()
        process.communicate()

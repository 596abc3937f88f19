"""Nothing acknowledged is lost, whichever processes die while hospitals are sending."""

import itertools
import os
import signal
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from bench.processes import children_of
from tests.support.databases import STORES
from tests.support.engine import Engine
from tests.support.hospital import KINDS, Refused
from tests.support.project import Project
from tests.support.stores import hospital, new_engine, until

pytestmark = [pytest.mark.xdist_group("acceptance-restart"), pytest.mark.timeout(180)]

SENDERS = 4


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    """Run an engine; on PostgreSQL with two fronts and two workers."""
    project = Project.copy(tmp_path_factory.mktemp("project")).short_leases()
    many = ("--fronts", "2", "--workers", "2") if request.param == "postgresql" else ()
    with new_engine(request.param, tmp_path_factory.mktemp("engine"), *project.option, *many) as made:
        yield made.start()


class Senders:
    """Hospital systems that send one document after the other, each until its connection or its engine fails."""

    def __init__(self, engine):
        self.engine = engine
        self.receipts = {}
        self.faults = []
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()

    def _send(self):
        ours = hospital(self.engine)
        for kind in itertools.cycle(KINDS):
            if self.stop.is_set():
                return
            paper = ours.invent(kind)
            try:
                self.receipts[ours.accepted(paper)] = paper
            except Refused as fault:
                self.faults.append(fault.answer)
                return
            except (OSError, HTTPException):
                return

    def answered(self, number):
        """Wait until so many more documents have their receipt."""
        wanted = len(self.receipts) + number
        until(lambda: len(self.receipts) >= wanted, 40)


def children(engine, role=""):
    """Find the processes of the engine, those of one role by their name."""
    return [use.pid for name, use in children_of(engine.pid).items() if name.startswith(role)]


def check_that_nothing_is_lost(engine, sent, *, before=None):
    """Hold every receipt that a hospital has in its hands against the engine, and wait for the deliveries, made here or `before`."""
    ours = hospital(engine)
    with ThreadPoolExecutor(4) as callers:
        for receipt, found in zip(sent, callers.map(ours.receipt, sent), strict=True):
            assert (found["receipt"], found["status"], found["state"]) == (receipt, "accepted", "routed")
        again = list(callers.map(ours.upload, sent.values()))
    assert [r["receipt"] for r in again] == list(sent)
    assert {r["duplicate"] for r in again} == {"true"}
    reports = [receipt for receipt, paper in sent.items() if paper.kind == "C0007"]
    assert reports
    until(lambda: {d["state"] for r in reports for d in ours.receipt(r)["deliveries"]} == {"sent"}, 40)
    archives = [each.data / "outbox" / "archive" for each in (engine, before) if each]
    assert {"-".join(path.stem.split("-")[:2]) for archive in archives for path in archive.rglob("*.xml")} >= set(reports)
    assert engine.command("check", "--store", *engine.extra[:2]).strip() == "every message is in exactly one state"


def test_a_front_that_is_killed_is_replaced_and_service_goes_on(engine):
    before = children(engine, "front")
    assert len(before) == (2 if engine.database else 1)
    with Senders(engine) as senders:
        senders.answered(10)
        os.kill(before[0], signal.SIGKILL)
        until(lambda: len(now := children(engine, "front")) == len(before) and before[0] not in now)
    paper = hospital(engine).invent()
    hospital(engine).accepted(paper)
    assert not senders.faults
    check_that_nothing_is_lost(engine, senders.receipts)


def test_a_backup_taken_amid_uploads_is_restored_on_an_empty_machine_with_one_command_each(engine, tmp_path):
    with Senders(engine) as senders:
        senders.answered(20)
        before = dict(senders.receipts)
        said = engine.command("backup", str(tmp_path / "changbai.backup"), "--with-secrets")
        senders.answered(5)
    assert "the file holds the key and all secrets" in said
    assert stat.S_IMODE((tmp_path / "changbai.backup").stat().st_mode) == 0o600
    elsewhere = Engine(tmp_path / "new", "", engine.extra[:2])
    restored = elsewhere.command("restore", str(tmp_path / "changbai.backup"))
    assert restored.splitlines()[-1] == "every message is in exactly one state"
    assert elsewhere.command("check", "--store", *engine.extra[:2]).strip() == "every message is in exactly one state"
    elsewhere.start()
    try:
        check_that_nothing_is_lost(elsewhere, before, before=engine)
        hospital(elsewhere).accepted(hospital(elsewhere).invent())
    finally:
        elsewhere.stop()


def test_a_stop_in_the_midst_of_uploads_loses_no_acknowledged_document(engine):
    with Senders(engine) as senders:
        senders.answered(40)
        assert engine.stop(signal.SIGTERM) == 0
    assert {answer.status for answer in senders.faults} <= {503}
    engine.start()
    check_that_nothing_is_lost(engine, senders.receipts)


def test_a_kill_of_all_processes_in_the_midst_of_uploads_loses_no_acknowledged_document(engine):
    with Senders(engine) as senders:
        senders.answered(60)
        for process in [engine.pid, *children(engine)]:
            os.kill(process, signal.SIGKILL)
        engine.stop(signal.SIGKILL)
    assert not senders.faults
    engine.start()
    check_that_nothing_is_lost(engine, senders.receipts)

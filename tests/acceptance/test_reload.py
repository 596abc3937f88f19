"""A changed set of files is taken up by every process while documents flow; a wrong one changes nothing and says where."""

import itertools
import os
import secrets
import signal
import subprocess
import threading
import time
from datetime import UTC, datetime
from http.client import HTTPException
from urllib.request import urlopen

import pytest
from sqlalchemy import insert, select, update

from engine.store.revisions import current_revision
from engine.store.tables import message, revision
from tests.support.databases import STORES
from tests.support.engine import COMMAND, ROOT
from tests.support.hospital import Refused
from tests.support.project import Project
from tests.support.stores import conserved, hospital, new_engine, opened, until

pytestmark = [pytest.mark.xdist_group("acceptance-reload"), pytest.mark.timeout(300)]

KINDS = ("C0002", "C0004", "C0007")
SHEET = "routes/laboratory-report/route.yaml"
ENDPOINTS = "config/endpoints.yaml"
SLACK = 6.0
"""Seconds instead of the one that is promised: the tests share their machine, and the senders fill it."""


@pytest.fixture(scope="module", params=STORES)
def store(request):
    return request.param


@pytest.fixture(scope="module")
def project(store, tmp_path_factory):
    return Project.copy(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def engine(store, project, tmp_path_factory):
    """Run an engine; on PostgreSQL with two fronts and two workers."""
    many = ("--fronts", "2", "--workers", "2") if store == "postgresql" else ()
    with new_engine(store, tmp_path_factory.mktemp("engine"), *project.option, *many) as made:
        yield made.start()


class Flow:
    """Two hospital systems that send without a pause, one of them large documents too."""

    def __init__(self, engine):
        self.engine = engine
        self.sent = {}
        self.wrong = []
        self.stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(large,), daemon=True) for large in (False, True)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        assert self.wrong == []

    def _send(self, large):
        ours = hospital(self.engine)
        try:
            for kind in itertools.cycle(KINDS):
                if self.stop.is_set():
                    return
                paper = ours.invent(kind)
                # Above 32 KiB of Base64 a document may unpack to more than the limit of the event loop.
                paper = paper.other(secrets.token_hex(40_000).replace("--", "")) if large else paper
                begun = time.time()
                self.sent[ours.accepted(paper)] = (begun, time.time(), large, kind)
        except (AssertionError, OSError, HTTPException, Refused) as problem:
            self.wrong.append(problem)

    def longest_gap(self, *, large):
        ends = sorted(end for _, end, was_large, _ in self.sent.values() if was_large == large)
        return max(b - a for a, b in itertools.pairwise(ends))


def in_force(engine):
    with opened(engine) as database, database.read() as connection:
        return current_revision(connection)


def walked_by(engine, receipts):
    """Tell by which revision each message was walked."""
    with opened(engine) as database, database.read() as connection:
        rows = connection.execute(select(message.c.receipt, message.c.revision).where(message.c.receipt.in_(list(receipts))))
        return {row.receipt: row.revision for row in rows}


def committed(engine, name):
    """Tell when a set was made current for the first time."""
    with opened(engine) as database, database.read() as connection:
        return connection.execute(select(revision.c.created).where(revision.c.hash == name)).scalar_one().timestamp()


def reloaded(engine, project):
    """Run `reload`; gives the revisions before and after, and all it said."""
    said = engine.command("reload", *project.option)
    words = {line.rsplit(maxsplit=1)[0]: line.rsplit(maxsplit=1)[1] for line in said.splitlines()[:2]}
    return words["old revision"], words["new revision"], said


def refused(engine, project):
    """Run a `reload` that must be refused; gives what it said."""
    with pytest.raises(AssertionError) as caught:
        engine.command("reload", *project.option)
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def processes(engine, figure="changbai_revision"):
    """Read from the figures which process works with which revision, or could not take up which."""
    with urlopen(f"{engine.monitor}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    rows = [line.split('"') for line in lines if line.startswith(figure + "{")]
    return {row[1]: row[3] for row in rows}


def all_with(engine, name):
    fronts = 2 if engine.database else 1
    wanted = {f"front-{n + 1}" for n in range(fronts)} | {f"worker-{n + 1}" for n in range(fronts)} | {"monitor"}
    return processes(engine) == dict.fromkeys(wanted, name)


def test_a_changed_route_is_taken_up_while_documents_flow(engine, project):
    until(lambda: all_with(engine, in_force(engine)))
    with Flow(engine) as flow:
        until(lambda: len(flow.sent) > 30)
        project.add(ENDPOINTS, "second:\n  kind: file\n  about: 第二个文件夹\n  directory: outbox/second\n")
        project.change(SHEET, "- to: archive", "- to: second")
        asked = time.monotonic()
        before, after, said = reloaded(engine, project)
        # Nobody is held up longer than the command itself takes to load the set beside them.
        most = max(SLACK, time.monotonic() - asked)
        assert before != after == in_force(engine)
        assert "changed          routes/laboratory-report (route.yaml)" in said
        assert f"changed          {ENDPOINTS}" in said
        until(lambda: all_with(engine, after), 20)
        known = len(flow.sent)
        until(lambda: len(flow.sent) > known + 30)
    found, commit = walked_by(engine, flow.sent), committed(engine, after)
    assert found.keys() == flow.sent.keys(), "every receipt is kept"
    for large in (False, True):
        mine = {r: flow.sent[r] for r in found if flow.sent[r][2] == large}
        assert {found[r] for r in mine} == {before, after}
        assert min(ended for r, (_, ended, *_) in mine.items() if found[r] == after) > commit
        late = max(begun for r, (begun, *_) in mine.items() if found[r] == before) - commit
        assert late < SLACK, "every process takes it up within a second on a machine of its own"
        assert flow.longest_gap(large=large) < most
    reports = {receipt for receipt, (*_, kind) in flow.sent.items() if kind == "C0007"}
    folders = [engine.data / "outbox" / name for name in ("archive", "second")]

    def delivered():
        return [{"-".join(p.stem.split("-")[:2]) for p in folder.rglob("*.xml")} & reports for folder in folders]

    until(lambda: len(set().union(*delivered())) == len(reports))
    old, new = delivered()
    assert old == {r for r in reports if found[r] == before}
    assert new == {r for r in reports if found[r] == after}
    assert conserved(engine)


def test_a_broken_edit_changes_nothing_and_says_where_and_a_killed_front_comes_back_with_the_kept_set(engine, project):
    name = in_force(engine)
    until(lambda: all_with(engine, name), 20)
    project.change(SHEET, "xslt/to-record.xsl", "xslt/to-recrod.xsl")
    (project.root / "xsd/catalogue.yaml").rename(project.root / "xsd/half-edited.yaml")
    try:
        said = refused(engine, project)
        assert "xsd/catalogue.yaml" in said
        (project.root / "xsd/half-edited.yaml").rename(project.root / "xsd/catalogue.yaml")
        said = refused(engine, project)
        assert f"{SHEET}:15:11 CFG-020" in said
        assert "did you mean" in said
        assert in_force(engine) == name
        killed = engine.children("front") + engine.children("worker")
        assert len(killed) == (4 if engine.database else 2)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        until(lambda: not set(killed) & {*engine.children("front"), *engine.children("worker")})
        ours = hospital(engine)
        receipts = [ours.accepted(ours.invent("C0007")) for _ in range(6)]
        assert set(walked_by(engine, receipts).values()) == {name}
        until(lambda: all(d["state"] == "sent" for r in receipts for d in ours.receipt(r)["deliveries"]))
        assert all_with(engine, name)
    finally:
        project.change(SHEET, "xslt/to-recrod.xsl", "xslt/to-record.xsl")


def test_of_two_reloads_at_once_both_tell_the_truth_and_one_stays(engine, project, tmp_path):
    others = [Project.copy(tmp_path / name) for name in ("one", "two")]
    for number, other in enumerate(others):
        other.change(SHEET, "about: ", f"about: 第 {number} 份 ")
    before = in_force(engine)
    running = [
        subprocess.Popen([*COMMAND, "reload", *other.option, *engine._where()], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for other in others
    ]
    said = [each.communicate(timeout=120)[0].split() for each in running]
    assert [each.returncode for each in running] == [0, 0]
    steps = {(words[2], words[5]) for words in said}
    first = next(step for step in steps if step[0] == before)
    (second,) = steps - {first}
    assert second[0] == first[1], "the later one found the earlier one current"
    assert in_force(engine) == second[1]
    until(lambda: all_with(engine, second[1]), 20)
    ours = hospital(engine)
    receipt = ours.accepted(ours.invent())
    assert walked_by(engine, [receipt]) == {receipt: second[1]}


def test_a_process_that_cannot_take_up_a_set_keeps_the_old_one_and_says_so(engine, project):
    name = in_force(engine)
    broken = "0123456789abcdef"
    with opened(engine) as database, database.write() as connection:
        connection.execute(update(revision).where(revision.c.current).values(current=False))
        connection.execute(
            insert(revision).values(hash=broken, created=datetime.now(UTC), files=b"damaged on the disk", current=True)
        )
    until(lambda: set(processes(engine, "changbai_revision_refused").values()) == {broken}, 20)
    until(lambda: processes(engine, "changbai_revision_refused").keys() == processes(engine).keys(), 20)
    assert all_with(engine, name)
    ours = hospital(engine)
    receipt = ours.accepted(ours.invent())
    assert walked_by(engine, [receipt]) == {receipt: name}
    assert '"event":"revision not taken up"' in (engine.data / "engine.log").read_text(encoding="utf-8")
    before, after, _ = reloaded(engine, project)
    assert before == broken
    until(lambda: all_with(engine, after), 20)
    assert processes(engine, "changbai_revision_refused") == {}
    assert conserved(engine)

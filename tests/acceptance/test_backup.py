"""A backup taken while the engine works fills another store that goes on with it; what is past its time goes, and nothing else."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from engine.store.tables import message
from tests.support.databases import throw_away_database
from tests.support.engine import COMMAND, Engine
from tests.support.project import Project
from tests.support.stores import conserved, hospital, opened

pytestmark = pytest.mark.xdist_group("acceptance-backup")


def typed(*arguments, engine, cwd):
    """Run a command on the engine's data in a process of its own; it never ends in a traceback."""
    where = ["--data", str(engine.data), *(["--database", engine.database] if engine.database else [])]
    command = [*COMMAND, *map(str, arguments), *where]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def sent(ours):
    """Send a few documents, good and bad; gives each receipt with its paper and what became of it."""
    papers = [ours.invent() for _ in range(3)]
    bad = ours.invent(fault="patient.gender-code")
    return {ours.accepted(paper): (paper, "routed") for paper in papers} | {ours.rejected(bad)["receipt"]: (bad, "invalid")}


@pytest.fixture
def empty(tmp_path):
    """Give an engine on PostgreSQL that was never started, with nothing in its store; test_restart restores to SQLite."""
    (tmp_path / "empty").mkdir()
    with throw_away_database() as address:
        yield Engine(tmp_path / "empty", address)


@pytest.mark.postgres
def test_a_backup_of_a_running_engine_fills_an_empty_store_that_goes_on_with_it(engine, empty, sent, tmp_path):
    file = tmp_path / "changbai.backup"
    told = engine.command("backup", str(file), "--with-secrets")
    assert "the file holds the key" in told
    assert file.stat().st_mode & 0o777 == 0o600
    done = typed("restore", file, engine=empty, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "every message is in exactly one state" in done.stdout
    empty.start()
    try:
        there = hospital(empty)
        for receipt, (paper, state) in sent.items():
            assert there.receipt(receipt)["state"] == state
            if state == "routed":
                again = there.upload(paper)
                assert (again["receipt"], again["duplicate"]) == (receipt, "true")
        there.accepted(there.invent())
    finally:
        assert empty.stop() == 0
    assert conserved(empty)
    second = typed("restore", file, engine=empty, cwd=tmp_path)
    assert (second.returncode, "not empty" in second.stderr) == (1, True)


def test_a_backup_without_the_key_or_damaged_is_told_in_words(engine, sent, tmp_path):
    file, broken = tmp_path / "changbai.backup", tmp_path / "broken.backup"
    assert "keep a copy of" in engine.command("backup", str(file))
    assert "is there already" in typed("backup", file, engine=engine, cwd=tmp_path).stderr
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 0x55
    broken.write_bytes(content)
    bare = Engine(tmp_path / "bare")
    done = typed("restore", broken, engine=bare, cwd=tmp_path)
    assert (done.returncode, "of the backup" in done.stderr) == (1, True), done.stderr
    done = typed("restore", file, engine=bare, cwd=tmp_path)
    assert done.returncode == 1
    assert "CFG-062" in done.stdout + done.stderr
    bare.data.joinpath("secrets").mkdir(exist_ok=True)
    bare.data.joinpath("secrets/sealing.key").write_bytes((engine.data / "secrets/sealing.key").read_bytes())
    assert typed("check", "--store", engine=bare, cwd=tmp_path).stdout == "every message is in exactly one state\n"


def test_what_is_past_its_time_goes_by_command_and_what_was_accepted_stays(engine, ours, sent, tmp_path):
    (refused,) = (receipt for receipt, (_, state) in sent.items() if state == "invalid")
    with opened(engine) as database, database.write() as connection:
        long_ago = datetime.now(UTC) - timedelta(days=40)
        connection.execute(sa.update(message).where(message.c.receipt.in_(sent)).values(received=long_ago))
    project = Project.copy(tmp_path / "project")
    project.add("config/engine.yaml", "retention:\n  invalid: 30d\n")
    assert "1 message(s) would go" in typed("retention", *project.option, engine=engine, cwd=tmp_path).stdout
    assert ours.receipt(refused)["state"] == "invalid"
    done = typed("retention", "--apply", *project.option, engine=engine, cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 message(s) removed"), done.stdout + done.stderr
    assert dict(ours.receipt(refused)) == {"receipt": refused, "status": "unknown"}
    assert {ours.receipt(receipt)["state"] for receipt in sent if receipt != refused} == {"routed"}
    assert conserved(engine)

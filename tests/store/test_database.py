"""The database opens safely, keeps what it says it kept, and says try again when it cannot."""

import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pysqlite3.dbapi2 as sqlite
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from engine.errors import ConfigError, TryAgain
from engine.store import database as module
from engine.store.columns import micros, moment
from engine.store.database import Database, StoreAway, check_sqlite, default_url, unhurried
from engine.store.tables import revision
from engine.store.troubles import translate

ROOT = Path(__file__).resolve().parents[2]


def test_a_sqlite_build_with_the_wal_bug_is_refused_with_what_to_do():
    with pytest.raises(ConfigError, match=r"CFG-060 SQLite 3\.40\.1 .*pysqlite3"):
        check_sqlite((3, 40, 1))
    check_sqlite((3, 51, 3))


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "what"])
def test_any_other_address_is_refused(url):
    with pytest.raises(ConfigError, match="CFG-060"):
        Database(url)


def test_sqlite_is_durable_and_for_its_owner_only(tmp_path):
    opened = Database(default_url(tmp_path / "data"))
    with opened.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": 0}
    assert (tmp_path / "data" / "changbai.db").stat().st_mode & 0o077 == 0
    opened.close()


def test_the_ping_writes_and_fails_when_writing_is_impossible(database, monkeypatch):
    database.ping_write()
    if database.dialect == "sqlite":
        monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
        monkeypatch.setattr(module, "_PRAGMAS", ("busy_timeout=50",))
        impatient = Database(f"sqlite:///{database._path}")
        with database.write(), pytest.raises(TryAgain):
            impatient.ping_write()
        impatient.close()


def test_a_store_that_is_away_says_try_again(tmp_path):
    away = Database("postgresql://postgres@127.0.0.1:9/none")
    with pytest.raises(TryAgain), away.read():
        pass
    folder = Database(f"sqlite:///{tmp_path / 'gone' / 'a.db'}")
    (tmp_path / "gone" / "a.db").unlink()
    (tmp_path / "gone").rmdir()
    with pytest.raises(TryAgain):
        folder.ping_write()


def test_a_connection_that_was_cut_is_replaced(database):
    if database.dialect != "postgresql":
        pytest.skip("a file has no connection to cut")
    database.ping_write()
    with database.write() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
    with Database(database._engine.url.render_as_string(hide_password=False)).write() as other:
        other.exec_driver_sql(f"SELECT pg_terminate_backend({pid})")
    with pytest.raises(TryAgain):
        database.ping_write()
    database.ping_write()


def test_a_reader_sees_one_state_while_others_write(database):
    with database.read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM pulse").scalar()
        thread = threading.Thread(target=database.ping_write)
        thread.start()
        thread.join(20)
        assert connection.exec_driver_sql("SELECT count(*) FROM pulse").scalar() == before == 0


def test_writers_wait_for_each_other_instead_of_failing(database):
    done = []

    def work():
        for _ in range(10):
            database.ping_write()
        done.append(True)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 6


def test_a_checkpoint_empties_a_long_log_and_leaves_the_data(database, monkeypatch):
    monkeypatch.setattr(module, "_WAL_LIMIT", 1000)
    database.ping_write()
    assert database.checkpoint() == 0
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pulse").scalar() == 1


def test_a_checkpoint_gives_way_to_a_writer(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_WAL_LIMIT", 1000)
    opened = Database(f"sqlite:///{tmp_path / 'a.db'}", checkpoints=True)
    with opened.write() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        connection.exec_driver_sql("INSERT INTO t VALUES (zeroblob(50000))")
    with opened.write() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        began = datetime.now(UTC)
        assert opened.checkpoint() > 1000
        assert (datetime.now(UTC) - began).total_seconds() < 1
    assert opened.checkpoint() == 0
    opened.close()


def test_only_one_process_checkpoints(tmp_path):
    opened = Database(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(RuntimeError):
        opened.checkpoint()
    opened.close()


KILLED = """
import os, sys
from engine.store.database import Database
from engine.store.journal import Journal
from tests.store.samples import entry
from tests.support.seals import SEAL
database = Database(sys.argv[1])
for n in range(1000):
    with database.write() as connection:
        Journal(database, SEAL).file(connection, [entry(f"D{n}", str(n))])
    print(n, flush=True)
    if n == 20:
        os.kill(os.getpid(), 9)
"""


def test_what_was_committed_survives_a_kill(database, url):
    done = subprocess.run([sys.executable, "-c", KILLED, url], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split()[-1] == "20", done.stderr
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM message").scalar() == 21
        if database.dialect == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_times_are_exact_to_the_microsecond():
    now = datetime(2026, 3, 2, 4, 5, 6, 789012, tzinfo=UTC)
    assert moment(micros(now)) == now
    with pytest.raises(TypeError):
        micros(datetime(2026, 3, 2))  # noqa: DTZ001 - a naive time is what is refused here


def test_the_sqlite_driver_is_the_pinned_wheel():
    assert sqlite.sqlite_version_info >= (3, 51, 3)


def test_a_statement_that_does_not_end_ends_after_a_while_unless_it_may_last(database):
    if database.dialect != "postgresql":
        pytest.skip("a server's statements only")
    with database.read() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "30s"
        unhurried(connection)
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"
    with database.read() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "30s"
    with pytest.raises(StoreAway), database.write() as connection:
        connection.exec_driver_sql("SET LOCAL statement_timeout = 50; SELECT pg_sleep(5)")


def test_an_error_of_the_database_repeats_no_values(database):
    row = {"hash": "h", "created": datetime.now(UTC), "files": b"kept-to-itself", "current": False}
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        connection.execute(sa.insert(revision), [row, row])
    assert "kept-to-itself" not in str(caught.value)


class Refusal(Exception):
    """What the driver raises, with the state that the server gave."""

    def __init__(self, sqlstate):
        super().__init__("refused")
        self.sqlstate = sqlstate


def test_a_server_that_takes_no_writes_says_try_again(database):
    if database.dialect == "postgresql":
        with pytest.raises(StoreAway), database.write() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ ONLY; DELETE FROM pulse")
    # A standby says this to BEGIN READ WRITE (PostgreSQL, check_transaction_read_only); there is none here to ask.
    assert isinstance(translate(DBAPIError("BEGIN READ WRITE", {}, Refusal("0A000"))), StoreAway)
    bug = DBAPIError("SELECT", {}, Refusal("42601"))
    assert translate(bug) is bug


def test_a_server_that_does_not_tidy_itself_is_told_of(database):
    if database.dialect == "sqlite":
        assert database.tidies_itself()
        return
    with database.read() as connection:
        said = connection.exec_driver_sql("SELECT setting FROM pg_settings WHERE name = 'autovacuum'").scalar_one()
    assert database.tidies_itself() == (said == "on")

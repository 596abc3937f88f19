"""A store that is away, locked, read-only, or silent about a COMMIT: "try again" or the truth, never a false receipt, and all goes on by itself."""

import sqlite3
import urllib.error
import urllib.request
from contextlib import closing

import psycopg
import pytest
import sqlalchemy as sa

from engine.services.records import record
from engine.services.registers.tables import entry, version
from engine.store.tables import message
from tests.support.databases import STORES
from tests.support.hospital import Refused
from tests.support.proxy import Proxy
from tests.support.readonly import read_only
from tests.support.reporting import tell_status
from tests.support.stores import conserved, hospital, messages, new_engine, opened, until

pytestmark = [pytest.mark.xdist_group("acceptance-store-faults"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """Run an engine that reaches its PostgreSQL through a proxy; give both."""
    with new_engine("postgresql", tmp_path_factory.mktemp("behind")) as engine, Proxy(engine.database) as proxy:
        direct, engine.database = engine.database, proxy.url
        engine.start(wait=300)
        engine.database = direct
        yield engine, proxy
        assert engine.stop(wait=120) == 0


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    """Run an engine on a store, with its way to fail every write of SQLite's at hand."""
    data = tmp_path_factory.mktemp("engine")
    with new_engine(request.param, data) as made:
        if request.param == "sqlite":
            made.environment = (switch := read_only(data, tmp_path_factory.mktemp("library"))).environment
            made.switch = switch
        yield made.start(wait=300)
        assert made.stop(wait=120) == 0


def health(engine):
    try:
        with urllib.request.urlopen(f"{engine.services}/health", timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def tries_again(ours, paper):
    """Send a document that must be answered with "try again"."""
    with pytest.raises(Refused) as caught:
        ours.upload(paper)
    answer = caught.value.answer
    assert (answer.status, answer.code) == (503, "ENG-503")
    assert int(answer.headers["retry-after"]) > 0


def goes_on(engine, ours, paper):
    """See the engine recover by itself, take the document that was refused, and deliver a report."""
    until(lambda: health(engine) == 200, 120)
    first = ours.accepted(paper)
    report = ours.accepted(ours.invent("C0007"))
    assert ours.receipt(first)["state"] == "routed"
    until(lambda: [d["state"] for d in ours.receipt(report)["deliveries"]] == ["sent"], 120)
    assert conserved(engine)


def standing(engine, paper):
    """Give the receipts under which a document and its record stand in the store."""
    with opened(engine) as database, database.read() as connection:
        rows = connection.execute(sa.select(message.c.receipt).where(message.c.document_id == paper.number)).scalars().all()
        return rows, connection.execute(sa.select(record.c.message).where(record.c.message.in_(rows))).scalars().all()


@pytest.mark.parametrize("what", ["reply", "commit"])
def test_what_is_lost_of_a_commit_makes_neither_a_false_receipt_nor_a_second_effect(behind, what):
    engine, proxy = behind
    ours = hospital(engine)
    paper = ours.invent("C0007")
    proxy.lose(paper.number, what)
    receipt = ours.accepted(paper)
    assert proxy.lost.is_set()
    assert standing(engine, paper) == ([receipt], [receipt])
    again = ours.upload(paper)
    assert (again["receipt"], again["duplicate"]) == (receipt, "true")
    until(lambda: [d["state"] for d in ours.receipt(receipt)["deliveries"]] == ["sent"], 120)
    assert conserved(engine)


@pytest.mark.parametrize("what", ["reply", "commit"])
def test_a_register_message_whose_commit_was_lost_is_written_once(behind, what):
    engine, proxy = behind
    number = f"M-lost-{what}"
    proxy.lose(number, what)
    tell_status(engine, "S0001", message_id=number, patient_id=f"P-{what}")
    assert proxy.lost.is_set()
    with opened(engine) as database, database.read() as connection:
        receipts = connection.execute(sa.select(message.c.receipt).where(message.c.document_id == number)).scalars().all()
        stands = connection.execute(sa.select(entry.c.version).where(entry.c.receipt.in_(receipts))).scalars().all()
        before = connection.execute(sa.select(version.c.version).where(version.c.receipt.in_(receipts))).scalars().all()
    assert (len(receipts), stands, before) == (1, [1], [])
    assert conserved(engine)


def test_a_database_that_goes_away_and_comes_back_is_try_again_in_between(behind):
    engine, proxy = behind
    ours = hospital(engine)
    kept, refused = ours.invent(), ours.invent()
    receipt, before = ours.accepted(kept), messages(engine)
    proxy.go_away()
    try:
        tries_again(ours, refused)
        until(lambda: health(engine) == 503)
        assert messages(engine) == before
    finally:
        proxy.come_back()
    goes_on(engine, ours, refused)
    assert ours.upload(kept)["receipt"] == receipt


def test_connections_that_are_cut_amid_uploads_lose_nothing(behind):
    engine, proxy = behind
    ours = hospital(engine)
    answered, refused = {}, set()
    for _ in range(8):
        paper = ours.invent()
        proxy.cut()
        try:
            answered[ours.accepted(paper)] = paper
        except Refused as fault:
            refused.add((fault.answer.status, fault.answer.code))
    assert refused <= {(503, "ENG-503")}
    for receipt, paper in answered.items():
        assert standing(engine, paper) == ([receipt], [receipt])
    goes_on(engine, ours, ours.invent())


def locked(engine):
    """Hold what every writer needs, on a connection beside the engine's."""
    if engine.database:
        held = psycopg.connect(engine.database)
        held.execute("LOCK TABLE message IN ACCESS EXCLUSIVE MODE")
        return held
    held = sqlite3.connect(engine.data / "changbai.db", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    return held


def test_a_lock_that_somebody_holds_is_try_again_until_it_is_let_go(engine):
    ours = hospital(engine)
    ours = type(ours)(ours.services, ours.code, ours.password, timeout=90)
    paper, before = ours.invent(), messages(engine)
    with closing(locked(engine)) as held:
        tries_again(ours, paper)
        held.rollback()
    assert messages(engine) == before
    goes_on(engine, ours, paper)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_file_system_that_has_become_read_only_is_try_again_until_it_can_be_written(engine):
    ours = hospital(engine)
    kept, refused = ours.invent(), ours.invent()
    receipt, before = ours.accepted(kept), messages(engine)
    engine.switch.begin()
    try:
        for _ in range(3):
            tries_again(ours, refused)
        until(lambda: health(engine) == 503)
        assert messages(engine) == before
        assert ours.receipt(receipt)["state"] == "routed"
    finally:
        engine.switch.end()
    goes_on(engine, ours, refused)

"""The proof of kills runs as it says, in short, and would tell if something were lost, doubled, or out of order."""

from __future__ import annotations

import re
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection

import pytest

from bench.arrivals import look_at_order
from bench.kill import strikes
from bench.kill.clients import REGISTER, hear
from bench.kill.holding import look
from bench.ledger import Ledger, read_ledger
from bench.papers import KINDS, load, save, templates
from bench.proofs import kill
from bench.receiver import Arrival, open_receiver
from engine.documents.packing import pack_gzip
from engine.store.database import Database
from engine.store.entries import Entry, Order
from engine.store.journal import Journal
from tests.support.databases import STORES, migrated_file
from tests.support.seals import SEAL

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", STORES[1:])
def test_a_short_storm_loses_nothing(capsys, monkeypatch, store):
    # So few are not left to chance: everything at once, then what only a store that is a server has, its connections.
    monkeypatch.setattr(strikes, "_PROCESSES", {"all": 1})
    monkeypatch.setattr(strikes, "_CONNECTIONS", {"backends": 1000})
    assert kill.main(2, seed=1, only=NAMES[store], pause=0.5, pace=0.1) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "acknowledged and lost 0, doubled 0, undelivered 0, sums that differ 0" in said
    assert "out of order 0" in said
    assert "answered oddly 0" in said
    assert int(re.search(r"(\d+) messages acknowledged", said)[1]) > 20
    assert "holds" in said


def test_the_same_seed_strikes_at_the_same_in_the_same_order(tmp_path, monkeypatch):
    struck = []
    monkeypatch.setattr(strikes, "_wait", lambda _began, _sure: True)
    monkeypatch.setattr(strikes.Striker, "_kill_one", lambda _self, role: struck.append(role))
    monkeypatch.setattr(strikes.Striker, "_kill_engine", lambda _self, everything: struck.append(everything))
    monkeypatch.setattr(strikes.Striker, "_start_again", lambda _self, _began: True)
    (tmp_path / "engine.log").touch()
    engine = type("Engine", (), {"database": "", "data": tmp_path})()
    for seed in (5, 5, 6):
        striker = strikes.Striker(engine, seed)
        for _ in range(20):
            striker.strike()
    assert struck[:20] == struck[20:40] != struck[40:]
    assert {"front", "worker", "clock"} <= set(struck)


def entry(receipt, number):
    return Entry(
        receipt=receipt, institution="H", document_type="C0007", document_id=number, received=datetime.now(UTC), route="r", revision="",
        state="ROUTED", digest=number, size=1, original=pack_gzip(b"<a/>"), orders=(Order(destination="archive", key="k"),),
    )  # fmt: skip


def kept(number, receipt, sent=1.0, answered=2.0):
    return {
        "hospital": "H",
        "kind": "C0007",
        "number": number,
        "said": "kept",
        "receipt": receipt,
        "sent": sent,
        "answered": answered,
    }


def test_what_is_lost_or_done_twice_is_told(tmp_path):
    with closing(Database(migrated_file(tmp_path / "test.db"))) as database:
        assert look(database, [], []).wrong == []
        (lost,) = look(database, [kept("1", "20260101-a")], []).lost
        assert lost == "('H', '1') C0007 was acknowledged as 20260101-a and is not there"
        with database.write() as connection:
            Journal(database, SEAL).file(connection, [entry("20260101-b", "1")])
        held = look(database, [kept("1", "20260101-a"), kept("1", "20260101-b")], [Arrival(1, "20260101-b-1", "20260101-b")])
        assert "('H', '1') C0007 was acknowledged as 20260101-a and stands as ['20260101-b']" in held.lost
        assert "C0007 20260101-b has no record" in held.lost
        assert held.doubled == ["('H', '1') was told two receipts: 20260101-a and 20260101-b"]
        assert held.undelivered == ["20260101-b for archive is QUEUED and arrived"]
        twice = [Arrival(1, "20260101-b-1", "20260101-b"), Arrival(2, "20260101-b-2", "20260101-b")]
        assert "20260101-b arrived under 2 ids" in look(database, [kept("1", "20260101-b")], twice).doubled
        assert look(database, [], []).sums == ["('H', '1') is there and nobody noted to have sent it"]


def test_what_overtakes_its_key_is_told_and_what_was_sent_at_once_is_not():
    def came(*receipts):
        return [Arrival(float(at), f"{one}-1", one) for at, one in enumerate(receipts)]

    places = {"a": ("k", 1.0, 2.0), "b": ("k", 3.0, 4.0), "c": ("k", 3.5, 4.5), "z": ("other", 0.0, 0.5)}
    assert look_at_order(came("a", "b", "c", "z"), places).wrong == []
    assert look_at_order(came("a", "c", "b"), places).wrong == []
    assert look_at_order(came("a", "a", "b", "b"), places).repeated == 2
    assert look_at_order(came("b", "a"), places).wrong == ["a came after b, which was sent when it had its receipt"]
    assert look_at_order(came("a", "b", "a"), places).wrong == ["a came again after b, which was sent when it had its receipt"]


def test_a_template_is_filled_with_numbers_of_its_own(tmp_path):
    save(tmp_path, [one for kind in KINDS for one in templates(kind, 1)])
    filled = [one.fill("H-1", "N-1").decode() for one in load(tmp_path)]
    assert len(filled) == len(KINDS)
    assert all('extension="N-1"' in text and "@" not in text and "PROOF-TEMPLATE" not in text for text in filled)
    assert 'extension="N-1-r"' in filled[-1]


def test_every_answer_is_read():
    upload = b"<UploadResult><receipt>R</receipt><status>accepted</status><duplicate>true</duplicate></UploadResult>"
    assert (hear("C0007", upload).receipt, hear("C0007", upload).duplicate) == ("R", True)
    assert hear("C0007", b"<code>ENG-503</code>").again
    refused = hear("C0007", b"<receipt>R</receipt><status>rejected</status>")
    assert (refused.taken, refused.receipt, refused.again) == (False, "", False)
    assert hear(REGISTER, b"&lt;acknowledgement typeCode=&quot;AA&quot;").taken


def test_a_ledger_is_read_as_it_was_written(tmp_path):
    ledger = Ledger(tmp_path / "ledger")
    ledger.write(receipt="R", number="一")
    assert list(read_ledger(tmp_path / "ledger")) == [{"receipt": "R", "number": "一"}]
    ledger.close()


def test_a_receiver_is_down_in_each_way_and_keeps_its_ledger(tmp_path):
    def post(message):
        connection = HTTPConnection("127.0.0.1", receiver.port, timeout=1)
        try:
            connection.request("POST", "/receive", b"<a/>", {"X-Message-Id": message})
            return connection.getresponse().status
        finally:
            connection.close()

    with open_receiver(tmp_path / "ledger") as receiver:
        assert post("R1-d") == 200
        receiver.be("503")
        assert post("R2-d") == 503
        receiver.be("hang")
        for _ in range(2):
            with pytest.raises(TimeoutError):
                post("R3-d")
        receiver.be("refuse")
        with pytest.raises(ConnectionRefusedError):
            post("R4-d")
        receiver.be("answer")
        assert post("R5-d") == 200
        assert [one.receipt for one in receiver.arrivals()] == ["R1", "R3", "R5"]

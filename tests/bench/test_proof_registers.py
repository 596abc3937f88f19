"""The proof of the registers runs as it says, in short, and would tell if something were lost."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import closing
from datetime import UTC, datetime

import pytest

from bench.processes import children_of
from bench.proofs import registers
from bench.registers.holding import look
from bench.registers.messages import PLACES, envelope, read
from bench.registers.senders import Tally, identity_of, rush
from bench.registers.site import open_engines
from engine.documents.packing import pack_gzip
from engine.identity import check_letter
from engine.store.database import Database, default_url
from engine.store.entries import Entry
from engine.store.journal import Journal
from tests.support.databases import STORES, migrated_file
from tests.support.seals import SEAL

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", STORES)
def test_a_short_run_loses_nothing(capsys, store):
    assert registers.main(3, only=NAMES[store]) == 0
    said = capsys.readouterr().out
    assert "refused 0, done twice or answered oddly 0, differences between answers, journal and registers 0" in said
    assert "deadlocks that PostgreSQL resolved: 0" in said
    assert "holds" in said


@pytest.mark.timeout(400)
def test_a_front_that_is_killed_loses_nothing_that_it_answered_and_does_nothing_twice(tmp_path):
    killed = []

    def kill(number):
        if number >= 60 * (len(killed) + 1) and len(killed) < 2:
            killed.append(children_of(engine.pid)["front-1"].pid)
            os.kill(killed[-1], signal.SIGKILL)

    tally = Tally(told=kill)
    with open_engines(tmp_path, "", 1) as (engine,):
        asyncio.run(rush([engine.services], 12, 8, tally))
        with closing(Database(default_url(engine.data))) as database:
            held = look(database, tally)
    assert (held.wrong, tally.odd, tally.refused) == ([], [], {})
    assert len(set(killed)) == 2
    assert tally.again["unanswered"] > 0
    assert held.messages["ROUTED"] == len(tally.accepted) > 120


def test_an_answer_without_a_row_and_a_row_without_its_entry_are_told(tmp_path):
    with closing(Database(migrated_file(tmp_path / "test.db"))) as database:
        assert look(database, Tally()).wrong == []
        lost = look(database, Tally(accepted={("H", "1"): "S0001"})).wrong
        assert lost == ["('H', '1') S0001 was answered AA and has no row"]
        row = Entry(
            receipt="20260101-a", institution="H", document_type="S0001", document_id="1", received=datetime.now(UTC), route="",
            revision="", state="ROUTED", digest="d", size=1, original=pack_gzip(b"<a/>"),
        )  # fmt: skip
        with database.write() as connection:
            Journal(database, SEAL).file(connection, [row])
        assert look(database, Tally(accepted={("H", "1"): "S0001"})).wrong == [
            "S0001 20260101-a was taken and is no version of anything"
        ]
        told = look(database, Tally(shown={("H", "P"): "测试1-1"})).wrong
        assert "H is shown 测试1-1 for P, which does not stand" in told


def test_every_message_of_the_proof_is_filled_and_every_reply_is_read():
    for action in PLACES:
        values = dict.fromkeys(("patient", "obsolete", "number", "identity", "name", "specimen", "word", "at"), "X1")
        text = envelope("H", action, "M-1", **values).decode()
        assert "@" not in text
        assert 'extension="M-1"' in text
    reply = b'&lt;acknowledgement typeCode="AE"&gt;&lt;acknowledgementDetail&gt;&lt;text value="no"/&gt;'
    assert read(reply)[:2] == ("AE", "no")
    assert read(b"<faultstring>ENG-503</faultstring>")[0] == ""
    assert all(check_letter(identity_of(number)) == identity_of(number)[17] for number in range(40))

"""The proof of the monitor's pages runs as it says, in short, on the engine itself, and would tell a page that is slow or broken."""

from __future__ import annotations

import re
from contextlib import closing

import pytest

from bench import seeding
from bench.proofs import monitor
from engine.store import counts
from engine.store.database import Database
from engine.store.entries import MESSAGE_STATES
from tests.support.databases import migrated_file
from tests.support.seals import SEAL


def test_a_seeded_store_adds_up(tmp_path):
    with closing(Database(migrated_file(tmp_path / "seeded.db"))) as database:
        seeding.seed(database, SEAL, 1200)
        with database.read() as connection:
            assert counts.verify(connection) == []
            totals = counts.totals(connection)
    states = {key.state for key in totals if key.scope == "message"}
    assert states == set(MESSAGE_STATES) - {"DISCARDED"}
    assert sum(value for key, value in totals.items() if key.scope == "taken") == 1200
    assert {key.state for key in totals if key.scope == "delivery"} == {"SENT", "QUEUED", "DEAD"}


@pytest.mark.timeout(240)
def test_a_short_run_asks_for_every_page(capsys, monkeypatch):
    monkeypatch.setattr(monitor, "PAGE", 5000.0)
    monkeypatch.setattr(monitor, "IDENTIFIER", 5000.0)
    assert monitor.main(600, rounds=2, only="SQLite") == 0
    said = capsys.readouterr().out
    assert "pages within 5000 ms: holds; identifiers within 5000 ms: holds" in said
    for page in (
        "latest",
        "institution+type+state",
        "message",
        "waiting",
        "routes",
        "route",
        "of a route",
        "preview",
        "resident",
    ):
        assert re.search(rf"  {re.escape(page)} +p50 +[\d.]+ ms   p95 +[\d.]+ ms$", said, re.MULTILINE), page


class Slow:
    """A monitor that answers with this status."""

    def __init__(self, status=200):
        self.status = status

    def get(self, _address):
        return self


def test_a_slow_page_and_a_broken_one_are_told(capsys):
    assert not monitor.measure(Slow(), {"latest": ["/messages"]}, 3, -1.0)
    assert "TOO SLOW" in capsys.readouterr().out
    with pytest.raises(AssertionError, match="answered 503"):
        monitor.measure(Slow(503), {"latest": ["/messages"]}, 3, 300.0)

"""The proof of the monitor's pages runs as it says, in short, on the engine itself, and would tell a page that is slow or broken."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing

import pytest
from starlette.routing import Route

from bench import seeding
from bench.monitor.pages import addresses_of, page_routes
from bench.proofs import monitor
from engine.store import counts
from engine.store.database import Database
from engine.store.entries import MESSAGE_STATES
from tests.monitor.web import Visitor, serve
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
    assert "pages within 5000 ms: holds; identifiers within 5000 ms: holds; files within 5000 ms: holds" in said
    told = [route.path for route in page_routes()]
    assert {"/overview", "/messages/{receipt}", "/messages/file", "/metrics"} < set(told)
    for page in (*told, "messages: institution+type+state", "preview", "quality", "resident"):
        assert re.search(rf"  {re.escape(page)} +p50 +[\d.]+ ms   p95 +[\d.]+ ms   CPU +[\d.]+ ms$", said, re.MULTILINE), page


def test_a_page_to_which_nothing_leads_is_named():
    routes = [Route("/list", None), Route("/list/{one}", None), Route("/list/{one}/sheet", None), Route("/lost/{one}", None)]
    linked = {"/list": '<a href="/list/a?lang=en">en</a> <a href="/list/b">b</a>', "/list/b": '<a href="/list/b/sheet">sheet</a>'}
    found = addresses_of(routes, lambda address: linked.get(address, ""))
    assert found == {"/list": ["/list"], "/list/{one}": ["/list/b"], "/list/{one}/sheet": ["/list/b/sheet"], "/lost/{one}": []}


async def answering(scope, _receive, send):
    """Be a monitor: a page, a stream that does not end by itself, and one that is out of order."""
    kind = b"text/event-stream" if scope["path"] == "/live" else b"text/html"
    status = 503 if scope["path"] == "/broken" else 200
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": b"event: now\n", "more_body": True})
    if scope["path"] == "/live":
        await asyncio.sleep(60)
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def visitor():
    with serve(answering) as port:
        yield Visitor(port)


def test_a_slow_page_is_asked_again_before_it_counts_as_slow(visitor, capsys):
    assert not monitor.measure(visitor, {"latest": ["/messages"]}, 3, -1.0)
    said = capsys.readouterr().out
    assert (said.count("over, asked again"), said.count("TOO SLOW")) == (monitor.TRIES - 1, 1)


def test_all_pages_are_measured_also_after_a_slow_one(visitor, capsys):
    costs = iter(range(100))
    assert not monitor.measure(visitor, {"one": ["/1"], "two": ["/2"]}, 2, -1.0, lambda: next(costs) / 1000)
    said = capsys.readouterr().out
    assert said.count("TOO SLOW") == 2
    assert "CPU    0.5 ms" in said


def test_a_broken_page_is_no_quick_one(visitor):
    with pytest.raises(AssertionError, match="/broken answered 503"):
        monitor.measure(visitor, {"latest": ["/broken"]}, 3, 300.0)


def test_of_a_stream_its_first_line_counts(visitor):
    assert monitor.measure(visitor, {"live": ["/live"]}, 1, 5000.0)

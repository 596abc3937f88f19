"""The proof of booking runs as it says, in short: no seat sold twice, none lost; and whoever is killed leaves no order astray."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.booking import killing
from bench.booking.clients import RIVALS, attempts_on, read
from bench.booking.holding import look, reconcile
from bench.booking.site import open_hospital
from bench.proofs import booking
from engine.simulator.adapter import Terms, describe
from engine.simulator.clinic import Plan
from engine.store.database import Database, default_url
from tests.support.engine import ROOT
from tests.support.postgres import throw_away_database
from tests.support.project import Project

RULES = "lock-life: 10s\nunknown-life: 60s\n"


def test_the_rivals_for_a_place_come_close_after_each_other():
    places = [("H", str(number)) for number in range(7)]
    made = list(attempts_on(places, 7 * RIVALS))
    assert {place for _, place in made} == set(places)
    assert len({place for _, place in made[:RIVALS]}) == 1


def test_an_answer_is_read_whatever_its_prefix():
    heard = read(
        b"<a:BookResult><a:code>0</a:code><a:order><a:order>N1</a:order><a:state>booked</a:state></a:order></a:BookResult>"
    )
    assert (heard.code, heard.order, heard.state) == ("0", "N1", "booked")
    assert read(b"<code>SND-704</code>").state == ""


@pytest.mark.timeout(400)
def test_a_short_run_sells_nothing_twice_and_loses_nothing(capsys):
    assert booking.main(200, clients=20, only="SQLite", every=0.5) == 0
    said = capsys.readouterr().out
    assert "oversold 0, above the total 0, counts unlike orders 0" in said
    assert "0 at the end" in said.split("seats missing")[1].splitlines()[0]
    assert "everything answered in the end: yes; reconciliation with the hospitals' own books: 0 differences" in said
    assert "holds" in said


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    if request.param == "sqlite":
        yield ""
        return
    with throw_away_database() as made:
        yield made


@pytest.mark.timeout(400)
def test_each_order_of_a_killed_process_comes_to_what_the_hospital_holds(tmp_path, url):
    project = Project.copy(tmp_path / "project")
    (project.root / "config/booking.yaml").write_text(RULES, encoding="utf-8")
    plan = Plan(departments=1, doctors=4, days=6, stretches=0, seats=2)
    with open_hospital("H1", "jilin", "SM3", plan) as hospital:
        terms = Terms(deadline=1.0, parallel=8, slots=3600.0, jitter=0.1)
        describe(hospital.wanted, hospital.address, project.root, tmp_path / "secrets", terms)
        command = [sys.executable, "-m", "bench.booking.killing", str(tmp_path), url, str(project.root), "H1"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        told = json.loads(done.stdout.splitlines()[-1])
        book = hospital.book()
    assert [case for case in told["killed"] if not case["killed"]] == [], done.stderr[-2000:]
    assert len(told["killed"]) == len(killing.ACTS) * len(killing.STEPS)
    assert told["left"] == 0
    database = Database(url or default_url(tmp_path))
    found = look(database)
    assert (found.good, found.waiting) == (True, 0), found
    assert reconcile(database, "H1", book) == []
    assert set(found.orders) >= {"booked", "paid", "cancelled", "refunded", "fetched"}
    database.close()

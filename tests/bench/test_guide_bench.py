"""The measurement of the guide searches as it says, finds what it searches for, and would tell of an answer that is none."""

from __future__ import annotations

import http.client
import random
import re
from contextlib import closing

import pytest

from bench.guide import __main__ as bench
from bench.guide.province import DISEASES, seed
from bench.guide.searches import Wish, wishes
from engine.services.appointments.model import Page
from engine.services.guide.asking import Guide
from engine.services.guide.finding import COUNTED
from engine.services.guide.shown import DoctorQuery
from engine.store.database import Database
from tests.support.databases import migrated_file

pytestmark = pytest.mark.timeout(300)


def test_a_short_run_measures_the_desk_and_the_service(capsys):
    assert bench.main(300, 60, only="SQLite") in (0, 1)
    said = capsys.readouterr().out
    assert "SQLite: 300 doctors of 1 hospitals on show" in said
    for where in ("at the desk", "through the service"):
        assert re.search(rf"{where}: p50 \d+\.\d ms, p99 \d+\.\d ms, longest", said)


def test_two_thousand_doctors_are_found_by_what_people_search_for(tmp_path):
    dice = random.Random(3)
    with closing(Database(migrated_file(tmp_path / "test.db"), checkpoints=True)) as database:
        hospitals = seed(database, 2000, dice, large=500)
        guide = Guide(database, lambda _hospital: True)
        assert len(hospitals) == 4
        for disease in DISEASES[:5]:
            found = guide.search(DoctorQuery(words=disease, page=Page(size=200)))
            said = [f"{one.entry.specialty}{one.entry.diseases}" for one in found.items]
            assert sum(disease in text for text in said) > 20
        free = guide.search(DoctorQuery(free=True, page=Page(size=200)))
        assert {one.next_free.free for one in free.items} == {20}
        assert free.total == COUNTED + 1
        shown = len(free.items)
        while free.token:
            free = guide.search(DoctorQuery(free=True, page=Page(size=200, token=free.token)))
            shown += len(free.items)
        assert 800 < shown < 1200
        found = [guide.search(_query(one)).total for one in wishes(100, hospitals, dice)]
    assert sum(total > 0 for total in found) > 60


def _query(one):
    return DoctorQuery(
        words=one.words, hospital=one.hospital, department=one.department, title=one.title, area=one.area, free=one.free
    )


def test_an_answer_that_is_no_result_ends_the_measurement():
    class Line(http.client.HTTPConnection):
        def request(self, *_args, **_more): ...

        def getresponse(self):
            return self

        def read(self):
            return b"<faultstring>SND-103</faultstring>"

    with pytest.raises(RuntimeError, match="SND-103"):
        bench._call(Line("127.0.0.1"), Wish(kind="name", words="王"))

"""The proof of the year of history runs as it says: a short run of the same code fills the calendar it was given."""

from __future__ import annotations

import re
from datetime import date

import pytest

from bench.proofs import history
from engine.documents.sample import types


def test_documents_cover_every_day_and_type_of_the_year_once():
    kinds = types()[: history.MOST_TYPES]
    papers = history.Papers("H", kinds, 4)
    asked = []
    papers.on = lambda kind, day, lane: asked.append((kind, day, lane)) or b""
    assert len(list(history.a_year(papers, history.DAYS * len(kinds)))) == len(asked)
    assert len(set(asked)) == history.DAYS * len(kinds)
    assert {lane for _, _, lane in asked} == {"history"}


def test_a_document_is_moved_to_its_day_with_all_its_times_but_the_birth():
    before = history.sample("C0002", 1, "H")
    moved = history._moved(before, 40)
    assert (history._written(moved) - history._written(before)).days == 40
    birth = re.compile(rb'<birthTime value="(\d+)"')
    assert birth.search(moved)[1] == birth.search(before)[1]


@pytest.mark.timeout(240)
def test_a_short_run_fills_the_calendar_and_loses_nothing(capsys):
    history.main(30, most=4, turns=1, seconds=1.0, only="SQLite")
    said = capsys.readouterr().out
    assert "history 30 of 30 accepted" in said
    assert "4 types, 30 of 365 days filled" in said
    assert "calendar, acceptance and counts: hold" in said
    assert re.search(r"live alone  +p50 +[\d.]+ ms", said)
    assert date(2025, 6, 1) == history.YEAR

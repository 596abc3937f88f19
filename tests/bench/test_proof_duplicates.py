"""The proof of duplicates runs as it says, in short, and would tell if a repeat had an effect of its own."""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import pairwise

import pytest

from bench.duplicates.clients import submissions
from bench.proofs import duplicates
from tests.support.databases import STORES

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("store", STORES)
def test_a_short_run_has_as_many_effects_as_keys(capsys, store):
    assert duplicates.main(200, only=NAMES[store]) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "140 distinct keys, 140 messages, 140 with their effects" in said
    assert "lost 0, doubled 0, undelivered 0, sums that differ 0, called new twice 0, out of order 0" in said
    assert int(re.search(r"(\d+) told as repeats", said)[1]) >= 60
    assert int(re.search(r"(\d+) cut and sent again", said)[1]) > 0


def test_submissions_repeat_as_many_as_they_are_told_to_and_leave_no_number_out():
    sent = list(submissions(1000, 0.3, random.Random(1)))
    assert len(sent) == 1000
    assert set(sent) == set(range(700))
    assert sum(first == then for first, then in pairwise(sent)) > 50
    assert max(Counter(sent).values()) > 1
    assert list(submissions(1, 0.3, random.Random(1))) == [0]


def test_what_is_called_new_twice_is_told():
    def line(number, *, duplicate):
        return {"hospital": "H", "number": number, "said": "kept", "duplicate": duplicate}

    good = [line("1", duplicate=False), line("1", duplicate=True), line("2", duplicate=True)]
    assert duplicates.more_than_first(good) == []
    assert duplicates.more_than_first([*good, line("1", duplicate=False)]) == ["('H', '1') was called new 2 times"]

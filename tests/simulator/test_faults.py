"""What goes wrong in the simulated hospital goes wrong as it was told to."""

from __future__ import annotations

import pytest

from engine.simulator.faults import Fault, Switchboard, read_fault


def test_a_fault_is_read_with_its_share_functions_and_seconds():
    assert read_fault("half-open,share=0.05,acts=yes,functions=2007+2008,seconds=3") == Fault(
        kind="half-open", share=0.05, acts="yes", functions=frozenset({"2007", "2008"}), seconds=3.0
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("tired", "known are slow"),
        ("slow,share=2", "between 0 and 1"),
        ("slow,share=x", "no number"),
        ("slow,acts=maybe", "cannot read"),
    ],
)
def test_a_fault_that_cannot_be_read_is_refused_with_words(words, said):
    with pytest.raises(ValueError, match=said):
        read_fault(words)


def test_the_same_seed_strikes_the_same_calls_about_as_often_as_it_is_told():
    def struck():
        board = Switchboard(read_fault("half-open,share=0.05"), seed=7)
        return [board.strike("2007") for _ in range(2000)]

    first = struck()
    assert first == struck()
    hits = [mishap for mishap in first if mishap]
    assert 60 < len(hits) < 140
    assert {mishap.acted for mishap in hits} == {True, False}


def test_only_the_named_functions_are_struck_and_a_well_hospital_strikes_none():
    board = Switchboard(read_fault("garbage,functions=2007,acts=no"))
    assert board.strike("2008") is None
    assert not board.strike("2007").acted
    board.set()
    assert board.strike("2007") is None


def test_a_hospital_that_is_down_is_away_and_a_full_one_never_acts():
    assert Switchboard(read_fault("down")).is_down()
    assert not Switchboard(read_fault("full")).strike("2007").acted

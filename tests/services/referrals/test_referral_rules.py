"""The rules of referral say who may send whom where; every mistake in them is told at its line."""

import pytest

from engine.errors import ConfigError
from engine.services.referrals.rules import REFERRALS, ReferralRules, load_referral_rules

GOOD = """\
networks:
  - { name: 甲网, lead: A, institutions: [A, B, C] }
levels: { A: 3, B: 2, C: 1 }
pairs:
  - { from: B, to: D, directions: [up, down] }
review:
  - { by: B, from: C, direction: up }
  - { by: P, to: D }
accept-within: 12h
"""


def written(tmp_path, text):
    path = tmp_path / REFERRALS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return tmp_path


def faults(tmp_path, text):
    with pytest.raises(ConfigError) as problem:
        load_referral_rules(written(tmp_path, text))
    return [(fault.file, fault.line, fault.message) for fault in problem.value.faults]


def test_without_the_file_nobody_may_refer(tmp_path):
    rules = load_referral_rules(tmp_path)
    assert rules == ReferralRules()
    assert rules.way("A", "B", "up") is None
    assert rules.neighbours("A") == []


@pytest.mark.parametrize(
    ("origin", "receiver", "up", "down"),
    [
        ("C", "A", "甲网", None),
        ("A", "C", None, "甲网"),
        ("B", "A", "甲网", None),
        ("B", "D", "", ""),
        ("D", "B", None, None),
        ("A", "A", None, None),
    ],
)
def test_levels_and_pairs_say_the_direction(tmp_path, origin, receiver, up, down):
    rules = load_referral_rules(written(tmp_path, GOOD))
    assert rules.way(origin, receiver, "up") == up
    assert rules.way(origin, receiver, "down") == down


def test_the_first_line_that_fits_says_who_reviews(tmp_path):
    rules = load_referral_rules(written(tmp_path, GOOD))
    assert [rules.reviewer(*which) for which in (("C", "A", "up"), ("C", "A", "down"), ("B", "D", "down"))] == ["B", "", "P"]
    assert rules.neighbours("B") == ["A", "C", "D"]


def test_times_are_those_of_the_file_and_shorter_for_urgent_ones(tmp_path):
    rules = load_referral_rules(written(tmp_path, GOOD))
    assert rules.time_in("applied", 1).total_seconds() == 12 * 3600
    assert rules.time_in("applied", 2).total_seconds() == 4 * 3600
    assert rules.time_in("accepted", 2).total_seconds() == 14 * 86400
    assert rules.time_in("arrived", 1) is None


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("lead: A", "lead: Q"), 2, '"Q" is not in the network'),
        (("C: 1 }", "CC: 1 }"), 3, '"CC"; did you mean "C"?'),
        (("[A, B, C]", "[A, B, B]"), 2, "B is named twice"),
        (("from: B, to: D", "from: D, to: D"), 5, "cannot refer to itself"),
        (("from: C, direction", "from: E, direction"), 7, 'no network or pair has "E"'),
        (("direction: up", "direction: upwards"), 7, ""),
        (("accept-within: 12h", "accept-within: 12"), 9, "a duration carries its unit"),
        (("accept-within", "acept-within"), 9, 'did you mean "accept-within"'),
        (("A: 3", "A: 9"), 3, ""),
    ],
)
def test_a_mistake_is_told_at_its_line(tmp_path, change, line, words):
    found = faults(tmp_path, GOOD.replace(*change))
    assert any(file == REFERRALS and at == line and words in message for file, at, message in found), found


def test_all_mistakes_are_told_at_once(tmp_path):
    found = faults(tmp_path, GOOD.replace("lead: A", "lead: Q").replace("from: B, to: D", "from: D, to: D"))
    assert {at for _, at, _ in found} >= {2, 5}

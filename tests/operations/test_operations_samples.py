"""Invented reports add up, are repeatable, and break exactly where they are told to."""

from collections import Counter

import pytest

from engine.documents.formrules import form_assertions, load_form_rules
from engine.documents.sample import faults, sample
from tests.operations.conftest import CLASSES, ROOT

EVERY_FAULT = [(kind, name) for kind in CLASSES for name in faults(kind)]
FOLLOWING = {
    "OPS01.volume.antibiotics": {"OPS01.volume.antibiotics-share"},
    "OPS01.volume.occupancy": {"OPS01.volume.occupancy-full"},
    "OPS01.volume.workload-discharges": {"OPS01.volume.stay", "OPS01.volume.deaths", "OPS01.volume.transfers"},
}
"""What follows from a broken figure besides the totals it is part of."""


@pytest.mark.parametrize("kind", CLASSES)
def test_one_hundred_samples_of_a_class_have_no_finding_at_all(judge, kind):
    found = Counter()
    for seed in range(100):
        found.update((i.code, i.rule, i.message) for i in judge(sample(kind, seed), kind))
    assert not found


@pytest.mark.parametrize("kind", CLASSES)
def test_the_same_seed_gives_the_same_bytes_and_neighbours_report_other_periods(press, kind):
    assert sample(kind, 7) == sample(kind, 7)
    owns = {press.draw(press.open(sample(kind, seed)), kind).own_extension for seed in range(30)}
    assert len(owns) == 30


@pytest.mark.parametrize("kind", CLASSES)
def test_the_committed_sample_is_seed_one(kind):
    committed = (ROOT / "xsd" / "operations" / "samples" / f"{kind}.xml").read_bytes()
    assert committed == sample(kind, 1), f"print it again: python run_engine.py sample {kind} --seed 1"


def test_no_sample_is_orphaned():
    assert {path.stem for path in (ROOT / "xsd" / "operations" / "samples").glob("*.xml")} == set(CLASSES)


@pytest.mark.parametrize(("kind", "name"), EVERY_FAULT, ids=[name for _, name in EVERY_FAULT])
def test_a_broken_rule_is_found_at_its_place(press, judge, kind, name):
    breaker = faults(kind)[name]
    content = sample(kind, 4, fault=name)
    issues = judge(content, kind)
    rule = "schema" if ".schema." in name else name
    mine = [i for i in issues if i.rule == rule]
    assert mine, [i.rule for i in issues]
    assert (mine[0].code, mine[0].severity) == (breaker.code, breaker.severity)
    assert mine[0].message
    assert mine[0].hint
    lines = content.decode().splitlines()
    steps = [step.partition("[")[0] for step in mine[0].path.strip("/").split("/") if not step.startswith("@")]
    assert lines[mine[0].line - 1].strip().startswith(f"<{steps[-1]}")
    assert lines[mine[0].line - 1][mine[0].column - 1 :].startswith(f"<{steps[-1]}")


@pytest.mark.parametrize("kind", CLASSES)
def test_no_more_is_found_than_follows_from_a_broken_figure(press, judge, kind):
    row = press.catalogue.types[kind]
    form = press.form(row)
    comparisons = {one.rule: one for one in load_form_rules(row, form).comparisons}
    for name, one in comparisons.items():
        for issue in judge(sample(kind, 4, fault=name), kind):
            other = comparisons[issue.rule]
            shares = one.left == other.left or one.left in {term.field for term in other.right}
            assert shares or issue.rule in FOLLOWING.get(name, ()), (name, issue.rule)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_rule_can_be_broken(press, kind):
    row = press.catalogue.types[kind]
    form = press.form(row)
    rules = {one.rule for one in form_assertions(load_form_rules(row, form), form)}
    assert rules - set(faults(kind)) == set()
    assert len(rules) >= 10

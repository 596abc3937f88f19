"""Invented documents are sound, repeatable, and break exactly where they are told to."""

from collections import Counter

import pytest

from engine.documents.catalogue import Catalogue
from engine.documents.ruletables import assertions
from engine.documents.sample import ROOT, faults, own_number, sample
from engine.documents.sample_words import identity_number
from engine.documents.tables import load_tables

TYPES = ("C0002", "C0004", "C0007")
EVERY_FAULT = [(kind, name) for kind in TYPES for name in faults(kind)]


@pytest.mark.parametrize("kind", TYPES)
def test_two_hundred_samples_of_a_type_have_no_finding_at_all(judge, kind):
    found = Counter()
    for seed in range(200):
        found.update((i.code, i.rule, i.message) for i in judge(sample(kind, seed), kind))
    assert not found


@pytest.mark.parametrize("kind", TYPES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(kind):
    assert sample(kind, 7) == sample(kind, 7)
    assert sample(kind, 7) != sample(kind, 8)
    assert len({sample(kind, seed) for seed in range(50)}) == 50


@pytest.mark.parametrize("kind", TYPES)
def test_the_committed_sample_is_seed_one(kind):
    committed = (ROOT / "xsd" / "clinical" / "samples" / f"{kind}.xml").read_bytes()
    assert committed == sample(kind, 1), f"print it again: python run_engine.py sample {kind} --seed 1"


def test_a_sample_carries_institution_number_and_size_it_is_asked_for(press):
    drawn = press.draw(press.open(sample("C0002", 12, "H-220102")), "C0002")
    assert drawn.custodian == "H-220102"
    assert drawn.own_extension == own_number("C0002", 12, "H-220102")
    assert drawn.resident_name.startswith("测试患者")
    sizes = [len(sample("C0002", seed)) for seed in range(40)]
    assert 17_000 < sum(sizes) / len(sizes) < 23_000


def test_identity_numbers_are_made_as_gb_11643_says():
    from datetime import UTC, datetime

    assert identity_number("110105", datetime(1949, 12, 31, tzinfo=UTC), 2) == "11010519491231002X"


def test_an_unknown_fault_or_type_is_refused_with_the_nearest_known_one():
    with pytest.raises(ValueError, match=r"patient\.single"):
        sample("C0002", 1, fault="patient.singel")
    with pytest.raises(KeyError, match="C0002"):
        sample("C00002", 1)


@pytest.mark.parametrize(("kind", "name"), EVERY_FAULT, ids=[f"{k}-{n}" for k, n in EVERY_FAULT])
def test_a_broken_rule_is_found_at_its_place_and_nothing_else_is_refused(judge, kind, name):
    breaker = faults(kind)[name]
    issues = judge(sample(kind, 3, fault=name), kind)
    rule = "schema" if name.startswith("schema.") else name
    mine = [i for i in issues if i.rule == rule]
    assert {i.code for i in mine} == {breaker.code}
    assert mine[0].severity == breaker.severity
    assert mine[0].line > 0
    assert mine[0].path.startswith("/ClinicalDocument")
    assert mine[0].message
    assert mine[0].hint
    if rule != "schema":
        assert {i.rule for i in issues if i.severity == "error"} <= {name}


def test_every_rule_can_be_broken_in_some_type():
    catalogue = Catalogue.load(ROOT / "xsd" / "catalogue.yaml")
    tables = load_tables(ROOT / "xsd" / "clinical" / "rules")
    rules, broken = set(), set()
    for kind in (k for k in catalogue.types.values() if k.family == "clinical"):
        rules |= {a.rule for a in assertions(tables, kind)}
        broken |= set(faults(kind.code))
    assert rules - broken == set()

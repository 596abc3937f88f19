"""Every rule of every type is broken once: it is found, as severe as its table says, at its place, and nothing else is."""

import pytest

from bench.proofs.breaking import Walk
from engine.documents.catalogue import Catalogue
from engine.documents.press import Press
from engine.documents.sample import ROOT
from engine.documents.sample_clinical import Clinical
from tests.support.promise import promise, read_promise

CATALOGUE = Catalogue.load(ROOT / "xsd" / "catalogue.yaml")
TYPES = [code for code, kind in CATALOGUE.types.items() if kind.family == "clinical"]
SHARE = 6
"""Of the rules that all types share, each type breaks one in so many; `make proof-documents` breaks them all."""


@pytest.fixture(scope="module")
def clinical():
    return Clinical(ROOT)


@pytest.mark.parametrize("code", TYPES)
def test_each_broken_rule_is_found_at_its_place_and_nothing_that_does_not_follow(press, clinical, code):
    walk = Walk(press, clinical, code)
    assert walk.without_fault() == []
    assert [complaint for name in walk.names(SHARE) for complaint in walk.complaints(name)] == []


def test_the_rules_that_types_share_are_all_broken_somewhere(press, clinical):
    shared, broken = set(), set()
    for walk in (Walk(press, clinical, code) for code in TYPES):
        shared |= {name for name in walk.faults if not name.startswith(f"{walk.code}.")}
        broken |= set(walk.names(SHARE))
    assert shared - broken == set()


def test_the_tables_give_exactly_the_promised_rules_with_their_severities(clinical):
    """A rule that was switched off, lost or made milder turns this red; when meant, print the promise again."""
    kept, given = read_promise(), promise(clinical, CATALOGUE, TYPES)
    assert set(kept) - set(given) == set(), "rules are gone; if meant: python -m tests.support.promise"
    assert set(given) - set(kept) == set(), "rules are new; if meant: python -m tests.support.promise"
    assert given == kept, "severities differ; if meant: python -m tests.support.promise"


def test_a_walk_complains_of_a_rule_that_is_switched_off_told_elsewhere_or_milder(press, clinical, monkeypatch):
    from dataclasses import replace

    walk = Walk(press, clinical, "C0030")
    assert list(walk.complaints("custodian.name")) == []
    monkeypatch.setattr(walk, "_halves", [(set(walk.rules), walk._halves[n][1]) for n in (0, 0)])
    gone = [name for name in walk.rules if any("not found" in c for c in walk.complaints(name))]
    assert len(gone) == len(walk.rules) // 2
    milder = replace(walk.faults["patient.present"], severity="warning")
    monkeypatch.setitem(walk.faults, "patient.present", milder)
    assert any("told as" in complaint for complaint in walk.complaints("patient.present"))


def test_a_walk_complains_of_what_does_not_follow(press, clinical, monkeypatch):
    from dataclasses import replace

    walk = Walk(press, clinical, "C0030")
    lonely = replace(walk.faults["times.birth-document"], follows=())
    monkeypatch.setitem(walk.faults, "times.birth-document", lonely)
    assert any("patient.age was found too" in complaint for complaint in walk.complaints("times.birth-document"))


def test_the_walk_is_over_the_rules_that_the_engine_uses(clinical):
    used = {i.rule for code in ("C0002",) for i in Press(ROOT).rules(code).check(Press(ROOT).open(_bare()))}
    assert used <= {rule.rule for rule in clinical.rules(CATALOGUE.types["C0002"])}
    assert used


def _bare():
    return (
        b'<ClinicalDocument xmlns="urn:hl7-org:v3"><typeId root="2.16.840.1.113883.1.3"/>'
        b"<component><structuredBody><component><section/></component></structuredBody></component></ClinicalDocument>"
    )

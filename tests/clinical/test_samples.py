"""Invented documents are sound, repeatable, plausible, and of one type each; what they are made of has no loose ends."""

import csv
import re
from collections import Counter
from datetime import UTC, datetime

import pytest

from engine.documents.catalogue import Catalogue
from engine.documents.sample import ROOT, own_number, sample, types
from engine.documents.sample_clinical import Clinical
from engine.documents.sample_shapes import SHAPES
from engine.documents.sample_times import invent_moments, moment
from engine.documents.sample_words import identity_number
from engine.documents.tables import named

SAMPLES = ROOT / "xsd" / "clinical" / "samples"
CATALOGUE = Catalogue.load(ROOT / "xsd" / "catalogue.yaml")
TYPES = [code for code, kind in CATALOGUE.types.items() if kind.family == "clinical"]
SEEDS = 12
NAMES = {"h": "urn:hl7-org:v3"}


@pytest.fixture(scope="module")
def clinical():
    return Clinical(ROOT)


def rows(name):
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def text(press, kind, seed, path):
    return press.open(sample(kind, seed)).root.xpath(f"string({path})", namespaces=NAMES)


@pytest.mark.parametrize("kind", TYPES)
def test_samples_of_every_type_have_no_finding_at_all(judge, kind):
    found = Counter()
    for seed in range(1, SEEDS + 1):
        found.update((i.code, i.rule, i.message) for i in judge(sample(kind, seed), kind))
    assert not found


@pytest.mark.parametrize("kind", TYPES)
def test_a_whole_document_with_every_optional_part_has_no_finding_either(judge, clinical, kind):
    from engine.documents.clinicaltree import to_bytes

    assert judge(to_bytes(clinical.tree(CATALOGUE.types[kind], 1, "H", full=True)), kind) == ()


@pytest.mark.parametrize("kind", TYPES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(clinical, kind):
    assert sample(kind, 7) == clinical.sample(CATALOGUE.types[kind], 7, "DEMO-HOSPITAL", None)
    assert len({sample(kind, seed) for seed in range(SEEDS)}) == SEEDS


@pytest.mark.parametrize("kind", TYPES)
def test_the_committed_sample_is_seed_one(kind):
    committed = CATALOGUE.types[kind].sample.read_bytes()
    assert committed == sample(kind, 1), f"print it again: python run_engine.py sample {kind} --seed 1"


def test_every_clinical_type_can_be_invented():
    assert set(TYPES) <= set(types())
    assert {row["type"] for row in rows("types.csv")} == set(TYPES)


def test_a_sample_carries_institution_number_and_size_it_is_asked_for(press):
    drawn = press.draw(press.open(sample("C0002", 12, "H-220102")), "C0002")
    assert drawn.custodian == "H-220102"
    assert drawn.own_extension == own_number("C0002", 12, "H-220102")
    assert drawn.resident_name.startswith("测试患者")
    sizes = [len(sample("C0002", seed)) for seed in range(40)]
    assert 17_000 < sum(sizes) / len(sizes) < 26_000


def test_identity_numbers_are_made_as_gb_11643_says():
    assert identity_number("110105", datetime(1949, 12, 31, tzinfo=UTC), 2) == "11010519491231002X"


def test_an_unknown_fault_or_type_is_refused_with_the_nearest_known_one():
    with pytest.raises(ValueError, match=r"patient\.single"):
        sample("C0002", 1, fault="patient.singel")
    with pytest.raises(KeyError, match="C0002"):
        sample("C00002", 1)


@pytest.mark.parametrize("kind", ["C0014", "C0015", "C0016"])
def test_obstetric_documents_are_about_women_of_an_age_to_bear_children(press, kind):
    for seed in range(30):
        assert text(press, kind, seed, "//h:patient/h:administrativeGenderCode/@code") == "2"
        assert 20 <= int(text(press, kind, seed, "//h:patient/h:age/@value")) <= 43


@pytest.mark.parametrize("kind", TYPES)
def test_the_times_of_a_document_fit_one_another(press, kind):
    for seed in range(6):
        root = press.open(sample(kind, seed)).root
        (written,) = root.xpath("/*/h:effectiveTime/@value", namespaces=NAMES)
        (authored,) = root.xpath("/*/h:author/h:time/@value", namespaces=NAMES)
        visit = root.xpath("/*/h:componentOf//h:low/@value | /*/h:componentOf//h:high/@value", namespaces=NAMES)
        assert [*visit, authored, written] == sorted([*visit, authored, written])


def test_an_operation_lies_between_admission_and_discharge_and_a_birth_takes_its_stages():
    from random import Random

    for seed in range(200):
        at = invent_moments(Random(seed), [130, 300])
        for order in (
            ("onset", "admitted", "operation", "operated", "awake", "rescue", "rescued", "discharged"),
            ("lmp", "labour", "rupture", "dilated", "delivered", "placenta"),
        ):
            assert [at[name] for name in order] == sorted(at[name] for name in order)
        assert 270 <= (at["delivered"] - at["lmp"]).days <= 288


def test_a_moment_of_another_name_is_refused_with_the_known_ones():
    from random import Random

    with pytest.raises(ValueError, match="admitted"):
        moment(invent_moments(Random(1), [1, 2]), "arrived+1h")


def test_men_have_no_menstrual_history(press):
    found = Counter()
    for seed in range(60):
        root = press.open(sample("C0034", seed)).root
        sections = root.xpath("count(//h:section[h:code/@code='49033-4'])", namespaces=NAMES)
        found[root.xpath("string(//h:patient/h:administrativeGenderCode/@code)", namespaces=NAMES), sections] += 1
    assert found["1", 0] > 0
    assert found["1", 1] == 0
    assert found["2", 1] > 0


def test_who_signs_is_who_the_standard_says(press):
    for row in rows("types.csv"):
        root = press.open(sample(row["type"], 3)).root
        signed = root.xpath("/*/h:authenticator/h:assignedEntity/h:code/@displayName", namespaces=NAMES)
        assert signed == [role for role in row["signers"].split(";") if role]
        legal = root.xpath("/*/h:legalAuthenticator/h:assignedEntity/h:code/@displayName", namespaces=NAMES)
        assert legal == [role for role in [row["legal"]] if role]


def test_every_data_element_is_invented_and_not_copied_from_the_example(clinical):
    words = clinical.words
    said = {row["de"] for row in rows("values.csv")}
    said |= {de for group in words["facts"] for fact in group for de in fact}
    silent = {e["de"] for e in clinical.tables.entries if e["de"] not in said}
    assert silent == set()


def test_nothing_that_samples_are_made_of_is_left_over(clinical):
    entries = {(e["type"], e["section"], e["de"]) for e in clinical.tables.entries}
    for row in rows("values.csv"):
        meant = [t for t, s, de in entries if de == row["de"] and named(row["types"], t) and row["section"] in ("", s)]
        assert meant, row
    sections = {(s["type"], s["section"]) for s in clinical.tables.sections}
    for row in rows("shapes.csv"):
        assert row["shape"] in SHAPES, row
        assert any(t == (row["type"] or t) and s == row["section"] for t, s in sections), row
    courses = {row["course"] for row in rows("types.csv")}
    assert courses == set(clinical.words["courses"])
    assert courses <= {course for case in clinical.words["cases"] for course in case["courses"]}


def test_faults_name_rules_and_types_that_there_are(clinical):
    rules = {code: {r.rule for r in clinical.rules(CATALOGUE.types[code])} for code in TYPES}
    for row in rows("faults.csv"):
        meant = [code for code in TYPES if named(row["types"], code)]
        assert meant, row
        if not re.match(r"schema\.", row["fault"]):
            assert any(row["fault"] in rules[code] for code in meant), row
    for row in rows("consequences.csv"):
        assert any(row["fault"].replace("{type}", c) in clinical.faults(CATALOGUE.types[c]) for c in TYPES), row

"""The record of a referral says what the referral says, and no rule of its type is broken, whatever a referral may hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from engine.documents.referralrecord import REFERRAL_RECORD, ReferralPaper, own_number, referral_record
from engine.documents.sample_words import identity_number

NAMES = {"h": "urn:hl7-org:v3"}
WHEN = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
PAPER = ReferralPaper(
    number="20260302-abc", institution="HOSP-A", institution_name="测试县医院", written=WHEN, occurred=WHEN - timedelta(hours=3),
    name="测试患者周乐", id_number="220104195911277938", sex="1", birthday="1959-11-27", reason="需要冠脉造影", doctor_name="测试医师甲",
    doctor="1523", mobile="13000000001", health_card="CARD-1", to_name="测试省医院", to_department="心血管内科",
    diagnoses=(("I20.000", "不稳定性心绞痛"), ("不详", "待查")), condition="胸痛3天", past_history="高血压5年", allergies="青霉素",
    treatment="抗凝", plan="造影", precautions="转运途中吸氧",
)  # fmt: skip

_letters = some.characters(blacklist_categories=("Cs", "Cc", "Cn"), whitelist_characters="\n\t")


def texts(longest, smallest=0):
    return some.text(_letters, min_size=smallest, max_size=longest).map(str.strip)


@some.composite
def papers(draw):
    """Draw what Apply lets through: any words within its limits, a real identity number with its birth and sex."""
    born, order = draw(some.dates(date(1900, 1, 1), date(2026, 3, 1))), draw(some.integers(1, 999))
    card = draw(some.booleans())
    word, prose = texts(200), texts(260)
    return ReferralPaper(
        number="20260302-abc", institution="HOSP-A", institution_name=draw(word), written=WHEN,
        occurred=WHEN - timedelta(minutes=draw(some.integers(0, 40_000))), name=draw(texts(60, 1).filter(bool)),
        id_number=identity_number(draw(some.sampled_from(["220104", "990000", "100101", "922010"])), born, order) if card else draw(texts(40, 1).filter(bool)),
        sex=("1" if order % 2 else "2") if card else draw(some.sampled_from("0129")), birthday=born.isoformat(),
        reason=draw(prose.filter(bool)), doctor_name=draw(word.filter(bool)), doctor=draw(word), mobile=draw(some.sampled_from(["", "+86-13000000001"])),
        health_card=draw(word), to_name=draw(word), to_department=draw(word),
        diagnoses=tuple(draw(some.lists(some.tuples(some.one_of(word, some.from_regex(r"[A-Z]\d\d(\.\d{1,3})?", fullmatch=True)), word.filter(bool)), min_size=1, max_size=3))),
        **{name: draw(prose) for name in ("condition", "past_history", "allergies", "treatment", "plan", "precautions")},
    )  # fmt: skip


@pytest.fixture
def written(press):
    kind = press.catalogue.types[REFERRAL_RECORD]
    return lambda paper: referral_record(kind, paper)


def test_it_says_what_the_referral_says(press, judge, written):
    content = written(PAPER)
    root = press.open(content).root
    said = {
        one.find("{*}code").get("code"): one.find("{*}value").text or one.find("{*}value").get("code") or one.find("{*}value").get("value")
        for one in root.iter("{urn:hl7-org:v3}observation")
    }  # fmt: skip
    assert said == {
        "DE02.10.026.00": "高血压5年", "DE02.10.022.00": "青霉素", "DE04.01.117.00": "胸痛3天", "DE05.01.024.00": "I20.000",
        "DE06.00.176.00": "20260302063000", "DE06.00.177.00": "需要冠脉造影", "DE08.10.013.00": "测试省医院", "DE08.10.026.00": "心血管内科",
        "DE06.00.308.00": "抗凝", "DE06.00.159.00": "造影", "DE05.10.014.00": "转运途中吸氧",
    }  # fmt: skip
    drawn = press.draw(press.open(content), REFERRAL_RECORD)
    assert (drawn.own_extension, drawn.resident_id, drawn.resident_name) == (own_number(PAPER), PAPER.id_number, PAPER.name)
    assert (drawn.custodian, drawn.custodian_name, drawn.author) == ("HOSP-A", "测试县医院", "测试医师甲")
    narrative = root.xpath("//h:section[h:code/@code='29548-5']/h:text", namespaces=NAMES)[0].text
    assert narrative == "不稳定性心绞痛 I20.000\n待查 不详"
    assert [issue.rule for issue in judge(content, REFERRAL_RECORD)] == []


def test_the_same_referral_gives_the_same_bytes(written):
    assert written(PAPER) == written(PAPER)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(paper=papers())
def test_no_rule_of_the_type_refuses_what_a_referral_may_hold(judge, written, paper):
    content = written(paper)
    assert [(issue.rule, issue.message) for issue in judge(content, REFERRAL_RECORD) if issue.severity == "error"] == []
    assert "".join(paper.reason.split()) in "".join(
        content.decode().replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").split()
    )

"""Doctors are found by every kind of word, in the order of the contract, page by page, on both stores."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from engine.errors import SenderError
from engine.services.appointments.model import Page
from engine.services.guide import finding
from engine.services.guide.finding import find
from engine.services.guide.search import drop
from engine.services.guide.searchtables import guide_count, guide_listed, guide_text, guide_word
from engine.services.guide.shown import DoctorQuery
from tests.support.guide import doctor, hospital, show

DOCTORS = (
    doctor(1, "王测试", title=2, specialty="擅长2型糖尿病、甲亢的诊治"),
    doctor(2, "王测", diseases=("骨质疏松",), title=9),
    doctor(3, "吴晨曙", title=3),
    doctor(4, "李糖", diseases=("糖尿病", "心肌炎", "肌病")),
    doctor(5, "张骨", department="D2", specialty="CT引导下穿刺，HPV感染"),
    doctor(6, "欧阳测试", department="D2", title=4),
)
OTHERS = (doctor(1, "王测试人", title=1), doctor(2, "赵内科", department="D0", title=3))


@pytest.fixture
def guide(database):
    with database.write() as connection:
        show(connection, "HOSP-A", DOCTORS)
        show(connection, "HOSP-B", OTHERS, said=hospital("吉林市示例中医院", short_name="吉示", area="220200"))
    return database


def names(database, **asked):
    with database.read() as connection:
        found = find(connection, DoctorQuery(**asked))
        rows = connection.execute(select(guide_listed.c.no, guide_listed.c.institution, guide_listed.c.doctor))
        who = {row.no: f"{row.institution[-1]}{row.doctor[1:]}" for row in rows}
    assert found.total == len(found.numbers)
    return [who[number] for number in found.numbers]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("王测试", ["A1", "B1"]),
        ("王测", ["A2", "B1", "A1"]),
        ("王", ["B1", "A1", "A2"]),
        ("wcs", ["A1", "A3"]),
        ("wangceshi", ["B1", "A1"]),
        ("WANG", ["B1", "A1", "A2"]),
        ("ouyang", ["A6"]),
        ("糖尿病", ["A4", "A1"]),
        ("心肌病", []),
        ("心肌炎", ["A4"]),
        ("2型糖尿病", ["A1"]),
        ("ct", ["A5"]),
        ("HPV感染", ["A5"]),
        ("甲状腺结节", ["A4", "B1", "A1", "A3", "A2"]),
        ("内分泌科", ["A4", "B1", "A1", "A3", "A2"]),
        ("内科", ["A4", "B1", "A1", "A3", "B2", "A2"]),
        ("吉示", ["B1", "B2"]),
        ("吉林市示例中医院", ["B1", "B2"]),
        ("中医院 王", ["B1"]),
        ("王 糖尿病", ["A1"]),
        ("主任医师 王", ["B1"]),
        ("副主任医师", ["A1"]),
        ("主治", ["A3", "B2"]),
        ("wcs 甲亢", ["A1"]),
        ("骨科 ct 张骨", ["A5"]),
        ("没有人", []),
        ("王测试 没有人", []),
        ("100%", []),
        ("王_", ["B1", "A1", "A2"]),
    ],
)
def test_words_of_every_kind_find_doctors_in_order(guide, words, expected):
    assert names(guide, words=words) == expected


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"hospital": "HOSP-B"}, ["B1", "B2"]),
        ({"hospital": "HOSP-A", "department": "D2"}, ["A5", "A6"]),
        ({"hospital": "HOSP-A", "department": "D0"}, ["A4", "A1", "A3", "A2"]),
        ({"title": 3}, ["A3", "B2"]),
        ({"title": 1, "words": "主治医师"}, []),
        ({"area": "220000", "title": 1}, ["A4", "B1", "A5"]),
        ({"area": "220200"}, ["B1", "B2"]),
        ({"area": "220102", "words": "王"}, ["A1", "A2"]),
        ({"area": "310000"}, []),
        ({"hospital": "HOSP-B", "words": "王测试"}, ["B1"]),
        ({"hospital": "HOSP-A", "words": "内分泌"}, ["A4", "A1", "A3", "A2"]),
        ({"hospital": "HOSP-A", "department": "D1", "words": "测试"}, ["A4", "A1", "A3", "A2"]),
        ({"hospital": "HOSP-A", "words": "王测"}, ["A2", "A1"]),
        ({"hospital": "HOSP-C"}, []),
        ({"free": True}, []),
    ],
)
def test_choices_narrow_the_search(guide, choice, expected):
    assert names(guide, **choice) == expected


def test_a_free_seat_comes_before_none_among_the_same_title_and_can_be_asked_for(guide):
    with guide.write() as connection:
        connection.execute(update(guide_listed).where(guide_listed.c.doctor.in_(("E2", "E5"))).values(busy=0))
    assert names(guide, words="测试医院") == ["A5", "A4", "A1", "A3", "A6", "A2"]
    assert names(guide, words="测试医院", free=True) == ["A5", "A2"]
    assert names(guide, free=True) == ["A5", "B2", "A2"]


def test_a_name_of_three_characters_that_is_also_a_word_finds_both(guide):
    with guide.write() as connection:
        show(connection, "HOSP-C", [doctor(1, "糖尿病"), doctor(2, "甲", specialty="糖尿病足")], said=hospital("第三医院"))
    assert names(guide, words="糖尿病") == ["C1", "C2", "A4", "A1"]


def test_what_is_no_longer_on_show_is_not_found_and_leaves_nothing_behind(guide):
    with guide.write() as connection:
        show(connection, "HOSP-A", [doctor(1, "钱新")], version=2)
    assert names(guide, words="糖尿病") == []
    assert names(guide, words="钱新") == ["A1"]
    with guide.write() as connection:
        drop(connection, "HOSP-A")
        drop(connection, "HOSP-B")
    with guide.read() as connection:
        for table in (guide_listed, guide_text, guide_word):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0
        assert set(connection.execute(select(guide_count.c.doctors)).scalars()) == {0}


def test_a_search_without_a_choice_or_with_eleven_words_is_refused(guide):
    for asked in ({}, {"words": " ，。 "}, {"words": " ".join(f"词{number}" for number in range(11))}):
        with guide.read() as connection, pytest.raises(SenderError) as refused:
            find(connection, DoctorQuery(**asked))
        assert refused.value.code == "SND-784"


def test_a_total_is_counted_to_a_bound(guide, monkeypatch):
    monkeypatch.setattr(finding, "COUNTED", 2)
    with guide.read() as connection:
        for words in ("测试医院", "内科", "长春 测试医院"):
            assert find(connection, DoctorQuery(words=words, page=Page(size=1))).total == 3


GOOD = "王\t-\t-\t3\t11\t1\t5\t2"


@pytest.mark.parametrize(
    "token",
    [
        "x", GOOD.replace("王", "李"), GOOD.replace("-\t3", "李\t3"), GOOD.replace("-\t-", "李\t-"), GOOD.replace("\t2", "\t-2"),
        GOOD.replace("\t2", "\t99999999999999999999"), GOOD.replace("\t3", "\t99999"), GOOD[:-2], f"{GOOD}\t1",
    ],
)  # fmt: skip
def test_a_token_that_no_such_search_gave_is_refused(guide, token):
    with guide.read() as connection:
        assert find(connection, DoctorQuery(words="王", page=Page(token=GOOD))).total == 3
        with pytest.raises(SenderError) as refused:
            find(connection, DoctorQuery(words="王", page=Page(token=token)))
    assert refused.value.code == "SND-721"


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(["王", "测试医院", "内科", "王测 内科", "糖尿病", "主任医师", "wcs", "内分泌科 医院"]),
    st.integers(1, 4),
    st.booleans(),
)
def test_pages_put_together_are_the_whole_each_doctor_once(guide, words, size, within):
    hospital = "HOSP-A" if within else ""
    with guide.read() as connection:
        whole = find(connection, DoctorQuery(words=words, hospital=hospital))
        token, pages = "", []
        while True:
            part = find(connection, DoctorQuery(words=words, hospital=hospital, page=Page(size=size, token=token)))
            pages.append(part)
            if not (token := part.token):
                break
    assert [number for part in pages for number in part.numbers] == list(whole.numbers)
    assert {part.total for part in pages} == {whole.total}


def test_two_publishings_at_once_count_every_word(guide):
    with guide.write() as connection:
        connection.execute(delete(guide_count))
        for code in ("HOSP-A", "HOSP-B"):
            drop(connection, code)
    from concurrent.futures import ThreadPoolExecutor

    def publish(number):
        with guide.write() as connection:
            show(connection, f"HOSP-{number}", [doctor(one, "王测试", specialty="糖尿病") for one in range(20)])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(publish, range(8)))
    with guide.read() as connection:
        counts = dict(connection.execute(select(guide_count.c.word, guide_count.c.doctors)).all())
        held = select(guide_word.c.word, func.count()).group_by(guide_word.c.word)
        assert counts == dict(connection.execute(held).all())

"""Find residents, read one masked and unmasked, settle what is in question; institutions see their own patients only."""

import json
from dataclasses import replace

import pytest

from engine.monitor.residentarchive import ResidentArchive
from engine.services.audit import Audit
from engine.services.institutions import Institutions
from engine.services.residents import conflicts
from engine.store.database import Database
from tests.monitor.conftest import PASSWORDS
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.services.people import LI, WANG, owners, said, take
from tests.support.databases import migrated_file
from tests.support.seals import SEAL

OURS, OTHERS = "H22010001", "H22020015"
NAME, WANG_NAME = "测试患者甲", "测试患者乙"
BAD_NAME = "<script>alert(1)</script>"


@pytest.fixture
def database(tmp_path):
    made = Database(migrated_file(tmp_path / "people.db"))
    institutions = Institutions(made, SEAL)
    institutions.add(OURS, "长春测试医院")
    institutions.add(OTHERS, "吉林测试中心医院")
    yield made
    made.close()


@pytest.fixture
def behind(behind, database):
    """Put a population behind the pages of residents."""
    ours = ResidentArchive(database, SEAL, Institutions(database, SEAL)).source(behind.sources().quality.types)
    sources = behind.sources

    behind.sources = lambda: replace(sources(), residents=ours)
    return behind


@pytest.fixture
def people(database):
    """Take in one person whom both hospitals know, one whom only the other knows, and two doubts; gives the numbers."""
    take(
        database,
        said("R1", LI, institution=OURS, card="JK1", numbers=["outpatient^MZ1"]),
        said("R2", LI, institution=OTHERS, numbers=["inpatient^ZY9"], document_type="C0004"),
        said(
            "R3", WANG, institution=OTHERS, resident_name=WANG_NAME, gender="2", birth_date="19851212", numbers=["inpatient^ZY7"]
        ),
        said("R4", LI, institution=OTHERS, resident_name=BAD_NAME),
        said("R5", WANG, institution=OTHERS, resident_name=WANG_NAME, gender="1", birth_date="19851212"),
    )
    whose = owners(database)
    return whose["R1"], whose["R3"]


def visitor_of(monitor, role):
    visitor = Visitor(monitor)
    assert visitor.sign_in(f"{role}-1", PASSWORDS["viewer" if role == "institution" else role]).status == 303
    return visitor


def find(visitor, by, value, shape="", **more):
    token = visitor.get("/residents").token()
    return visitor.post(f"/residents{shape}", {"token": token, "by": by, "value": value, **more})


def numbers(visitor, by, value, **more):
    return [one["number"] for one in json.loads(find(visitor, by, value, "?format=json", **more).body)["residents"]]


def audited(database):
    with database.read() as connection:
        return [(row.verdict, row.reason, row.subject, row.actor, row.institution) for row in reversed(Audit().rows(connection))]


def open_pairs(database):
    with database.read() as connection:
        return [(one.resident, one.other) for one in conflicts(connection)]


def test_people_are_found_by_each_way_and_shown_masked(viewer, people):
    one, other = people
    assert numbers(viewer, "identity", LI) == numbers(viewer, "card", "JK1") == numbers(viewer, "name", NAME) == [one]
    assert numbers(viewer, "patient", "ZY7", institution=OTHERS) == numbers(viewer, "number", other) == [other]
    body = find(viewer, "identity", LI).body
    assert f'href="/residents/{one}"' in body
    for hidden in (LI, NAME, "19900307", "JK1"):
        assert hidden not in body
    assert "测****" in body
    assert "没有查到这位居民" in find(viewer, "identity", "220102199003079999").body


def test_what_was_asked_for_stands_in_no_address_and_is_audited_without_it(viewer, people, database):
    answer = find(viewer, "identity", LI)
    assert answer.status == 200
    assert ("read", "search by identity", people[0], "viewer-1", "") in audited(database)
    assert LI not in str(audited(database))


@pytest.mark.parametrize(
    "form", [{"by": "identity", "value": " "}, {"by": "shoe-size", "value": "42"}, {"by": "patient", "value": "MZ1"}, {}]
)
def test_what_cannot_be_searched_is_said(viewer, people, form):
    token = viewer.get("/residents").token()
    answer = viewer.post("/residents", {"token": token, **form})
    assert answer.status == 400
    assert 'role="alert"' in answer.body
    assert json.loads(viewer.post("/residents?format=json", {"token": token, **form}).body)["error"] == 400


def test_one_resident_is_shown_masked_with_identities_and_counts(viewer, people):
    body = viewer.get(f"/residents/{people[0]}").body
    for words in (
        "身份证件号",
        "健康卡号",
        "门诊号",
        "住院号",
        "长春测试医院",
        "吉林测试中心医院",
        "220*************15",
        "C0002",
        "C0004",
    ):
        assert words in body, words
    for hidden in (LI, NAME, "MZ1", "JK1", "19900307"):
        assert hidden not in body
    found = json.loads(viewer.get(f"/residents/{people[0]}?format=json").body)
    assert [(one["institution"], one["number"]) for one in found["documents"]] == [(OURS, 1), (OTHERS, 1), (OTHERS, 1)]
    assert LI not in json.dumps(found)
    assert viewer.get("/residents/P-nobody").status == 404


def test_unmasked_only_for_a_reason_that_is_audited(monitor, people, database):
    engineer = visitor_of(monitor, "engineer")
    one = people[0]
    token = engineer.get(f"/residents/{one}").token()
    without = engineer.post(f"/residents/{one}/reveal", {"token": token, "reason": " "})
    assert without.location == f"/residents/{one}?done=why"
    assert "请写明查看的事由" in engineer.get(without.location).body
    body = engineer.post(f"/residents/{one}/reveal", {"token": token, "reason": "与医院核对"}).body
    for words in (LI, NAME, "19900307", "MZ1", "JK1"):
        assert words in body, words
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert" in body
    assert ("read", "与医院核对", one, "engineer-1", "") in audited(database)
    assert engineer.post("/residents/P-nobody/reveal", {"token": token, "reason": "x"}).status == 404


def test_who_may_not_reveal_or_settle_sees_no_button_and_gets_403(viewer, monitor, people):
    assert "/reveal" not in viewer.get(f"/residents/{people[0]}").body
    engineer = visitor_of(monitor, "engineer")
    body = engineer.get("/residents").body
    assert "/residents/settle" not in body
    token = engineer.get(f"/residents/{people[0]}").token()
    for path, form in (("/residents/settle", {"verdict": "same"}), ("/residents/merges/M1/undo", {})):
        assert engineer.post(path, {"token": token, "reason": "x", **form}).status == 403
    assert viewer.post(f"/residents/{people[0]}/reveal", {"token": token, "reason": "x"}).status == 403


def settle(visitor, pair, verdict, reason="电话核对", back=""):
    token = visitor.get("/residents").token()
    form = {"token": token, "one": pair[0], "other": pair[1], "verdict": verdict, "reason": reason, "back": back}
    return visitor.post("/residents/settle", form)


def test_what_waits_for_a_decision_is_listed_and_settled_as_one_person(administrator, people, database):
    body = administrator.get("/residents").body
    assert "待人工确认（2）" in body
    assert "姓名" in body
    pair = next(one for one in open_pairs(database) if one[0] == people[0])
    assert settle(administrator, pair, "same", reason=" ").location == "/residents?done=reason"
    assert settle(administrator, pair, "same", back=people[0]).location == f"/residents/{people[0]}?done=same"
    assert settle(administrator, pair, "same").location == "/residents?done=gone"
    page = administrator.get(f"/residents/{people[0]}?done=same").body
    for words in ("已合并为一人", "同一人", "电话核对", "administrator-1", pair[1]):
        assert words in page, words
    assert ("changed", "residents same", f"{pair[0]} {pair[1]}", "administrator-1", "") in audited(database)
    assert "待人工确认（1）" in administrator.get("/residents").body


def test_a_merge_is_undone_with_a_reason(administrator, people, database):
    pair = next(one for one in open_pairs(database) if one[0] == people[0])
    settle(administrator, pair, "same")
    found = json.loads(administrator.get("/residents?format=json").body)
    (merge,) = found["merges"]
    token = administrator.get("/residents").token()
    undo = f"/residents/merges/{merge['merge']}/undo"
    assert administrator.post(undo, {"token": token, "reason": ""}).location == "/residents?done=reason"
    assert (
        administrator.post(undo, {"token": token, "reason": "并错了", "back": pair[0]}).location
        == f"/residents/{pair[0]}?done=undone"
    )
    assert administrator.post(undo, {"token": token, "reason": "并错了"}).location == "/residents?done=gone"
    body = administrator.get("/residents").body
    assert "并错了" in body
    acts = [row for row in audited(database) if row[1] == "residents unmerge"]
    assert [(row[3], row[2].split()[2]) for row in acts] == [("administrator-1", merge["merge"])]


def test_two_people_are_kept_apart(administrator, people, database):
    pair = next(one for one in open_pairs(database) if one[0] == people[1])
    assert settle(administrator, pair, "different").location == "/residents?done=different"
    assert owners(database)["R5"] == pair[1]
    assert settle(administrator, pair, "maybe").status == 400


def test_a_form_of_another_session_settles_nothing(administrator, people, database):
    pair = open_pairs(database)[0]
    form = {"token": "of-nobody", "one": pair[0], "other": pair[1], "verdict": "same", "reason": "x"}
    assert administrator.post("/residents/settle", form).status == 400
    assert pair in open_pairs(database)
    form["token"] = administrator.get("/residents").token()
    assert administrator.post("/residents/settle", form, origin="http://evil.example").status == 400
    assert pair in open_pairs(database)


@pytest.mark.parametrize("back", ["//evil.example", "../users", "x?y", "https://evil"])
def test_one_comes_back_to_a_page_of_ours(administrator, people, database, back):
    assert settle(administrator, open_pairs(database)[0], "same", reason="", back=back).location == "/residents?done=reason"


def test_questions_go_on_page_by_page(administrator, people, database, monkeypatch):
    monkeypatch.setattr("engine.monitor.residentarchive.LISTED", 1)
    first = json.loads(administrator.get("/residents?format=json").body)
    assert len(first["questions"]) == 1
    assert f"after={first['after'].replace(':', '%3A')}" in administrator.get("/residents").body
    second = json.loads(administrator.get(f"/residents?format=json&after={first['after']}").body)
    assert (len(second["questions"]), second["after"]) == (1, "")
    assert first["questions"][0]["one"]["number"] != second["questions"][0]["one"]["number"]
    for wrong in ("x", "1:", "9" * 40 + ":a:b", "-1:a:b"):
        assert len(json.loads(administrator.get(f"/residents?format=json&after={wrong}").body)["questions"]) == 1


def test_an_institution_reaches_its_own_patients_only(monitor, people, database):
    ours = visitor_of(monitor, "institution")
    one, other = people
    assert numbers(ours, "identity", LI) == numbers(ours, "patient", "MZ1") == [one]
    assert numbers(ours, "patient", "ZY7", institution=OTHERS) == numbers(ours, "patient", "ZY9", institution=OTHERS) == []
    assert numbers(ours, "identity", WANG) == numbers(ours, "name", WANG_NAME) == numbers(ours, "number", other) == []
    assert ours.get(f"/residents/{other}").status == 404
    assert ours.get(f"/residents/{other}?format=json").status == 404
    body = ours.get(f"/residents/{one}").body
    assert "吉林测试中心医院" not in body
    assert OTHERS not in body
    found = json.loads(ours.get(f"/residents/{one}?format=json").body)
    assert {each["institution"] for each in found["identities"]} == {"", OURS}
    assert (found["questions"], found["merges"], [each["institution"] for each in found["documents"]]) == ([], [], [OURS])
    assert json.loads(ours.get("/residents?format=json").body) == {}
    assert "待人工确认" not in ours.get("/residents").body
    assert ("read", "search by identity", "nobody", "institution-1", OURS) in audited(database)
    token = ours.get("/residents").token()
    assert ours.post(f"/residents/{one}/reveal", {"token": token, "reason": "x"}).status == 403


def test_an_empty_registry_says_so(administrator):
    body = administrator.get("/residents").body
    assert "没有需要人工确认的居民" in body
    assert "没有合并记录" in body


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_pages_are_well_formed_in_both_languages(administrator, people, lang):
    for path in ("/residents", f"/residents/{people[0]}"):
        outline = Outline(administrator.get(f"{path}?lang={lang}").body)
        for tag, known in outline.elements:
            if tag == "input" and known.get("type") != "hidden":
                assert known.get("aria-label") or known.get("id"), known
    Outline(find(administrator, "identity", LI).body)
    administrator.get("/residents?lang=zh")

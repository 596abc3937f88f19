"""Institutions, staff, areas and terminology are each caller's own entries, looked up by all."""

import pytest

from engine.services.recordrights import RecordRights
from tests.services.registers.office import LI, Office

DOCTOR = {
    "staffId": "S1",
    "identity": LI,
    "name": "测试医生",
    "gender": "1",
    "birth": "19700101",
    "phone": "10000000003",
    "title": "231",
}


@pytest.mark.parametrize(
    ("register", "key", "more"),
    [
        ("institutions", "code", {"name": "测试科"}),
        ("staff", "staffId", {"name": "测试医生"}),
        ("areas", "areaId", {"name": "测试区"}),
    ],
)
def test_an_entry_is_added_updated_and_found(office, register, key, more):
    values = {key: "E1", **more}
    assert office.ask(register, "add", **values).text == "已登记"
    assert office.ask(register, "add", **values, authorId="other").text == "已登记过，内容相同"
    assert office.refused(register, "add", **values, status="active") == "SND-731"
    assert office.ask(register, "update", **values, status="active").text == "已更新，为第 2 版"
    assert office.ask(register, "update", **values, status="active").text.startswith("内容与")
    assert office.ask(register, "query", **{key: "E1"}).items == ({**values, "status": "active"},)
    assert office.ask(register, "query", **more).total == 1
    assert office.refused(register, "update", **{**values, key: "E2"}) == "SND-732"
    assert office.refused(register, "update", "H2", **values) == "SND-734"
    assert office.refused(register, "add", **more) == "SND-737"
    assert office.ask(register, "query", name="别的").total == 0


def test_of_a_code_that_several_use_the_callers_own_is_given(office):
    office.ask("institutions", "add", "H1", code="A01", name="测试内科")
    office.ask("institutions", "add", "H2", code="A01", name="测试外科")
    assert [item["name"] for item in office.ask("institutions", "query", "H2", code="A01").items] == ["测试外科"]
    assert office.ask("institutions", "query", "H3", code="A01").total == 2


def test_numbers_of_staff_are_shown_to_the_own_institution_only(office):
    office.ask("staff", "add", "H1", **DOCTOR)
    assert office.ask("staff", "query", "H1", staffId="S1").items == (DOCTOR,)
    (shown,) = office.ask("staff", "query", "H2", staffId="S1").items
    assert shown == {"staffId": "S1", "name": "测试医生", "gender": "1", "title": "231"}
    assert office.ask("staff", "query", "H2", identity=LI).total == 0
    assert office.ask("staff", "query", "H1", identity=LI).total == 1
    assert {institution for institution, *_ in office.readings()} == {"H1", "H2"}


def test_staff_may_be_closed_to_others_altogether(database):
    office = Office(database, rights=RecordRights(staff="own"))
    office.ask("staff", "add", "H1", **DOCTOR)
    assert office.ask("staff", "query", "H2", name="测试医生").total == 0


def test_areas_tell_what_is_below_them_and_what_they_were(office):
    office.ask("areas", "add", areaId="220000", name="测试省")
    office.ask("areas", "add", areaId="220100", name="测试市", parent="220000")
    office.ask("areas", "add", areaId="220200", name="测试州", parent="220000")
    below = office.ask("areas", "query", action="areaChildrenRegistryQuery", areaId="220000")
    assert sorted(item["name"] for item in below.items) == ["测试州", "测试市"]
    office.ask("areas", "update", areaId="220200", name="测试新州", parent="220000")
    history = office.ask("areas", "query", action="areaHistoryRegistryQuery", areaId="220200")
    assert [item["name"] for item in history.items] == ["测试新州", "测试州"]
    assert history.total == 2


def item(code, name, **more):
    return {"code": code, "name": name, **more}


def test_a_value_set_grows_is_corrected_and_loses_items(office):
    head = {"valueSet": "CV02", "valueSetName": "测试值集", "version": "1"}
    assert office.ask("terms", "add", **head, entries=(item("1", "甲"), item("2", "乙"))).text == "值集已登记，共 2 项"
    assert office.ask("terms", "add", **head, entries=(item("2", "乙"), item("3", "丙"))).text == "值集已增加 1 项"
    assert office.ask("terms", "add", **head, entries=(item("3", "丙"),)).text == "已登记过，内容相同"
    assert office.refused("terms", "add", **head, entries=(item("3", "丁"),)) == "SND-731"
    assert office.ask("terms", "update", **head, entries=(item("3", "丁"),)).text == "值集已更新，共 3 项"
    (found,) = office.ask("terms", "query", "H2", valueSet="CV02").items
    assert found == {**head, "entries": (item("1", "甲"), item("2", "乙"), item("3", "丁"))}
    (one,) = office.ask("terms", "query", valueSet="CV02", code="3").items
    assert one["entries"] == (item("3", "丁"),)
    assert office.ask("terms", "query", valueSet="CV02", code="9").total == 0
    assert office.ask("terms", "delete", valueSet="CV02", code="1").text == "已删除 1 项"
    assert office.refused("terms", "delete", valueSet="CV02", code="1") == "SND-732"
    assert office.ask("terms", "delete", valueSet="CV02").text == "值集已删除"
    assert office.ask("terms", "query", valueSet="CV02").total == 0
    assert office.refused("terms", "update", **head, entries=(item("3", "丁"),)) == "SND-732"
    assert office.ask("terms", "add", **head, entries=(item("7", "庚"),)).text == "值集已登记，共 1 项"
    assert office.ask("terms", "query", valueSet="CV02").items[0]["entries"] == (item("7", "庚"),)


def test_versions_of_a_value_set_stand_side_by_side(office):
    for version in ("1", "2"):
        office.ask("terms", "add", valueSet="CV02", valueSetName="测试值集", version=version, entries=(item(version, "项"),))
    assert office.ask("terms", "query", valueSet="CV02").total == 2
    assert office.ask("terms", "query", valueSet="CV02", version="2").items[0]["entries"] == (item("2", "项"),)
    assert office.refused("terms", "update", valueSet="CV02", entries=(item("1", "项"),)) == "SND-732"


def test_several_value_sets_come_in_one_message_and_items_want_their_set(office):
    sets = tuple({"valueSet": f"CV0{place}", "valueSetName": "测试值集", "entries": (item("1", "甲"),)} for place in (1, 2))
    assert office.ask("terms", "add", entry=sets).text == "值集已登记，共 1 项；值集已登记，共 1 项"
    assert (
        office.refused(
            "terms", "add", entry=({**sets[0], "valueSet": "CV03"}, {"valueSet": "CV04", "entries": (item("1", "甲"),)})
        )
        == "SND-732"
    )
    assert office.ask("terms", "query", valueSet="CV03").total == 0


def test_an_entry_that_was_deleted_may_come_back(office):
    office.ask("areas", "add", areaId="220000", name="测试省")
    assert office.ask("areas", "delete", areaId="220000").text == "已删除"
    assert office.ask("areas", "query", areaId="220000").total == 0
    assert office.refused("areas", "delete", areaId="220000") == "SND-732"
    assert office.ask("areas", "add", areaId="220000", name="测试省").text == "已重新登记"
    assert office.ask("areas", "query", areaId="220000").total == 1

"""Residents and visit cards are registered under the institution's own numbers, and are the same people as those of documents."""

import pytest
from sqlalchemy import text

from engine.services.identifying import Key
from engine.services.residents import find_resident
from tests.services.registers.office import LI, PERSON, WANG, said
from tests.support.seals import SEAL


def test_a_registered_resident_is_the_one_whose_documents_come(office):
    office.ask("residents", "add", patientId="P1", identity=LI, **PERSON)
    office.take(said("D1", LI), said("D2", "", numbers=["patient^P1"]))
    with office.database.read() as connection:
        whose = find_resident(connection, SEAL, Key("identity", LI))
    assert office.owners() == {"D1": whose.number, "D2": whose.number}
    assert whose.resident_name == PERSON["name"]


def test_documents_that_came_first_are_of_the_resident_registered_later(office):
    office.take(said("D1", LI))
    office.ask("residents", "add", patientId="P1", identity=LI, **PERSON)
    (item,) = office.ask("residents", "query", identity=LI).items
    assert item == {"patientId": "P1", "identity": LI, **PERSON, "match": "100"}
    assert office.readings() == [("H1", "residents", "S0000 M2", office.owners()["D1"])]


def test_what_was_sent_is_given_out_again_word_for_word(office):
    values = {"patientId": "P1", "identity": LI, "address": "长春市 测试路 1 号", "contactName": "测试亲属", **PERSON}
    office.ask("residents", "add", **values)
    found = office.ask("residents", "query", patientId="P1")
    assert (found.items, found.total, found.text) == (({**values, "match": "100"},), 1, "查到 1 条")


def test_the_same_again_is_fine_and_other_content_is_refused(office):
    office.ask("residents", "add", patientId="P1", identity=LI, registered="20260302", **PERSON)
    again = office.ask("residents", "add", patientId="P1", identity=LI, registered="20260303", **PERSON)
    assert again.text == "已登记过，内容相同"
    assert office.refused("residents", "add", patientId="P1", identity=WANG, **PERSON) == "SND-731"
    assert office.ask("residents", "query", patientId="P1").items[0]["registered"] == "20260302"


def test_an_update_needs_what_stands_and_keeps_the_version_before(office):
    assert office.refused("residents", "update", patientId="P1", identity=LI, **PERSON) == "SND-732"
    office.ask("residents", "add", patientId="P1", identity=LI, phone="10000000001", **PERSON)
    assert (
        office.ask("residents", "update", patientId="P1", identity=LI, phone="10000000002", **PERSON).text == "已更新，为第 2 版"
    )
    assert office.ask("residents", "update", patientId="P1", identity=LI, phone="10000000002", **PERSON).text.startswith(
        "内容与已登记的相同"
    )
    assert office.ask("residents", "query", patientId="P1").items[0]["phone"] == "10000000002"
    register = office.registers["residents"].__closure__[0].cell_contents
    with office.database.read() as connection:
        one = register.entries.read(connection, "residents", "H1", register.key("P1"))
        assert [values["phone"] for values in register.entries.versions(connection, one)] == ["10000000001"]
        assert one.version == 2


def test_a_resident_without_a_usable_number_is_refused(office):
    assert office.refused("residents", "add", identity=LI, **PERSON) == "SND-737"
    assert office.refused("residents", "add", patientId="无", identity=LI, **PERSON) == "SND-737"


def test_others_see_a_resident_only_when_it_is_their_patient_too(office):
    office.ask("residents", "add", "H1", patientId="P1", identity=LI, **PERSON)
    assert office.ask("residents", "query", "H2", identity=LI).total == 0
    office.ask("residents", "add", "H2", patientId="Q9", identity=LI, **PERSON)
    found = office.ask("residents", "query", "H2", identity=LI)
    assert sorted(item["patientId"] for item in found.items) == ["P1", "Q9"]
    assert [item["patientId"] for item in office.ask("residents", "query", "H2", patientId="Q9").items] == ["Q9"]
    assert office.ask("residents", "query", "H2", patientId="P1").total == 0


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ({"name": PERSON["name"]}, "40"),
        ({"name": PERSON["name"], "gender": "1"}, "60"),
        ({"name": PERSON["name"], "gender": "1", "birth": "19900307"}, "80"),
        ({"healthCard": "C-1"}, "95"),
        ({"identity": LI}, "100"),
    ],
)
def test_a_match_is_as_sure_as_what_was_asked(office, query, match):
    office.ask("residents", "add", patientId="P1", identity=LI, healthCard="C-1", **PERSON)
    office.ask("residents", "add", patientId="P2", identity=WANG, name="测试患者乙", gender="2", birth="19851212")
    (item,) = office.ask("residents", "query", **query).items
    assert (item["patientId"], item["match"]) == ("P1", match)
    assert office.ask("residents", "query", **{**query, "name": "测试患者丙"}).total == 0


def test_a_newborn_is_found_by_its_own_number(office):
    baby = {"name": "测试患者甲之子", "gender": "1", "birth": "20260301"}
    office.ask("residents", "add", patientId="B1", identity=LI, **baby)
    office.ask("outpatient-visits", "add", patientId="B1", number="V1", **baby)
    assert office.ask("outpatient-visits", "query", patientId="B1").total == 1


def test_a_visit_card_is_found_by_its_number_and_belongs_to_the_resident(office):
    office.ask("residents", "add", patientId="P1", identity=LI, **PERSON)
    office.ask("cards", "add", cardNumber="K1", identity=LI, status="active", **PERSON)
    assert office.ask("cards", "query", cardNumber="K1").items[0]["status"] == "active"
    assert office.ask("cards", "query", identity=LI).total == 1
    office.ask("cards", "update", cardNumber="K1", identity=LI, status="retired", **PERSON)
    assert office.ask("cards", "query", cardNumber="K1").items[0]["status"] == "retired"


def test_a_query_tells_how_many_there_are_beyond_its_limit(office):
    for number in range(5):
        office.ask("residents", "add", patientId=f"P{number + 1}", name="测试患者同名", gender="1", birth=f"1990030{number + 1}")
    found = office.ask("residents", "query", name="测试患者同名", limit="2")
    assert (len(found.items), found.total, found.text) == (2, 5, "查到 5 条，返回 2 条")
    assert office.refused("residents", "query", name="测试患者同名", limit="viele") == "SND-737"


def test_no_personal_value_stands_in_the_store_unsealed(office):
    office.ask("residents", "add", patientId="P1", identity=LI, phone="10000000001", **PERSON)
    with office.database.read() as connection:
        rows = [
            repr(list(row))
            for table in ("register_entry", "register_term", "register_version")
            for row in connection.execute(text(f"SELECT * FROM {table}"))  # noqa: S608 - our own names
        ]
    for secret in (LI, PERSON["name"], "10000000001", "'P1'"):
        assert not any(secret in row or repr(secret.encode())[2:-1] in row for row in rows)

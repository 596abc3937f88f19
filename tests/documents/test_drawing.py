"""What a document says of itself is drawn in one form; the named checks judge it."""

from datetime import date, datetime, timedelta, timezone

import pytest

from engine.documents.checks import CHECKS
from engine.documents.drawing import CLINICAL_PLACES, Drawing, moment
from engine.documents.reading import open_document
from engine.identity import check_letter, identity_fault
from engine.message import SHANGHAI, Message


def number(first: str) -> str:
    return first + check_letter(first)


PERSON = number("22010419900101001")

DOC = """<ClinicalDocument xmlns="urn:hl7-org:v3">
 <id root="2.16.156.10011.1.1" extension=" D-０１ "/><code code="C0002"/><title>门(急)诊病历</title>
 <effectiveTime value="{written}"/>
 <recordTarget><patientRole><id root="2.16.156.10011.1.11" extension="MZ1"/><id root="2.16.156.10011.1.19" extension="ＪＫＫ1"/><id root="2.16.156.10011.1.13" extension=" B7 "/>
  <patient><id root="2.16.156.10011.1.3" extension="{person}"/><name>测试
   患者</name><administrativeGenderCode code="1"/><birthTime value="19900101"/></patient></patientRole></recordTarget>
 <author><time value="{authored}"/><assignedAuthor><assignedPerson><name>测试医生</name></assignedPerson></assignedAuthor></author>
 <custodian><assignedCustodian><representedCustodianOrganization><id root="2.16.156.10011.1.5" extension="H1"/><name>测试医院</name>
 </representedCustodianOrganization></assignedCustodian></custodian>
 <relatedDocument typeCode="RPLC"><parentDocument><id{parent}/></parentDocument></relatedDocument>
 <componentOf><encompassingEncounter><effectiveTime><low value="20260101"/><high value="{high}"/></effectiveTime></encompassingEncounter></componentOf>
</ClinicalDocument>"""


def document(**values):
    given = {
        "written": "20260105101500",
        "authored": "20260105101000",
        "person": PERSON,
        "parent": "",
        "high": "20260102",
        **values,
    }
    return open_document(DOC.format(**given).encode())


def draw(**values):
    return Drawing(CLINICAL_PLACES).draw(document(**values))


def message(document_type="C0002"):
    return Message(
        id="r",
        route="",
        revision="",
        institution="H1",
        document_type=document_type,
        received=datetime.now(SHANGHAI),
        document=document(),
    )


def test_every_value_of_a_clinical_document_is_drawn():
    drawn = draw(parent=' root="1.2" extension="D-00"')
    assert (drawn.own_root, drawn.own_extension) == ("2.16.156.10011.1.1", "D-01")
    assert (drawn.resident_id, drawn.resident_name, drawn.gender, drawn.birth_date) == (PERSON, "测试 患者", "1", "19900101")
    assert (drawn.title, drawn.visit_number, drawn.author) == ("门(急)诊病历", "MZ1", "测试医生")
    assert (drawn.custodian, drawn.custodian_name, drawn.type_code_in_document) == ("H1", "测试医院", "C0002")
    assert (drawn.health_card, drawn.local_numbers) == ("JKK1", ("archive^B7", "outpatient^MZ1"))
    assert (drawn.replaces_root, drawn.replaces_extension) == ("1.2", "D-00")
    assert drawn.written == datetime(2026, 1, 5, 10, 15, tzinfo=SHANGHAI)


def test_an_empty_related_document_replaces_nothing():
    assert (draw().replaces_root, draw(parent=' root="1.2"').replaces_root) == ("", "")


def test_the_identity_number_has_one_form():  # BI-204, BI-138
    with_x = next(found for n in range(1000, 1200) if (found := number(f"2201041990010{n}")).endswith("X"))
    wide = "".join(chr(ord(c) + 0xFEE0) for c in with_x)
    assert {draw(person=p).resident_id for p in (with_x, with_x.lower(), f" {with_x}\u3000", wide)} == {with_x}


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("20260105101500", 8),
        ("20260105101500+0800", 8),
        ("20260105101500+0000", 0),
        ("20260105101500-0000", 0),
        ("20260105101500.123-0500", -5),
    ],
)
def test_times_of_any_zone_become_shanghai_time(text, hours):  # BI-255
    assert moment(text) == datetime(2026, 1, 5, 10, 15, tzinfo=timezone(timedelta(hours=hours)))
    assert moment(text).tzinfo is SHANGHAI


@pytest.mark.parametrize(
    "text",
    ["", "x", "2026-01-05", "20261305", "20260105256000", "20260105101500+1500", "20260105101500+0860", "00010101000000+1400"],
)
def test_what_is_no_time_gives_none(text):
    assert moment(text) is None


def test_a_date_alone_is_midnight_in_shanghai():
    assert moment("20260105") == datetime(2026, 1, 5, tzinfo=SHANGHAI)


def test_right_identity_numbers_pass():
    for first in ("22010419900101001", "81000019900101001", "82000019900101001", "83000019900101001", "91100119900101001"):
        assert identity_fault(number(first)) == ""
        assert identity_fault(number(first).lower()) == ""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (PERSON[:-1] + ("1" if PERSON[-1] != "1" else "2"), "校验码"),
        (number("99010419900101001")[:-1] + "A", "17 位"),
        (number("47010419900101001"), "地区码"),  # BI-207
        (number("22010419900231001"), "出生日期"),
        (number("22010429900101001"), "不合理"),
        ("220104900101001", "15 位"),
        ("123", "17 位"),
    ],
)
def test_wrong_identity_numbers_say_why(text, word):
    assert word in identity_fault(text, date(2026, 1, 5))


def test_the_identity_check_points_at_the_number():
    (issue,) = CHECKS["resident-id"](document(person="1234"), message(), "warning")
    assert (issue.code, issue.severity, issue.value) == ("SND-414", "warning", "1234")
    assert issue.path == "/ClinicalDocument/recordTarget/patientRole/patient/id/@extension"
    assert issue.line == 5
    assert CHECKS["resident-id"](document(), message(), "error") == ()
    assert CHECKS["resident-id"](document(person=""), message(), "error") == ()


def test_the_type_check_holds_call_and_document_together():  # BI-165
    assert CHECKS["type-agrees"](document(), message("C0002"), "error") == ()
    (issue,) = CHECKS["type-agrees"](document(), message("C0004"), "error")
    assert (issue.code, issue.path) == ("SND-402", "/ClinicalDocument/code/@code")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, 0),
        ({"high": "20251231"}, 1),  # BI-180
        ({"high": "202601"}, 0),
        ({"high": "20260101000000+0800"}, 0),
        ({"written": "20260104"}, 1),
        ({"written": "20260105"}, 0),
        ({"written": "nonsense"}, 0),
    ],
)
def test_the_order_of_times_is_judged_as_far_as_both_are_written(values, found):
    issues = CHECKS["order-of-times"](document(**values), message(), "error")
    assert [i.code for i in issues] == ["SND-412"] * found


def test_a_document_that_holds_the_parting_character_is_drawn_all_the_same():
    odd = DOC.replace("门(急)诊病历", "病历\ufdd0一").format(
        written="20260105101500", authored="20260105101000", person=PERSON, parent="", high="20260102"
    )
    drawn = Drawing(CLINICAL_PLACES).draw(open_document(odd.encode()))
    assert (drawn.title, drawn.resident_id, drawn.custodian) == ("病历\ufdd0一", PERSON, "H1")

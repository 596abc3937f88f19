"""What a hospital answers about reports is read as the content that documents give."""

from datetime import UTC, datetime

import pytest

from engine.documents.jilin.messages import read_message, write_message
from engine.documents.jilin.reports import listed_reports, read_report, wire_time
from engine.message import SHANGHAI
from engine.report import DrugResult, ReportItem

PERSON = {"PATIENT_NAME": "测试患者", "PATIENT_SEX": "1", "PATIENT_AGE": "40", "MEDICAL_INSURANNCE_TYPE": "自费"}
INFO = {
    "HOSP_PATIENT_ID": "P1", **PERSON, "PATIENT_IDCARD_TYPE": "1", "PATIENT_IDCARD_NO": "22010619950501074x", "DIAGNOSIS": "健康查体",
    "ITEM_NAME": "血常规", "SPECIMEN_NAME": "全血", "SPECIMEN_ID": "B1", "REPORT_TIME": "2026-01-05 10:30:00", "DEPT_NAME": "检验科",
    "DOCTOR_NAME": "测试医生甲", "REVIEW_NAME": "测试医生乙", "REVIEW_TIME": "2026-01-05 10:20", "REMARK": "空腹",
}  # fmt: skip
ANSWERED = datetime(2026, 1, 6, tzinfo=UTC)


def read(function, values, report="R1"):
    """Read an answer as it comes off the wire."""
    found = read_message(function, "response", write_message(function, "response", {"HOS_ID": "H1", **values}))
    return read_report(function, "H1", report, "P1", found, ANSWERED)


def laboratory(**info):
    lines = (
        {"CHECK_NAME": "白细胞计数", "RESULT": "6.1", "UNIT": "10^9/L", "NORMAL_FLAG": "N", "REFERENCE_VALUE": "3.5-9.5"},
        {"CHECK_NAME": "血红蛋白", "RESULT": "118", "UNIT": "g/L", "NORMAL_FLAG": "L", "REFERENCE_VALUE": "130-175"},
    )
    return read("8002", {"REPORT_INFO": ({**INFO, **info},), "CHECK_LIST": ({"DETAIL": lines},)})


def test_a_laboratory_report_is_read_with_its_items():
    arrival = laboratory()
    assert (arrival.kind, arrival.source, arrival.institution) == ("laboratory", "8002", "H1")
    assert arrival.keys == {"report": "R1", "specimen": "B1"}
    assert arrival.at == datetime(2026, 1, 5, 10, 30, tzinfo=SHANGHAI)
    assert arrival.content.items == (
        ReportItem(name="白细胞计数", value="6.1", unit="10^9/L", range="3.5-9.5"),
        ReportItem(name="血红蛋白", value="118", unit="g/L", range="130-175", flag="L"),
    )
    assert (arrival.content.title, arrival.content.remark, arrival.content.reviewer) == ("血常规", "空腹", "测试医生乙")
    assert arrival.content.reviewed == datetime(2026, 1, 5, 10, 20, tzinfo=SHANGHAI)


def test_the_person_is_the_hospitals_patient_with_the_identity_number_in_one_form():
    person = laboratory().person
    assert (person.identity, person.name, person.numbers) == ("22010619950501074X", "测试患者", ("patient^P1",))
    assert laboratory(PATIENT_IDCARD_TYPE="5").person.identity == ""


def test_a_susceptibility_report_is_read_with_its_organisms_and_drugs():
    drugs = ({"DRUG_NAME": "头孢曲松", "MIC": "<=1", "SENSITIVITY": "S"}, {"DRUG_NAME": "左氧氟沙星", "SENSITIVITY": "R"})
    detail = ({"CHECK_NAME": "大肠埃希菌", "DRUG_LIST": ({"DRUG_INFO": drugs},)},)
    arrival = read("8003", {"REPORT_INFO": (INFO,), "REPORT_DETAIL": detail})
    assert arrival.kind == "susceptibility"
    (found,) = arrival.content.susceptibility
    assert found.organism == "大肠埃希菌"
    assert found.drugs[1] == DrugResult(name="左氧氟沙星", sensitivity="R")


def test_an_examination_report_is_read_with_what_was_seen():
    info = {name: value for name, value in INFO.items() if name != "HOSP_PATIENT_ID"}
    arrival = read(
        "8004", {**info, "HEALTH_CARD_ID": "K1", "SEEN": "双肺纹理清晰", "CONTENT": "胸部未见明显异常", "COMPLAINT": "咳嗽"}
    )
    assert (arrival.kind, arrival.person.card) == ("examination", "K1")
    content = arrival.content
    assert (content.findings, content.conclusion, content.complaint) == ("双肺纹理清晰", "胸部未见明显异常", "咳嗽")


def test_a_report_time_that_is_no_time_is_the_moment_of_the_answer():
    arrival = laboratory(REPORT_TIME="昨天")
    assert arrival.at == ANSWERED
    assert arrival.content.reported is None


def test_an_answer_without_a_report_gives_none():
    assert read_report("8002", "H1", "R1", "P1", {"HOS_ID": "H1"}, ANSWERED) is None


def test_a_list_gives_each_report_once_with_the_function_to_ask_for_it():
    line = {
        "DIAGNOSIS": "健康查体",
        "ITEM_NAME": "血常规",
        "REPORT_TIME": "2026-01-05 10:30:00",
        "DEPT_NAME": "检验科",
        "DOCTOR_NAME": "测试医生甲",
    }
    lines = tuple(
        {"REPORT_ID": name, "REPORT_TYPE": kind, **line}
        for name, kind in (("A", "0"), ("B", "1"), ("C", "2"), ("D", "7"), ("A", "0"))
    )
    values = {"HOS_ID": "H1", "HOSP_PATIENT_ID": "P1", **PERSON, "REPORT_LIST": ({"REPORT_INFO": lines},)}
    found = listed_reports(read_message("8001", "response", write_message("8001", "response", values)))
    assert [(one.report, one.function) for one in found] == [("A", "8002"), ("B", "8003"), ("C", "8004")]
    assert found[0].at == datetime(2026, 1, 5, 10, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize("text", ["2026-01-05 10:30:00", "2026-01-05 10:30", "20260105103000", " 2026-01-05 10:30 "])
def test_times_are_read_as_hospitals_write_them(text):
    assert wire_time(text) == datetime(2026, 1, 5, 10, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize("text", ["", "2026-13-01", "很快"])
def test_what_is_no_time_is_none(text):
    assert wire_time(text) is None

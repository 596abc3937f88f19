"""Hold REQ and RES to the tables, and read what hospitals write by mistake."""

from __future__ import annotations

import pytest

from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.functions import FUNCTIONS, meaning
from engine.documents.jilin.messages import read_message, write_message

LOCK = {
    "LOCK_ID": "CB20261120000001", "CHANNEL_ID": "3", "REG_ID": "R1", "HOS_ID": "22010001", "DEPT_ID": "D1", "DOCTOR_ID": "-1",
    "REG_DATE": "2026-11-21", "TIME_FLAG": "1", "BEGIN_TIME": "08:00", "END_TIME": "08:10", "REG_FEE": "100", "TREAT_FEE": "1900",
}  # fmt: skip


def fault(*arguments, **named) -> MessageFault:
    with pytest.raises(MessageFault) as told:
        read_message(*arguments, **named)
    return told.value


def test_every_function_of_the_issue_is_in_the_table():
    asked = {
        "1001",
        "1002",
        "1003",
        "1004",
        "1005",
        *(str(n) for n in range(2001, 2013)),
        *(str(n) for n in range(8001, 8005)),
        "3001",
        "9003",
    }
    told = {*(str(n) for n in range(5001, 5007)), "6001", "6002", "7001"}
    assert set(FUNCTIONS) == asked | told
    assert {code for code, function in FUNCTIONS.items() if function.from_platform} == asked


def test_a_code_means_what_its_function_says():
    assert meaning("2007", "200709") == "full"
    assert meaning("2009", "200805") == "cancelled"
    assert meaning("2010", "200805") == "cancelled"
    assert meaning("1005", "200501") == "identity", "2005 means another thing by the same digits"
    assert meaning("2005", "200501") == "unknown-place"
    assert meaning("2007", "10") == "repeat"
    assert meaning("2007", "200799") == "other"
    assert FUNCTIONS.words("2007", "200709") == "该排班已约满"


def test_values_stand_in_the_order_of_the_text_in_cdata():
    written = write_message("2005", "request", dict(reversed(LOCK.items()))).decode()
    assert written.startswith("<REQ><LOCK_ID><![CDATA[CB20261120000001]]></LOCK_ID><CHANNEL_ID><![CDATA[3]]></CHANNEL_ID>")
    assert read_message("2005", "request", written.encode()) == LOCK


def test_lists_in_lists_make_the_round():
    half = {
        "REG_ID": "R1",
        "TIME_FLAG": "1",
        "REG_STATUS": "1",
        "TOTAL": "30",
        "OVER_COUNT": "12",
        "REG_FEE": "100",
        "TREAT_FEE": "900",
        "ISTIME": "1",
    }
    day = {"REG_DATE": "2026-11-21", "REG_WEEKDAY": "星期六", "REG_TIME_LIST": (half, {**half, "REG_ID": "R2", "TIME_FLAG": "2"})}
    doctor = {"DOCTOR_ID": "A", "NAME": "测试医生", "JOB_TITLE": "主任医师", "REG_LIST": (day,)}
    values = {"HOS_ID": "22010001", "DEPT_ID": "D1", "REG_DOCTOR_LIST": (doctor, {**doctor, "DOCTOR_ID": "B", "REG_LIST": ()})}
    assert read_message("2003", "response", write_message("2003", "response", values)) == values


def test_text_that_looks_like_markup_makes_the_round():
    values = {"HOS_ID": "1", "ORDER_ID": "2", "CANCEL_DATE": "2026-11-20 09:30:00", "CANCEL_REMARK": "a ]]> b & <c> 𠮷 “是”"}
    assert read_message("2009", "request", write_message("2009", "request", values)) == values


def test_the_older_text_is_not_sent_what_only_the_later_has():
    order = {
        "ORDER_ID": "1", "HOSP_PATIENT_ID": "P", "CHANNEL_ID": "3", "IS_REG": "2", "REG_ID": "R1", "HOS_ID": "1", "REG_FEE": "100",
        "TREAT_FEE": "0", "REG_TYPE": "1", "NAME": "测试患者", "SEX": "1", "ORDER_TIME": "2026-11-20 09:30:00",
    }  # fmt: skip
    assert b"<NAME>" in write_message("2007", "request", order)
    old = write_message("2007", "request", order, version="1.0.4")
    assert b"<NAME>" not in old
    assert b"<SEX>" not in old
    assert b"<LOCK_ID>" in write_message("2005", "request", LOCK, version="1.0.4"), "a whole later function is a capability"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"LOCK_ID": ""}, "REQ/LOCK_ID"),
        ({"LOCK_ID": "x" * 33}, "REQ/LOCK_ID"),
        ({"TIME_FLAG": "上午"}, "REQ/TIME_FLAG"),
        ({"REG_FEE": "1.00"}, "REQ/REG_FEE"),
        ({"REG_FEE": "-100"}, "REQ/REG_FEE"),
        ({"REG_DATE": "2026-02-30"}, "REQ/REG_DATE"),
        ({"REG_DATE": "20261121"}, "REQ/REG_DATE"),
        ({"DEPT_ID": "a\x01b"}, "REQ/DEPT_ID"),
        ({"DEPTID": "1"}, "REQ"),
    ],
)
def test_a_value_that_does_not_fit_is_named_by_its_path(change, path):
    with pytest.raises(MessageFault) as told:
        write_message("2005", "request", {**LOCK, **change})
    assert (told.value.code, told.value.path) == ("1", path)


def test_what_is_read_is_held_to_the_same_table():
    content = write_message("2005", "request", LOCK)
    assert fault("2005", "request", content.replace(b"[100]", b"[1.00]")).path == "REQ/REG_FEE"
    assert fault("2005", "request", content.replace(b"LOCK_ID>", b"LOCKID>")).path == "REQ/LOCK_ID"
    assert fault("2005", "request", content.replace(b"<LOCK_ID>", b"<REG_ID>z</REG_ID><LOCK_ID>")).path == "REQ/REG_ID"
    assert fault("2005", "request", content.replace(b"REQ>", b"RES>")).code == "2"
    assert fault("2005", "request", b"").code == "11"
    assert fault("2007", "response", b"").code == "12"
    assert fault("3999", "request", content).code == "5"
    assert fault("2005", "request", content.replace(b"<![CDATA[R1]]>", b"<B>R1</B>")).code == "2"


def test_an_empty_reply_is_whole_where_nothing_is_asked_for():
    assert read_message("2009", "response", b"") == {}
    assert read_message("2007", "response", b"", complete=False) == {}


def test_unknown_nodes_comments_and_an_empty_list_are_passed_over():
    content = b"<RES><!-- x --><COUNT>0</COUNT><NEW><DEEP/></NEW><ORDER_LIST/></RES>"
    assert read_message("2012", "response", content) == {"COUNT": "0", "ORDER_LIST": ()}
    assert read_message("2012", "response", b"<RES><COUNT>0</COUNT></RES>")["ORDER_LIST"] == ()


def test_bytes_that_are_not_their_encoding_are_refused_by_name():
    told = fault("2006", "request", "<REQ><HOS_ID>吉林市医院</HOS_ID><LOCK_ID>1</LOCK_ID></REQ>".encode("gbk"))
    assert told.code == "2"
    declared = '<?xml version="1.0" encoding="GBK"?><REQ><HOS_ID>吉林市医院</HOS_ID><LOCK_ID>1</LOCK_ID></REQ>'.encode("gbk")
    assert read_message("2006", "request", declared)["HOS_ID"] == "吉林市医院"


def test_a_doctype_and_depth_are_refused():
    assert fault("2006", "request", b"<!DOCTYPE REQ [<!ENTITY a 'b'>]><REQ>&a;</REQ>").code == "2"
    assert fault("2006", "request", b"<REQ>" + b"<A>" * 40 + b"</A>" * 40 + b"</REQ>").code == "2"


def test_guardians_name_is_read_in_both_spellings():
    written = write_message("1002", "request", {"HOS_ID": "1", "MOBILE": "2", "HEALTH_CARD_ID": "3", "PARENT_NAME": "测试家长"})
    other = written.replace(b"PARENT_NAME", b"PARENT_ID_NAME")
    assert read_message("1002", "request", other)["PARENT_NAME"] == "测试家长"


PUSHED = {
    "DATA_TIME": "2026-11-20 09:30:00", "HEALTH_CARD_ID": "H", "PATIENT_NAME": "测试患者", "PATIENT_SEX": "1", "PATIENT_AGE": "40",
    "DEPT_NAME": "内科", "DOCTOR_NAME": "测试医生", "REG_DT": "2026-11-20", "PUSH_TYPE": "3", "PUSH_ID": "R1", "PUSH_CONTENT": "报告已出",
}  # fmt: skip


def test_the_hospital_is_read_inside_the_pushed_item_too():
    written = write_message("7001", "request", {"HOS_ID": "22010001", "DATA_INFO": (PUSHED, PUSHED)}).decode()
    inside = written.replace("<HOS_ID><![CDATA[22010001]]></HOS_ID>", "").replace(
        "<DATA_INFO>", "<DATA_INFO><HOS_ID>22010001</HOS_ID>"
    )
    values = read_message("7001", "request", inside.encode())
    assert values["HOS_ID"] == "22010001"
    assert values["DATA_INFO"] == (PUSHED, PUSHED), "a date of ten characters is read although the text says eight"
    mixed = inside.replace("22010001", "22010002", 1)
    assert fault("7001", "request", mixed.encode()).code == "1"


def test_the_queue_number_of_5004_is_read_under_res_as_the_text_has_it():
    content = (
        b"<REQ><HOS_ID>1</HOS_ID><ORDER_ID>2</ORDER_ID><RES><HOSP_SERIAL_NUM>7</HOSP_SERIAL_NUM></RES>"
        b"<PRINT_DATE>2026-11-20 09:30:00</PRINT_DATE></REQ>"
    )
    assert read_message("5004", "request", content)["HOSP_SERIAL_NUM"] == "7"


def test_a_bulk_query_needs_no_patient():
    values = {"HOS_ID": "1", "BEGIN_DATE": "2026-11-20", "END_DATE": "2026-11-20", "PAGE_CURRENT": "1", "PAGE_SIZE": "100"}
    assert read_message("2012", "request", write_message("2012", "request", values)) == values


def test_long_findings_are_read():
    exam = {
        "HOS_ID": "1", "HEALTH_CARD_ID": "H", "PATIENT_NAME": "测试患者", "PATIENT_SEX": "0", "PATIENT_AGE": "40",
        "MEDICAL_INSURANNCE_TYPE": "自费", "ITEM_NAME": "胸部CT", "DIAGNOSIS": "未见异常", "SEEN": "所见" * 500,
        "REPORT_TIME": "2026-11-20 09:30:00",
    }  # fmt: skip
    assert read_message("8004", "response", write_message("8004", "response", exam)) == exam


def test_the_item_of_a_list_that_is_wrong_is_told_by_its_number():
    department = {"DEPT_ID": "D1", "DEPT_NAME": "内科", "PARENT_ID": "-1", "STATUS": "1"}
    sound = write_message("2001", "response", {"HOS_ID": "1", "DEPT_LIST": (department,) * 3}).decode()
    head, tail = sound.rsplit("[CDATA[内科]]", 1)
    assert fault("2001", "response", f"{head}[CDATA[]]{tail}".encode()).path == "RES/DEPT_LIST[3]/DEPT_NAME"
    with pytest.raises(MessageFault, match=r"RES/DEPT_LIST\[2\]/STATUS"):
        write_message("2001", "response", {"HOS_ID": "1", "DEPT_LIST": (department, {**department, "STATUS": "正常"})})

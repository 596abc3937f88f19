"""The example of a quality report names nobody, and still shows the mistake."""

from dataclasses import replace

import pytest

from engine.store.masking import LONGEST, kind_of, mask, masked
from tests.store.samples import ERROR

PATIENT = "/ClinicalDocument/recordTarget/patientRole"


@pytest.mark.parametrize(("path", "kind"), [
    (f"{PATIENT}/patient/name", "name"),
    (f"{PATIENT}[1]/patient[2]/name[3]", "name"),
    (f"{PATIENT}/patient/name/family", "name"),
    ("/ClinicalDocument/author[2]/assignedAuthor/assignedPerson/name", "name"),
    ("/ClinicalDocument/participant/associatedEntity/associatedPerson/name", "name"),
    (f"{PATIENT}/id[1]/@extension", "number"),
    (f"{PATIENT}/patient/id/@extension", "number"),
    ("/ClinicalDocument/author/assignedAuthor/id/@extension", "number"),
    (f"{PATIENT}/telecom/@value", "number"),
    (f"{PATIENT}/addr/streetAddressLine", "address"),
    (f"{PATIENT}/addr", "address"),
    (f"{PATIENT}/patient/birthTime/@value", "birth"),
    ("/ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization/name", ""),
    ("/ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization/id/@extension", ""),
    (f"{PATIENT}/patient/administrativeGenderCode/@code", ""),
    ("/ClinicalDocument/id/@extension", ""),
    ("/ClinicalDocument/code/@displayName", ""),
    ("", ""),
])  # fmt: skip
def test_the_path_tells_what_kind_of_value_stands_there(path, kind):
    assert kind_of(path) == kind


@pytest.mark.parametrize(("message", "kind"), [
    ("签名者姓名“甲”过短", "name"), ("签名日期时间“2024”不完整", ""), ("联系电话不符合格式", "number"), ("现住址过长", "address"),
    ("出生日期晚于就诊时间", "birth"), ("性别代码不在值域内", ""),
])  # fmt: skip
def test_where_the_path_does_not_tell_it_the_message_does(message, kind):
    assert kind_of("/ClinicalDocument/component/structuredBody/component[3]/section/entry/observation/value", message) == kind


@pytest.mark.parametrize(("kind", "value", "shown"), [
    ("name", "张三丰", "张**"), ("name", "张", "张*"), ("name", " 欧阳测试 ", "欧***"), ("name", "", ""),
    ("number", "22010119900101000X", "220*************0X"), ("number", "2201-0119 9001", "220*-**** **01"),
    ("number", "tel:0431-80000000", "tel:043*-******00"), ("number", "12", "1*"),
    ("address", "吉林省长春市朝阳区测试路1号", "吉林省***"), ("address", "长春", "长***"),
    ("birth", "19900101", "1990****"), ("birth", "1990-1-1", "1990-*-*"), ("birth", "199", "199"),
    ("", "3", "3"), ("", "20240501083000+0800", "20240501083000+0800"), ("", "2.16.156.10011.1.3", "2.16.156.10011.1.3"),
    ("", "请联系13800001234或0431-80000000", "请联系138******34或043*-******00"),
    ("", "编号220101199001010000的患者", "编号220101199001010000的患者"),
    ("", "编号 220101199001010000 的患者", "编号 220*************00 的患者"),
])  # fmt: skip
def test_a_masked_value_keeps_its_form(kind, value, shown):
    assert mask(value, kind) == shown


def test_a_paragraph_of_a_record_is_cut():
    shown = mask("主诉咳嗽三天" * 40)
    assert len(shown) == LONGEST
    assert shown.endswith("…")


def test_the_words_of_an_issue_repeat_the_value_only_masked():
    issue = replace(
        ERROR, path=f"{PATIENT}/patient/name", value="张3丰", message="患者姓名“张3丰”含有数字，另见身份证 220101199001010000。",
        hint="把“张3丰”改为“张三”，电话写成 13800000000",
    )  # fmt: skip
    shown = masked(issue)
    assert (shown.value, shown.hint) == ("张**", "把“张**”改为“张三”，电话写成 13800000000")
    assert shown.message == "患者姓名“张**”含有数字，另见身份证 220*************00。"
    assert (shown.path, shown.line, shown.code) == (issue.path, issue.line, issue.code)


def test_a_value_that_is_no_persons_stays_as_it_is():
    issue = replace(ERROR, path=f"{PATIENT}/patient/administrativeGenderCode/@code", value="3", message="性别代码“3”不在值域内。")
    assert masked(issue) == issue

"""Hold every message of every node table: minimal and full pass, each required node missing is named, what is wrong is told."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from engine.documents.hl7.nodes import MOST, check_nodes, table_of
from engine.documents.hl7.opening import open_message
from engine.documents.hl7.sample import sample_message, without
from engine.documents.hl7.services import HIP, HL7, REGIONAL, SERVICES, nodes_of


def check(service, content):
    return check_nodes(service, open_message(None, service, content).document)


def required(service):
    return table_of(service.nodes_of, "" if service.flat else HL7).required


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)
def test_a_minimal_and_a_full_message_pass_without_a_word(service):
    for which in ("minimal", "full"):
        assert check(service, sample_message(service, which=which)) == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)
def test_each_required_node_that_is_missing_is_named_first_in_chinese(service):
    for node in required(service):
        taken_out = without(service, node, which="full")
        errors = [issue for issue in check(service, taken_out) if issue.severity == "error"]
        assert errors, node.path
        assert (errors[0].code, node.meaning in errors[0].message) == ("SND-342", True), (node, errors[0])
        assert errors[0].line >= 1
        assert errors[0].hint


def changed(code, *replacements, which="full"):
    text = sample_message(HIP[code], which=which).decode()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return check(HIP[code], text)


def test_an_issue_tells_meaning_path_line_and_how_to_write_it():
    service = HIP["S0001"]
    [issue] = check(service, sample_message(service).decode().replace("<name>", "<nome>").replace("</name>", "</nome>"))
    assert issue.message == "缺少必填节点“姓名”。"
    assert issue.path.endswith("/subject1/patient/patientPerson/name/item/part/@value")
    assert "<patientPerson>" in issue.hint
    assert '<name><item><part value="…"/></item></name>' in issue.hint
    line = sample_message(service).decode().splitlines()[issue.line - 1]
    assert "<patientPerson>" in line


def test_an_empty_value_counts_as_missing():
    value = next(node for node in nodes_of("S0001") if node.meaning == "姓名")
    text = sample_message(HIP["S0001"], **{value.path: ""}).decode()
    [issue] = check(HIP["S0001"], text)
    assert issue.message == "缺少必填节点“姓名”（取值为空）。"


def test_a_node_below_an_optional_element_counts_only_where_that_stands_and_for_each_one():
    service = HIP["S0026"]
    assert "reason" not in sample_message(service).decode()
    assert check(service, sample_message(service)) == []
    text = sample_message(service, which="full").decode()
    start, end = text.index("<reason>"), text.index("</reason>") + len("</reason>")
    one = text[start:end]
    empty = one[: one.index(">") + 1] + "<observationDx/></reason>"
    issues = check(service, text[:end] + empty + text[end:])
    assert issues
    assert all("reason[2]" in issue.path for issue in issues)


def test_every_subject_of_a_message_is_held_to_the_table():
    service = HIP["S0035"]
    text = sample_message(service).decode()
    second = check(service, text.replace("</subject>\n  </controlActProcess>", "</subject><subject/></controlActProcess>"))
    assert second
    assert all("/subject[2]" in issue.path for issue in second)
    [only] = check(service, text[: text.index("<subject>")] + "</controlActProcess></POOR_IN200901UV>")
    assert "业务内容" in only.message


def test_a_wrong_root_of_an_identifier_is_an_error_and_a_wrong_code_table_a_warning():
    [wrong] = changed("S0001", ('root="2.16.156.10011.2.5.1.4"', 'root="2.16.156.10011.9"'))
    assert (wrong.code, wrong.severity, wrong.value) == ("SND-343", "error", "2.16.156.10011.9")
    assert 'root="2.16.156.10011.2.5.1.4"' in wrong.hint
    [table] = changed("S0001", ('codeSystem="2.16.156.10011.2.3.3.4"', 'codeSystem="GB/T 2261.1"'))
    assert (table.code, table.severity) == ("SND-343", "warning")


def test_a_wrong_root_in_the_header_only_warns_as_a_sample_in_the_field_has_one():
    [issue] = changed("S0041", ('root="2.16.156.10011.2.5.1.3"', 'root="2.16.156.10011.2.5.1.4"'))
    assert issue.severity == "warning"


def test_an_identifier_of_several_sorts_without_root_is_an_error_that_says_which_is_meant():
    [first, *_] = changed("S0023", (' root="2.16.156.10011.1.11"', ""))
    assert (first.code, first.severity) == ("SND-342", "error")
    assert "门急诊号" in first.message


def test_roots_that_the_texts_mix_up_are_both_taken():
    assert changed("S0002", ("2.16.156.10011.1.3", "2.16.156.10011.2.2.1")) == []
    assert changed("S0023", ("2.16.156.10011.1.11", "2.16.156.10011.1.10")) == []


def test_a_missing_one_of_several_sorts_tells_which_roots_stand_there():
    [issue, *_] = changed("S0026", ('root="2.16.156.10011.1.12"', 'root="2.16.156.10011.1.99"'), which="minimal")
    assert "住院号" in issue.message
    assert "2.16.156.10011.1.99" in issue.hint


def test_an_element_that_may_stand_once_and_stands_twice_is_told():
    service = HIP["S0001"]
    text = sample_message(service).decode()
    start, end = text.index("<patientPerson>"), text.index("</patientPerson>") + len("</patientPerson>")
    [issue] = check(service, text[:end] + text[start:end] + text[end:])
    assert (issue.code, issue.message) == ("SND-343", "节点“patientPerson”只能出现一次。")


def test_further_nodes_and_identifiers_that_the_table_does_not_know_are_no_matter():
    more = '<item root="1.2.3" extension="x"/></id>'
    assert changed("S0023", ("</id>", more), ("<subject>", '<ownThing x="1"/><subject>')) == []


def test_a_regional_message_is_held_to_its_own_table():
    service = REGIONAL["addPatientRegistry"]
    text = sample_message(service).decode()
    [issue] = check(service, text.replace(">测试患者", "/><!--").replace("</name>", "-->", 1))
    assert issue.message == "缺少必填节点“患者姓名”。"


def test_a_flat_message_is_held_to_its_table_in_any_namespace():
    service = REGIONAL["addDictCatalogRequest"]
    assert check(service, '<data xmlns="urn:any"><Code value="1"/><Name value="x"/></data>') == []
    [issue] = check(service, '<data><Code value="1"/></data>')
    assert "名称" in issue.message


def test_a_message_with_many_mistakes_is_told_of_so_many_and_in_good_time():
    service = HIP["S0035"]
    text = sample_message(service).decode()
    many = text.replace("</controlActProcess>", "<subject/>" * 20_000 + "</controlActProcess>")
    begun = time.process_time()
    assert len(check(service, many)) == MOST
    assert time.process_time() - begun < 10


def test_threads_share_a_table_and_each_gets_its_own_findings():
    service = HIP["S0035"]
    good, bad = sample_message(service, which="full"), without(service, required(service)[-1], which="full")

    def judge(number):
        return bool(check(service, bad if number % 2 else good)) == bool(number % 2)

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(judge, range(200)))


@pytest.mark.parametrize("code", ["S0001", "S0023", "S0035", "S0047"])
def test_a_full_message_is_checked_in_about_the_time_it_takes_to_open_it(code):
    service = HIP[code]
    content = sample_message(service, which="full")
    document = open_message(None, service, content).document
    check_nodes(service, document)
    opening = min(timed(lambda: open_message(None, service, content)) for _ in range(20))
    checking = min(timed(lambda: check_nodes(service, document)) for _ in range(20))
    assert checking < 4 * opening, "a full message takes far longer to check than to open; the joined questions are lost"


def timed(work):
    begun = time.process_time()
    for _ in range(10):
        work()
    return time.process_time() - begun

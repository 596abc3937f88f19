"""Hold the opening of interaction messages: which service, which root, which dialect, and what only differs."""

import pytest

from engine.documents.hl7.opening import open_message, service_of
from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP, REGIONAL, REGISTERS, SERVICES, find_hip
from engine.errors import SenderError


def refused(service, text):
    with pytest.raises(SenderError) as caught:
        open_message(None, service, text)
    return caught.value.first


def test_an_action_is_known_by_code_name_and_plan_whatever_its_case():
    for word in ("S0001", " s0001 ", "PatientInfoRegister", "patientinforegister\n", "EMR-PL-01", "emr-pl-01"):
        assert find_hip(word) is HIP["S0001"]
    assert find_hip("S0082") is None
    with pytest.raises(SenderError) as caught:
        service_of("PatientInfoRegistr")
    assert caught.value.code == "SND-340"
    assert "PatientInfoRegister" in caught.value.first.message


def test_all_81_actions_and_27_operations_have_register_nodes_and_roots():
    assert list(HIP) == [f"S{number:04d}" for number in range(1, 82)]
    assert len(REGIONAL) == 27
    assert len({service.name for service in HIP.values()}) == 81
    assert len(REGISTERS) == 25
    assert [service.key for service in SERVICES if not service.root] == []
    assert HIP["S0065"].inferred == ("name", "nodes")
    assert {service.register_address for service in REGIONAL.values()} == {
        "patient", "provider", "organization", "area", "dictionary", "document",
    }  # fmt: skip


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.key)
def test_what_the_header_says_is_read_in_both_dialects(service):
    opened = open_message(None, service, sample_message(service, institution="H1"))
    assert opened.dialect == service.dialect
    assert opened.differences == ()
    if not service.flat:
        assert (opened.sender, opened.receiver) == ("H1", "CHANGBAI")
        assert opened.message_id == f"H1-{service.key}-00000001"


def test_a_text_may_keep_the_declaration_of_another_encoding_and_lines_stay():
    text = sample_message(HIP["S0001"]).decode().replace("UTF-8", "GBK")
    opened = open_message(None, HIP["S0001"], text)
    assert opened.document.root[0].sourceline == text.splitlines().index(next(x for x in text.splitlines() if "<id" in x)) + 1


def test_another_root_is_refused_and_told_whose_it_is():
    issue = refused(HIP["S0001"], sample_message(HIP["S0003"]))
    assert issue.code == "SND-341"
    assert "S0003" in issue.hint
    assert "PRPA_IN201311UV02" in issue.hint
    bare = sample_message(HIP["S0001"]).decode().replace('xmlns="urn:hl7-org:v3"', "")
    assert "urn:hl7-org:v3" in refused(HIP["S0001"], bare).hint


def test_a_wrong_interaction_id_is_only_a_difference():
    text = sample_message(HIP["S0032"]).decode().replace('extension="PRPA_IN400003UV"', 'extension="PRPA_IN400001UV "')
    assert open_message(None, HIP["S0032"], text).differences == ("interactionId PRPA_IN400001UV, root element PRPA_IN400003UV",)


@pytest.mark.parametrize(
    ("old", "new", "node", "right"),
    [
        ('<id>\n            <item root="2.16.156.10011.2.5.1.4" extension="P00000001"/>\n          </id>',
         '<id root="2.16.156.10011.2.5.1.4" extension="P00000001"/>', "id", "<id><item"),
        ('root="2.16.156.10011.2.5.1.1"', 'root="2.16.156.10011.0"', "id", "2.16.156.10011.2.5.1.1"),
    ],
)  # fmt: skip
def test_a_part_in_the_regional_dialect_is_refused_with_both_forms(old, new, node, right):
    text = sample_message(HIP["S0001"]).decode()
    assert old in text.replace('extension="P00000001" root="2.16.156.10011.2.5.1.4"', "") or "item" in old
    import re

    if "item" in old:
        text, count = re.subn(r'<id>\s*<item [^>]*extension="P00000001"[^>]*/>\s*</id>', new, text, count=1)
        assert count == 1
    else:
        text = text.replace(old, new)
    issue = refused(HIP["S0001"], text)
    assert issue.code == "SND-344"
    assert f"<{node}>" in issue.message
    assert right in issue.hint
    assert issue.line


def test_a_name_as_text_in_a_hospital_message_is_refused():
    import re

    text = re.sub(r"<name>.*?</name>", "<name>测试甲</name>", sample_message(HIP["S0001"]).decode(), count=1, flags=re.DOTALL)
    issue = refused(HIP["S0001"], text)
    assert (issue.code, "<name>" in issue.message) == ("SND-344", True)


def test_a_hospital_message_at_a_regional_operation_is_refused():
    issue = refused(REGIONAL["addPatientRegistry"], sample_message(HIP["S0001"]))
    assert issue.code == "SND-344"


def test_what_is_no_xml_or_has_a_doctype_is_refused_as_everywhere():
    assert refused(HIP["S0001"], "<a>").code == "SND-321"
    assert refused(HIP["S0001"], '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').code == "SND-322"

"""Hold invented messages: same bytes for the same asking, values that agree, given values where they belong, by command too."""

import pytest
from click.testing import CliRunner
from lxml import etree

from engine.cli.entry import all_commands
from engine.documents.hl7.sample import message_service, sample_message, without
from engine.documents.hl7.services import HIP, REGIONAL, nodes_of
from engine.identity import check_letter

N = {"h": "urn:hl7-org:v3"}


def all_of(service, path, **more):
    return etree.fromstring(sample_message(service, **more)).xpath(path, namespaces=N)


def test_the_same_asking_gives_the_same_bytes_and_another_seed_another_person():
    assert sample_message(HIP["S0001"], which="full") == sample_message(HIP["S0001"], which="full")
    assert sample_message(HIP["S0001"], seed=2) != sample_message(HIP["S0001"], seed=3)


def test_the_person_agrees_with_the_number_and_every_service_speaks_of_the_same_one():
    [identity] = all_of(HIP["S0001"], "//h:patientPerson/h:id/h:item/@extension", which="full")
    assert identity[-1] == check_letter(identity[:-1])
    [birth] = all_of(HIP["S0001"], "//h:birthTime/@value", which="full")
    assert birth == identity[6:14]
    [gender] = all_of(HIP["S0001"], "//h:administrativeGenderCode/@code", which="full")
    assert (gender == "1") == (int(identity[16]) % 2 == 1)
    assert all_of(REGIONAL["addPatientRegistry"], "//h:patientPerson/h:id/@extension", which="full") == [identity]


def test_values_are_put_by_root_meaning_or_path_and_bring_their_element_with_them():
    service = HIP["S0001"]
    given = {
        "patient_id": "P7",
        "identity": "220102199001011233",
        "birthTime/@value": "1990",
        "message_id": "M1",
        "联系电话": "0431",
    }
    root = etree.fromstring(sample_message(service, **given))
    assert root.xpath("string(h:id/@extension)", namespaces=N) == "M1"
    assert root.xpath("string(//h:patient/h:id/h:item/@extension)", namespaces=N) == "P7"
    [item] = root.xpath("//h:patientPerson/h:id/h:item", namespaces=N)
    assert dict(item.attrib) == {"extension": "220102199001011233", "root": "2.16.156.10011.1.3"}
    assert root.xpath("string(//h:birthTime/@value)", namespaces=N) == "1990"
    assert root.xpath("string(//h:patientPerson/h:telecom/h:item/@value)", namespaces=N) == "0431"


def test_a_value_that_fits_no_node_is_refused():
    with pytest.raises(ValueError, match="no node of this message is shoe_size"):
        sample_message(HIP["S0001"], shoe_size="42")


def test_a_document_message_carries_a_document_of_its_type():
    import base64

    [content] = all_of(HIP["S0065"], "//h:storageCode/h:originalText/@value", institution="H1")
    root = etree.fromstring(base64.b64decode(content))
    assert root.xpath("string(h:code/@code)", namespaces=N) == "C0007"
    assert all_of(HIP["S0065"], "//h:clinicalDocument/h:code/@code") == ["C0007"]
    assert all_of(HIP["S0065"], "//h:clinicalDocument/h:id/h:item/@extension", institution="H1") == root.xpath(
        "h:id/@extension", namespaces=N
    )


def test_one_node_is_taken_out():
    node = next(one for one in nodes_of("S0001") if one.meaning == "姓名")
    assert b"patientPerson" in without(HIP["S0001"], node)
    assert etree.fromstring(without(HIP["S0001"], node)).xpath("//h:patientPerson/h:name//@value", namespaces=N) == []


def test_a_service_is_found_by_any_of_its_names():
    assert message_service("emr-pl-81") is HIP["S0081"]
    assert message_service("retrieveDocumentSet") is REGIONAL["retrieveDocumentSet"]
    assert message_service("C0002") is None


def run(*words):
    return CliRunner().invoke(all_commands(), ["sample", *words])


def test_the_command_prints_messages():
    assert run("PatientInfoRegister", "--institution", "H1").stdout_bytes == sample_message(HIP["S0001"], institution="H1")
    assert run("addAreaRequest", "--full", "--seed", "3").stdout_bytes == sample_message(
        REGIONAL["addAreaRequest"], which="full", seed=3
    )
    assert "are for document types" in run("S0001", "--count", "2").output
    assert "is for interactions" in run("C0002", "--full").output
    assert 'did you mean "S0009"' in run("S00091").output

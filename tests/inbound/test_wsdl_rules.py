"""Every WSDL we promise keeps the design rules that let legacy SOAP clients in (wsdl-rules.md, W1 to W16 and W19)."""

import re

import pytest
from lxml import etree

from tests.support.front import WSDL_FOLDER

W = "{http://schemas.xmlsoap.org/wsdl/}"
S11 = "{http://schemas.xmlsoap.org/wsdl/soap/}"
S12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
X = "{http://www.w3.org/2001/XMLSchema}"
FILES = sorted(WSDL_FOLDER.glob("*.wsdl"))
MAIN = [path for path in FILES if not path.stem.endswith("12")]
FIXED = "http://tempuri.org/"
"""The namespace of ApiService is the Jilin text's own, and so is that it knows no credentials but USER_ID and SIGN."""

KINDS = {"string", "int", "boolean", "dateTime", "base64Binary"}


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def path(request):
    return request.param


@pytest.fixture
def root(path):
    return etree.fromstring(path.read_bytes())


def local(name):
    return name.rpartition(":")[2]


def operations(root):
    return root.findall(f"{W}portType/{W}operation")


def message(root, name):
    return next(each for each in root.findall(f"{W}message") if each.get("name") == local(name))


def body_messages(root):
    return [message(root, each.find(W + way).get("message")) for each in operations(root) for way in ("input", "output")]


def soap(root):
    return S12 if next(root.iter(f"{S12}binding"), None) is not None else S11


def test_there_are_wsdls_and_each_has_its_soap_1_2_twin():
    assert MAIN
    assert {path.stem for path in FILES} == {path.stem for path in MAIN} | {f"{path.stem}12" for path in MAIN}


def test_w1_utf_8_with_declaration_and_without_bom(path):
    raw = path.read_bytes()
    assert re.match(rb'<\?xml version="1\.0" encoding="UTF-8"\?>', raw)
    raw.decode("utf-8")


def test_w2_one_self_contained_document(root):
    assert not [*root.iter(f"{W}import", f"{X}include", f"{X}redefine")]
    assert not [each for each in root.iter(f"{X}import") if each.get("schemaLocation")]


def test_w3_soap_versions_are_not_mixed(path, root):
    twelve = b"http://schemas.xmlsoap.org/wsdl/soap12/" in path.read_bytes()
    assert twelve == path.stem.endswith("12")
    assert twelve == (soap(root) == S12)


def test_w4_the_prefix_xsd_is_bound_at_the_root(root):
    assert root.nsmap["xsd"] == X[1:-1]


def test_w5_no_operation_is_overloaded(root):
    names = [each.get("name") for each in operations(root)]
    assert len(names) == len(set(names)) > 0


def test_w6_no_parameter_order(root):
    assert not [each for each in operations(root) if each.get("parameterOrder")]


def test_w7_one_part_called_parameters_and_headers_apart(root):
    for each in body_messages(root):
        (part,) = each.findall(f"{W}part")
        assert (part.get("name"), part.get("type")) == ("parameters", None)
        assert part.get("element")
    bodies = {each.get("name") for each in body_messages(root)}
    assert all(local(each.get("message")) not in bodies for each in root.iter(soap(root) + "header"))


def test_w8_wrappers_are_called_like_their_operation_and_hold_only_a_sequence(root):
    elements = {each.get("name"): each for each in root.iter(f"{X}schema").__next__().findall(f"{X}element")}
    for each in operations(root):
        for way, ending in (("input", ""), ("output", "Response")):
            part = message(root, each.find(W + way).get("message")).find(f"{W}part")
            assert local(part.get("element")) == each.get("name") + ending
            (kind,) = elements[each.get("name") + ending].findall(f"{X}complexType")
            assert [child.tag for child in kind] == [f"{X}sequence"]


def test_w9_document_literal_everywhere(root):
    for each in root.iter(soap(root) + "binding"):
        assert (each.get("style"), each.get("transport")) == ("document", "http://schemas.xmlsoap.org/soap/http")
    assert {each.get("style", "document") for each in root.iter(soap(root) + "operation")} == {"document"}
    assert {each.get("use") for each in root.iter(soap(root) + "body", soap(root) + "header")} == {"literal"}


def test_w10_soap_actions_are_absolute_and_unique(root):
    actions = [each.get("soapAction") for each in root.iter(soap(root) + "operation")]
    assert len(actions) == len(set(actions)) == len(operations(root))
    assert all(re.fullmatch(r"(urn|https?):\S+", each) for each in actions)
    assert all(each.startswith(root.get("targetNamespace")) for each in actions)


def test_w11_one_service_with_one_port(root):
    (service,) = root.findall(f"{W}service")
    (port,) = service.findall(f"{W}port")
    assert port.find(soap(root) + "address") is not None


def test_w12_all_types_in_the_target_namespace_qualified(root):
    (schema,) = root.findall(f"{W}types/{X}schema")
    assert (schema.get("targetNamespace"), schema.get("elementFormDefault")) == (root.get("targetNamespace"), "qualified")
    assert root.get("targetNamespace") == FIXED or not root.get("targetNamespace").endswith("/")


def test_w13_only_kinds_that_every_toolkit_knows(root):
    for each in root.iter(f"{X}element"):
        prefix, _, name = (each.get("type") or "").rpartition(":")
        if prefix and each.nsmap[prefix] == X[1:-1]:
            assert name in KINDS, each.get("name")


def test_w14_min_occurs_0_and_never_nillable(root):
    inner = [each for each in root.iter(f"{X}element") if each.getparent().tag == f"{X}sequence"]
    assert {(each.get("minOccurs"), each.get("nillable")) for each in inner} == {("0", None)}


def test_w15_sequences_only_and_lists_in_wrappers(root):
    assert not [
        *root.iter(f"{X}any", f"{X}anyAttribute", f"{X}choice", f"{X}all", f"{X}group", f"{X}attribute", f"{X}simpleType")
    ]
    for each in root.iter(f"{X}element"):
        if each.get("maxOccurs", "1") != "1":
            assert each.get("maxOccurs") == "unbounded"
            assert len(each.getparent()) == 1, f"{each.get('name')} needs a wrapper of its own"


def test_w16_a_string_payload_has_a_binary_twin(root):
    kinds = {each.get("type") for each in root.iter(f"{X}element") if each.get("name") == "payload"}
    assert kinds in (set(), {"xsd:string", "xsd:base64Binary"})


def test_w17_no_declared_faults(root):
    assert not [*root.iter(f"{W}fault")]


def test_w19_the_credentials_header_has_a_message_of_its_own_on_every_operation(root):
    if root.get("targetNamespace") == FIXED:
        assert not [*root.iter(soap(root) + "header")]
        return
    for each in root.findall(f"{W}binding/{W}operation"):
        (header,) = each.find(f"{W}input").findall(soap(root) + "header")
        assert local(header.get("message")) == "CredentialsHeader"


def test_the_twins_differ_only_in_their_soap_version():
    for path in MAIN:
        twin = path.with_name(f"{path.stem}12.wsdl").read_text(encoding="utf-8")
        ours = path.read_text(encoding="utf-8")
        as_twelve = (
            ours.replace("/wsdl/soap/", "/wsdl/soap12/").replace("soap:", "soap12:").replace("xmlns:soap=", "xmlns:soap12=")
        )
        different = [(a, b) for a, b in zip(as_twelve.splitlines(), twin.splitlines(), strict=True) if a != b]
        assert all("Soap12" in b or "SOAP 1.2" in b for _, b in different)

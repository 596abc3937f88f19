"""Lint WSDLs by the rules that let legacy clients in."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.documents.wsdls import RULES, check_wsdl

ROOT = Path(__file__).resolve().parents[2]
GOOD = (ROOT / "wsdl/platform/DataCollection.wsdl").read_text(encoding="utf-8")

BREAKS = {
    "W1": lambda t: "\ufeff" + t,
    "W2": lambda t: t.replace("<wsdl:types>", '<wsdl:import namespace="urn:x" location="x.wsdl"/><wsdl:types>', 1),
    "W3": lambda t: t.replace('xmlns:tns="', 'xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:tns="', 1),
    "W4": lambda t: t.replace("xmlns:xsd=", "xmlns:xs=").replace("xsd:", "xs:"),
    "W5": lambda t: t.replace('<wsdl:operation name="Revoke">', '<wsdl:operation name="Upload">', 1),
    "W6": lambda t: t.replace('<wsdl:operation name="Revoke">', '<wsdl:operation name="Revoke" parameterOrder="a">', 1),
    "W7": lambda t: t.replace('<wsdl:part name="parameters"', '<wsdl:part name="body"', 1),
    "W8": lambda t: t.replace('<wsdl:part name="parameters" element="tns:Upload"', '<wsdl:part name="parameters" element="tns:UploadBinary"', 1),
    "W9": lambda t: t.replace('use="literal"', 'use="encoded"', 1),
    "W10": lambda t: t.replace('soapAction="urn:', 'soapAction="/urn', 1),
    "W11": lambda t: t.replace("</wsdl:service>", '</wsdl:service><wsdl:service name="Second"/>', 1),
    "W12": lambda t: t.replace('elementFormDefault="qualified"', 'elementFormDefault="unqualified"', 1),
    "W13": lambda t: t.replace('type="xsd:int"', 'type="xsd:integer"', 1),
    "W14": lambda t: t.replace('minOccurs="0"', 'minOccurs="0" nillable="true"', 1),
    "W15": lambda t: t.replace("<xsd:sequence>", "<xsd:sequence><xsd:any/>", 1),
}  # fmt: skip


@pytest.mark.parametrize("path", sorted((ROOT / "wsdl").rglob("*.wsdl")), ids=lambda p: p.name)
def test_every_wsdl_of_ours_keeps_every_rule(path):
    assert [str(fault) for fault in check_wsdl(path, path.name)] == []


@pytest.mark.parametrize("rule", sorted(BREAKS))
def test_a_broken_rule_is_told_by_its_name(rule, tmp_path):
    broken = BREAKS[rule](GOOD)
    assert broken != GOOD, "the break found nothing to change"
    path = tmp_path / "broken.wsdl"
    path.write_text(broken, encoding="utf-8")
    assert rule in {fault.message.partition(":")[0] for fault in check_wsdl(path, path.name)}


def test_every_rule_has_a_way_to_be_broken():
    assert set(BREAKS) == set(RULES)


def test_a_file_that_is_no_xml_is_told_with_its_place(tmp_path):
    path = tmp_path / "torn.wsdl"
    path.write_text("<wsdl:definitions", encoding="utf-8")
    (fault,) = check_wsdl(path, "torn.wsdl")
    assert (fault.code, fault.line) == ("CFG-027", 1)

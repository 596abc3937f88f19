"""Say what changed in a hospital's WSDL in words a person can act on, and be silent about what callers do not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.documents.wsdlchanges import wsdl_changes

PINNED = (Path(__file__).resolve().parents[2] / "wsdl/hospital/HospitalService.wsdl").read_text(encoding="utf-8")


def told(found: str | bytes) -> list[str]:
    return wsdl_changes(PINNED.encode(), found.encode() if isinstance(found, str) else found)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text,
        lambda text: text.replace("http://localhost/HospitalService", "https://10.1.2.3/his/Service.asmx"),
        lambda text: text.replace("惠民接口医院端参考服务", "改过的说明"),
        lambda text: text.replace(">\n", ">\n\n   ").replace("<wsdl:types>", "<!-- x --><wsdl:types>"),
        lambda text: text.replace("xmlns:tns=", "xmlns:t=").replace('"tns:', '"t:').replace("xsd:", "xs:").replace("xmlns:xsd", "xmlns:xs"),
    ],
    ids=["the same", "address", "documentation", "layout", "prefixes"],
)  # fmt: skip
def test_what_callers_do_not_see_is_no_change(change):
    words = told(change(PINNED))
    assert [word for word in words if not word.startswith("其他改动")] == []


def test_the_same_wsdl_at_another_address_has_no_change_at_all():
    assert told(PINNED.replace("http://localhost/HospitalService", "https://10.1.2.3/his/Service.asmx")) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'soapAction="http://tempuri.org/HealthCardService"',
            'soapAction="urn:x"',
            ["操作 HealthCardService 的 soapAction（SOAP 1.1） 由 http://tempuri.org/HealthCardService 改为 urn:x"],
        ),
        (
            '<xsd:element name="xml" type="xsd:string" minOccurs="0"/>',
            '<xsd:element name="input" type="xsd:string"/>',
            ["操作 HealthCardService 的 请求 由 HealthCardService(xml: string) 改为 HealthCardService(input: string!)"],
        ),
        (
            '<wsdl:operation name="HealthCardService">',
            '<wsdl:operation name="PubService">',
            ["缺少操作 HealthCardService", "新增操作 PubService"],
        ),
        (
            'targetNamespace="http://tempuri.org/"',
            'targetNamespace="urn:his"',
            ["目标命名空间由 http://tempuri.org/ 改为 urn:his"],
        ),
    ],
)
def test_what_breaks_callers_is_told(old, new, words):
    assert old in PINNED
    assert told(PINNED.replace(old, new)) == words


def test_a_version_that_is_gone_is_told():
    twelve = PINNED.replace("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")
    assert any("SOAP 1.1" in word and "改为 无" in word for word in told(twelve))


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (b"", "不是 XML"),
        (b"<html><body>404</body>", "不是 XML"),
        (b"<html/>", "不是 WSDL"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "不是 XML"),
        (b"<a>" * 100 + b"</a>" * 100, "不是 XML"),
    ],
)
def test_what_is_no_wsdl_is_one_difference(found, word):
    (only,) = told(found)
    assert word in only

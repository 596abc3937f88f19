"""Write the header of an invented clinical document (WS/T 500-2016; elements by header_by_document.csv)."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from engine.documents.catalogue import DocumentType
from engine.documents.clinicaltree import OID, Element, add, coded
from engine.documents.sample_people import write_informant, write_participants, write_place, write_signer, write_signers
from engine.documents.sample_times import stamp
from engine.documents.sample_words import Plan, Visit

_GENDERS = {"1": "男性", "2": "女性"}
_KINDS = {"1": "门诊", "2": "急诊", "3": "住院"}
_ORG = {"classCode": "ORG", "determinerCode": "INSTANCE"}
_SOMETIMES = 0.15
"""How often a document has a header element that the standard does not show for its type."""


def write_header(root: Element, kind: DocumentType, visit: Visit, plan: Plan, dice: Random, *, full: bool) -> None:
    """Append everything before the body; `plan` is the type's row in types.csv, `full` writes every optional part."""
    shown = set(plan["more"].split())

    def has(part: str) -> bool:
        return full or part in shown or dice.random() < _SOMETIMES

    _head(root, kind, visit)
    if full or "nobody" not in shown:
        _patient(root, visit, plan["numbers"].split(), has, dice)
    author = add(root, "author", typeCode="AUT", contextControlCode="OP")
    add(author, "time", value=stamp(visit.authored))
    write_signer(add(author, "assignedAuthor", classCode="ASSIGNED"), visit.staff[0], f"{OID}.1.7")
    if full or "informant" in shown:
        write_informant(root, visit)
    _custodian(root, visit)
    write_signers(root, visit, plan, full=full)
    write_participants(root, visit, plan, full=full)
    if full or "service" in shown:
        _service(root, visit)
    _related(root)
    if has("encounter"):
        _encounter(root, visit, full=full)


def _head(root: Element, kind: DocumentType, visit: Visit) -> None:
    add(root, "realmCode", code="CN")
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_MT000040")
    if kind.template:
        add(root, "templateId", root=kind.template)
    add(root, "id", root=f"{OID}.1.1", extension=f"{visit.institution}-{kind.code}-{visit.serial:08d}")
    add(root, "code", code=kind.code, codeSystem=f"{OID}.2.4", codeSystemName="卫生信息共享文档规范编码体系")
    add(root, "title", kind.title)
    add(root, "effectiveTime", value=stamp(visit.written))
    coded(root, "confidentialityCode", "2.16.840.1.113883.5.25", "Confidentiality", "N", "正常访问保密级别")
    add(root, "languageCode", code="zh-CN")
    add(root, "setId")
    add(root, "versionNumber")


_Has = Callable[[str], bool]
"""Tells whether an optional part is written."""


def _patient(root: Element, visit: Visit, numbers: list[str], has: _Has, dice: Random) -> None:
    role = add(add(root, "recordTarget", typeCode="RCT", contextControlCode="OP"), "patientRole", classCode="PAT")
    for number in numbers:
        add(role, "id", root=f"{OID}.1.{number}", extension=_number(number, visit, dice))
    if has("patient-type"):
        kind = add(role, "patientType")
        coded(kind, "patienttypeCode", f"{OID}.2.3.1.271", "患者类型代码表", visit.kind, _KINDS[visit.kind])
    if has("addr"):
        _address(role, visit, use="H")
    if has("telecom"):
        add(role, "telecom", value=visit.phone)
    person = add(role, "patient", classCode="PSN", determinerCode="INSTANCE")
    _person(person, visit, has)
    if has("provider"):
        _provider(role, visit)


_LENGTHS = {"2": 17, "19": 18}
"""Digits of a health record number and of a health card number; other numbers have eight."""


def _number(number: str, visit: Visit, dice: Random) -> str:
    if number == "19":
        return visit.identity
    length = _LENGTHS.get(number, 8)
    return f"{visit.started:%y%m}{dice.randrange(10 ** (length - 4)):0{length - 4}d}"


def _person(person: Element, visit: Visit, has: _Has) -> None:
    add(person, "id", root=f"{OID}.1.3", extension=visit.identity)
    add(person, "name", visit.name)
    sex = ("生理性别代码表(GB/T 2261.1)", visit.gender, _GENDERS[visit.gender])
    coded(person, "administrativeGenderCode", f"{OID}.2.3.3.4", *sex)
    add(person, "birthTime", value=f"{visit.birth:%Y%m%d}")
    for part, code in _CODES.items():
        if has(part):
            coded(person, *code)
    if has("birthplace"):
        _address(add(person, "birthplace/place"), visit)
    if has("nationality"):
        coded(person, "nationality", f"{OID}.2.3.3.1", "世界各国和地区名称代码(GB/T 2659)", "156", "中国")
    add(person, "age", unit="岁", value=str(visit.age))
    if has("employer"):
        employer = add(person, "employerOrganization")
        add(employer, "name", "测试有限公司")
        add(employer, "telecom", value="0431-80000000")
    for part in (p for p in ("household", "native") if has(p)):
        _address(add(person, "nativePlace/place" if part == "native" else "household/place"), visit)
    if has("education"):
        coded(
            add(person, "educationLevel"), "educationLevelCode", f"{OID}.2.3.3.6", "学历代码表(GB/T 4658)", "20", "大学本科教育"
        )
    if has("occupation"):
        work = "17", "职员"
        coded(add(person, "occupation"), "occupationCode", f"{OID}.2.3.3.13", "从业状况代码表(GB/T 2261.4)", *work)


_CODES = {
    "marital": ("maritalStatusCode", f"{OID}.2.3.3.5", "婚姻状况代码表(GB/T 2261.2)", "20", "已婚"),
    "ethnic": ("ethnicGroupCode", f"{OID}.2.3.3.3", "民族类别代码表(GB 3304)", "01", "汉族"),
}


def _address(parent: Element, visit: Visit, use: str = "") -> None:
    address = add(parent, "addr", use=use)
    street, number = visit.address
    parts = {
        "houseNumber": number,
        "streetName": street,
        "township": "测试街道",
        "county": "测试区",
        "city": "长春市",
        "state": "吉林省",
        "postalCode": "130000",
    }
    for name, text in parts.items():
        add(address, name, text)


def _provider(role: Element, visit: Visit) -> None:
    department = add(role, "providerOrganization", **_ORG)
    add(department, "id", root=f"{OID}.1.26", extension="0301")
    add(department, "name", visit.ward)
    whole = add(add(department, "asOrganizationPartOf", classCode="PART"), "wholeOrganization", **_ORG)
    add(whole, "id", root=f"{OID}.1.5", extension=visit.institution)
    add(whole, "name", visit.hospital)


def _custodian(root: Element, visit: Visit) -> None:
    keeper = add(add(root, "custodian", typeCode="CST"), "assignedCustodian", classCode="ASSIGNED")
    keeper = add(keeper, "representedCustodianOrganization", **_ORG)
    add(keeper, "id", root=f"{OID}.1.5", extension=visit.institution)
    add(keeper, "name", visit.hospital)


def _service(root: Element, visit: Visit) -> None:
    event = add(root, "documentationOf/serviceEvent", classCode="ACT", moodCode="EVN")
    add(event, "code")
    period = add(event, "effectiveTime")
    add(period, "low", value=stamp(visit.started))
    add(period, "high", value=stamp(visit.authored))


def _related(root: Element) -> None:
    parent = add(add(root, "relatedDocument", typeCode="RPLC"), "parentDocument")
    add(parent, "id")
    add(parent, "setId")
    add(parent, "versionNumber")


def _encounter(root: Element, visit: Visit, *, full: bool) -> None:
    """Write the visit: when it began, when it ended if the document is younger, and where; `full` ends it at the latest now."""
    encounter = add(root, "componentOf/encompassingEncounter", classCode="ENC", moodCode="EVN")
    coded(encounter, "code", f"{OID}.2.3.1.271", "患者类型代码表", visit.kind, _KINDS[visit.kind])
    period = add(encounter, "effectiveTime")
    add(period, "low", value=stamp(visit.started))
    ended = min(visit.moments["discharged"], visit.authored)
    if full or ended < visit.authored:
        add(period, "high", value=stamp(ended))
    write_place(add(encounter, "location/healthCareFacility", classCode="SDLOC"), visit)

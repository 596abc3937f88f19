"""Write the header of an invented clinical document (WS/T 500-2016; elements by header_by_document.csv)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from random import Random
from typing import Any

from engine.documents.catalogue import DocumentType
from engine.documents.sample_tree import OID, Element, add
from engine.documents.sample_words import Visit, stamp

_GENDERS = {"1": "男性", "2": "女性"}


def write_header(root: Element, kind: DocumentType, visit: Visit, plan: Mapping[str, Any], dice: Random, *, full: bool) -> None:
    """Append everything before the body; `plan` is the type's entry in words.yaml, `full` writes every optional part."""
    _head(root, kind, visit)
    _patient(root, visit, plan, dice, full=full)
    author = add(root, "author", typeCode="AUT", contextControlCode="OP")
    add(author, "time", value=stamp(visit.authored))
    _signer(add(author, "assignedAuthor", classCode="ASSIGNED"), visit.staff[0], f"{OID}.1.7")
    if plan["informant"]:
        _informant(root, visit)
    keeper = add(root, "custodian", typeCode="CST")
    keeper = add(keeper, "assignedCustodian", classCode="ASSIGNED")
    keeper = add(keeper, "representedCustodianOrganization", classCode="ORG", determinerCode="INSTANCE")
    add(keeper, "id", root=f"{OID}.1.5", extension=visit.institution)
    add(keeper, "name", visit.hospital)
    _signers(root, visit, plan)
    _related(root)
    if full or plan["encounter"] == "always" or dice.random() < 0.5:
        _encounter(root, visit)


def _head(root: Element, kind: DocumentType, visit: Visit) -> None:
    add(root, "realmCode", code="CN")
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_MT000040")
    add(root, "templateId", root=kind.template)
    add(root, "id", root=f"{OID}.1.1", extension=f"{visit.institution}-{kind.code}-{visit.serial:08d}")
    add(root, "code", code=kind.code, codeSystem=f"{OID}.2.4", codeSystemName="卫生信息共享文档规范编码体系")
    add(root, "title", kind.title)
    add(root, "effectiveTime", value=stamp(visit.written))
    add(
        root,
        "confidentialityCode",
        code="N",
        codeSystem="2.16.840.1.113883.5.25",
        codeSystemName="Confidentiality",
        displayName="正常访问保密级别",
    )
    add(root, "languageCode", code="zh-CN")
    add(root, "setId")
    add(root, "versionNumber")


def _patient(root: Element, visit: Visit, plan: Mapping[str, Any], dice: Random, *, full: bool) -> None:
    role = add(add(root, "recordTarget", typeCode="RCT", contextControlCode="OP"), "patientRole", classCode="PAT")
    whole = full or plan["person"] == "whole"
    for oid in plan["numbers"]:
        add(role, "id", root=oid, extension=f"{visit.started:%y%m%d}{dice.randint(0, 999999):06d}")
    if full or dice.random() < 0.5:
        kind = add(role, "patientType")
        _code(kind, "patienttypeCode", f"{OID}.2.3.1.271", "患者类型代码表", "1", "门诊")
    if whole or dice.random() < 0.7:
        _address(role, visit)
        add(role, "telecom", value=visit.phone)
    person = add(role, "patient", classCode="PSN", determinerCode="INSTANCE")
    add(person, "id", root=f"{OID}.1.3", extension=visit.identity)
    add(person, "name", visit.name)
    _code(
        person, "administrativeGenderCode", f"{OID}.2.3.3.4", "生理性别代码表(GB/T 2261.1)", visit.gender, _GENDERS[visit.gender]
    )
    add(person, "birthTime", value=f"{visit.birth:%Y%m%d}")
    if whole or dice.random() < 0.4:
        _code(person, "maritalStatusCode", f"{OID}.2.3.3.5", "婚姻状况代码表(GB/T 2261.2)", "20", "已婚")
        _code(person, "ethnicGroupCode", f"{OID}.2.3.3.3", "民族类别代码表(GB 3304)", "01", "汉族")
    add(person, "age", unit="岁", value=str(visit.age))
    if whole or dice.random() < 0.3:
        education = add(person, "educationLevel")
        _code(education, "educationLevelCode", f"{OID}.2.3.3.6", "学历代码表(GB/T 4658)", "20", "大学本科教育")
        work = add(person, "occupation")
        _code(work, "occupationCode", f"{OID}.2.3.3.13", "从业状况代码表(GB/T 2261.4)", "17", "职员")
    _provider(role, visit)


def _address(role: Element, visit: Visit) -> None:
    address = add(role, "addr", use="H")
    street, number = visit.address
    parts = {
        "houseNumber": number,
        "streetName": street,
        "township": "测试街道",
        "county": "测试区",
        "city": "长春市",
        "state": "吉林省",
    }
    for name, text in (*parts.items(), ("postalCode", "130000")):
        add(address, name, text)


def _provider(role: Element, visit: Visit) -> None:
    department = add(role, "providerOrganization", classCode="ORG", determinerCode="INSTANCE")
    add(department, "id", root=f"{OID}.1.26", extension="0301")
    add(department, "name", visit.department)
    whole = add(
        add(department, "asOrganizationPartOf", classCode="PART"), "wholeOrganization", classCode="ORG", determinerCode="INSTANCE"
    )
    add(whole, "id", root=f"{OID}.1.5", extension=visit.institution)
    add(whole, "name", visit.hospital)


def _signer(entity: Element, person: tuple[str, str], oid: str, role: str = "") -> None:
    number, name = person
    add(entity, "id", root=oid, extension=number)
    if role:
        add(entity, "code", displayName=role)
    human = add(entity, "assignedPerson", classCode="PSN", determinerCode="INSTANCE")
    add(human, "name", name)
    if role:
        _code(
            add(human, "professionalTechnicalPosition"),
            "professionaltechnicalpositionCode",
            f"{OID}.2.3.1.209",
            "专业技术职务类别代码表",
            "3",
            "中级",
        )


def _informant(root: Element, visit: Visit) -> None:
    """Append who told the history: husband or wife."""
    teller = add(root, "informant/assignedEntity")
    add(teller, "id", root=f"{OID}.1.3", extension=visit.identity)
    _code(teller, "code", f"{OID}.2.3.3.8", "家庭关系代码表(GB/T 4761)", "1", "配偶")
    add(teller, "assignedPerson/name", "测试家属甲")


def _signers(root: Element, visit: Visit, plan: Mapping[str, Any]) -> None:
    legal = [("legalAuthenticator", plan["legal"])] if plan["legal"] else []
    roles = [*legal, *(("authenticator", role) for role in plan["signers"])]
    for (element, role), person in zip(roles, cycle(visit.staff[1:]), strict=False):
        signer = add(root, element, typeCode="LA") if element == "legalAuthenticator" else add(root, element)
        add(signer, "time", value=stamp(visit.authored))
        add(signer, "signatureCode")
        _signer(add(signer, "assignedEntity", classCode="ASSIGNED"), person, f"{OID}.1.4", role)


def _related(root: Element) -> None:
    parent = add(add(root, "relatedDocument", typeCode="RPLC"), "parentDocument")
    add(parent, "id")
    add(parent, "setId")
    add(parent, "versionNumber")


def _encounter(root: Element, visit: Visit) -> None:
    encounter = add(root, "componentOf/encompassingEncounter", classCode="ENC", moodCode="EVN")
    _code(encounter, "code", f"{OID}.2.3.1.271", "患者类型代码表", "1", "门诊")
    period = add(encounter, "effectiveTime")
    add(period, "low", value=stamp(visit.started))
    add(period, "high", value=stamp(visit.authored))
    place = add(encounter, "location/healthCareFacility", classCode="SDLOC")
    unit = add(place, "serviceProviderOrganization", classCode="ORG", determinerCode="INSTANCE")
    add(unit, "id", root=f"{OID}.1.26", extension="0301")
    add(unit, "name", visit.department)
    whole = add(unit, "asOrganizationPartOf/wholeOrganization", classCode="ORG", determinerCode="INSTANCE")
    add(whole, "id", root=f"{OID}.1.5", extension=visit.institution)
    add(whole, "name", visit.hospital)


def _code(parent: Element, name: str, system: str, title: str, code: str, shown: str) -> None:
    add(parent, name, code=code, codeSystem=system, codeSystemName=title, displayName=shown)

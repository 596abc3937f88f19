"""Write the 转诊（院）记录 of a referral (HSDC00.05, WS/T 483-2016 part 20) from plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from engine.documents.catalogue import DocumentType
from engine.documents.clinicaltree import DE_SYSTEM, OID, Element, add, coded, open_section, root_element, to_bytes
from engine.identity import known_region
from engine.message import SHANGHAI

REFERRAL_RECORD = "HSDC00.05"
"""The type of the document."""

_ORG = {"classCode": "ORG", "determinerCode": "INSTANCE"}
_PERSON = {"classCode": "PSN", "determinerCode": "INSTANCE"}
_GENDERS = {"0": "未知的性别", "1": "男性", "2": "女性", "9": "未说明的性别"}
_ICD = re.compile(r"[A-Z][0-9]{2}(?:[.*†+x].*)?", re.DOTALL)
_DIGITS = re.compile(r"[0-9０-９]")
_LONGEST_ID, _LONGEST_NAME, _LONGEST_ORGANISATION, _LONGEST_NUMBER = 18, 50, 70, 30


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferralPaper:
    """What the record says; a text that is "" is left out.

    `written` and `occurred` are aware, `sex` by GB/T 2261.1, `birthday` yyyy-MM-dd; `diagnoses` are (ICD-10 code, name), the code "" or any
    text of the origin's: one that is no ICD-10 code stands in the narrative only.
    """

    number: str
    institution: str
    institution_name: str
    written: datetime
    occurred: datetime
    name: str
    id_number: str
    sex: str
    birthday: str
    reason: str
    doctor_name: str
    doctor: str = ""
    mobile: str = ""
    health_card: str = ""
    to_name: str = ""
    to_department: str = ""
    diagnoses: tuple[tuple[str, str], ...] = ()
    condition: str = ""
    past_history: str = ""
    allergies: str = ""
    treatment: str = ""
    plan: str = ""
    precautions: str = ""


def referral_record(kind: DocumentType, paper: ReferralPaper) -> bytes:
    """Write the record in UTF-8, the same bytes for the same values; `kind` is the type's entry in the catalogue.

    A name or number of the patient that the type's rules do not take (digits in a name, a region that there is not) is written as unknown.
    The narrative of each section holds every text whole; an entry holds no more characters than its data element, so that a longer
    text is continued in the next entry of the same element.
    """
    root = root_element()
    _head(root, kind, paper)
    _patient(root, paper)
    _people(root, paper)
    body = add(root, "component/structuredBody")
    _history(body, paper)
    _diagnoses(body, paper)
    _reason(body, paper)
    _treatment(body, paper)
    return to_bytes(root)


def own_number(paper: ReferralPaper) -> str:
    """Give the document's own number, which names the referral."""
    return f"{paper.institution}-{REFERRAL_RECORD}-{paper.number}"


def _head(root: Element, kind: DocumentType, paper: ReferralPaper) -> None:
    add(root, "realmCode", code="CN")
    add(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_MT000040")
    add(root, "templateId", root=kind.template)
    add(root, "id", root=f"{OID}.1.1", extension=own_number(paper))
    add(root, "code", code=kind.code, codeSystem=f"{OID}.2.4", codeSystemName="卫生信息共享文档规范编码体系")
    add(root, "title", kind.title)
    add(root, "effectiveTime", value=_stamp(paper.written))
    coded(root, "confidentialityCode", "2.16.840.1.113883.5.25", "Confidentiality", "N", "正常访问保密级别")
    add(root, "languageCode", code="zh-CN")
    add(root, "setId")
    add(root, "versionNumber")


def _patient(root: Element, paper: ReferralPaper) -> None:
    role = add(add(root, "recordTarget", typeCode="RCT", contextControlCode="OP"), "patientRole", classCode="PAT")
    add(role, "id", root=f"{OID}.1.2", nullFlavor="UNK")
    if 0 < len(paper.health_card) <= _LONGEST_NUMBER:
        add(role, "id", root=f"{OID}.1.19", extension=paper.health_card)
    if paper.mobile:
        add(role, "telecom", value=paper.mobile)
    person = add(role, "patient", **_PERSON)
    known = _writable(paper.id_number)
    add(person, "id", root=f"{OID}.1.3", extension=paper.id_number) if known else add(person, "id", nullFlavor="UNK")
    fits = len(paper.name) <= _LONGEST_NAME and not _DIGITS.search(paper.name)
    add(person, "name", paper.name) if fits else add(person, "name", nullFlavor="UNK")
    sex = ("生理性别代码表(GB/T 2261.1)", paper.sex, _GENDERS.get(paper.sex, ""))
    coded(person, "administrativeGenderCode", f"{OID}.2.3.3.4", *sex)
    if paper.birthday:
        add(person, "birthTime", value=paper.birthday.replace("-", ""))


def _writable(number: str) -> bool:
    """Tell whether a number may stand as the patient's: not too long, and of a region that there is when it is of the form of a resident's."""
    resident = len(number) == _LONGEST_ID and number[:17].isascii() and number[:17].isdigit()
    return 0 < len(number) <= _LONGEST_ID and (not resident or known_region(number))


def _people(root: Element, paper: ReferralPaper) -> None:
    """Append the doctor who refers as author and as the one who signs, and the institution that keeps the record."""
    author = add(root, "author", typeCode="AUT", contextControlCode="OP")
    add(author, "time", value=_stamp(paper.written))
    _doctor(add(author, "assignedAuthor", classCode="ASSIGNED"), paper, f"{OID}.1.7")
    keeper = add(add(root, "custodian", typeCode="CST"), "assignedCustodian", classCode="ASSIGNED")
    keeper = add(keeper, "representedCustodianOrganization", **_ORG)
    add(keeper, "id", root=f"{OID}.1.5", extension=paper.institution)
    add(keeper, "name", (paper.institution_name or paper.institution)[:_LONGEST_ORGANISATION])
    signer = add(root, "authenticator")
    add(signer, "time", value=_stamp(paper.written))
    add(signer, "signatureCode")
    _doctor(add(signer, "assignedEntity", classCode="ASSIGNED"), paper, f"{OID}.1.4", "责任医生")


def _doctor(entity: Element, paper: ReferralPaper, oid: str, role: str = "") -> None:
    add(entity, "id", root=oid, extension=paper.doctor) if paper.doctor else add(entity, "id", nullFlavor="UNK")
    if role:
        add(entity, "code", displayName=role)
    add(add(entity, "assignedPerson", **_PERSON), "name", paper.doctor_name)


def _history(body: Element, paper: ReferralPaper) -> None:
    for section, text, entry in (
        (("11348-0", "HISTORY OF PAST ILLNESS", "既往史"), paper.past_history, ("DE02.10.026.00", "疾病史(含外伤)", 100)),
        (("48765-2", "Allergies, adverse reactions, alerts", "过敏史"), paper.allergies, ("DE02.10.022.00", "过敏史", 100)),
        (("11450-4", "PROBLEM LIST", "症状"), paper.condition, ("DE04.01.117.00", "症状描述", 100)),
    ):
        if text:
            _texts(open_section(body, *section, text), entry, text)


def _diagnoses(body: Element, paper: ReferralPaper) -> None:
    narrative = "\n".join(f"{name} {code}".strip() for code, name in paper.diagnoses)
    section = open_section(body, "29548-5", "Diagnosis", "诊断记录", narrative)
    for code, name in paper.diagnoses:
        if _ICD.fullmatch(code):
            kind = {"codeSystem": f"{OID}.2.3.3.11", "codeSystemName": "ICD-10（GB/T 14396）", "displayName": name}
            seen = _observation(add(section, "entry", typeCode="COMP"), "DE05.01.024.00", "疾病诊断编码")
            add(seen, "value", xsi_type="CD", code=code, **kind)


def _reason(body: Element, paper: ReferralPaper) -> None:
    told = _lines(("转诊原因", paper.reason), ("转入医疗机构", paper.to_name), ("转入科室", paper.to_department))
    section = open_section(body, "42349-1", "REASON FOR REFERRAL", "转诊原因", told)
    seen = _observation(add(section, "entry", typeCode="COMP"), "DE06.00.176.00", "转诊日期")
    add(seen, "value", xsi_type="TS", value=_stamp(paper.occurred))
    _texts(section, ("DE06.00.177.00", "转诊原因", 100), paper.reason)
    _texts(section, ("DE08.10.013.00", "转入医疗机构名称", 70), paper.to_name)
    _texts(section, ("DE08.10.026.00", "转入科室名称", 50), paper.to_department)


def _treatment(body: Element, paper: ReferralPaper) -> None:
    told = _lines(("主要治疗措施", paper.treatment), ("治疗方案", paper.plan), ("注意事项", paper.precautions))
    section = open_section(body, "18776-5", "TREATMENT PLAN", "治疗计划", told)
    _texts(section, ("DE06.00.308.00", "主要治疗措施", 1000), paper.treatment)
    _texts(section, ("DE06.00.159.00", "治疗方案", 200), paper.plan)
    _texts(section, ("DE05.10.014.00", "处置计划", 200), paper.precautions)


def _texts(section: Element, entry: tuple[str, str, int], text: str) -> None:
    """Append a text as entries of one data element, each of no more than its characters; nothing for none."""
    element, shown, longest = entry
    for start in range(0, len(text), longest):
        if part := text[start : start + longest].strip():
            add(_observation(add(section, "entry", typeCode="COMP"), element, shown), "value", part, xsi_type="ST")


def _observation(place: Element, element: str, shown: str) -> Element:
    seen = add(place, "observation", classCode="OBS", moodCode="EVN")
    add(seen, "code", code=element, displayName=shown, **DE_SYSTEM)
    return seen


def _lines(*told: tuple[str, str]) -> str:
    """Write texts one to a line under their names, without those that are empty."""
    return "\n".join(f"{shown}：{text}" for shown, text in told if text)


def _stamp(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S")

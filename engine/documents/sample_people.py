"""Write the people and places of a header: signers, the informant, participants, and where the patient lies."""

from __future__ import annotations

from itertools import cycle

from engine.documents.clinicaltree import OID, Element, add, coded
from engine.documents.sample_times import stamp
from engine.documents.sample_words import Plan, Visit, identity_number

_ORG = {"classCode": "ORG", "determinerCode": "INSTANCE"}
_PERSON = {"classCode": "PSN", "determinerCode": "INSTANCE"}
_OUTSIDERS = ("患者", "配偶")
"""Signers who are no staff: they are known by their identity number (parts 26 to 31)."""

_BED = (("22", "12床"), ("21", "305室"), ("26", ""), ("27", "第一病区"), ("5", ""))
"""Where an inpatient lies, from the bed outwards: OID of each number and its name; empty names are the visit's."""


def write_signer(entity: Element, person: tuple[str, str], oid: str, role: str = "") -> None:
    """Fill an assigned entity with number, role and name."""
    number, name = person
    add(entity, "id", root=oid, extension=number)
    if role:
        add(entity, "code", displayName=role)
    human = add(entity, "assignedPerson", **_PERSON)
    add(human, "name", name)
    if role and role not in _OUTSIDERS:
        position = add(human, "professionalTechnicalPosition")
        coded(position, "professionaltechnicalpositionCode", f"{OID}.2.3.1.209", "专业技术职务类别代码表", "3", "中级")


def write_signers(root: Element, visit: Visit, plan: Plan, *, full: bool) -> None:
    """Append who signed, in the roles of the type; `full` writes at least one of each sort."""
    legal = plan["legal"] or ("责任医生" if full else "")
    others = [role for role in plan["signers"].split(";") if role] or (["经治医师"] if full else [])
    roles = [*([("legalAuthenticator", legal)] if legal else []), *(("authenticator", role) for role in others)]
    for (element, role), person in zip(roles, cycle(visit.staff[1:]), strict=False):
        signer = add(root, element, typeCode="LA" if element == "legalAuthenticator" else "")
        add(signer, "time", value=stamp(visit.authored))
        add(signer, "signatureCode")
        entity = add(signer, "assignedEntity", classCode="ASSIGNED")
        if role in _OUTSIDERS:
            write_signer(entity, _outsider(visit, role), f"{OID}.1.3", role)
        else:
            write_signer(entity, person, f"{OID}.1.4", role)


def _outsider(visit: Visit, role: str) -> tuple[str, str]:
    """Give the patient, or a spouse of the other sex and of the same year."""
    if role == "患者":
        return visit.identity, visit.name
    return _spouse(visit)


def _spouse(visit: Visit) -> tuple[str, str]:
    order = 880 + (visit.gender == "2")
    return identity_number("220102", visit.birth, order), f"测试家属{visit.name[-2:]}"


def write_informant(root: Element, visit: Visit) -> None:
    """Append who told the history (parts 34 to 36): the spouse."""
    entity = add(root, "informant/assignedEntity", classCode="ASSIGNED")
    number, name = _spouse(visit)
    add(entity, "id", root=f"{OID}.1.3", extension=number)
    coded(entity, "code", f"{OID}.2.3.3.8", "家庭关系代码表(GB/T 4761)", "1", "配偶")
    add(add(entity, "assignedPerson", **_PERSON), "name", name)


def write_participants(root: Element, visit: Visit, plan: Plan, *, full: bool) -> None:
    """Append contact person, those who took part in a discussion, and who asked for a report; `full` a contact at least."""
    listed = [word for word in plan["participants"].split(";") if word] or (["NOT/ECON"] if full else [])
    for word in listed:
        kind, _, role = word.partition("/")
        participant = add(root, "participant", typeCode=kind)
        if kind == "PRF":
            add(participant, "time", value=stamp(visit.started))
        entity = add(participant, "associatedEntity", classCode=role)
        if kind == "NOT":
            coded(entity, "code", f"{OID}.2.3.3.8", "家庭关系代码表(GB/T 4761)", "1", "配偶")
            add(entity, "telecom", value="0431-80000001")
            add(add(entity, "associatedPerson", **_PERSON), "name", _spouse(visit)[1])
        elif kind in ("PRF", "ORG"):
            _organization(add(entity, "scopingOrganization"), visit)
        else:
            add(entity, "id", root=f"{OID}.1.4", extension=visit.staff[-1][0])
            add(add(entity, "associatedPerson", **_PERSON), "name", visit.staff[-1][1])


def _organization(unit: Element, visit: Visit) -> None:
    add(unit, "id", root=f"{OID}.1.26", extension="0301")
    add(unit, "name", visit.ward)
    whole = add(unit, "asOrganizationPartOf/wholeOrganization", **_ORG)
    add(whole, "id", root=f"{OID}.1.5", extension=visit.institution)
    add(whole, "name", visit.hospital)


def write_place(facility: Element, visit: Visit) -> None:
    """Append where the visit is: a department, or for inpatients bed, room, department, ward and institution."""
    unit = add(facility, "serviceProviderOrganization", **_ORG)
    if visit.kind != "3":
        _organization(unit, visit)
        return
    own = {"26": visit.ward, "5": visit.hospital}
    for number, name in _BED:
        if number != _BED[0][0]:
            unit = add(unit, "asOrganizationPartOf", classCode="PART")
            unit = add(unit, "wholeOrganization", **_ORG)
        add(unit, "id", root=f"{OID}.1.{number}", extension=visit.institution if number == "5" else f"0{number}1")
        add(unit, "name", name or own[number])

"""Check who a patient is: number against birth and sex, the guardian of a child, then the hospital's own file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime

from engine.hospital import HospitalReply
from engine.identity import IDENTITY_CARD, KINDS, identity_fault
from engine.message import SHANGHAI
from engine.services.appointments.asking import person_values
from engine.services.appointments.counter import Counter
from engine.services.appointments.model import Checked, Patient
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import BookingRules

_MOBILE = re.compile(r"\+?[\d-]{5,20}")
_HEALTH_CARD = "1"


def completed(patient: Patient) -> Patient:
    """Bring numbers to one form, and take birth and sex from an identity number where they are not said."""
    number = patient.id_number.strip().upper()
    values = {one.name: getattr(patient, one.name) for one in fields(patient)} | {"id_number": number}
    if patient.id_type == IDENTITY_CARD and number and not identity_fault(number):
        values["birthday"] = patient.birthday or f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
        values["sex"] = patient.sex or ("1" if int(number[16]) % 2 else "2")
    return Patient(**values)


def check_particulars(patient: Patient, rules: BookingRules, now: datetime) -> Patient:
    """Refuse particulars that are incomplete or contradict each other (SND-706), a child without guardian (SND-708)."""
    one = completed(patient)
    today = now.astimezone(SHANGHAI).date()
    born = _day(one.birthday)
    if not one.name.strip():
        raise refuse("SND-706", "请填写患者姓名。")
    if one.id_type not in KINDS:
        raise refuse("SND-706", "证件类型不正确。")
    if not _MOBILE.fullmatch(one.mobile):
        raise refuse("SND-706", "请填写患者或监护人的手机号。")
    if one.id_number and one.id_type == IDENTITY_CARD:
        _check_identity(one, today)
    if born is None or born > today:
        raise refuse("SND-706", "出生日期不正确，应为 yyyy-MM-dd。")
    if one.sex not in ("0", "1", "2", "9"):
        raise refuse("SND-706", "性别代码不正确（0 未知，1 男，2 女，9 未说明）。")
    _check_guardian(one, rules, born, today)
    return one


def _check_identity(one: Patient, today: date) -> None:
    fault = identity_fault(one.id_number, today)
    if fault:
        raise refuse("SND-706", f"身份证号码有误：{fault}。")
    if one.birthday != f"{one.id_number[6:10]}-{one.id_number[10:12]}-{one.id_number[12:14]}":
        raise refuse("SND-706", "出生日期与身份证号码不符。")
    if one.sex in ("1", "2") and one.sex != ("1" if int(one.id_number[16]) % 2 else "2"):
        raise refuse("SND-706", "性别与身份证号码不符。")


def _check_guardian(one: Patient, rules: BookingRules, born: date, today: date) -> None:
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    young = rules.guardian_age is not None and age < rules.guardian_age
    if one.id_number and not young:
        return
    guardian = one.guardian
    if not (guardian.name and guardian.id_type and guardian.id_number):
        raise refuse("SND-708")
    if guardian.id_type == IDENTITY_CARD and identity_fault(guardian.id_number.strip().upper()):
        raise refuse("SND-708", "监护人的身份证号码不正确。")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def person_of(patient: Patient) -> Mapping[str, str]:
    """Write a patient as an order keeps it, guardian included; what is empty is left out."""
    guardian = patient.guardian
    flat = {one.name: getattr(patient, one.name) for one in fields(patient) if one.name != "guardian"}
    flat |= {
        "guardian_name": guardian.name, "guardian_id_type": guardian.id_type,
        "guardian_id_number": guardian.id_number.strip().upper(),
    }  # fmt: skip
    return {name: value for name, value in flat.items() if value}


def person_key(patient: Patient) -> str:
    """Name a person for the rules and for `ListOrders`: by number, a child without one by guardian, name and birth."""
    if patient.id_number:
        return number_key(patient.id_type, patient.id_number)
    guardian = patient.guardian
    return f"child {guardian.id_type} {guardian.id_number.strip().upper()} {patient.name.strip()} {patient.birthday}"


def number_key(id_type: str, number: str) -> str:
    """Name a person by the number of an identity document."""
    return f"number {id_type} {number.strip().upper()}"


def known_at(counter: Counter, institution: str, patient: Patient) -> Checked:
    """Find a patient in the hospital's file (1003), else have one made (1002), and check the health card (1005).

    Only what the hospital offers is asked. Refused when its file disagrees (SND-707), or it cannot be asked (SND-719).
    """
    number = patient.hospital_patient
    person = person_of(patient)
    if not number and counter.offers(institution, "1003"):
        found = counter.question(institution, "1003", person_values(person))
        if found.code != "100301":
            number = str(_answered(found).get("HOSP_PATIENT_ID", ""))
    if not number and patient.health_card and counter.offers(institution, "1002"):
        made = counter.question(institution, "1002", _file_values(person))
        number = str(_answered(made).get("HOSP_PATIENT_ID", ""))
    if patient.health_card and counter.offers(institution, "1005"):
        card = {"CARD_TYPE": _HEALTH_CARD, "CARD_NO": patient.health_card}
        _answered(counter.question(institution, "1005", {**person_values(person), "HOSP_PATIENT_ID": number, **card}))
    return Checked(hospital_patient=number, health_card=patient.health_card)


def _file_values(person: Mapping[str, str]) -> Mapping[str, str]:
    return {
        "MOBILE": person.get("mobile", ""), "ADDRESS": person.get("address", ""), "HEALTH_CARD_ID": person.get("health_card", ""),
        "PARENT_ID_TYPE": person.get("guardian_id_type", ""), "PARENT_ID_CARD": person.get("guardian_id_number", ""),
        "PARENT_NAME": person.get("guardian_name", ""),
    }  # fmt: skip


def _answered(reply: HospitalReply) -> Mapping[str, object]:
    if reply.code == "0":
        return reply.values
    if reply.code in ("12", "13", "99"):
        raise refuse("SND-719", reply.message)
    raise refuse("SND-707", reply.message)

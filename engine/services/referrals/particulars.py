"""Check what an origin says of a referral before anything is looked up: what is missing, too long, or of the wrong time (SND-767, 768)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from engine.errors import SenderError
from engine.services.appointments.model import Patient
from engine.services.appointments.patients import check_particulars
from engine.services.appointments.refusals import refuse
from engine.services.appointments.rules import BookingRules
from engine.services.referrals.model import ORDINARY, URGENT, Clinical, Diagnosis, PatientSaid, ReferralWish, Sender, Target
from engine.services.referrals.rules import ReferralRules

LONGEST_REQUEST = 64
_LONGEST_TEXT, _LONGEST_WORD, _MOST = 2000, 200, 50
AHEAD = timedelta(minutes=5)
"""How far a hospital's clock may be ahead."""

_PROSE = {
    "reason": "转诊原因 reason", "condition": "病情 condition", "past_history": "既往史 pastHistory", "allergies": "过敏史 allergies",
    "treatment": "治疗经过 treatment", "plan": "治疗计划 plan", "precautions": "注意事项 precautions",
}  # fmt: skip


def check_request(request_id: str) -> None:
    """Refuse a request number that is none."""
    if not 1 <= len(request_id) <= LONGEST_REQUEST:
        raise refuse("SND-767", "requestId 应为 1 至 64 个字符。")


def check_words(name: str, text: str, *, needed: bool = True) -> str:
    """Give a text without the blanks around it; refused when it is needed and empty, or too long."""
    text = text.strip()
    if needed and not text:
        raise refuse("SND-767", f"请填写{name}。")
    if len(text) > _LONGEST_TEXT:
        raise refuse("SND-767", f"{name}最多 {_LONGEST_TEXT} 个字符。")
    return text


def check_short(*words: str) -> None:
    """Refuse codes and names that are too long."""
    if max(map(len, words), default=0) > _LONGEST_WORD:
        raise refuse("SND-767", f"代码与名称最多 {_LONGEST_WORD} 个字符。")


def check_wish(wish: ReferralWish, rules: ReferralRules, now: datetime) -> ReferralWish:
    """Give a wish with numbers in one form and without blanks around its texts; refused when particulars are missing or wrong."""
    if wish.direction not in ("up", "down") or wish.kind not in ("outpatient", "inpatient"):
        raise refuse("SND-767", "direction 应为 up 或 down，kind 应为 outpatient 或 inpatient。")
    if wish.urgency not in (ORDINARY, URGENT):
        raise refuse("SND-767", "urgency 应为 1（普通）或 2（紧急）。")
    if not wish.to.hospital:
        raise refuse("SND-767", "请填写转入机构 to/hospital。")
    clinical = _clinical(wish.clinical)
    if not wish.origin.doctor_name.strip():
        raise refuse("SND-767", "请填写转出医生姓名 origin/doctorName。")
    check_short(*_words(wish))
    if len(wish.share) > _MOST:
        raise refuse("SND-767", f"share 最多 {_MOST} 种文书类型。")
    late = check_words("补录原因 lateEntry", wish.late_entry, needed=False)
    _check_time(wish.occurred_at, late, rules, now)
    share = tuple(dict.fromkeys(one.strip() for one in wish.share if one.strip()))
    return replace(wish, clinical=clinical, patient=_patient(wish.patient, now), late_entry=late, share=share)


def _clinical(said: Clinical) -> Clinical:
    texts: dict[str, Any] = {
        name: check_words(shown, getattr(said, name), needed=name == "reason") for name, shown in _PROSE.items()
    }
    if not said.diagnoses or not all(one.name.strip() for one in said.diagnoses):
        raise refuse("SND-767", "请填写至少一项诊断，每项都要有名称 diagnoses/diagnosis/name。")
    if len(said.diagnoses) > _MOST:
        raise refuse("SND-767", f"诊断最多 {_MOST} 项。")
    return replace(said, **texts)


def _words(wish: ReferralWish) -> Iterator[str]:
    parts: tuple[Target | Sender | PatientSaid | Diagnosis, ...] = (wish.to, wish.origin, wish.patient, *wish.clinical.diagnoses)
    for part in parts:
        yield from (getattr(part, one.name) for one in fields(part))
    yield from wish.share


def _patient(said: PatientSaid, now: datetime) -> PatientSaid:
    if not said.id_number.strip():
        raise refuse("SND-767", "请填写患者的证件号码 patient/idNumber。")
    try:
        checked = check_particulars(as_patient(said), BookingRules(), now)
    except SenderError as refusal:
        raise refuse("SND-767", refusal.first.message) from None
    return replace(said, name=said.name.strip(), id_number=checked.id_number, birthday=checked.birthday, sex=checked.sex)


def as_patient(said: PatientSaid) -> Patient:
    """Write the patient of a referral as the appointments know patients."""
    return Patient(**{one.name: getattr(said, one.name) for one in fields(said)})


def _check_time(occurred: datetime | None, late: str, rules: ReferralRules, now: datetime) -> None:
    if occurred is None:
        return
    age = now - occurred
    if age < -AHEAD:
        raise refuse("SND-767", "转诊时间 occurredAt 不能晚于现在。")
    if age > timedelta(seconds=rules.late_limit):
        raise refuse("SND-767", f"最多补录 {rules.late_limit / 86400:g} 天以内的转诊。")
    if age > timedelta(seconds=rules.late_after) and not late:
        raise refuse("SND-768")

"""Make the 转诊（院）记录 of accepted referrals: written from the referral, judged and filed as an upload of its origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Lock

from engine.app.house import build_desks, load_house
from engine.documents.packing import pack_gzip
from engine.documents.referralrecord import REFERRAL_RECORD, ReferralPaper, own_number, referral_record
from engine.errors import Issue
from engine.inbound.handbook import explanation
from engine.inbound.intake import Filing, Parcel
from engine.inbound.judge import Judge, Judgement, Upload
from engine.services.institutions import Institutions, judge_custodian
from engine.services.referrals.desk import Referrals
from engine.services.referrals.model import Referral
from engine.services.referrals.notices import RECORD
from engine.services.reports.desk import Reports
from engine.settings import Settings
from engine.store.again import again
from engine.store.database import Database
from engine.store.entries import Filed
from engine.store.journal import Journal
from engine.store.sealing import Seal


class Recording:
    """The records of one worker. Its judge is made at the first record and judges one at a time, by the set of files in force."""

    def __init__(
        self, settings: Settings, database: Database, seal: Seal, reports: Reports, referrals: Referrals, root: Path
    ) -> None:
        self._settings = settings
        self._database = database
        self._institutions = Institutions(database, seal)
        self._referrals = referrals
        explain = partial(explanation, settings.public_address.rstrip("/"))
        self._filing = Filing(Journal(database, seal), build_desks(seal, reports), explain)
        self._turn = Lock()
        self._root = root
        self._judge: Judge | None = None

    def renew(self, root: Path) -> None:
        """Judge by another set of files from the next record on."""
        with self._turn:
            self._root, self._judge = root, None

    def handlers(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what is done for the errand, for the runner of a worker."""
        return {RECORD: self.make}

    def make(self, number: str) -> None:
        """Make the record of a referral, once; why one was refused is written down and told to both sides, not tried again.

        A record that was filed before its receipt was written down is filed again with the same content, and so has the same receipt.
        """
        one = self._referrals.whole(number)
        if one is None or one.record:
            return
        with self._turn:
            judgement = self._judged(paper_of(one))
        if judgement is None:
            self._referrals.recorded(number, "", f"SND-401 {REFERRAL_RECORD}")
            return
        filed = self._filed(judgement)
        if filed.status == "rejected":
            self._referrals.recorded(number, "", f"{filed.code} {filed.issues[0].message if filed.issues else ''}".strip())
        else:
            self._referrals.recorded(number, filed.receipt)

    def _judged(self, paper: ReferralPaper) -> Judgement | None:
        judge = self._judge = self._judge or self._made()
        kind = judge.press.catalogue.types.get(REFERRAL_RECORD)
        if kind is None:
            return None
        upload = Upload(
            institution=paper.institution, document_type=REFERRAL_RECORD, document_id=own_number(paper),
            payload=pack_gzip(referral_record(kind, paper)),
        )  # fmt: skip
        return judge.judge(upload)

    def _made(self) -> Judge:
        house = load_house(self._settings, self._root)
        return Judge(house.press, house.book, self._custodian, self._institutions.upload_key_of)

    def _custodian(self, caller: str, custodian: str) -> Issue | None:
        self._institutions.refresh()
        return judge_custodian(self._institutions, caller, custodian)

    def _filed(self, judgement: Judgement) -> Filed:
        parcel = Parcel(judgements=(judgement,), institution=judgement.entry.institution)
        ((filed,),) = again(self._database, lambda connection: self._filing(connection, [parcel]))
        kept: Filed = filed
        return kept


def paper_of(one: Referral) -> ReferralPaper:
    """Say what the record of a referral is to say; it is written when the referral was applied for, by the doctor who refers."""
    said, patient, sender = one.clinical, one.patient, one.origin
    return ReferralPaper(
        number=one.referral, institution=sender.hospital, institution_name=sender.hospital_name, written=one.created_at,
        occurred=one.occurred_at, name=patient.name, id_number=patient.id_number, sex=patient.sex,
        birthday=patient.birthday, mobile=patient.mobile, health_card=patient.health_card, reason=said.reason,
        doctor=sender.doctor, doctor_name=sender.doctor_name, to_name=one.to.hospital_name,
        to_department=one.to.department_name or one.to.department,
        diagnoses=tuple((each.code, each.name) for each in said.diagnoses), condition=said.condition,
        past_history=said.past_history, allergies=said.allergies, treatment=said.treatment, plan=said.plan,
        precautions=said.precautions,
    )  # fmt: skip

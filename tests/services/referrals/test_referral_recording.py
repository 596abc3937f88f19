"""The record of an accepted referral is filed as a document of its origin, once; what the monitor shows of it is masked."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from engine.app.library import bodies
from engine.app.recording import Recording
from engine.documents.sample_words import identity_number
from engine.monitor.referralarchive import ReferralArchive
from engine.monitor.referrals import Wish
from engine.services.records import record
from engine.services.referrals.model import PatientSaid
from engine.services.referrals.notices import RECORD
from engine.settings import load_settings
from tests.support.engine import ROOT
from tests.support.seals import SEAL
from tests.support.ward import CLINIC, RECEIVER

NAME, NUMBER = "测试患者甲", identity_number("220104", date(1959, 11, 27), 793)


@pytest.fixture
def accepted(ward):
    """Have a referral accepted."""
    ward.paper("NAMED", resident_id=NUMBER, resident_name=NAME, birth_date="19591127")
    one = ward.apply(patient=PatientSaid(name=NAME, id_number=NUMBER, mobile="13800000000")).referral
    ward.referrals.accept(RECEIVER, one)
    return one


def recording(ward, project=ROOT):
    return Recording(load_settings({"project": project}, {}), ward.database, SEAL, ward.reports, ward.referrals, project)


def filed(ward):
    with ward.database.read() as connection:
        return connection.execute(select(record).where(record.c.document_type == "HSDC00.05")).all()


def test_an_accepted_referral_has_its_record_in_the_library_of_its_origin_once(ward, accepted):
    (subject,) = ward.errands(RECORD)
    making = recording(ward)
    making.make(subject)
    making.make(subject)
    (row,) = filed(ward)
    shown = ward.referrals.whole(accepted)
    assert (row.institution, row.state, row.message) == (CLINIC, "current", shown.record)
    with ward.database.read() as connection:
        content = bodies(ward.database, SEAL)(connection, shown.record).decode()
    for words in (NAME, NUMBER, "需进一步检查", "E11.9", "血糖控制不佳", "测试医师", "测试卫生院"):
        assert words in content
    assert ward.told(accepted).count("record") == 1


def test_a_record_that_was_filed_before_its_receipt_was_written_down_is_the_same_one(ward, accepted, monkeypatch):
    making, kept = recording(ward), ward.referrals.recorded
    monkeypatch.setattr(ward.referrals, "recorded", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError, match="killed"):
        making.make(accepted)
    monkeypatch.setattr(ward.referrals, "recorded", kept)
    making.make(accepted)
    (row,) = filed(ward)
    assert ward.referrals.whole(accepted).record == row.message


def test_a_record_that_is_refused_is_told_in_the_history(ward, accepted, monkeypatch):
    monkeypatch.setattr("engine.app.recording.referral_record", lambda _kind, _paper: b"<ClinicalDocument/>")
    recording(ward).make(accepted)
    assert (filed(ward), ward.referrals.whole(accepted).record) == ([], "")
    (why,) = [entry.why for entry in ward.referrals.whole_history(accepted) if entry.what == "record"]
    assert why.startswith("SND-")


def test_the_monitor_sees_state_notice_and_history_and_no_name(ward, accepted):
    archive = ReferralArchive(ward.database, ward.referrals)
    found = archive.read(Wish())
    (line,) = found.lines
    assert (line.referral, line.state, line.origin, line.receiver) == (accepted, "accepted", "测试卫生院", "测试中心医院")
    assert (found.counts["accepted"], found.counts["applied"], found.overdue, found.unheard) == (1, 0, 0, 0)
    assert (line.notice, line.booking, line.due is not None) == ("waiting", "", True)
    sheet = archive.one(accepted)
    assert [each.what for each in sheet.history] == ["Apply", "Accept"]
    assert NAME not in str(found) + str(sheet)
    assert NUMBER not in str(found) + str(sheet)
    assert archive.one("none") is None
    assert archive.read(Wish(state="applied")).lines == ()
    assert archive.read(Wish(direction="up", token="nonsense")).lines == found.lines

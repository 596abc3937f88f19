"""A hospital is told of a referral by its own web service until it answers, of the latest move alone, and of nobody's name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.documents.jilin.messages import write_message
from engine.errors import TryAgain, Unavailable
from engine.hospital import HospitalReply
from engine.services.referrals.model import URGENT
from engine.services.referrals.notices import NOTICE
from engine.services.referrals.notifying import TOLD, Notifying, notice_values
from tests.support.booking import HOSPITAL
from tests.support.ward import CLINIC, ORIGIN, RECEIVER


class Answering:
    """Stand where hospitals are: what was asked is kept; `answers` gives a code or an error for each question in turn, then 0."""

    def __init__(self, *answers, offers=True):
        self.asked, self.answers, self.offered = [], list(answers), offers

    def ask(self, institution, function, values):
        write_message(function, "request", {"HOS_ID": institution, **values})
        self.asked.append((institution, function, dict(values)))
        given = self.answers.pop(0) if self.answers else "0"
        if isinstance(given, Exception):
            raise given
        now = datetime.now(UTC)
        return HospitalReply(code=given, message="", values={}, asked=now, answered=now)

    def offers(self, institution, function):
        return self.offered and (institution, function) == (HOSPITAL, TOLD)


def telling(ward, *answers, offers=True):
    hospitals = Answering(*answers, offers=offers)
    return Notifying(ward.referrals, hospitals.ask, hospitals.offers), hospitals


def seen(ward, number):
    return ward.referrals.query(ORIGIN, referral=number).notice


def test_the_receiver_is_told_once_of_an_application_and_of_nobodys_name(ward):
    one = ward.apply(slot="S1", urgency=URGENT)
    (subject,) = ward.errands(NOTICE)
    notifying, hospitals = telling(ward)
    notifying.tell(subject)
    notifying.tell(subject)
    ((institution, function, values),) = hospitals.asked
    assert (institution, function) == (HOSPITAL, TOLD)
    assert (values["REFERRAL_ID"], values["EVENT"], values["STATUS"], values["STATUS_NAME"]) == (
        one.referral,
        "Apply",
        "applied",
        "待接收",
    )
    assert (values["ROLE"], values["DIRECTION"], values["URGENCY"]) == ("receiver", "up", "2")
    assert (values["FROM_HOS_CODE"], values["FROM_HOS_NAME"], values["TO_HOS_CODE"]) == (CLINIC, "测试卫生院", HOSPITAL)
    assert values["ORDER_ID"] == one.booking.order
    assert values["DUE_TIME"] > values["EVENT_TIME"]
    assert one.patient.name not in str(values)
    assert seen(ward, one.referral) == "delivered"
    assert "notice" in ward.told(one.referral)


def test_a_hospital_that_offers_no_3001_is_told_nothing(ward):
    one = ward.apply()
    notifying, hospitals = telling(ward, offers=False)
    notifying.tell(f"{one.referral} {HOSPITAL}")
    assert (hospitals.asked, seen(ward, one.referral)) == ([], "none")
    assert ward.referrals.notice_due(one.referral, HOSPITAL) is None


@pytest.mark.parametrize(("problem", "raised"), [(Unavailable("DST-101", "没有应答"), Unavailable), ("99", TryAgain)])
def test_one_that_is_away_or_breaks_down_is_told_again(ward, problem, raised):
    one = ward.apply()
    subject = f"{one.referral} {HOSPITAL}"
    notifying, hospitals = telling(ward, problem)
    with pytest.raises(raised):
        notifying.tell(subject)
    assert seen(ward, one.referral) == "waiting"
    assert ward.referrals.notice_due(one.referral, HOSPITAL).tries == 1
    notifying.tell(subject)
    assert (len(hospitals.asked), seen(ward, one.referral)) == (2, "delivered")


@pytest.mark.parametrize(("code", "state"), [("10", "delivered"), ("300101", "refused"), ("5", "refused"), ("4711", "refused")])
def test_a_repeat_counts_as_told_and_a_refusal_is_not_told_again(ward, code, state):
    one = ward.apply()
    notifying, hospitals = telling(ward, code)
    notifying.tell(f"{one.referral} {HOSPITAL}")
    assert seen(ward, one.referral) == state
    notifying.tell(f"{one.referral} {HOSPITAL}")
    assert len(hospitals.asked) == 1


def test_what_was_not_yet_told_is_told_as_it_now_is(ward):
    one = ward.apply()
    ward.referrals.withdraw(ORIGIN, one.referral, "好转")
    notifying, hospitals = telling(ward)
    notifying.tell(f"{one.referral} {HOSPITAL}")
    assert [(values["EVENT"], values["STATUS"]) for _, _, values in hospitals.asked] == [("Withdraw", "withdrawn")]


def test_the_origin_is_told_of_the_receivers_moves(ward):
    one = ward.apply()
    ward.referrals.accept(RECEIVER, one.referral)
    due = ward.referrals.notice_due(one.referral, CLINIC)
    assert (notice_values(due)["ROLE"], notice_values(due)["EVENT"], notice_values(due)["STATUS"]) == (
        "origin",
        "Accept",
        "accepted",
    )

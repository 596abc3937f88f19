"""Read the page of referrals, the page of one, and their JSON twins, in Chinese and in English."""

import json

from engine.monitor.referrals import Wish
from tests.monitor.sample_referrals import BACK, LATE, SHEET


def test_the_page_shows_where_each_stands_and_what_is_overdue(administrator):
    body = administrator.get("/referrals").body
    for words in (
        "转诊",
        "测试县医院",
        "测试省医院",
        "心血管内科",
        "待接收",
        "上转 · 门诊",
        "紧急",
        "将超期",
        "取消待确认",
        "等待送达",
        "对方拒收",
        "2026-03-02 13:00",
    ):
        assert words in body
    assert f'href="/referrals/{LATE.referral}"' in body
    english = administrator.get("/referrals?lang=en").body
    assert "to be accepted" in english
    assert "down · inpatient" in english
    administrator.get("/referrals?lang=zh")


def test_the_list_is_chosen_by_state_and_direction_and_goes_on_page_by_page(administrator, behind):
    body = administrator.get("/referrals?state=completed&direction=down").body
    assert (BACK.referral in body, LATE.referral in body) == (True, False)
    assert "state=completed&amp;direction=down&amp;token=next-page" in body
    assert "下一页" not in administrator.get("/referrals?token=next-page").body
    administrator.get("/referrals?state=nonsense&direction=sideways")
    assert behind.wishes == [Wish(state="completed", direction="down"), Wish(token="next-page"), Wish()]


def test_an_empty_list_says_so(administrator, behind):
    behind.gone = True
    assert "没有符合条件的转诊" in administrator.get("/referrals").body


def test_one_referral_is_shown_with_its_history(viewer):
    body = viewer.get(f"/referrals/{LATE.referral}").body
    for words in (
        LATE.referral,
        "测**",
        "测试护士",
        "提醒",
        "平台",
        "期限将到",
        "20260302-ord",
        "2026-03-05 08:00",
        "20260220-old",
        "OFFICE",
    ):
        assert words in body
    assert viewer.get("/referrals/none").status == 404


def test_a_number_leads_to_its_referral(administrator):
    found = administrator.get(f"/referrals?referral={LATE.referral}")
    assert (found.status, found.headers["location"]) == (303, f"/referrals/{LATE.referral}")
    lost = administrator.get("/referrals?referral=none")
    assert (lost.status, lost.headers["location"]) == (303, "/referrals?unknown")
    assert "没有这个编号的转诊" in administrator.get("/referrals?unknown").body


def test_the_json_twins_tell_the_same(administrator):
    told = json.loads(administrator.get("/referrals?format=json").body)
    assert (told["counts"]["applied"], told["overdue"], told["lines"][0]["notice"]) == (1, 1, "waiting")
    one = json.loads(administrator.get(f"/referrals/{LATE.referral}?format=json").body)
    assert (one["line"]["state"], one["history"][1]["what"], one["order"]) == ("applied", "remind", SHEET.order)

"""Read the page of appointments and press its buttons, over an invented morning."""

import json
import re
from dataclasses import replace
from datetime import date

import pytest

from engine.monitor.booking import Booking, PoolDay
from engine.monitor.bookingchart import draw_pool
from engine.monitor.texts import TEXTS
from tests.monitor.conftest import PASSWORDS
from tests.monitor.sample_appointments import ORDER
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor

PAGE = "/appointments"


@pytest.fixture
def operator(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("operator-1", PASSWORDS["operator"]).status == 303
    return visitor


def figures(body):
    return re.findall(r'<p class="figure">([\d,]+)', body)[:5]


def test_the_page_sums_the_pool_over_all_hospitals_and_shows_one_alone(administrator, behind):
    body = administrator.get(PAGE).body
    booking = behind.booking
    assert figures(body) == [f"{booking.sum(name):,}" for name in ("free", "held", "sold", "unsure")] + ["1"]
    assert body.count('class="bar-of-day"') == 7
    one = administrator.get(f"{PAGE}?hospital=H22020002").body
    assert figures(one)[2] == f"{booking.hospitals[1].sold:,}"
    assert 'id="hospital-H22010001"' not in one
    assert administrator.get(f"{PAGE}?hospital=H9").status == 404


def test_a_hospital_that_is_away_says_so_with_the_age_of_its_figures_and_its_last_failure(administrator):
    body = administrator.get(PAGE).body
    card = re.search(r'id="hospital-H22020002">.*?</section>', body, re.DOTALL)[0]
    for words in ("不可达", "号源取得于 3 小时前", "DST-101", "操作 LockReg 多了参数 token"):
        assert words in card, words
    well = re.search(r'id="hospital-H22010001">.*?</section>', body, re.DOTALL)[0]
    for words in (
        "可达",
        "中位 0.04 秒，95% 在 0.31 秒 内",
        "1,284 次，失败 3 次",
        "DST-102 3 次",
        "2026-04-04",
        "对账差异 1 条",
    ):
        assert words in well, words


def test_orders_stand_by_state_and_those_that_wait_are_listed_without_a_person(administrator):
    body = administrator.get(PAGE).body
    table = re.search(r'<table id="orders">.*?</table>', body, re.DOTALL)[0]
    assert re.findall(r'<td class="n">(?:<[^>]*>)?([\d,]+)', table)[:9] == ["2", "1", "31", "402", "120", "44", "18", "3", "2"]
    listed = re.search(r'<ul class="list" id="unsure">.*?</ul>', body, re.DOTALL)[0]
    assert listed.count("<li>") == 3
    assert "退费待确认" in listed
    assert "连续失败 14 次" in re.search(r'<table id="work">.*?</table>', body, re.DOTALL)[0]


def test_one_order_is_found_by_its_number_and_told_event_by_event(administrator):
    assert administrator.get(f"{PAGE}?order={ORDER}").location == f"{PAGE}/orders/{ORDER}"
    body = administrator.get(f"{PAGE}/orders/{ORDER}").body
    assert len(re.findall(r"<tr><td", body)) == 4
    for words in ("测**", "2026-03-16", "上午 08:30–09:00", "30.00 元", "医院停诊，自动退费", "DST-102"):
        assert words in body, words
    assert administrator.get(f"{PAGE}?order=X1").location == f"{PAGE}?done=unknown-order"
    assert "没有这个订单号" in administrator.get(f"{PAGE}?done=unknown-order").body
    assert administrator.get(f"{PAGE}/orders/X1").status == 404


def test_the_json_twins_hold_the_same(administrator, behind):
    told = json.loads(administrator.get(f"{PAGE}?format=json").body)
    assert told["sums"]["free"] == behind.booking.sum("free")
    assert told["hospitals"][0]["days"][0]["day"] == "2026-03-14"
    assert (told["hospitals"][1]["reachable"], told["hospitals"][1]["health"]["failed"]) == (False, 65)
    assert told["orders"]["paid"] == 553
    sheet = json.loads(administrator.get(f"{PAGE}/orders/{ORDER}?format=json").body)
    assert (sheet["state"], len(sheet["moves"]), sheet["moves"][3]["code"]) == ("paid", 4, "DST-102")


@pytest.mark.parametrize(("act", "words"), [("test", "已安排测试"), ("sync", "已安排同步")])
def test_an_operator_asks_for_a_test_or_a_sync_and_is_told(operator, behind, act, words):
    token = operator.get(PAGE).token()
    answer = operator.post(f"{PAGE}/H22010001/{act}", {"token": token})
    assert (answer.status, answer.location) == (303, f"{PAGE}?done={act}")
    assert behind.acted == [(act, "H22010001", "operator-1", "127.0.0.1")]
    assert words in operator.get(answer.location).body


def test_what_may_not_be_done_is_not_done(operator, viewer, behind):
    token = operator.get(PAGE).token()
    assert operator.post(f"{PAGE}/H22010001/test", {"token": "wrong"}).status == 400
    assert operator.post(f"{PAGE}/H22010001/dance", {"token": token}).status == 404
    assert viewer.post(f"{PAGE}/H22010001/test", {"token": viewer.get(PAGE).token()}).status == 403
    assert behind.acted == []
    assert operator.post(f"{PAGE}/H9/test", {"token": token}).location == f"{PAGE}?done=gone"
    assert "立即测试" not in viewer.get(PAGE).body


def test_nobody_looks_without_signing_in(monitor):
    assert Visitor(monitor).get(PAGE).location.startswith("/?next=/appointments")
    assert Visitor(monitor).get(f"{PAGE}?format=json").status == 401


def test_a_province_without_hospitals_is_told_what_to_do(administrator, behind):
    behind.booking = Booking(now=behind.booking.now)
    assert "还没有医院接入预约" in administrator.get(PAGE).body


def test_the_page_is_whole_in_both_languages(administrator, behind):
    for address in (PAGE, f"{PAGE}?hospital=H22240003", f"{PAGE}?done=test", f"{PAGE}/orders/{ORDER}"):
        mark = "&" if "?" in address else "?"
        chinese, english = (Outline(administrator.get(f"{address}{mark}lang={lang}").body) for lang in ("zh", "en"))
        assert [tag for tag, _ in chinese.elements] == [tag for tag, _ in english.elements]
    administrator.get("/overview?lang=zh")


def test_days_are_summed_over_hospitals_and_a_debt_is_no_seat():
    day = date(2026, 3, 14)
    chart = draw_pool(
        [PoolDay(day=day, free=-2, sold=3), PoolDay(day=day, free=4, held=1), PoolDay(day=date(2026, 3, 13), free=1)]
    )
    assert [(bar.label, bar.of.free, bar.of.held, bar.of.sold) for bar in chart.bars] == [("03-13", 1, 0, 0), ("03-14", 4, 1, 3)]
    assert [piece.kind for piece in chart.bars[1].pieces] == ["sold", "held", "free"]
    assert chart.bars[1].pieces[0].y + chart.bars[1].pieces[0].height == pytest.approx(chart.base)


def test_figures_do_not_lie_about_a_debt(behind):
    card = replace(
        behind.booking.hospitals[0], days=(PoolDay(day=date(2026, 3, 14), free=-3), PoolDay(day=date(2026, 3, 15), free=2))
    )
    assert card.free == 2


def test_every_state_and_question_has_a_name():
    for state in ("locked", "booking", "booked", "paid", "fetched", "cancelled", "refunded", "failed"):
        assert f"order.{state}" in TEXTS
    for pending in ("", "lock", "unlock", "pay", "cancel", "refund", "fetch"):
        assert f"pending.{pending}" in TEXTS

"""An administrator finds a resident and settles a doubt, and reads the indicators of what hospitals reported, in a browser."""

import re

import pytest

from tests.support.browsing import examined
from tests.support.stores import hospital, new_engine

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("acceptance-residents"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine")) as made:
        yield made.start()


@pytest.fixture(scope="module")
def sent(engine):
    """Send a document, two that contradict it, and reports; gives the identity number of the person."""
    ours = hospital(engine)
    paper = ours.invent("C0002")
    ours.accepted(paper)
    text, own = paper.xml.decode(), paper.number.removeprefix("D-")
    name = re.search(r"<patient[^>]*>.*?<name>([^<]+)</name>", text, re.DOTALL)[1]
    for place, other in enumerate(("测试患者一号", "测试患者二号")):
        changed = text.replace(f"<name>{name}</name>", f"<name>{other}</name>").replace(own, f"{own}-{place}")
        ours.accepted(type(paper)(paper.kind, f"{paper.number}-{place}", changed.encode()))
    for _ in range(6):
        ours.accepted(ours.invent("OPS01"))
    return re.search(r'<patientRole.*?extension="([0-9X]{18})"', text, re.DOTALL)[1], name


def test_a_resident_is_found_revealed_and_a_doubt_settled_and_undone(page, engine, sent):
    number, name = sent
    page.click("nav a[href='/residents']")
    examined(page)
    page.fill("#value", number)
    page.press("#value", "Enter")
    page.wait_for_selector("#found")
    assert number not in page.url
    assert number not in page.inner_text("main")
    examined(page)
    page.click("#found tbody a")
    assert name not in page.inner_text("main")
    assert page.locator("#identities tbody tr").count() >= 1
    examined(page)
    page.fill("form[action$='/reveal'] input[name=reason]", "与医院电话核对")
    page.press("form[action$='/reveal'] input[name=reason]", "Enter")
    page.wait_for_selector(".note.warn:not(#lost)")
    assert name in page.inner_text("main")
    assert number in page.inner_text("main")
    examined(page)
    page.goto(f"{engine.monitor}/residents")
    page.locator("#questions input[name=reason]").first.fill("同一人改名")
    page.locator("#questions button[value=same]").first.click()
    page.wait_for_selector(".note.good")
    examined(page)
    page.locator("#merges input[name=reason]").first.fill("并错了")
    page.locator("#merges form button").first.click()
    page.wait_for_selector(".note.good")
    assert "合并已撤销" in page.inner_text(".note.good")
    assert "并错了" in page.inner_text("#merges")


def test_indicators_are_chosen_by_the_keyboard_in_english_seen_and_downloaded(page, engine, sent):
    page.goto(f"{engine.monitor}/indicators?lang=en")
    page.wait_for_selector(".chart.trend")
    examined(page)
    page.focus("#kind")
    page.keyboard.type("yearly")
    page.focus("#from")
    page.fill("#from", "")
    page.fill("#to", "")
    page.focus("form.asking button")
    page.keyboard.press("Enter")
    page.wait_for_url("**kind=year**")
    assert "Total of" in page.inner_text("main")
    examined(page)
    page.focus("#hospitals tbody th a")
    page.keyboard.press("Enter")
    page.wait_for_url("**institution=HOSP-A**")
    examined(page)
    with page.expect_download() as download:
        page.click("a[href*='format=xlsx']")
    assert download.value.suggested_filename.endswith(".xlsx")
    page.locator("#periods a[href^='/indicators/']").first.click()
    page.wait_for_selector("#versions")
    examined(page)
    page.goto(f"{engine.monitor}/indicators?lang=zh")

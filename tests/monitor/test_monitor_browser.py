"""Use the monitor in a real browser, on the screen of an old hospital PC."""

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from engine.documents.sample import sample
from tests.monitor.conftest import PASSWORDS
from tests.monitor.sample import a_calm_day

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUIET = (
    # without these a browser asks its maker's hosts at every start
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1024,768",
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        if os.environ.get("ENGINE_REQUIRE_ALL") == "1":
            pytest.fail("not on this machine: chromium, chromedriver")
        pytest.skip("not on this machine: chromium, chromedriver")
    options = Options()
    options.binary_location = program
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service(driver))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium, monitor):
    chromium.get(f"http://127.0.0.1:{monitor}/")
    chromium.delete_all_cookies()
    chromium.get(f"http://127.0.0.1:{monitor}/")
    chromium.get_log("browser")  # what an earlier page said when its monitor stopped
    return chromium


@pytest.fixture
def signed_in(browser):
    sign_in(browser, "operator")
    return browser


def sign_in(browser, role):
    browser.find_element(By.ID, "name").send_keys(f"{role}-1")
    browser.find_element(By.ID, "password").send_keys(PASSWORDS[role] + "\n")
    WebDriverWait(browser, 10).until(lambda b: b.find_elements(By.ID, "part-look"))


def tile(browser, state):
    return browser.find_element(By.CSS_SELECTOR, f'[data-tile="{state}"]').text.split()[0]


def wide(browser):
    return browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_person_signs_in_and_sees_the_tiles_without_scrolling_sideways(signed_in, behind, tmp_path):
    assert tile(signed_in, "TAKEN") == f"{behind.overview.taken_today:,}"
    assert "一份不少" in signed_in.find_element(By.CSS_SELECTOR, ".look").text
    assert wide(signed_in) == 0
    assert signed_in.save_screenshot(str(tmp_path / "overview.png"))
    assert (tmp_path / "overview.png").stat().st_size > 20_000


def test_the_policy_lets_everything_of_ours_through(signed_in):
    assert [line for line in signed_in.get_log("browser") if line["level"] == "SEVERE"] == []
    colour = signed_in.find_element(By.CSS_SELECTOR, ".bar").value_of_css_property("background-color")
    assert colour == "rgba(29, 92, 99, 1)"
    assert signed_in.find_element(By.CSS_SELECTOR, ".brand img").size["width"] == 30


def test_the_figures_change_while_one_looks(signed_in, behind):
    behind.overview = replace(behind.overview, today={**behind.overview.today, "INVALID": 4_711})
    WebDriverWait(signed_in, 20).until(lambda b: tile(b, "INVALID") == "4,711")


def test_the_page_says_when_the_engine_is_out_of_reach(signed_in, behind):
    behind.trouble = OSError("gone")
    lost = signed_in.find_element(By.ID, "lost")
    WebDriverWait(signed_in, 20).until(lambda _: lost.is_displayed())
    assert "连接中断" in lost.text
    behind.trouble = None
    WebDriverWait(signed_in, 20).until(lambda _: not lost.is_displayed())


def test_a_reason_that_is_being_written_is_not_swept_away(signed_in, behind):
    field = signed_in.find_element(By.NAME, "reason")
    field.send_keys("已电话")
    behind.overview = replace(behind.overview, today={**behind.overview.today, "INVALID": 4_712})
    signed_in.execute_async_script("setTimeout(arguments[0], 6000)")
    assert field.get_attribute("value") == "已电话"
    field.send_keys("更正\n")
    WebDriverWait(signed_in, 10).until(lambda b: b.find_elements(By.CSS_SELECTOR, ".note.good"))
    assert behind.acted[-1][0::4] == ("discard", "已电话更正")


@pytest.mark.parametrize("size", [(1024, 768), (1366, 768), (500, 900)])
def test_no_screen_is_too_narrow(signed_in, size):
    signed_in.set_window_size(*size)
    assert wide(signed_in) == 0
    signed_in.set_window_size(1024, 768)


def test_everything_can_be_reached_by_the_keyboard(signed_in, behind):
    behind.overview = a_calm_day(datetime.now(UTC))
    signed_in.refresh()
    reached = set()
    for _ in range(20):
        signed_in.switch_to.active_element.send_keys("\ue004")
        active = signed_in.switch_to.active_element
        reached.add(active.text or active.tag_name)
    assert any("总览" in text for text in reached)
    assert any("English" in text for text in reached)
    assert any("退出" in text for text in reached)


def test_english_is_one_click_away(signed_in):
    signed_in.find_element(By.LINK_TEXT, "English").click()
    WebDriverWait(signed_in, 10).until(lambda b: "Is anything lost?" in b.find_element(By.ID, "part-look").text)
    assert wide(signed_in) == 0


def test_a_wrong_password_is_told_in_plain_words(browser):
    browser.find_element(By.ID, "name").send_keys("operator-1")
    browser.find_element(By.ID, "password").send_keys("wrong-password\n")
    note = WebDriverWait(browser, 10).until(lambda b: b.find_elements(By.CSS_SELECTOR, ".note.bad"))
    assert "用户名或密码不正确" in note[0].text


def test_a_quality_report_is_chosen_seen_and_downloaded_without_scrolling_sideways(signed_in, behind):
    signed_in.find_element(By.LINK_TEXT, "质量报告").click()
    Select(signed_in.find_element(By.ID, "institution")).select_by_value("H22010001")
    signed_in.find_element(By.CSS_SELECTOR, ".asking button").click()
    table = WebDriverWait(signed_in, 10).until(lambda b: b.find_element(By.ID, "rules"))
    assert "patient.gender-code" in table.text
    some = signed_in.find_element(By.CSS_SELECTOR, ".share .some")
    assert 20 < some.rect["width"] / signed_in.find_element(By.CSS_SELECTOR, ".share").rect["width"] * 100 < 30
    assert signed_in.find_element(By.LINK_TEXT, "下载 Excel").get_attribute("href").endswith("format=xlsx")
    signed_in.find_element(By.LINK_TEXT, "涉及文档").click()
    WebDriverWait(signed_in, 10).until(lambda b: "sort=documents" in b.current_url)
    assert behind.wishes[-1].institution == "H22010001"
    for size in ((1024, 768), (1366, 768), (500, 900)):
        signed_in.set_window_size(*size)
        assert wide(signed_in) == 0
    signed_in.set_window_size(1024, 768)


def test_a_pasted_document_is_checked_and_its_caret_stands_under_the_mistake(signed_in):
    signed_in.get_log("browser")  # what earlier tests left in it
    signed_in.find_element(By.LINK_TEXT, "粘贴检查").click()
    evil = "<script>document.title='taken'</script>"
    text = sample("C0002", 7, fault="patient.gender-code").decode().replace("<title>", f"<title><![CDATA[{evil}]]>")
    field = signed_in.find_element(By.ID, "text")
    signed_in.execute_script("arguments[0].value = arguments[1]", field, text)
    signed_in.find_element(By.CSS_SELECTOR, ".paste button").click()
    verdict = WebDriverWait(signed_in, 30).until(lambda b: b.find_element(By.ID, "verdict"))
    assert "会被退回" in verdict.text
    mark = signed_in.find_element(By.CSS_SELECTOR, ".source mark")
    assert mark.text == "<"
    assert mark.is_displayed()
    assert "taken" not in signed_in.title
    for size in ((1024, 768), (1366, 768), (500, 900)):
        signed_in.set_window_size(*size)
        assert wide(signed_in) == 0
    signed_in.set_window_size(1024, 768)
    assert [line for line in signed_in.get_log("browser") if line["level"] == "SEVERE"] == []


def test_a_file_is_checked_as_it_is(signed_in, tmp_path):
    signed_in.get(signed_in.current_url.replace("/overview", "/check"))
    path = tmp_path / "visit.xml"
    path.write_bytes(sample("C0002", 7).decode().encode("gb18030"))
    signed_in.find_element(By.ID, "file").send_keys(str(path))
    signed_in.find_element(By.CSS_SELECTOR, ".paste button").click()
    verdict = WebDriverWait(signed_in, 30).until(lambda b: b.find_element(By.ID, "verdict"))
    assert "SND-221" in verdict.text

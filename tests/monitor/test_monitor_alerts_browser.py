"""Use the page of alerts in a real browser: it is calm and narrow enough, live, and its buttons work by keyboard."""

from datetime import UTC, datetime

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.monitor.sample_alerts import alerts_of
from tests.monitor.test_monitor_browser import browser, chromium, sign_in, wide  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def page(browser, monitor):  # noqa: F811 - pytest hands the fixture over by its name
    sign_in(browser, "administrator")
    browser.get(f"http://127.0.0.1:{monitor}/alerts")
    yield browser
    browser.set_window_size(1024, 768)


@pytest.mark.parametrize("size", [(1366, 768), (1024, 768), (500, 900)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_screen_is_too_narrow(page, tmp_path, size, language):
    page.set_window_size(*size)
    page.get(f"{page.current_url.split('?')[0]}?lang={language}")
    assert wide(page) == 0
    # By a script, for the stream puts a new badge into the place of the first.
    assert page.execute_script("return document.getElementById('badge').checkVisibility()")
    assert page.save_screenshot(str(tmp_path / "alerts.png"))
    assert [line for line in page.get_log("browser") if line["level"] == "SEVERE"] == []
    page.get(f"{page.current_url.split('?')[0]}?lang=zh")


@pytest.mark.parametrize(("language", "rows"), [("zh", 1), ("en", 2)])
def test_the_bar_stays_low_beside_the_badge(page, language, rows):
    page.set_window_size(1366, 768)
    page.get(f"{page.current_url.split('?')[0]}?lang={language}")
    assert page.execute_script("return document.getElementById('badge').checkVisibility()")
    assert page.execute_script("return document.querySelector('.bar-in').clientHeight") <= 55 * rows
    page.get(f"{page.current_url.split('?')[0]}?lang=zh")


def test_an_alert_that_closes_goes_while_one_looks(page, behind):
    assert len(page.find_elements(By.CSS_SELECTOR, "#open li")) == 3
    behind.alerts = alerts_of(datetime.now(UTC), calm=True)
    WebDriverWait(page, 20).until(lambda b: "目前没有报警" in b.find_element(By.ID, "part-alerts").text)


def test_one_acknowledges_by_the_keyboard_alone(page, behind):
    note = page.find_element(By.CSS_SELECTOR, "#open li:nth-child(2) input[name=reason]")
    note.send_keys("已致电信息科\n")
    WebDriverWait(page, 10).until(lambda b: b.find_elements(By.CSS_SELECTOR, ".note.good"))
    assert behind.acted[-1][0::4] == ("acknowledge", "已致电信息科")


def test_a_channel_is_tested_by_its_button(page, behind):
    page.find_element(By.CSS_SELECTOR, "#channels form button").click()
    WebDriverWait(page, 10).until(lambda b: "试发成功" in b.find_element(By.CSS_SELECTOR, ".note.good").text)
    assert behind.acted[-1][:2] == ("test-channel", "duty")

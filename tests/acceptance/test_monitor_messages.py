"""An administrator finds a refused document in the running engine, understands it, corrects it, and sets a job on the rest, in a browser."""

import re

import pytest

from tests.support.browsing import examined, signed_in
from tests.support.stores import conserved, hospital, new_engine

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("acceptance-messages"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine")) as made:
        yield made.start()


@pytest.fixture(scope="module")
def refused(engine):
    """Send three documents with a wrong code of gender and one good one; gives the receipts of the refused."""
    ours = hospital(engine)
    ours.accepted(ours.invent("C0002"))
    return [ours.rejected(ours.invent("C0002", fault="patient.gender-code"))["receipt"] for _ in range(3)]


@pytest.fixture(scope="module", params=[True, False], ids=["with-script", "without-script"])
def page(request, chromium, engine):
    with signed_in(chromium, engine, script=request.param) as made:
        yield made


def test_a_refused_document_is_found_explained_corrected_and_the_rest_replayed(page, engine, refused):
    page.click("nav a[href='/waiting']")
    assert "SND-" in page.inner_text("#stopped")
    examined(page)
    page.click("#stopped a[href^='/messages?state=INVALID']")
    examined(page)
    row = page.locator("#messages tbody tr").filter(has_not_text="已被替换").last.locator("a")
    receipt = row.inner_text()
    row.click()
    assert "patient.gender-code" in page.inner_text(".issues")
    assert page.locator(".source mark").count() >= 1
    assert page.locator("#trace tbody tr").count() >= 1
    examined(page)
    masked = page.inner_text(".sheet")
    page.fill("form[action$='/reveal'] input[name=reason]", "与医院电话核对")
    page.press("form[action$='/reveal'] input[name=reason]", "Enter")
    name = re.search(r"<patient[^>]*>.*?<name>([^<]+)</name>", page.inner_text(".sheet"), re.DOTALL)[1]
    assert name not in masked
    page.goto(f"{engine.monitor}/messages/{receipt}")
    page.fill("form[action$='/correct'] input[name=reason]", "已与医院确认")
    page.press("form[action$='/correct'] input[name=reason]", "Enter")
    text = page.input_value("#text")
    page.click("button[value=check]")
    assert "会被退回" in page.inner_text("#verdict")
    examined(page)
    page.fill("#text", re.sub(r'(<administrativeGenderCode code=)"[^"]*"', r'\1"1"', text))
    page.click("button[value=file]")
    assert "更正已提交" in page.inner_text(".note:not(#lost)")
    assert page.inner_text(".head .state") == "已路由"
    examined(page)
    page.goto(f"{engine.monitor}/waiting")
    page.click("#stopped a[href^='/waiting/messages?place=INVALID']")
    examined(page)
    page.click("form[action='/waiting/jobs'] button.main")
    # The page reloads itself while a job runs, also where there is no script.
    page.wait_for_selector("#jobs tbody tr:first-child .state.routed", timeout=60_000)
    done, total = re.search(r"(\d) / (\d)", page.inner_text("#jobs tbody tr:first-child")).groups()
    assert done == total
    examined(page)
    assert conserved(engine)


def test_everything_is_done_by_the_keyboard_in_english(page, engine, refused):
    page.goto(f"{engine.monitor}/messages?lang=en")
    page.focus("#state")
    page.keyboard.type("Invalid")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/messages?state=INVALID")
    page.focus("#messages tbody tr:first-child a")
    page.keyboard.press("Enter")
    page.wait_for_selector("#body")
    assert "Trace" in page.inner_text("main")
    examined(page)
    page.focus("form[action$='/replay'] button[name=preview]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".note:not(#lost)")
    assert "Trial" in page.inner_text(".note:not(#lost)")
    page.goto(f"{engine.monitor}/messages?lang=zh")

"""An administrator sees in one look how the running engine is, in a browser: figures of real messages, live, in both languages, by keyboard and on a phone."""

import json

import pytest

from tests.monitor.web import Visitor
from tests.support.browsing import examined, pictured
from tests.support.stores import hospital, new_engine, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("acceptance-overview"), pytest.mark.timeout(480)]


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine")) as made:
        yield made.start(wait=200)


@pytest.fixture(scope="module")
def sent(engine):
    """Send two good documents and one that is refused."""
    ours = hospital(engine)
    for _ in range(2):
        ours.accepted(ours.invent("C0002"))
    return ours.rejected(ours.invent("C0002", fault="patient.gender-code"))


@pytest.fixture(autouse=True)
def _sent_first(sent):
    """Let there be figures before anybody looks."""


def count(page, name):
    return page.inner_text(f"[data-count={name}]").removeprefix("! ")


def twin(engine):
    visitor = Visitor(int(engine.monitor.rsplit(":", 1)[1]))
    visitor.sign_in("admin", engine.password)
    return json.loads(visitor.get("/overview", accept="application/json").body)


def test_the_figures_are_those_of_what_was_sent(engine, sent):
    until(lambda: twin(engine)["destinations"] or twin(engine)["taken"] >= 3)
    told = twin(engine)
    assert told["difference"] == 0
    assert told["taken"] == told["taken_today"] == sum(told["total"].values())
    assert told["total"]["INVALID"] >= 1
    assert told["refused"] >= 1
    assert sum(hour["good"] for hour in told["hours"]) >= 2
    assert told["answering"]["p95"] is not None
    assert [one["lane"] for one in told["lanes"]] == ["live", "history"]
    (ours,) = [one for one in told["hospitals"] if one["code"] == "HOSP-A"]
    assert (ours["received"], ours["refused"], ours["troubles"]) == (told["taken"], told["total"]["INVALID"], [])


def test_every_process_shows_that_it_lives_and_one_clock_leads(engine):
    def alive():
        return {one["process"]: one for one in twin(engine)["processes"]}

    until(lambda: set(alive()) >= {"clock", "monitor", "front-1", "worker-1"} and alive()["clock"]["leads"])
    found = alive()
    assert {one["version"] for one in found.values()} == {"0.1.0"}
    assert found["front-1"]["revision"] == found["worker-1"]["revision"] != ""
    assert [name for name, one in found.items() if one["leads"]] == ["clock"]


def test_in_one_look_nothing_is_lost_and_the_refused_is_the_hospitals_turn(page):
    assert "一份不少" in page.inner_text(".look")
    assert "相等" in page.inner_text("#sum")
    pictured(page, "monitor")
    page.click(".look a[href^='/messages?state=INVALID']")
    assert page.inner_text("#messages tbody tr:first-child .state") == "无效"
    assert int(count(page, "invalid")) >= 1
    page.click("a[href='/overview']")
    page.click("#hospitals a[href='/institutions/HOSP-A']")
    assert "HOSP-A" in page.inner_text("main")


def test_every_tile_leads_to_what_it_counts(page):
    addresses = [one.get_attribute("href") for one in page.locator("#part-tiles a").all()]
    assert len(addresses) == 6
    for address in addresses:
        page.click(f"#part-tiles a[href='{address}']")
        page.wait_for_load_state()
        assert page.url.endswith(address)
        assert page.locator("#part-tiles a").count() == 6


def test_accessible_at_every_size_in_both_languages(page, engine):
    page.click(".figures > summary")
    assert page.locator("#hours tbody tr").count() == 24
    examined(page)
    page.goto(f"{engine.monitor}/overview?lang=en")
    assert "Is anything lost?" in page.inner_text(".look")
    assert "Hospitals in trouble" in page.inner_text("#part-tiles")
    examined(page)
    page.goto(f"{engine.monitor}/waiting?show=retrying&lang=zh")
    examined(page)
    page.goto(f"{engine.monitor}/codes")
    examined(page)


def test_the_keyboard_reaches_tiles_answers_and_hospitals(page):
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.locator("*:focus").first.get_attribute("href") or "")
        if reached[-1].startswith("/institutions/"):
            break
    assert "/waiting?show=dead" in reached
    assert reached[-1] == "/institutions/HOSP-A"
    page.keyboard.press("Enter")
    page.wait_for_url("**/institutions/HOSP-A")


def test_figures_change_by_themselves_also_on_other_pages(page, engine):
    if not page.scripted:
        assert page.locator("noscript").count() >= 1
        return
    ours = hospital(engine)
    page.goto(f"{engine.monitor}/codes")
    before = int(count(page, "invalid"))
    ours.rejected(ours.invent("C0002", fault="patient.gender-code"))
    page.wait_for_function(f"document.querySelector('[data-count=invalid]').textContent == '{before + 1}'", timeout=15_000)


def test_a_page_goes_on_after_the_engine_was_started_anew(page, engine):
    if not page.scripted:
        return
    port = engine.monitor.rsplit(":", 1)[1]
    before = int(count(page, "invalid"))
    engine.stop()
    page.wait_for_selector("#lost:visible", timeout=15_000)
    engine.extra = ("--monitor-port", port)
    engine.start()
    page.wait_for_selector("#lost", state="hidden", timeout=20_000)
    ours = hospital(engine)
    ours.rejected(ours.invent("C0002", fault="patient.gender-code"))
    page.wait_for_function(f"document.querySelector('[data-count=invalid]').textContent == '{before + 1}'", timeout=15_000)
    # Whoever signs out in another tab is led to the door.
    other = page.context.new_page()
    other.goto(f"{engine.monitor}/me")
    other.click("form[action='/signout'] button")
    page.wait_for_url(f"{engine.monitor}/", timeout=15_000)

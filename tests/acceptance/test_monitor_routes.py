"""An engineer pauses a route, looks at an edit and makes it current, all by the pages of the running engine; in a browser, too."""

import json
import os
import signal

import pytest

from tests.acceptance.test_reload import all_with, in_force
from tests.monitor.web import Visitor
from tests.support.browsing import examined
from tests.support.databases import STORES
from tests.support.hospital import Refused
from tests.support.project import Project
from tests.support.stores import conserved, hospital, new_engine, until

pytestmark = [pytest.mark.xdist_group("acceptance-routes"), pytest.mark.timeout(480)]

SHEET = "routes/laboratory-report/route.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return Project.copy(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module", params=STORES)
def engine(request, project, tmp_path_factory):
    """Run an engine; on PostgreSQL with two fronts."""
    many = ("--fronts", "2") if request.param == "postgresql" else ()
    with new_engine(request.param, tmp_path_factory.mktemp("engine"), *project.option, *many) as made:
        yield made.start(wait=150)


@pytest.fixture
def engineer(engine):
    visitor = Visitor(int(engine.monitor.rsplit(":", 1)[1]))
    assert visitor.sign_in("admin", engine.password).status == 303
    return visitor


def route(visitor, name="laboratory-report"):
    return next(one for one in json.loads(visitor.get("/routes?format=json").body)["routes"] if one["name"] == name)


def turned_away(ours, kind="C0007"):
    """Send a document that must be asked to come again; gives the fault, or nothing when it was taken."""
    try:
        ours.accepted(ours.invent(kind))
    except Refused as fault:
        return str(fault)
    return ""


def act(visitor, name, **form):
    token = visitor.get("/routes/laboratory-report").token()
    return visitor.post(f"/routes/laboratory-report/{name}", {"token": token, **form}).location


def test_a_paused_route_turns_its_documents_away_and_nothing_else_over_all_fronts_and_restarts(engine, engineer):
    ours = hospital(engine)
    before = [ours.accepted(ours.invent("C0007")) for _ in range(3)]
    assert act(engineer, "pause", reason="样式表有误") == "/routes/laboratory-report?done=paused"
    fronts = 2 if engine.database else 1
    # Connections go to either front; many in a row that are turned away have met both.
    until(lambda: all("ENG-503" in turned_away(ours) for _ in range(4 * fronts)))
    fault = turned_away(ours)
    assert "平台已暂停接收此类内容（路由 laboratory-report），本次内容没有保存。" in fault
    assert "请在 60 秒后重发。" in fault
    ours.accepted(ours.invent("C0002"))
    assert "ENG-503" in refused_batch(ours)
    until(lambda: all(d["state"] == "sent" for r in before for d in ours.receipt(r)["deliveries"]))
    killed = engine.children("front")
    assert len(killed) == fronts
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not set(killed) & set(engine.children("front")) and taken(ours), 120)
    assert all("ENG-503" in turned_away(ours) for _ in range(4 * fronts)), "a front that comes back knows of it from the start"
    paused = route(engineer)
    assert (paused["paused"]["by"], paused["paused"]["reason"]) == ("admin", "样式表有误")
    assert act(engineer, "resume") == "/routes/laboratory-report?done=resumed"
    until(lambda: not any(turned_away(ours) for _ in range(4 * fronts)))
    until(lambda: route(engineer)["today"]["sent"] >= 3)
    found = route(engineer)["today"]
    assert found["taken"] == found["states"]["ROUTED"] >= 3, "what was turned away is no message"
    assert 0 < found["answered"]["p50"] <= found["delivered"]["p99"]
    assert conserved(engine)


def refused_batch(ours):
    """Send a batch of which one document goes along the paused route: all of it is to come again."""
    papers = [ours.invent(kind) for kind in ("C0002", "C0007")]
    try:
        ours.batch(f"B-{papers[0].number}", papers)
    except Refused as fault:
        return str(fault)
    return ""


def taken(ours):
    try:
        return ours.accepted(ours.invent("C0002"))
    except (OSError, AssertionError, Refused):
        return ""


@pytest.fixture(autouse=True)
def patient(request):
    """Give pages that check all files their time, on a machine that others use as well; they are the same on either store."""
    if "page" in request.fixturenames:
        if request.getfixturevalue("engine").database:
            pytest.skip("the pages are the same on either store")
        request.getfixturevalue("page").set_default_timeout(120_000)


@pytest.mark.browser
def test_a_broken_edit_is_shown_at_its_line_then_mended_and_made_current_by_the_pages(page, engine, project):
    word = "甲" if page.scripted else "乙"
    before = in_force(engine)
    project.change(SHEET, "about: ", f"about: {word}")
    project.change(SHEET, "xslt/to-record.xsl", "xslt/to-recrod.xsl")
    try:
        page.click("nav a[href='/routes']")
        examined(page)
        row = page.locator("#route-laboratory-report")
        assert "文件已改" in row.inner_text()
        row.locator("a").first.click()
        assert "CFG-020" in page.inner_text("#edited .unified .said")
        examined(page)
        page.click("#edited a[href='/reload']")
        assert "有 1 个错误，不能生效" in page.inner_text("#verdict")
        assert f"{SHEET}:15:11" in page.inner_text("#faults")
        assert page.locator("#verdict form").count() == 0
        examined(page)
        assert in_force(engine) == before
    finally:
        project.change(SHEET, "xslt/to-recrod.xsl", "xslt/to-record.xsl")
    page.click("#verdict a[href='/reload']")
    assert "检查通过，1 处不同" in page.inner_text("#verdict")
    assert f"about: {word}" in page.inner_text(".unified .new")
    examined(page)
    assert in_force(engine) == before, "to look changes nothing"
    page.click("#verdict button.main")
    page.wait_for_url("**/routes?done=reloaded")
    after = in_force(engine)
    assert after != before
    until(lambda: all_with(engine, after))
    page.goto(f"{engine.monitor}/routes/laboratory-report")
    assert page.inner_text("h1").startswith(word)
    page.click(f"#history a[href*='since={before}']")
    assert word in page.inner_text("#history .unified .new")
    examined(page)
    page.goto(f"{engine.monitor}/audit")
    assert f"{before} {after}" in page.inner_text("main")
    page.goto(f"{engine.monitor}/reload")
    assert "磁盘上的文件就是现行版本" in page.inner_text("#verdict")


@pytest.mark.browser
def test_tests_are_run_and_the_route_paused_and_resumed_by_the_keyboard_in_english(page, engine):
    page.goto(f"{engine.monitor}/routes/consents?lang=en")
    page.focus("#tests button")
    page.keyboard.press("Enter")
    page.wait_for_selector("#tests .note")
    assert "all 2 cases passed" in page.inner_text("#tests .note")
    examined(page)
    page.focus("#acts input[name=reason]")
    page.keyboard.type("wrong stylesheet")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/routes/consents?done=paused")
    assert "wrong stylesheet" in page.inner_text("main")
    examined(page)
    page.goto(f"{engine.monitor}/routes")
    assert "1 paused" in page.inner_text("main")
    assert "Paused" in page.inner_text("#route-consents")
    examined(page)
    page.goto(f"{engine.monitor}/routes/consents")
    page.focus("#acts button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/routes/consents?done=resumed")
    assert "Running" in page.inner_text(".head")
    page.goto(f"{engine.monitor}/routes?lang=zh")

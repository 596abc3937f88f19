"""Every page of the monitor is sound in a browser: both languages, three sizes, without a script, by the keyboard alone, and no serious finding.

The pages are those of the monitor's own table of routes, so that a new one comes in by itself. Pictures for the README are taken on the way (`make pictures`).
"""

import pytest

from bench.monitor.pages import page_routes
from bench.proofs.monitor import fill, pages_of
from tests.monitor.web import Visitor
from tests.support.browsing import examined, pictured, signed_in
from tests.support.stores import hospital, new_engine

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

NO_HTML = {"/health", "/metrics", "/live"}
PATHS = [route.path for route in page_routes() if route.path not in NO_HTML]
PICTURES = {
    "/messages/{receipt}": "message",
    "/routes/{name}": "route",
    "/alerts": "alerts",
    "/indicators": "indicators",
}
MANY = 400
"""Things that can be reached by Tab on one page; more are not counted."""

FOCUSABLE = "a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), select, textarea, summary"


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Run an engine that keeps something of each kind."""
    with new_engine("sqlite", tmp_path_factory.mktemp("engine"), hospitals=("HOSP-Z",)) as made:
        fill(made, 600)
        made.start(wait=150)
        ours = hospital(made, "HOSP-Z")
        for kind in ("OPS01", "OPS01", "C0002"):
            ours.accepted(ours.invent(kind))
        yield made


@pytest.fixture(scope="module")
def addresses(engine):
    """Give the address of a page for each route, as links lead to it."""
    visitor = Visitor(int(engine.monitor.rsplit(":", 1)[1]))
    assert visitor.sign_in("admin", engine.password).status == 303
    pages, files, unreached = pages_of(visitor)
    assert unreached == []
    assert not set(files) & set(pages)
    return {path: engine.monitor + known[0] for path, known in pages.items()} | dict.fromkeys(files, "")


@pytest.fixture(scope="module")
def plain(chromium, engine):
    """Be an administrator whose browser runs no script."""
    with signed_in(chromium, engine, script=False) as made:
        yield made


@pytest.fixture(scope="module")
def lively(chromium, engine):
    """Be an administrator whose browser runs scripts; gives the page and what its console complains of."""
    with signed_in(chromium, engine) as made:
        complaints = []
        made.on("pageerror", lambda error: complaints.append(str(error)))
        made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        made.complaints = complaints
        yield made


def shown(page, address, language):
    """Go to a page in a language; gives its headline."""
    answer = page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
    assert answer.status == 200, address
    assert page.locator("html").get_attribute("lang") == {"zh": "zh-CN", "en": "en"}[language]
    return page.inner_text("h1")


def reached(page):
    """Go through a page by Tab alone; gives how many things were in focus, each of them to be seen."""
    page.evaluate("document.activeElement.blur()")
    count, seen = page.evaluate(f"[...document.querySelectorAll('{FOCUSABLE}')].filter(one => one.checkVisibility()).length"), 0
    for _ in range(min(count, MANY)):
        page.keyboard.press("Tab")
        seen += page.evaluate("document.activeElement !== document.body && document.activeElement.checkVisibility()")
    return seen, min(count, MANY)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_sound_at_every_size_in_both_languages_by_the_keyboard(path, lively, addresses):
    if not addresses[path]:
        pytest.skip("a file, which a browser keeps and does not show")
    lively.complaints.clear()
    headlines = {language: shown(lively, addresses[path], language) for language in ("en", "zh")}
    assert all(headlines.values()), path
    examined(lively)
    seen, there = reached(lively)
    assert there > 5
    # Of radio buttons in a group one alone is a stop.
    radios = lively.locator("input[type=radio]").count()
    assert seen >= there - radios, (path, seen, there)
    assert lively.complaints == []
    if path in PICTURES:
        lively.evaluate("scrollTo(0, 0)")
        pictured(lively, PICTURES[path])


@pytest.mark.parametrize("path", PATHS)
def test_a_page_shows_the_same_without_a_script(path, plain, lively, addresses):
    if not addresses[path]:
        pytest.skip("a file, which a browser keeps and does not show")
    assert shown(plain, addresses[path], "en") == shown(lively, addresses[path], "en")
    links = "[...document.querySelectorAll('main a')].filter(one => one.checkVisibility()).map(one => one.textContent.trim())"
    assert sorted(lively.evaluate(links)) == sorted(one.strip() for one in plain.locator("main a:visible").all_text_contents()), (
        path
    )

"""Look at the monitor in Debian's Chromium, as an administrator does: sign in, examine a page for accessibility and for width."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import TimeoutError, sync_playwright  # noqa: A004 - theirs is not the one of Python

SIZES = ((1366, 768), (1024, 768), (390, 844))
"""An old hospital PC, a small screen, a phone."""

_TOO_WIDE = """[...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > innerWidth + 0.5)
    .map(one => `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 40)}`).slice(0, 20)"""


@contextmanager
def launched():
    """Start Chromium; skips where it is not installed (required when ENGINE_REQUIRE_ALL is set, as for all that is skipped)."""
    program = shutil.which("chromium")
    if not program:
        pytest.skip("not on this machine: chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def signed_in(chromium, engine, *, script=True, name="admin"):
    """Open a page of an administrator (or of `name`) of a running engine; `page.scripted` says whether scripts run."""
    # The examiner of accessibility is a script of its own, which our policy would keep out.
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, java_script_enabled=script, bypass_csp=True)
    page = context.new_page()
    page.goto(engine.monitor)
    page.fill("#name", name)
    page.fill("#password", engine.password)
    page.press("#password", "Enter")
    page.wait_for_selector(".tiles")
    page.scripted = script
    yield page
    context.close()


def examined(page):
    """Find nothing serious at any size, and nothing that is wider than the screen; leaves the page as on an old PC."""
    if not page.scripted:
        return
    for width, height in (*SIZES[1:], SIZES[0]):
        page.set_viewport_size({"width": width, "height": height})
        try:
            page.wait_for_function("document.documentElement.scrollWidth <= document.documentElement.clientWidth", timeout=3000)
        except TimeoutError:
            pytest.fail(f"{page.url} is wider than {width}: {page.evaluate(_TOO_WIDE)}")
        serious = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        told = [(one["id"], [node["html"][:120] for node in one["nodes"]][:3]) for one in serious]
        assert told == [], (page.url, width, told)


def pictured(page, name):
    """Take a picture of a page for the README, when a folder for them is named by ENGINE_SCREENSHOTS (`make pictures`)."""
    if folder := os.environ.get("ENGINE_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"))

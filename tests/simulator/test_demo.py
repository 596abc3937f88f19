"""The demo runs on free ports, tells its stories, and what it prints can be fetched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from queue import Queue
from threading import Thread
from types import SimpleNamespace

import pytest
import requests

from tests.support.browsing import launched, signed_in
from tests.support.engine import COMMAND, ROOT

STORIES = (
    r"appointments: DEMO-HOSPITAL \(jilin, MD5\) shows \d+ free seats",
    r"appointments: booked \S+, \S+ \S* ?at DEMO-HOSPITAL-2: booked",
    r"appointments: paid \S+: paid",
    r"appointments: cancelled \S+: (cancelled|refunded)",
    r"reports: DEMO-HOSPITAL has the specimen \(S0063\): AA",
    r"reports: the portal has the resident's consent: 0",
    r"reports: DEMO-HOSPITAL publishes it \(S0063\): AA",
    r"reports: the portal finds report \S+, 已发布, 血常规: 白细胞计数 6.1 10\^9/L, 血红蛋白 110 g/L",
    r"reports: the portal finds report \S+, 已修订, 血常规: 白细胞计数 6.1 10\^9/L, 血红蛋白 120 g/L",
    r"reports: the portal asks for report \S+ again: SND-755",
    r"alerts: DEMO-HOSPITAL-2 is taken down; 3 laboratory reports",
    r"alerts: alert \d+ (delivery-waiting|destination-away) is open: 目的地 demo-hospital-2, .*DST-101",
    r"alerts: DEMO-HOSPITAL-2 is back",
    r"alerts: the queue of demo-hospital-2 is empty again",
    r"alerts: alert \d+ (delivery-waiting|destination-away) is closed: 目的地 demo-hospital-2",
    r"reports: what was told of report \S+: 已采样 \(S0063\), .*已撤回 \(S0063\)",
)
PATIENCE = 240.0


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    """Give what it says, line by line; ends with the process, and fails when nothing comes for long."""
    said: Queue[str] = Queue()

    def read() -> None:
        for line in process.stdout or ():
            said.put(line)
        said.put("")

    Thread(target=read, daemon=True).start()
    while line := said.get(timeout=PATIENCE):
        yield line


def _alert_by_the_page(said: str, part: str) -> str:
    """Look at the page of alerts as the person on duty does until the hospital is named there; gives what stands there."""
    told = dict(re.findall(r"^(monitor(?: user| password)?) +(\S+)", said, re.MULTILINE))
    at = SimpleNamespace(monitor=told["monitor"].rstrip("/,"), password=told["monitor password"])
    with launched() as browser, signed_in(browser, at, name=told["monitor user"]) as page:
        page.goto(f"{at.monitor}/alerts")
        page.wait_for_function(
            "async part => { const text = await (await fetch(location)).text();"
            " return new DOMParser().parseFromString(text, 'text/html').querySelector(part)?.textContent.includes('demo-hospital-2') }",
            arg=part, timeout=PATIENCE * 1000, polling=500,
        )  # fmt: skip
        page.reload()
        return page.inner_text(part)


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_the_demo_tells_every_story_and_its_addresses_answer(tmp_path):
    command = [*COMMAND, "demo", "--data", str(tmp_path / "demo"), "--port", "0", "--monitor-port", "0"]
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, start_new_session=True)
    said, open_stories, looked = "", set(STORIES), []
    try:
        for line in _lines(process):
            said += line
            if "is taken down" in line:
                looked.append(_alert_by_the_page(said, "#open"))
            elif re.search(r"alerts: alert \d+ \S+ is closed", line):
                looked.append(_alert_by_the_page(said, "#closed"))
            open_stories -= {story for story in open_stories if re.search(story, line)}
            if not open_stories:
                break
        assert open_stories == set(), said
        assert all("demo-hospital-2" in text for text in looked)
        assert "DST-101" in looked[0]
        assert len(looked) >= 2
        shown = "\n".join(line for line in said.splitlines() if "curl" not in line)
        addresses = re.findall(r"http://127\.0\.0\.1:\d+/[\w/?.-]*", shown)
        assert len(addresses) >= 5, said
        assert {requests.get(address, timeout=30).status_code for address in addresses} == {200}, addresses
        assert "测试患者" not in said
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        with suppress(ProcessLookupError):
            # One that was stopped while it started may have left a process that holds the pipe.
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdout:
            process.stdout.close()
    assert code == 0

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

import pytest
import requests

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


@pytest.mark.timeout(600)
def test_the_demo_tells_every_story_and_its_addresses_answer(tmp_path):
    command = [*COMMAND, "demo", "--data", str(tmp_path / "demo"), "--port", "0", "--monitor-port", "0"]
    with (tmp_path / "errors").open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, start_new_session=True)
    said, open_stories = "", set(STORIES)
    try:
        for line in _lines(process):
            said += line
            open_stories -= {story for story in open_stories if re.search(story, line)}
            if not open_stories:
                break
        assert open_stories == set(), said
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

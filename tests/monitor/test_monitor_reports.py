"""Read the page of reports and its JSON twin: progress and age of the questions to each hospital, in Chinese and in English."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from engine.monitor.reports import Asking, AskingLines, read_asking
from engine.services.reports.polling import POLL
from engine.store.database import Database
from engine.store.errands import Errands
from tests.support.databases import empty_url, url  # noqa: F401 - fixtures

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LATE = Asking(
    hospital="H1", name="长春测试医院", followed=12, running=1, due=NOW - timedelta(minutes=9), late=540.0,
    last_done=NOW - timedelta(hours=1), last_failed=NOW - timedelta(minutes=8), failures=3, error="DST-101 没有应答",
)  # fmt: skip
WELL = Asking(
    hospital="H2", name="H2", followed=0, running=0, due=None, late=0.0, last_done=NOW, last_failed=None, failures=0, error=""
)


def test_the_page_shows_each_hospital_with_what_is_overdue(administrator, behind):
    behind.asked = AskingLines(NOW, (LATE, WELL))
    body = administrator.get("/reports").body
    for words in ("报告查询", "长春测试医院", "已晚 9 分", "连续 3 次", "DST-101 没有应答", "12:00"):
        assert words in body
    assert body.count("<tr>") == 3
    english = administrator.get("/reports?lang=en").body
    assert "Residents followed" in english
    assert "3 in a row" in english
    administrator.get("/reports?lang=zh")


def test_before_the_first_question_the_page_says_so(administrator, behind):
    behind.asked = AskingLines(NOW, ())
    assert "还没有向医院查询过报告" in administrator.get("/reports").body


def test_the_json_twin_tells_the_same(administrator, behind):
    behind.asked = AskingLines(NOW, (LATE,))
    (told,) = json.loads(administrator.get("/reports?format=json").body)["hospitals"]
    assert (told["hospital"], told["followed"], told["late"], told["failures"]) == ("H1", 12, 540.0, 3)


@pytest.fixture
def monitored(url):  # noqa: F811 - pytest hands the fixture over by its name
    """Open an empty store."""
    with closing(Database(url)) as opened:
        yield opened


@pytest.mark.parametrize("overdue", [30, 3600])
def test_the_lines_are_read_from_the_errands_of_the_store(monitored, overdue):
    errands, now = Errands(monitored), datetime.now(UTC)
    errands.put(POLL, "H1 R1", "H1", now - timedelta(seconds=overdue))
    errands.put(POLL, "H1 R2", "H1", now + timedelta(hours=1))
    errands.put("order", "O1", "H1", now)
    (line,) = read_asking(monitored, lambda: {"H1": "测试医院"}).hospitals
    assert (line.name, line.followed, line.running, line.failures) == ("测试医院", 2, 0, 0)
    assert overdue <= line.late < overdue + 60
    (one,) = errands.claim(now=now, lease=60.0, room=1, limit=lambda _: 1, kinds=(POLL,))
    errands.failed(one, now, now + timedelta(seconds=5), "DST-101 没有应答")
    (line,) = read_asking(monitored, dict).hospitals
    assert (line.name, line.failures, line.error) == ("H1", 1, "DST-101 没有应答")

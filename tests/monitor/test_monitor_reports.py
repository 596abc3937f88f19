"""Read the page of reports and its JSON twin: progress and age of the questions to each hospital, in Chinese and in English."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from engine.monitor.reports import Asking, AskingLines, read_asking
from engine.services.reports.polling import POLL
from engine.store.database import Database
from engine.store.errands import Errands
from tests.services.reports.counter import OTHER, WHO, Counter
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


@pytest.fixture
def told(users):
    """Let a report be requested, released and its content come, and another be requested at another hospital; gives their numbers."""
    counter = Counter(users._database)
    one = counter.tell(10, report="BG-2026-0001", institution="H22010001", operator="测试检验员", reason="电话13912345678核对")
    counter.tell(70, 5, report="BG-2026-0001", institution="H22010001")
    counter.tell(20, 1, report="BG-2026-0001", institution="H22010001")
    counter.keep(report="BG-2026-0001", institution="H22010001", receipt="20260302-abc")
    other = counter.tell(10, form="F-9", institution="H2", person=OTHER)
    return one, other


def test_reports_are_listed_by_hospital_and_status_without_whose_they_are(administrator, behind, told):
    behind.asked = AskingLines(NOW, ())
    body = administrator.get("/reports").body
    for words in (*told, "最近变动的报告", "已发布", "已申请", "检验"):
        assert words in body, words
    for hidden in (WHO.name, WHO.identity, "BG-2026", "5.6"):
        assert hidden not in body
    assert told[1] not in administrator.get("/reports?hospital=H22010001").body
    found = json.loads(administrator.get("/reports?status=10&format=json").body)["reports"]
    assert [one["report"] for one in found] == [told[1]]
    assert "没有符合条件的报告" in administrator.get("/reports?hospital=H22010001&status=90").body


def test_a_report_is_found_by_its_hospitals_number_that_stands_in_no_address(administrator, behind, told):
    behind.asked = AskingLines(NOW, ())
    token = administrator.get("/reports").token()
    form = {"token": token, "hospital": "H22010001", "number": " BG-2026-0001 "}
    assert administrator.post("/reports", form).location == f"/reports/{told[0]}"
    for wrong in ({"hospital": "H2"}, {"number": "BG-2026-000"}, {"number": ""}):
        answer = administrator.post("/reports", form | wrong)
        assert (answer.status, "没有符合条件的报告" in answer.body) == (200, True)
    assert administrator.post("/reports", form | {"token": "of-nobody"}).status == 400


def test_one_report_shows_its_history_and_versions_and_no_content(administrator, told):
    body = administrator.get(f"/reports/{told[0]}").body
    for words in ("已申请", "已发布", "已采样", "晚到", "S0063", "C0007", "/messages/20260302-abc", "BG-****-**01", "测****"):
        assert words in body, words
    for hidden in (WHO.name, WHO.identity, "BG-2026-0001", "测试检验员", "13912345678", "白细胞计数"):
        assert hidden not in body
    found = json.loads(administrator.get(f"/reports/{told[0]}?format=json").body)
    assert [one["status"] for one in found["events"]] == [10, 70, 20, 70]
    assert "Status history" in administrator.get(f"/reports/{told[0]}?lang=en").body
    administrator.get("/reports?lang=zh")
    assert administrator.get("/reports/none").status == 404

"""The page of alerts says what is wrong, since when, why and what to do; people acknowledge and test by it; a badge is on every page."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.monitor.alertarchive import AlertArchive
from engine.monitor.tiles import badge_of
from engine.outbound.alertchannels import Channels
from engine.services.alerts.evidence import Outside
from engine.services.audit import audit
from engine.store.database import Database
from tests.monitor.conftest import PASSWORDS
from tests.monitor.sample_alerts import alerts_of
from tests.monitor.web import Visitor
from tests.support.databases import empty_url, url  # noqa: F401 - the fixtures that these tests ask for
from tests.support.watch import Watch, rule


@pytest.fixture
def operator(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("operator-1", PASSWORDS["operator"]).status == 303
    return visitor


def test_open_alerts_come_first_with_cause_cure_and_the_page_where_one_acts(administrator):
    body = administrator.get("/alerts").body
    for words in (
        "3 起", "严重", "数据目录的磁盘", "剩余 3.1 GiB，占 4.2%", "处理：清理或扩容", "operator-1 于", "已联系机房",
        "目的地 his-a", 'href="/waiting"', "DST-101", "duty 已通知", "hook 待发", 'href="/messages?institution=H22010001"',
        "免打扰 22:00–07:00：警告、提示", "少于 10%，持续 1 分", "只在页面显示", "mail.example → duty@example", "待发 2 条", "试发",
    ):  # fmt: skip
        assert words in body, words
    assert body.index("数据目录的磁盘") < body.index("目的地 his-a")
    english = administrator.get("/alerts?lang=en").body
    for words in (
        "To do: ",
        "Destination his-a",
        "66 of 120 documents",
        "Quiet hours 22:00–07:00: notices of warning, information",
    ):
        assert words in english, words
    administrator.get("/alerts?lang=zh")


def test_no_alert_is_good_news_and_no_badge(administrator, behind):
    assert 'id="badge" href="/alerts"' in administrator.get("/messages").body
    behind.alerts = alerts_of(datetime.now(UTC), calm=True)
    body = administrator.get("/alerts").body
    assert "目前没有报警" in body
    assert badge_of(behind.alert_counts()) is None


def test_the_badge_counts_the_open_ones_by_the_gravest_on_every_page_of_the_platform_only(operator, monitor, behind):
    page = operator.get("/me").body
    assert 'class="badge critical"' in page
    assert "报警 3</a>" in page
    bound = Visitor(monitor)
    bound.sign_in("institution-1", PASSWORDS["viewer"])
    assert 'id="badge"' not in bound.get("/me").body
    assert badge_of({("a", "information"): 2, ("b", "warning"): 1}).severity == "warning"


def test_a_clock_that_does_not_judge_is_told(administrator, behind):
    assert "没有在判断" not in administrator.get("/alerts").body
    now = datetime.now(UTC)
    behind.alerts = alerts_of(now, judged=now - timedelta(minutes=11))
    assert "报警已有 11 分 没有更新" in administrator.get("/alerts").body
    behind.alerts = replace(behind.alerts, lines=replace(behind.alerts.lines, judged=None))
    assert "还没有判断过报警规则" in administrator.get("/alerts").body


def test_earlier_ones_come_by_pages_that_do_not_move(administrator, behind):
    body = administrator.get("/alerts").body
    assert 'href="/alerts?before=12-3"' in body
    assert 'id="part-alerts"' in body
    earlier = administrator.get("/alerts?before=12-3").body
    assert behind.wishes[-1] == "12-3"
    assert "返回最新" in earlier
    assert 'id="part-alerts"' not in earlier


def test_the_json_twin_has_the_same_with_both_languages(administrator):
    told = json.loads(administrator.get("/alerts?format=json").body)
    first = told["open"][0]
    assert (first["rule"], first["severity"], first["subject"], first["note"]) == (
        "disk-filling",
        "critical",
        "disk",
        "已联系机房",
    )
    assert set(first["cause"]) == set(first["cure"]) == set(first["named"]) == {"zh", "en"}
    assert [one["name"] for one in told["rules"]] == ["disk-filling", "destination-away"]
    assert told["channels"][1]["error"].startswith("DST-101")
    assert (told["token"], told["stale"], told["quiet"]["severities"]) == ("12-3", False, ["warning", "information"])


def token_of(visitor):
    return visitor.get("/alerts").token()


def test_an_operator_acknowledges_with_a_note(operator, behind):
    answer = operator.post("/alerts/1/acknowledge", {"token": token_of(operator), "reason": " 已致电 信息科 "})
    assert (answer.status, answer.location) == (303, "/alerts?done=acknowledge")
    assert behind.acted == [("acknowledge", 1, "operator-1", "127.0.0.1", "已致电 信息科")]
    assert "已记下" in operator.get(answer.location).body
    behind.gone = True
    assert operator.post("/alerts/1/acknowledge", {"token": token_of(operator), "reason": "x"}).location == "/alerts?done=over"
    assert operator.post("/alerts/1/acknowledge", {"token": token_of(operator), "reason": " "}).location == "/alerts?done=note"


@pytest.mark.parametrize("path", ["/alerts/1/acknowledge", "/alerts/channels/duty/test"])
def test_a_form_of_another_page_is_refused(administrator, behind, path):
    assert administrator.post(path, {"reason": "x"}).status == 400
    assert (
        administrator.post(path, {"token": token_of(administrator), "reason": "x"}, origin="https://evil.example").status == 400
    )
    assert behind.acted == []


def test_who_may_only_look_sees_no_buttons_and_changes_nothing(viewer, operator, behind):
    body = viewer.get("/alerts").body
    assert 'name="reason"' not in body
    assert "/test" not in body
    token = viewer.get("/me").token()
    assert viewer.post("/alerts/1/acknowledge", {"token": token, "reason": "x"}).status == 403
    assert operator.post("/alerts/channels/duty/test", {"token": token_of(operator)}).status == 403
    assert behind.acted == []


def test_a_channel_is_tested_and_the_page_says_what_came_of_it(administrator, behind):
    answer = administrator.post("/alerts/channels/duty/test", {"token": token_of(administrator)})
    assert "试发成功" in administrator.get(answer.location).body
    assert behind.acted == [("test-channel", "duty", "administrator-1", "127.0.0.1")]
    behind.tested = "DST-101 连接失败：Connection refused"
    answer = administrator.post("/alerts/channels/duty/test", {"token": token_of(administrator)})
    assert answer.location == "/alerts?done=failed&why=DST-101"
    page = administrator.get(answer.location).body
    assert "试发没有成功： <b>DST-101</b> 连接不上目的系统" in page
    assert administrator.post("/alerts/channels/none/test", {"token": token_of(administrator)}).status == 404
    assert "<b><script>" not in administrator.get("/alerts?done=failed&why=<script>").body


def test_open_alerts_are_counted_for_prometheus(visitor):
    figures = visitor.get("/metrics").body
    assert 'changbai_alerts_open{rule="disk-filling",severity="critical"} 1.0' in figures
    assert 'changbai_alerts_open{rule="destination-away",severity="warning"} 1.0' in figures


def test_the_page_reads_a_real_store_and_acknowledging_is_audited(url):  # noqa: F811 - pytest hands the fixture over by its name
    with closing(Database(url)) as database:
        watch = Watch(database)
        watch.by(disk=rule("disk", severity="critical"))
        watch.outside = Outside(disk_free=1, disk_total=100)
        watch.judge()
        archive = AlertArchive(database, watch.book, lambda: (watch.rules, Channels()), lambda *_, **_more: None)
        view = archive.read("")
        assert [(one.rule, one.severity) for one in view.lines.open] == [("disk", "critical")]
        assert [one.words.zh for one in view.rules] == ["数据目录所在磁盘的剩余空间少于 10%。"]
        assert archive.counts() == {("disk", "critical"): 1}
        assert archive.acknowledge(view.lines.open[0].number, "已联系", by="op", peer="10.0.0.9")
        with database.read() as connection:
            row = connection.execute(audit.select()).one()
        assert (row.reason, row.actor, row.subject, row.peer) == (
            "alert acknowledge",
            "op",
            str(view.lines.open[0].number),
            "10.0.0.9",
        )

"""A destination goes away: one alert opens with its cause, people are told once, also while the clock and the mail server die; it ends as well."""

import json
import os
import re
import signal

import pytest
import sqlalchemy as sa

from engine.services.alerts.book import AlertBook
from engine.services.alerts.tables import notice
from tests.monitor.web import Visitor
from tests.support.databases import STORES
from tests.support.destination import Destination, http_reply, saying
from tests.support.mailbox import Mailbox
from tests.support.project import Project
from tests.support.stores import hospital, new_engine, opened, seal_of, until

pytestmark = pytest.mark.timeout(300)

ENDPOINTS = """\
archive:
  kind: http
  about: 测试用的接收方
  address: {url}
  networks: ["127.0.0.1/32"]
  deadline: 2s
"""
ALERTS = """\
monitor: https://monitor.example
channels:
  duty:
    kind: mail
    about: 值班邮箱
    host: 127.0.0.1
    port: {mail}
    security: none
    networks: ["127.0.0.1/32"]
    deadline: 3s
    from: changbai@platform.example
    recipients: [duty@platform.example]
  hook:
    kind: webhook
    about: 值班系统
    address: {hook}
    networks: ["127.0.0.1/32"]
    secret: hook-key
    deadline: 3s
rules:
  archive-late: {{ kind: waiting-age, older-than: 2s, for: 1s, to: [duty, hook], destinations: [archive] }}
  archive-away: {{ kind: breaker, severity: critical }}
"""
GONE, BACK = saying(http_reply(status="503 Service Unavailable")), saying(http_reply())


@pytest.fixture(params=STORES, scope="module")
def site(request, tmp_path_factory):
    """Run an engine whose reports go to a destination that is away, with a mail server and a webhook to tell."""
    data = tmp_path_factory.mktemp("engine")
    project = Project.copy(tmp_path_factory.mktemp("project"))
    with Destination(GONE) as archive, Destination(BACK) as hook, Mailbox() as box:
        (project.root / "config/endpoints.yaml").write_text(ENDPOINTS.format(url=archive.url), encoding="utf-8")
        (project.root / "config/alerts.yaml").write_text(ALERTS.format(mail=box.port, hook=hook.url), encoding="utf-8")
        project.add("config/engine.yaml", "alerts:\n  every: 1s\n")
        project.change("routes/laboratory-report/route.yaml", "first: 5s, longest: 10m", "first: 200ms, longest: 1s")
        with new_engine(request.param, data, *project.option) as engine:
            (data / "secrets").mkdir(exist_ok=True)
            (data / "secrets/hook-key").write_text("a-key-for-tests", encoding="utf-8")
            engine.start(180)
            yield engine, archive, hook, box
            assert engine.stop() == 0


def lines(engine):
    with opened(engine) as database:
        return AlertBook(database, seal_of(engine, database)).read()


def outcomes(engine):
    """Give what became of each notice: start or end, the channel, sent or not."""
    with opened(engine) as database, database.read() as connection:
        return sorted(tuple(row) for row in connection.execute(sa.select(notice.c.what, notice.c.channel, notice.c.outcome)))


def clocks(engine):
    """Give the process ids that clocks of this engine have signed with, the dead ones too."""
    names = [path.name for path in (engine.data / "figures").glob("process-clock-*")]
    return [int(re.fullmatch(r"process-clock-([0-9]+)-[0-9]+", name)[1]) for name in names]


def test_the_story_of_one_outage(site):
    engine, archive, hook, box = site
    ours = hospital(engine)
    for _ in range(6):
        paper = ours.invent("C0007")
        assert ours.upload(paper)["status"] == "accepted"
    until(lambda: {one.rule for one in lines(engine).open} == {"archive-late", "archive-away"})
    late = next(one for one in lines(engine).open if one.rule == "archive-late")
    assert (late.subject, late.severity) == ("destination archive", "warning")
    assert "DST-103" in late.cause.zh
    (mail,) = box.wait(1)
    assert mail.mail["Subject"] == "[长白] 警告 报警：目的地 archive"
    assert "https://monitor.example/waiting" in mail.text
    until(lambda: len(hook.requests) == 1)

    visitor = Visitor(int(engine.monitor.rpartition(":")[2]))
    assert visitor.sign_in("admin", engine.password).status == 303
    body = visitor.get("/alerts").body
    assert "目的地 archive" in body
    assert 'class="badge critical"' in body
    posted = visitor.post(f"/alerts/{late.number}/acknowledge", {"token": visitor.get("/alerts").token(), "reason": "已联系对方"})
    assert posted.location == "/alerts?done=acknowledge"
    figures = visitor.get("/metrics").body
    assert 'changbai_alerts_open{rule="archive-late",severity="warning"} 1.0' in figures
    assert "archive-late" in engine.command("alerts")

    box.close()
    (clock,) = clocks(engine)
    os.kill(clock, signal.SIGKILL)
    archive.act = BACK
    until(lambda: not lines(engine).open)
    closed = json.loads(visitor.get("/alerts?format=json").body)["closed"]
    assert sorted(one["rule"] for one in closed) == ["archive-away", "archive-late"]
    assert next(one for one in closed if one["rule"] == "archive-late")["note"] == "已联系对方"
    until(lambda: len(hook.requests) == 2)
    box.open()
    (_, end) = box.wait(2)
    assert end.mail["Subject"] == "[长白] 警告 恢复：目的地 archive"
    assert [json.loads(one.body)["notices"][0]["what"] for one in hook.requests] == ["start", "end"]
    until(lambda: outcomes(engine) == [(what, name, "sent") for what in ("end", "start") for name in ("duty", "hook")])
    assert (len(box.taken), len(hook.requests)) == (2, 2), "nobody was told twice"
    assert len(archive.requests) >= 12, "what waited was delivered"


def test_a_channel_is_tested_by_command_and_by_page(site):
    engine, _, hook, box = site
    before = len(box.taken)
    assert "duty: the test was taken" in engine.command("alerts", "--test", "duty")
    assert "试发" in box.wait(before + 1)[-1].text
    visitor = Visitor(int(engine.monitor.rpartition(":")[2]))
    assert visitor.sign_in("admin", engine.password).status == 303
    page = visitor.get("/alerts")
    assert visitor.post("/alerts/channels/hook/test", {"token": page.token()}).location == "/alerts?done=tested"
    assert json.loads(hook.requests[-1].body)["notices"][0]["rule"] == "test"
    audited = json.loads(visitor.get("/audit?format=json").body)
    assert "alert test" in json.dumps(audited)

"""See what stands still by its cause, and act on all of one cause by a job with preview, progress and a way to stop it."""

import json
import re
from contextlib import closing

import pytest

from engine.app import bulk
from engine.app.bulk import BulkJobs
from engine.app.replay import Line, NotReplayed, Replay
from engine.documents.sample import sample
from engine.errors import TryAgain
from engine.monitor.reading import Archive
from engine.monitor.waitingarchive import WaitingArchive
from engine.store import jobs
from engine.store.causes import dead_count, stopped_count
from engine.store.errands import Errands
from engine.store.journal import Journal
from engine.store.queue import Queue
from tests.monitor.conftest import PASSWORDS
from tests.monitor.kept import archive, audited, behind, dead, file, held, room  # noqa: F401 # fixtures
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.store.conftest import database, url  # noqa: F401 # the same empty databases as the store's own tests
from tests.store.samples import invalid, later
from tests.support.seals import SEAL

# ruff: noqa: F811 - pytest hands fixtures over by their names

AWAY = "/waiting/deliveries?place=referral-hospital&code=DST-201"


@pytest.fixture
def operator(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("operator-1", PASSWORDS["operator"]).status == 303
    return visitor


def trouble(archive, number=3):
    for n in range(number):
        dead(archive, f"D{n}")
    dead(archive, "L1", "regional-lab", "DST-101")
    file(archive, held("E1"), held("E2", received=later(5)), invalid("I1", "i", received=later(9)))


def begin(visitor, kind, place="referral-hospital", code="DST-201", **form):
    token = visitor.get("/waiting").token()
    return visitor.post("/waiting/jobs", {"token": token, "kind": kind, "place": place, "code": code, **form})


def newest(archive):
    with archive.database.read() as connection:
        return jobs.latest(connection, SEAL, 1)[0]


def test_each_cause_stands_with_its_number_and_age_under_its_destination(operator, archive):
    trouble(archive)
    body = operator.get("/waiting").body
    rows = [re.sub(r"<[^>]+>", " ", row) for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)]
    assert any("referral-hospital" in row and "已终止 3" in " ".join(row.split()) for row in rows)
    assert any("DST-201" in row and " 3 " in " ".join(row.split()) for row in rows)
    assert any("DST-101" in row and " 1 " in " ".join(row.split()) for row in rows)
    assert any("ENG-000" in row and " 2 " in " ".join(row.split()) for row in rows)
    assert 'href="/messages?state=INVALID&amp;code=SND-414"' in body
    assert body.count(AWAY.replace("&", "&amp;")) == 1
    assert 'http-equiv="refresh"' not in body


def test_the_json_twin_tells_the_same(operator, archive):
    trouble(archive)
    told = json.loads(operator.get("/waiting?format=json").body)
    assert [(one["destination"], one["state"], one["code"], one["count"]) for one in told["deliveries"]] == [
        ("referral-hospital", "DEAD", "DST-201", 3), ("regional-lab", "DEAD", "DST-101", 1),
    ]  # fmt: skip
    assert {(one["state"], one["code"], one["count"]) for one in told["messages"]} == {
        ("ERROR", "ENG-000", 2),
        ("INVALID", "SND-414", 1),
    }
    assert told["jobs"] == []


def test_nothing_waiting_is_good_news(operator, archive):
    body = operator.get("/waiting").body
    assert "没有等待中的投递" in body
    assert "没有退回或出错的消息" in body


def test_before_anything_is_done_one_sees_how_many_and_which(operator, archive):
    trouble(archive, 12)
    body = operator.get(AWAY).body
    for words in ("共 12 个", "全部重试（12）", "全部丢弃（12）", "最早的 10 个", "对方答复：缺少转入科室代码"):
        assert words in body
    assert body.count('href="/messages/') == 10
    assert json.loads(operator.get(f"{AWAY}&format=json").body)["total"] == 12
    error = operator.get("/waiting/messages?place=ERROR&code=ENG-000").body
    assert "全部重放（2）" in error
    assert "全部丢弃（2）" in error
    refused = operator.get("/waiting/messages?place=INVALID&code=SND-414").body
    assert "全部重放（1）" in refused
    assert "全部丢弃" not in refused
    assert "已经没有待处理的了" in operator.get("/waiting/messages?place=INVALID&code=SND-999").body
    assert operator.get("/waiting/others?place=x&code=y").status == 404


def test_a_job_is_begun_once_with_its_errand_and_its_audit_row(operator, archive):
    trouble(archive)
    assert begin(operator, "retry").location == "/waiting?done=begun"
    assert begin(operator, "retry").location == "/waiting?done=running"
    body = operator.get("/waiting?done=begun").body
    for words in ("成批处理进度", "0 / 3", "进行中", "operator-1", "停止", 'http-equiv="refresh" content="5'):
        assert words in body
    (one,) = Errands(archive.database).claim(now=newest(archive).begun, lease=9.0, room=9, limit=lambda _: 9, kinds=(jobs.JOB,))
    assert one.subject == str(newest(archive).number)
    assert [row[:3] for row in audited(archive)] == [("changed", "job retry", "operator-1")]
    assert begin(operator, "retry", code="DST-999").location == "/waiting?done=running"


def test_discarding_all_asks_for_a_reason(operator, archive):
    trouble(archive)
    assert begin(operator, "discard", reason="  ").location == "/waiting?done=reason"
    assert begin(operator, "discard", reason="医院已停用").location == "/waiting?done=begun"
    assert newest(archive).reason == "医院已停用"
    assert begin(operator, "explode").status == 404
    assert begin(operator, "discard-messages", "INVALID", "SND-414", reason="x").status == 404


def test_a_job_under_way_is_stopped_once(operator, archive):
    trouble(archive)
    begin(operator, "retry")
    token, number = operator.get("/waiting").token(), newest(archive).number
    assert operator.post(f"/waiting/jobs/{number}/cancel", {"token": token}).location == "/waiting?done=cancelled"
    assert operator.post(f"/waiting/jobs/{number}/cancel", {"token": token}).location == "/waiting?done=over"
    assert operator.post("/waiting/jobs/999/cancel", {"token": token}).location == "/waiting?done=over"
    assert "已停止" in operator.get("/waiting").body


def test_who_only_looks_sees_but_does_nothing(viewer, archive):
    trouble(archive)
    body = viewer.get("/waiting").body
    assert "DST-201" in body
    assert "成批处理" not in body
    assert viewer.get(AWAY).status == 403
    assert begin(viewer, "retry").status == 403
    assert viewer.post("/waiting/jobs/1/cancel", {"token": viewer.get("/waiting").token()}).status == 403
    assert audited(archive) == []


def test_another_sessions_form_and_a_link_do_nothing(operator, visitor, archive):
    trouble(archive)
    form = {"token": "x", "kind": "retry", "place": "referral-hospital", "code": "DST-201"}
    assert operator.post("/waiting/jobs", form).status == 400
    assert operator.post("/waiting/jobs/1/cancel", {"token": ""}).status == 400
    assert visitor.post("/waiting/jobs", form).status == 303
    assert operator.get("/waiting/jobs/1/cancel").status == 405
    assert audited(archive) == []


def test_what_others_sent_is_shown_as_text_and_a_store_away_is_told(operator, archive, behind):
    evil = '"><script>alert(1)</script>'
    dead(archive, "X", evil, evil)
    file(archive, invalid("I", "i", code=evil))
    for path in (
        "/waiting",
        f"/waiting/deliveries?place={evil}&code={evil}".replace(" ", "%20").replace('"', "%22"),
        f"/waiting?done={evil[2:]}",
    ):
        body = operator.get(path).body
        assert "<script>alert" not in body

    def away():
        raise TryAgain("away", retry_after=3)

    object.__setattr__(behind.kept["standing"], "read", away)
    assert operator.get("/waiting").status == 503


@pytest.mark.parametrize("path", ["/waiting", AWAY, "/waiting?lang=en", f"{AWAY}&lang=en"])
def test_the_pages_are_well_formed_in_both_languages(operator, archive, path):
    trouble(archive)
    begin(operator, "retry", "regional-lab", "DST-101")
    outline = Outline(operator.get(path).body)
    for tag, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag in ("input", "progress") and attributes.get("type") != "hidden":
            assert attributes.get("aria-label")
    operator.get("/waiting?lang=zh")


# -- the work itself, on both stores


@pytest.fixture
def store(database):
    return Archive(database, Journal(database, SEAL), Queue(database, SEAL))


def begun(store, kind, place="referral-hospital", code="DST-201", reason="医院已停用"):
    return store_source(store).begin(kind, place, code, reason, by="operator-1", peer="127.0.0.1")


def store_source(store):
    return WaitingArchive(store.database, store.journal, store.queue)


def count(store, place="referral-hospital", code="DST-201"):
    with store.database.read() as connection:
        return dead_count(connection, place, code)


def worker(store, replay=None):
    return closing(BulkJobs(store.database, SEAL, lambda: replay))


@pytest.mark.parametrize(
    ("kind", "state", "event"), [("retry", "QUEUED", "revived"), ("discard", "DISCARDED", "delivery-discarded")]
)
def test_a_job_acts_on_all_of_its_cause_and_on_nothing_else(store, monkeypatch, kind, state, event):
    monkeypatch.setattr(bulk, "STEP", 2)
    receipts = [dead(store, f"D{n}")[0] for n in range(5)]
    dead(store, "L1", "regional-lab", "DST-101")
    number = begun(store, kind)
    with worker(store) as working:
        assert working.run(str(number)) is None
        assert working.run(str(number)) is None
    one = newest(store)
    assert (one.state, one.done, one.passed, one.total) == ("done", 5, 0, 5)
    assert (count(store), count(store, "regional-lab", "DST-101")) == (0, 1)
    with store.database.read() as connection:
        for receipt in receipts:
            found = store.journal.find(connection, None, receipt=receipt)
            assert (found.deliveries[0].state, found.events[-1].what) == (state, event)
            assert "operator-1" in found.events[-1].detail
    assert [row[1] for row in audited(store)] == [f"job {kind}", f"job {kind} done"]


def test_those_that_die_while_a_job_runs_are_not_its_own(store):
    for n in range(3):
        dead(store, f"D{n}")
    number = begun(store, "retry")
    dead(store, "LATE")
    with worker(store) as working:
        working.run(str(number))
    assert (newest(store).done, newest(store).state, count(store)) == (3, "done", 1)


def test_what_somebody_else_settled_meanwhile_is_counted_apart(store):
    _, number_of_one = dead(store, "D1")
    dead(store, "D2")
    number = begun(store, "discard")
    with store.database.write() as connection:
        assert store.queue.revive(connection, number_of_one, "me")
    with worker(store) as working:
        working.run(str(number))
    assert (newest(store).done, newest(store).state) == (1, "done")


def test_a_cancelled_job_does_nothing_more(store):
    dead(store, "D1")
    number = begun(store, "retry")
    assert store_source(store).cancel(number, by="x", peer="")
    with worker(store) as working:
        assert working.run(str(number)) is None
    assert (newest(store).state, newest(store).done, count(store)) == ("cancelled", 0, 1)


def test_held_messages_are_discarded_with_the_reason(store):
    receipts = file(store, held("E1"), held("E2", received=later(5)))
    file(store, held("E3", code="ENG-001"))
    number = begun(store, "discard-messages", "ERROR", "ENG-000")
    with worker(store) as working:
        working.run(str(number))
    with store.database.read() as connection:
        assert stopped_count(connection, "ERROR", "ENG-000", later(99)) == 0
        assert stopped_count(connection, "ERROR", "ENG-001", later(99)) == 1
        assert "医院已停用" in store.journal.find(connection, None, receipt=receipts[0]).events[-1].detail


class Walking:
    """Walk as a replay does, and note it; what it is told to refuse it refuses."""

    def __init__(self, store, refuse=(), then=lambda _: None):
        self.store, self.refuse, self.then, self.walked = store, refuse, then, []

    def walk(self, receipt, *, preview, by):
        assert not preview
        self.walked.append((receipt, by))
        self.then(len(self.walked))
        if receipt in self.refuse:
            raise NotReplayed("x")
        return Line(receipt=receipt, before="ERROR ENG-000", after="ROUTED 0")


def test_a_replay_walks_each_message_once_in_the_order_they_came(store, monkeypatch):
    monkeypatch.setattr(bulk, "STEP", 2)
    receipts = file(store, *(held(f"E{n}", received=later(n)) for n in range(5)))
    number = begun(store, "replay", "ERROR", "ENG-000", "")
    walking = Walking(store, refuse=(receipts[3],))
    with worker(store, walking) as working:
        assert working.run(str(number)) is None
    assert walking.walked == [(receipt, "operator-1") for receipt in receipts]
    assert (newest(store).state, newest(store).done, newest(store).passed) == ("done", 4, 1)


def test_a_replay_that_is_stopped_ends_after_the_message_in_hand_and_tells_how_far_it_came(store):
    file(store, *(held(f"E{n}", received=later(n)) for n in range(6)))
    number = begun(store, "replay", "ERROR", "ENG-000", "")

    def stop(walked):
        if walked == 3:
            store_source(store).cancel(number, by="x", peer="")

    walking = Walking(store, then=stop)
    with worker(store, walking) as working:
        assert working.run(str(number)) is None
    assert (len(walking.walked), newest(store).state, newest(store).done) == (3, "cancelled", 3)
    assert [row[1] for row in audited(store)] == ["job replay", "job cancel"]


def test_a_long_job_lets_others_go_first(store, monkeypatch):
    monkeypatch.setattr(bulk, "STEP", 1)
    monkeypatch.setattr(bulk, "_TURN", 0.0)
    for n in range(2):
        dead(store, f"D{n}")
    number = begun(store, "retry")
    with worker(store) as working:
        turns = 1
        while working.run(str(number)) is not None:
            turns += 1
    assert turns == 3
    assert newest(store).done == 2


def test_real_messages_are_replayed_with_the_real_routes(archive, room):
    receipts = file(archive, held("E1"), held("E2", received=later(5), content=sample("C0002", 2, "H22010001")))
    number = begun(archive, "replay", "ERROR", "ENG-000", "")
    with worker(archive, Replay(room.settings, archive.database, SEAL, room.house)) as working:
        assert working.run(str(number)) is None
    with archive.database.read() as connection:
        states = [archive.journal.find(connection, None, receipt=receipt).facts.state for receipt in receipts]
    assert states == ["ROUTED", "ROUTED"]
    assert (newest(archive).done, newest(archive).total) == (2, 2)

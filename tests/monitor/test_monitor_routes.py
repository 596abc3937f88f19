"""The pages of routes: figures of each, the diagram and prose of one, its file with lint, its tests, pause and resume, revisions."""

import asyncio
import json
import re
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest

from engine.app.checking import endpoint_names
from engine.app.house import DESKS, press_for
from engine.channels.book import check_folder
from engine.channels.trial import run_tests_of
from engine.monitor.routearchive import RouteArchive
from engine.monitor.routes import LintRoute, RoutesSource, RunTests
from engine.monitor.turns import Busy
from engine.store.entries import Order
from engine.store.queue import Settlement
from engine.store.revisions import keep_revision
from tests.monitor.conftest import PASSWORDS, TYPES
from tests.monitor.kept import archive, audited, file, room  # noqa: F401 # fixtures
from tests.monitor.test_monitor_pages import Outline
from tests.store.samples import entry, invalid
from tests.support.project import Project
from tests.support.seals import SEAL

SHEET = "routes/laboratory-report/route.yaml"
EVIL = "<script>alert(1)</script>"


class Worker:
    """The thread of a room, doing what the monitor's process does for routes; `busy` turns everybody away."""

    def __init__(self, room, project):  # noqa: F811 - a fixture by its name
        self.room, self.project, self.busy = room, project, None
        self.begun = []

    def place(self):
        if self.busy:
            raise self.busy
        return nullcontext()

    async def do(self, work):
        self.begun.append(work)
        return await asyncio.wrap_future(self.room.thread.submit(self._do, work))

    def _do(self, work):
        house = self.room.house
        if isinstance(work, RunTests):
            return run_tests_of(house.book, house.press, work.route, self.project)
        press = press_for(self.room.settings, self.project, house.press)
        return check_folder(self.project, work.route, press, endpoint_names(self.project), DESKS)


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    """Copy the files of this checkout, where a person edits them."""
    return Project.copy(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(copied):
    """Give the copy; what a test edits is put back afterwards."""
    kept = {path: path.read_bytes() for path in (copied.root / "routes" / "laboratory-report").rglob("*") if path.is_file()}
    yield copied
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.fixture
def worker(room, project):  # noqa: F811 - a fixture by its name
    return Worker(room, project.root)


@pytest.fixture
def behind(behind, archive, room, project, worker):  # noqa: F811 - fixtures by their names
    """Put the routes of this checkout behind the pages, in force, and a copy of their files on disk."""
    ours = RouteArchive(archive.database, SEAL, lambda: room.house.book, project.root)
    behind.kept = {
        "routes": RoutesSource(
            read=ours.read, known=ours.known, edited=ours.edited, one=ours.one, pause=ours.pause, resume=ours.resume, tested=ours.tested,
            worker=worker, types=TYPES,
        ),
    }  # fmt: skip
    return behind


@pytest.fixture
def engineer(visitor):
    assert visitor.sign_in("engineer-1", PASSWORDS["engineer"]).status == 303
    return visitor


def twin(visitor, path):
    return json.loads(visitor.get(f"{path}{'&' if '?' in path else '?'}format=json").body)


def route(visitor, name="laboratory-report"):
    return next(one for one in twin(visitor, "/routes")["routes"] if one["name"] == name)


def traffic(archive):  # noqa: F811 - a fixture by its name
    """File what came along the route of laboratory reports: eight good ones, two refused, one delivery sent, one waiting, one dead."""
    now, named = datetime.now(UTC), {"route": "laboratory-report", "document_type": "C0007"}
    good = [entry(f"D{n}", f"t{n}", received=now - timedelta(milliseconds=40), **named, orders=()) for n in range(8)]
    bad = [invalid(f"B{n}", f"b{n}", received=now - timedelta(milliseconds=40), **named) for n in range(2)]
    sent = [
        entry(
            f"S{n}", f"s{n}", received=now - timedelta(seconds=10), **named, orders=(Order(destination="archive", key=f"k{n}"),)
        )
        for n in range(3)
    ]
    file(archive, *good, *bad, *sent)
    with archive.database.write() as connection:
        claimed = archive.queue.claim(connection, worker="w", now=now, lease=60, limit=9, destinations=["archive"])
        states = zip(claimed, (("SENT", ""), ("DEAD", "DST-201"), ("QUEUED", "DST-101")), strict=True)
        settled = [Settlement(claimed=one, state=state, now=now, due=now, error_code=code) for one, (state, code) in states]
        archive.queue.settle(connection, settled)


def test_every_route_stands_in_the_list_with_its_figures(engineer, archive):  # noqa: F811
    traffic(archive)
    found = twin(engineer, "/routes")
    assert len(found["routes"]) == 52
    one = route(engineer)
    for span in ("hour", "today"):
        figures = one[span]
        assert (figures["taken"], figures["states"]) == (13, {"ROUTED": 11, "INVALID": 2})
        assert figures["errorShare"] == pytest.approx(2 / 13, abs=0.0001)
        assert figures["codes"] == {"SND-414": 2}
        assert 0.03 < figures["answered"]["p50"] < 5 < figures["answered"]["p99"]
        assert (figures["sent"], figures["dead"]) == (1, 1)
        assert 7 < figures["delivered"]["p50"] < 15
    assert (one["waiting"], one["dead"]) == (1, 1)
    assert one["rate"] > 1
    assert sum(one["curve"]) == 13
    assert (one["tests"], one["edited"], one["paused"]) == (5, False, None)
    quiet = route(engineer, "consents")
    assert (quiet["today"]["taken"], quiet["today"]["answered"], quiet["waiting"]) == (0, None, None)
    page = engineer.get("/routes").body
    Outline(page)
    row = page[page.index('id="route-laboratory-report"') :]
    row = row[: row.index("</tr>")]
    assert "15.4%" in row
    assert "SND-414 × 2" in row
    assert "polyline" in row
    assert "1 已终止" in row
    status, told = engineer.stream("/live?page=/routes", 3)
    live = {data["id"]: data["html"] for _, data in told}["part-routes"]
    assert (status, "<html" in live, "laboratory-report" in live) == (200, False, True)


def test_one_route_is_drawn_told_and_shown_line_by_line(engineer, archive):  # noqa: F811
    traffic(archive)
    page = engineer.get("/routes/laboratory-report").body
    Outline(page)
    drawing = page[page.index('<svg class="diagram"') :]
    drawing = drawing[: drawing.index("</svg>")]
    for text in (
        "数据采集服务",
        "C0007",
        "1 · 校验 · schema",
        "4 · 转换 · xslt",
        "records",
        "reports",
        "目的地，按 resident 依次发送",
    ):
        assert text in drawing, text
    assert "校验发现错误即结束" in page
    assert re.search(r'<td class="number">9</td><td class="text">  - schema: clinical</td>', page)
    assert 'href="/messages?route=laboratory-report&amp;code=SND-414&amp;from=' in page
    english = engineer.get("/routes/laboratory-report?lang=en").body
    assert "tried again after 5 seconds" in english
    assert "the collection service" in english
    assert "a destination, in order by resident" in english
    engineer.get("/routes?lang=zh")


def test_a_link_to_the_messages_of_a_route_finds_those_alone(engineer, archive, behind):  # noqa: F811
    traffic(archive)
    file(archive, entry("E1", "other", received=datetime.now(UTC), orders=()))
    found = archive.journal.browse
    from engine.monitor.messageasking import FIELDS, asked_of

    with archive.database.read() as connection:
        leaf = found(connection, asked_of(dict.fromkeys(FIELDS, "") | {"route": "laboratory-report", "state": "ROUTED"}, {}))
    assert {row.route for row in leaf.rows} == {"laboratory-report"}
    assert len(leaf.rows) == 11


def test_a_route_is_paused_for_a_reason_and_resumed_and_both_are_audited(engineer, archive):  # noqa: F811
    page = engineer.get("/routes/consents")
    token = page.token()
    assert "恢复接收" not in page.body
    assert engineer.post("/routes/consents/pause", {"token": token, "reason": " "}).location == "/routes/consents?done=reason"
    assert route(engineer, "consents")["paused"] is None
    evil = {"token": token, "reason": EVIL}
    assert engineer.post("/routes/consents/pause", evil).location == "/routes/consents?done=paused"
    assert engineer.post("/routes/consents/pause", evil).location == "/routes/consents?done=paused-before"
    paused = route(engineer, "consents")["paused"]
    assert (paused["by"], paused["reason"]) == ("engineer-1", EVIL)
    for path in ("/routes", "/routes/consents?done=paused"):
        body = engineer.get(path).body
        assert EVIL not in body
        assert "&lt;script&gt;" in body
        assert "已暂停" in body
    assert "1 条已暂停" in engineer.get("/routes").body
    assert engineer.post("/routes/consents/resume", {"token": token}).location == "/routes/consents?done=resumed"
    assert engineer.post("/routes/consents/resume", {"token": token}).location == "/routes/consents?done=resumed-before"
    assert route(engineer, "consents")["paused"] is None
    acts = [one for one in audited(archive) if one[1].startswith("route ")]
    assert acts == [
        ("changed", "route pause", "engineer-1", f"consents: {EVIL}"), ("changed", "route resume", "engineer-1", "consents"),
    ]  # fmt: skip


def test_who_may_only_look_sees_no_button(viewer):
    body = viewer.get("/routes/laboratory-report").body
    assert "/pause" not in body
    assert "/tests#tests" not in body
    assert 'href="/reload"' not in viewer.get("/routes").body
    assert viewer.get("/reload").status == 403


def test_an_edit_on_disk_is_told_with_what_lint_says_at_its_line(engineer, project, worker):
    assert twin(engineer, "/routes/laboratory-report")["lint"] == []
    assert worker.begun == [], "what is in force was linted when it came into force"
    project.change(SHEET, "xslt/to-record.xsl", "xslt/to-recrod.xsl")
    project.change(SHEET, "about: ", f"about: {EVIL} ")
    (fault,) = twin(engineer, "/routes/laboratory-report")["lint"]
    assert (fault["file"], fault["line"], fault["column"], fault["code"]) == (SHEET, 15, 11, "CFG-020")
    assert route(engineer)["edited"]
    assert EVIL not in route(engineer)["about"], "in force is what was in force"
    assert worker.begun == [LintRoute("laboratory-report")]
    page = engineer.get("/routes/laboratory-report").body
    Outline(page)
    assert EVIL not in page
    difference = page[page.index('id="edited"') : page.index('<svg class="diagram"')]
    lines = re.findall(r'<tr class="(\w[\w ]*)">.*?<td class="text">(.*?)</td></tr>', difference)
    told = [(kind, re.sub(r"<[^>]+>", "", text)) for kind, text in lines]
    at = told.index(("new", "+  - xslt: xslt/to-recrod.xsl"))
    assert told[at - 1] == ("gone", "−  - xslt: xslt/to-record.xsl")
    assert told[at + 1][0] == "said error"
    assert "CFG-020" in told[at + 1][1]
    assert "1 条的文件已改" in engineer.get("/routes").body
    worker.busy = Busy()
    assert twin(engineer, "/routes/laboratory-report")["lint"] is None
    assert "检查线程正忙" in engineer.get("/routes/laboratory-report").body


def test_a_broken_catalogue_on_disk_is_told_as_well(engineer, project):
    catalogue = project.root / "xsd/catalogue.yaml"
    whole = catalogue.read_bytes()
    project.change(SHEET, "about: ", "about: 改 ")
    try:
        catalogue.write_bytes(b"types: [")
        (fault, *_) = twin(engineer, "/routes/laboratory-report")["lint"]
        assert fault["file"].endswith("catalogue.yaml")
    finally:
        catalogue.write_bytes(whole)


def test_a_new_folder_on_disk_is_named(engineer, project):
    folder = project.root / "routes" / "brand-new"
    folder.mkdir()
    (folder / "route.yaml").write_text("about: 新\n", encoding="utf-8")
    try:
        assert twin(engineer, "/routes")["fresh"] == ["brand-new"]
        assert "brand-new" in engineer.get("/routes").body
    finally:
        (folder / "route.yaml").unlink()
        folder.rmdir()


def test_tests_are_run_case_by_case(engineer, project, archive):  # noqa: F811
    token = engineer.get("/routes/laboratory-report").token()
    good = engineer.post("/routes/laboratory-report/tests", {"token": token})
    assert good.status == 200
    assert "5 个用例全部通过" in good.body
    (project.root / "routes/laboratory-report/tests/good-report/expect-issues.txt").write_text(
        "error SND-414\n", encoding="utf-8"
    )
    bad = engineer.post("/routes/laboratory-report/tests?format=json", {"token": token})
    results = {one["test"]: one for one in json.loads(bad.body)["results"]}
    assert [name for name, one in results.items() if not one["passed"]] == ["good-report"]
    assert "the state INVALID is expected, found ROUTED" in results["good-report"]["differences"]
    body = engineer.post("/routes/laboratory-report/tests", {"token": token}).body
    assert "5 个用例中 1 个不符" in body
    Outline(body)
    subjects = [subject for _, reason, _, subject in audited(archive) if reason == "route test"]
    assert subjects == ["laboratory-report: 5 run, 0 failed", "laboratory-report: 5 run, 1 failed"], (
        "equal ones within a minute are one row"
    )


def test_tests_that_find_no_turn_are_not_run(engineer, worker):
    token = engineer.get("/routes/laboratory-report").token()
    worker.busy = Busy()
    answer = engineer.post("/routes/laboratory-report/tests", {"token": token})
    assert answer.status == 503
    assert "测试没有运行" in answer.body
    assert worker.begun == []


def test_the_sets_that_changed_a_route_are_listed_and_compared(engineer, archive, room):  # noqa: F811
    now = datetime.now(UTC)
    files = {path: content for path, content in room.house.book.files().items() if path.startswith("routes/")}
    older = files | {SHEET: files[SHEET].replace(b"longest: 10m", b"longest: 20m")}
    other = older | {"routes/consents/route.yaml": b"about: x"}
    sets = (("a" * 16, older), ("b" * 16, other), ("c" * 16, files))
    for age, (name, content) in zip((3, 2, 1), sets, strict=True):
        with archive.database.write() as connection:
            keep_revision(archive.database, SEAL, connection, name, content, now - timedelta(days=age))
    history = twin(engineer, "/routes/laboratory-report")["history"]
    assert [(one["name"][0], one["current"], one["same"]) for one in history] == [("c", True, True), ("a", False, False)]
    body = engineer.get(f"/routes/laboratory-report?since={'a' * 16}").body
    section = body[body.index('id="history"') :]
    assert "longest: 20m" in section
    assert '<tr class="new">' in section
    assert engineer.get("/routes/laboratory-report?since=nonsense").status == 200


@pytest.mark.parametrize("path", ["/routes/nobody", "/routes/%3Cscript%3E", "/routes/..%2F..%2Fetc"])
def test_what_is_no_route_is_not_found(engineer, path):
    assert engineer.get(path).status == 404
    token = engineer.get("/routes/consents").token()
    for act in ("pause", "resume", "tests"):
        assert engineer.post(f"{path}/{act}", {"token": token, "reason": "x"}).status == 404

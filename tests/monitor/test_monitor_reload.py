"""A reload is looked at first, line by line; what is applied is what was looked at, and what is wrong changes nothing."""

import json

import pytest

from engine.channels.setchanges import Preview, changes_of
from engine.errors import ConfigError, Fault
from engine.monitor.reloading import ReloadSource
from engine.monitor.turns import Busy
from tests.monitor.conftest import PASSWORDS, AtOnce
from tests.monitor.test_monitor_pages import Outline

SHEET = "routes/visit/route.yaml"
BEFORE = {SHEET: b"about: old\nreceive: x\n", "xsd/catalogue.yaml": b"types: {}\n", "routes/gone/route.yaml": b"about: gone\n"}
AFTER = {SHEET: "about: <b>新</b>\nreceive: x\n".encode(), "xsd/catalogue.yaml": b"types: {}\n", "xsd/new.xsd": b"\xff\xfe\x00"}
FAULT = Fault(file=SHEET, line=1, column=8, code="CFG-012", message="unknown <key>", source="about: <b>新</b>")


class Files:
    """The files on disk as the page finds them, and what was applied."""

    def __init__(self):
        self.faults = ()
        self.after = "b" * 16
        self.applied = []
        self.refuse = False
        self.busy = False

    def preview(self):
        return Preview(
            before="a" * 16,
            after="" if self.faults else self.after,
            changes=changes_of(BEFORE, AFTER, self.faults),
            faults=self.faults,
        )

    def apply(self, expected, *, by, peer):
        if self.refuse or expected != self.after:
            raise ConfigError([FAULT])
        self.applied.append((expected, by, peer))
        return "a" * 16, self.after

    def place(self):
        if self.busy:
            raise Busy
        return AtOnce().place()

    async def do(self, work):
        return work()


@pytest.fixture
def files():
    return Files()


@pytest.fixture
def behind(behind, files):
    behind.kept = {"reload": ReloadSource(preview=files.preview, apply=files.apply, thread=files)}
    return behind


@pytest.fixture
def engineer(visitor):
    assert visitor.sign_in("engineer-1", PASSWORDS["engineer"]).status == 303
    return visitor


def test_what_differs_is_shown_by_route_and_nothing_changes(engineer, files):
    page = engineer.get("/reload")
    assert page.status == 200
    Outline(page.body)
    for text in ("routes/visit", "routes/gone", "xsd/new.xsd", "修改", "删除", "新增", "不是文本或过长", "&lt;b&gt;新&lt;/b&gt;"):
        assert text in page.body, text
    assert "<b>新</b>" not in page.body
    assert files.applied == []
    twin = json.loads(engineer.get("/reload?format=json").body)
    assert [(one["name"], one["verb"]) for one in twin["changes"]] == [
        ("routes/gone", "removed"),
        ("routes/visit", "changed"),
        ("xsd/new.xsd", "added"),
    ]


def test_the_button_applies_what_was_looked_at(engineer, files):
    page = engineer.get("/reload")
    assert f'name="revision" value="{files.after}"' in page.body
    done = engineer.post("/reload", {"token": page.token(), "revision": files.after})
    assert (done.status, done.location) == (303, "/routes?done=reloaded")
    assert files.applied == [(files.after, "engineer-1", "127.0.0.1")]
    assert "已生效" in engineer.get(done.location).body


def test_files_that_changed_after_the_look_are_not_applied(engineer, files):
    page = engineer.get("/reload")
    looked, files.after = files.after, "c" * 16
    answer = engineer.post("/reload", {"token": page.token(), "revision": looked})
    assert answer.status == 409
    assert "没有生效" in answer.body
    assert f'value="{files.after}"' in answer.body, "what is there now is shown, to look at again"
    assert engineer.post("/reload", {"token": page.token()}).status == 409
    assert files.applied == []


def test_a_broken_edit_says_where_and_offers_nothing_to_apply(engineer, files):
    files.faults = (FAULT, Fault(file="xsd/other.csv", line=3, column=1, code="CFG-044", message="odd", severity="warning"))
    page = engineer.get("/reload").body
    Outline(page)
    assert "有 1 个错误，不能生效" in page
    assert f"{SHEET}:1:8" in page
    assert "unknown &lt;key&gt;" in page
    assert 'name="revision"' not in page
    assert '<tr class="said error">' in page, "at its line as well"
    assert [one["severity"] for one in json.loads(engineer.get("/reload?format=json").body)["faults"]] == ["error", "warning"]


def test_english_and_a_busy_thread(engineer, files):
    assert "Make it current" in engineer.get("/reload?lang=en").body
    files.busy = True
    answer = engineer.get("/reload?lang=en")
    assert answer.status == 503
    assert "Another comparison is under way" in answer.body
    assert engineer.get("/reload?format=json").status == 503
    token = engineer.get("/routes?lang=en").body.split('name="token" value="')[1].split('"')[0]
    assert engineer.post("/reload", {"token": token, "revision": files.after}).status == 503
    assert files.applied == []

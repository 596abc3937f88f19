"""Take a hospital's files in by the page of the guide: problems in a table, versions that wait, approve, put back, take off."""

import csv
import io
import json
from contextlib import closing

import pytest

from engine.documents.guide.drawing import draw_introduction
from engine.monitor import guide as page_of_guide
from engine.monitor.guide import GuideSource
from engine.monitor.reading import hospitals_of
from engine.monitor.turns import Turns
from engine.services.audit import Audit
from engine.services.guide.versions import Versions
from engine.services.institutions import Institutions
from engine.store.database import Database
from tests.support.databases import migrated_file
from tests.support.guidefiles import BOOK, DOCTORS, picture, workbook
from tests.support.hospital import PASSWORD
from tests.support.seals import SEAL

MARK = "----guide"
GOOD = workbook(doctors=({**DOCTORS[0], "picture": "007.png"}, DOCTORS[1]))
BAD = workbook(doctors=({**DOCTORS[0], "department": "0103", "introduction": "<script>x</script>好"}, DOCTORS[1]))


@pytest.fixture
def shelf(behind, tmp_path):
    """Put a store with two hospitals and a portal behind the page; asked for before the monitor is."""
    with closing(Database(migrated_file(tmp_path / "guide.db"))) as database, closing(Turns(lambda: draw)) as turns:
        register = Institutions(database, SEAL)
        for code, kind in {"HOSP-A": "hospital", "HOSP-B": "hospital", "PORTAL": "portal"}.items():
            register.add(code, f"测试机构 {code}", kind, PASSWORD)
        register.disable("HOSP-B")
        versions = Versions(database)
        behind.guide = GuideSource(hospitals=lambda: hospitals_of(register), shelf=versions, turns=turns)
        versions.database = database
        yield versions


def draw(sent):
    return draw_introduction(sent.hospital, sent.files)


def upload(visitor, *files, act="check", hospital="HOSP-A", token=None, path="/guide", **headers):
    fields = {"token": visitor.get("/guide").token() if token is None else token, "hospital": hospital, "act": act}
    body = b""
    for name, value in fields.items():
        body += f'--{MARK}\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, content in files:
        head = f'--{MARK}\r\ncontent-disposition: form-data; name="files"; filename="{name}"\r\ncontent-type: x/y\r\n\r\n'
        body += head.encode() + content + b"\r\n"
    kind = {"content-type": f"multipart/form-data; boundary={MARK}"}
    return visitor.ask("POST", path, body + f"--{MARK}--\r\n".encode(), {**kind, **headers})


def press(visitor, act, version=1, hospital="HOSP-A", token=None):
    form = {"token": visitor.get("/guide").token() if token is None else token, "version": version}
    return visitor.post(f"/guide/{hospital}/{act}", form)


def audited(shelf):
    with shelf.database.read() as connection:
        rows = Audit().rows(connection, verdict="changed")
    return {(row.reason, row.actor, row.peer) for row in rows if row.reason.startswith("guide")}


def test_files_are_taken_in_approved_replaced_put_back_and_taken_off(shelf, administrator):
    assert "还没有导入过资料" in administrator.get("/guide").body
    answer = upload(administrator, (BOOK, GOOD), ("007.png", picture()), act="import")
    assert "已导入为第 1 版，等待发布" in answer.body
    assert "测试机构 HOSP-A：读到 2 个科室、2 位医生" in answer.body
    assert "等待发布" in answer.body
    assert press(administrator, "approve").location == "/guide?done=approve"
    assert "展示中" in administrator.get("/guide?done=approve").body
    upload(administrator, (BOOK, GOOD), ("007.png", picture()), act="import")
    press(administrator, "approve", 2)
    body = administrator.get("/guide").body
    assert "曾展示" in body
    assert "恢复" in body
    press(administrator, "approve", 1)
    assert [one.state for one in shelf.list("HOSP-A")] == ["kept", "published"]
    assert press(administrator, "withdraw").location == "/guide?done=withdraw"
    assert [one.state for one in shelf.list("HOSP-A")] == ["kept", "kept"]
    assert audited(shelf) == {(f"guide {act}", "administrator-1", "127.0.0.1") for act in ("import", "approve", "withdraw")}


def test_every_problem_stands_in_the_table_and_nothing_is_taken(shelf, administrator):
    answer = upload(administrator, (BOOK, BAD), act="import")
    assert "有 1 处必须修改，没有导入" in answer.body
    for words in (BOOK, "医生", '<td class="n">2</td>', "D <span", "没有科室 0103", "提醒", "&lt;script&gt;"):
        assert words in answer.body
    assert shelf.list() == ()
    english = upload(administrator, (BOOK, BAD), path="/guide?lang=en").body
    assert "1 to be changed; nothing was taken in" in english
    assert "Departments / doctors / pictures" not in english
    administrator.get("/guide?lang=zh")


def test_the_json_twins_tell_the_same(shelf, administrator):
    told = json.loads(upload(administrator, (BOOK, BAD), path="/guide?format=json").body)
    assert (told["result"]["errors"], told["taken"], told["versions"]) == (1, None, [])
    assert told["result"]["problems"][0]["rule"] == "doctor.department"
    told = json.loads(upload(administrator, (BOOK, GOOD), ("007.png", picture()), act="import", path="/guide?format=json").body)
    assert told["taken"] == 1
    (version,) = json.loads(administrator.get("/guide?format=json").body)["versions"]
    assert (version["institution"], version["number"], version["state"], version["pictures"]) == ("HOSP-A", 1, "waiting", 1)


def test_the_problems_and_the_template_can_be_fetched(shelf, administrator):
    listed = upload(administrator, (BOOK, BAD), act="list")
    assert listed.headers["content-disposition"] == 'attachment; filename="guide-HOSP-A.csv"'
    rows = list(csv.reader(io.StringIO(listed.body.lstrip("\ufeff"))))
    assert [row[3] for row in rows[1:]] == ["D", "I"]
    assert administrator.get_bytes("/guide/template").body[:2] == b"PK"


def test_only_engineers_and_administrators_see_and_do_it(shelf, viewer):
    assert viewer.get("/guide").status == 403
    assert viewer.get("/guide/template").status == 403
    assert 'href="/guide"' not in viewer.get("/overview").body
    token = viewer.get("/me").token()
    assert upload(viewer, (BOOK, GOOD), act="import", token=token).status == 403
    assert press(viewer, "approve", token=token).status == 403
    assert shelf.list() == ()


def test_forms_of_others_do_nothing(shelf, administrator):
    assert upload(administrator, (BOOK, GOOD), act="import", token="wrong").status == 400
    assert upload(administrator, (BOOK, GOOD), act="import", origin="https://elsewhere.example").status == 400
    assert press(administrator, "approve", token="wrong").status == 400
    assert administrator.post("/guide", {"token": administrator.get("/guide").token()}).status == 400
    assert press(administrator, "delete").status == 404
    assert shelf.list() == ()


@pytest.mark.parametrize("hospital", ["", "HOSP-B", "PORTAL", "HOSP-X"])
def test_files_of_no_approved_hospital_are_not_read(shelf, administrator, hospital):
    answer = upload(administrator, (BOOK, GOOD), hospital=hospital)
    assert (answer.status, "请先选择医院和文件" in answer.body) == (400, True)


def test_what_cannot_be_done_is_said(shelf, administrator, monkeypatch):
    assert press(administrator, "approve", 7).location == "/guide?done=undone"
    assert press(administrator, "approve", "9" * 40).location == "/guide?done=undone"
    assert press(administrator, "withdraw").location == "/guide?done=undone"
    assert "没有做成" in administrator.get("/guide?done=undone").body
    assert upload(administrator).status == 400
    monkeypatch.setattr(page_of_guide, "UPLOAD", 1024)
    assert upload(administrator, (BOOK, GOOD), token="x").status == 413

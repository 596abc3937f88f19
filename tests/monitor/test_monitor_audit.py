"""Search the audit by its page, see each row proven, verify the chain, export it; read what is in force and whence."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from engine.monitor.inforce import masked
from engine.services.audit import Audit, AuditNote, audit
from engine.services.auditchain import seal_audit
from engine.services.auditsearch import AuditWish, search_audit
from engine.store.database import Database
from engine.store.revisions import keep_revision
from tests.support.databases import empty_url, url  # noqa: F401 - fixtures
from tests.support.seals import SEAL

AT = datetime(2026, 3, 2, 4, tzinfo=UTC)
EVIL = '=HYPERLINK("https://evil.example")'


def note(number, **values):
    given = {
        "peer": "192.0.2.1",
        "institution": "H1",
        "verdict": "changed",
        "reason": "delivery retry",
        "actor": "li",
        "subject": str(number),
    }
    return AuditNote(**given | {"at": AT + timedelta(minutes=number)} | values)


@pytest.fixture(scope="module")
def kept(users):
    """Keep some rows, of which all but the last are sealed."""
    with users._database.write() as connection:
        Audit().write(connection, [note(number) for number in range(120)])
        Audit().write(connection, [note(5, actor="wang", subject=EVIL, verdict="refused")])
    seal_audit(users._database, AT + timedelta(minutes=119, seconds=10))
    return users._database


FOUND = "/audit?from=2026-03-02&to=2026-03-02"


def test_rows_are_found_by_who_what_about_and_verdict(administrator, kept):
    body = administrator.get(FOUND).body
    assert body.count('<td class="time">') == 100
    for asked, number in (
        ("actor=wang", 1),
        ("subject=7", 1),
        ("verdict=refused", 1),
        ("reason=delivery+retry&actor=wang", 1),
        ("institution=H2", 0),
    ):
        assert administrator.get(f"{FOUND}&{asked}").body.count('<td class="time">') == number, asked
    assert "没有符合" in administrator.get("/audit?from=2026-01-01&to=2026-01-02").body
    for wrong in ("from=2026-03-03&to=2026-03-02", "from=x", "verdict=king", "before=x"):
        assert administrator.get(f"/audit?{wrong}").status == 400
        assert administrator.get(f"/audit?{wrong}&format=json").status == 400


def test_earlier_rows_follow_without_gap_or_double(administrator, kept):
    first = administrator.get(FOUND).body
    more = re.search(r'href="([^"]*)">更早的<', first)[1].replace("&amp;", "&")
    then = administrator.get(more).body
    assert then.count('<td class="time">') == 21
    assert "更早的" not in then


def test_each_row_is_proven_against_the_one_before_it(administrator, kept):
    lines = json.loads(administrator.get(f"{FOUND}&format=json").body)["lines"]
    assert [line["proof"] for line in lines[:2]] == ["open", "open"] or lines[0]["proof"] == "open"
    assert {line["proof"] for line in lines[2:]} == {"proven"}
    assert "已证" in administrator.get(FOUND).body


def test_the_whole_chain_is_verified_on_demand_and_a_change_shows(administrator, kept):
    token = administrator.get("/audit").token()
    assert administrator.post("/audit/verify", {"token": token}).location == "/audit?done=verified"
    assert "全链完好" in administrator.get("/audit").body
    with kept.write() as connection:
        connection.execute(update(audit).where(audit.c.subject == "60").values(actor="nobody"))
    changed = json.loads(administrator.get(f"{FOUND}&format=json&subject=60").body)["lines"]
    assert [line["proof"] for line in changed] == ["broken"]
    administrator.post("/audit/verify", {"token": token})
    assert "链已断" in administrator.get("/audit").body
    with kept.write() as connection:
        connection.execute(update(audit).where(audit.c.subject == "60").values(actor="li"))
    administrator.post("/audit/verify", {"token": token})
    assert "全链完好" in administrator.get("/audit").body


def test_the_export_holds_no_formula_and_is_audited(administrator, kept):
    answer = administrator.get(f"{FOUND}&format=csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.reader(io.StringIO(answer.body.lstrip("\ufeff"))))
    assert len(rows) == 122
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert [cell for row in rows for cell in row if cell == f"'{EVIL}"]
    told = json.loads(administrator.get("/audit?reason=audit+export&format=json").body)["lines"]
    assert told[0]["actor"] == "administrator-1"
    assert "from=2026-03-02" in told[0]["subject"]


def test_a_busy_verification_is_not_begun_twice(administrator, behind, kept):
    sources = behind.sources()
    with sources.audit.walking:
        assert not sources.audit.verify("li", "")


@pytest.fixture
def both(url):  # noqa: F811 - pytest hands the fixture over by its name
    opened = Database(url)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "asked", [{}, {"actor": "li"}, {"reason": "delivery retry"}, {"institution": "H1"}, {"verdict": "changed"}]
)
def test_both_stores_page_alike(both, asked):
    with both.write() as connection:
        Audit().write(connection, [note(number // 2, subject=str(number)) for number in range(25)])
    wish, seen = AuditWish(since=AT, until=AT + timedelta(days=1), **asked), []
    with both.read() as connection:
        for _ in range(3):
            part = search_audit(connection, wish, 10)
            seen += [line.subject for line in part.lines]
            wish = AuditWish(since=AT, until=AT + timedelta(days=1), before=part.lines[-1].place, **asked)
    assert not part.more
    assert sorted(seen, key=int) == [str(number) for number in range(25)]


# -- settings


def test_settings_tell_value_and_origin_and_hide_passwords(administrator, behind, monkeypatch):
    body = administrator.get("/settings").body
    told = {one["key"]: one for one in json.loads(administrator.get("/settings?format=json").body)["lines"]}
    assert (told["public-address"]["value"], told["public-address"]["origin"]) == ("https://platform.example", "flag")
    assert told["port"]["origin"] == "file"
    assert told["limits.body"] == {
        "key": "limits.body",
        "value": "32MiB",
        "origin": "default",
        "about": told["limits.body"]["about"],
    }
    assert "HTTP 请求体上限" in body
    assert "largest HTTP body" not in body
    assert "还没有文件版本" in body


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://u:s3cret@host/db", "postgresql://u:••••@host/db"),
        ("postgresql://host/db?user=u&password=s3cret&x=1", "postgresql://host/db?user=u&password=••••&x=1"),
        ("postgresql://u:a:b@host/db", "postgresql://u:••••@host/db"),
        ("postgresql://u@host:5432/db", "postgresql://u@host:5432/db"),
        ("sqlite:////data/a.db", "sqlite:////data/a.db"),
    ],
)
def test_the_password_of_a_database_is_never_shown(address, shown):
    assert masked(address) == shown


def test_revision_and_processes_are_told(administrator, behind, users, tmp_path):
    with users._database.write() as connection:
        keep_revision(users._database, SEAL, connection, "b" * 64, {"routes/a/route.yaml": b"x", "xsd/catalogue.yaml": b"y"}, AT)
    behind.settings = behind.settings.model_copy(update={"data": tmp_path})
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "revision-front-1").write_text(f"{'b' * 64} ")
    (tmp_path / "figures" / "revision-worker-1").write_text(f"{'a' * 64} {'b' * 64}")
    body = administrator.get("/settings").body
    assert f'<code id="revision">{"b" * 64}</code>' in body
    assert "未能启用" in body
    told = json.loads(administrator.get("/settings?format=json").body)
    assert told["files"] == [["routes/a", 1], ["xsd", 1]]
    assert [one["name"] for one in told["processes"]] == ["front-1", "worker-1"]

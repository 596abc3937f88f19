"""Find messages by the page, its JSON twin and its file, over a real store."""

import csv
import io
import itertools
import json
import re
from datetime import timedelta

import pytest

from engine.errors import TryAgain
from engine.monitor import messages
from tests.monitor.conftest import PASSWORDS
from tests.monitor.kept import HOSPITAL, NUMBER, archive, audited, behind, file, held, room  # noqa: F401 # fixtures
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.store.samples import NOON, entry, invalid, later
from tests.support.seals import SEAL

# ruff: noqa: F811 - pytest hands fixtures over by their names


@pytest.fixture
def operator(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("operator-1", PASSWORDS["operator"]).status == 303
    return visitor


def found(visitor, query=""):
    return [one["documentId"] for one in json.loads(visitor.get(f"/messages?{query}&format=json").body)["messages"]]


def some(archive):
    return file(
        archive,
        entry("A", "a", institution=HOSPITAL, resident=NUMBER, received=NOON),
        invalid("B", "b", institution=HOSPITAL, received=later(60)),
        entry("C", "c", document_type="C0004", resident="110101199003078515", received=NOON + timedelta(days=1)),
        held("D", received=NOON + timedelta(days=2)),
    )


def test_the_newest_come_first_with_the_resident_masked(operator, archive):
    receipts = some(archive)
    body = operator.get("/messages").body
    places = [body.index(receipt) for receipt in receipts]
    assert places == sorted(places, reverse=True)
    assert NUMBER not in body
    for words in ("220*", "长春测试医院", f'href="/messages/{receipts[1]}"', "SND-414", "C0004", "导出 CSV"):
        assert words in body
    assert NUMBER not in operator.get("/messages?format=json").body


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "DCBA"), (f"institution={HOSPITAL}", "DBA"), ("type=C0004", "C"), ("document=B", "B"), ("state=INVALID", "B"),
        ("state=ERROR&code=ENG-000", "D"), ("code=snd-414", "B"), ("state=warned", ""), ("from=2026-03-03", "DC"),
        ("from=2026-03-03&to=2026-03-03", "C"), ("to=2026-03-02T12:00", "A"), ("state=revoked", ""), ("institution=NOBODY", ""),
        (f"resident={SEAL.lookup(NUMBER)}", "DA"), (f"resident={SEAL.lookup(NUMBER)}&state=ERROR", "D"),
    ],
    ids=itertools.count(),
)  # fmt: skip
def test_what_the_address_asks_for_is_found(operator, archive, query, names):
    some(archive)
    assert found(operator, query) == list(names)


def test_an_identity_number_never_comes_into_an_address(operator, archive):
    some(archive)
    token = operator.get("/messages").token()
    answer = operator.post("/messages", {"token": token, "number": f" {NUMBER.lower()} ", "state": "ERROR"})
    assert answer.status == 303
    assert NUMBER not in answer.location
    assert answer.location == f"/messages?resident={SEAL.lookup(NUMBER)}&state=ERROR"
    body = operator.get(answer.location).body
    assert "只看居民" in body
    assert NUMBER not in body
    assert re.search(r'name="number"[^>]*value=', body) is None
    again = operator.post("/messages", {"token": token, "resident": SEAL.lookup(NUMBER), "state": "ROUTED"})
    assert again.location == f"/messages?resident={SEAL.lookup(NUMBER)}&state=ROUTED"


def test_a_receipt_alone_leads_to_its_message(operator, archive):
    receipt = some(archive)[0]
    token = operator.get("/messages").token()
    assert operator.post("/messages", {"token": token, "receipt": f" {receipt} "}).location == f"/messages/{receipt}"
    beside = operator.post("/messages", {"token": token, "receipt": receipt, "state": "ERROR"})
    assert beside.location == f"/messages?receipt={receipt}&state=ERROR"
    assert operator.post("/messages", {"token": token, "receipt": "//evil.example/x"}).location.startswith("/messages?receipt=")


def test_a_form_of_another_session_asks_nothing(operator):
    assert operator.post("/messages", {"token": "x", "number": NUMBER}).status == 400


@pytest.mark.parametrize(("query", "words"), [
    ("state=LOST", "没有“LOST”这种状态"), ("code=SELECT", "“SELECT”不是代码"), (f"resident={NUMBER}", "请重新输入身份证号"),
    ("from=2026-02-30", "“2026-02-30”不是时间"), ("from=2026-03-01T99:00", "不是时间"), ("to=9999-12-31", "不是时间"),
    ("from=2026-03-03&to=2026-03-01", "结束时间早于开始时间"), ("state=%3Cscript%3E", "“&lt;script&gt;”"),
])  # fmt: skip
def test_what_cannot_be_asked_is_told_in_words(operator, query, words):
    page = operator.get(f"/messages?{query}")
    assert page.status == 400
    assert words in page.body
    assert json.loads(operator.get(f"/messages?{query}&format=json").body)["error"] == 400


@pytest.mark.parametrize("place", ["x", "-1-1", "99999999999999999999-1", "99999999999999999-1", "1-99999999999999999999", "'--"])
def test_a_broken_place_is_no_broken_page(operator, archive, place):
    some(archive)
    for way in ("after", "before"):
        assert operator.get(f"/messages?{way}={place}").status in (200, 400)


def test_pages_are_turned_both_ways(operator, archive):
    file(archive, *(entry(f"P{n:03}", f"p{n}", received=later(n), orders=()) for n in range(120)))
    first = operator.get("/messages")
    assert 'rel="prev"' not in first.body
    second = operator.get(turned(first.body, "next"))
    third = operator.get(turned(second.body, "next"))
    assert 'rel="next"' not in third.body
    pages = [re.findall(r">(P\d{3})<", page.body) for page in (first, second, third)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [name for page in pages for name in page] == [f"P{n:03}" for n in reversed(range(120))]
    assert re.findall(r">(P\d{3})<", operator.get(turned(second.body, "prev")).body) == pages[0]


def turned(body, way):
    return re.search(rf'rel="{way}" href="([^"]+)"', body)[1].replace("&amp;", "&")


def test_turning_keeps_what_was_asked(operator, archive):
    file(archive, *(entry(f"P{n:03}", f"p{n}", received=later(n), institution=f"H{n % 2}", orders=()) for n in range(110)))
    address = turned(operator.get("/messages?institution=H1").body, "next")
    assert "institution=H1" in address
    assert found(operator, address.partition("?")[2]) == ["P009", "P007", "P005", "P003", "P001"]


def test_a_rare_search_says_that_it_goes_on(operator, archive, behind, monkeypatch):
    some(archive)
    monkeypatch.setattr("engine.store.browse.browse.__kwdefaults__", {"scanned": 1})
    body = operator.get(f"/messages?institution={HOSPITAL}&type=C0004").body
    assert "继续查找 →" in body
    assert "这一段里没有" in body


def test_the_file_holds_what_was_asked_and_no_formula(operator, archive):
    some(archive)
    file(archive, entry('=HYPERLINK("http://evil")', "x", institution=HOSPITAL, received=later(9)))
    answer = operator.get_bytes(f"/messages/file?institution={HOSPITAL}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert rows[0][:3] == ["时间", "回执号", "机构"]
    assert [row[4] for row in rows[1:]] == ["D", "B", '\'=HYPERLINK("http://evil")', "A"]
    assert NUMBER not in answer.body.decode()
    assert ("changed", "messages export", "operator-1", "") in audited(archive)


def test_a_file_is_bounded_and_says_so(operator, archive, monkeypatch):
    monkeypatch.setattr(messages, "EXPORTED", 2)
    some(archive)
    rows = list(csv.reader(io.StringIO(operator.get("/messages/file").body[1:])))
    assert [row[4] for row in rows[1:3]] == ["D", "C"]
    assert rows[3] == ["只导出了前 2 条，请缩小条件。"]


def test_a_file_of_what_cannot_be_asked_is_none(operator):
    assert operator.get("/messages/file?state=LOST").status == 400


def test_who_only_looks_takes_no_file(viewer, archive):
    some(archive)
    assert viewer.get("/messages/file").status == 403
    body = viewer.get("/messages").body
    assert "导出" not in body
    assert "220*" in body


def test_an_empty_store_and_an_empty_search_are_told_apart(operator, archive):
    assert "还没有收到消息" in operator.get("/messages").body
    assert "没有符合条件的消息" in operator.get("/messages?code=SND-999").body


@pytest.mark.parametrize("path", ["/messages", "/messages?state=ERROR&lang=en", "/messages?state=X"])
def test_the_page_is_well_formed_and_every_field_has_its_label(operator, archive, path):
    some(archive)
    outline = Outline(operator.get(path).body)
    labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
    for tag, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        if tag in ("input", "select") and attributes.get("type") != "hidden":
            assert attributes.get("id") in labelled
    operator.get("/messages?lang=zh")


def test_what_hospitals_sent_is_shown_as_text(operator, archive):
    evil = '"><script>alert(1)</script>'
    file(archive, entry(evil, "x", institution=evil, document_type=evil))
    body = operator.get("/messages").body
    assert "<script>alert" not in body
    assert "&lt;script&gt;" in body


def test_a_store_that_is_away_is_told(operator, behind):
    class Away:
        def __call__(self, *_):
            raise TryAgain("away", retry_after=7)

    object.__setattr__(behind.kept["messages"], "browse", Away())
    assert operator.get("/messages").status == 503


def test_the_page_speaks_english(operator, archive):
    some(archive)
    body = operator.get("/messages?lang=en").body
    for words in ("Latest messages", "Identity number", "Export CSV", "With warnings", "Receipt"):
        assert words in body
    operator.get("/messages?lang=zh")

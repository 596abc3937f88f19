"""Read the pages of the monitor as a browser gets them."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from engine.errors import TryAgain
from engine.monitor import texts
from engine.monitor.hospitals import Hospital
from engine.monitor.overview import DeadDelivery, Destination, Overview, Trouble
from engine.monitor.security import POLICY
from engine.store.nodes import Process
from tests.monitor.sample import a_calm_day

VOID = {"meta", "link", "img", "input", "br", "line", "rect", "polyline"}


class Outline(HTMLParser):
    """Read a page strictly: every element closed in order, ids unique; collects elements with attributes."""

    def __init__(self, body):
        super().__init__()
        self.open, self.elements, self.ids = [], [], set()
        self.feed(body)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.elements.append((tag, known))
        if "id" in known:
            assert known["id"] not in self.ids, f"id {known['id']} twice"
            self.ids.add(known["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag


def tile(body, state):
    return re.search(rf'data-tile="{state}">([\d,]+)', body)[1]


def test_the_six_tiles_show_today_and_all(administrator, behind):
    body = administrator.get("/overview").body
    overview = behind.overview
    assert tile(body, "TAKEN") == f"{overview.taken_today:,}"
    for state in ("ROUTED", "INVALID", "FILTERED", "ERROR", "DISCARDED"):
        assert tile(body, state) == f"{overview.today[state]:,}"
        assert f"累计 {overview.total[state]:,}" in body


def test_the_sum_says_that_nothing_is_lost(administrator):
    body = administrator.get("/overview").body
    assert 'class="equation good"' in body
    assert "一份不少" in body


def test_the_sum_says_how_many_are_missing(administrator, behind):
    calm = a_calm_day(datetime.now(UTC))
    behind.overview = Overview(now=calm.now, taken=calm.taken + 3, total=calm.total, today=calm.today)
    body = administrator.get("/overview").body
    assert 'class="equation bad"' in body
    assert "相差 3 份" in body
    assert "check --store" in body


def test_each_destination_shows_what_waits_since_when_and_why(administrator):
    body = administrator.get("/overview").body
    row = re.search(r'<th scope="row">.{0,90}?referral-hospital</th>(.*?)</tr>', body, re.DOTALL)[1]
    assert [int(n.replace(",", "")) for n in re.findall(r'<td class="n[^"]*">([\d,]+)', row)] == [17, 1, 1, 20_418, 2]
    assert "2 组受阻" in row
    assert "3 分 12 秒" in row
    assert "DST-201" in row


def test_an_empty_engine_tells_good_news(administrator, behind):
    behind.overview = Overview(now=datetime.now(UTC))
    body = administrator.get("/overview").body
    for words in ("没有等待中的投递", "近 24 小时没有收到消息", "还没有审核通过的医院", "还没有进程报到", "暂时没有"):
        assert words in body


def test_the_page_speaks_english_too(administrator):
    body = administrator.get("/overview?lang=en").body
    for words in (
        "Is anything lost?",
        "Conservation",
        "Deliveries",
        "In and out",
        "Hospitals in trouble",
        "administrator",
        '<html lang="en">',
    ):
        assert words in body
    outside = re.sub(r'<a href="\?lang=zh".*?</a>|<td class="why">.*?</td>|<title>.*?</title>', "", body, flags=re.DOTALL)
    outside = re.sub(r'<a href="/institutions/H[0-9]+"><b>.*?</b></a>', "", outside)
    outside = outside.replace("对方答复：缺少转入科室代码", "").replace("连接被拒绝（referral.example:8443）", "")
    assert not re.search(r"[一-鿿]", outside)


@pytest.mark.parametrize("path", ["/", "/overview", "/overview?lang=en", "/nothing"])
def test_pages_are_well_formed_and_carry_nothing_inline(administrator, visitor, path):
    page = (visitor if path == "/" else administrator).get(path)
    outline = Outline(page.body)
    for tag, attributes in outline.elements:
        assert tag != "style"
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("src", "href", "action"):
            assert not attributes.get(name, "").startswith(("http", "//", "javascript", "data")), (tag, attributes)
        if tag == "script":
            assert attributes["src"].startswith("/static/live.js")
        if tag == "form":
            assert attributes["method"] == "post"
    labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
    for tag, attributes in outline.elements:
        if tag == "input" and attributes.get("type") != "hidden":
            assert attributes.get("id") in labelled or attributes.get("aria-label")


@pytest.mark.parametrize("path", ["/", "/overview", "/nothing", "/health", "/metrics", "/static/style.css", "/signin"])
def test_every_answer_carries_the_protecting_headers(administrator, path):
    headers = administrator.get(path).headers
    told = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert told == POLICY
    assert "unsafe" not in headers["content-security-policy"]
    assert told["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == ("no-store" if "static" not in path else "public, max-age=31536000, immutable")
    assert "set-cookie" not in headers


def test_the_answer_to_our_own_failure_carries_the_headers_and_no_detail(administrator, behind):
    behind.trouble = RuntimeError("SELECT secret FROM /srv/engine")
    page = administrator.get("/overview")
    assert page.status == 500
    assert "平台内部错误" in page.body
    assert "SELECT" not in page.body
    assert "/srv" not in page.body
    assert page.headers["content-security-policy"]


def test_a_store_that_is_away_is_told_and_the_page_tries_again(administrator, behind):
    behind.trouble = TryAgain("disk full", retry_after=7)
    page = administrator.get("/overview")
    assert page.status == 503
    assert page.headers["retry-after"] == "7"
    assert 'http-equiv="refresh"' in page.body


def test_the_json_twin_says_the_same(administrator, behind):
    answer = administrator.get("/overview?format=json")
    told = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/json"
    assert told["taken"] == behind.overview.taken == told["accounted"]
    assert told["difference"] == 0
    assert told["today"] == behind.overview.today
    assert [d["name"] for d in told["destinations"]] == [d.name for d in behind.overview.destinations]
    assert told["destinations"][1]["oldest"].endswith("+08:00")
    assert len(told["hours"]) == 24
    assert told["hours"][-1]["sent"] == behind.overview.hours[-1].sent
    assert [one["troubles"] for one in told["hospitals"]] == [list(one.troubles) for one in behind.overview.hospitals]
    assert told["processes"][0]["leads"] is True
    assert told["backlog"][0]["lane"] == "history"
    assert told["checked"]["differences"] == 0
    assert told["dead"][0]["trouble"]["code"] == "DST-201"


def test_the_page_reloads_itself_where_there_is_no_javascript(administrator):
    assert '<noscript><meta http-equiv="refresh" content="30; url=/overview"></noscript>' in administrator.get("/overview").body


def test_what_others_sent_is_shown_as_text(administrator, behind):
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    now = datetime.now(UTC)
    trouble = Trouble(code="DST-201", text=evil, at=now)
    hospital = Hospital(code=evil, name=evil, troubles=("away",))
    process = Process(node=evil, process=evil, started=now, beat=now, version=evil, revision=evil, leads=False)
    dead = DeadDelivery(id=1, destination=evil, receipt=evil, attempts=1, behind=0, trouble=trouble)
    destination = Destination(name=evil, counts={"QUEUED": 1}, trouble=trouble)
    behind.overview = Overview(now=now, destinations=(destination,), dead=(dead,), hospitals=(hospital,), processes=(process,))
    for path in ("/overview", f"/overview?done={evil.replace(' ', '%20')}"):
        body = administrator.get(path).body
        assert "<script>alert" not in body
        assert "<img src=x" not in body
        assert "&lt;script&gt;" in body


@pytest.mark.parametrize("field", ["next", "lang", "done", "format", "page"])
def test_nothing_in_the_address_comes_back_as_markup(administrator, visitor, field):
    evil = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"
    for page in (visitor.get(f"/?{field}={evil}"), administrator.get(f"/overview?{field}={evil}"), visitor.get(f"/x{evil}")):
        assert "<script>alert" not in page.body


def test_an_unknown_page_and_a_wrong_method_are_refused_politely(administrator):
    assert administrator.get("/nothing").status == 404
    assert "没有这个页面" in administrator.get("/nothing").body
    assert administrator.post("/overview", {}).status == 405
    assert administrator.get("/static/../app.py").status == 404
    assert administrator.get("/static/%2e%2e%2fapp.py").status == 404


def test_every_text_is_there_in_both_languages():
    for key, (chinese, english) in texts.TEXTS.items():
        assert chinese, key
        assert english, key
        assert set(re.findall(r"{(\w+)}", chinese)) == set(re.findall(r"{(\w+)}", english)), key


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "0 秒", "0 s"),
        (-4, "0 秒", "0 s"),
        (59.9, "59 秒", "59 s"),
        (192, "3 分 12 秒", "3 min 12 s"),
        (7200, "2 小时", "2 h"),
        (7261, "2 小时 1 分", "2 h 1 min"),
        (200_000, "2 天 7 小时", "2 d 7 h"),
        (86_400 + 59, "1 天", "1 d"),
    ],
)
def test_an_age_is_told_in_its_two_largest_units(seconds, chinese, english):
    assert texts.age_text(seconds, "zh") == chinese
    assert texts.age_text(seconds, "en") == english


def test_a_time_of_another_day_carries_its_date():
    now = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
    assert texts.clock_text(now - timedelta(hours=1), now) == "09:00:00"
    assert texts.clock_text(now - timedelta(hours=11), now) == "03-13 23:00:00"

"""Attack the monitor of a running engine: its door, its pages, its parameters."""

import json
import re
import time
from http.cookies import SimpleCookie
from xml.sax.saxutils import escape

import pytest
from sqlalchemy import update

from engine.services.institutions import institution
from tests.hostile.site import CANARY, INSIDE, PASSWORD, Paper, assert_clean, result_of
from tests.monitor.web import Visitor

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
PAGES = ("/", "/overview", "/health", "/metrics", "/static/style.css", "/static/../app.py", "/nothing")
OTHERS = (
    "/messages", "/waiting", "/appointments", "/referrals", "/guide", "/institutions", "/settings", "/audit", "/codes", "/users", "/me", "/reports",
    "/completeness", "/quality", "/check",
)  # fmt: skip
"""The pages behind the sign-in."""


@pytest.fixture
def visitor(site):
    return Visitor(int(site.engine.monitor.rpartition(":")[2]))


@pytest.fixture
def admin(site, visitor):
    """Be the administrator whose password was printed at the first start."""
    assert visitor.sign_in("admin", site.engine.password).status == 303
    return visitor


def check_page(answer, path=""):
    """Every answer keeps its headers and tells nothing of the inside; its command and, in the settings, the address of the store are none."""
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers
    body = answer.body.replace("run_engine.py", "")
    for word in INSIDE:
        assert word not in body or (word, path) == ("sqlite", "/settings"), (word, path)
    assert_clean(answer.body.encode())


@pytest.mark.parametrize("name", ["lang", "next", "format", "part", "q", "sort", "page", "since", "token"])
def test_a_script_in_a_parameter_is_never_one_in_the_page(site, admin, name):
    """BI-270."""
    for asked in (Visitor(admin.port), admin):
        for path in ("/", "/overview", "/nothing", *OTHERS):
            answer = asked.get(f"{path}?{name}=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%3Cimg%20src=x%20onerror=alert(2)%3E")
            assert "<script>alert" not in answer.body
            assert "<img src=x" not in answer.body
            assert SCRIPT not in str(answer.headers)
            check_page(answer, path)
    site.check_well()


def test_a_script_that_was_sent_in_and_kept_is_never_one_in_a_page(site, admin):
    """BI-270: as the name of an institution, as a document's number, as a person's name, as a reason, as a user's name."""
    site.engine.institution("HOSP-X", PASSWORD)
    with site.database.write() as connection:
        connection.execute(update(institution).where(institution.c.code == "HOSP-X").values(name=SCRIPT))
    named = re.sub(rb"<name>[^<]*</name>", b"<name>" + escape(SCRIPT).encode() + b"</name>", site.paper(code="HOSP-X").xml)
    answer = result_of(site.upload(Paper("C0002", SCRIPT, named), code="HOSP-X"))
    site.post(
        site.envelope(
            "Revoke",
            f"<documentType>C0002</documentType><documentId>{escape(SCRIPT)}</documentId><reason>{escape(SCRIPT)}</reason>",
            code="HOSP-X",
        ),
        code="HOSP-X",
    )
    pages = [
        *OTHERS,
        "/overview",
        f"/messages/{answer['receipt']}",
        "/institutions/HOSP-X",
        "/institutions/HOSP-X/sheet",
        "/messages?institution=HOSP-X",
        "/quality?institution=HOSP-X",
    ]
    seen = 0
    for page in pages:
        shown = admin.get(page)
        assert shown.status == 200, page
        assert "<script>alert" not in shown.body, page
        assert "<img src=x" not in shown.body, page
        seen += "&lt;script&gt;alert(1)" in shown.body
    assert seen >= 3, "the script must be there to be read, as words"
    site.mark()
    site.check_well()


def test_no_form_of_any_page_acts_without_its_token(site, admin):
    """BI-279: every address that forms of the pages name is asked without the token, and with another one."""
    forms = {
        found
        for page in (*OTHERS, "/overview", "/institutions/HOSP-A")
        for found in re.findall(r'method="post" action="([^"]+)"', admin.get(page).body)
    }
    assert len(forms) >= 5
    for form in forms - {"/signout"}:
        for fields in ({}, {"token": "0" * 64}):
            assert admin.post(form, fields).status in {400, 403}, form
    assert admin.get("/overview").status == 200


def test_the_sign_in_gives_a_session_of_its_own(site, visitor):
    """BI-279: what a browser brought with it before it signed in is no session afterwards."""
    planted = "f" * 43
    visitor.get("/")
    names = list(visitor.cookies)
    visitor.cookies.update(dict.fromkeys([*names, "session"], planted))
    visitor.get("/")
    assert visitor.sign_in("admin", site.engine.password).status == 303
    assert planted not in visitor.cookies.values() or visitor.get("/overview").status == 200
    stranger = Visitor(visitor.port)
    stranger.cookies.update(dict.fromkeys([*names, "session"], planted))
    assert stranger.get("/overview").status == 303


def test_what_is_exported_opens_as_no_formula(site, admin):
    """BI-276: a number that a spreadsheet would compute."""
    paper = site.paper()
    site.accept(Paper(paper.kind, "=HYPERLINK(1)", paper.xml))
    answer = admin.get("/messages/file?document=%3DHYPERLINK(1)")
    assert answer.status == 200
    assert "HYPERLINK" in answer.body
    assert not re.search(r'(?:^|[,"\n])=HYPERLINK', answer.body)
    site.mark()


def test_a_script_in_a_form_is_never_one_in_the_page(site, visitor):
    """BI-270."""
    page = visitor.get("/")
    answer = visitor.post("/signin", {"token": page.token() + SCRIPT, "name": SCRIPT, "password": SCRIPT, "next": SCRIPT})
    assert answer.status == 400
    assert "<script>alert" not in answer.body
    check_page(answer)
    site.check_well()


@pytest.mark.parametrize(
    "query",
    [
        "sort=receipt;DROP%20TABLE%20message",
        "sort=1%20UNION%20SELECT%20password_hash%20FROM%20monitor_user",
        "q=" + "%25_" * 5000,
        "page=-1",
        "page=99999999999999999999",
        "page=abc",
        "since=9999-99-99",
        "format=json&format=html",
        "format=" + "[" * 5000,
        "%00=%ff%fe",
    ],
)
def test_odd_parameters_are_answered_quickly_and_change_nothing(site, admin, query):
    """BI-276."""
    before = site.messages()
    began = time.monotonic()
    answer = admin.get(f"/overview?{query}")
    assert time.monotonic() - began < 2
    assert answer.status in {200, 400}
    check_page(answer)
    assert site.messages() == before
    site.check_well()


def test_deep_json_is_no_form(site, admin):
    """BI-276: a hundred thousand levels, and a form of a megabyte."""
    deep = "[" * 100_000 + "]" * 100_000
    for path in ("/signin", "/signout", "/deliveries/1/retry", "/deliveries/99999999999999999999/discard"):
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            answer = admin.ask("POST", path, deep, {"content-type": kind})
            assert answer.status in {400, 403, 404, 413, 415}, (path, answer.status)
            check_page(answer, path)
    site.check_well()


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/overview/../../x", "/signout"],
)
def test_after_signing_in_one_goes_nowhere_but_to_our_pages(site, visitor, wanted):
    """BI-279."""
    visitor.get(f"/?next={wanted}")
    answer = visitor.sign_in("admin", site.engine.password, next=wanted)
    assert (answer.status, answer.location) == (303, "/overview")


def test_no_page_is_kept_after_leaving_and_none_can_be_framed(site, admin):
    """BI-279."""
    cookies = dict(admin.cookies)
    page = admin.get("/overview")
    assert page.headers["cache-control"] == "no-store"
    check_page(page)
    assert admin.post("/signout", {"token": page.token()}).status == 303
    admin.cookies.update(cookies)
    assert admin.get("/overview").status == 303
    assert admin.get("/overview?format=json").status == 401


def test_a_form_of_another_site_does_nothing(site, admin):
    """BI-279: neither by its origin nor by its token."""
    token = admin.get("/overview").token()
    for headers in ({"origin": "https://evil.example"}, {"sec_fetch_site": "cross-site"}):
        assert admin.post("/signout", {"token": token}, **headers).status == 400
    assert admin.post("/signout", {"token": "0" * 64}).status == 400
    assert admin.get("/overview").status == 200


def test_cookies_cannot_be_read_by_scripts_nor_sent_from_elsewhere(site, visitor):
    """BI-279."""
    answer = visitor.sign_in("admin", site.engine.password)
    jar = SimpleCookie(answer.headers["set-cookie"])
    for cookie in jar.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/debug",
        "/docs",
        "/openapi.json",
        "/.git/config",
        "/static/live.js.map",
        "/admin",
        "/console",
        "/services/",
        "/overview%00",
        "/static/%2e%2e/app.py",
    ],
)
def test_nothing_of_the_inside_is_shown_to_a_stranger(site, visitor, path):
    """BI-282."""
    answer = visitor.get(path)
    assert answer.status in {200, 303, 400, 404}
    check_page(answer)
    if answer.status == 200:
        assert path in PAGES


def test_the_first_password_is_made_and_no_usual_one_opens(site, visitor):
    """BI-282: a random password, printed once; neither an empty nor a usual one."""
    assert re.fullmatch(r"[A-Za-z0-9]{20}", site.engine.password)
    assert site.engine.password not in (site.engine.data / "engine.log").read_text(encoding="utf-8")
    for password in ("", "admin", "changbai"):
        assert visitor.sign_in("admin", password).status in {403, 429}


def test_the_canary_is_in_no_figure_no_page_and_no_file_but_the_store(site, admin):
    """BI-267: after a document with it was taken and another refused."""
    site.accept(site.paper())
    site.upload(site.paper(), "***")
    for path in ("/metrics", "/overview", "/overview?format=json"):
        assert_clean(admin.get(path).body.encode())
    json.loads(admin.get("/overview?format=json").body)
    for file in site.engine.data.rglob("*"):
        ours = ".db" in file.name or "outbox" in file.parts or file == site.secret_file
        if file.is_file() and not ours:
            assert_clean(file.read_bytes())


def test_guessing_passwords_is_slowed_down_and_tells_nothing(site):
    """BI-273: wrong names and wrong passwords look alike; after a few tries one waits, and then a right one waits too."""
    port = int(site.engine.monitor.rpartition(":")[2])
    answers = []
    for number in range(12):
        name = "admin" if number % 2 else f"nobody-{number}"
        answers.append(Visitor(port).sign_in(name, f"guess-{CANARY}"))
    assert {answer.status for answer in answers} == {403, 429}
    refused = {re.sub(r'value="[^"]*"', "", answer.body) for answer in answers if answer.status == 403}
    assert len(refused) == 1
    late = answers[-1]
    assert int(late.headers["retry-after"]) >= 1
    assert Visitor(port).sign_in("admin", site.engine.password).status == 429
    site.check_well()


def test_guessing_at_the_services_delays_the_guesser_and_no_hospital(site):
    """BI-273: a stranger at another address waits longer each time; the hospital, the right password in hand, does not."""
    words, seconds = set(), []
    for number in range(5):
        guess = site.envelope("Heartbeat", header=site.hospital("HOSP-B", f"guess-number-{number}").credentials())
        began = time.monotonic()
        answer = site.post(guess, code="HOSP-B", source="127.0.0.2")
        seconds.append(time.monotonic() - began)
        words.add((answer.status, answer.code, answer.text("message")))
    assert len(words) == 1
    assert seconds[4] > 1.9
    began = time.monotonic()
    assert site.post(site.envelope("Heartbeat", code="HOSP-B"), code="HOSP-B").status == 200
    assert time.monotonic() - began < 1.5
    site.check_well()

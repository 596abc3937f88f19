"""Visit the door of the monitor: who comes in, who does not, and what a page gives away."""

import asyncio
import time

from engine.monitor.app import build_monitor
from engine.monitor.signin import SESSION_COOKIE, VISITOR_COOKIE
from engine.monitor.visitors import FREE_FAILURES, LONGEST_WAIT, Failures, FormTokens
from tests.monitor.conftest import PASSWORDS
from tests.monitor.web import Visitor


def test_the_first_page_asks_in_chinese_to_sign_in(visitor):
    page = visitor.get("/")
    assert page.status == 200
    assert '<html lang="zh-CN">' in page.body
    assert "长白 集成引擎" in page.body
    assert "用户名" in page.body
    assert 'href="?lang=en"' in page.body


def test_english_is_kept_once_it_was_asked_for(visitor):
    assert "User name" in visitor.get("/?lang=en").body
    assert "User name" in visitor.get("/").body
    assert "用户名" in visitor.get("/?lang=zh").body


def test_a_language_that_is_none_is_chinese_and_not_kept(visitor):
    page = visitor.get('/?lang="><script>alert(1)</script>')
    assert "用户名" in page.body
    assert "<script>alert" not in page.body
    assert "changbai_lang" not in visitor.cookies


def test_every_page_but_the_probes_sends_strangers_to_the_sign_in_page(visitor):
    answer = visitor.get("/overview")
    assert answer.status == 303
    assert answer.location == "/?next=/overview"


def test_a_stranger_who_asks_for_json_gets_401(visitor):
    answer = visitor.get("/overview?format=json")
    assert answer.status == 401
    assert "institution" not in answer.body


def test_a_right_password_opens_the_page_that_was_wanted(visitor):
    answer = visitor.sign_in("viewer-1", PASSWORDS["viewer"], next="/overview")
    assert answer.status == 303
    assert answer.location == "/overview"
    page = visitor.get("/overview")
    assert page.status == 200
    assert "viewer-1" in page.body
    assert visitor.get("/").location == "/overview"


def test_the_page_wanted_can_only_be_one_of_ours(visitor):
    answer = visitor.sign_in("viewer-1", PASSWORDS["viewer"], next="https://evil.example/")
    assert answer.location == "/overview"


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(monitor):
    answers = [
        Visitor(monitor).sign_in("viewer-1", "wrong-password"),
        Visitor(monitor).sign_in("nobody", "wrong-password"),
        Visitor(monitor).sign_in("'; DROP TABLE monitor_user; --", "wrong-password"),
    ]
    assert {answer.status for answer in answers} == {403}
    for answer in answers:
        assert "用户名或密码不正确" in answer.body
        assert SESSION_COOKIE not in str(answer.headers)
        assert "wrong-password" not in answer.body


def test_after_several_wrong_passwords_one_must_wait(visitor):
    for number in range(FREE_FAILURES + 1):
        assert visitor.sign_in(f"nobody-{number}", "wrong-password").status == 403
    answer = visitor.sign_in("viewer-1", PASSWORDS["viewer"])
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert "秒后再试" in answer.body


def test_the_wait_doubles_and_has_an_end():
    now = [0.0]
    failures = Failures(clock=lambda: now[0])
    waits = []
    for _ in range(FREE_FAILURES + 9):
        failures.failed("10.0.0.1")
        waits.append(failures.wait("10.0.0.1"))
    assert waits[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    assert waits[FREE_FAILURES : FREE_FAILURES + 4] == [1.0, 2.0, 4.0, 8.0]
    assert waits[-1] == LONGEST_WAIT
    assert failures.wait("10.0.0.2") == 0
    now[0] = LONGEST_WAIT
    assert failures.wait("10.0.0.1") == 0
    failures.succeeded("10.0.0.1")
    failures.failed("10.0.0.1")
    assert failures.wait("10.0.0.1") == 0


def test_a_session_cookie_set_before_signing_in_is_never_taken_up(visitor):
    visitor.cookies[SESSION_COOKIE] = "chosen-by-the-attacker"
    visitor.sign_in("viewer-1", PASSWORDS["viewer"])
    assert visitor.cookies[SESSION_COOKIE] != "chosen-by-the-attacker"
    thief = Visitor(visitor.port)
    thief.cookies[SESSION_COOKIE] = "chosen-by-the-attacker"
    assert thief.get("/overview").status == 303


def test_signing_in_again_ends_the_session_before(visitor):
    visitor.sign_in("viewer-1", PASSWORDS["viewer"])
    before = visitor.cookies[SESSION_COOKIE]
    stranger = Visitor(visitor.port)
    page = stranger.get("/")
    stranger.cookies[SESSION_COOKIE] = before
    stranger.post("/signin", {"token": page.token(), "name": "operator-1", "password": PASSWORDS["operator"]})
    assert stranger.cookies[SESSION_COOKIE] != before
    assert visitor.get("/overview").status == 303


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(visitor):
    answer = visitor.sign_in("viewer-1", PASSWORDS["viewer"])
    (cookie,) = [value for value in answer.headers.get_all("set-cookie") if value.startswith(SESSION_COOKIE)]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "expires" not in cookie.lower()
    assert visitor.cookies[SESSION_COOKIE] not in visitor.get("/overview").body


def test_over_tls_cookies_are_marked_for_tls_only(behind, users, factors):
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "scheme": "https", "method": "GET", "path": "/", "raw_path": b"/", "query_string": b"lang=en"}
    scope |= {"headers": [], "server": ("127.0.0.1", 443), "client": ("127.0.0.1", 1), "http_version": "1.1", "root_path": ""}
    asyncio.run(build_monitor(behind.sources(), users, factors)(scope, receive, send))
    headers = sent[0]["headers"]
    cookies = [value.decode().lower() for name, value in headers if name == b"set-cookie"]
    assert len(cookies) == 2
    assert all("secure" in cookie and "httponly" in cookie for cookie in cookies)
    assert b"strict-transport-security" in dict(headers)


def test_signing_in_needs_the_form_that_was_shown_to_this_visitor(monitor):
    shown = Visitor(monitor).get("/").token()
    other = Visitor(monitor)
    form = {"name": "viewer-1", "password": PASSWORDS["viewer"]}
    for token, cookie in ((shown, None), ("", None), (shown, "another"), ("", "")):
        other.cookies = {VISITOR_COOKIE: cookie} if cookie is not None else {}
        answer = other.post("/signin", {**form, "token": token})
        assert answer.status == 400
        assert SESSION_COOKIE not in other.cookies


def test_a_post_from_another_site_signs_nobody_in(visitor):
    token = visitor.get("/").token()
    form = {"token": token, "name": "viewer-1", "password": PASSWORDS["viewer"]}
    assert visitor.post("/signin", form, Origin="https://evil.example").status == 400
    assert visitor.post("/signin", form, Sec_Fetch_Site="cross-site").status == 400
    assert visitor.post("/signin", form, Origin=f"http://127.0.0.1:{visitor.port}").status == 303


def test_signing_out_ends_the_session_everywhere(administrator):
    token, cookie = administrator.get("/overview").token(), administrator.cookies[SESSION_COOKIE]
    assert administrator.post("/signout", {"token": token}).status == 303
    assert SESSION_COOKIE not in administrator.cookies
    administrator.cookies[SESSION_COOKIE] = cookie
    assert administrator.get("/overview").status == 303


def test_signing_out_needs_the_form_of_the_session(administrator):
    assert administrator.post("/signout", {"token": "guessed"}).status == 400
    assert administrator.get("/overview").status == 200


def test_a_form_that_is_too_long_is_refused(visitor):
    token = visitor.get("/").token()
    answer = visitor.post("/signin", {"token": token, "name": "x" * 20_000, "password": "y"})
    assert answer.status == 413


def test_a_form_that_cannot_be_read_is_refused(visitor):
    answer = visitor.ask("POST", "/signin", b"name=\xff\xfe&token=%00", {"content-type": "application/x-www-form-urlencoded"})
    assert answer.status == 400


def test_form_tokens_belong_to_one_visitor_and_one_start_of_the_monitor():
    tokens, others = FormTokens(), FormTokens()
    nonce = tokens.nonce()
    assert tokens.fits(nonce, tokens.token(nonce))
    assert not tokens.fits(tokens.nonce(), tokens.token(nonce))
    assert not others.fits(nonce, tokens.token(nonce))
    assert not tokens.fits("", tokens.token(""))


def test_a_wrong_password_costs_the_same_time_for_a_name_that_is_none(users):
    def seconds(name):
        begin = time.perf_counter()
        assert users.sign_in(name, "wrong-password-again") is None
        return time.perf_counter() - begin

    assert min(seconds("nobody-at-all") for _ in range(3)) > 0.005

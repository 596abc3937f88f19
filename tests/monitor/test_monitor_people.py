"""Sign in with a second factor, keep the own account, and keep the users as an administrator does."""

import json
import re
import time

import pyotp
import pytest

from engine.monitor.app import build_monitor
from engine.monitor.signin import SESSION_COOKIE
from engine.services.secondfactor import SecondFactors
from engine.services.users import Users
from tests.monitor.conftest import PASSWORDS
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor, serve
from tests.support.seals import SEAL

SECRET = "Only-for-tests-person"


class Clock:
    now = float(int(time.time()))

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="module")
def strict(users):
    """Give a book in which engineers need a second factor."""
    return Users(users._database, second_factor=("engineer",))


@pytest.fixture
def guarded(behind, strict, clock):
    with serve(build_monitor(behind.sources(), strict, SecondFactors(strict._database, SEAL, clock=clock))) as port:
        yield port


@pytest.fixture
def person(strict, request):
    """Add a user of a name of its own."""
    name = re.sub(r"\W", "", request.node.name)[-30:]
    strict.add(name, "engineer", SECRET)
    return name


def enrol(port, person, clock):
    visitor = Visitor(port)
    assert visitor.sign_in(person, SECRET).location == "/second-factor"
    page = visitor.get("/second-factor")
    secret = re.search(r'id="secret">([^<]+)<', page.body)[1].replace(" ", "")
    totp = pyotp.TOTP(secret)
    done = visitor.post("/second-factor", {"token": page.token(), "code": totp.at(clock.now)})
    clock.now += 30
    return visitor, totp, re.findall(r"<li><code>([^<]+)</code>", done.body)


def test_before_the_second_factor_is_set_up_no_page_is_seen(guarded, person):
    visitor = Visitor(guarded)
    visitor.sign_in(person, SECRET)
    for path in ("/overview", "/me", "/users", "/codes"):
        assert visitor.get(path).location == "/second-factor"
        assert visitor.get(f"{path}?format=json").status == 401
    assert visitor.get("/").location == "/second-factor"
    assert "<nav" in visitor.get("/second-factor").body
    assert 'href="/overview"' not in visitor.get("/second-factor").body


def test_it_is_set_up_by_a_picture_or_a_key_and_recovery_codes_are_shown_once(guarded, person, clock):
    visitor, _, codes = enrol(guarded, person, clock)
    assert len(set(codes)) == 10
    assert visitor.get("/overview").status == 200
    assert codes[0] not in visitor.get("/me").body
    assert "还有 10 个恢复码" in visitor.get("/me").body
    assert visitor.get("/second-factor").location == "/overview"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_that_sets_it_up_is_well_formed_and_holds_the_picture(guarded, person, clock, language):
    visitor = Visitor(guarded)
    visitor.sign_in(person, SECRET)
    body = visitor.get(f"/second-factor?lang={language}").body
    assert "<svg" in body
    for _, attributes in Outline(re.sub(r"<path[^>]*/>", "", body)).elements:
        assert "style" not in attributes


def test_signing_in_asks_for_a_code_and_changes_the_session_at_both_steps(guarded, person, clock):
    _, totp, _ = enrol(guarded, person, clock)
    visitor = Visitor(guarded)
    assert visitor.sign_in(person, SECRET).location == "/second-factor"
    first = visitor.cookies[SESSION_COOKIE]
    assert visitor.get("/overview").location == "/second-factor"
    page = visitor.get("/second-factor")
    assert 'id="secret"' not in page.body
    code = totp.at(clock.now)
    assert visitor.post("/second-factor", {"token": page.token(), "code": code}).location == "/overview"
    assert visitor.cookies[SESSION_COOKIE] != first
    thief = Visitor(guarded)
    thief.cookies[SESSION_COOKIE] = first
    assert thief.get("/second-factor").location == "/"
    other = Visitor(guarded)
    other.sign_in(person, SECRET)
    again = other.post("/second-factor", {"token": other.get("/second-factor").token(), "code": code})
    assert again.status == 403
    assert "已用过" in again.body
    assert other.get("/overview").location == "/second-factor"


def test_wrong_codes_lock_and_a_form_of_another_session_is_not_taken(guarded, person, clock):
    _, totp, codes = enrol(guarded, person, clock)
    visitor = Visitor(guarded)
    visitor.sign_in(person, SECRET)
    token = visitor.get("/second-factor").token()
    assert visitor.post("/second-factor", {"token": "other", "code": totp.at(clock.now)}).status == 400
    assert (
        visitor.post("/second-factor", {"token": token, "code": totp.at(clock.now)}, Origin="https://evil.example").status == 400
    )
    for number in range(5):
        assert visitor.post("/second-factor", {"token": token, "code": f"99999{number}"}).status == 403
    for right in (totp.at(clock.now), codes[0]):
        assert visitor.post("/second-factor", {"token": token, "code": right}).status == 403


def test_a_recovery_code_signs_in_and_new_ones_end_the_others(guarded, person, clock):
    _, totp, codes = enrol(guarded, person, clock)
    visitor = Visitor(guarded)
    visitor.sign_in(person, SECRET)
    token = visitor.get("/second-factor").token()
    assert visitor.post("/second-factor", {"token": token, "code": codes[0]}).location == "/overview"
    page = visitor.get("/me")
    assert "还有 9 个恢复码" in page.body
    fresh = visitor.post("/me/recovery", {"token": page.token(), "code": totp.at(clock.now)})
    assert len(re.findall(r"<li><code>", fresh.body)) == 10
    assert codes[1] not in fresh.body
    assert visitor.post("/me/recovery", {"token": page.token(), "code": "000000"}).status == 400


def test_one_changes_the_own_password(guarded, strict, person, clock):
    visitor, _, _ = enrol(guarded, person, clock)
    before = visitor.cookies[SESSION_COOKIE]
    token = visitor.get("/me").token()

    def change(old, new, again):
        return visitor.post("/me/password", {"token": token, "before": old, "password": new, "again": again})

    for old, new, again, words in (
        (SECRET, "a-new-password-1", "a-new-password-2", "不一致"),
        ("wrong-password-1", "a-new-password-1", "a-new-password-1", "当前密码不正确"),
        (SECRET, "short", "short", "至少 12 个字符"),
        (SECRET, SECRET, SECRET, "与当前密码不同"),
    ):
        answer = change(old, new, again)
        assert answer.status == 400
        assert words in answer.body
    assert change(SECRET, "a-new-password-1", "a-new-password-1").location == "/me?done=password"
    assert visitor.cookies[SESSION_COOKIE] != before
    assert "密码已修改" in visitor.get("/me?done=password").body
    assert strict.sign_in(person, SECRET) is None


def test_the_own_sessions_are_listed_and_ended_and_nobody_elses(monitor, users):
    one, other, stranger = Visitor(monitor), Visitor(monitor), Visitor(monitor)
    for visitor, role in ((one, "viewer"), (other, "viewer"), (stranger, "operator")):
        visitor.sign_in(f"{role}-1", PASSWORDS[role])
    page = one.get("/me")
    handle = users.session(other.cookies[SESSION_COOKIE]).handle
    assert f'value="{handle}"' in page.body
    assert users.session(one.cookies[SESSION_COOKIE]).handle not in re.findall(r'name="session" value="([^"]+)"', page.body)
    assert other.cookies[SESSION_COOKIE] not in page.body
    token = stranger.get("/me").token()
    assert stranger.post("/me/end", {"token": token, "session": handle}).location == "/me?done=gone"
    assert other.get("/me").status == 200
    assert one.post("/me/end", {"token": page.token(), "session": handle}).location == "/me?done=ended"
    assert other.get("/me").status == 303


def test_an_administrator_adds_a_user_whose_password_is_shown_once(administrator, monitor):
    page = administrator.get("/users")
    added = administrator.post("/users", {"token": page.token(), "name": "newcomer", "role": "viewer"})
    password = re.search(r'id="made">([^<]+)<', added.body)[1]
    assert password not in administrator.get("/users").body
    assert Visitor(monitor).sign_in("newcomer", password).location == "/overview"
    again = administrator.post("/users", {"token": page.token(), "name": "newcomer", "role": "viewer"})
    assert again.status == 400
    assert "用户名已存在" in again.body
    for name, role, words in (("a b", "viewer", "用户名应为"), ("x", "king", "没有这个角色"), ("x", "institution", "必须选择")):
        assert words in administrator.post("/users", {"token": page.token(), "name": name, "role": role}).body


def test_an_administrator_shuts_out_lets_in_and_renews(administrator, monitor, users, factors):
    users.add("guest", "viewer", SECRET)
    visitor, token = Visitor(monitor), administrator.get("/users").token()
    visitor.sign_in("guest", SECRET)

    def act(what, name="guest"):
        return administrator.post(f"/users/{name}/{what}", {"token": token})

    assert act("disable").location == "/users?done=disable"
    assert visitor.get("/overview").location.startswith("/?")
    assert "已停用" in administrator.get("/users").body
    assert act("enable").status == 303
    fresh = re.search(r'id="made">([^<]+)<', act("password").body)[1]
    assert users.sign_in("guest", SECRET) is None
    assert users.sign_in("guest", fresh) is not None
    assert act("reset-second-factor").location == "/users?done=reset-second-factor"
    assert act("explode").status == 404
    assert "没有这个用户" in act("disable", "nobody-at-all").body
    assert "我的账号" in act("disable", "administrator-1").body
    assert users.session(administrator.cookies[SESSION_COOKIE]) is not None
    told = {one["name"]: one for one in json.loads(administrator.get("/users?format=json").body)["users"]}
    assert told["institution-1"]["institution"] == "H22010001"
    assert "argon2" not in administrator.get("/users?format=json").body


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/users", "/me", "/codes", "/codes?search=SND-1"])
def test_these_pages_are_well_formed_and_label_their_fields(administrator, path, language):
    join = "&" if "?" in path else "?"
    outline = Outline(administrator.get(f"{path}{join}lang={language}").body)
    administrator.get("/me?lang=zh")
    labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
    for tag, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        if tag in {"input", "select"} and attributes.get("type") != "hidden":
            assert attributes["id"] in labelled


def test_codes_are_found_by_number_and_by_words(viewer):
    page = viewer.get("/codes?search=snd-203")
    assert 'id="SND-203"' in page.body
    assert 'id="SND-101"' not in page.body
    assert "SND-101" in [
        one["code"] for one in json.loads(viewer.get("/codes?search=%E8%BA%AB%E4%BB%BD&format=json").body)["codes"]
    ]
    assert "没有符合的代码" in viewer.get("/codes?search=%3Cscript%3Ealert(1)%3C/script%3E").body
    assert "<script>alert" not in viewer.get("/codes?search=%3Cscript%3Ealert(1)%3C/script%3E").body


# -- accounts of institutions


@pytest.fixture
def bound(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("institution-1", PASSWORDS["viewer"], next="/overview").location in {"/overview", "/completeness"}
    return visitor


def test_an_institution_arrives_at_its_own_figures(bound, behind):
    assert bound.get("/").location == "/completeness"
    page = bound.get("/completeness")
    assert "H22010001" in page.body
    others = [code for code in behind.institutions if code != "H22010001"]
    assert others
    for path in ("/completeness", "/quality", "/check"):
        assert not [code for code in others if code in bound.get(path).body]


@pytest.mark.parametrize("path", ["/completeness", "/quality"])
@pytest.mark.parametrize("shape", ["", "&format=json", "&format=xlsx"])
def test_the_figures_of_another_institution_are_not_read_whoever_asks(bound, behind, path, shape):
    other = next(code for code in behind.institutions if code != "H22010001")
    behind.wishes.clear()
    assert bound.get(f"{path}?institution={other}{shape}").status == 400
    assert behind.wishes == []
    assert bound.ask("GET", f"{path}?institution=H22010001{shape}", None, {}, text=False).status == 200
    assert {wish.institution for wish in behind.wishes} == {"H22010001"}


def test_what_an_institution_checks_is_checked_as_its_own(bound, behind, monkeypatch):
    given = []

    async def do(pasted):
        given.append(pasted)
        return behind.source.oversize

    monkeypatch.setattr(behind.turns, "do", do)
    token = bound.get("/check").token()
    bound.post("/check", {"token": token, "text": "<x/>", "institution": "H22010002"})
    assert [one.institution for one in given] == ["H22010001"]

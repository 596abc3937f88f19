"""Go through every address of the monitor as every role: nobody sees or does what the table of actions does not give them."""

import re
from datetime import UTC, datetime

import pytest

from engine.monitor.app import build_monitor
from engine.monitor.pages import ACTS, PAGES
from engine.monitor.reports import AskingLines
from engine.monitor.signin import Guarded
from engine.services.users import ROLES
from tests.monitor.conftest import PASSWORDS
from tests.monitor.web import Visitor

OPEN = {"/health", "/metrics", "/static/{name}", "/", "/signin", "/signout", "/second-factor"}
"""What is there for those who are not signed in, or whose second factor is still asked for."""

PARTS = {
    "order": "B1",
    "hospital": "H22010001",
    "act": "rotate",
    "delivery": "1",
    "name": "nobody",
    "code": "H22010001",
    "receipt": "R1",
    "referral": "R1",
    "version": "1",
    "number": "1",
    "what": "deliveries",
}


@pytest.fixture
def routes(behind, users, factors):
    behind.asked = AskingLines(datetime.now(UTC), ())
    return build_monitor(behind.sources(), users, factors).app.routes


def guarded(routes):
    for route in routes:
        if route.path not in OPEN:
            (method,) = route.methods - {"HEAD"}
            yield method, route.path, route.endpoint.__self__


def test_every_route_but_the_open_ones_stands_behind_the_door_and_names_its_action(routes):
    assert {route.path for route in routes} >= OPEN
    for _, path, behind_it in guarded(routes):
        assert isinstance(behind_it, Guarded), path
        assert behind_it.act in ACTS, path


def test_no_action_is_for_nobody_or_for_an_unknown_role(routes):
    used = {behind_it.act for _, _, behind_it in guarded(routes)}
    assert set(ACTS) - used <= {"discard", "applications"}, "an action that no route names"
    for act, roles in ACTS.items():
        assert roles, act
        assert roles <= set(ROLES), act
    assert {page.name for page in PAGES} <= set(ACTS)


def test_accounts_of_institutions_reach_only_pages_that_know_their_own(routes):
    reached = {act for act, roles in ACTS.items() if "institution" in roles}
    assert reached == {"me", "live", "completeness", "quality", "check", "codes"}


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_table_gives_it_and_403_for_all_else(role, routes, monitor):
    visitor = Visitor(monitor)
    password = PASSWORDS["viewer" if role == "institution" else role]
    assert visitor.sign_in(f"{role}-1", password).status == 303
    seen = set()
    for method, path, behind_it in guarded(routes):
        address = re.sub(r"{(\w+)(?::\w+)?}", lambda part: PARTS[part[1]], path)
        allowed = role in ACTS[behind_it.act]
        if path == "/live":
            assert (visitor.stream(address)[0] == 200) == allowed
            seen.add(behind_it.act)
            continue
        answer = visitor.get_bytes(address) if method == "GET" else visitor.post(address, {"token": "of-nobody"})
        assert (answer.status == 403) == (not allowed), (role, method, path, answer.status)
        if allowed and method == "POST":
            assert answer.status in {400, 404}, (method, path, "a form of nobody's was taken")
        seen.add(behind_it.act)
    assert seen >= set(ACTS) - {"discard", "applications"}


@pytest.mark.parametrize("role", ROLES)
def test_the_bar_holds_the_pages_of_the_role_and_no_other(role, monitor):
    visitor = Visitor(monitor)
    visitor.sign_in(f"{role}-1", PASSWORDS["viewer" if role == "institution" else role])
    bar = visitor.get("/me").body
    bar = bar[bar.index("<nav") : bar.index("</nav>")]
    for page in PAGES:
        assert (f'href="{page.path}"' in bar) == (role in ACTS[page.name]), page


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_stranger_reaches_nothing(method, routes, visitor):
    for how, path, _ in guarded(routes):
        if how == method:
            address = re.sub(r"{(\w+)(?::\w+)?}", lambda part: PARTS[part[1]], path)
            answer = visitor.get(address) if method == "GET" else visitor.post(address, {})
            assert (answer.status, answer.location.split("?")[0]) == (303, "/"), path

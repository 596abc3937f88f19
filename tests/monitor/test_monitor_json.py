"""Ask every page of the monitor for its JSON twin: by the address and by Accept, with the rights of the page and its masking."""

import json
import re
from datetime import UTC, datetime

import pytest

from engine.monitor.app import build_monitor
from engine.monitor.pages import ACTS
from engine.monitor.reports import AskingLines
from engine.services.users import ROLES
from tests.monitor.conftest import PASSWORDS
from tests.monitor.kept import (  # noqa: F401 # fixtures
    BIRTH,
    DOCTOR,
    NUMBER,
    PERSON,
    archive,
    behind,
    dead,
    file,
    held,
    refused,
    room,
)  # fmt: skip
from tests.monitor.sample_appointments import ORDER
from tests.monitor.sample_referrals import LATE
from tests.monitor.test_monitor_roles import PARTS, guarded
from tests.monitor.web import Visitor

# ruff: noqa: F811 - pytest hands fixtures over by their names

FILES = {"/messages/file", "/guide/template", "/live"}
"""What is not a page: two files to save, and the stream that pages listen to."""

CHOSEN = dict.fromkeys(("/completeness", "/quality"), "?institution=H22010001")
"""Pages that show something only of an institution that is chosen."""

ELSEWHERE = ("/residents/", "/reports/", "/indicators/", "/routes/")
"""Pages of one thing, of which there is none here; test_monitor_every_page.py looks at one of each."""

ACCEPT = {"accept": "application/json"}


@pytest.fixture
def receipt(archive, room):
    """File a message that is held, one that was refused, and one whose delivery is dead; gives the receipt of the refused."""
    (found,) = file(archive, refused(room, "D2"))
    file(archive, held())
    dead(archive)
    return found


@pytest.fixture
def pages(behind, users, factors, receipt):
    """Give the address and the action of every page that is behind the door."""
    behind.asked = AskingLines(datetime.now(UTC), ())
    routes = build_monitor(behind.sources(), users, factors).app.routes
    parts = PARTS | {"receipt": receipt, "order": ORDER, "referral": LATE.referral}
    return [
        (re.sub(r"{(\w+)(?::\w+)?}", lambda part: parts[part[1]], path) + CHOSEN.get(path, "?"), door.act)
        for method, path, door in guarded(routes)
        if method == "GET" and path not in FILES
    ]


def signed_in(monitor, role):
    visitor = Visitor(monitor)
    assert visitor.sign_in(f"{role}-1", PASSWORDS["viewer" if role == "institution" else role]).status == 303
    return visitor


def is_json(answer):
    return answer.headers["content-type"].startswith("application/json") and json.loads(answer.body) is not None


def shape(told):
    """Give the names in an answer, whose figures may differ from one moment to the next."""
    return sorted(told) if isinstance(told, dict) else type(told)


@pytest.mark.parametrize("role", ROLES)
def test_every_page_has_its_twin_with_the_same_rights(role, monitor, pages):
    visitor = signed_in(monitor, role)
    assert len(pages) > 20
    for address, act in pages:
        seen = visitor.get(address)
        by_address, by_accept = visitor.get(f"{address}&format=json"), visitor.get(address, **ACCEPT)
        assert (seen.status == 403) == (role not in ACTS[act]), address
        assert by_address.status == by_accept.status == seen.status, address
        assert is_json(by_address), address
        assert is_json(by_accept), address
        assert shape(json.loads(by_address.body)) == shape(json.loads(by_accept.body)), address
        assert seen.headers["content-type"].startswith("text/html"), address


def test_pages_that_there_are_answer_with_something(monitor, pages):
    visitor = signed_in(monitor, "administrator")
    found = {address: visitor.get(address, **ACCEPT) for address, _ in pages}
    missing = sorted(address for address, answer in found.items() if answer.status != 200)
    assert [address for address in missing if not address.startswith(ELSEWHERE)] == []


def test_a_twin_tells_no_more_of_a_person_than_its_page(monitor, pages):
    visitor = signed_in(monitor, "administrator")
    for address, _ in pages:
        for answer in (visitor.get(address, **ACCEPT), visitor.get(f"{address}&format=json")):
            for secret in (PERSON, NUMBER, BIRTH, DOCTOR, PASSWORDS["administrator"]):
                assert secret not in answer.body, address
            told = json.loads(answer.body)
            keys = _keys(told)
            assert not {key for key in keys if re.search(r"password|secret|csrf|totp|upload_key", key)}, address


def _keys(told):
    if isinstance(told, dict):
        return set(told).union(*map(_keys, told.values()))
    return set().union(*map(_keys, told)) if isinstance(told, list) else set()


def test_a_browser_gets_the_page_and_a_stranger_who_wants_json_401(monitor, visitor, pages):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,application/json;q=0.8,*/*;q=0.7"
    assert signed_in(monitor, "viewer").get("/overview", accept=browser).headers["content-type"].startswith("text/html")
    for address, _ in pages:
        assert visitor.get(address, **ACCEPT).status == 401, address


def test_an_institutions_twins_are_of_its_own_only(monitor, pages):
    visitor = signed_in(monitor, "institution")
    for path in ("/completeness", "/quality"):
        own = visitor.get(f"{path}?institution=H22010001", **ACCEPT)
        other = visitor.get(f"{path}?institution=H22010002", **ACCEPT)
        assert own.status == 200, path
        assert "H22010002" not in own.body
        assert json.loads(other.body).get("error") or "wrong" in other.body or other.status in {400, 403, 404}, (
            path,
            other.body[:200],
        )

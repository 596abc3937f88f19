"""Listen to the one stream of a page: parts that changed and nothing else, until the session or the engine ends."""

import asyncio
import threading
from dataclasses import replace

import pytest

from engine.errors import TryAgain
from engine.monitor.app import build_monitor
from engine.monitor.board import PARTS
from engine.monitor.overview import Destination
from engine.monitor.shared import Shared
from tests.monitor.conftest import PASSWORDS
from tests.monitor.web import Visitor, serve
from tests.support.stores import until

OVERVIEW = "/live?page=/overview"


def parts(events):
    return [data["id"] for name, data in events if name == "part"]


def test_the_first_events_are_all_parts_as_the_page_has_them(administrator):
    status, events = administrator.stream(OVERVIEW, len(PARTS) + 2)
    assert status == 200
    assert parts(events) == ["part-tiles", "part-badge", *(f"part-{name}" for name in PARTS)]
    body = administrator.get("/overview").body
    for _, data in events:
        assert f'id="{data["id"]}"' in body
    (strip,) = [data["html"] for _, data in events if data["id"] == "part-tiles"]
    assert strip in body


def test_other_pages_get_the_tiles_alone(administrator, behind):
    _, events = administrator.stream("/live?page=/codes", 3, told=change_after(2, behind, retrying=4_711))
    assert parts(events) == ["part-tiles", "part-badge", "part-tiles"]
    assert "4,711" in events[2][1]["html"]


def change_after(count, behind, **changes):
    """Change what is behind the pages once so many events were heard."""
    heard = []

    def told():
        heard.append(1)
        if len(heard) == count:
            behind.overview = replace(behind.overview, **changes)

    return told


def test_only_what_changed_is_sent(administrator, behind):
    # Ages would go on by themselves.
    behind.overview = replace(behind.overview, destinations=(Destination(name="lab", counts={"SENT": 9}),), dead=(), lanes=())
    first = len(PARTS) + 2
    _, events = administrator.stream(OVERVIEW, first + 2, told=change_after(first, behind, taken=behind.overview.taken + 7))
    assert parts(events[first:]) == ["part-look", "part-sum"]
    assert "相差 7" in events[-1][1]["html"]


def sign_out(monitor, listener):
    """Sign the listener out by another tab of the same browser."""
    tab = Visitor(monitor)
    tab.cookies = dict(listener.cookies)
    token = tab.get("/me").token()
    return lambda: tab.post("/signout", {"token": token})


def test_a_stream_ends_with_its_session(administrator, monitor):
    _, events = administrator.stream("/live?page=/codes", 9, told=sign_out(monitor, administrator))
    assert [name for name, _ in events] == ["part", "part", "ended"]


def test_a_stream_is_forgotten_when_its_page_is_left(behind, users, factors):
    app = build_monitor(behind.sources(), users, factors, kept=0.0, pace=0.05)
    (live,) = [route.endpoint.__self__.show.__self__ for route in app.app.routes if route.path == "/live"]
    with serve(app) as port:
        visitor = Visitor(port)
        visitor.sign_in("viewer-1", PASSWORDS["viewer"])
        seen = []
        visitor.stream("/live?page=/codes", 1, told=lambda: seen.append(live.open))
        assert seen == [1]
        until(lambda: live.open == 0)


def test_all_whose_list_of_alerts_is_open_share_one_reading_until_somebody_acts(behind, users, factors):
    with serve(build_monitor(behind.sources(), users, factors, kept=60.0, pace=0.05)) as port:
        visitor = Visitor(port)
        visitor.sign_in("viewer-1", PASSWORDS["viewer"])
        operator = Visitor(port)
        operator.sign_in("operator-1", PASSWORDS["operator"])
        token = operator.get("/alerts").token()
        before = len(behind.wishes)
        for one in (visitor, operator):
            one.stream("/live?page=/alerts", 3)
        assert behind.wishes[before:] == [""]
        operator.post("/alerts/1/acknowledge", {"token": token, "reason": "在看"})
        visitor.stream("/live?page=/alerts", 3)
        assert behind.wishes.count("") == before + 2


def test_a_stream_keeps_nobody_signed_in(administrator, users, monkeypatch, behind):
    touched = []
    monkeypatch.setattr(users, "session", lambda token, real=users.session: touched.append(token) or real(token))
    administrator.stream("/live?page=/codes", 3, told=change_after(2, behind, retrying=4_711))
    assert len(touched) == 1, "only the request itself uses the session"


def test_a_store_that_is_away_is_told_and_all_is_sent_again_when_it_is_back(administrator, behind):
    heard = []

    def told():
        heard.append(1)
        behind.trouble = TryAgain("locked") if len(heard) == 2 else None

    _, events = administrator.stream("/live?page=/codes", 5, told=told)
    assert [name for name, _ in events] == ["part", "part", "away", "part", "part"]
    assert events[:2] == events[3:]


def test_strangers_and_sessions_without_their_second_factor_hear_nothing(visitor):
    status, events = visitor.stream(OVERVIEW)
    assert status == 303
    assert events == []


def test_an_institution_hears_its_own_tiles_and_nothing_of_the_overview(monitor):
    visitor = Visitor(monitor)
    visitor.sign_in("institution-1", PASSWORDS["viewer"])
    status, events = visitor.stream(OVERVIEW, 9, told=sign_out(monitor, visitor))
    assert status == 200
    assert [name for name, _ in events] == ["part", "part", "ended"]
    assert parts(events) == ["part-tiles", "part-badge"]
    assert "institution=H22010001" in events[0][1]["html"]
    assert "/overview" not in events[0][1]["html"]


def test_streams_end_when_the_engine_stops(behind, users, factors):
    stop = asyncio.Event()
    with serve(build_monitor(behind.sources(), users, factors, stop=stop, kept=0.0, pace=0.1)) as port:
        visitor = Visitor(port)
        visitor.sign_in("viewer-1", PASSWORDS["viewer"])
        heard = threading.Event()
        listener = threading.Thread(target=lambda: visitor.stream("/live?page=/codes", 2, told=heard.set))
        listener.start()
        assert heard.wait(10)
        stop.set()
        listener.join(10)
        assert not listener.is_alive()


@pytest.mark.parametrize("number", [1, 5])
def test_all_who_look_share_one_reading(number):
    read, gate = [], threading.Event()

    def slow(key):
        read.append(key)
        gate.wait(5)
        return len(read)

    async def look():
        shared = Shared(slow, 60.0)
        waiting = [asyncio.ensure_future(shared.get("a")) for _ in range(number)]
        await asyncio.sleep(0)
        gate.set()
        found = await asyncio.gather(*waiting)
        again = await shared.get("a")
        shared.clear()
        return found, again, await shared.get("a")

    found, again, fresh = asyncio.run(look())
    assert found == [1] * number
    assert again == 1
    assert fresh == 2


def test_one_who_hangs_up_takes_the_reading_from_nobody():
    gate = threading.Event()

    async def look():
        shared = Shared(lambda _: gate.wait(5), 60.0)
        first, second = (asyncio.ensure_future(shared.get("a")) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        gate.set()
        return await second

    assert asyncio.run(look()) is True


def test_what_reading_raises_is_raised_and_asked_again_after_its_time():
    answers = iter([TryAgain("locked"), 7])

    def read(_):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def look():
        shared = Shared(read, 0.0)
        with pytest.raises(TryAgain):
            await shared.get("a")
        return await shared.get("a")

    assert asyncio.run(look()) == 7

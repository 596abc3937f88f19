"""A message has one trace, whoever brought it and whenever it is delivered; where nothing is traced nothing is loaded or sent."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from engine import tracing
from engine.tracing.trail import Place, Trail, new_trace, place_of, read_traceparent, write_traceparent
from tests.support.engine import ROOT

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Kept:
    """A collector in memory."""

    def __init__(self):
        self.trails = []

    def put(self, trail):
        self.trails.append(trail)

    def close(self):
        self.closed = True

    def spans(self, name):
        return [(span.trace or trail.trace, span) for trail in self.trails for span in trail.spans if span.name == name]


@pytest.fixture
def kept(monkeypatch):
    made = Kept()
    monkeypatch.setattr(tracing._now, "sink", made)
    return made


def upload(*receipts, traceparent=""):
    with tracing.arriving(lambda: traceparent) as request:
        with tracing.stage("gate"):
            pass
        for receipt in receipts:
            with tracing.message() as one:
                with tracing.stage("walk"):
                    tracing.steps(lambda: [("schema", 300), ("rules", 200)])
                one.note(receipt=receipt, state="ROUTED")
        with tracing.stage("commit"):
            pass
        request.note(service="DataCollection")


def test_a_message_is_one_trace_that_its_receipt_names(kept):
    upload("R-1")
    (trail,) = kept.trails
    by_name = {span.name: span for span in trail.spans}
    assert (trail.trace, by_name["message"].number) == place_of("R-1")
    assert {span.trace for span in trail.spans} == {0}
    request, message, walk = by_name["request"], by_name["message"], by_name["walk"]
    assert (request.parent, request.kind) == (0, "server")
    assert by_name["gate"].parent == by_name["commit"].parent == message.parent == request.number
    assert walk.parent == message.number
    assert by_name["schema"].parent == by_name["rules"].parent == walk.number
    assert by_name["rules"].began == by_name["schema"].ended
    assert by_name["rules"].ended - by_name["rules"].began == 200_000
    assert request.began <= message.began <= message.ended <= request.ended


def test_a_delivery_an_hour_later_goes_on_with_the_trace_of_its_message(kept):
    with tracing.delivering("R-1", "partner", 2) as span:
        span.note(code="DST-102")
        headers = tracing.outgoing()
    ((trace, one),) = kept.spans("deliver partner")
    assert (trace, one.parent) == place_of("R-1")
    assert (one.failed, one.kind, one.attributes["changbai.attempt"]) == ("DST-102", "client", 2)
    assert headers == {"traceparent": write_traceparent(Place(trace, one.number))}
    assert tracing.outgoing() == {}


def test_each_message_of_a_batch_has_its_own_trace_linked_to_the_request(kept):
    upload("R-1", "R-2")
    ((_, request),) = kept.spans("request")
    first, second = kept.spans("message")
    assert [(trace, span.number) for trace, span in (first, second)] == [place_of("R-1"), place_of("R-2")]
    assert second[1].links == [Place(place_of("R-1").trace, request.number)]
    assert [trace for trace, _ in kept.spans("schema")] == [place_of("R-1").trace, place_of("R-2").trace]


def test_the_callers_trace_shows_the_request_and_both_are_linked(kept):
    upload("R-1", traceparent=CALLER)
    own, theirs = kept.spans("request")
    caller = read_traceparent(CALLER)
    assert (theirs[0], theirs[1].parent) == caller
    assert own[0] == place_of("R-1").trace
    assert own[1].links == [Place(caller.trace, theirs[1].number)]
    assert theirs[1].links == [Place(own[0], own[1].number)]
    assert theirs[1].attributes["changbai.service"] == "DataCollection"


@pytest.mark.parametrize(
    "text", ["", "nonsense", CALLER[:-2] + "00", CALLER.replace("00-", "ff-", 1), CALLER.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), CALLER + "x", CALLER.upper()]
)  # fmt: skip
def test_a_traceparent_that_is_none_or_not_kept_by_its_caller_is_passed_over(text, kept):
    upload("R-1", traceparent=text)
    assert len(kept.spans("request")) == 1


def test_what_fails_is_told_by_its_code(kept):
    class Refused(Exception):
        code = "SND-104"

    with pytest.raises(Refused), tracing.arriving(str), tracing.stage("admit"):
        raise Refused
    assert [(span.name, span.failed) for span in kept.trails[0].spans] == [("admit", "SND-104"), ("request", "SND-104")]


def test_a_hospital_is_called_within_what_is_in_hand_also_from_a_thread(kept):
    def ask():
        with tracing.calling("HOSP-A", "2007"):
            return tracing.outgoing()["traceparent"]

    with ThreadPoolExecutor(1) as threads:
        with tracing.arriving(str) as request:
            told = threads.submit(copy_context().run, ask).result()
        assert threads.submit(ask).result() != told, "by itself it is a trace of its own"
    within, alone = kept.spans("hospital 2007")
    assert read_traceparent(told) == (within[0], within[1].number)
    assert (within[1].parent, alone[1].parent) == (request.number, 0)


def test_requests_beside_each_other_keep_apart(kept):
    def one(receipt):
        upload(receipt)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, [f"R-{number}" for number in range(50)]))
    assert {trail.trace for trail in kept.trails} == {place_of(f"R-{number}").trace for number in range(50)}
    assert {len(trail.spans) for trail in kept.trails} == {7}


def test_numbers_of_a_forked_process_are_its_own():
    code = "import os\nfrom engine import tracing\nfrom engine.tracing.trail import new_trace\nread, write = os.pipe()\n"
    code += "child = os.fork()\nif child == 0:\n    os.write(write, str(new_trace()).encode())\n    os._exit(0)\n"
    code += "os.waitpid(child, 0)\nassert os.read(read, 100).decode() != str(new_trace())"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_where_nothing_is_traced_opentelemetry_is_not_loaded():
    code = "import sys, engine.app.front, engine.app.worker\nfrom engine.tracing import open_tracing\nopen_tracing('', 'front-1', print)\n"
    code += "assert not [name for name in sys.modules if name.startswith(('opentelemetry', 'google'))]"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)


def test_where_nothing_is_traced_a_request_costs_next_to_nothing():
    def cost():
        began = time.perf_counter()
        for _ in range(1000):
            upload("R-1")
        return (time.perf_counter() - began) * 1000

    assert min(cost() for _ in range(5)) < 50, "microseconds of a request's dozen calls"
    assert Trail(new_trace()).spans == []

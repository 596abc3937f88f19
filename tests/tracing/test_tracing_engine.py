"""Trace a real engine to a real receiver of OTLP on loopback, and see that nobody waits for one that is gone."""

from __future__ import annotations

import http.client
import re
import threading
import time
import urllib.request
from contextlib import ExitStack

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.documents import envelope, pack
from engine.documents.sample import sample
from engine.tracing.sink import Sink
from engine.tracing.trail import Trail, new_trace, place_of
from tests.support.destination import Destination, http_reply, saying
from tests.support.engine import Engine
from tests.support.project import Project

HOSPITAL, PASSWORD = "HOSP-A", "a-long-password-1"
CALLER = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
PARTNER = """\
partner:
  kind: http
  about: 测试接收方
  address: {url}
  networks: ["127.0.0.1/32"]
  deadline: 2s
"""


class Site:
    """An engine that traces, its collector, and a destination."""

    def __init__(self, folder, stack):
        self.collector = stack.enter_context(Destination(saying(http_reply(media="application/x-protobuf"))))
        self.partner = stack.enter_context(Destination(saying(http_reply(b"taken", media="text/plain"))))
        project = Project.copy(folder / "project")
        project.add("config/engine.yaml", f"tracing:\n  endpoint: http://127.0.0.1:{self.collector.port}/v1/traces\n")
        project.add("config/endpoints.yaml", PARTNER.format(url=self.partner.url))
        project.change("routes/outpatient-record/route.yaml", "  - to: records", "  - to: records\n  - to: partner")
        (folder / "data").mkdir()
        self.engine = Engine(folder / "data", extra=project.option)
        self.engine.institution(HOSPITAL, PASSWORD)
        stack.callback(self._stop)
        self.engine.start(180)

    def _stop(self):
        if self.engine.process is not None:
            self.engine.stop()

    def upload(self, number, **headers):
        """Upload one document; give its receipt and the seconds it took."""
        body = envelope("C0002", f"D-{number}", pack(sample("C0002", number, HOSPITAL)), HOSPITAL, PASSWORD)
        began = time.perf_counter()
        host, port = self.engine.services.removeprefix("http://").split(":")
        line = http.client.HTTPConnection(host, int(port), timeout=30)
        line.request(
            "POST",
            f"/services/collection/{HOSPITAL}",
            body,
            {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', **headers},
        )
        answer = line.getresponse().read().decode()
        line.close()
        assert ">accepted" in answer, answer
        return re.search("<receipt>([^<]+)", answer)[1], time.perf_counter() - began

    def spans(self):
        """Give what the collector got so far: span by name and trace."""
        found = {}
        for request in list(self.collector.requests):
            for told in ExportTraceServiceRequest.FromString(request.body).resource_spans:
                process = {one.key: one.value.string_value for one in told.resource.attributes}["service.instance.id"]
                for scope in told.scope_spans:
                    found.update({(span.name, span.trace_id.hex()): (process, span) for span in scope.spans})
        return found

    def until(self, sure, seconds=30.0):
        end = time.monotonic() + seconds
        while not (found := sure()):
            assert time.monotonic() < end, "it did not come"
            threading.Event().wait(0.05)
        return found

    def figures(self):
        with urllib.request.urlopen(f"{self.engine.monitor}/metrics", timeout=10) as answer:
            return answer.read().decode()


pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("tracing"), stack)


def test_one_trace_holds_the_way_of_a_message_through_all_processes(site):
    receipt, _ = site.upload(1, traceparent=f"00-{CALLER[0]}-{CALLER[1]}-01")
    trace, message = (f"{number:0{digits}x}" for number, digits in zip(place_of(receipt), (32, 16), strict=True))
    wanted = {"request", "gate", "admit", "message", "unpack", "open", "walk", "schema", "rules", "commit", "deliver partner"}
    site.until(lambda: wanted <= {name for name, where in site.spans() if where == trace})
    told = {name: one for (name, where), one in site.spans().items() if where == trace}
    assert {process for process, _ in told.values()} == {"front-1", "worker-1"}
    assert told["message"][1].span_id.hex() == told["deliver partner"][1].parent_span_id.hex() == message
    assert told["walk"][1].parent_span_id.hex() == message
    attributes = {one.key: one.value.string_value for one in told["message"][1].attributes}
    assert (attributes["changbai.receipt"], attributes["changbai.type"], attributes["changbai.state"]) == (
        receipt,
        "C0002",
        "ROUTED",
    )
    theirs = site.spans()["request", CALLER[0]][1]
    assert (theirs.parent_span_id.hex(), theirs.links[0].trace_id.hex()) == (CALLER[1], trace)
    sent_on = f"00-{trace}-{told['deliver partner'][1].span_id.hex()}-01"
    assert [one.headers["traceparent"] for one in site.partner.requests].count(sent_on) == 1


def test_no_span_names_a_person_or_quotes_a_document(site):
    receipt, _ = site.upload(2)
    trace = f"{place_of(receipt).trace:032x}"
    site.until(lambda: ("deliver partner", trace) in site.spans())
    document = sample("C0002", 2, HOSPITAL).decode()
    words = set(re.findall(r"[\u4e00-\u9fff]{2,}|\d{15,18}[\dX]?", document))
    sent = b"".join(request.body for request in site.collector.requests).decode("utf-8", "replace")
    assert len(words) > 20
    assert [word for word in words if word in sent] == []
    assert "D-2" not in sent


def test_a_collector_that_is_gone_delays_nothing_and_is_told_in_figures(site):
    warm = min(site.upload(number)[1] for number in range(10, 15))
    site.collector.act = lambda _sock, _request: bool(threading.Event().wait(20))  # it takes the connection and never answers
    taken = [site.upload(number)[1] for number in range(20, 40)]
    site.collector.__exit__()
    taken += [site.upload(number)[1] for number in range(40, 50)]
    assert sorted(taken)[len(taken) // 2] < max(warm * 10, 0.5)
    site.until(lambda: re.search(r'changbai_trails_total{outcome="lost"} [1-9]', site.figures()))
    assert site.engine.stop() == 0


def test_a_process_that_stops_waits_two_seconds_for_a_collector_that_does_not_answer():
    counted = []
    with Destination(lambda _sock, _request: bool(threading.Event().wait(20))) as collector:
        sink = Sink(f"http://127.0.0.1:{collector.port}/v1/traces", "front-1", lambda *told: counted.append(told))
        for _ in range(3):
            sink.put(a_trail())
        began = time.monotonic()
        sink.close()
        assert time.monotonic() - began < 6
    assert counted in ([], [("lost", 3)])


def test_the_oldest_trails_are_given_up_while_nobody_takes_them(monkeypatch):
    monkeypatch.setattr("engine.tracing.sink._EVERY", 600.0)
    monkeypatch.setattr("engine.tracing.sink._LAST", 60.0)  # how long it waits is for the test above
    counted, answer = [], saying(http_reply(media="application/x-protobuf"))
    with Destination(answer) as collector:
        sink = Sink(f"http://127.0.0.1:{collector.port}/v1/traces", "front-1", lambda *told: counted.append(told))
        for _ in range(5010):
            sink.put(a_trail())
        assert counted == [("lost", 1)] * 10
        sink.close()
    assert sum(number for outcome, number in counted if outcome == "sent") >= 500


def test_one_message_in_so_many_is_traced_with_its_deliveries_and_whoever_asks(monkeypatch):
    monkeypatch.setattr("engine.tracing.sink._EVERY", 600.0)
    counted, answer = [], saying(http_reply(media="application/x-protobuf"))
    with Destination(answer) as collector:
        sink = Sink(f"http://127.0.0.1:{collector.port}/v1/traces", "front-1", lambda *told: counted.append(told), one_in=10)
        for trace in range(1, 41):
            sink.put(a_trail(trace))
        asked = a_trail(41)
        asked.asked_for = True
        sink.put(asked)
        sink.close()
    assert counted == [("sent", 5)]


def a_trail(trace=0):
    trail = Trail(trace or new_trace())
    with trail.span("request"):
        pass
    return trail

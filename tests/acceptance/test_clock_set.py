"""The clock of the machine is set while documents flow (BI-258): nothing is done twice, no lease ends early, nothing waits for hours."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import select

from engine.store.duework import due_work
from engine.store.tables import delivery
from tests.support.clocks import SetClock
from tests.support.project import Project
from tests.support.stores import conserved, hospital, new_engine, opened, until

pytestmark = [pytest.mark.timeout(300)]

HOUR, DAY = 3600, 86_400
ENTRY = """\
slow:
  kind: http
  about: 会让发送方等待的接收方
  address: http://127.0.0.1:{port}/receive
  networks: ["127.0.0.1/32"]
  deadline: 60s
"""
SEND = """\
  - to: slow
    in-order-by: resident
    retry: { first: 10s, longest: 20s, give-up: 3d }
"""


class Destination:
    """A destination that keeps the ids of what it got, may hold its answers back, and may be busy."""

    def __init__(self):
        self.got, self.open, self.busy = [], threading.Event(), False
        self.open.set()

    @contextmanager
    def serving(self):
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                ours.got.append(self.headers["X-Message-Id"])
                status = 503 if ours.busy else 200
                ours.open.wait(60)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1]
        finally:
            self.open.set()
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def destination():
    return Destination()


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return SetClock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def engine(destination, clock, tmp_path_factory):
    project = Project.copy(tmp_path_factory.mktemp("project"))
    with destination.serving() as port:
        project.add("config/endpoints.yaml", ENTRY.format(port=port))
        project.add("routes/laboratory-report/route.yaml", SEND)
        with new_engine("sqlite", tmp_path_factory.mktemp("engine"), *project.option) as made:
            made.environment = clock.environment
            yield made.start()
            destination.open.set()
            assert made.stop() == 0
            assert conserved(made)


def deliveries(engine):
    with opened(engine) as database, database.read() as connection:
        wanted = select(delivery.c.receipt, delivery.c.state).where(delivery.c.destination == "slow")
        return {row.receipt: row.state for row in connection.execute(wanted)}


def turns(engine, job):
    """Give when the turns of a job were done that are remembered, the latest last."""
    with opened(engine) as database, database.read() as connection:
        return sorted(connection.execute(select(due_work.c.at).where(due_work.c.job == job)).scalars())


def latest(engine, job):
    """Give when the last turn of a job was done; the first is waited for."""
    until(lambda: turns(engine, job))
    return turns(engine, job)[-1]


def noticed(engine):
    """Count how often the engine said that its clock was set."""
    return (engine.data / "engine.log").read_text(encoding="utf-8").count('"event":"clock was set"')


@contextmanager
def set_by(engine, clock, seconds):
    """Set the clock, and go on once the engine has noticed."""
    before = noticed(engine)
    clock.move(seconds)
    until(lambda: noticed(engine) > before)
    yield
    clock.move(-seconds)


def test_a_clock_set_forward_ends_no_lease_and_sends_nothing_twice(engine, destination, clock):
    ours = hospital(engine)
    destination.open.clear()
    receipt = ours.accepted(ours.invent("C0007"))
    until(lambda: len(destination.got) == 1)
    before = latest(engine, "release-leases")
    with set_by(engine, clock, DAY):
        until(lambda: len([at for at in turns(engine, "release-leases") if (at - before).total_seconds() > DAY]) >= 2)
        assert deliveries(engine)[receipt] == "SENDING"
        destination.open.set()
        other = ours.accepted(ours.invent("C0007"))
        until(lambda: [deliveries(engine)[one] for one in (receipt, other)] == ["SENT", "SENT"])
    assert len(destination.got) == len(set(destination.got)) == 2


def test_a_clock_set_back_holds_up_neither_turns_nor_tries(engine, destination, clock):
    ours = hospital(engine)
    destination.got.clear()
    destination.busy = True
    receipt = ours.accepted(ours.invent("C0007"))
    until(lambda: destination.got and deliveries(engine)[receipt] == "QUEUED")
    destination.busy = False
    before = latest(engine, "fold-counts")
    with set_by(engine, clock, -HOUR):
        until(lambda: deliveries(engine)[receipt] == "SENT")
        until(lambda: any(at < before for at in turns(engine, "fold-counts")))
        other = ours.accepted(ours.invent("C0007"))
        until(lambda: deliveries(engine)[other] == "SENT")
    assert len(set(destination.got)) == 2

"""Give each test a monitor on a real port, with invented figures behind it."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from engine.monitor.app import Sources, build_monitor
from engine.monitor.completeness import CompletenessSource
from engine.monitor.quality import QualitySource
from engine.services.users import Users
from engine.store.database import Database, metadata
from tests.monitor.sample import a_busy_day
from tests.monitor.sample_completeness import TODAY, completeness_of, span_of
from tests.monitor.sample_quality import HOSPITALS, TYPES, quality_of
from tests.monitor.web import Visitor, serve

PASSWORDS = {role: f"Only-for-tests-{role}" for role in ("viewer", "operator", "engineer", "administrator")}


@dataclass
class Behind:
    """What stands behind the pages in a test, and what they did to it."""

    overview: object = field(default_factory=lambda: a_busy_day(datetime.now(UTC)))
    trouble: Exception | None = None
    acted: list = field(default_factory=list)
    gone: bool = False
    institutions: dict = field(default_factory=lambda: dict(HOSPITALS))
    rules: int = 12
    made: object = staticmethod(quality_of)
    wishes: list = field(default_factory=list)

    def read(self):
        self.ping()
        return self.overview

    def ping(self):
        if self.trouble is not None:
            raise self.trouble

    def waiting(self):
        self.ping()
        return {"referral-hospital": 17}, {"referral-hospital": 192.0}

    def act(self, name):
        def do(delivery, *, by, peer, reason=""):
            self.acted.append((name, delivery, by, peer, reason))
            return not self.gone

        return do

    def sources(self):
        acts = {"retry": self.act("retry"), "discard": self.act("discard")}
        quality = QualitySource(names=lambda: self.institutions, report=self.report, types=TYPES)
        complete = CompletenessSource(
            names=lambda: self.institutions, span=span_of, read=self.complete, types=TYPES, today=lambda: TODAY
        )
        return Sources(
            overview=self.read, waiting=self.waiting, ping=self.ping, acts=acts, quality=quality, completeness=complete
        )

    def complete(self, asked):
        self.ping()
        self.wishes.append(asked)
        return completeness_of(asked)

    def report(self, wish):
        self.ping()
        self.wishes.append(wish)
        return self.made(wish, self.rules)


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('users') / 'monitor.db'}")
    with database.write() as connection:
        metadata.create_all(connection)
    people = Users(database)
    for role, password in PASSWORDS.items():
        people.add(f"{role}-1", role, password)
    yield people
    database.close()


@pytest.fixture
def behind():
    return Behind()


@pytest.fixture
def monitor(behind, users):
    """Give the port of a monitor that serves on loopback."""
    with serve(build_monitor(behind.sources(), users)) as port:
        yield port
    assert not [t for t in threading.enumerate() if t.name == f"monitor-{port}"]


@pytest.fixture
def visitor(monitor):
    return Visitor(monitor)


@pytest.fixture
def administrator(visitor):
    assert visitor.sign_in("administrator-1", PASSWORDS["administrator"]).status == 303
    return visitor


@pytest.fixture
def viewer(monitor):
    visitor = Visitor(monitor)
    assert visitor.sign_in("viewer-1", PASSWORDS["viewer"]).status == 303
    return visitor

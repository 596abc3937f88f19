"""Give each test a monitor on a real port, with invented figures behind it."""

import threading
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from engine.app.house import load_house
from engine.channels import setchanges
from engine.channels.rehearsal import Rehearsed, refused
from engine.documents.forms import Form
from engine.inbound.gate import too_large
from engine.inbound.limits import FrontLimits
from engine.inbound.rehearsal import Rehearsal, Trial, pasted
from engine.metrics import StoreFigures
from engine.monitor.alerts import AlertsSource
from engine.monitor.app import Sources, build_monitor
from engine.monitor.appointments import AppointmentsSource
from engine.monitor.audit import AuditArchive
from engine.monitor.bookingarchive import BookingArchive
from engine.monitor.check import CheckSource
from engine.monitor.completeness import CompletenessSource
from engine.monitor.guide import GuideSource
from engine.monitor.indicatorarchive import IndicatorArchive
from engine.monitor.inforce import read_in_force
from engine.monitor.institutionarchive import InstitutionArchive
from engine.monitor.message import MessageSource
from engine.monitor.messages import MessagesSource
from engine.monitor.quality import QualitySource
from engine.monitor.referrals import ReferralsSource
from engine.monitor.reloading import ReloadSource
from engine.monitor.reports import ReportArchive
from engine.monitor.residentarchive import ResidentArchive
from engine.monitor.routes import RouteList, RoutesSource
from engine.monitor.tiles import Tile
from engine.monitor.turns import Turns
from engine.monitor.waiting import Preview, Standing, WaitingSource
from engine.services.institutions import Institutions
from engine.services.secondfactor import SecondFactors
from engine.services.users import Users
from engine.settings import ROOT, load_settings
from engine.store.browse import Leaf
from engine.store.database import Database
from tests.monitor.sample import a_busy_day
from tests.monitor.sample_alerts import alerts_of
from tests.monitor.sample_appointments import appointments_of, order_of
from tests.monitor.sample_completeness import TODAY, completeness_of, span_of
from tests.monitor.sample_quality import HOSPITALS, TYPES, quality_of
from tests.monitor.sample_referrals import referral_of, referrals_of
from tests.monitor.web import Visitor, serve
from tests.support.databases import migrated_file
from tests.support.seals import SEAL

PASSWORDS = {role: f"Only-for-tests-{role}" for role in ("viewer", "operator", "engineer", "administrator", "auditor")}

FORMS = {
    code: Form.read(ROOT / "xsd" / "operations" / f"{name}.xsd")
    for code, name in (("OPS01", "basic-figures"), ("OPS02", "assets"), ("OPS06", "master-data"))
}
OPERATIONS = {"OPS01": ("基本数字类", "Basic figures"), "OPS02": ("资产类", "Assets"), "OPS06": ("基础数据类", "Master data")}

CHECKED = 1024 * 1024
"""Bytes that a check takes in these tests."""

OVERSIZE = Rehearsed(form="empty", size=0, stages=(refused("input", too_large(CHECKED)),), code="SND-601")


@dataclass
class Behind:
    """What stands behind the pages in a test, and what they did to it."""

    overview: object = field(default_factory=lambda: a_busy_day(datetime.now(UTC)))
    trouble: Exception | None = None
    asked: object = None
    acted: list = field(default_factory=list)
    gone: bool = False
    turns: object = None
    source: object = None
    institutions: dict = field(default_factory=lambda: dict(HOSPITALS))
    rules: int = 12
    made: object = staticmethod(quality_of)
    wishes: list = field(default_factory=list)
    booking: object = field(default_factory=appointments_of)
    guide: object = None
    database: object = None
    settings: object = field(default_factory=lambda: load_settings({"public_address": "https://platform.example"}, {}))
    kept: object = None
    alerts: object = field(default_factory=lambda: alerts_of(datetime.now(UTC)))
    tested: str | None = ""

    def read(self):
        self.ping()
        return self.overview

    def tiles(self, institution):
        """Give the tiles of the overview there is, to an institution's people two of its own."""
        self.ping()
        seen = self.overview
        if institution:
            return tuple(Tile(name, 3, f"/completeness?institution={institution}") for name in ("received", "accepted"))
        return (
            Tile("received", seen.taken_today, "/messages"), Tile("waiting", seen.waiting, "/waiting"),
            Tile("retrying", seen.retrying, "/waiting?show=retrying", "warn"), Tile("dead", seen.dead_count, "/waiting?show=dead", "bad"),
            Tile("invalid", seen.refused, "/messages?state=INVALID", "warn"), Tile("trouble", seen.in_trouble, "/overview#hospitals", "bad"),
        )  # fmt: skip

    def ping(self):
        if self.trouble is not None:
            raise self.trouble

    def waiting(self):
        self.ping()
        return StoreFigures(
            waiting={("referral-hospital", "live"): 17}, oldest={"referral-hospital": 192.0}, alerts=self.alert_counts()
        )

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
        self.source = CheckSource(
            turns=self.turns, limit=CHECKED, oversize=OVERSIZE, names=lambda: self.institutions, types=TYPES,
        )  # fmt: skip
        booking = AppointmentsSource(
            read=self.appointments, order=order_of, latest=lambda *_: (), acts={"test": self.ask("test"), "sync": self.ask("sync")},
        )  # fmt: skip
        return Sources(
            alerts=AlertsSource(read=self.alert_view, counts=self.alert_counts, acknowledge=self.acknowledge, test=self.test_channel),
            appointments=booking, reports=replace(ReportArchive(self.database, SEAL, lambda: {"H22010001": "长春测试医院"}).source(), asking=self.asking), referrals=ReferralsSource(read=self.referrals, one=referral_of), overview=self.read, tiles=self.tiles, waiting=self.waiting, ping=self.ping, acts=acts, quality=quality, completeness=complete,
            check=self.source, guide=self.guide or GuideSource(hospitals=dict, shelf=SimpleNamespace(list=tuple), turns=self.turns),
            indicators=IndicatorArchive(self.database, SEAL, Institutions(self.database, SEAL), FORMS).source(TYPES | OPERATIONS),
            residents=ResidentArchive(self.database, SEAL, Institutions(self.database, SEAL)).source(TYPES),
            audit=AuditArchive(self.database), in_force=self.in_force,
            institutions=InstitutionArchive(
                database=self.database, seal=SEAL, settings=self.settings, types=TYPES,
                booking=BookingArchive(self.database, SEAL, lambda: {"H22010001": "长春测试医院"}),
            ),
            **(nothing_kept(self) | (self.kept or {})),
        )  # fmt: skip

    def alert_view(self, token):
        self.ping()
        self.wishes.append(token)
        return self.alerts

    def alert_counts(self):
        self.ping()
        found = {}
        for line in self.alerts.lines.open:
            found[line.rule, line.severity] = found.get((line.rule, line.severity), 0) + 1
        return found

    def acknowledge(self, number, note, *, by, peer):
        self.acted.append(("acknowledge", number, by, peer, note))
        return not self.gone

    def test_channel(self, name, *, by, peer):
        self.acted.append(("test-channel", name, by, peer))
        return self.tested if any(one.name == name for one in self.alerts.channels) else None

    def in_force(self):
        self.ping()
        return read_in_force(self.settings, self.database, SEAL)

    def asking(self):
        self.ping()
        return self.asked

    def referrals(self, wish):
        self.ping()
        self.wishes.append(wish)
        return referrals_of(wish, empty=self.gone)

    def appointments(self):
        self.ping()
        return self.booking

    def ask(self, name):
        def do(hospital, *, by, peer):
            self.acted.append((name, hospital, by, peer))
            return any(one.code == hospital for one in self.booking.hospitals)

        return do

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
    database = Database(migrated_file(tmp_path_factory.mktemp("users") / "monitor.db"))
    people = Users(database)
    for role, password in PASSWORDS.items():
        people.add(f"{role}-1", role, password)
    Institutions(database, SEAL).add("H22010001", "长春测试医院")
    people.add("institution-1", "institution", PASSWORDS["viewer"], bound_to="H22010001")
    yield people
    database.close()


def nothing_kept(behind):
    """Stand in for the pages of messages where a test is about others."""

    def away(*_args, **_more):
        behind.ping()

    names = {"names": lambda: behind.institutions, "types": TYPES}
    return {
        "messages": MessagesSource(browse=lambda _: Leaf(rows=()), export=lambda *_, **_more: ((), False), key_of=str, **names),
        "message": MessageSource(view=away, reveal=away, discard=away, walker=behind.turns, **names),
        "standing": WaitingSource(
            read=lambda: Standing(datetime.now(UTC), (), (), (), ()), preview=lambda *_: Preview(0, ()), begin=away, cancel=away
        ),
        "routes": RoutesSource(
            read=lambda: RouteList(datetime.now(UTC), SAME.before, (), ()),
            known=lambda _: False,
            edited=lambda _: False,
            one=away,
            pause=away,
            resume=away,
            tested=away,
            worker=behind.turns,
            types=TYPES,
        ),
        "reload": ReloadSource(preview=lambda: SAME, apply=away, thread=AtOnce()),
    }


SAME = setchanges.Preview(before="0123456789abcdef", after="0123456789abcdef", changes=(), faults=())
"""What a reload finds when nobody has changed a file."""


class AtOnce:
    """A thread that does its work at once."""

    def place(self):
        return nullcontext()

    async def do(self, work):
        return work()


def rehearsal():
    """Load the routes of this checkout for checks, as the monitor's process does."""
    settings = load_settings({}, {})
    house = load_house(settings)
    ours = Rehearsal(house.press, house.book, FrontLimits())

    def check(given):
        content = pasted(given.content) if isinstance(given.content, str) else given.content
        return ours.rehearse(Trial(content=content, document_type=given.document_type, institution=given.institution))

    return check


@pytest.fixture(scope="session")
def turns():
    """Give one thread that checks for all tests of this room."""
    with closing(Turns(rehearsal)) as made:
        yield made


@pytest.fixture
def behind(turns, users):
    return Behind(turns=turns, database=users._database)


@pytest.fixture(scope="module")
def factors(users):
    """Give the second factors of these users."""
    return SecondFactors(users._database, SEAL)


@pytest.fixture
def monitor(behind, users, factors):
    """Give the port of a monitor that serves on loopback."""
    with serve(build_monitor(behind.sources(), users, factors, kept=0.0, pace=0.2)) as port:
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

"""Put a simulated hospital together: its web service, the address where documents arrive, and its control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Self

from engine.documents.jilin.keys import Keys, ProfileName
from engine.settings import ROOT
from engine.simulator.bookfile import keep_book, open_book
from engine.simulator.calling import Platform
from engine.simulator.clinic import Plan
from engine.simulator.control import Control
from engine.simulator.dialects import DIALECTS
from engine.simulator.faults import Fault, Switchboard
from engine.simulator.listening import Asked, Listener, Said
from engine.simulator.receiver import Inbox, receive
from engine.simulator.service import Service
from engine.simulator.site import Site
from engine.simulator.statuses import StatusDoor

RECEIVER = "/DocumentReceiver"
_RECEIVER_WSDL = ROOT / "wsdl/hospital/DocumentReceiver.wsdl"


@dataclass(frozen=True, kw_only=True, slots=True)
class Particulars:
    """What a simulated hospital is to be.

    `user` is the USER_ID that stands in its adapter, `engine` where it calls the platform, `password` that of its institution, with which
    it tells statuses of reports, `kept` the file in which its book outlives a run.
    """

    code: str
    name: str = "模拟医院"
    hospital_id: str = ""
    user: str = ""
    dialect: str = "jilin"
    profile: ProfileName = "MD5"
    sign_key: str = field(repr=False)
    encryption_key: str = field(repr=False)
    engine: str = ""
    password: str = field(default="", repr=False)
    port: int = 0
    control_port: int = 0
    host: str = "127.0.0.1"
    plan: Plan = field(default_factory=Plan)
    faults: tuple[Fault, ...] = ()
    seed: int = 0
    kept: Path | None = None

    @property
    def keys(self) -> Keys:
        """What seals the envelopes in both directions."""
        return Keys(profile=self.profile, sign=self.sign_key, encryption=self.encryption_key)


class SimulatedHospital:
    """A hospital on two ports of this machine; use it as a context, or `open` and `close` it."""

    def __init__(self, wanted: Particulars, told: Callable[[str], None] = lambda _: None) -> None:
        self.wanted = wanted
        self.book = open_book(wanted.plan, wanted.kept)
        self._inbox, self._told = Inbox(), told
        self.service = Service(
            site=Site(wanted.hospital_id or wanted.code, wanted.name, self.book),
            dialect=DIALECTS[wanted.dialect],
            user=wanted.user or wanted.code,
            keys=wanted.keys,
            board=Switchboard(*wanted.faults, seed=wanted.seed),
            told=told,
        )
        self.door = Listener(self._answer, wanted.port, wanted.host)
        self.control = Control(self.service, self.door)
        if wanted.engine:
            self.meet(wanted.engine)
        self._control_door = Listener(self.control.answer, wanted.control_port)

    @property
    def address(self) -> str:
        """Where its web service is called."""
        return f"http://{self.wanted.host}:{self.door.port}{self.service.dialect.path}"

    @property
    def control_address(self) -> str:
        """Where it is told what to do."""
        return f"http://127.0.0.1:{self._control_door.port}/control"

    def meet(self, engine: str) -> None:
        """Learn where the platform is, which this hospital then calls."""
        self.control.platform = Platform(address=engine, user=self.service.user, keys=self.wanted.keys)
        if self.wanted.password:
            self.control.statuses = StatusDoor(address=engine, institution=self.wanted.code, password=self.wanted.password)

    def open(self) -> None:
        """Open both ports; one that is down from the beginning opens its control only."""
        self.door.open()
        if self.service.board.is_down():
            self.door.close()
        self._control_door.open()

    def close(self) -> None:
        """Close both ports, and write down the book where it is to be kept."""
        self.door.close()
        self._control_door.close()
        if self.wanted.kept:
            keep_book(self.book, self.wanted.kept)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _answer(self, asked: Asked) -> Said:
        if asked.path != RECEIVER:
            return self.service.answer(asked)
        if asked.method == "GET":
            return Said(200, _RECEIVER_WSDL.read_bytes())
        return Said(*receive(asked.body, self._inbox, self._told))


def serve_hospital(wanted: Particulars, say: Callable[[str], None]) -> None:
    """Be called, and call, until interrupted; say what happens."""
    with SimulatedHospital(wanted, say) as hospital:
        base = f"http://{wanted.host}:{hospital.door.port}"
        say(
            f"simulated hospital {wanted.code}, dialect {wanted.dialect} ({DIALECTS[wanted.dialect].about}), profile {wanted.profile}"
        )
        say(f"booking          {hospital.address} (WSDL at ?wsdl)")
        say(f"documents        {base}{RECEIVER} (WSDL at ?wsdl)")
        say(
            f"control          {hospital.control_address}, the whole book at /control/book, notices of referrals at /control/referrals"
        )
        say(f"HOS_ID {hospital.service.site.hospital}, USER_ID {hospital.service.user}")
        say("stop with Ctrl-C")
        try:
            Event().wait()
        except KeyboardInterrupt:
            say("stopped")

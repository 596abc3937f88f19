"""Start the engine with simulated hospitals that it calls and that call it, and be the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from engine.simulator.adapter import Terms, describe
from engine.simulator.clinic import Plan
from engine.simulator.hospital import Particulars, SimulatedHospital
from tests.support.engine import Engine
from tests.support.hospital import PASSWORD
from tests.support.project import Project
from tests.support.stores import enrol, new_engine, until

PORTAL = "PORTAL-1"
PATIENT = {
    "name": "测试患者", "sex": "2", "birthday": "1990-01-01", "idType": "1", "idNumber": "110101199001010023", "mobile": "13800000000",
    "address": "测试市测试路 1 号", "healthCard": "TEST-CARD-1",
}  # fmt: skip
_KEYS = {"sign_key": "a-sign-key-for-tests", "encryption_key": "0123456789abcdef"}
_PLAN = Plan(departments=1, doctors=1, days=2, stretches=2, seats=3)


@dataclass
class Province:
    """The engine with its hospitals by institution code."""

    engine: Engine
    hospitals: dict[str, SimulatedHospital]
    project: Project

    @property
    def address(self) -> str:
        """Where portals call."""
        return f"{self.engine.services}/services/appointment"

    def portal(self, query: str = "wsdl", code: str = PORTAL):
        """Give a zeep client of AppointmentService."""
        transport = Transport(session=requests.Session(), timeout=30)
        return zeep.Client(f"{self.address}?{query}", transport=transport, wsse=UsernameToken(code, PASSWORD)).service

    def slots(self, hospital: str) -> list:
        """List what can be booked at a hospital."""
        own = self.portal()
        halves = listed(own.ListSchedules(hospital=hospital, page={"size": 200}), "schedules", "schedule")
        timed = [half.schedule for half in halves if half.timed]
        found = [one for each in timed for one in listed(own.ListSlots(hospital=hospital, schedule=each), "slots", "slot")]
        return [slot for slot in found if slot.status == "open" and slot.free]

    def command(self, hospital: str, act: str, **wanted) -> dict:
        """Tell a simulated hospital to do something, as a tester does."""
        reply = requests.post(self.hospitals[hospital].control_address, json={"act": act, **wanted}, timeout=30)
        assert reply.status_code == 200, reply.text
        return reply.json()


def listed(result, name: str, item: str) -> list:
    """Give the items of a list of a result that must be good; zeep reads an empty list as None."""
    assert result.code == "0", result.message
    held = getattr(result, name)
    return getattr(held, item) if held is not None else []


@contextmanager
def province(store: str, folder: Path, prepare: Callable[[Path], None] = lambda _: None) -> Iterator[Province]:
    """Start it: HOSP-A speaks the text's own asmx with MD5, HOSP-B a WCF proxy with SM3; their slots are there.

    `prepare` is given the project's folder before the engine starts.
    """
    data = folder / "data"
    data.mkdir()
    project = Project.copy(folder / "project")
    prepare(project.root)
    kinds = {"HOSP-A": ("jilin", "MD5"), "HOSP-B": ("wcf", "SM3")}
    with ExitStack() as stack:
        hospitals = {}
        for code, (dialect, profile) in kinds.items():
            wanted = Particulars(code=code, name=f"测试医院 {code}", dialect=dialect, profile=profile, plan=_PLAN, **_KEYS)
            hospitals[code] = stack.enter_context(SimulatedHospital(wanted))
            describe(wanted, hospitals[code].address, project.root, data / "secrets", Terms(jitter=0.0))
        engine = stack.enter_context(new_engine(store, data, *project.option, hospitals=tuple(kinds)))
        enrol(engine, {PORTAL: "portal"})
        made = Province(engine.start(), hospitals, project)
        for hospital in hospitals.values():
            hospital.meet(engine.services)
        until(lambda: all(made.slots(code) for code in kinds), 120.0)
        yield made

"""Run simulated hospitals, and ask them as the platform does: by their adapters, with nothing but files between the two."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path

from engine.outbound.adapters import load_adapters
from engine.outbound.connector import Secrets, Surroundings
from engine.outbound.hospital import Hospitals
from engine.simulator.adapter import Terms, describe
from engine.simulator.clinic import Plan
from engine.simulator.faults import read_fault
from engine.simulator.hospital import Particulars, SimulatedHospital
from tests.support.engine import ROOT

SMALL = Plan(departments=1, days=2)
KEYS = {"sign_key": "a-sign-key-for-tests", "encryption_key": "0123456789abcdef"}


def simulated(code: str, *faults: str, **wanted) -> SimulatedHospital:
    """Make a simulated hospital with few clinics; open it with `with`."""
    plan = wanted.pop("plan", SMALL)
    return SimulatedHospital(Particulars(code=code, plan=plan, faults=tuple(map(read_fault, faults)), **KEYS, **wanted))


def around(folder: Path, *hospitals: SimulatedHospital, **terms) -> Surroundings:
    """Write project and secrets of these hospitals, which are open, below a folder."""
    root, secrets = folder / "project", folder / "secrets"
    shutil.copytree(ROOT / "wsdl/hospital", root / "wsdl/hospital", dirs_exist_ok=True)
    for hospital in hospitals:
        describe(hospital.wanted, hospital.address, root, secrets, Terms(**terms))
    return Surroundings(root=root, data=folder, secrets=Secrets(secrets, {}))


@contextmanager
def asking(folder: Path, *hospitals: SimulatedHospital, patience: float = 5.0, **terms):
    """Give the client that asks these hospitals."""
    surroundings = around(folder, *hospitals, **terms)
    client = Hospitals(load_adapters(surroundings.root), surroundings, lambda _: None, patience=patience)
    try:
        yield client
    finally:
        client.close()


def wish(hospital: SimulatedHospital, number: str, place: str = "") -> dict[str, str]:
    """Write 2007 for a place, the last one when none is named."""
    chosen = hospital.book.places[place] if place else hospital.book.clinics.places[-1]
    return {
        "ORDER_ID": number, "HOSP_PATIENT_ID": hospital.book.patient("card"), "CHANNEL_ID": "3", "IS_REG": "2", "REG_ID": chosen.id,
        "REG_FEE": str(chosen.doctor.fee), "TREAT_FEE": str(chosen.doctor.treat_fee), "REG_TYPE": "1", "ORDER_TIME": "2026-03-02 09:00:00",
        "NAME": "测试患者", "SEX": "1", "BIRTHDAY": "1980-01-01", "OPER_IDCARD_TYPE": "1", "OPER_IDCARD_NO": "220102198001010012",
        "OPER_NAME": "测试患者", "OPER_MOBILE": "13000000001",
    }  # fmt: skip

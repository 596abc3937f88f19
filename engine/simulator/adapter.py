"""Write what the platform must know of a simulated hospital: its adapter.yaml, its WSDL, its keys by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.documents.jilin.functions import FUNCTIONS
from engine.simulator.answers import ANSWERS
from engine.simulator.dialects import DIALECTS, OWN, Dialect
from engine.simulator.hospital import Particulars

FOLDER = "config/institutions"
_REFERENCE = "wsdl/hospital/HospitalService.wsdl"
_PINNED = "wsdl/hospital/simulated"

_SHEET = """\
# 模拟医院 {code} 的接口 · how the simulated hospital {code} is called
about: {name}
address: {address}
networks: ["127.0.0.1/32"]
wsdl: {wsdl}
{operations}
capabilities: [{capabilities}]
version: "3.1.2"
hospital-id: "{hospital}"
user: "{user}"
caller: "{user}"
profile: {profile}
sign-key: {sign}
encryption-key: {encryption}
deadline: {deadline:g}s
parallel: {parallel}
rate: {rate}
sync:
  full-every: {full:g}s
  slots-every: {slots:g}s
  horizon-days: {days}
  jitter: {jitter:g}s
reports:
  soonest: {reports:g}s
  per-minute: {questions}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What the platform is to keep to: times in seconds, calls at once and a minute, questions about reports a minute.

    Without `locks` the hospital has no 2005 and 2006.
    """

    deadline: float = 5.0
    parallel: int = 4
    rate: int = 0
    full: float = 3600.0
    slots: float = 60.0
    jitter: float = 1.0
    reports: float = 5.0
    questions: int = 30
    locks: bool = True


def adapter_text(wanted: Particulars, address: str, terms: Terms) -> str:
    """Write adapter.yaml for a simulated hospital that is called at this address."""
    dialect = DIALECTS[wanted.dialect]
    offered = [code for code in ANSWERS if terms.locks or code not in ("2005", "2006")]
    user = wanted.user or wanted.code
    return _SHEET.format(
        code=wanted.code, name=wanted.name, address=address, wsdl=pinned_name(dialect), operations="\n".join(_operations(dialect)),
        capabilities=", ".join(f'"{code}"' for code in offered), hospital=wanted.hospital_id or wanted.code, user=user,
        profile=wanted.profile, sign=secret_name(wanted.code, "sign"), encryption=secret_name(wanted.code, "encryption"),
        deadline=terms.deadline, parallel=terms.parallel, rate=terms.rate, full=terms.full, slots=terms.slots, days=wanted.plan.days,
        jitter=terms.jitter, reports=terms.reports, questions=terms.questions,
    )  # fmt: skip


def secret_name(code: str, kind: str) -> str:
    """Name the secret that holds a key: kind is sign or encryption."""
    return f"{code.lower()}-{kind}-key"


def pinned_name(dialect: Dialect) -> str:
    """Name the file of the project in which the WSDL of a dialect is pinned."""
    return f"{_PINNED}/{dialect.wsdl.name}" if dialect.wsdl.is_relative_to(OWN) else _REFERENCE


def describe(wanted: Particulars, address: str, root: Path, secrets: Path, terms: Terms | None = None) -> None:
    """Put adapter, WSDL and keys where the platform looks for them: the project's folder and its folder of secrets."""
    dialect = DIALECTS[wanted.dialect]
    pinned = root / pinned_name(dialect)
    if not pinned.exists():
        pinned.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dialect.wsdl, pinned)
    sheet = root / FOLDER / wanted.code / "adapter.yaml"
    sheet.parent.mkdir(parents=True, exist_ok=True)
    sheet.write_text(adapter_text(wanted, address, terms or Terms()), encoding="utf-8")
    secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    for kind, key in (("sign", wanted.sign_key), ("encryption", wanted.encryption_key)):
        path = secrets / secret_name(wanted.code, kind)
        path.touch(mode=0o600)
        path.write_text(key, encoding="utf-8")


def _operations(dialect: Dialect) -> Iterator[str]:
    if len(dialect.functions) == 1:
        yield f"operation: {next(iter(dialect.functions))}"
        return
    yield "functions:"
    for operation, code in dialect.functions.items():
        if code in ANSWERS:
            yield f'  "{code}": {{operation: {operation}}}  # {FUNCTIONS[code].title}'

"""Make of the adapters in force what the rooms need: the way to ask hospitals, who may call, and the terms of booking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from engine.errors import ConfigError, DestinationError, Rejected
from engine.hospital import Observe
from engine.inbound.api_door import CallerOf, HospitalCaller
from engine.outbound.adapters import Adapters, fault_of
from engine.outbound.connector import Secrets, Surroundings, Unfit
from engine.outbound.dialect import keys_of
from engine.outbound.hospital import Hospitals
from engine.services.appointments.model import Terms, TermsOf
from engine.services.hospitalhealth import HospitalHealth, cards
from engine.services.reports.asking import PollTerms, PollTermsOf
from engine.settings import Settings
from engine.store.database import Database
from engine.store.errands import put, subjects
from engine.yamlfile import merge_faults


def surroundings(settings: Settings, root: Path) -> Surroundings:
    """Say what doors out may lean on, for a set of files at `root`."""
    return Surroundings(root, settings.data, Secrets(settings.secrets))


def open_hospitals(settings: Settings, adapters: Adapters, root: Path, observe: Observe) -> Hospitals:
    """Make the way to ask every hospital that has an adapter; raises ConfigError. Nothing is connected yet.

    After a reload `Hospitals.renew(adapters, surroundings(settings, root))` takes up the new set.
    """
    return Hospitals(adapters, surroundings(settings, root), observe, together=settings.hospitals.together)


TEST, LOOK = "test", "wsdl-look"
"""Errands that the monitor may ask for: ask the hospital 1001, see whether its WSDL changed."""

_IP = 16
"""Characters that 1001 has for our address; a longer one, of IP version 6, cannot be told."""

_LOOK_EVERY = timedelta(days=1)
_LOOK_SPREAD = timedelta(hours=1)


def health_errands(hospitals: Hospitals, health: HospitalHealth, address: str) -> Mapping[str, Callable[[str], datetime | None]]:
    """Give the handlers of both errands, by kind, each taking an institution's code; `address` is the IP that 1001 tells."""
    return {TEST: partial(_test, hospitals, address), LOOK: partial(_look, hospitals, health)}


def plan_looks(database: Database, institutions: Iterable[str], chance: Callable[[], float]) -> int:
    """Ask for a look at every WSDL that nobody looked at for a day, spread over an hour; for the clock. Gives their number."""
    now = datetime.now(UTC)
    with database.read() as connection:
        looked = {card.institution: card.wsdl_looked for card in cards(connection, now)}
    due = [code for code in institutions if (last := looked.get(code)) is None or now - last >= _LOOK_EVERY]
    if due:
        with database.write() as connection:
            due = sorted(set(due) - subjects(connection, LOOK))
            for code in due:
                put(connection, LOOK, code, code, now + chance() * _LOOK_SPREAD)
    return len(due)


def _test(hospitals: Hospitals, address: str, institution: str) -> None:
    """Ask 1001; what came of it is on the health card, so that a hospital that is away is no failed errand.

    A question that was not let go (DST-106) is tried again by the runner.
    """
    try:
        hospitals.ask(institution, "1001", {"IP": address if len(address) <= _IP else "0.0.0.0"})  # noqa: S104  told, not listened on
    except DestinationError as error:
        if error.code == "DST-106":
            raise


def _look(hospitals: Hospitals, health: HospitalHealth, institution: str) -> None:
    """Compare the WSDL; one that the hospital does not show is a finding, a hospital that is away is tried again."""
    if not hospitals.knows(institution):
        return
    try:
        words = hospitals.look(institution)
    except Rejected as error:
        words = [f"不能读取 WSDL：{error.text}"]
    health.looked(institution, words, datetime.now(UTC))


def callers_of(settings: Settings, adapters: Adapters, root: Path) -> CallerOf:
    """Find the hospital of a USER_ID for ApiService; raises ConfigError when a key that an adapter names is missing."""
    around, found, faults = surroundings(settings, root), {}, []
    for code, sheet in adapters.items():
        try:
            keys = keys_of(sheet, around)
        except Unfit as misfit:
            faults.append(fault_of(adapters, code, misfit))
            continue
        found[sheet.caller or code] = HospitalCaller(
            institution=code, hospital_id=sheet.hospital_id, keys=keys, codes=sheet.codes, codes_back=sheet.back
        )  # fmt: skip
    if faults:
        raise ConfigError(merge_faults(faults))
    return found.get


def terms_of(adapters: Adapters) -> TermsOf:
    """Give what each adapter says about booking."""
    found = {
        code: Terms(
            functions=frozenset(sheet.capabilities),
            unlimited_is_99=sheet.unlimited_is_99,
            horizon_days=sheet.sync.horizon_days,
            full_every=sheet.sync.full_every,
            slots_every=sheet.sync.slots_every,
            jitter=sheet.sync.jitter,
            parallel=sheet.parallel,
            deadline=sheet.deadline,
            rules=sheet.booking,
        )
        for code, sheet in adapters.items()
    }
    return found.get


def poll_terms_of(adapters: Adapters) -> PollTermsOf:
    """Give what each adapter says about asking for reports."""
    found = {
        code: PollTerms(
            functions=frozenset(sheet.capabilities),
            soonest=sheet.reports.soonest,
            rarest=sheet.reports.rarest,
            per_minute=sheet.reports.per_minute,
            stop=sheet.reports.stop,
        )
        for code, sheet in adapters.items()
    }
    return found.get

"""Make of the adapters in force what the rooms need: the way to ask hospitals, who may call, and the terms of booking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from engine.errors import ConfigError, DestinationError
from engine.hospital import Observe
from engine.inbound.api_door import CallerOf, HospitalCaller
from engine.outbound.adapters import Adapters, fault_of
from engine.outbound.connector import Secrets, Surroundings, Unfit
from engine.outbound.dialect import keys_of
from engine.outbound.hospital import Hospitals
from engine.services.appointments.model import Terms, TermsOf
from engine.services.hospitalhealth import HospitalHealth
from engine.settings import Settings
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

_LOOK_EVERY = timedelta(days=1)


def health_errands(hospitals: Hospitals, health: HospitalHealth, address: str) -> Mapping[str, Callable[[str], datetime | None]]:
    """Give the handlers of both errands, by kind, each taking an institution's code.

    `address` is the IP that 1001 tells. A look asks for the next one in a day, as long as the hospital has an adapter.
    """
    return {TEST: partial(_test, hospitals, address), LOOK: partial(_look, hospitals, health)}


def _test(hospitals: Hospitals, address: str, institution: str) -> None:
    """Ask 1001; what came of it is on the health card, so that a hospital that is away is no failed errand."""
    with contextlib.suppress(DestinationError):
        hospitals.ask(institution, "1001", {"IP": address})


def _look(hospitals: Hospitals, health: HospitalHealth, institution: str) -> datetime | None:
    now = datetime.now(UTC)
    if not hospitals.knows(institution):
        return None
    health.looked(institution, hospitals.look(institution), now)
    return now + _LOOK_EVERY


def callers_of(settings: Settings, adapters: Adapters, root: Path) -> CallerOf:
    """Find the hospital of a USER_ID for ApiService; raises ConfigError when a key that an adapter names is missing."""
    around, found, faults = surroundings(settings, root), {}, []
    for code, sheet in adapters.items():
        try:
            keys = keys_of(sheet, around)
        except Unfit as misfit:
            faults.append(fault_of(adapters, code, misfit))
            continue
        found[sheet.caller or code] = HospitalCaller(institution=code, hospital_id=sheet.hospital_id, keys=keys)
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

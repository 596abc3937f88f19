"""Make of the adapters in force what the rooms need: the way to ask hospitals, who may call, and the terms of booking."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ConfigError
from engine.hospital import Observe
from engine.inbound.api_door import CallerOf, HospitalCaller
from engine.outbound.adapters import Adapters, fault_of
from engine.outbound.connector import Secrets, Surroundings, Unfit
from engine.outbound.dialect import keys_of
from engine.outbound.hospital import Hospitals
from engine.services.appointments.model import Terms, TermsOf
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

"""Say what goes wrong in the simulated hospital, how often, and at which functions."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Literal, get_args

Kind = Literal["slow", "down", "garbage", "half-open", "5xx", "wrong-signature", "full", "duplicate", "drip"]

KINDS: Mapping[Kind, str] = {
    "slow": "answers only after `seconds`",
    "down": "is not there: connections are refused",
    "garbage": "answers HTTP 200 with bytes that are no XML",
    "half-open": "says nothing and keeps the connection until the caller hangs up",
    "5xx": "answers HTTP 503 when it did not act, HTTP 500 when it did",
    "wrong-signature": "answers with a signature that does not fit",
    "full": "says that the clinic is full (200709, at a lock 200505)",
    "duplicate": "carries a call out twice, as a proxy in between may, and sends the second answer",
    "drip": "answers one byte a second",
}
"""What can go wrong. `full` and `down` never act; a `slow`, `drip` or `duplicate` hospital always does; the others as `acts` says."""

ANSWERED_FULL: Mapping[str, str] = {"2005": "200505", "2007": "200709"}
"""What a full hospital answers, by function."""

Acts = Literal["yes", "no", "both"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong: in `share` of the calls (0 to 1) of these functions, all when none is named.

    `acts` says whether the hospital had carried the call out before its answer failed; "both" lets a coin decide, as life does.
    """

    kind: Kind
    share: float = 1.0
    functions: frozenset[str] = frozenset()
    seconds: float = 5.0
    acts: Acts = "both"


@dataclass(frozen=True, slots=True)
class Mishap:
    """What goes wrong with one call; `acted` tells whether it was carried out first."""

    kind: Kind
    acted: bool
    seconds: float


class Switchboard:
    """Hold the faults that are switched on; the same seed and calls give the same mishaps."""

    def __init__(self, *faults: Fault, seed: int = 0) -> None:
        self._faults = faults
        self._chance = random.Random(seed)
        self._guard = Lock()
        self.struck: dict[str, int] = {}

    def set(self, *faults: Fault) -> None:
        """Switch on exactly these faults; none makes the hospital well."""
        with self._guard:
            self._faults = faults

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that are switched on."""
        return self._faults

    def is_down(self) -> bool:
        """Tell whether the hospital is to be away altogether."""
        return any(fault.kind == "down" for fault in self._faults)

    def strike(self, function: str) -> Mishap | None:
        """Decide what goes wrong with one call of this function; None when nothing does."""
        with self._guard:
            for fault in self._faults:
                if not _concerns(fault, function):
                    continue
                if self._chance.random() < fault.share:
                    self.struck[fault.kind] = self.struck.get(fault.kind, 0) + 1
                    return Mishap(fault.kind, self._acted(fault), fault.seconds)
        return None

    def _acted(self, fault: Fault) -> bool:
        if fault.kind == "full":
            return False
        if fault.kind in ("slow", "drip", "duplicate") or fault.acts == "yes":
            return True
        return fault.acts == "both" and self._chance.random() < 0.5


def _concerns(fault: Fault, function: str) -> bool:
    if fault.kind == "down" or (fault.kind == "full" and function not in ANSWERED_FULL):
        return False
    return not fault.functions or function in fault.functions


def read_fault(words: str) -> Fault:
    """Read `KIND[,share=0.05][,seconds=3][,acts=yes|no|both][,functions=2007+2008]`; raises ValueError with words."""
    kind, *rest = [part.strip() for part in words.split(",")]
    known = next((one for one in KINDS if one == kind), None)
    if known is None:
        raise ValueError(f"unknown fault {kind}; known are {', '.join(KINDS)}")
    fault = Fault(kind=known)
    for part in rest:
        fault = _refined(fault, part)
    return fault


def _refined(fault: Fault, part: str) -> Fault:
    name, _, value = part.partition("=")
    acts = next((one for one in get_args(Acts) if one == value), None)
    if name == "share":
        return replace(fault, share=_number(name, value, 1.0))
    if name == "seconds":
        return replace(fault, seconds=_number(name, value, 3600.0))
    if name == "acts" and acts:
        return replace(fault, acts=acts)
    if name == "functions" and value:
        return replace(fault, functions=frozenset(value.split("+")))
    raise ValueError(f"cannot read {part}; write share=, seconds=, acts=yes|no|both or functions=2007+2008")


def _number(name: str, value: str, most: float) -> float:
    try:
        number = float(value)
    except ValueError:
        raise ValueError(f"{name}={value} is no number") from None
    if not 0 <= number <= most:
        raise ValueError(f"{name} is between 0 and {most:g}")
    return number

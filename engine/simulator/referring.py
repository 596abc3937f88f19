"""Be told of referrals (3001, layout ours): keep what the platform told, in order, under a number of the hospital's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.simulator.site import Site, Values


@dataclass
class ReferralBook:
    """The notices of referrals; the same one told again is kept once, for the platform repeats what was not answered."""

    notices: list[dict[str, Any]] = field(default_factory=list)
    numbers: dict[str, str] = field(default_factory=dict)
    guard: RLock = field(default_factory=RLock)

    def take(self, told: dict[str, Any]) -> str:
        """Keep one notice; gives the hospital's own number of the referral."""
        with self.guard:
            if told not in self.notices:
                self.notices.append(told)
            return self.numbers.setdefault(str(told["REFERRAL_ID"]), f"Z{len(self.numbers) + 1:08}")


def take_notice(site: Site, asked: Values) -> Values:
    """Take note of what happened to a referral (3001)."""
    told = {name: value for name, value in asked.items() if value and name != "HOS_ID"}
    return {"HOSP_REFERRAL_ID": site.referrals.take(told)}

"""Count what stands on every page: six tiles, each a link to the page that lists what it counts, and the badge of open alerts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from engine.alerting import SEVERITIES, OpenAlerts, Severity
from engine.message import LANES, SHANGHAI, midnight_before
from engine.monitor.hospitals import read_hospitals
from engine.services.completeness import Asked, Count, completeness
from engine.services.institutions import Institutions
from engine.store import causes, counts, hours
from engine.store.backlog import WAITS
from engine.store.database import Connection, Database

Tone = Literal["plain", "warn", "bad"]

WEEK = timedelta(days=6)
"""An institution's own tiles look back over today and the six days before."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: its name in the texts, the address it leads to, and how it looks when it is not zero."""

    name: str
    number: int
    address: str
    tone: Tone = "plain"


Tiles = Callable[[str], Sequence[Tile]]
"""Read the tiles of an institution's own people, or of the platform's for ""; may block and raise TryAgain."""


@dataclass(frozen=True, slots=True)
class Badge:
    """How many alerts are open, for the head of every page."""

    number: int
    severity: Severity


def badge_of(counts: OpenAlerts) -> Badge | None:
    """Sum the open alerts up, with the gravest severity among them; None when there are none."""
    severities = {severity for (_, severity), number in counts.items() if number}
    gravest = next((one for one in SEVERITIES if one in severities), None)
    return Badge(sum(counts.values()), gravest) if gravest else None


@dataclass(frozen=True, slots=True)
class TileArchive:
    """The store as the tiles know it; each reading is one transaction."""

    database: Database
    institutions: Institutions
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def read(self, institution: str = "") -> Sequence[Tile]:
        """Read the tiles of an institution's own people, who see their own documents only, or of the platform's for ""."""
        now = self.clock()
        if institution:
            with self.database.read() as connection:
                return _own(connection, institution, now.astimezone(SHANGHAI).date())
        names = hospitals_of(self.institutions)
        with self.database.read() as connection:
            trouble = sum(bool(one.troubles) for one in read_hospitals(connection, names, now))
            return _all(connection, now, trouble)


def _all(connection: Connection, now: datetime, trouble: int) -> Sequence[Tile]:
    midnight = midnight_before(now)
    today = {"from": midnight.date().isoformat()}
    taken = sum(sum(states.values()) for states in hours.by_institution(connection, midnight, now).values())
    waiting = dead = 0
    for key, value in counts.totals(connection).items():
        if key.scope == "delivery":
            waiting += value if key.state in WAITS else 0
            dead += value if key.state == "DEAD" else 0
    return (
        Tile("received", taken, f"/messages?{urlencode(today)}"),
        Tile("waiting", waiting, "/waiting"),
        Tile("retrying", causes.retrying(connection), "/waiting?show=retrying", "warn"),
        Tile("dead", dead, "/waiting?show=dead", "bad"),
        Tile(
            "invalid", causes.refused_since(connection, midnight), f"/messages?{urlencode({'state': 'INVALID', **today})}", "warn"
        ),
        Tile("trouble", trouble, "/overview#hospitals", "bad"),
    )


def _own(connection: Connection, institution: str, today: date) -> Sequence[Tile]:
    asked = [Asked(institution=institution, lane=lane, first=today - WEEK, last=today) for lane in LANES]
    found = [(day, count) for one in asked for (day, _), count in completeness(connection, one).sent.items()]
    days = [count for day, count in found if day == today]
    before = [count for day, count in found if day < today]
    complete, quality = f"/completeness?institution={institution}", f"/quality?institution={institution}"
    return (
        Tile("received", _sum(days, "received"), f"{complete}&day={today}"),
        Tile("accepted", _sum(days, "accepted"), f"{complete}&day={today}"),
        Tile("moving", _sum(days, "accepted") - _sum(days, "delivered"), f"{complete}&day={today}"),
        Tile("invalid", _sum(days, "refused"), f"{quality}&from={today}&to={today}", "warn"),
        Tile("refused-week", _sum([*days, *before], "refused"), f"{quality}&from={today - WEEK}&to={today}", "warn"),
        Tile("missing-week", _sum(before, "missing"), complete, "bad"),
    )


def _sum(found: Sequence[Count], name: str) -> int:
    return sum(getattr(count, name) for count in found)


def hospitals_of(institutions: Institutions) -> dict[str, str]:
    """Name the approved hospitals by code."""
    return {one.code: one.name for one in institutions.list() if one.kind == "hospital" and one.state == "approved"}

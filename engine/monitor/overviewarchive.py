"""Read from the store what the overview shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from engine.message import LANES, midnight_before
from engine.monitor.chart import Hour
from engine.monitor.curves import STEP
from engine.monitor.hospitals import read_hospitals
from engine.monitor.overview import ENDS, DeadDelivery, Destination, LaneLine, Lasting, Overview, Trouble
from engine.store import backlog, causes, counts, hours, nodes
from engine.store.backlog import WAITS
from engine.store.counts import CountKey
from engine.store.database import Connection, Database
from engine.store.dead import DeadLine, blocked, dead
from engine.store.hours import Flow
from engine.store.latency import percentile
from engine.store.queue import Queue
from engine.store.waiting import WaitingLine

DEAD = 20
"""Dead deliveries that the page lists."""

HOURS = 24

_FAILED = ("QUEUED", "UNKNOWN", "DEAD")
"""What a try came to that did not arrive, as far as is known."""


@dataclass(frozen=True, slots=True)
class OverviewArchive:
    """The store as the overview knows it; `hospitals` names the approved ones."""

    database: Database
    queue: Queue
    hospitals: Callable[[], Mapping[str, str]]

    def read(self, now: datetime | None = None) -> Overview:
        """Read everything in one transaction, so that all figures are of one moment."""
        at, names = now or datetime.now(UTC), self.hospitals()
        first = at.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
        midnight = midnight_before(at)
        with self.database.read() as connection:
            totals = counts.totals(connection)
            flows = hours.hourly(connection, first, HOURS)
            lines = self.queue.waiting(connection)
            return Overview(
                now=at,
                taken=counts.balance(totals)[0],
                total=by_state(totals),
                today=_since(flows, midnight),
                checked=backlog.last_check(connection),
                refused=causes.refused_since(connection, midnight),
                retrying=causes.retrying(connection),
                destinations=self._destinations(connection, lines),
                dead=self._dead(connection, lines),
                lanes=[_lane(lane, flows, totals, lines) for lane in LANES],
                hours=[_hour(flow) for flow in flows],
                answering=_lasting(flow.filing for flow in flows),
                backlog=backlog.over_time(connection, first, STEP),
                processes=nodes.processes(connection),
                hospitals=read_hospitals(connection, names, at),
            )

    def _destinations(self, connection: Connection, lines: Sequence[WaitingLine]) -> Sequence[Destination]:
        return [destination_of(one, blocked(connection, one.destination) if one.counts.get("DEAD") else 0) for one in lines]

    def _dead(self, connection: Connection, lines: Sequence[WaitingLine]) -> Sequence[DeadDelivery]:
        stuck = [line.destination for line in lines if line.counts.get("DEAD", 0)]
        return [_dead_delivery(line) for line in dead(connection, self.queue.seal, stuck, limit=DEAD)]


def destination_of(line: WaitingLine, held: int = 0) -> Destination:
    """Say how a destination stands; `held` keys wait behind a dead delivery."""
    trouble = None
    if line.error_code and line.error_at:
        trouble = Trouble(code=line.error_code, text=line.error_text, at=line.error_at)
    return Destination(name=line.destination, counts=line.counts, oldest=line.oldest, blocked=held, trouble=trouble)


def _dead_delivery(line: DeadLine) -> DeadDelivery:
    return DeadDelivery(
        id=line.id, destination=line.destination, receipt=line.receipt, attempts=line.attempts, behind=line.behind,
        trouble=Trouble(code=line.error_code, text=line.error_text, at=line.at),
    )  # fmt: skip


def by_state(totals: Mapping[CountKey, int]) -> Mapping[str, int]:
    """Count messages by their five states."""
    found: Counter[str] = Counter()
    for key, value in totals.items():
        if key.scope == "message":
            found[key.state] += value
    return {state: found[state] for state in ENDS}


def _since(flows: Sequence[Flow], start: datetime) -> Mapping[str, int]:
    mine = [flow for flow in flows if flow.start >= start]
    return {state: sum(flow.taken[lane, state] for flow in mine for lane in LANES) for state in ENDS}


def _lane(lane: str, flows: Sequence[Flow], totals: Mapping[CountKey, int], lines: Sequence[WaitingLine]) -> LaneLine:
    by_hour = [sum(number for (of, _), number in flow.taken.items() if of == lane) for flow in flows]
    waiting = sum(value for key, value in totals.items() if key.scope == "delivery" and key.lane == lane and key.state in WAITS)
    oldest = min((line.oldest_of[lane] for line in lines if lane in line.oldest_of), default=None)
    return LaneLine(lane=lane, taken=sum(by_hour), this_hour=by_hour[-1], waiting=waiting, oldest=oldest)


def _hour(flow: Flow) -> Hour:
    states, tries = _summed(flow.taken), _summed(flow.tries)
    lasting = _lasting([flow.sending])
    return Hour(
        start=flow.start, good=sum(states[state] for state in ("ROUTED", "FILTERED", "DISCARDED")), invalid=states["INVALID"],
        error=states["ERROR"], sent=tries["SENT"], failed=sum(tries[state] for state in _FAILED), p50=lasting.p50, p95=lasting.p95,
    )  # fmt: skip


def _summed(numbers: Mapping[tuple[str, str], int]) -> Counter[str]:
    found: Counter[str] = Counter()
    for (_, what), number in numbers.items():
        found[what] += number
    return found


def _lasting(numbers: Iterable[Mapping[int, int]]) -> Lasting:
    found: Counter[int] = Counter()
    for one in numbers:
        found.update(one)
    return Lasting(percentile(found, 0.5), percentile(found, 0.95))

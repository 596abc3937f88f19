"""Remember how calls to each hospital went: how long they took, what they came to, what its WSDL and certificate say."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.errors import TryAgain
from engine.hospital import HospitalCall
from engine.store.columns import Moment
from engine.store.database import Database, insert_into, metadata
from engine.store.latency import bucket_of, percentile

KEPT = timedelta(days=31)
"""So long figures are kept."""

_GATHERED = 10_000
_FLUSH_EVERY = 1.0

hospital_call = sa.Table(
    "hospital_call",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("hour", Moment, primary_key=True),
    sa.Column("function", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)
"""How many calls of a function had an outcome within a class of latency, by the hour."""

hospital_state = sa.Table(
    "hospital_state",
    metadata,
    sa.Column("institution", sa.Text, primary_key=True),
    sa.Column("last_call", Moment),
    sa.Column("last_outcome", sa.Text, nullable=False),
    sa.Column("last_answer", Moment),
    sa.Column("certificate_until", Moment),
    sa.Column("wsdl_looked", Moment),
    sa.Column("wsdl_changed", Moment),
    sa.Column("wsdl_words", sa.Text, nullable=False),
)
"""What each hospital did last; `wsdl_words` are the differences of its WSDL from the pinned copy, one a line, "" for none."""

_Key = tuple[str, datetime, str, str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class HealthCard:
    """How calls to a hospital went lately.

    `outcomes` counts by "0", RETURN_CODE or DST code; `answered` are those that the hospital answered at all; `p50`, `p95`, `p99` are
    seconds within which so many of a hundred calls were over, None without calls.
    """

    institution: str
    calls: int = 0
    answered: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    last_call: datetime | None = None
    last_outcome: str = ""
    last_answer: datetime | None = None
    certificate_until: datetime | None = None
    wsdl_looked: datetime | None = None
    wsdl_changed: datetime | None = None
    wsdl_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Last:
    """The last call of a hospital since the last flush, and the last answer and certificate among all of them."""

    call: HospitalCall
    answer: datetime | None = None
    certificate: datetime | None = None

    def then(self, call: HospitalCall) -> _Last:
        return _Last(call, call.at if _answered(call.outcome) else self.answer, call.certificate_until or self.certificate)


class HospitalHealth:
    """Gather what calls came to, and write it every second from a thread of its own; a store that is away delays no call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._news: Counter[_Key] = Counter()
        self._last: dict[str, _Last] = {}
        self._cleared: datetime | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def observe(self, call: HospitalCall) -> None:
        """Take note of a call (engine.hospital.Observe)."""
        hour = call.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        key = (call.institution, hour, call.function, call.outcome, bucket_of(call.seconds))
        with self._lock:
            if key in self._news or len(self._news) < _GATHERED:
                self._news[key] += 1
            self._last[call.institution] = self._last.get(call.institution, _Last(call)).then(call)
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._keep_writing, name="hospital-health", daemon=True)
                self._thread.start()

    def looked(self, institution: str, words: Iterable[str], at: datetime) -> None:
        """Note what a look at the hospital's WSDL found; `wsdl_changed` moves when it is not what the look before found."""
        told = "\n".join(words)
        with self._database.write() as connection:
            _state_row(connection, institution)
            changed = sa.case((hospital_state.c.wsdl_words != told, sa.literal(at, Moment)), else_=hospital_state.c.wsdl_changed)
            changes = {"wsdl_looked": at, "wsdl_changed": changed, "wsdl_words": told}
            connection.execute(_of(institution).values(changes))

    def flush(self) -> int:
        """Write what was gathered; gives the number of rows, keeps all when it fails."""
        with self._lock:
            news, last = self._news, self._last
            self._news, self._last = Counter(), {}
        if not news:
            return 0
        try:
            self._write(news, last)
        except BaseException:
            with self._lock:
                self._news.update(news)
                self._last = {**last, **self._last}
            raise
        return len(news)

    def close(self) -> None:
        """Write the rest and stop; a store that is away loses the last second's figures."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5.0)
        with contextlib.suppress(TryAgain):
            self.flush()

    def _keep_writing(self) -> None:
        while not self._stop.wait(_FLUSH_EVERY):
            with contextlib.suppress(TryAgain):
                self.flush()

    def _write(self, news: Mapping[_Key, int], last: Mapping[str, _Last]) -> None:
        now = datetime.now(UTC)
        with self._database.write() as connection:
            # In one order for all processes, so that none waits in a ring.
            for key, number in sorted(news.items()):
                connection.execute(_add(connection.dialect.name, key, number))
            for institution, latest in sorted(last.items(), key=lambda item: item[0]):
                _state_row(connection, institution)
                connection.execute(_of(institution).values(_latest(latest)))
            if self._cleared is None or now - self._cleared > timedelta(hours=1):
                connection.execute(sa.delete(hospital_call).where(hospital_call.c.hour < now - KEPT))
                self._cleared = now


def cards(connection: Connection, now: datetime, window: timedelta = timedelta(hours=24)) -> list[HealthCard]:
    """Give the card of every hospital that was ever called or looked at, with the figures of the hours that began in the window."""
    table = hospital_call
    figures: dict[str, tuple[Counter[str], Counter[int]]] = {}
    for row in connection.execute(sa.select(table).where(table.c.hour > now - window)).mappings():
        outcomes, buckets = figures.setdefault(row["institution"], (Counter(), Counter()))
        outcomes[row["outcome"]] += row["number"]
        buckets[row["bucket"]] += row["number"]
    states = connection.execute(sa.select(hospital_state).order_by(hospital_state.c.institution)).mappings()
    return [_card(dict(state), *figures.get(state["institution"], (Counter(), Counter()))) for state in states]


def _card(state: dict[str, Any], outcomes: Counter[str], buckets: Counter[int]) -> HealthCard:
    words = tuple(state.pop("wsdl_words").splitlines())
    answered = sum(number for outcome, number in outcomes.items() if _answered(outcome))
    p50, p95, p99 = (percentile(buckets, part) for part in (0.5, 0.95, 0.99))
    return HealthCard(
        calls=outcomes.total(), answered=answered, p50=p50, p95=p95, p99=p99, outcomes=dict(outcomes.most_common()),
        wsdl_words=words, **state,
    )  # fmt: skip


def _answered(outcome: str) -> bool:
    return outcome.isdigit()


def _of(institution: str) -> sa.Update:
    return sa.update(hospital_state).where(hospital_state.c.institution == institution)


def _latest(latest: _Last) -> dict[str, Any]:
    """Say what the last calls change; the newest wins, whichever process writes first."""
    table, call, answer = hospital_state.c, latest.call, latest.answer
    newer = table.last_call.is_(None) | (table.last_call <= call.at)
    changes: dict[str, Any] = {
        "last_call": sa.case((newer, sa.literal(call.at, Moment)), else_=table.last_call),
        "last_outcome": sa.case((newer, call.outcome), else_=table.last_outcome),
    }
    if answer is not None:
        later = table.last_answer.is_(None) | (table.last_answer < answer)
        changes["last_answer"] = sa.case((later, sa.literal(answer, Moment)), else_=table.last_answer)
    if latest.certificate is not None:
        changes["certificate_until"] = latest.certificate
    return changes


def _state_row(connection: Connection, institution: str) -> None:
    empty = {"institution": institution, "last_outcome": "", "wsdl_words": ""}
    insert = insert_into(connection.dialect.name, hospital_state).values(empty)
    connection.execute(insert.on_conflict_do_nothing(index_elements=["institution"]))


def _add(dialect: str, key: _Key, number: int) -> Any:
    names = ("institution", "hour", "function", "outcome", "bucket")
    insert = insert_into(dialect, hospital_call).values({**dict(zip(names, key, strict=True)), "number": number})
    return insert.on_conflict_do_update(
        index_elements=list(names), set_={"number": hospital_call.c.number + insert.excluded.number}
    )

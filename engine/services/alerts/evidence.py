"""Look for the troubles that a rule names, by counts, indexes and samples; no message is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, func, select

from engine.alerting import Words
from engine.message import SHANGHAI, minute_text
from engine.services.alerts.away import away_since
from engine.services.alerts.rules import (
    BreakerOpen,
    CertificateEnds,
    Conservation,
    DeadDeliveries,
    DiskFree,
    ErrorShare,
    Rate,
    Rule,
    Silence,
    Standstill,
    WaitingAge,
    within,
)
from engine.services.alerts.samples import Figure, Habits, figures_before, figures_now
from engine.services.alerts.words import lasting, share, size
from engine.services.hospitalhealth import hospital_state
from engine.services.institutions import certificate, institution
from engine.store import counts
from engine.store.duework import due_work
from engine.store.errands import errand_record
from engine.store.tables import message
from engine.store.waiting import last_trouble, oldest_due

JUDGE = "judge-alerts"
"""The job of the clock that judges; its turns are the clock's sign of life."""

WATCH = "watch-clock"
"""The errand by which a worker watches the clock; its last success is the workers' sign of life."""

CLOCK = "clock"

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong at this moment; value and threshold are seconds, a part of one, a number, or days, by the kind of rule."""

    subject: str
    value: float
    threshold: float
    cause: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What is not in the store: bytes of the disk of the data directory, end of the certificate of our own ports (None without TLS)."""

    disk_free: int
    disk_total: int
    certificate_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at the store at the moment `now`, in the caller's transaction; what several rules ask is read once."""

    connection: Connection
    now: datetime
    outside: Outside
    habits: Habits
    read: dict[str, Any]

    def totals(self) -> Mapping[counts.CountKey, int]:
        """Give the counts of this moment."""
        if "totals" not in self.read:
            self.read["totals"] = counts.totals(self.connection)
        found: Mapping[counts.CountKey, int] = self.read["totals"]
        return found

    def figures(self) -> Mapping[str, Figure]:
        """Give what came in of each institution up to this moment."""
        if "figures" not in self.read:
            self.read["figures"] = figures_now(self.totals())
        found: Mapping[str, Figure] = self.read["figures"]
        return found

    def by_destination(self, state: str) -> dict[str, int]:
        """Count the deliveries in a state by destination."""
        found: dict[str, int] = {}
        for key, value in self.totals().items():
            if key.scope == "delivery" and key.state == state:
                found[key.owner] = found.get(key.owner, 0) + value
        return found


def _chosen(name: str, wanted: Collection[str]) -> bool:
    return not wanted or name in wanted


def _waiting_age(look: Look, rule: WaitingAge) -> Iterator[Trouble]:
    for name, oldest in oldest_due(look.connection):
        age = (look.now - oldest).total_seconds()
        if age > rule.older_than and _chosen(name, rule.destinations):
            waits, why = lasting(age), last_trouble(look.connection, name)
            zh, en = f"最早一件已等待 {waits.zh}", f"The oldest delivery has waited for {waits.en}"
            yield Trouble(f"destination {name}", age, rule.older_than, Words(zh + _last(why).zh, en + _last(why).en))


def _last(code: str) -> Words:
    return (
        Words(f"，最后的错误是 {code}。", f"; its last error is {code}.") if code else Words("，还没有错误。", "; no error yet.")
    )


def _dead(look: Look, rule: DeadDeliveries) -> Iterator[Trouble]:
    for name, number in look.by_destination("DEAD").items():
        if number > rule.more_than and _chosen(name, rule.destinations):
            why = last_trouble(look.connection, name)
            zh, en = f"{number} 件投递已成死信", f"{number} deliveries are dead"
            cause = Words(zh + _last(why).zh, en + _last(why).en)
            yield Trouble(f"destination {name}", number, rule.more_than, cause)


def _breaker(look: Look, rule: BreakerOpen) -> Iterator[Trouble]:
    for name, since in away_since(look.connection, look.now).items():
        if _chosen(name, rule.destinations):
            why, at = last_trouble(look.connection, name), minute_text(since)
            cause = Words(f"自 {at} 起连续没有应答{_last(why).zh}", f"It has not answered since {at}{_last(why).en}")
            yield Trouble(f"destination {name}", (look.now - since).total_seconds(), 0.0, cause)


def _error_share(look: Look, rule: ErrorShare) -> Iterator[Trouble]:
    before = figures_before(look.connection, look.now - timedelta(seconds=rule.within))
    for code, figure in look.figures().items():
        if code not in before or not _chosen(code, rule.institutions):
            continue
        taken = figure.taken - before[code].taken
        refused = max(figure.refused - before[code].refused, 0)
        if taken >= rule.least and refused / taken > rule.above:
            part, time_ = share(refused / taken), lasting(rule.within)
            zh = f"最近 {time_.zh}收到 {taken} 份，拒收 {refused} 份（{part}）。"
            en = f"{refused} of {taken} documents of the last {time_.en} were refused ({part})."
            yield Trouble(f"institution {code}", refused / taken, rule.above, Words(zh, en))


def _silence(look: Look, rule: Silence) -> Iterator[Trouble]:
    if not within(look.now, rule.from_, rule.until):
        return
    begin = datetime.combine(look.now.astimezone(SHANGHAI).date(), time.fromisoformat(rule.from_), SHANGHAI)
    since = look.now - timedelta(seconds=rule.longer_than)
    if since < begin:
        return
    look.habits.read(look.connection, look.now)
    before = figures_before(look.connection, since)
    for code, figure in look.figures().items():
        known = before.get(code)
        if known is None or figure.taken != known.taken or not _chosen(code, rule.institutions):
            continue
        if look.habits.days_active(code, look.now) >= rule.days:
            yield from _silent(look, rule, code, begin)


def _silent(look: Look, rule: Silence, code: str, begin: datetime) -> Iterator[Trouble]:
    last = look.connection.scalar(select(func.max(message.c.received)).where(message.c.institution == code))
    quiet = (look.now - max(last or begin, begin)).total_seconds()
    if quiet > rule.longer_than:
        active, for_ = look.habits.days_active(code, look.now), lasting(quiet)
        at = (
            Words(f"，最后一份在 {minute_text(last)}", f"; the last document came at {minute_text(last)}")
            if last
            else Words("", "")
        )
        zh = f"今天 {rule.from_} 以后已有 {for_.zh}没有上传{at.zh}；最近七天有 {active} 天上传过。"
        en = f"Nothing for {for_.en} since {rule.from_} today{at.en}. It sent on {active} of the last 7 days."
        yield Trouble(f"institution {code}", quiet, rule.longer_than, Words(zh, en))


def _rate(look: Look, rule: Rate) -> Iterator[Trouble]:
    look.habits.read(look.connection, look.now)
    before = figures_before(look.connection, look.now - _HOUR)
    for code, figure in look.figures().items():
        usual, days = look.habits.usual(code, look.now)
        if code not in before or days < rule.days or usual < rule.least or not _chosen(code, rule.institutions):
            continue
        came = figure.taken - before[code].taken
        part = came / usual
        low, high = rule.below is not None and part < rule.below, rule.above is not None and part > rule.above
        if low or high:
            zh = f"最近一小时收到 {came} 份，平时这个时段约 {usual:.0f} 份（最近七天中 {days} 天的平均）。"
            en = f"{came} documents came in the last hour; about {usual:.0f} are usual at this time ({days} of the last 7 days)."
            yield Trouble(f"institution {code}", part, (rule.below if low else rule.above) or 0.0, Words(zh, en))


def _certificates(look: Look, rule: CertificateEnds) -> Iterator[Trouble]:
    for subject, until in _ends(look, rule):
        left = (until - look.now).total_seconds()
        if left < rule.within:
            still, at = lasting(left), minute_text(until)
            if left <= 0:
                cause = Words(f"已于 {at} 到期。", f"It ended at {at}.")
            else:
                cause = Words(f"将于 {at} 到期，还有 {still.zh}。", f"It ends at {at}, in {still.en}.")
            yield Trouble(subject, left / 86400, rule.within / 86400, cause)


def _ends(look: Look, rule: CertificateEnds) -> Iterator[tuple[str, datetime]]:
    if "institutions" in rule.of:
        last = select(certificate.c.institution, func.max(certificate.c.not_after)).join(institution)
        chosen = last.where(institution.c.state == "approved").group_by(certificate.c.institution)
        yield from (
            (f"client-certificate {code}", until)
            for code, until in look.connection.execute(chosen)
            if _chosen(code, rule.institutions)
        )
    if "hospitals" in rule.of:
        known = select(hospital_state.c.institution, hospital_state.c.certificate_until)
        for code, until in look.connection.execute(known.where(hospital_state.c.certificate_until.is_not(None))):
            if _chosen(code, rule.institutions):
                yield f"hospital-certificate {code}", until
    if "platform" in rule.of and look.outside.certificate_until is not None:
        yield "platform-certificate", look.outside.certificate_until


def _disk(look: Look, rule: DiskFree) -> Iterator[Trouble]:
    free, total = look.outside.disk_free, look.outside.disk_total
    if free < rule.below * total:
        part, left = share(free / total), size(free)
        yield Trouble("disk", free / total, rule.below, Words(f"剩余 {left}，占 {part}。", f"{left} are free, {part} of it."))


def _conservation(look: Look, _rule: Conservation) -> Iterator[Trouble]:
    taken, kept = counts.balance(look.totals())
    if taken != kept:
        cause = Words(f"已接收 {taken} 份，五种状态合计 {kept} 份。", f"{taken} were taken in, the five states hold {kept}.")
        yield Trouble("store", abs(taken - kept), 0.0, cause)


def _workers(look: Look, rule: Standstill) -> Iterator[Trouble]:
    last = look.connection.scalar(select(errand_record.c.last_done).where(errand_record.c.kind == WATCH))
    yield from _still("worker", last, look, rule)


def _clock(look: Look, rule: Standstill) -> Iterator[Trouble]:
    yield from _still(CLOCK, last_judged(look.connection), look, rule)


def last_judged(connection: Connection) -> datetime | None:
    """Tell when a clock last took its turn at judging alerts."""
    found: datetime | None = connection.scalar(select(func.max(due_work.c.at)).where(due_work.c.job == JUDGE))
    return found


def _still(subject: str, last: datetime | None, look: Look, rule: Standstill) -> Iterator[Trouble]:
    quiet = (look.now - last).total_seconds() if last else rule.longer_than + 1
    if quiet > rule.longer_than:
        at = minute_text(last) if last else ""
        cause = (
            Words(f"最后一次动静在 {at}。", f"Its last sign of life was at {at}.")
            if last
            else Words("还没有过动静。", "There was no sign of life yet.")
        )
        yield Trouble(subject, quiet, rule.longer_than, cause)


EVIDENCE: Mapping[type[Rule], Callable[[Look, Any], Iterator[Trouble]]] = MappingProxyType(
    {
        WaitingAge: _waiting_age,
        DeadDeliveries: _dead,
        BreakerOpen: _breaker,
        ErrorShare: _error_share,
        Silence: _silence,
        Rate: _rate,
        CertificateEnds: _certificates,
        DiskFree: _disk,
        Conservation: _conservation,
        Standstill: _workers,
    }
)
"""How each kind of rule is judged by the clock; whether there is a clock is judged by the workers."""


def troubles(look: Look, rule: Rule) -> dict[str, Trouble]:
    """Find what the clock sees of a rule, by subject."""
    return {one.subject: one for one in EVIDENCE[type(rule)](look, rule)}


def without_clock(look: Look, rule: Rule) -> dict[str, Trouble]:
    """Find what a worker sees of a rule: whether there is no clock."""
    return {one.subject: one for one in _clock(look, rule)} if isinstance(rule, Standstill) else {}

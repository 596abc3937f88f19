"""Say when something counts as trouble, who is told, and when they are left in peace: the rules of config/alerts.yaml."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from engine.alerting import ALERTS, Severity
from engine.errors import ConfigError, Fault
from engine.message import SHANGHAI
from engine.yamlfile import Code, Duration, Sheet, YamlFile, check_model, did_you_mean, merge_faults, read_yaml, try_entry

CHANNELS = "channels"
"""The key below which the channels stand; outbound reads them."""

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _clock(text: str) -> str:
    if not _CLOCK.fullmatch(text):
        raise ValueError('a time of day has four digits in quotes, for example "22:00"')
    return text


ClockTime = Annotated[Code, AfterValidator(_clock)]
"""A time of day in Shanghai, written "22:00"."""


class QuietHours(Sheet):
    """When notices of lesser trouble wait; the page shows it all the same."""

    from_: ClockTime = Field(description='开始时刻（北京时间），例如 "22:00" · when they begin')
    until: ClockTime = Field(description='结束时刻，例如 "07:00" · when they end')
    severities: list[Severity] = Field(
        ["warning", "information"],
        min_length=1,
        description="此间等待、结束后汇总发出的级别；其余照常立即发出 · severities whose notices wait and are then sent together",
    )

    def end(self, now: datetime, severity: Severity) -> datetime | None:
        """Give when the quiet hours around `now` end, None when a notice of this severity goes out at once."""
        if severity not in self.severities or not within(now, self.from_, self.until):
            return None
        local = now.astimezone(SHANGHAI)
        end = datetime.combine(local.date(), time.fromisoformat(self.until), SHANGHAI)
        return end if end > local else end + timedelta(days=1)


def within(now: datetime, first: str, last: str) -> bool:
    """Tell whether `now` lies between two times of day of Shanghai, over midnight when the first is the later one."""
    at = f"{now.astimezone(SHANGHAI):%H:%M}"
    return first <= at < last if first <= last else at >= first or at < last


class Rule(Sheet):
    """What every rule has."""

    for_: Duration = Field(
        0.0, description="须持续多久才报警；恢复也须持续这么久才解除 · how long it must hold, for the start and for the end"
    )
    severity: Severity = Field("warning", description="级别 critical、warning、information · severity")
    to: list[str] = Field([], description="通知的渠道名，空为只在页面显示 · channels that are told, none for the page alone")


class DestinationRule(Rule):
    """A rule about each destination by itself."""

    destinations: list[Code] = Field([], description="只看这些目的地，空为全部 · only these destinations, all when empty")


class InstitutionRule(Rule):
    """A rule about each institution by itself."""

    institutions: list[Code] = Field([], description="只看这些机构，空为全部 · only these institutions, all when empty")


class WaitingAge(DestinationRule):
    """The oldest delivery of a destination has waited for too long."""

    older_than: Duration = Field(300.0, gt=0, description="最早一件等待的时长 · age of the oldest waiting delivery")


class DeadDeliveries(DestinationRule):
    """Deliveries of a destination are dead and wait for a person."""

    more_than: int = Field(0, ge=0, description="死信件数超过此数 · more dead deliveries than this")


class BreakerOpen(DestinationRule):
    """The circuit breaker of a destination is open: it counts as away."""


class ErrorShare(InstitutionRule):
    """Too large a part of what an institution sent was refused."""

    above: float = Field(0.3, gt=0, lt=1, description="拒收占比超过此值（0 至 1）· refused part of all that came in")
    within: Duration = Field(
        3600.0, ge=600, le=10800, description="统计最近多长时间（10m 至 3h）· over the last so long, in steps of five minutes"
    )
    least: int = Field(20, ge=1, description="收到不足此数时不判断 · not judged when fewer came in")


class Silence(InstitutionRule):
    """An institution that usually sends has sent nothing."""

    longer_than: Duration = Field(14400.0, ge=600, le=86400, description="没有任何上传的时长 · time without anything sent")
    days: int = Field(
        5, ge=1, le=7, description="最近七天中至少有几天上传过才算经常上传 · sent on at least so many of the last 7 days"
    )
    from_: ClockTime = Field("08:00", description="每天从此时起计算 · judged from this time of day")
    until: ClockTime = Field("20:00", description="到此时为止，须晚于 from · until this time of day, later than `from`")


class Rate(InstitutionRule):
    """An institution sent far less or far more in the last hour than usually at this time of day."""

    below: float | None = Field(None, gt=0, lt=1, description="少于平时的几分之几，例如 0.3 · less than this part of the usual")
    above: float | None = Field(None, gt=1, description="多于平时的几倍，例如 5.0 · more than so many times the usual")
    least: int = Field(50, ge=1, description="平时每小时不足此数时不判断 · not judged when fewer an hour are usual")
    days: int = Field(
        3, ge=1, le=7, description="最近七天中至少有几天的数据才判断 · figures of at least so many of the last 7 days"
    )


class CertificateEnds(InstitutionRule):
    """A certificate ends soon, or has ended."""

    within: Duration = Field(2592000.0, gt=0, description="剩余有效期少于此值 · less than this is left")
    of: list[Literal["institutions", "platform", "hospitals"]] = Field(
        ["institutions", "platform", "hospitals"],
        min_length=1,
        description="institutions 机构的客户端证书，platform 平台端口的证书，hospitals 医院服务的证书 · whose certificates",
    )


class DiskFree(Rule):
    """The disk of the data directory fills up, on the node whose clock leads."""

    below: float = Field(0.1, gt=0, lt=1, description="剩余空间占比少于此值（0 至 1）· free part of the disk")


class Conservation(Rule):
    """What was taken in is not the sum of the five states."""


class Standstill(Rule):
    """No worker, or no clock, has worked for a while; each is watched by the other."""

    longer_than: Duration = Field(120.0, ge=60, description="没有动静的时长，至少 1m · time without a sign of life, at least 1m")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rule: the keys it takes, and its name in Chinese."""

    sheet: type[Rule]
    title: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "waiting-age": Kind(WaitingAge, "等待过久"),
        "dead-deliveries": Kind(DeadDeliveries, "死信"),
        "breaker": Kind(BreakerOpen, "断路"),
        "error-share": Kind(ErrorShare, "拒收占比"),
        "silence": Kind(Silence, "停止上传"),
        "rate": Kind(Rate, "上传量异常"),
        "certificate": Kind(CertificateEnds, "证书到期"),
        "disk": Kind(DiskFree, "磁盘空间"),
        "conservation": Kind(Conservation, "账不平"),
        "standstill": Kind(Standstill, "进程停顿"),
    }
)
"""Every kind of rule; a new one is one class, one line here and one in EVIDENCE."""


class AlertFile(Sheet):
    """The keys of config/alerts.yaml; without the file there are no alerts."""

    monitor: str = Field(
        "",
        pattern=r"^(https?://[^\s@/]+)?$",
        description="监控页面的地址，写进通知，例如 https://monitor.example:8081 · address of the monitor, written into notices",
    )
    quiet_hours: QuietHours | None = Field(None, description="免打扰时段 · quiet hours")
    channels: dict[str, Any] = Field(default_factory=dict, description="通知渠道，每个名字一个 · channels, one name each")
    rules: dict[str, Any] = Field(default_factory=dict, description="规则，每个名字一条 · rules, one name each")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRules:
    """The rules by name, in the order of the file."""

    monitor: str = ""
    quiet_hours: QuietHours | None = None
    rules: Mapping[str, Rule] = field(default_factory=dict)


_KIND_OF: Mapping[type[Rule], str] = {kind.sheet: name for name, kind in KINDS.items()}


def kind_of(rule: Rule) -> str:
    """Name the kind of a rule, a key of KINDS."""
    return _KIND_OF[type(rule)]


def load_alert_rules(root: Path) -> AlertRules:
    """Read the rules of config/alerts.yaml of a set of files; raises ConfigError with all faults at their places."""
    path = root / ALERTS
    if not path.is_file():
        return AlertRules()
    file = read_yaml(path, ALERTS)
    whole = check_model(file, AlertFile)
    rules: dict[str, Rule] = {}
    faults: list[tuple[Fault, ...]] = []
    for name in whole.rules:
        rule, found = try_entry(file, ("rules", name), KINDS, one="a rule", kind="kind of rule", unknown="CFG-011")
        faults.append(found)
        if rule is not None:
            faults.append(tuple(_contradictions(file, name, rule)))
            rules[name] = rule
    if any(faults):
        raise ConfigError(merge_faults(*faults))
    return AlertRules(monitor=whole.monitor, quiet_hours=whole.quiet_hours, rules=MappingProxyType(rules))


def _contradictions(file: YamlFile, name: str, rule: Rule) -> Iterator[Fault]:
    at = ("rules", name)
    if isinstance(rule, Rate) and rule.below is None and rule.above is None:
        yield file.fault("CFG-010", at, 'the key "below" or "above" is missing; give one or both', key=True)
    if isinstance(rule, Silence):
        if rule.until <= rule.from_:
            yield file.fault("CFG-011", (*at, "until"), f'"{rule.until}" is not later than "{rule.from_}"')
        elif seconds_between(rule.from_, rule.until) <= rule.longer_than:
            yield file.fault("CFG-011", (*at, "longer-than"), "longer than the time of day in which it is judged")


def seconds_between(first: str, last: str) -> float:
    """Count the seconds from one time of day to a later one."""
    begin, end = (time.fromisoformat(text) for text in (first, last))
    return ((end.hour - begin.hour) * 60 + end.minute - begin.minute) * 60.0


def misdirected(root: Path, channels: Collection[str], destinations: Collection[str]) -> Iterator[Fault]:
    """Find rules that tell a channel, or watch a destination, which there is not (CFG-031); raises ConfigError as loading does."""
    rules = load_alert_rules(root).rules
    if not rules:
        return
    file = read_yaml(root / ALERTS, ALERTS)
    for name, rule in rules.items():
        for place, channel in enumerate(rule.to):
            if channel not in channels:
                said = f'there is no channel "{channel}"{did_you_mean(channel, channels)}'
                yield file.fault("CFG-031", ("rules", name, "to", place), said)
        for place, destination in enumerate(rule.destinations if isinstance(rule, DestinationRule) else ()):
            if destination not in destinations:
                said = f'there is no destination "{destination}"{did_you_mean(destination, destinations)}'
                yield file.fault("CFG-031", ("rules", name, "destinations", place), said)

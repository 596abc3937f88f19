"""Say who may refer to whom, who reviews it, and how long each step may take: the rules of config/referrals.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.errors import ConfigError, Fault
from engine.services.referrals.model import URGENT, Direction, State
from engine.yamlfile import Code, Duration, Sheet, YamlFile, check_model, did_you_mean, read_yaml

REFERRALS = "config/referrals.yaml"
LEVELS = {1: "基层医疗机构", 2: "二级医院", 3: "三级医院"}


class Network(Sheet):
    """Institutions that refer to each other."""

    name: str = Field(min_length=1, description="名称 · name")
    institutions: list[Code] = Field(min_length=2, description="成员机构代码 · codes of its institutions")
    lead: Code | None = Field(None, description="牵头机构，须为成员 · the leading institution, one of them")


class Pair(Sheet):
    """One institution that may refer to another, whatever their levels and networks."""

    from_: Code = Field(description="转出机构 · origin")
    to: Code = Field(description="转入机构 · receiver")
    directions: list[Direction] = Field(min_length=1, description="允许的方向 up、down · what is allowed")


class Review(Sheet):
    """Which referrals are reviewed; what is left out means any."""

    by: Code = Field(description="审核机构 · who reviews")
    from_: Code | None = Field(None, description="转出机构 · origin")
    to: Code | None = Field(None, description="转入机构 · receiver")
    direction: Direction | None = Field(None, description="方向 · direction")


class ReferralRules(Sheet):
    """The rules of referral; without the file nobody may refer."""

    networks: list[Network] = Field(default_factory=list, description="医联体、医共体 · networks of institutions")
    levels: dict[Code, Literal[1, 2, 3]] = Field(
        default_factory=dict, description="机构代码: 级别（1 基层，2 二级，3 三级）· institution: level"
    )
    by_level: bool = Field(
        default=True,
        description="同一网络内，向级别更高的上转、向更低的下转 · within a network up to a higher level, down to a lower one",
    )
    pairs: list[Pair] = Field(default_factory=list, description="另外允许的机构对 · further pairs that are allowed")
    review: list[Review] = Field(
        default_factory=list, description="须审核的转诊，取第一条相符的 · what is reviewed, by the first line that fits"
    )
    review_within: Duration = Field(86400.0, description="审核时限 · time to review")
    accept_within: Duration = Field(172800.0, description="接收时限 · time to accept or reject")
    urgent_within: Duration = Field(14400.0, description="紧急转诊的审核、接收时限 · the same two for urgent ones")
    arrive_within: Duration = Field(1209600.0, description="接收后到诊时限 · time from acceptance to arrival")
    remind_at: float = Field(
        0.75, gt=0, lt=1, description="时限过去多少时提醒（0 至 1）· part of the time after which both sides are reminded"
    )
    same_day: Literal["refuse", "allow"] = Field(
        "refuse", description="同一患者同一天转往同一机构 · same patient, same day, same receiver"
    )
    late_after: Duration = Field(
        86400.0, description="早于此时长的转诊为补录，须写明原因 · older than this it is entered afterwards and needs a reason"
    )
    late_limit: Duration = Field(2592000.0, description="最多补录多久以前的 · older than this it is refused")

    def way(self, origin: str, receiver: str, direction: Direction) -> str | None:
        """Give the network by which an institution may refer to another, "" for a pair of its own, None when it may not."""
        if origin == receiver:
            return None
        shared = next((one.name for one in self.networks if {origin, receiver} <= set(one.institutions)), None)
        if any((one.from_, one.to) == (origin, receiver) and direction in one.directions for one in self.pairs):
            return shared or ""
        here, there = self.levels.get(origin), self.levels.get(receiver)
        if shared is None or not self.by_level or here is None or there is None or here == there:
            return None
        return shared if (there > here) == (direction == "up") else None

    def neighbours(self, origin: str) -> list[str]:
        """List the institutions that any rule names together with one, by code."""
        named = {code for one in self.networks if origin in one.institutions for code in one.institutions}
        return sorted((named | {one.to for one in self.pairs if one.from_ == origin}) - {origin})

    def reviewer(self, origin: str, receiver: str, direction: Direction) -> str:
        """Give who reviews such a referral, "" when nobody does."""
        for one in self.review:
            if one.from_ in (None, origin) and one.to in (None, receiver) and one.direction in (None, direction):
                return one.by
        return ""

    def level_name(self, institution: str) -> str:
        """Name the level of an institution, "" when it has none here."""
        level = self.levels.get(institution)
        return LEVELS[level] if level else ""

    def time_in(self, state: State, urgency: int) -> timedelta | None:
        """Say how long a referral may stay in a state, None without end."""
        within = {"reviewing": self.review_within, "applied": self.accept_within, "accepted": self.arrive_within}.get(state)
        if urgency == URGENT and state in ("reviewing", "applied"):
            within = self.urgent_within
        return None if within is None else timedelta(seconds=within)


def load_referral_rules(root: Path) -> ReferralRules:
    """Read config/referrals.yaml of a set of files; raises ConfigError with all faults at their places."""
    path = root / REFERRALS
    if not path.is_file():
        return ReferralRules()
    file = read_yaml(path, REFERRALS)
    rules = check_model(file, ReferralRules)
    if faults := list(_contradictions(file, rules)):
        raise ConfigError(faults)
    return rules


def _contradictions(file: YamlFile, rules: ReferralRules) -> Iterator[Fault]:
    for place, one in enumerate(rules.networks):
        yield from _network_faults(file, rules, place, one)
    members = {code for one in rules.networks for code in one.institutions}
    known = members | {one.from_ for one in rules.pairs} | {one.to for one in rules.pairs}
    for place, pair in enumerate(rules.pairs):
        if pair.from_ == pair.to:
            yield file.fault("CFG-011", ("pairs", place, "to"), f"{pair.to} cannot refer to itself")
    for code in rules.levels:
        if code not in known:
            yield file.fault("CFG-012", ("levels", code), f'no network or pair has "{code}"{did_you_mean(code, known)}', key=True)
    for place, review in enumerate(rules.review):
        for key, named in (("from", review.from_), ("to", review.to)):
            if named is not None and named not in known:
                words = f'no network or pair has "{named}"{did_you_mean(named, known)}'
                yield file.fault("CFG-012", ("review", place, key), words)
    if rules.late_limit < rules.late_after:
        yield file.fault("CFG-011", ("late-limit",), "late-limit is shorter than late-after")


def _network_faults(file: YamlFile, rules: ReferralRules, place: int, one: Network) -> Iterator[Fault]:
    base = ("networks", place)
    if any(other.name == one.name for other in rules.networks[:place]):
        yield file.fault("CFG-011", (*base, "name"), f"two networks are named {one.name}")
    if one.lead is not None and one.lead not in one.institutions:
        yield file.fault(
            "CFG-012", (*base, "lead"), f'"{one.lead}" is not in the network{did_you_mean(one.lead, one.institutions)}'
        )
    for at, code in enumerate(one.institutions):
        if code in one.institutions[:at]:
            yield file.fault("CFG-011", (*base, "institutions", at), f"{code} is named twice")
        elif rules.by_level and code not in rules.levels and not _paired(rules, code):
            words = f"{code} has no level, so that nobody may refer to it or from it: name it under levels"
            yield file.fault("CFG-011", (*base, "institutions", at), words)


def _paired(rules: ReferralRules, code: str) -> bool:
    return any(code in (pair.from_, pair.to) for pair in rules.pairs)

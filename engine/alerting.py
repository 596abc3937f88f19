"""Say what an alert tells people: one notice of its start or its end, and the batch that one channel sends at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

Severity = Literal["critical", "warning", "information"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "information")
"""The gravest first."""

ALERTS = "config/alerts.yaml"
"""Where channels and rules stand, in the project directory."""

OpenAlerts = Mapping[tuple[str, Severity], int]
"""How many alerts are open, by rule and severity."""

What = Literal["start", "end"]


class Words(NamedTuple):
    """The same words in both languages; they name ids and codes, never a person."""

    zh: str
    en: str


SEVERITY_WORDS: Mapping[Severity, Words] = MappingProxyType(
    {"critical": Words("严重", "critical"), "warning": Words("警告", "warning"), "information": Words("提示", "information")}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """The start or the end of one alert; `subject` is `KIND NAME`, such as `destination archive`; times are aware.

    `value` and `threshold` are in the unit of the rule's kind: seconds, a share from 0 to 1, a number, or days.
    """

    alert: int
    what: What
    rule: str
    kind: str
    severity: Severity
    subject: str
    named: Words
    opened: datetime
    closed: datetime | None
    value: float
    threshold: float
    cause: Words
    cure: Words
    link: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one channel sends at a time; the same `id` means the same notices, so that a receiver can tell a repetition."""

    id: str
    at: datetime
    notices: tuple[Notice, ...]

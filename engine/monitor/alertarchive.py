"""Read alerts from the store, and the rules and channels in force, for their page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.alerting import OpenAlerts
from engine.monitor.alerts import AlertsSource, AlertView, ChannelLine, RuleLine, Test
from engine.outbound.alertchannels import Channels
from engine.services.alerts.book import AlertBook, open_counts, unsent
from engine.services.alerts.notices import NOTICE, owner_of
from engine.services.alerts.rules import AlertRules
from engine.services.alerts.words import prose
from engine.store.database import Database
from engine.store.errands import ErrandLine, Errands


@dataclass(frozen=True, slots=True)
class AlertArchive:
    """The alerts as their page knows them; `in_force` gives rules and channels, `test` sends a test."""

    database: Database
    book: AlertBook
    in_force: Callable[[], tuple[AlertRules, Channels]]
    test: Test

    def source(self) -> AlertsSource:
        """Hand the page what it asks."""
        return AlertsSource(read=self.read, counts=self.counts, acknowledge=self.acknowledge, test=self.test)

    def read(self, token: str) -> AlertView:
        """Read the page's values."""
        now = datetime.now(UTC)
        rules, channels = self.in_force()
        quiet = rules.quiet_hours
        return AlertView(
            now=now, lines=self.book.read(token),
            rules=[RuleLine(name=name, severity=rule.severity, words=prose(rule), to=rule.to) for name, rule in rules.rules.items()],
            channels=self._channels(channels, now),
            quiet=(f"{quiet.from_}–{quiet.until}", quiet.severities) if quiet else None,
        )  # fmt: skip

    def counts(self) -> OpenAlerts:
        """Count the open alerts by rule and severity."""
        with self.database.read() as connection:
            return open_counts(connection)

    def acknowledge(self, number: int, note: str, *, by: str, peer: str) -> bool:
        """Note who sees to an alert."""
        return self.book.acknowledge(number, note, by=by, peer=peer, now=datetime.now(UTC))

    def _channels(self, channels: Channels, now: datetime) -> Sequence[ChannelLine]:
        if not channels.sheets:
            return ()
        with self.database.read() as connection:
            lines = {line.institution: line for line in Errands(self.database).lines(connection, now) if line.kind == NOTICE}
            waiting = unsent(connection)
        return [_channel(channels, name, lines, waiting) for name in channels.sheets]


def _channel(channels: Channels, name: str, lines: Mapping[str, ErrandLine], waiting: Mapping[str, int]) -> ChannelLine:
    sheet, line = channels.sheets[name], lines.get(owner_of(name))
    return ChannelLine(
        name=name, kind=channels.kind(name), about=sheet.about, place=channels.place(name),
        waiting=waiting.get(name, 0), last_sent=line.last_done if line else None, last_failed=line.last_failed if line else None,
        error=line.last_error if line and line.failures else "",
    )  # fmt: skip

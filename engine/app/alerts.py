"""Build alerts over the set of files in force: who judges, who watches the clock, who tells people by which channel."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.alerting import Batch, Notice, Words
from engine.app import kept
from engine.app.heartbeat import node_name
from engine.app.hospitals import surroundings
from engine.errors import ConfigError, DestinationError, Fault
from engine.outbound.alertchannels import Channel, Channels, build_channel, load_channels, unfit_channels
from engine.services.alerts.away import note_away
from engine.services.alerts.evidence import WATCH, Outside
from engine.services.alerts.judging import Judge
from engine.services.alerts.notices import NOTICE, Notices, owner_of
from engine.services.alerts.rules import AlertRules, load_alert_rules, misdirected
from engine.services.alerts.samples import take_sample
from engine.services.audit import Audit, changed
from engine.services.certificates import read_certificate
from engine.settings import Settings
from engine.store import errands
from engine.store.database import Connection, Database
from engine.store.sealing import Seal
from engine.yamlfile import merge_faults

_WATCHED = timedelta(seconds=20)
_END = "-----END CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class InForce:
    """What config/alerts.yaml of one set of files says; a channel is built when it is first used."""

    revision: str = ""
    rules: AlertRules = field(default_factory=AlertRules)
    sheets: Channels = field(default_factory=Channels)
    root: Path = Path()
    built: dict[str, Channel] = field(default_factory=dict)


class Alerting:
    """The alerts of one process; rules and channels are read anew when another set of files is in force."""

    def __init__(self, settings: Settings, database: Database, seal: Seal) -> None:
        self._settings = settings
        self._database = database
        self._seal = seal
        self._notices = Notices(database)
        self._lock = threading.Lock()
        self._now = InForce()
        self._judge = Judge(database, self.rules, lambda: look_outside(settings), every=settings.alerts.every)

    def in_force(self) -> InForce:
        """Give what is in force; raises TryAgain."""
        name = kept.current(self._database)
        with self._lock:
            if name not in ("", self._now.revision):
                before, self._now = self._now, self._read(name)
                _close(before)
            return self._now

    def rules(self) -> AlertRules:
        """Give the rules in force."""
        return self.in_force().rules

    def said(self) -> tuple[AlertRules, Channels]:
        """Give rules and channels in force, for who shows them."""
        now = self.in_force()
        return now.rules, now.sheets

    def _read(self, name: str) -> InForce:
        root = kept.folder_of(self._settings, self._database, self._seal, name)
        return InForce(name, load_alert_rules(root), load_channels(root), root)

    def _channel(self, now: InForce, name: str) -> Channel | None:
        """Give a channel, None when there is none of this name; raises ConfigError when its secret is missing by now."""
        if name not in now.sheets.sheets:
            return None
        with self._lock:
            if name not in now.built:
                now.built[name] = build_channel(now.sheets, name, surroundings(self._settings, now.root))
            return now.built[name]

    def judge(self) -> None:
        """Judge as the clock does."""
        self._judge.judge(datetime.now(UTC))

    def sample(self) -> None:
        """Write the figures of this slot down, for the clock."""
        with self._database.write() as connection:
            take_sample(connection, datetime.now(UTC))

    def watch(self, _subject: str) -> datetime:
        """Judge whether there is a clock, as a worker does; gives when it is to be done next."""
        now = datetime.now(UTC)
        self._judge.watch(now)
        return now + _WATCHED

    def begin_watching(self) -> None:
        """Ask that some worker watches the clock, from now on."""
        with self._database.write() as connection:
            errands.offer(connection, WATCH, WATCH, owner_of(WATCH), datetime.now(UTC))

    def tell(self, name: str) -> datetime | None:
        """Tell a channel all that is due; gives when it is to be told next. Raises what `Channel.send` raises, and then it is told again."""
        now = self.in_force()
        channel = self._channel(now, name)
        while batch := self._notices.batch(name, now.rules.monitor, datetime.now(UTC)):
            if channel is not None:
                channel.send(batch)
            self._notices.sent(name, batch, datetime.now(UTC), "gone" if channel is None else "sent")
        return self._notices.next_due(name)

    def test(self, name: str, *, by: str, peer: str = "") -> str | None:
        """Send a test by a channel now; gives "" when it was taken, else why not, and None when there is no such channel."""
        now = self.in_force()
        channel = self._channel(now, name)
        if channel is None:
            return None
        with self._database.write() as connection:
            Audit().write(connection, [changed("alert test", subject=name, actor=by, peer=peer)])
        try:
            channel.send(_trial(now.rules.monitor, datetime.now(UTC)))
        except DestinationError as problem:
            return str(problem)
        return ""

    def notices(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what tells people, for the runners of workers and clock: one tells when the other is not there."""
        return {NOTICE: self.tell}

    def watching(self) -> Mapping[str, Callable[[str], datetime | None]]:
        """Give what watches the clock, for the runners of workers only."""
        return {WATCH: self.watch}

    def away(self, worker: str) -> Callable[[Connection, Collection[str]], None]:
        """Give what writes down which destinations count as away for a worker of this node."""
        name = f"{worker}@{node_name(self._settings)}"
        return lambda connection, names: note_away(connection, name, names, datetime.now(UTC))

    def close(self) -> None:
        """Close the channels."""
        _close(self._now)


def _close(was: InForce) -> None:
    for channel in was.built.values():
        channel.close()


def look_outside(settings: Settings) -> Outside:
    """Look at the disk of the data directory and at the certificate of our own ports."""
    disk = shutil.disk_usage(settings.data)
    named = settings.tls.certificate
    until = None
    if named:
        with suppress(OSError, ValueError):
            # A file that cannot be read any more is told by the next start; its absence is no date.
            text = (settings.data / named).read_text(encoding="ascii", errors="replace")
            until = read_certificate(text[text.index("-----BEGIN CERTIFICATE") : text.index(_END) + len(_END)]).not_after
    return Outside(disk_free=disk.free, disk_total=disk.total, certificate_until=until)


def _trial(monitor: str, now: datetime) -> Batch:
    words = Words("这是一次试发，平台没有异常。", "This is a test; nothing is wrong.")
    notice = Notice(
        alert=0, what="start", rule="test", kind="test", severity="information", subject="test",
        named=Words("试发", "Test"), opened=now, closed=None, value=0.0, threshold=0.0, cause=words,
        cure=Words("无需处理。", "Nothing."), link=f"{monitor.rstrip('/')}/alerts",
    )  # fmt: skip
    return Batch(id=f"test-{int(now.timestamp())}", at=now, notices=(notice,))


def check_alerts(settings: Settings, root: Path, destinations: Collection[str]) -> tuple[Fault, ...]:
    """Check config/alerts.yaml: its rules, its channels with their secrets, and that both know each other."""
    faults: list[Iterable[Fault]] = []
    channels = None
    try:
        channels = load_channels(root)
        faults.append(unfit_channels(channels, surroundings(settings, root)))
    except ConfigError as problem:
        faults.append(problem.faults)
    try:
        load_alert_rules(root)
        if channels is not None:
            faults.append(misdirected(root, channels.sheets, destinations))
    except ConfigError as problem:
        faults.append(problem.faults)
    return merge_faults(*faults)

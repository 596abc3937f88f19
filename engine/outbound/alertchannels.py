"""Read the channels of config/alerts.yaml into checked sheets, and build each from one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from engine.alerting import ALERTS, Batch
from engine.errors import ConfigError, Fault
from engine.outbound.connector import Endpoint, Surroundings, Unfit
from engine.outbound.mail import MailChannel, MailSheet
from engine.outbound.webhook import WebhookChannel, WebhookSheet
from engine.yamlfile import YamlFile, merge_faults, scan_yaml, try_entry


class Channel(Protocol):
    """A way to tell people; `send` may be called from several threads at once."""

    def send(self, batch: Batch) -> None:
        """Tell a batch of notices, once; raises Unavailable (later) or Rejected (as it is, never)."""

    def close(self) -> None:
        """Let go of what is held open."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of channel: the keys it takes, how it is built, and its name in Chinese."""

    sheet: type[Endpoint]
    build: Callable[[str, Any, Surroundings], Channel]
    title: str


CHANNELS: Mapping[str, Kind] = MappingProxyType(
    {"mail": Kind(MailSheet, MailChannel, "邮件"), "webhook": Kind(WebhookSheet, WebhookChannel, "网络回调")}
)
"""Every kind of channel; a new one is one class and one line here."""


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels by name, with the file they stand in for faults found later."""

    file: YamlFile = field(default_factory=lambda: YamlFile(ALERTS, {}))
    sheets: Mapping[str, Endpoint] = field(default_factory=dict)

    def kind(self, name: str) -> str:
        """Name the kind of a channel, a key of CHANNELS."""
        return str(self.file.data["channels"][name]["kind"])

    def place(self, name: str) -> str:
        """Say where a channel leads: host and recipients of a mail, the address of a webhook."""
        sheet = self.sheets[name]
        if isinstance(sheet, MailSheet):
            return f"{sheet.host} → {', '.join(sheet.recipients)}"
        return sheet.address if isinstance(sheet, WebhookSheet) else ""


def load_channels(root: Path) -> Channels:
    """Read the channels of a set of files; nothing is opened or built. Raises ConfigError with every fault at its place."""
    if not (root / ALERTS).is_file():
        return Channels()
    file = scan_yaml(root / ALERTS, ALERTS)
    given = file.data.get("channels") or {} if isinstance(file.data, dict) else {}
    faults, sheets = [file.faults], {}
    # A group that is none is told by who reads the rules of the same file.
    for name in given if isinstance(given, dict) else ():
        at = ("channels", name)
        sheet, found = try_entry(file, at, CHANNELS, one="a channel", kind="kind of channel", unknown="CFG-040")
        faults.append(found)
        if sheet is not None:
            sheets[name] = sheet
    if told := merge_faults(*faults):
        raise ConfigError(told)
    return Channels(file, MappingProxyType(sheets))


def build_channel(channels: Channels, name: str, around: Surroundings) -> Channel:
    """Build one channel: secrets are read, nothing is connected. Raises ConfigError when it cannot work."""
    try:
        return CHANNELS[channels.kind(name)].build(name, channels.sheets[name], around)
    except Unfit as misfit:
        raise ConfigError([channels.file.fault(misfit.code, ("channels", name, *misfit.at), misfit.text)]) from misfit


def unfit_channels(channels: Channels, around: Surroundings) -> Iterator[Fault]:
    """Find the channels that cannot be built, mostly for a missing secret."""
    for name in channels.sheets:
        try:
            build_channel(channels, name, around).close()
        except ConfigError as problem:
            yield from problem.faults

"""Read the channels of config/alerts.yaml into checked sheets, and build each from one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from engine.alerting import Batch
from engine.errors import ConfigError, Fault
from engine.outbound.connector import Endpoint, Surroundings, Unfit
from engine.outbound.mail import MailChannel, MailSheet
from engine.outbound.webhook import WebhookChannel, WebhookSheet
from engine.yamlfile import YamlFile, did_you_mean, merge_faults, scan_yaml, try_model

FILE = "config/alerts.yaml"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


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

    file: YamlFile = field(default_factory=lambda: YamlFile(FILE, {}))
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
    if not (root / FILE).is_file():
        return Channels()
    file = scan_yaml(root / FILE, FILE)
    given = file.data.get("channels") or {} if isinstance(file.data, dict) else {}
    faults, sheets = [file.faults], {}
    # A group that is none is told by who reads the rules of the same file.
    for name in given if isinstance(given, dict) else ():
        sheet, found = _read(file, name, given[name])
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


def _read(file: YamlFile, name: str, entry: Any) -> tuple[Endpoint | None, tuple[Fault, ...]]:
    at = ("channels", name)
    if not _NAME.fullmatch(name):
        said = f'"{name}" is no name for a channel: small letters, digits and hyphens'
        return None, (file.fault("CFG-011", at, said, key=True),)
    if not isinstance(entry, dict):
        return None, (file.fault("CFG-011", at, "a group of keys is wanted here"),)
    if "kind" not in entry:
        return None, (file.fault("CFG-010", at, f'the key "kind" is missing; one of {", ".join(CHANNELS)}', key=True),)
    kind = CHANNELS.get(str(entry["kind"]))
    if kind is None:
        said = f'there is no kind of channel "{entry["kind"]}"{did_you_mean(str(entry["kind"]), CHANNELS)}'
        return None, (file.fault("CFG-040", (*at, "kind"), said),)
    return try_model(file, kind.sheet, at, {key: value for key, value in entry.items() if key != "kind"})

"""Commands about the keys of the store."""

from __future__ import annotations

from typing import Any

import click

from engine.app.cellar import open_store
from engine.cli.entry import say, settings_of, with_settings
from engine.store.keyring import IN_FORCE_SECONDS, rotate


@click.group()
def key() -> None:
    """Manage the keys that seal bodies and personal values in the store."""


@key.command("rotate")
@with_settings
def rotate_key(**flags: Any) -> None:
    """Make a new sealing key, while the engine runs or not; what older keys sealed stays readable."""
    settings = settings_of(**flags)
    with open_store(settings) as database:
        number = rotate(database, settings.key_path, settings.sealing)
    say(f"sealing key {number} ({settings.sealing}) is new; every process uses it within {IN_FORCE_SECONDS:.0f} s")
    say(f"keep a copy of {settings.key_path} in a safe place: without it nothing in the store can be read")

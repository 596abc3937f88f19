"""Commands that keep the store safe: take a backup, put one back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.entry import say, settings_of, with_settings
from engine.message import shanghai_text


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-secrets", is_flag=True, help="take the key file and all secrets along; the file then opens everything")
@with_settings
def backup(file: Path, with_secrets: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Write all that the store holds at one moment into FILE, while the engine runs or not."""
    from engine.app.backup import take_backup

    settings = settings_of(**flags)
    try:
        manifest = take_backup(settings, file, _told, with_secrets=with_secrets)
    except OSError as problem:
        raise click.ClickException(f"{file}: {problem.strerror or 'is there already'}") from problem
    rows = sum(rows for rows, _ in manifest.tables.values())
    say(f"{rows} rows as of {shanghai_text(manifest.created)}, schema {manifest.schema}, {file.stat().st_size} bytes in {file}")
    if with_secrets:
        say("the file holds the key and all secrets: keep it as safe as the store itself")
    else:
        say(f"keep a copy of {settings.secrets} too: without its key file nothing in the backup can be read")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_settings
def restore(file: Path, **flags: Any) -> None:
    """Fill an empty store, SQLite or PostgreSQL, from a backup of either, all or nothing, and check it as `check --store` does."""
    from engine.app.backup import NotRestored, put_back

    try:
        manifest, found = put_back(settings_of(**flags), file, _told)
    except NotRestored as problem:
        raise click.ClickException(str(problem)) from problem
    say(f"restored as of {shanghai_text(manifest.created)}")
    for line in found:
        say(line)
    if found:
        raise SystemExit(1)
    say("every message is in exactly one state")


def _told(part: str, rows: int) -> None:
    if rows:
        say(f"  {part:28} {rows:>12}")

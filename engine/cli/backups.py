"""Commands that keep the store safe and small: take a backup, put one back, remove what is past its time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from engine.cli.entry import say, settings_of, with_project, with_settings
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


@click.command()
@click.option("--apply", "for_good", is_flag=True, help="remove it; without this nothing is changed")
@with_project
@with_settings
def retention(for_good: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Show which refused, filtered and discarded messages are past the time that `retention` in config/engine.yaml keeps them; remove them with --apply."""
    from engine.app.cellar import open_store
    from engine.app.retention import keep_of, remove_what_is_past
    from engine.store.retention import past

    settings = settings_of(**flags)
    keep, now, gone, back = keep_of(settings), datetime.now(UTC), 0, True
    with open_store(settings) as database:
        if for_good:
            shares, gone, back = remove_what_is_past(
                database, keep, now, actor="command-line", told=lambda number: say(f"  {number} removed")
            )
        else:
            shares = past(database, keep, now).shares
    for one in shares:
        say(
            f"{one.state:10} {one.messages:>9} messages {one.size:>13} bytes  {shanghai_text(one.first)} to {shanghai_text(one.last)}  by {one.why}"
        )
    say(
        f"{gone} message(s) removed"
        if for_good
        else f"{sum(one.messages for one in shares)} message(s) would go; --apply removes them"
    )
    if not back:
        say(
            "this SQLite file was made by an older engine and keeps its size; `backup` and `restore` make one that gives space back"
        )


def _told(part: str, rows: int) -> None:
    if rows:
        say(f"  {part:28} {rows:>12}")

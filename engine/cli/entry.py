"""Read the command line: options that every command takes, and errors as words instead of tracebacks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.errors import ConfigError, SenderError, TryAgain
from engine.settings import Settings, load_settings

F = TypeVar("F", bound=Callable[..., Any])


SHOWN: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
"""How every command shows its help, on the terminal and on the reference page."""


@click.group(context_settings=SHOWN)
def commands() -> None:
    """长白 · Changbai, the integration engine of a provincial health platform."""


def with_settings(command: F) -> F:
    """Add --data and --database, which every command takes."""
    command = click.option("--database", metavar="URL", help="database URL; SQLite in the data directory when not given")(command)
    return click.option("--data", type=click.Path(path_type=Path), help="data directory  [default: var/data]")(command)


with_project = click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="folder that holds routes/, config/, xsd/, wsdl/",
)
"""Add --project to a command that works with the project's files."""


def settings_of(**flags: Any) -> Settings:
    """Load the settings with the flags that were given."""
    return load_settings(flags)


def say(words: str) -> None:
    """Print one line for the person at the terminal, at once."""
    click.echo(words)


def all_commands() -> click.Group:
    """Give the command line with every command on it."""
    from engine.cli import alerts, backups, documents, guide, keys, people, residents, routes, simulating
    from engine.cli import engine_commands as running

    table: tuple[click.Command, ...] = (
        running.run, running.demo, running.reload, running.replay, running.bench, simulating.simulate,
        routes.check, routes.test, routes.try_, routes.explain,
        documents.sample, people.institution, people.user, keys.key, residents.resident, guide.guide,
        backups.backup, backups.restore, backups.retention, alerts.alerts,
    )  # fmt: skip
    for command in table:
        commands.add_command(command)
    return commands


def main() -> None:
    """Run the command named on the command line; exit 1 with words when something must be changed first."""
    with in_words():
        try:
            all_commands()(standalone_mode=False)
        except click.exceptions.Exit as done:
            sys.exit(done.exit_code)
        except click.Abort:
            sys.exit(130)
        except click.ClickException as wrong:
            wrong.show()
            sys.exit(wrong.exit_code)


@contextmanager
def in_words() -> Iterator[None]:
    """Tell errors that a person can do something about in words, and exit 1."""
    try:
        yield
    except ConfigError as faults:
        click.echo(str(faults), err=True)
        sys.exit(1)
    except SenderError as refusal:
        first = refusal.first
        click.echo(f"{first.code} {first.message}" + (f"：{first.hint}" if first.hint else ""), err=True)
        sys.exit(1)
    except TryAgain as busy:
        click.echo(f"ENG-503 {busy}", err=True)
        sys.exit(1)

"""The command about alerts: what is open, what was, and a test of a channel."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from engine.cli.entry import say, settings_of, with_settings
from engine.message import minute_text

if TYPE_CHECKING:
    from engine.services.alerts.book import AlertBook


@click.command()
@click.option(
    "--test", "channel", metavar="CHANNEL", help="send a test by this channel of config/alerts.yaml, and say what came of it"
)
@with_settings
def alerts(channel: str | None, **flags: Any) -> None:
    """List the open alerts and the last that closed, or send a test by a channel; exit 1 when the test was not taken."""
    from engine.app.alerts import Alerting
    from engine.app.cellar import open_seal, open_store
    from engine.services.alerts.book import AlertBook

    settings = settings_of(**flags)
    with open_store(settings) as database:
        seal = open_seal(database, settings)
        if channel is None:
            for line in _lines(AlertBook(database, seal)):
                say(line)
            return
        with contextlib.closing(Alerting(settings, database, seal)) as alerting:
            words = alerting.test(channel, by="command-line")
            known = ", ".join(alerting.said()[1].sheets) or "none"
    if words is None:
        raise click.ClickException(f"there is no channel {channel} in the set of files in force; known: {known}")
    if words:
        raise click.ClickException(words)
    say(f"{channel}: the test was taken")


def _lines(book: AlertBook) -> Iterator[str]:
    found = book.read()
    if not found.open:
        yield "no alert is open"
    for one in found.open:
        seen = f", acknowledged by {one.acknowledged_by}" if one.acknowledged else ""
        yield f"open   {one.number}  {one.severity:<11}  {one.rule}  {one.subject}  since {minute_text(one.opened)}{seen}: {one.cause.en}"
    for one in found.closed:
        if one.closed is None:
            continue
        yield f"closed {one.number}  {one.severity:<11}  {one.rule}  {one.subject}  {minute_text(one.opened)} to {minute_text(one.closed)}"

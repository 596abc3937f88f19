"""The command that prints invented documents."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from engine.cli.entry import say, with_settings
from engine.yamlfile import did_you_mean

_PROGRESS = 1000
"""Documents between two words on how far it is."""


@click.command()
@click.argument("kind", metavar="TYPE")
@click.option("--seed", type=int, default=1, show_default=True, help="same seed, same bytes")
@click.option("--count", type=click.IntRange(min=1), help="write this many, seeds counting up")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="folder for --count")
@click.option("--institution", default="DEMO-HOSPITAL", show_default=True, help="institution code written into the document")
@click.option("--fault", help="break exactly this rule; 'list' names all that can be broken")
@with_settings
def sample(kind: str, seed: int, count: int | None, out: Path | None, institution: str, fault: str | None, **_: object) -> None:
    """Write an invented document of TYPE on standard output, or many into a folder."""
    from engine.documents import sample as made

    _must_be_known("document type", kind, made.types())
    if fault == "list":
        say("\n".join(made.faults(kind)))
        return
    if fault:
        _must_be_known(f"fault of {kind}", fault, made.faults(kind))
    if (count is None) != (out is None):
        raise click.UsageError("--count and --out go together")
    if out is None:
        sys.stdout.buffer.write(made.sample(kind, seed, institution=institution, fault=fault))
        return
    out.mkdir(parents=True, exist_ok=True)
    for done, number in enumerate(range(seed, seed + (count or 0)), start=1):
        (out / f"{kind}-{number:06}.xml").write_bytes(made.sample(kind, number, institution=institution, fault=fault))
        if done % _PROGRESS == 0 and done != count:
            click.echo(f"{done} of {count}", err=True)
    say(f"{count} document(s) of {kind} in {out}")


def _must_be_known(what: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise click.ClickException(f"there is no {what} {name}{did_you_mean(name, names)}")

"""The command that prints invented documents and messages."""

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
@click.option("--full", is_flag=True, help="every node of an interaction's message, not only those that must stand")
@with_settings
def sample(
    kind: str,
    seed: int,
    count: int | None,
    out: Path | None,
    institution: str,
    fault: str | None,
    full: bool,  # noqa: FBT001 - click hands flags over so
    **_: object,
) -> None:
    """Write an invented document or message of TYPE on standard output, or many into a folder.

    TYPE is a document type (C0002), an action of HIPMessageServer (S0001, PatientInfoRegister) or a regional operation.
    """
    from engine.documents import sample as made
    from engine.documents.hl7.sample import message_service, message_services, sample_message

    service = message_service(kind)
    if service is not None:
        if fault or count or out:
            raise click.UsageError("--fault, --count and --out are for document types")
        sys.stdout.buffer.write(sample_message(service, which="full" if full else "minimal", seed=seed, institution=institution))
        return
    if full:
        raise click.UsageError("--full is for interactions")
    _must_be_known("document type or interaction", kind, (*made.types(), *message_services()))
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

"""The command that prints invented documents."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.entry import say, with_settings
from engine.settings import ROOT
from engine.yamlfile import did_you_mean


@click.command()
@click.argument("kind", metavar="TYPE")
@click.option("--seed", type=int, default=1, show_default=True, help="same seed, same bytes")
@click.option("--count", type=int, help="write this many, seeds counting up")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="folder for --count")
@click.option("--institution", default="DEMO-HOSPITAL", show_default=True, help="institution code written into the document")
@click.option("--fault", help="break exactly this rule; 'list' names all that can be broken")
@with_settings
def sample(kind: str, seed: int, count: int | None, out: Path | None, institution: str, fault: str | None, **_: object) -> None:
    """Write an invented document of TYPE on standard output, or many into a folder."""
    from engine.documents.sample import faults
    from engine.documents.sample import sample as make

    known = Catalogue.load(ROOT / "xsd" / "catalogue.yaml").types
    if kind not in known:
        raise click.ClickException(f"there is no document type {kind}{did_you_mean(kind, known)}")
    if fault == "list":
        for name in faults(kind):
            say(name)
        return
    if (count is None) != (out is None):
        raise click.UsageError("--count and --out go together")
    if fault and fault not in faults(kind):
        raise click.ClickException(f"{kind} has no rule {fault} that can be broken{did_you_mean(fault, faults(kind))}; see --fault list")
    if out is None:
        click.get_binary_stream("stdout").write(make(kind, seed, institution=institution, fault=fault))
        return
    out.mkdir(parents=True, exist_ok=True)
    for number in range(seed, seed + (count or 0)):
        (out / f"{kind}-{number:06}.xml").write_bytes(make(kind, number, institution=institution, fault=fault))
    say(f"{count} document(s) of {kind} in {out}")

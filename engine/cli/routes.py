"""Commands for the interface engineer: lint, test, try and explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from engine.cli.entry import say, settings_of, with_project, with_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="faults as a JSON list")
@click.option(
    "--store", is_flag=True, help="compare the counts with the rows of the store instead, and walk the chain of the audit"
)
@with_project
@with_settings
def check(as_json: bool, store: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Lint configuration, routes, WSDLs, schemas and tables: all faults at once; exit 0 or 1."""
    from engine.app import checking
    from engine.channels import lint

    settings = settings_of(**flags)
    if store:
        differences = checking.check_store(settings)
        say(
            json.dumps(differences, ensure_ascii=False)
            if as_json
            else "\n".join(differences) or "every message is in exactly one state"
        )
        raise SystemExit(1 if differences else 0)
    faults = checking.check_project(settings)
    click.echo(lint.as_json(faults) if as_json else lint.as_text(faults), nl=False)
    raise SystemExit(1 if lint.failed(faults) else 0)


@click.command()
@click.argument("route", required=False)
@click.option("--accept", is_flag=True, help="write what came out as the expected result, after showing it")
@with_project
@with_settings
def test(route: str | None, accept: bool, **flags: Any) -> None:  # noqa: FBT001 - click hands flags over so
    """Run the tests in the route folders, or of one ROUTE."""
    from engine.app.house import load_house
    from engine.channels.trial import results_text, run_tests

    house = load_house(settings_of(**flags))
    _known(house.book.routes, route)
    results = run_tests(house.book, house.press, route, accept=accept)
    click.echo(results_text(results), nl=False)
    raise SystemExit(0 if all(r.passed for r in results) else 1)


@click.command("try")
@click.argument("names", metavar="[ROUTE] FILE", nargs=-1, required=True)
@click.option("--type", "kind", default="", help="document type, when neither ROUTE, envelope nor document tells it")
@click.option("--institution", default="", help="who would send it  [default: who the envelope says]")
@with_project
@with_settings
def try_(names: tuple[str, ...], kind: str, institution: str, **flags: Any) -> None:
    """Show every stage of FILE as live would take it; nothing is stored or sent.

    FILE is a SOAP envelope, a payload (Base64 or GZIP) or XML. Without ROUTE it takes the route of its type.
    """
    from engine.app.front import front_limits
    from engine.app.house import load_house
    from engine.channels.rehearsal_text import as_text
    from engine.inbound.rehearsal import Rehearsal, Trial

    *routes, file = names
    if len(routes) > 1:
        raise click.UsageError("write one ROUTE at most, then one FILE")
    if not Path(file).is_file():
        raise click.BadParameter(f"File '{file}' does not exist.", param_hint="FILE")
    settings = settings_of(**flags)
    house = load_house(settings)
    route = routes[0] if routes else ""
    _known(house.book.routes, route or None)
    rehearsal = Rehearsal(house.press, house.book, front_limits(settings))
    trial = Trial(content=Path(file).read_bytes(), document_type=kind, institution=institution, route=route)
    click.echo(as_text(rehearsal.rehearse(trial)), nl=False)


@click.command()
@click.argument("route")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@with_project
@with_settings
def explain(route: str, lang: Any, **flags: Any) -> None:
    """Tell in prose what ROUTE does."""
    from engine.app.house import load_house
    from engine.channels.explain import explain as tell

    house = load_house(settings_of(**flags))
    _known(house.book.routes, route)
    say(tell(house.book.routes[route], lang))


def _known(routes: Any, route: str | None) -> None:
    from engine.yamlfile import did_you_mean

    if route is not None and route not in routes:
        raise click.ClickException(f"there is no route {route}{did_you_mean(route, routes)}")

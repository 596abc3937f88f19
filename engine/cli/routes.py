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
@click.argument("route")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--institution", default="DEMO-HOSPITAL", show_default=True, help="who would send it")
@with_project
@with_settings
def try_(route: str, file: Path, institution: str, **flags: Any) -> None:
    """Show every stage of FILE on ROUTE; nothing is stored or sent."""
    from engine.app.house import load_house
    from engine.channels.rehearsal import try_file

    house = load_house(settings_of(**flags))
    _known(house.book.routes, route)
    click.echo(try_file(house.book, house.press, route, file, institution), nl=False)


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

"""Commands about the medical guide: the template, checking what a hospital sent, taking it in, putting it on show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.app.cellar import open_store
from engine.cli.entry import say, settings_of, with_settings
from engine.cli.people import Worded
from engine.message import shanghai_text
from engine.services.guide.model import Version

if TYPE_CHECKING:
    from engine.documents.guide.drawing import Draft
    from engine.documents.guide.problems import Place, Problem
    from engine.services.guide.versions import Person, Versions

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
BY = click.option("--by", default="command-line", help="name of the person who does this, for the audit")


@click.group()
def guide() -> None:
    """Take in what hospitals say of themselves, their departments and doctors, and put it on show."""


@guide.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("就医指南模板.xlsx"), show_default=True)
def template(out: Path) -> None:
    """Write the workbook that hospitals fill in."""
    from engine.documents.guide.template import write_template

    out.write_bytes(write_template())
    say(f"template written to {out}")


@guide.command()
@click.argument("code")
@FILES
@click.option("--json", "as_json", is_flag=True, help="tell everything as one JSON object")
@click.option(
    "--csv",
    "listed",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write the problems as CSV, to be sent to the hospital",
)
def check(code: str, files: tuple[Path, ...], as_json: bool, listed: Path | None) -> None:  # noqa: FBT001 - click hands flags over so
    """List every problem of what the institution CODE sent, by sheet, row and column; changes nothing, exits 1 on errors.

    FILES are a workbook, CSV or JSON, with Word files and pictures; a folder stands for all files in it.
    """
    from engine.documents.guide.listing import problems_csv

    draft = _draw(code, files)
    if listed is not None:
        listed.write_bytes(problems_csv(draft.problems))
    if as_json:
        told = {name: value for name, value in asdict(draft).items() if name != "introduction"}
        say(json.dumps(told, ensure_ascii=False))
    else:
        _tell(draft)
    if draft.errors:
        raise SystemExit(1)


@guide.command("import", cls=Worded)
@click.argument("code")
@FILES
@BY
@with_settings
def take(code: str, files: tuple[Path, ...], by: str, **flags: Any) -> None:
    """Take in what the hospital CODE sent, all or nothing, as a version that waits; FILES as for check."""
    draft = _draw(code, files)
    _tell(draft)
    if draft.introduction is None:
        say("nothing was imported")
        raise SystemExit(1)
    with _versions(flags) as versions:
        taken = versions.take(code, draft.introduction, draft.files, warnings=draft.warnings, by=_person(by))
    say(f"imported as version {taken.number}; put it on show by: guide approve {code} {taken.number}")


@guide.command(cls=Worded)
@click.argument("code")
@click.argument("version", type=click.IntRange(1))
@BY
@with_settings
def approve(code: str, version: int, by: str, **flags: Any) -> None:
    """Put VERSION of the hospital CODE on show; an older version is put back so."""
    with _versions(flags) as versions:
        versions.publish(code, version, by=_person(by))
    say(f"version {version} of {code} is on show")


@guide.command(cls=Worded)
@click.argument("code")
@BY
@with_settings
def withdraw(code: str, by: str, **flags: Any) -> None:
    """Take the hospital CODE off the guide; its versions are kept."""
    with _versions(flags) as versions:
        number = versions.withdraw(code, by=_person(by))
    say(f"{code} is off the guide; version {number} can be put back by: guide approve {code} {number}")


@guide.command("versions")
@click.argument("code", default="")
@with_settings
def list_versions(code: str, **flags: Any) -> None:
    """List the versions of the hospital CODE, or of all, the newest first."""
    with _versions(flags) as versions:
        found = versions.list(code)
    for one in found:
        say(_line(one))
    if not found:
        say("no version yet")


def _line(one: Version) -> str:
    shown = f"  shown {shanghai_text(one.published)} by {one.published_by}" if one.published else ""
    counts = f"{one.departments} departments, {one.doctors} doctors, {one.pictures} pictures"
    return f"{one.institution}  {one.number:>3}  {one.state:<9}  {counts}  imported {shanghai_text(one.imported)} by {one.imported_by}{shown}"


def _draw(code: str, files: Sequence[Path]) -> Draft:
    from engine.documents.guide.attachments import GivenFile
    from engine.documents.guide.drawing import draw_introduction

    return draw_introduction(code, [GivenFile(path.name, path.read_bytes()) for path in _each(files)])


def _each(files: Sequence[Path]) -> Iterator[Path]:
    for path in files:
        yield from sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else (path,)


def _tell(draft: Draft) -> None:
    for one in draft.problems:
        say(f"{_kind(one)} {_place(one.place)} {one.what} {one.cure}")
    if len(draft.problems) < draft.errors + draft.warnings:
        say(f"... {draft.errors + draft.warnings - len(draft.problems)} more")
    say(f"{draft.departments} departments, {draft.doctors} doctors; {draft.errors} errors, {draft.warnings} warnings")


def _kind(one: Problem) -> str:
    return "错误" if one.severity == "error" else "提醒"


def _place(place: Place) -> str:
    """Say where as people of spreadsheets do: 资料.xlsx 医生!D7."""
    cell = f"{place.column}{place.row or ''}" if place.column.isupper() else f"{place.row or ''} {place.column}".strip()
    sheet = f"{place.sheet}!{cell}" if place.sheet and cell else place.sheet or cell
    return f"{place.file} {sheet}".strip()


def _person(name: str) -> Person:
    from engine.services.guide.versions import Person

    return Person(name=name)


@contextmanager
def _versions(flags: dict[str, Any]) -> Iterator[Versions]:
    from engine.services.guide.versions import Versions

    with open_store(settings_of(**flags)) as database:
        yield Versions(database)

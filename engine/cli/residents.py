"""Commands about residents: what was merged, who is one person, and how a wrong merge is undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from engine.app.cellar import open_seal, open_store
from engine.app.library import build_library
from engine.cli.entry import say, settings_of, with_settings
from engine.message import shanghai_text
from engine.services.appointments.views import masked_name
from engine.services.library import HealthRecord, Reading, Wanted
from engine.services.merging import Merge
from engine.services.merging import merges as list_merges
from engine.services.registers.persons import people_of
from engine.services.registers.residents import unmerge as undo
from engine.services.residents import one_person

BY = click.option("--by", required=True, help="name of the person who does this, for the audit")
REASON = click.option("--reason", required=True, help="why, for the audit")


@click.group()
def resident() -> None:
    """Look at merged residents, and undo a wrong merge."""


@resident.command()
@click.argument("number", default="")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@with_settings
def merges(number: str, limit: int, **flags: Any) -> None:
    """List merges, the latest first; of the resident NUMBER when it is given."""
    settings = settings_of(**flags)
    with open_store(settings) as database, database.read() as connection:
        found = list_merges(connection, open_seal(database, settings), resident_number=number, limit=limit)
    for one in found:
        say(_line(one))
    if not found:
        say("no merge is on record")


def _line(one: Merge) -> str:
    state = "stands" if one.undone is None else f"undone {shanghai_text(one.undone)} by {one.undone_by}"
    told = one.institution or one.merged_by or "before the record began"
    return f"{one.merge}  {shanghai_text(one.merged)}  {one.obsolete} into {one.survivor}  {told}  {state}"


@resident.command()
@click.argument("merge")
@BY
@REASON
@with_settings
def unmerge(merge: str, by: str, reason: str, **flags: Any) -> None:
    """Undo the merge MERGE: the people are two again, each with its own documents and entries."""
    settings = settings_of(**flags)
    with open_store(settings) as database, database.write() as connection:
        try:
            undone = undo(connection, open_seal(database, settings), merge, by=by, reason=reason, at=datetime.now(UTC))
        except LookupError:
            raise click.ClickException(f"no merge {merge} stands; list them by: resident merges") from None
        except ValueError as problem:
            raise click.ClickException(str(problem)) from None
    say(f"merge {merge} is undone: {undone.obsolete} and {undone.survivor} are two people again unless another merge joins them")


@resident.command()
@click.argument("number", default="")
@click.option("--institution", default="", help="with --patient instead of NUMBER: the institution's code")
@click.option("--patient", default="", help="the institution's own number of the patient")
@BY
@REASON
@with_settings
def show(number: str, institution: str, patient: str, by: str, reason: str, **flags: Any) -> None:
    """Show who is one person with the resident NUMBER, and how many documents each institution has of them."""
    if bool(number) == bool(institution and patient):
        raise click.ClickException("give the NUMBER of a resident, or --institution and --patient")
    settings = settings_of(**flags)
    with open_store(settings) as database, database.write() as connection:
        seal = open_seal(database, settings)
        numbers = [number] if number else sorted(people_of(connection, seal, institution, "patientId", patient))
        library, reading = build_library(database, seal), Reading(reader=by, reason=reason)
        page = library.health_record(connection, reading, numbers[0], Wanted(), limit=200) if numbers else None
        people = one_person(connection, page.resident.number) if page else []
        told = {one.merge: one for each in people for one in list_merges(connection, seal, resident_number=each)}
    if page is None:
        raise click.ClickException("no such resident")
    _tell(page, people, list(told.values()))


def _tell(page: HealthRecord, people: Sequence[str], told: Sequence[Merge]) -> None:
    say(f"resident {page.resident.number}  {masked_name(page.resident.resident_name)}")
    for each in sorted(set(people) - {page.resident.number}):
        say(f"  is one person with {each}")
    for one in told:
        say(f"  {_line(one)}")
    counted = Counter(document.institution for document in page.documents)
    for code, many in sorted(counted.items()):
        say(f"  {code}: {many} document(s)")
    if page.after is not None:
        say("  and older ones")

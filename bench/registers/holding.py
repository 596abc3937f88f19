"""Look at what the registers and the journal hold after the senders are done, and tell every difference from what they were told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.registers.senders import Tally
from engine.app.checking import differences
from engine.interaction import is_message
from engine.services.merging import resident_merge
from engine.services.registers.entries import entry, version
from engine.store.database import Database
from engine.store.tables import message

_MERGE = "S0003"


@dataclass
class Held:
    """What is held: figures, and one line for each thing that is not as it should be."""

    messages: Counter[str] = field(default_factory=Counter)
    entries: int = 0
    versions: int = 0
    merges: int = 0
    deadlocks: int = 0
    wrong: list[str] = field(default_factory=list)


def look(database: Database, tally: Tally) -> Held:
    """Compare journal, entries, versions and merges with each other and with what the senders were answered."""
    held = Held(wrong=differences(database))
    with database.read() as connection:
        taken = _journal(connection, tally, held)
        _chains(connection, taken, held)
        _shown(connection, tally, held)
        _merges(connection, taken, held)
    if database.dialect == "postgresql":
        with database.read() as connection:
            query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            held.deadlocks = int(connection.exec_driver_sql(query).scalar_one())
    return held


def _journal(connection: Any, tally: Tally, held: Held) -> dict[str, str]:
    """Hold the journal's rows to the answers: every AA has one, every refusal one; gives the action of each taken receipt."""
    columns = (message.c.receipt, message.c.institution, message.c.document_id, message.c.document_type, message.c.state)
    rows = [row for row in connection.execute(sa.select(*columns)) if is_message(row.document_type)]
    held.messages = Counter(row.state for row in rows)
    kept = {(row.institution, row.document_id): row.document_type for row in rows if row.state == "ROUTED"}
    if len(kept) != held.messages["ROUTED"]:
        held.wrong.append(f"{held.messages['ROUTED']} rows for {len(kept)} messages")
    held.wrong += [
        f"{key} {action} was answered AA and has no row" for key, action in tally.accepted.items() if kept.get(key) != action
    ]
    held.wrong += [f"{key} {action} has a row and nobody was told" for key, action in kept.items() if key not in tally.accepted]
    return {row.receipt: row.document_type for row in rows if row.state == "ROUTED"}


def _chains(connection: Any, taken: dict[str, str], held: Held) -> None:
    """Hold entries and their versions to the messages: every write but a merge is one version of one entry, and none is missing."""
    now = connection.execute(sa.select(entry.c.register, entry.c.owner, entry.c.key, entry.c.version, entry.c.receipt)).all()
    past = connection.execute(
        sa.select(version.c.register, version.c.owner, version.c.key, version.c.version, version.c.receipt)
    ).all()
    held.entries, held.versions = len(now), len(past)
    written = Counter(row.receipt for row in (*now, *past))
    held.wrong += [f"{receipt} stands {number} times" for receipt, number in written.items() if number > 1]
    wanted = {receipt for receipt, action in taken.items() if action != _MERGE}
    held.wrong += [f"{taken[receipt]} {receipt} was taken and is no version of anything" for receipt in wanted - written.keys()]
    held.wrong += [f"{receipt} is a version and no message" for receipt in written.keys() - wanted]
    before = Counter((row.register, row.owner, row.key) for row in past)
    for row in now:
        if row.version != before[row.register, row.owner, row.key] + 1:
            held.wrong.append(
                f"{row.register} {row.owner} is at version {row.version} after {before[row.register, row.owner, row.key]}"
            )


def _shown(connection: Any, tally: Tally, held: Held) -> None:
    """Hold what a query shows of the shared residents to the versions that stand: nobody is shown one that was replaced."""
    joined = entry.join(message, message.c.receipt == entry.c.receipt)
    rows = connection.execute(sa.select(message.c.institution, message.c.document_id).select_from(joined)).all()
    now = {(row.institution, tally.names.get((row.institution, row.document_id), "")) for row in rows}
    held.wrong += [
        f"{hospital} is shown {name} for {patient}, which does not stand"
        for (hospital, patient), name in tally.shown.items()
        if (hospital, name) not in now
    ]


def _merges(connection: Any, taken: dict[str, str], held: Held) -> None:
    """Hold merges to their messages and to the entries that went into others."""
    merged = set(connection.execute(sa.select(resident_merge.c.receipt)).scalars()) - {""}
    held.merges = sum(action == _MERGE for action in taken.values())
    gone = connection.execute(sa.select(sa.func.count()).select_from(entry).where(entry.c.state == "merged")).scalar_one()
    if gone != held.merges:
        held.wrong.append(f"{held.merges} merges were taken and {gone} entries went into others")
    wanted = {receipt for receipt, action in taken.items() if action == _MERGE}
    held.wrong += [f"{receipt} was taken and merged nobody, or merged and was not taken" for receipt in merged ^ wanted]

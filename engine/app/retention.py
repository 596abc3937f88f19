"""Remove what is past its time by the settings, by command or every night."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from engine.log import get_logger
from engine.services.audit import Audit, changed
from engine.settings import Settings
from engine.store.database import Database
from engine.store.retention import REMOVABLE, Keep, Share, past, reclaim, remove

_LOG = get_logger("retention")


def keep_of(settings: Settings) -> Keep:
    """Say by the settings how long what is kept."""
    chosen = settings.retention
    ages = {state: getattr(chosen, state.lower()) for state in REMOVABLE}
    return Keep(ages={state: timedelta(seconds=age) for state, age in ages.items() if age is not None}, largest=chosen.largest)


def remove_what_is_past(
    database: Database, keep: Keep, now: datetime, *, actor: str, told: Callable[[int], None] = lambda _gone: None
) -> tuple[Sequence[Share], int, bool]:
    """Remove it, audited, and give its space back; gives what was to go, how many went, and whether the space came back."""
    found, gone = past(database, keep, now), 0
    for gone in remove(database, found.receipts):
        told(gone)
    if gone:
        with database.write() as connection:
            Audit().write(connection, [changed("retention", subject=f"{gone} messages", actor=actor)])
    return found.shares, gone, reclaim(database) if gone else True


def nightly(database: Database, settings: Settings, now: datetime) -> None:
    """Do it for the clock, when the settings name anything."""
    keep = keep_of(settings)
    if keep.ages or keep.largest is not None:
        _shares, gone, back = remove_what_is_past(database, keep, now, actor="clock")
        _LOG.info("messages past their time removed", messages=gone, space_back=back)

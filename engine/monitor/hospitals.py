"""Tell how each hospital is: what it sent, how it answers, and what is wrong with it; the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from engine.services.hospitalhealth import HealthCard, cards
from engine.services.institutions import last_sent
from engine.store import hours
from engine.store.database import Connection

DAY = timedelta(hours=24)

FEW_CALLS, FEW_DOCUMENTS = 5, 10
"""So many calls or documents of a day at least before their share of failures says anything."""

MUCH = 0.2
"""The share of failures that is trouble."""

SILENCE = DAY
"""A hospital that has sent before and sends nothing for so long is in trouble."""

AWAY = "DST-1"
"""How the codes begin by which a hospital counts as away."""

PAUSED = "DST-106"
"""The code of a call that was not made: the breaker is open, or the hospital's limit is reached."""

Trouble = Literal["away", "paused", "failing", "refused", "silent"]
TROUBLES: tuple[Trouble, ...] = ("away", "paused", "failing", "refused", "silent")
"""What may be wrong, the gravest first: it cannot be reached · it is not called for a while · many calls fail · many of its documents are
refused · it sent before, and now nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hospital:
    """One hospital of the last 24 hours: documents and those refused, our calls and those that failed; when it last sent, and last answered."""

    code: str
    name: str
    received: int = 0
    refused: int = 0
    calls: int = 0
    failed: int = 0
    sent: datetime | None = None
    answered: datetime | None = None
    troubles: Sequence[Trouble] = field(default=())


def read_hospitals(connection: Connection, names: Mapping[str, str], now: datetime) -> Sequence[Hospital]:
    """Read how these hospitals are, the worst first."""
    counted = hours.by_institution(connection, now - DAY, now)
    called = {card.institution: card for card in cards(connection, now, DAY)}
    sent = last_sent(connection)
    found = [_hospital(code, name, counted.get(code, {}), called.get(code), sent.get(code), now) for code, name in names.items()]
    return sorted(found, key=_gravity)


def _hospital(
    code: str, name: str, counted: Mapping[str, int], card: HealthCard | None, sent: datetime | None, now: datetime
) -> Hospital:  # fmt: skip
    received, refused = sum(counted.values()), counted.get("INVALID", 0)
    calls, failed = (card.calls, card.calls - card.answered) if card else (0, 0)
    outcome = card.last_outcome if card else ""
    return Hospital(
        code=code, name=name, received=received, refused=refused, calls=calls, failed=failed, sent=sent,
        answered=card.last_answer if card else None,
        troubles=tuple(_troubles(outcome, (failed, calls), (refused, received), now - sent if sent else None)),
    )  # fmt: skip


def _troubles(outcome: str, calls: tuple[int, int], documents: tuple[int, int], silence: timedelta | None) -> Iterator[Trouble]:
    if outcome == PAUSED:
        yield "paused"
    elif outcome.startswith(AWAY):
        yield "away"
    elif _much(*calls, FEW_CALLS):
        yield "failing"
    if _much(*documents, FEW_DOCUMENTS):
        yield "refused"
    if silence is not None and silence > SILENCE:
        yield "silent"


def _much(bad: int, of: int, few: int) -> bool:
    return of >= few and bad / of >= MUCH


def _gravity(one: Hospital) -> tuple[int, int, str]:
    return min((TROUBLES.index(each) for each in one.troubles), default=len(TROUBLES)), -len(one.troubles), one.code

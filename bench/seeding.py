"""Fill a store with messages as hospitals would have sent them over a year, as quickly as the journal files them."""

from __future__ import annotations

import gzip
import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench.telling import say
from engine.documents.sample import sample, types
from engine.errors import Issue
from engine.message import new_receipt
from engine.store import counts, days, hours, rows
from engine.store.bulk import Values, insert_rows
from engine.store.counts import CountKey, Deltas
from engine.store.database import Connection, Database
from engine.store.entries import Entry, Order, TraceLine
from engine.store.journal import Journal
from engine.store.sealing import Seal
from engine.store.tables import delivery

HOSPITALS = tuple(f"SEED-{number:03}" for number in range(60))
CODES = tuple(f"SND-{number}" for number in (211, 221, 321, 331, 401, 402, 403, 411, 412, 414, 415, 421, 501, 502, 503, 511, 512))
DESTINATIONS = ("seed-regional", "seed-province", "seed-referral")
RESIDENTS = 50_000
YEAR = timedelta(days=365)

_BATCH = 1000
_TRACE = (TraceLine(what="schema", micros=1800), TraceLine(what="rules", micros=2400), TraceLine(what="xslt", micros=900))
_SMALL = gzip.compress(b"<ClinicalDocument>seed</ClinicalDocument>", mtime=0)
_REAL = 500
"""Every so many messages one bears a whole document."""


def seed(database: Database, seal: Seal, size: int) -> datetime:
    """File `size` messages spread over the year until now; gives the time of the last one."""
    now = datetime.now(UTC)
    entries = _entries(size, now)
    while batch := [one for _, one in zip(range(_BATCH), entries, strict=False)]:
        with database.write() as connection:
            Journal(database, seal).file(connection, batch)
            _deliver(connection, seal, batch)
    counts.fold(database)
    days.fold(database)
    hours.fold(database, now)
    say(f"  seeded {size} messages in {(datetime.now(UTC) - now).total_seconds():.0f} s")
    return now


def resident(number: int) -> str:
    """Invent an identity number of the right length; its check digit is of no account here."""
    return f"220102{19400101 + number % 60 * 10000 + number % 12 * 100}{number % 10000:04}"


def _entries(size: int, now: datetime) -> Iterator[Entry]:
    dice, kinds = random.Random(20261), types()[:30]
    whole = {kind: gzip.compress(sample(kind, 1, HOSPITALS[0]), mtime=0) for kind in kinds[:5]}
    for number in range(size):
        received = now - YEAR * ((size - number) / size)
        kind = kinds[int(dice.triangular(0, len(kinds) - 1, 0))]
        state = dice.choices(("ROUTED", "INVALID", "FILTERED", "ERROR"), (920, 55, 20, 5))[0]
        code = {"INVALID": CODES[int(dice.triangular(0, len(CODES) - 1, 0))], "ERROR": "ENG-000"}.get(state, "0")
        issue = Issue(
            code=code,
            message="性别代码不在值域。",
            hint="从值域中取值。",
            rule="patient.gender-code",
            path="/ClinicalDocument",
            line=1,
        )
        yield Entry(
            receipt=new_receipt(received), institution=HOSPITALS[int(dice.triangular(0, len(HOSPITALS) - 1, 0))], document_type=kind,
            document_id=f"D-{number:08}", received=received, written=received, route="seed", revision="seed", state=state, code=code,  # type: ignore[arg-type] # one of the four
            digest=hashlib.sha256(str(number).encode()).hexdigest(), size=4000, resident=resident(dice.randrange(RESIDENTS)),
            original=whole.get(kind, _SMALL) if number % _REAL == 0 else _SMALL, own=f"O-{number:08}", trace=_TRACE,
            issues=(issue,) if state == "INVALID" else (), lane="history" if number % 3 == 0 else "live",
        )  # fmt: skip


def _deliver(connection: Connection, seal: Seal, batch: Sequence[Entry]) -> None:
    """Put a delivery to every other routed message: most are sent, some wait with an error, a few are dead."""
    values: list[Values] = []
    deltas: Deltas = Counter()
    for number, one in enumerate(batch):
        if one.state != "ROUTED" or number % 2:
            continue
        state, code = ("DEAD", "DST-201") if number % 200 == 0 else ("QUEUED", "DST-101") if number % 100 == 0 else ("SENT", "")
        order = Order(destination=DESTINATIONS[number % 3], key=one.own)
        (row,) = rows.delivery_rows(replace(one, orders=(order,)), one.receipt, seal)
        later = row["due"] + int(YEAR.total_seconds() * 2e6)
        values.append(row | {"state": state, "error_code": code, "attempts": 3, "due": later, "wake": later})
        deltas[CountKey("delivery", order.destination, one.lane, state)] += 1
    insert_rows(connection, delivery, values)
    counts.record(connection, deltas)

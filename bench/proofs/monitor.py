"""Prove that the pages of messages stay quick over many of them: every page p95 under 300 ms, an identifier found in 200 ms.

The store is filled, then the engine runs on it as a user runs it, and a plain browser asks its monitor.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

from bench.seeding import CODES, DESTINATIONS, HOSPITALS, resident, seed
from bench.store import fresh_database
from bench.telling import say
from engine.app.cellar import open_seal, open_store
from engine.settings import load_settings
from engine.store.database import Database, default_url
from engine.store.sealing import Seal
from engine.store.tables import message
from tests.monitor.web import Visitor
from tests.support.engine import Engine

PAGE, IDENTIFIER = 300.0, 200.0
"""Milliseconds within which 95 of 100 answers are there."""

ROUNDS = 40


def addresses(database: Database, seal: Seal) -> tuple[Mapping[str, list[str]], Mapping[str, list[str]]]:
    """Name the pages that are asked for, and the searches by an identifier, each with some addresses."""
    with database.read() as connection:
        some = connection.execute(
            sa.select(message.c.receipt, message.c.document_id, message.c.received).where(message.c.seq % 97 == 1).limit(50)
        ).all()
    last = max(row.received for row in some)
    place = f"{int(last.timestamp() * 1_000_000)}-1"
    searches: dict[str, list[dict[str, str]]] = {
        "latest": [{}], "deep": [{"after": place}, {"before": place}],
        "institution": [{"institution": one} for one in HOSPITALS[::7]],
        "type": [{"type": one} for one in ("C0002", "C0004", "C0029")],
        "state": [{"state": one} for one in ("ROUTED", "INVALID", "ERROR", "FILTERED", "DISCARDED", "warned", "revoked", "replaced")],
        "code": [{"code": one} for one in (*CODES[::4], "SND-999")],
        "day": [{"from": f"{row.received:%Y-%m-%d}", "to": f"{row.received:%Y-%m-%d}"} for row in some[:5]],
        "institution+code": [{"institution": one, "code": CODES[-1]} for one in HOSPITALS[::11]],
        "institution+type+state": [{"institution": one, "type": "C0029", "state": "ERROR"} for one in HOSPITALS[::11]],
        "type+routed": [{"type": "C0029", "state": "ROUTED"}, {"type": "C0002", "state": "INVALID", "institution": HOSPITALS[-1]}],
        "nothing": [{"institution": "NOBODY"}, {"type": "C0002", "code": "SND-999"}],
    }  # fmt: skip
    pages = {name: [f"/messages?{urlencode(one)}" for one in asked] for name, asked in searches.items()}
    pages |= {
        "message": [f"/messages/{row.receipt}" for row in some[:20]], "waiting": ["/waiting"], "overview": ["/overview"],
        "routes": ["/routes"], "route": [f"/routes/{name}" for name in ("outpatient-record", "laboratory-report", "hip-cards")],
        "of a route": [f"/messages?route={name}&code={CODES[3]}" for name in ("seed", "outpatient-record")],
        "preview": [f"/waiting/deliveries?place={DESTINATIONS[0]}&code=DST-201", f"/waiting/messages?place=INVALID&code={CODES[0]}"],
    }  # fmt: skip
    keys = [seal.lookup(resident(number)) for number in range(0, 100, 7)]
    identifiers = {
        "receipt": [f"/messages?receipt={row.receipt}" for row in some[:20]],
        "document id": [f"/messages?document={row.document_id}" for row in some[:20]],
        "resident": [f"/messages?resident={key}" for key in keys],
        "resident+institution": [f"/messages?resident={key}&institution={HOSPITALS[3]}" for key in keys],
    }
    return pages, identifiers


def measure(visitor: Visitor, asked: Mapping[str, list[str]], rounds: int, bound: float) -> bool:
    """Ask for each page so many times, its addresses in turns; tells p50 and p95, and whether all hold."""
    good = True
    for name, addresses_of in asked.items():
        taken = sorted(_asked(visitor, addresses_of[number % len(addresses_of)]) for number in range(rounds))
        p95 = taken[min(len(taken) - 1, int(len(taken) * 0.95))]
        good = good and p95 <= bound
        say(f"  {name:24} p50 {taken[len(taken) // 2]:7.1f} ms   p95 {p95:7.1f} ms{'' if p95 <= bound else '   TOO SLOW'}")
    return good


def _asked(visitor: Visitor, address: str) -> float:
    began = time.perf_counter()
    answer = visitor.get(address)
    if answer.status != 200:
        raise AssertionError(f"{address} answered {answer.status}")
    return (time.perf_counter() - began) * 1000


def prove(name: str, url: str, size: int, *, rounds: int) -> bool:
    """Fill one store and measure every page on it."""
    say(f"{name}:")
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), database=url)
        settings = load_settings({"data": engine.data, **({"database": url} if url else {})}, {})
        with open_store(settings) as database:
            seed(database, open_seal(database, settings), size)
        _settle(url or default_url(engine.data))
        engine.start()
        try:
            with closing(Database(url or default_url(engine.data), pool=1)) as database:
                pages, identifiers = addresses(database, open_seal(database, settings))
            visitor = Visitor(int(engine.monitor.rsplit(":", 1)[1]))
            visitor.sign_in("admin", engine.password)
            measure(visitor, {"warming": [one for each in pages.values() for one in each]}, rounds, float("inf"))
            good = measure(visitor, pages, rounds, PAGE)
            found = measure(visitor, identifiers, rounds, IDENTIFIER)
        finally:
            engine.stop()
    say(f"  pages within {PAGE:.0f} ms: {_holds(good)}; identifiers within {IDENTIFIER:.0f} ms: {_holds(found)}")
    return good and found


def _settle(url: str) -> None:
    """Let PostgreSQL learn what was filled, as its autovacuum does in its own time."""
    if url.startswith("postgres"):
        import psycopg

        with psycopg.connect(url, autocommit=True) as server:
            server.execute("VACUUM ANALYZE")


def _holds(good: bool) -> str:  # noqa: FBT001 - one word for one truth
    return "holds" if good else "DOES NOT HOLD"


def main(size: int, *, database: str = "", rounds: int = ROUNDS, only: str = "") -> int:
    """Prove it on SQLite and PostgreSQL; returns the exit code."""
    say(f"{size} messages of {len(HOSPITALS)} hospitals over a year; each page asked {rounds} times")
    good = True
    for name, url, drop in fresh_database(database):
        try:
            if only in ("", name):
                good = prove(name, url, size, rounds=rounds) and good
        finally:
            drop()
    return 0 if good else 1


if __name__ == "__main__":
    asked: Callable[..., int] = partial(main, int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    raise SystemExit(asked(only=sys.argv[2] if len(sys.argv) > 2 else ""))

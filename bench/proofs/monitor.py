"""Prove that the monitor stays quick over many messages: every page p95 under 300 ms, an identifier found in 200 ms.

The store is filled, then the engine runs on it as a user runs it, and a plain browser asks its monitor. The pages are those of the
monitor's own table of routes; one for which no address is found fails the proof.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa

from bench.monitor.neighbours import seed_neighbours
from bench.monitor.pages import addresses_of, page_routes
from bench.processes import all_processes, children_of
from bench.seeding import CODES, DESTINATIONS, HOSPITALS, resident, seed
from bench.store import fresh_database, settle
from bench.telling import percentile, say
from engine.app.cellar import open_database, open_seal, open_store
from engine.monitor.messageasking import place_text
from engine.settings import Settings, load_settings
from engine.store.database import Database
from engine.store.sealing import Seal
from engine.store.tables import message
from tests.monitor.web import Visitor
from tests.support.engine import Engine

PAGE, IDENTIFIER, FILE = 300.0, 200.0, 5000.0
"""Milliseconds within which 95 of 100 answers are there; a file of ten thousand rows is not a page."""

ROUNDS = 40
TRIES = 3
"""A page over its bound is asked again, since others use the machine too; each turn is told."""

Asked = Mapping[str, list[str]]
"""What is measured, by name: the addresses that are asked for in turns."""

Cost = Callable[[], float]
"""Tell the CPU seconds that the server has used."""


def pages_of(visitor: Visitor) -> tuple[Asked, Asked, list[str]]:
    """Give the pages and the files of the monitor with addresses of each, and the routes to which nothing leads."""
    kinds: dict[str, bool] = {}

    def read(address: str) -> str:
        answer = visitor.get_bytes(address)
        if answer.status != 200:
            return ""
        kinds[address] = "attachment" in answer.headers.get("content-disposition", "")
        return "" if kinds[address] else answer.body.decode("utf-8")

    found = addresses_of(page_routes(), read)
    files = {path: known for path, known in found.items() if known and kinds.get(known[0])}
    pages = {path: known for path, known in found.items() if known and path not in files}
    return pages, files, [path for path, known in found.items() if not known]


def searches(database: Database, seal: Seal) -> tuple[Asked, Asked]:
    """Name searches among the messages, and those by an identifier, each with some addresses."""
    with database.read() as connection:
        some = connection.execute(
            sa.select(message.c.seq, message.c.receipt, message.c.document_id, message.c.received)
            .where(message.c.seq % 97 == 1).limit(50)
        ).all()  # fmt: skip
    place = place_text(max((row.received, row.seq) for row in some))
    asked: dict[str, list[dict[str, str]]] = {
        "deep": [{"after": place}, {"before": place}],
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
    found = {f"messages: {name}": [f"/messages?{urlencode(one)}" for one in those] for name, those in asked.items()}
    found |= {
        "message": [f"/messages/{row.receipt}" for row in some[:20]],
        "messages of a route": [f"/messages?route={name}&code={CODES[3]}" for name in ("seed", "outpatient-record")],
        "preview": [f"/waiting/deliveries?place={DESTINATIONS[0]}&code=DST-201", f"/waiting/messages?place=INVALID&code={CODES[0]}"],
        "completeness": [f"/completeness?institution={one}" for one in HOSPITALS[::9]],
        "quality": [f"/quality?institution={one}" for one in HOSPITALS[::9]],
        "institution's page": [f"/institutions/{one}" for one in HOSPITALS[::9]],
        "audit": ["/audit?verdict=refused", f"/audit?institution={HOSPITALS[0]}", "/audit?actor=operator-1"],
    }  # fmt: skip
    keys = [seal.lookup(resident(number)) for number in range(0, 100, 7)]
    identifiers = {
        "receipt": [f"/messages?receipt={row.receipt}" for row in some[:20]],
        "document id": [f"/messages?document={row.document_id}" for row in some[:20]],
        "resident": [f"/messages?resident={key}" for key in keys],
        "resident+institution": [f"/messages?resident={key}&institution={HOSPITALS[3]}" for key in keys],
    }
    return found, identifiers


def measure(visitor: Visitor, asked: Asked, rounds: int, bound: float, cost: Cost = lambda: 0.0) -> bool:
    """Ask for each page so many times, its addresses in turns; tells wall time and the server's CPU, and whether all hold."""
    held = [_holds(visitor, name, known, rounds, bound, cost) for name, known in asked.items()]
    return all(held)


def _holds(visitor: Visitor, name: str, known: list[str], rounds: int, bound: float, cost: Cost) -> bool:
    for turn in range(TRIES):
        before = cost()
        taken = [_asked(visitor, known[number % len(known)]) for number in range(rounds)]
        used, p95 = (cost() - before) * 1000 / rounds, percentile(taken, 0.95)
        late = "" if p95 <= bound else "   TOO SLOW" if turn == TRIES - 1 else "   over, asked again"
        say(f"  {name:28} p50 {percentile(taken, 0.5):7.1f} ms   p95 {p95:7.1f} ms   CPU {used:6.1f} ms{late}")
        if p95 <= bound:
            return True
    return False


def _asked(visitor: Visitor, address: str) -> float:
    """Ask once; of a stream that does not end, the first line is what is waited for."""
    began = time.perf_counter()
    line = http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=30)
    with closing(line):
        line.request("GET", address, headers={"cookie": "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())})
        answer = line.getresponse()
        if answer.status != 200:
            raise AssertionError(f"{address} answered {answer.status}")
        if answer.headers.get_content_type() == "text/event-stream":
            answer.readline()
        else:
            answer.read()
        return (time.perf_counter() - began) * 1000


def prove(name: str, url: str, size: int, *, rounds: int) -> bool:
    """Fill one store and measure every page on it."""
    say(f"{name}:")
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), database=url)
        fill(engine, size)
        return look(engine, rounds=rounds)


def fill(engine: Engine, size: int) -> None:
    """Fill the store of an engine that does not run yet."""
    settings = _settings(engine)
    with open_store(settings):
        pass  # it is made and brought up to date
    with closing(open_database(settings, checkpoints=True)) as database:
        seal = open_seal(database, settings)
        seed(database, seal, size)
        seed_neighbours(database, seal, size)
    settle(engine.database)


def _settings(engine: Engine) -> Settings:
    return load_settings({"data": engine.data, **({"database": engine.database} if engine.database else {})}, {})


def look(engine: Engine, *, rounds: int) -> bool:
    """Start the engine on a store that is filled, and measure every page."""
    settings = _settings(engine)
    with closing(open_database(settings)) as database:
        found, identifiers = searches(database, open_seal(database, settings))
    engine.start(300)
    try:
        visitor = Visitor(int(engine.monitor.rsplit(":", 1)[1]))
        visitor.sign_in("admin", engine.password)
        pages, files, unreached = pages_of(visitor)
        say(f"  {len(pages) + len(files)} pages and files of the monitor, {len(found) + len(identifiers)} searches")
        for path in unreached:
            say(f"  {path:28} NOT MEASURED: no page links to it, or nothing of its kind was seeded")
        ask = partial(measure, visitor, rounds=rounds, cost=partial(_cpu, engine))
        good = ask(pages | found, bound=PAGE) and not unreached
        files_good, quick = ask(files, bound=FILE), ask(identifiers, bound=IDENTIFIER)
    finally:
        engine.stop()
    say(
        f"  pages within {PAGE:.0f} ms: {_words(good)}; identifiers within {IDENTIFIER:.0f} ms: {_words(quick)}; "
        f"files within {FILE:.0f} ms: {_words(files_good)}"
    )
    return good and quick and files_good


def _cpu(engine: Engine) -> float:
    """Give the CPU of the monitor's process, and of the database's processes that serve this store."""
    store = engine.database.rpartition("/")[2]
    asked = [use.cpu for use in all_processes() if store and use.name == "postgres" and store in use.command]
    return children_of(engine.pid)["monitor"].cpu + sum(asked)


def _words(good: bool) -> str:  # noqa: FBT001 - one word for one truth
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

"""Prove that a year of history fills its calendar while live documents of another hospital are answered as quickly as alone.

Alone and beside history are measured in turns within one run, so that whatever else the machine does falls on both.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.documents import envelope, pack
from bench.load import read_answer
from bench.store import fresh_database
from bench.telling import percentile, say
from engine.documents.sample import sample, types
from engine.store import counts
from engine.store.database import Database, default_url
from tests.monitor.web import Visitor
from tests.support.engine import Engine

LIVE, HISTORY, PASSWORD = "LIVE-HOSPITAL", "HISTORY-HOSPITAL", "proof-password-1"
YEAR = date(2025, 6, 1)
DAYS = 365
MOST_TYPES = 30
TEMPLATES = 48
"""Samples of each type from which all its documents are made, each moved to the day it is wanted on."""

RATE = 20.0
"""Live documents a second, sent by the clock whether the ones before are answered or not."""

CONNECTIONS = 4
_WARMING = 3
BOUNDS = {"PostgreSQL": 1.5, "SQLite": 3.0}

_STAMP = re.compile(rb'(?<=value=")(20[2-9][0-9][01][0-9][0-3][0-9])([0-9]{6})?(?=")')
_WRITTEN = re.compile(rb'<effectiveTime value="([0-9]{8})')
_OWN_ID = re.compile(rb'(<id root="2\.16\.156\.10011\.1\.1" extension=")([^"]*)(")')


@dataclass(slots=True)
class Measured:
    """What came of a run: latencies in milliseconds by phase, how much was accepted, what was odd."""

    alone: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    live: int = 0
    history: int = 0
    history_seconds: float = 0.0
    odd: list[str] = field(default_factory=list)

    def ratio(self) -> float:
        """Give the p99 beside history as a multiple of that alone."""
        return percentile(self.beside, 0.99) / max(percentile(self.alone, 0.99), 0.001)


class Papers:
    """Documents of every type that there is, for any day, each with its own id."""

    def __init__(self, institution: str, kinds: tuple[str, ...], templates: int) -> None:
        self.kinds = kinds
        self._institution = institution
        self._number = 0
        self._made = {kind: [sample(kind, seed, institution) for seed in range(1, templates + 1)] for kind in kinds}

    def on(self, kind: str, day: date, lane: str) -> bytes:
        """Write the call that uploads a document of a type written on a day."""
        self._number += 1
        near = min(self._made[kind], key=lambda content: abs((_written(content) - day).days))
        moved = _moved(near, (day - _written(near)).days)
        name = f"{kind}-{self._number:07}"
        moved = _OWN_ID.sub(rb"\g<1>" + name.encode() + rb"\g<3>", moved, count=1)
        body = envelope(kind, name, pack(moved), self._institution, PASSWORD)
        return body.replace(b"</payload>", f"</payload><lane>{lane}</lane>".encode())


def _written(content: bytes) -> date:
    found = _WRITTEN.search(content)
    if found is None:
        raise ValueError("a sample says when it was written")
    return datetime.strptime(found[1].decode(), "%Y%m%d").date()  # noqa: DTZ007 - only the day is taken


def _moved(content: bytes, days: int) -> bytes:
    """Move every time of a document but dates of birth, which lie before 2020."""

    def move(found: re.Match[bytes]) -> bytes:
        day = datetime.strptime(found[1].decode(), "%Y%m%d") + timedelta(days=days)  # noqa: DTZ007 - only the day is moved
        return day.strftime("%Y%m%d").encode() + (found[2] or b"")

    return _STAMP.sub(move, content)


def a_year(papers: Papers, size: int) -> Iterator[bytes]:
    """Give `size` calls spread over all days of the year and all types."""
    for number in range(size):
        place = number * 7 % DAYS
        yield papers.on(papers.kinds[(number // DAYS + place) % len(papers.kinds)], YEAR + timedelta(days=place), "history")


async def post(address: str, body: bytes, pool: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> bytes:
    """Send one call over a kept connection."""
    host, port, path = address.split(" ")
    reader, writer = pool.pop() if pool else await asyncio.open_connection(host, int(port))
    head = f'POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: ""\r\nContent-Length: {len(body)}\r\n\r\n'
    writer.write(head.encode() + body)
    answer = await read_answer(reader)
    pool.append((reader, writer))
    return answer


async def run(engine: Engine, size: int, *, most: int, turns: int, seconds: float, measured: Measured) -> None:
    """Send live all the time, history in every other turn until all of it is sent."""
    kinds = types()[:most]
    templates = min(TEMPLATES, max(4, size // 20))
    live, history = Papers(LIVE, kinds, 2), Papers(HISTORY, kinds, templates)
    # Each process compiles the rules of a type when its first document comes; that is no part of what is measured.
    for _ in range(_WARMING):
        await _live(engine, deque(live.on(kind, YEAR, "live") for kind in kinds), len(kinds) / RATE, [], Measured())
    waiting = a_year(history, size)
    share = -(-size // turns)
    for turn in range(turns):
        ready = deque(body for _, body in zip(range(share), waiting, strict=False))
        calls = deque(live.on(kinds[n % len(kinds)], YEAR, "live") for n in range(int(seconds * RATE * 2)))
        await _live(engine, calls, seconds, measured.alone, measured)
        sending = asyncio.create_task(_history(engine, ready, measured))
        while not sending.done():  # beside means beside: nothing is measured when this turn's share is sent
            calls = deque(live.on(kinds[n % len(kinds)], YEAR, "live") for n in range(int(RATE)))
            await _live(engine, calls, 0.5, measured.beside, measured)
        await sending
        say(f"  turn {turn + 1}/{turns}: live p99 alone {percentile(measured.alone, 0.99):.1f} ms, beside history {percentile(measured.beside, 0.99):.1f} ms; "
            f"history {measured.history}")  # fmt: skip


def _address(engine: Engine, institution: str) -> str:
    host, port = engine.services.removeprefix("http://").split(":")
    return f"{host} {port} /services/collection/{institution}"


async def _live(engine: Engine, calls: deque[bytes], seconds: float, latencies: list[float], measured: Measured) -> None:
    pool: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
    loop, sent = asyncio.get_running_loop(), []
    began = loop.time()

    async def one(body: bytes, due: float) -> None:
        answer = await post(_address(engine, LIVE), body, pool)
        latencies.append((loop.time() - due) * 1000)
        measured.live += _accepted(answer, measured)

    for number in range(int(seconds * RATE)):
        due = began + number / RATE
        await asyncio.sleep(max(0.0, due - loop.time()))
        if not calls:
            break
        sent.append(asyncio.create_task(one(calls.popleft(), due)))
    await asyncio.gather(*sent)
    for _, writer in pool:
        writer.close()


async def _history(engine: Engine, ready: deque[bytes], measured: Measured) -> None:
    pool: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
    began = time.perf_counter()

    async def client() -> None:
        while ready:
            answer = await post(_address(engine, HISTORY), ready.popleft(), pool)
            measured.history += _accepted(answer, measured)

    await asyncio.gather(*(client() for _ in range(CONNECTIONS)))
    measured.history_seconds += time.perf_counter() - began
    for _, writer in pool:
        writer.close()


def _accepted(answer: bytes, measured: Measured) -> int:
    good = b">accepted" in answer and b"<duplicate>true" not in answer
    if not good and len(measured.odd) < 3:
        measured.odd.append(answer[:900].decode(errors="replace"))
    return int(good)


def prove(name: str, url: str, size: int, *, most: int, turns: int, seconds: float) -> bool:
    """Run on one store; tells what was measured and whether it holds."""
    measured = Measured()
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Path(folder), database=url, extra=("--fronts", "2", "--workers", "1") if url else ())
        for code in (LIVE, HISTORY):
            engine.institution(code, PASSWORD)
        engine.start()
        try:
            asyncio.run(run(engine, size, most=most, turns=turns, seconds=seconds, measured=measured))
            told = _calendar(engine)
            database = Database(url or default_url(engine.data), pool=1)
            with database.read() as connection:
                differences = counts.verify(connection)
            database.close()
        finally:
            engine.stop()
    return _report(name, size, measured, told, differences)


def _calendar(engine: Engine) -> dict[str, object]:
    """Read the calendar as an administrator does."""
    visitor = Visitor(int(engine.monitor.rsplit(":", 1)[1]))
    visitor.sign_in("admin", engine.password)
    last = YEAR + timedelta(days=DAYS - 1)
    told = visitor.get(f"/completeness?institution={HISTORY}&lane=history&until={last:%Y-%m}&format=json")
    found: dict[str, object] = json.loads(told.body)
    return found


def _report(name: str, size: int, measured: Measured, told: dict[str, object], differences: list[str]) -> bool:
    rows = told["types"]
    kinds = len(rows) if isinstance(rows, list) else 0
    wanted = min(size, DAYS)
    say(
        f"{name}: history {measured.history} of {size} accepted in {measured.history_seconds:.0f} s, {kinds} types, {told['filled']} of {DAYS} days filled; live {measured.live} accepted"
    )
    for words, latencies in (("alone", measured.alone), ("beside", measured.beside)):
        say(
            f"  live {words:6} p50 {percentile(latencies, 0.5):6.1f} ms   p90 {percentile(latencies, 0.9):6.1f} ms   p99 {percentile(latencies, 0.99):6.1f} ms   of {len(latencies)}"
        )
    quick = measured.ratio() <= BOUNDS[name]
    say(
        f"  p99 beside history is {measured.ratio():.2f} of alone (bound {BOUNDS[name]}): {'holds' if quick else 'DOES NOT HOLD'}"
    )
    whole = (
        measured.history == size and told["filled"] == wanted and told["written"] == size and not differences and not measured.odd
    )
    say(f"  calendar, acceptance and counts: {'hold' if whole else 'DO NOT HOLD'}")
    for words in (*measured.odd, *differences[:5]):
        say(f"  {words}")
    return quick and whole


def main(size: int, *, database: str = "", most: int = MOST_TYPES, turns: int = 6, seconds: float = 20.0, only: str = "") -> int:
    """Prove it on SQLite and PostgreSQL; returns the exit code."""
    kinds = len(types()[:most])
    say(
        f"{size} documents of history over {DAYS} days in {kinds} types (of the {MOST_TYPES} wanted), {CONNECTIONS} connections; live {RATE:.0f}/s"
    )
    good = True
    for name, url, drop in fresh_database(database):
        try:
            if only in ("", name):
                good = prove(name, url, size, most=most, turns=turns, seconds=seconds) and good
        finally:
            drop()
    return 0 if good else 1


if __name__ == "__main__":
    asked = partial(main, int(sys.argv[1]) if len(sys.argv) > 1 else DAYS * MOST_TYPES)
    raise SystemExit(asked(only=sys.argv[2] if len(sys.argv) > 2 else ""))

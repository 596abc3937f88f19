"""Measure how long a search among 100,000 doctors takes, at the desk and through the service, on both stores: p99 under 50 ms."""

from __future__ import annotations

import http.client
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from bench.guide.province import seed
from bench.guide.searches import Wish, wishes
from bench.store import fresh_database, settle
from bench.telling import percentile, say
from engine.services.appointments.model import Page
from engine.services.guide.asking import Guide
from engine.services.guide.shown import DoctorQuery
from engine.store.database import Database, default_url
from tests.support.engine import Engine

_DOCTORS, _SEARCHES = 100_000, 2000
_BOUND = 0.050
_PORTAL, _PASSWORD = "BENCH-PORTAL", "bench-password-1"
_SPACE = "urn:changbai:guide:1"


def main(doctors: int = _DOCTORS, searches: int = _SEARCHES, *, only: str = "") -> int:
    """Measure every store, or `only` the one of that name; returns 1 when p99 was over the bound."""
    held = [
        _measure(name, url, doctors, searches, drop)
        for name, url, drop in fresh_database()
        if not only or _passed(name, only, drop)
    ]
    return int(not all(held))


def _passed(name: str, only: str, drop: Callable[[], None]) -> bool:
    if name != only:
        drop()
    return name == only


def _measure(name: str, url: str, doctors: int, searches: int, drop: Callable[[], None]) -> bool:
    dice = random.Random(9)
    try:
        with tempfile.TemporaryDirectory() as folder:
            engine = Engine(Path(folder), database=url)
            engine.institution(_PORTAL, _PASSWORD, kind="portal")
            with closing(Database(url or default_url(engine.data), checkpoints=True)) as database:
                started = time.monotonic()
                hospitals = seed(database, doctors, dice)
                settle(url)
                say(f"\n{name}: {doctors} doctors of {len(hospitals)} hospitals on show after {time.monotonic() - started:.0f} s")
                asked = wishes(searches, hospitals, dice)
                desk = _tell("at the desk", asked, _at_desk(database, asked))
            engine.start()
            try:
                service = _tell("through the service", asked, _through(engine.services, asked))
            finally:
                engine.stop()
            return desk and service
    finally:
        drop()


def _at_desk(database: Database, asked: Sequence[Wish]) -> list[float]:
    guide = Guide(database, lambda _hospital: True)
    queries = [
        DoctorQuery(
            words=one.words, hospital=one.hospital, department=one.department, title=one.title, area=one.area, free=one.free,
            page=Page(size=one.size),
        )
        for one in asked
    ]  # fmt: skip
    guide.search(queries[0])
    return [_timed(lambda query=query: guide.search(query)) for query in queries]


def _through(services: str, asked: Sequence[Wish]) -> list[float]:
    at = urlsplit(services)
    with closing(http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)) as line:
        _call(line, asked[0])
        return [_timed(lambda wish=wish: _call(line, wish)) for wish in asked]


def _call(line: http.client.HTTPConnection, wish: Wish) -> None:
    named = {name: getattr(wish, name) for name in ("words", "hospital", "department", "title", "area")}
    parts = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in named.items() if value)
    parts += f"<free>{str(wish.free).lower()}</free><page><size>{wish.size}</size></page>"
    head = f'<Credentials xmlns="{_SPACE}"><institution>{_PORTAL}</institution><password>{_PASSWORD}</password></Credentials>'
    body = (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<soap:Header>{head}</soap:Header><soap:Body><SearchDoctors xmlns="{_SPACE}">{parts}</SearchDoctors></soap:Body></soap:Envelope>'
    )
    line.request("POST", "/services/guide", body.encode(), {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'})
    answer = line.getresponse().read()
    if b"<code>0</code>" not in answer:
        raise RuntimeError(f"a search was not answered: {answer[:300].decode(errors='replace')}")


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def _tell(where: str, asked: Sequence[Wish], times: Sequence[float]) -> bool:
    middle, late = percentile(times, 0.5), percentile(times, 0.99)
    say(f"  {where}: p50 {middle * 1000:.1f} ms, p99 {late * 1000:.1f} ms, longest {max(times) * 1000:.1f} ms")
    kinds: dict[str, list[float]] = defaultdict(list)
    for wish, took in zip(asked, times, strict=True):
        kinds[wish.kind].append(took)
    for kind, took in sorted(kinds.items(), key=lambda row: -percentile(row[1], 0.99)):
        middle, slow = percentile(took, 0.5), percentile(took, 0.99)
        say(f"    {kind}: {len(took)} searches, p50 {middle * 1000:.1f} ms, p99 {slow * 1000:.1f} ms")
    return late < _BOUND


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(*map(int, sys.argv[1:3])))

"""Read what the pages of routes show: from the set in force, from the files on disk, from the store; pause and resume there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.channels.book import SHEET, TESTS, RouteBook
from engine.channels.revision import read_files
from engine.channels.route import Route
from engine.channels.setchanges import Change, changes_of, files_on_disk
from engine.errors import Fault
from engine.message import midnight_before
from engine.monitor.routefigures import POINTS, Figures, arrivals_of, curves_of, figures_of, hours_of, rate_of
from engine.monitor.routes import RouteLine, RouteList, RouteRevision, RouteView
from engine.services.audit import Audit, changed
from engine.store import counts, pauses, routecounts
from engine.store.backlog import WAITS
from engine.store.database import Connection, Database
from engine.store.pauses import Pause
from engine.store.revisions import all_revisions, revision_files
from engine.store.routecounts import RouteKey, slot_of
from engine.store.sealing import Seal

REVISIONS = 12
"""Sets of files among which those that changed a route are looked for."""

_DAY = 24
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the store says at one moment."""

    now: datetime
    curves: Mapping[str, tuple[int, ...]]
    recent: Mapping[str, Figures]
    today: Mapping[str, Figures]
    pauses: Mapping[str, Pause]
    deliveries: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class RouteArchive:
    """Routes as these pages know them; `book` gives the set in force, `project` is where a person edits files.

    `kept` remembers the route files of older sets, which never change.
    """

    database: Database
    seal: Seal
    book: Callable[[], RouteBook]
    project: Path
    kept: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

    def read(self) -> RouteList:
        """Read every route in force; all figures are of one moment."""
        book, now = self.book(), datetime.now(UTC)
        with self.database.read() as connection:
            hour, today = routecounts.sums(connection, now - _HOUR, midnight_before(now))
            seen = self._seen(connection, now, routecounts.arrivals(connection, now - _HOUR), hour, today)
        names = sorted(book.routes, key=lambda name: (book.routes[name].service, name))
        return RouteList(now, book.revision, tuple(self._line(book, name, seen) for name in names), self._fresh(book))

    def known(self, name: str) -> bool:
        """Tell whether there is such a route in force."""
        return name in self.book().routes

    def edited(self, name: str) -> bool:
        """Tell whether the files on disk of a route are not those in force."""
        book = self.book()
        return name in book.routes and _edited(self.project, book, book.routes[name])

    def one(self, name: str, *, faults: Sequence[Fault] = (), since: str = "") -> RouteView | None:
        """Read one route; None when there is none in force."""
        book, now = self.book(), datetime.now(UTC)
        route = book.routes.get(name)
        if route is None:
            return None
        first = now.replace(minute=0, second=0, microsecond=0) - (_DAY - 1) * _HOUR
        with self.database.read() as connection:
            day = routecounts.by_slot(connection, first, name)
            seen = self._seen(connection, now, arrivals_of(day), _from(day, now - _HOUR), _from(day, midnight_before(now)))
            revisions = all_revisions(connection)[:REVISIONS]
            own = {one[0]: self._own(connection, one[0], name) for one in revisions}
        mine = {path: content for path, content in read_files(book.root, route.files).items() if _is_own(path, name)}
        compared = changes_of(own[since], mine) if since in own else ()
        return RouteView(
            now=now, line=self._line(book, name, seen), route=route, hours=hours_of(day, first, _DAY),
            files={path: content.decode("utf-8", "replace") for path, content in mine.items()},
            shared=[path for path in route.files if path not in mine], tests=_tests(self.project, name),
            history=_history(revisions, own, mine), edited=self._edit(name, mine, faults), since=next(iter(compared), None),
        )  # fmt: skip

    def pause(self, name: str, *, reason: str, by: str, peer: str) -> bool:
        """Pause a route; false when it is paused already."""
        with self.database.write() as connection:
            done = pauses.pause(self.database, self.seal, connection, name, reason, by, datetime.now(UTC))
            if done:
                Audit().write(connection, [changed("route pause", subject=f"{name}: {reason}", actor=by, peer=peer)])
        return done

    def resume(self, name: str, *, reason: str, by: str, peer: str) -> bool:
        """Resume a route; false when it is not paused."""
        del reason  # to go on needs none
        with self.database.write() as connection:
            done = pauses.resume(connection, name)
            if done:
                Audit().write(connection, [changed("route resume", subject=name, actor=by, peer=peer)])
        return done

    def tested(self, name: str, *, reason: str, by: str, peer: str) -> bool:
        """Note who ran the tests of a route, and what came of them."""
        with self.database.write() as connection:
            Audit().write(connection, [changed("route test", subject=f"{name}: {reason}", actor=by, peer=peer)])
        return True

    def _seen(
        self, connection: Connection, now: datetime, arrivals: Mapping[tuple[int, str], int], hour: Mapping[RouteKey, int],
        today: Mapping[RouteKey, int],
    ) -> _Seen:  # fmt: skip
        deliveries: dict[str, dict[str, int]] = {}
        for key, value in counts.totals(connection).items():
            if key.scope == "delivery":
                states = deliveries.setdefault(key.owner, {})
                states[key.state] = states.get(key.state, 0) + value
        return _Seen(
            now, curves_of(arrivals, now), figures_of(hour), figures_of(today), pauses.paused(connection, self.seal), deliveries
        )

    def _line(self, book: RouteBook, name: str, seen: _Seen) -> RouteLine:
        route, curve = book.routes[name], seen.curves.get(name, (0,) * POINTS)
        outside = [seen.deliveries.get(send.to, {}) for send in route.sends if not send.own]
        return RouteLine(
            name=name, about=route.about, service=route.service, keys=route.keys, revision=route.revision, pause=seen.pauses.get(name),
            hour=seen.recent.get(name, Figures()), today=seen.today.get(name, Figures()), rate=rate_of(curve, seen.now), curve=curve,
            waiting=sum(states.get(state, 0) for states in outside for state in WAITS) if outside else None,
            dead=sum(states.get("DEAD", 0) for states in outside) if outside else None,
            tests=len(_tests(self.project, name)), edited=_edited(self.project, book, route),
        )  # fmt: skip

    def _fresh(self, book: RouteBook) -> tuple[str, ...]:
        folder = self.project / "routes"
        there = sorted(path.parent.name for path in folder.glob(f"*/{SHEET}"))
        return tuple(name for name in there if name not in book.routes)

    def _own(self, connection: Connection, revision: str, route: str) -> Mapping[str, bytes]:
        """Give the own files of a route in a set that the store keeps."""
        if revision not in self.kept:
            self.kept[revision] = revision_files(connection, self.seal, revision, below="routes/")
        return {path: content for path, content in self.kept[revision].items() if _is_own(path, route)}

    def _edit(self, name: str, mine: Mapping[str, bytes], faults: Sequence[Fault]) -> Change | None:
        disk = {path: content for path, content in files_on_disk(self.project, mine, name).items() if _is_own(path, name)}
        return next(iter(changes_of(mine, disk, faults)), None)


def _is_own(path: str, route: str) -> bool:
    return path.startswith(f"routes/{route}/")


def _from(day: Mapping[RouteKey, int], since: datetime) -> Mapping[RouteKey, int]:
    return {key: number for key, number in day.items() if key.slot >= slot_of(since)}


def _edited(project: Path, book: RouteBook, route: Route) -> bool:
    return any(_content(project / path) != _content(book.root / path) for path in route.files if _is_own(path, route.name))


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


def _tests(project: Path, name: str) -> tuple[str, ...]:
    folder = project / "routes" / name / TESTS
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir())) if folder.is_dir() else ()


def _history(
    revisions: Sequence[tuple[str, datetime, bool]], own: Mapping[str, Mapping[str, bytes]], mine: Mapping[str, bytes]
) -> tuple[RouteRevision, ...]:
    """Keep of the sets, the latest first, the current one and those that changed the route."""
    found = []
    for place, (name, created, current) in enumerate(revisions):
        older = own[revisions[place + 1][0]] if place + 1 < len(revisions) else None
        if current or (own[name] and own[name] != older):
            found.append(RouteRevision(name, created, current, own[name] == mine))
    return tuple(found)

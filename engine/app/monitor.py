"""Build and run the monitor: the process that shows its pages."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from engine.app.alerts import Alerting
from engine.app.cellar import open_seal
from engine.app.checking import endpoint_names
from engine.app.following import Follower, Following
from engine.app.front import front_limits
from engine.app.heartbeat import Heartbeat
from engine.app.house import DESKS, House, load_house, load_in_force, press_for, tls_context
from engine.app.process import beat_on_loop, begin, open_watched, serve_from_now, stop_when_told
from engine.app.referrals import for_looking
from engine.app.reload import preview_reload, reload_files
from engine.app.replay import NotReplayed, Replay
from engine.channels.book import RouteBook, check_folder
from engine.channels.rehearsal import Rehearsed, refused
from engine.channels.trial import run_tests_of
from engine.documents.forms import Form
from engine.documents.guide.drawing import Draft, draw_introduction
from engine.documents.masking import load_masking
from engine.errors import Issue
from engine.inbound.gate import too_large
from engine.inbound.protocol import serve
from engine.inbound.rehearsal import Rehearsal, Trial, pasted
from engine.inhand.board import NO_DIGEST, Board, Place
from engine.monitor.alertarchive import AlertArchive
from engine.monitor.app import build_monitor
from engine.monitor.check import CheckSource, Pasted
from engine.monitor.guide import Sent
from engine.monitor.message import Correction, Walk, Walked
from engine.monitor.reading import Archive
from engine.monitor.reloading import ReloadSource
from engine.monitor.routes import LintRoute, RunTests
from engine.monitor.turns import Thread, Turns
from engine.services.alerts.book import AlertBook
from engine.services.institutions import Institutions, judge_custodian
from engine.services.secondfactor import SecondFactors
from engine.services.users import Users
from engine.settings import Settings
from engine.store.database import Database
from engine.store.journal import Journal
from engine.store.queue import Queue
from engine.store.sealing import Seal

V = TypeVar("V")


def run_monitor(settings: Settings, name: str, fd: int) -> None:
    """Serve the monitor on an inherited socket until told to stop."""
    board = begin(settings, name)
    with contextlib.closing(open_watched(settings)) as database:
        seal = open_seal(database, settings)
        archive = Archive(database, Journal(database, seal), Queue(database, seal))
        institutions, house = Institutions(database, seal), load_in_force(settings, database, seal)
        shown = Shown(house)
        root = house.book.root
        following = Following(settings, database, seal, name, house.book.revision)
        masking = load_masking(settings.project)

        def bench(folder: Path, shown: Shown | None = None) -> Callable[[Work], Any]:
            return _bench(settings, database, seal, institutions, board, folder, shown)

        turns: Turns[Work, Any]
        with (
            contextlib.closing(Turns(lambda: bench(root))) as turns,
            contextlib.closing(Turns(lambda: _draw)) as drawing,
            contextlib.closing(Turns(lambda: _call, most=2, seconds=_RELOADING)) as reloading,
            contextlib.closing(Alerting(settings, database, seal)) as alerting,
        ):

            def take_up(folder: Path) -> None:
                turns.exchange(lambda: bench(folder, shown))

            check = _check_source(settings, institutions, turns, shown.types)
            looking = for_looking(database, seal)
            alerts = AlertArchive(database, AlertBook(database, seal), alerting.said, alerting.test).source()
            sources = archive.sources(
                check, partial(_named, institutions, shown.adapters), drawing, settings, turns, masking, looking, lambda: shown.book,
                _reload_source(settings, reloading), shown.forms, alerts,
            )  # fmt: skip
            users, factors = Users(database, second_factor=settings.second_factor), SecondFactors(database, seal)
            stop = asyncio.Event()
            app, tls = build_monitor(sources, users, factors, stop=stop), tls_context(settings, clients=False)
            beating = Heartbeat(database, settings, name, revision=lambda: following.running)
            with contextlib.closing(beating), contextlib.closing(Follower(following, take_up)):
                asyncio.run(_serve(app, socket.socket(fileno=fd), tls, board, stop))


class Shown:
    """What pages show of the set of files in force without its thread: the routes, the names of document types and of adapters, the forms of operations data."""

    def __init__(self, house: House) -> None:
        self.types: dict[str, tuple[str, str]] = {}
        self.forms: dict[str, Form] = {}
        self.adapters: dict[str, None] = {}
        self.take_up(house)

    def take_up(self, house: House) -> None:
        """Show another set; the names stay in their dictionaries, which pages hold on to."""
        self.book: RouteBook = house.book
        _exchange(self.types, _types(house))
        _exchange(self.forms, _forms(house))
        _exchange(self.adapters, dict.fromkeys(house.adapters))


def _exchange(held: dict[str, V], named: dict[str, V]) -> None:
    """Put other names into a dictionary; whoever reads it meanwhile never finds it empty."""
    held.update(named)
    for code in held.keys() - named.keys():
        del held[code]


_RELOADING = 300.0
"""Seconds that a page waits for the check of all files at most: they are some six of one processor."""


def _call(work: Callable[[], Any]) -> Any:
    return work()


def _reload_source(settings: Settings, thread: Thread[Callable[[], Any], Any]) -> ReloadSource:
    def apply(expected: str, *, by: str, peer: str) -> tuple[str, str]:
        done = reload_files(settings, expected=expected, actor=by, peer=peer)
        return done.before, done.after

    return ReloadSource(preview=lambda: preview_reload(settings), apply=apply, thread=thread)


def _draw(sent: Sent) -> Draft:
    """Read what was uploaded for the guide, on the one thread that does."""
    return draw_introduction(sent.hospital, sent.files)


def _check_source(
    settings: Settings, institutions: Institutions, turns: Thread[Pasted, Rehearsed], types: dict[str, tuple[str, str]]
) -> CheckSource:
    limit = settings.limits.body
    refusal = too_large(limit)
    return CheckSource(
        turns=turns,
        limit=limit,
        oversize=Rehearsed(form="empty", size=0, stages=(refused("input", refusal),), code=refusal.code),
        names=lambda: {one.code: (one.name, one.name) for one in institutions.list()},
        types=types,
    )


Work = Pasted | Walk | Correction | RunTests | LintRoute
"""What the one thread of the monitor that has a set of files does: check, walk again, file a correction, test and lint a route."""


def _bench(
    settings: Settings,
    database: Database,
    seal: Seal,
    institutions: Institutions,
    board: Board,
    root: Path,
    shown: Shown | None = None,
) -> Callable[[Work], Any]:
    """Load a set of files as a front does, for the one thread that works by it; what is `shown` follows it."""
    house = load_house(settings, root)

    def custodian(institution: str, code: str) -> Issue | None:
        institutions.refresh()
        return judge_custodian(institutions, institution, code)

    if shown is not None:
        shown.take_up(house)
    rehearsal = Rehearsal(house.press, house.book, front_limits(settings), custodian, institutions.upload_key_of)

    replay = Replay(settings, database, seal, house)

    def do(given: Work) -> Any:
        # An engineer's own test may take its time; the documents of others are watched.
        if isinstance(given, RunTests):
            return run_tests_of(house.book, house.press, given.route, settings.project)
        if isinstance(given, LintRoute):
            press = press_for(settings, settings.project, house.press)
            return check_folder(settings.project, given.route, press, endpoint_names(settings.project), DESKS)
        board.begin(Place.THREAD, NO_DIGEST)
        try:
            if isinstance(given, Walk | Correction):
                return _walked(replay, given)
            content = pasted(given.content) if isinstance(given.content, str) else given.content
            return rehearsal.rehearse(Trial(content=content, document_type=given.document_type, institution=given.institution))
        finally:
            board.over(Place.THREAD)

    return do


def _walked(replay: Replay, given: Walk | Correction) -> Walked:
    try:
        if isinstance(given, Walk):
            line = replay.walk(given.receipt, preview=given.preview, by=given.by, peer=given.peer)
        else:
            content = pasted(given.text)
            line = replay.correct(given.receipt, content, reason=given.reason, by=given.by, peer=given.peer)
    except NotReplayed:
        return Walked(done=False)
    return Walked(done=True, receipt=line.receipt, before=line.before, after=line.after, said=line.first_issue)


def _types(house: House) -> dict[str, tuple[str, str]]:
    """Name the document types."""
    return {kind.code: (kind.name, kind.english_name) for kind in house.press.catalogue.types.values()}


def _forms(house: House) -> dict[str, Form]:
    """Read the forms of operations data."""
    return {kind.code: house.press.form(kind) for kind in house.press.catalogue.types.values() if kind.figures}


def _named(institutions: Institutions, adapters: dict[str, None]) -> dict[str, str]:
    """Name the hospitals that can be asked."""
    names = {one.code: one.name for one in institutions.list()}
    return {code: names.get(code, code) for code in tuple(adapters)}


async def _serve(app: object, listening: socket.socket, tls: ssl.SSLContext | None, board: Board, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    stop_when_told(lambda: loop.call_soon_threadsafe(stop.set), board)
    beating = asyncio.create_task(beat_on_loop(board))
    board.beat()
    serve_from_now()
    await serve(app, listening, tls=tls, stop=stop)
    beating.cancel()

"""Build and run the monitor: the process that shows its pages."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.app.alerts import Alerting
from engine.app.cellar import open_database, open_seal
from engine.app.following import Follower, Following
from engine.app.front import front_limits
from engine.app.heartbeat import Heartbeat
from engine.app.house import House, load_house, load_in_force, tls_context
from engine.app.process import beat_on_loop, begin, stop_when_told
from engine.app.referrals import for_looking
from engine.app.replay import NotReplayed, Replay
from engine.channels.rehearsal import Rehearsed, refused
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
from engine.supervisor import tell_ready


def run_monitor(settings: Settings, name: str, fd: int) -> None:
    """Serve the monitor on an inherited socket until told to stop."""
    board = begin(settings, name)
    with contextlib.closing(open_database(settings)) as database:
        seal = open_seal(database, settings)
        archive = Archive(database, Journal(database, seal), Queue(database, seal))
        institutions, house = Institutions(database, seal), load_in_force(settings, database, seal)
        root, types, adapters = house.book.root, _types(house), dict.fromkeys(house.adapters)
        following = Following(settings, database, seal, name, house.book.revision)
        masking = load_masking(settings.project)

        def bench(folder: Path, *named: Any) -> Callable[[Work], Any]:
            return _bench(settings, database, seal, institutions, board, folder, *named)

        turns: Turns[Work, Any]
        with (
            contextlib.closing(Turns(lambda: bench(root))) as turns,
            contextlib.closing(Turns(lambda: _draw)) as drawing,
            contextlib.closing(Alerting(settings, database, seal)) as alerting,
        ):

            def take_up(folder: Path) -> None:
                turns.exchange(lambda: bench(folder, types, adapters))

            check = _check_source(settings, institutions, turns, types)
            looking = for_looking(database, seal)
            alerts = AlertArchive(database, AlertBook(database, seal), alerting.said, alerting.test).source()
            sources = archive.sources(
                check, lambda: _named(institutions, adapters), drawing, settings, turns, masking, looking, alerts
            )
            users, factors = Users(database, second_factor=settings.second_factor), SecondFactors(database, seal)
            stop = asyncio.Event()
            app, tls = build_monitor(sources, users, factors, stop=stop), tls_context(settings, clients=False)
            beating = Heartbeat(database, settings, name, revision=lambda: following.running)
            with contextlib.closing(beating), contextlib.closing(Follower(following, take_up)):
                asyncio.run(_serve(app, socket.socket(fileno=fd), tls, board, stop))


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


Work = Pasted | Walk | Correction
"""What the one thread of the monitor that has a set of files does: check, walk again, file a correction."""


def _bench(
    settings: Settings,
    database: Database,
    seal: Seal,
    institutions: Institutions,
    board: Board,
    root: Path,
    types: dict[str, tuple[str, str]] | None = None,
    adapters: dict[str, None] | None = None,
) -> Callable[[Work], Any]:
    """Load a set of files as a front does, for the one thread that works by it; the names of `types` and `adapters` follow it."""
    house = load_house(settings, root)

    def custodian(institution: str, code: str) -> Issue | None:
        institutions.refresh()
        return judge_custodian(institutions, institution, code)

    if types is not None:
        named = _types(house)
        types.update(named)
        for code in types.keys() - named.keys():
            del types[code]
    if adapters is not None:
        adapters |= dict.fromkeys(house.adapters)
        for code in adapters.keys() - house.adapters.keys():
            del adapters[code]
    rehearsal = Rehearsal(house.press, house.book, front_limits(settings), custodian, institutions.upload_key_of)

    replay = Replay(settings, database, seal, house)

    def do(given: Work) -> Any:
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


def _named(institutions: Institutions, adapters: dict[str, None]) -> dict[str, str]:
    """Name the hospitals that can be asked."""
    names = {one.code: one.name for one in institutions.list()}
    return {code: names.get(code, code) for code in tuple(adapters)}


async def _serve(app: object, listening: socket.socket, tls: ssl.SSLContext | None, board: Board, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    stop_when_told(lambda: loop.call_soon_threadsafe(stop.set), board)
    beating = asyncio.create_task(beat_on_loop(board))
    board.beat()
    tell_ready()
    await serve(app, listening, tls=tls, stop=stop)
    beating.cancel()

"""Build and run a front: the process that answers SOAP calls."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from engine import metrics
from engine.app.doors import Doors
from engine.app.following import LOOK, Following
from engine.app.ground import open_ground
from engine.app.heartbeat import Heartbeat
from engine.app.house import load_in_force, tls_context
from engine.app.process import beat_on_loop, begin, open_watched, serve_from_now, stop_when_told
from engine.app.sets import compile_early
from engine.documents.catalogue import Catalogue
from engine.documents.press import Press
from engine.inbound.enquiry import Reading
from engine.inbound.exchange import Observation
from engine.inbound.front import Front, build_front
from engine.inbound.handbook import Handbook
from engine.inbound.limits import FrontLimits
from engine.inbound.protocol import serve
from engine.inhand.board import Board
from engine.settings import ROOT, Settings
from engine.store.database import Database

_HEALTH_KEPT = 1.0


def run_front(settings: Settings, name: str, fd: int) -> None:
    """Serve on an inherited socket until told to stop; what is in hand is finished first."""
    board = begin(settings, name)
    asyncio.run(_serve(settings, name, socket.socket(fileno=fd), board))


async def _serve(settings: Settings, name: str, listening: socket.socket, board: Board) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    stop_when_told(lambda: loop.call_soon_threadsafe(stop.set), board)
    async with _open_front(settings, name, board) as front:
        beating = asyncio.create_task(beat_on_loop(board))
        board.beat()
        serve_from_now()
        tls = tls_context(settings, clients=True)
        await serve(front, listening, limits=front_limits(settings), tls=tls, stop=stop, grace=settings.deadlines.drain * 0.8)
        beating.cancel()


def front_limits(settings: Settings) -> FrontLimits:
    """Give the front its bounds."""
    chosen = settings.limits
    return FrontLimits(
        body=chosen.body, in_flight=chosen.in_flight, header_deadline=settings.deadlines.header,
        body_deadline=settings.deadlines.body, reply_deadline=settings.deadlines.reply, base_address=settings.public_address.rstrip("/"),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def _open_front(settings: Settings, name: str, board: Board) -> AsyncIterator[Front]:
    """Open the store, build the doors over it, and follow the set of files in force until the front is left."""
    with contextlib.closing(open_watched(settings)) as database, ThreadPoolExecutor(1, thread_name_prefix="large-body") as large:
        ground = open_ground(settings, database)
        house = load_in_force(settings, database, ground.seal)
        doors = Doors(ground, house, board)
        front = build_front(
            doors.services, admit=doors.admission.admit, health=_health(database, doors.documents.reading),
            wsdl_folder=settings.project / "wsdl" / "platform", handbook=_handbook(house.press.catalogue),
            limits=front_limits(settings), executor=large, observe=_observe,
        )  # fmt: skip

        async def take_up(folder: Path) -> None:
            front.exchange(_handbook(await doors.take_up(folder)))

        following = Following(settings, database, ground.seal, name, house.book.revision)
        beating = Heartbeat(database, settings, name, revision=lambda: following.running)
        works = (ground.keep(), ground.pausing.follow(), _follow(following, take_up, house.press))
        beside = [asyncio.create_task(work) for work in works]
        try:
            yield front
        finally:
            for task in beside:
                task.cancel()
            await asyncio.to_thread(beating.close)
            doors.close()
            ground.close()


def _handbook(catalogue: Catalogue) -> Handbook:
    return Handbook(catalogue, ROOT / "docs")


async def _follow(following: Following, take_up: Callable[[Path], Awaitable[None]], press: Press) -> None:
    """Take up each set of files that becomes current; what the front began with is compiled meanwhile."""
    compiling = asyncio.create_task(compile_early(press))
    try:
        while True:
            with following.attempt():
                folder = await asyncio.to_thread(following.news)
                if folder is not None:
                    compiling.cancel()
                    await take_up(folder)
                    following.taken_up()
            await asyncio.sleep(LOOK)
    finally:
        compiling.cancel()


def _observe(seen: Observation) -> None:
    metrics.figures().request(seen.service, seen.operation or "unknown", seen.code or "result", seen.seconds)


def _health(database: Database, reading: Reading) -> Callable[[], Any]:
    """Ask the store at most once a second, however often the address is called; raises TryAgain when it is away."""
    last = -_HEALTH_KEPT

    async def ask() -> bool:
        nonlocal last
        now = asyncio.get_running_loop().time()
        if now - last >= _HEALTH_KEPT:
            await reading.outside(database.ping_write)
            last = now
        return True

    return ask

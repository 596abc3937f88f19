"""Build and run the monitor: the process that shows its pages."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl

from engine.app.house import open_database, tls_context
from engine.app.process import begin, stop_when_told
from engine.documents.catalogue import Catalogue
from engine.inbound.protocol import serve
from engine.monitor.app import build_monitor
from engine.monitor.quality import Names
from engine.monitor.reading import Archive
from engine.services.users import Users
from engine.settings import Settings
from engine.store.journal import Journal
from engine.store.queue import Queue
from engine.store.sealing import Seal
from engine.supervisor import tell_ready


def run_monitor(settings: Settings, name: str, fd: int) -> None:
    """Serve the monitor on an inherited socket until told to stop."""
    begin(settings, name)
    with contextlib.closing(open_database(settings)) as database:
        seal = Seal()
        archive = Archive(database, Journal(database, seal), Queue(database, seal))
        sources = archive.sources(_types(settings))
        app, tls = build_monitor(sources, Users(database)), tls_context(settings, clients=False)
        asyncio.run(_serve(app, socket.socket(fileno=fd), tls))


def _types(settings: Settings) -> Names:
    """Name the document types."""
    catalogue = Catalogue.load(settings.project / "xsd" / "catalogue.yaml")
    return {kind.code: (kind.name, kind.english_name) for kind in catalogue.types.values()}


async def _serve(app: object, listening: socket.socket, tls: ssl.SSLContext | None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    stop_when_told(lambda: loop.call_soon_threadsafe(stop.set))
    tell_ready()
    await serve(app, listening, tls=tls, stop=stop)

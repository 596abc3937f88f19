"""Show what is in force and where it comes from: settings, the revision of the files, the processes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.metrics import revisions_at_work
from engine.monitor.board import plain_values
from engine.monitor.pages import page, wants_json
from engine.services.users import Session
from engine.settings import Settings, every_setting, value_text
from engine.store.database import Database, default_url
from engine.store.revisions import all_revisions, revision_files
from engine.store.sealing import Seal

EARLIER = 20
"""Earlier revisions that are listed."""

_SECRET = re.compile(r"(://[^/@:]*:)[^/@]*(?=@)|([?&]password=)[^&]*")


@dataclass(frozen=True, slots=True)
class Line:
    """One setting: key, value as text with secrets masked, where it comes from, what it is for."""

    key: str
    value: str
    origin: str
    about: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One set of files; `created` is aware."""

    name: str
    created: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Process:
    """One process of this node, the revision it works with, and the one it could not take up."""

    name: str
    revision: str
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Everything that the page shows."""

    lines: Sequence[Line]
    store: str
    revisions: Sequence[Revision]
    files: Sequence[tuple[str, int]]
    processes: Sequence[Process]


def masked(address: str) -> str:
    """Hide the password in the address of a database."""
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}••••", address)


def read_in_force(settings: Settings, database: Database, seal: Seal) -> InForce:
    """Read it all; blocks on the store, raises TryAgain."""
    with database.read() as connection:
        revisions = [Revision(*one) for one in all_revisions(connection)]
        current = next((one.name for one in revisions if one.current), "")
        files = revision_files(connection, seal, current) if current else {}
    folders = Counter("/".join(path.split("/")[:2]) if path.count("/") > 1 else path.split("/")[0] for path in files)
    figures: Path = settings.data / "figures"
    return InForce(
        lines=[Line(key, masked(value_text(value)), settings.origin(key), about) for key, value, about in every_setting(settings)],
        store=masked(settings.database or default_url(settings.data)),
        revisions=sorted(revisions, key=lambda one: not one.current)[: EARLIER + 1],
        files=sorted(folders.items()),
        processes=[Process(*one) for one in revisions_at_work(figures)],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """The page /settings; `read` may block and raise TryAgain."""

    read: Callable[[], InForce]

    async def show(self, request: Request, session: Session) -> Response:
        """Show it; `?format=json` gives the same as data."""
        found = await run_in_threadpool(self.read)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(found)))
        current = next((one for one in found.revisions if one.current), None)
        return page(request, "settings.html", session, {"found": found, "current": current})

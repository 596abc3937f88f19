"""Check the set of files and make it current in one commit; watch the files, for the demo only."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from engine.app import kept
from engine.app.cellar import open_seal, open_store
from engine.app.checking import check_project
from engine.app.house import load_house, put_in_force
from engine.channels import lint
from engine.channels.setchanges import Preview, changes_of, files_on_disk, told
from engine.errors import ConfigError, EngineError
from engine.settings import Settings
from engine.store.database import Database
from engine.store.revisions import revision_files
from engine.store.sealing import Seal

_WATCHED = ("routes", "config", "xsd", "wsdl")
_LOOK = 1.0

Marks = Mapping[Path, tuple[int, int]]
"""Time of change and size of every file that the set may hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reloaded:
    """What came of a reload: the revisions before and after ("" for none before), and what differs between them."""

    before: str
    after: str
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write it for the terminal."""
        lines = [f"old revision     {self.before or '(none)'}", f"new revision     {self.after}", *self.differences]
        if self.before == self.after:
            return "\n".join([*lines, "nothing has changed"])
        rules = any(line.split()[-1].startswith("xsd/") for line in self.differences)
        pace = "once it has compiled the new rules, some seconds" if rules else "within a second"
        return "\n".join([*lines, f"every running process takes it up {pace}"])


def preview_reload(settings: Settings) -> Preview:
    """Tell what `reload_files` would do with the files of the project, and what lint says of them; nothing changes."""
    faults = check_project(settings)
    with open_store(settings) as database:
        seal = open_seal(database, settings)
        before = kept.current(database)
        older = _files(database, seal, before)
    if lint.failed(faults):
        newer = files_on_disk(settings.project, older)
        return Preview(before=before, after="", changes=changes_of(older, newer, faults), faults=tuple(faults))
    house = load_house(settings)
    found = changes_of(older, house.files(), faults) if older else ()
    return Preview(before=before, after=house.book.revision, changes=found, faults=tuple(faults))


def reload_files(settings: Settings, *, expected: str = "", actor: str = "command-line", peer: str = "") -> Reloaded:
    """Make the files of the project the current set, audited; raises ConfigError with every fault, and then nothing has changed.

    `expected` names the revision that a person has looked at: any other one is refused as CFG-064.
    """
    marks = marks_of(settings.project)
    faults = check_project(settings)
    if lint.failed(faults):
        raise ConfigError([fault for fault in faults if fault.severity == "error"])
    house = load_house(settings)
    with open_store(settings) as database:
        seal = open_seal(database, settings)
        if marks_of(settings.project) != marks or expected not in ("", house.book.revision):
            raise kept.changed_meanwhile()
        before = put_in_force(settings, database, seal, house, actor=actor, peer=peer)
        older = _files(database, seal, before)
    differences = told(changes_of(older, house.files())) if older else ()
    return Reloaded(before=before, after=house.book.revision, differences=differences)


def _files(database: Database, seal: Seal, name: str) -> Mapping[str, bytes]:
    """Give the files of the set before; none when there was none, or when it cannot be read any more."""
    try:
        with database.read() as connection:
            return revision_files(connection, seal, name)
    except (LookupError, ValueError):
        return {}


def marks_of(root: Path) -> Marks:
    """Note time and size of every file below the folders of the set."""
    found = {}
    for path in (path for name in _WATCHED for path in (root / name).rglob("*")):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # an editor's own file that came and went
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith("~"):
            found[path] = (stat.st_mtime_ns, stat.st_size)
    return found


class Watch:
    """Reload by itself whenever the files have changed and are quiet again; what is wrong is told and changes nothing."""

    def __init__(self, settings: Settings, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._say = say
        self._closed = Event()
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to watch; what stands there now is taken for known."""
        self._known = marks_of(self._settings.project)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more; a reload under way is finished first."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        last = self._known
        while not self._closed.wait(_LOOK):
            now = marks_of(self._settings.project)
            if now == last != self._known:
                self._known = now
                self._reload()
            last = now

    def _reload(self) -> None:
        begun = time.monotonic()
        self._say("files have changed; they are checked and loaded")
        try:
            done = reload_files(self._settings)
        except EngineError as problem:
            self._say(f"{problem}\nnothing has changed: the engine works on with the files as they were")
        else:
            self._say(f"{done}\n(checked in {time.monotonic() - begun:.1f} s)")

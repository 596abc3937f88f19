"""Unpack the sets of files that the store keeps, one private folder below the data directory for each, proved by its hash."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engine.channels.revision import digests_of, revision_in, revision_of
from engine.errors import ConfigError, Fault
from engine.settings import Settings
from engine.store.database import Database
from engine.store.revisions import current_revision, revision_files
from engine.store.sealing import Seal


def current(database: Database) -> str:
    """Name the current set, empty when the store keeps none yet; raises TryAgain."""
    with database.read() as connection:
        return current_revision(connection)


def folder_of(settings: Settings, database: Database, seal: Seal, name: str) -> Path:
    """Give the folder of a set that the store keeps, unpacked when it is not there or not what it should be.

    Raises LookupError for a set that is not kept, ConfigError (CFG-063) when what is kept is another one.
    """
    folder = _top(settings) / name
    if folder.is_dir() and revision_in(folder) == name:
        return folder
    with database.read() as connection:
        files = revision_files(connection, seal, name)
    return unpack(settings, name, files)


def unpack(settings: Settings, name: str, files: Mapping[str, bytes]) -> Path:
    """Write a set of files into its folder, whole or not at all; raises ConfigError (CFG-063) when they do not have that hash."""
    if revision_of(digests_of(files)) != name or any(_leaves(path) for path in files):
        words = f"the files kept as revision {name} are not those of that revision"
        raise ConfigError([Fault(file="store", line=0, column=0, code="CFG-063", message=words)])
    top = _top(settings)
    top.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = top / name
    if folder.is_dir() and revision_in(folder) == name:
        return folder
    with tempfile.TemporaryDirectory(dir=top, prefix=".unpacking-") as work:
        fresh = Path(work) / "fresh"
        for path, content in files.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_bytes(content)
        _put(fresh, folder, Path(work) / "stale", name)
    return folder


def _put(fresh: Path, folder: Path, stale: Path, name: str) -> None:
    """Move a finished folder into its place; another process that was quicker is as good."""
    if folder.exists() and revision_in(folder) != name:
        folder.rename(stale)
    try:
        fresh.rename(folder)
    except OSError:
        if revision_in(folder) != name:
            raise


def forget_others(settings: Settings, name: str) -> None:
    """Remove the folders of all other sets, when no process works with one: before the first is started."""
    for folder in _top(settings).iterdir():
        if folder.name != name:
            shutil.rmtree(folder, ignore_errors=True)


def changed_meanwhile() -> ConfigError:
    """Say that a set of files was being written while it was read."""
    words = "files were changed while they were being checked; run the command again when they are whole"
    return ConfigError([Fault(file=".", line=0, column=0, code="CFG-064", message=words)])


def _top(settings: Settings) -> Path:
    return settings.data.resolve() / "revisions"


def _leaves(path: str) -> bool:
    pure = PurePosixPath(path)
    return pure.is_absolute() or ".." in pure.parts

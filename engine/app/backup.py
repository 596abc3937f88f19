"""Take a backup of the store while the engine runs, and put one back on an empty machine."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from engine.app.cellar import open_database, open_seal
from engine.app.checking import differences
from engine.errors import ZIP_DAMAGE, ConfigError, Fault
from engine.services.audit import Audit, changed
from engine.settings import Settings
from engine.store.database import Connection, default_url
from engine.store.dump import Damaged, Manifest, Told, dump, load, read_manifest, read_secret
from engine.store.migrations import build, has_tables, migrate


class NotRestored(Exception):
    """A backup was not put back, and nothing was changed; the words say why."""


def take_backup(settings: Settings, target: Path, told: Told, *, with_secrets: bool) -> Manifest:
    """Write all that the store holds at one moment into a new file (0600) that appears only when it is whole.

    Raises TryAgain when the store is away, ConfigError (CFG-062) when its key is not there, FileExistsError when `target` is.
    """
    if target.exists():
        raise FileExistsError(target)
    if not settings.database and not (settings.data / "changbai.db").is_file():
        raise ConfigError([_fault(default_url(settings.data), "there is no store here to take a backup of")])
    with contextlib.closing(open_database(settings)) as database:
        open_seal(database, settings)
        secrets = _secrets(settings) if with_secrets else {}
        with _appearing(target) as file:
            manifest = dump(database, file, secrets, told)
        with database.write() as connection:
            Audit().write(connection, [changed("backup", subject=target.name)])
    return manifest


def put_back(settings: Settings, source: Path, told: Told) -> tuple[Manifest, list[str]]:
    """Fill an empty store from a backup, all or nothing, bring it to this engine's schema and compare counts with rows.

    Gives what was restored and each difference found. Raises NotRestored, TryAgain, and ConfigError (CFG-062) when
    all is restored but the key file that opens it is still missing.
    """
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _opened(source) as archive, contextlib.closing(open_database(settings)) as database:
        try:
            manifest = read_manifest(archive)
            secrets = {name: read_secret(archive, name, said) for name, said in manifest.secrets.items()}
            with database.write() as connection:
                _fill(connection, archive, manifest, told)
                # Before the commit: a store that is there without its key could not be restored once more.
                _keep_secrets(settings, secrets)
        except Damaged as problem:
            raise NotRestored(str(problem)) from problem
        migrate(database)
        open_seal(database, settings)
        with database.write() as connection:
            Audit().write(connection, [changed("restore", subject=source.name)])
        return manifest, differences(database)


def _fill(connection: Connection, archive: zipfile.ZipFile, manifest: Manifest, told: Told) -> None:
    if has_tables(connection):
        raise NotRestored("the store is not empty; restore into a new data directory or an empty database")
    try:
        build(connection, manifest.schema)
    except LookupError as problem:
        raise NotRestored(
            f"the backup has schema {manifest.schema}, which this engine does not know: install the newer one"
        ) from problem
    load(connection, archive, manifest, told)


def _secrets(settings: Settings) -> Mapping[str, bytes]:
    found = {path.name: path.read_bytes() for path in sorted(settings.secrets.glob("*")) if path.is_file()}
    return found | {"sealing.key": settings.key_path.read_bytes()}


def _keep_secrets(settings: Settings, secrets: Mapping[str, bytes]) -> None:
    """Write the secrets that came along; what is there already is another's and stays."""
    for name, content in secrets.items():
        path = settings.key_path if name == "sealing.key" else settings.secrets / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError), path.open("xb") as file:
            path.chmod(0o600)
            file.write(content)


@contextlib.contextmanager
def _appearing(target: Path) -> Iterator[IO[bytes]]:
    """Write beside the target, and give it its name when all is on the disk."""
    handle, made = tempfile.mkstemp(dir=target.resolve().parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(made, target)
    finally:
        Path(made).unlink()


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(source)
    except ZIP_DAMAGE as problem:
        raise NotRestored(f"{source} cannot be read as a backup ({type(problem).__name__})") from problem
    with archive:
        yield archive


def _fault(where: str, words: str) -> Fault:
    return Fault(file=where, line=0, column=0, code="CFG-060", message=words)

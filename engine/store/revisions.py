"""Keep the files of each set of routes that walks messages, and say which set is current."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from engine.store.database import Database
from engine.store.sealing import Seal
from engine.store.tables import revision

_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def keep_revision(
    database: Database, seal: Seal, connection: Connection, name: str, files: Mapping[str, bytes], now: datetime
) -> str:
    """Keep a set of files (path to bytes) under its hash and make it the current one, in the caller's transaction.

    Gives the name of the one that was current until now, empty when there was none. Of two at once the later one stays.
    """
    if database.dialect == "postgresql":
        # Else each of two transactions would leave its own row current: neither sees the other's.
        connection.execute(sa.text("LOCK TABLE revision IN SHARE ROW EXCLUSIVE MODE"))
    before = current_revision(connection)
    packed = seal.seal(_pack(files), table="revision", column="files", row=name)
    row = {"hash": name, "created": now, "files": packed, "current": False}
    connection.execute(database.insert_or_ignore(revision), row)
    connection.execute(sa.update(revision).where(revision.c.current, revision.c.hash != name).values(current=False))
    connection.execute(sa.update(revision).where(revision.c.hash == name).values(current=True))
    return before


def current_revision(connection: Connection) -> str:
    """Name the current revision, empty when none was kept yet."""
    return connection.execute(sa.select(revision.c.hash).where(revision.c.current)).scalar_one_or_none() or ""


def all_revisions(connection: Connection) -> list[tuple[str, datetime, bool]]:
    """List the kept sets of files, the latest first: name, when it was first kept, whether it is current."""
    query = sa.select(revision.c.hash, revision.c.created, revision.c.current).order_by(
        revision.c.created.desc(), revision.c.hash
    )
    return [(row.hash, row.created, row.current) for row in connection.execute(query)]


def is_kept(connection: Connection, name: str) -> bool:
    """Tell whether a set of files was in force here before."""
    return connection.execute(sa.select(revision.c.hash).where(revision.c.hash == name)).first() is not None


def revision_files(connection: Connection, seal: Seal, name: str, *, below: str = "") -> dict[str, bytes]:
    """Give the files of a revision, or of one folder of it; raises LookupError for an unknown one."""
    sealed = connection.execute(sa.select(revision.c.files).where(revision.c.hash == name)).scalar_one_or_none()
    if sealed is None:
        raise LookupError(f"revision {name} is not kept here")
    return _unpack(seal.open(sealed, table="revision", column="files", row=name), below)


def _pack(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path, _LONG_AGO), files[path], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _unpack(packed: bytes, below: str) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith(below)}

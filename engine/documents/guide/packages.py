"""Look into an Office package before a library opens it: how many parts, how large unpacked, no DOCTYPE in any of them."""

from __future__ import annotations

import io
import zipfile

from engine.errors import ZIP_DAMAGE

PARTS = 2_000
"""Parts of one package."""

UNPACKED = 64 * 1024 * 1024
"""Bytes of all parts unpacked."""

TAGS = 3_000_000
"""Signs of tags in all parts: what a library builds of them takes far more memory than they do."""

_TEXTS = (".xml", ".rels", ".vml")
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_CHUNK = 1024 * 1024
_ENCRYPTED = 0x1


class Bomb(Exception):
    """The package would be too large when it is opened."""


class Broken(Exception):
    """It is no package, or a part of it cannot be read."""


def look_into(content: bytes, needed: str) -> None:
    """Check a package (ECMA-376 part 2) that must have the part `needed`; raises Bomb or Broken."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            parts = package.infolist()
            if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
                raise Bomb
            if needed not in package.namelist():
                raise Broken
            _read_all(package, parts)
    except ZIP_DAMAGE as problem:
        raise Broken from problem


def _read_all(package: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> None:
    tags = 0
    for part in parts:
        if part.flag_bits & _ENCRYPTED or part.compress_type not in _PLAIN:
            raise Broken
        if not part.filename.lower().endswith(_TEXTS):
            continue
        tail = b""
        with package.open(part) as opened:
            while chunk := opened.read(_CHUNK):
                tags += chunk.count(b"<")
                if b"<!DOCTYPE" in tail + chunk or b"<!ENTITY" in tail + chunk:
                    raise Broken
                if tags > TAGS:
                    raise Bomb
                tail = chunk[-16:]

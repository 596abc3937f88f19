"""Read a posted form that may carry a file: within a bound, and in memory only, so that nothing of it is ever stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="([^"\r\n]{1,60})"')
_FILE = re.compile(rb'[;\s]filename="([^"\r\n]{0,255})"')
_MOST_PARTS = 20
MOST_FILES = 2_000
"""Parts of a form that carries files."""

_OTHERS = 16 * 1024
"""Bytes for the fields beside the long one."""


class TooLong(Exception):
    """The form is longer than its bound."""


async def read_long_form(request: Request, longest: int) -> dict[str, bytes]:
    """Read a form (RFC 7578, or urlencoded) whose long field has at most `longest` bytes; a field given twice counts once.

    Raises TooLong, and 400 for what is no form.
    """
    kind = request.headers.get("content-type", "")
    packed = not kind.lower().startswith(MULTIPART)
    body = await _body(request, (longest * 3 if packed else longest) + _OTHERS)
    fields = _urlencoded(body) if packed else multipart(body, kind)
    if any(len(value) > longest for value in fields.values()):
        raise TooLong
    return fields


async def _body(request: Request, most: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise TooLong
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLong
    return bytes(body)


def _urlencoded(body: bytes) -> dict[str, bytes]:
    try:
        # Latin-1 carries every byte through unchanged; what the bytes mean is for whoever reads the field.
        pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARTS, encoding="latin-1")
    except ValueError as error:
        raise HTTPException(400) from error
    return {name: value.encode("latin-1") for name, value in pairs}


def multipart(body: bytes, kind: str) -> dict[str, bytes]:
    """Part a multipart/form-data body into its fields; the name of a file is not looked at. Raises 400 when it is broken."""
    return {name: content for name, _, content in _pieces(body, kind, _MOST_PARTS)}


async def read_files(request: Request, longest: int) -> tuple[dict[str, str], list[tuple[str, bytes]]]:
    """Read a form (RFC 7578) of at most `longest` bytes that carries files: its fields, and the files with their names.

    Raises TooLong, and 400 for what is no form or has more than MOST_FILES parts.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith(MULTIPART):
        raise HTTPException(400)
    fields, files = {}, []
    for name, file, content in _pieces(await _body(request, longest + _OTHERS), kind, MOST_FILES):
        if file is None:
            fields[name] = content[:_OTHERS].decode("utf-8", "replace").strip()
        elif file:
            files.append((file, content))
    return fields, files


def _pieces(body: bytes, kind: str, most: int) -> Iterator[tuple[str, str | None, bytes]]:
    """Give the name of each part, the name of its file (None when it is none) and its content."""
    boundary = _BOUNDARY.search(kind)
    if boundary is None:
        raise HTTPException(400)
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(mark, most + 1)
    if len(pieces) < 2 or len(pieces) > most + 1 or not pieces[-1].startswith(b"--"):
        raise HTTPException(400)
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        name, file = _NAME.search(head), _FILE.search(head)
        if not gap or name is None:
            raise HTTPException(400)
        yield name[1].decode("utf-8", "replace"), _file_name(file[1]) if file else None, content


def _file_name(sent: bytes) -> str:
    """Give a file's name as browsers send it, without folders."""
    return sent.decode("utf-8", "replace").replace("%22", '"').replace("\\", "/").rsplit("/", 1)[-1]

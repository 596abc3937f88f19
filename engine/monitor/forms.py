"""Read a posted form that may carry a file: within a bound, and in memory only, so that nothing of it is ever stored."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="([^"\r\n]{1,60})"')
_MOST_PARTS = 20
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
    boundary = _BOUNDARY.search(kind)
    if boundary is None:
        raise HTTPException(400)
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(mark, _MOST_PARTS + 1)
    if len(pieces) < 2 or len(pieces) > _MOST_PARTS + 1 or not pieces[-1].startswith(b"--"):
        raise HTTPException(400)
    fields = {}
    for piece in pieces[1:-1]:
        head, gap, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not gap or name is None:
            raise HTTPException(400)
        fields[name[1].decode("utf-8", "replace")] = content
    return fields

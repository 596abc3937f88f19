"""Deliver to a folder below the data directory: one file for each message, whole or not there at all."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from pydantic import Field

from engine.documents.packing import pack_gzip
from engine.errors import Unavailable
from engine.message import Message
from engine.outbound.connector import Endpoint, Form, Reply, Surroundings
from engine.outbound.values import message_id

_SAFE_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,79}")
_DAY = 8


class FileEndpoint(Endpoint):
    """A folder that takes each document as a file, in one folder a day."""

    directory: str = Field(
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="数据目录下的文件夹，例如 outbox/archive · folder below the data directory",
    )
    form: Form = Field("xml", description="文件内容：xml 原文或 gzip 压缩 · content as XML or as one GZIP member")


class FileConnector:
    """Write each message as a file named by us, never by what came in."""

    def __init__(self, sheet: FileEndpoint, around: Surroundings) -> None:
        self._folder = around.data / sheet.directory
        self._form = sheet.form

    def send(self, message: Message) -> Reply:
        """Write, make durable, rename into place; a resend replaces the file by the same.

        Raises Unavailable DST-103 when the folder cannot be written.
        """
        name = _safe(message_id(message))
        content = message.document.content
        target = self._folder / name[:_DAY] / f"{name}.xml"
        if self._form == "gzip":
            target, content = target.with_suffix(".xml.gz"), pack_gzip(content)
        try:
            _place(target, content)
        except OSError as error:
            raise Unavailable("DST-103", f"文件写不进去：{error.strerror or type(error).__name__}") from error
        return Reply("已写入文件", str(target.relative_to(self._folder)))

    def close(self) -> None:
        """Hold nothing open."""


def _safe(name: str) -> str:
    """Take an id of our own form as it is; of any other only a hash becomes a file name."""
    return name if _SAFE_NAME.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()


def _place(target: Path, content: bytes) -> None:
    """Write a file so that a power cut leaves all of it or nothing, under a name that no reader takes before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.parent / f".{secrets.token_hex(8)}.part"
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    _sync_folder(target.parent.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Keep the one secret that stays outside the store: the master key, in a file for the engine's own account."""

from __future__ import annotations

import base64
import binascii
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from engine.errors import ConfigError, Fault

MASTER_BYTES = 32
_HEAD = "changbai-master-key-1"
_OTHERS = 0o077


def read_master(path: Path) -> bytes:
    """Read the master key, 32 bytes; raises ConfigError (CFG-062) for a file that is missing, open to others or no key."""
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii")
    except FileNotFoundError:
        raise _refusal(
            path,
            "the key file is not there, and what is in the store was sealed with it: copy it here from the first node or its backup, or name it by ENGINE_KEY_FILE",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _refusal(path, f"the key file cannot be read ({type(error).__name__})") from None
    if mode & _OTHERS:
        raise _refusal(path, f"others may read the key file; run: chmod 600 {path}")
    head, _, rest = text.partition("\n")
    try:
        key = base64.b64decode(rest.strip(), validate=True)
    except binascii.Error:
        key = b""
    if head != _HEAD or len(key) != MASTER_BYTES:
        raise _refusal(path, f"the file is no key file; its first line is {_HEAD}")
    return key


def make_master(path: Path) -> None:
    """Make the key file (0600) unless it is there already; of processes that start together one makes it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{_HEAD}\n{base64.b64encode(os.urandom(MASTER_BYTES)).decode()}\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(made, path)
    finally:
        Path(made).unlink()
    _make_lasting(path.parent)


def _make_lasting(folder: Path) -> None:
    """Let the new name survive a power loss: what is sealed with a lost key is lost."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refusal(path: Path, words: str) -> ConfigError:
    return ConfigError([Fault(file=str(path), line=0, column=0, code="CFG-062", message=words)])

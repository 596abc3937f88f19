"""Keep a ledger of what was answered: one JSON object a line, on the disk before anybody acts on it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Ledger:
    """One file that one process writes; with `durable` each line is synced, as a client does who must not forget a receipt."""

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self._file = path.open("ab", buffering=0)
        self._durable = durable

    def write(self, **line: Any) -> None:
        """Write a line; it is there when this returns, whoever dies afterwards."""
        self._file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        if self._durable:
            os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_ledger(path: Path) -> Iterator[dict[str, Any]]:
    """Read the lines of a ledger in the order in which they were written."""
    with path.open("rb") as opened:
        for line in opened:
            yield json.loads(line)

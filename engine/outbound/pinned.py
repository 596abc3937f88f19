"""Load a pinned WSDL with zeep: from files below one folder, never from the network."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import zeep

from engine.outbound.connector import Unfit

_DEEP = threading.Lock()


class _PinnedFiles:
    """Stand where zeep wants its transport: read files below one folder, refuse everything else."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def load(self, url: str) -> bytes:
        """Read a WSDL or schema; raises Unfit when it is not a file below the folder."""
        path = Path(url)
        if "://" in url or not path.resolve().is_relative_to(self._root):
            raise Unfit(
                "CFG-027",
                ("wsdl",),
                f"it imports {url} from outside the project; save that beside the WSDL and import it from there",
            )
        if not path.is_file():
            raise Unfit("CFG-020", ("wsdl",), f"it imports {path.name}, which is not there")
        return path.read_bytes()


def load_client(wsdl: Path, root: Path, settings: zeep.Settings) -> zeep.Client:
    """Build the client on a thread of its own: long chains of types need a deep stack, in this moment only."""
    found: list[Any] = []

    def build() -> None:
        try:
            found.append(zeep.Client(str(wsdl), transport=_PinnedFiles(root), settings=settings))
        except Exception as error:  # noqa: BLE001  handed to the thread that waits, which judges it
            found.append(error)

    with _DEEP:
        limit, size = sys.getrecursionlimit(), threading.stack_size(64 << 20)
        try:
            sys.setrecursionlimit(20_000)
            thread = threading.Thread(target=build, name="wsdl")
            thread.start()
            thread.join()
        finally:
            sys.setrecursionlimit(limit)
            threading.stack_size(size)
    if isinstance(found[0], Exception):
        raise found[0]
    client: zeep.Client = found[0]
    return client

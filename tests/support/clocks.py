"""Set the clock that an engine's processes see, as an operator or a time server sets that of a machine."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

from tests.support.clients import need


class SetClock:
    """A clock of its own for whoever runs with `environment`; it begins as the machine's."""

    def __init__(self, folder: Path) -> None:
        need("gcc")
        self._file, library = folder / "clock", folder / "clock_set.so"
        self._file.write_bytes(struct.pack("=q", 0))
        source = Path(__file__).with_name("clock_set.c")
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"], check=True, timeout=60)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_SET_FILE": str(self._file)}

    def move(self, seconds: int) -> None:
        """Set it forward by so many seconds, or back."""
        with self._file.open("r+b") as file:
            (before,) = struct.unpack("=q", file.read())
            file.seek(0)
            file.write(struct.pack("=q", before + seconds))

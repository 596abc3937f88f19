"""Let an engine's data folder become read-only while it runs, as root and as anybody else: by a library that it loads first."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.clients import need

_SOURCE = Path(__file__).with_suffix(".c")


@dataclass(frozen=True)
class ReadOnly:
    """The switch of one folder; `environment` is for the program whose writes are to fail."""

    folder: Path
    library: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "READONLY_FOLDER": str(self.folder)}

    @property
    def _mark(self) -> Path:
        return self.folder.with_name(self.folder.name + ".readonly")

    def begin(self) -> None:
        """Let every write fail from now on."""
        self._mark.touch()

    def end(self) -> None:
        """Let writes through again."""
        self._mark.unlink()


def read_only(folder: Path, work: Path) -> ReadOnly:
    """Build the library; skips aloud when there is no C compiler, fails where all is required."""
    need("gcc")
    library = work / "readonly.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(_SOURCE), "-ldl"], check=True, timeout=120)
    return ReadOnly(folder.resolve(), library)

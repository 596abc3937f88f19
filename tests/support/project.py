"""Copy the project's files so that a test may change them: routes, configuration, schemas and WSDLs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import ROOT

_QUICK = """\
{name}:
  kind: http
  about: 测试用，没有路由送到这里
  address: http://127.0.0.1:9/
  networks: ["127.0.0.1/32"]
  deadline: 1s
"""


@dataclass(frozen=True)
class Project:
    """A copy of the project below `root`."""

    root: Path

    @classmethod
    def copy(cls, root: Path) -> Project:
        """Copy what `--project` names."""
        for name in ("routes", "config", "xsd", "wsdl"):
            shutil.copytree(ROOT / name, root / name)
        return cls(root)

    @property
    def option(self) -> tuple[str, str]:
        """The option that makes a command use this copy."""
        return "--project", str(self.root)

    def change(self, file: str, old: str, new: str) -> None:
        """Change one place of a file; fails when it is not there exactly once."""
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def add(self, file: str, text: str) -> None:
        """Write at the end of a file."""
        with (self.root / file).open("a", encoding="utf-8") as open_file:
            open_file.write("\n" + text)

    def short_leases(self) -> Project:
        """Let a delivery whose worker was killed be taken up again within seconds instead of minutes."""
        self.add("config/engine.yaml", "delivery:\n  lease: 3s\n")
        self.add("config/endpoints.yaml", _QUICK.format(name="never-used"))  # the longest deadline bounds the lease
        return self

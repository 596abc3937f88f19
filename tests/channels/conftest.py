"""Build small projects of routes on real files, and share one press over the real catalogue."""

import shutil
from pathlib import Path

import pytest

from engine.channels.book import load_book
from engine.documents.press import Press
from engine.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent.parent
DESKS = ("records", "operations", "reports")
ENDPOINTS = ("archive", "referral-hospital")

GOOD = """\
about: 门诊病历上传
receive:
  service: collection
  types: [C0002]
check:
  - schema: clinical
  - rules: catalogue
send:
  - to: records
"""


class Project:
    """A project folder of its own; files are written by their path from the top."""

    def __init__(self, root: Path, press: Press) -> None:
        self.root = root
        self.press = press

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def route(self, text: str, name: str = "visit") -> None:
        self.write(f"routes/{name}/route.yaml", text)

    def book(self):
        return load_book(self.root, self.press, ENDPOINTS, DESKS)

    def faults(self):
        with pytest.raises(ConfigError) as caught:
            self.book()
        return list(caught.value.faults)

    def codes(self):
        return [fault.code for fault in self.faults()]

    def warnings(self, *but: str):
        return [w for w in self.book().warnings if w.code not in {"CFG-035", *but}]


@pytest.fixture(scope="session")
def press():
    return Press(ROOT)


@pytest.fixture
def project(tmp_path, press):
    shutil.copytree(ROOT / "xsd", tmp_path / "xsd")
    return Project(tmp_path, press)

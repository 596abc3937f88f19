"""Fill documents from templates of the generator: each with its own id, and a report with its own numbers, for a few residents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.documents.sample import sample

KINDS = ("C0002", "C0004", "C0007")
"""An outpatient record, an emergency record, and a laboratory report that goes to the outside as well, in the order of its resident."""

REPORT = "C0007"
_HOSPITAL = "PROOF-TEMPLATE"
_OWN_ID = re.compile(r'(<id root="2\.16\.156\.10011\.1\.1" extension=")([^"]*)(")')


@dataclass(frozen=True, slots=True)
class Template:
    """A document in which hospital, number and, of a report, its numbers are still to be filled in."""

    kind: str
    text: str

    def fill(self, hospital: str, number: str) -> bytes:
        """Write the document that a hospital gave this number; it becomes part of every number in it."""
        return self.text.replace("@hospital@", hospital).replace("@number@", number).encode()


def templates(kind: str, count: int) -> list[Template]:
    """Make templates of a type, each of another resident."""
    return [Template(kind, _open(kind, sample(kind, seed, institution=_HOSPITAL))) for seed in range(1, count + 1)]


def save(folder: Path, made: Sequence[Template]) -> None:
    """Write templates into a folder, from which processes that are to stay small read them."""
    for number, one in enumerate(made):
        (folder / f"{one.kind}-{number:03}.xml").write_text(one.text, encoding="utf-8")


def load(folder: Path) -> list[Template]:
    """Read the templates of a folder."""
    return [Template(path.name.split("-")[0], path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.xml"))]


def _open(kind: str, xml: bytes) -> str:
    text, times = _OWN_ID.subn(r"\g<1>@number@\g<3>", xml.decode(), count=1)
    if times != 1:
        raise ValueError("the sample's own id was not found")
    if kind == REPORT:
        from tests.support.reporting import drawn

        for key, before in drawn(kind, xml, _HOSPITAL).keys.items():
            text = text.replace(f'extension="{before}"', f'extension="@number@-{key[0]}"')
    return text.replace(_HOSPITAL, "@hospital@")

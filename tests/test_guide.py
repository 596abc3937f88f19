"""Hold the developer's guide true: its code is a piece of an example that is run, its links lead somewhere, its figures are ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.codes import CODES
from engine.inbound.collection import _ID
from engine.settings import ROOT, Settings

DOCS = ROOT / "docs"
GUIDES = ("guide.zh.md", "guide.en.md")
BLOCK = re.compile(r"^```(?P<words>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?P<to>[^)\s]+)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
CODE = re.compile(r"\b(?:SND|DST|ENG)-\d{3}\b")
PAGES = [*GUIDES, "codes.md", *sorted(p.relative_to(DOCS).as_posix() for p in (DOCS / "types").glob("*.md"))]


def blocks(name: str) -> list[tuple[str, str]]:
    """List the blocks of code of a guide with the words behind their fence."""
    return [(found["words"], found["code"]) for found in BLOCK.finditer((DOCS / name).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", GUIDES)
def test_every_piece_of_code_is_a_piece_of_the_file_it_names(name):
    shown = blocks(name)
    assert len(shown) > 20
    for words, code in shown:
        _, _, source = words.partition(" ")
        file = DOCS / source
        assert file.is_relative_to(DOCS / "examples"), words
        assert code in file.read_text(encoding="utf-8"), f"{source} does not hold:\n{code}"


def test_both_languages_show_the_same_code_in_the_same_order():
    assert blocks(GUIDES[0]) == blocks(GUIDES[1])


def anchors(path: Path) -> list[str]:
    return ANCHOR.findall(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_to_a_file_and_a_place_in_it(name):
    page = DOCS / name
    wrong = []
    for to in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, place = to.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (place and place not in anchors(target)):
            wrong.append(to)
    assert wrong == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_place_twice(name):
    found = anchors(DOCS / name)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("name", GUIDES)
def test_every_code_of_a_guide_is_one_of_ours(name):
    assert set(CODE.findall((DOCS / name).read_text(encoding="utf-8"))) <= set(CODES)


@pytest.mark.parametrize("name", GUIDES)
def test_the_limits_of_a_guide_are_the_defaults(name):
    text, limits = (DOCS / name).read_text(encoding="utf-8"), Settings().limits
    deadlines = Settings().deadlines
    for code, figures in {
        "SND-601": (f"{limits.body >> 20} MiB",),
        "SND-603": (f"{limits.unpacked >> 20} MiB",),
        "SND-604": (f"{limits.depth}",),
        "SND-605": (f"{limits.elements:,}",),
        "SND-606": (f"{limits.attributes}",),
        "SND-607": (f"{limits.text >> 20} MiB",),
        "SND-608": (f"{limits.batch_documents} ", f"{limits.batch_unpacked >> 20} MiB"),
        "SND-311": (f"{_ID} ",),
        "SND-316": (f"{deadlines.header:g} ", f"{deadlines.body:g} "),
    }.items():
        (row,) = [line for line in text.splitlines() if line.startswith("| ") and line.endswith(f"| {code} |")]
        assert all(figure in row for figure in figures), row

"""Hold the reference pages true: each equals what its models print now, and nothing undocumented is used."""

from __future__ import annotations

import re

import pytest

from engine.codes import CODES, CONFIG_CODES
from engine.reference import pages
from engine.settings import ROOT

CODE = re.compile(r'"((?:SND|DST|ENG|CFG)-[0-9]{3})"')


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_reference_page_equals_what_its_models_print(name):
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == pages()[name](), "run `make docs`"


def test_every_code_in_the_source_is_documented():
    used = {code for path in (ROOT / "engine").rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}
    assert used - set(CODES) - set(CONFIG_CODES) <= {"CFG-000"}


def test_every_page_of_docs_is_linked_from_the_readme_or_another_page():
    texts = "".join(p.read_text(encoding="utf-8") for p in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    unlinked = [p.name for p in (ROOT / "docs").iterdir() if p.is_file() and p.name not in texts]
    assert unlinked == []


def test_every_code_says_what_each_side_does():
    assert [c.code for c in CODES.values() if not (c.title and c.cause and c.sender and c.admin and c.outcome)] == []

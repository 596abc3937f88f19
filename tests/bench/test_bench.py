"""The benchmark measures what it says: a short run of the same code."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from bench.documents import numbered, pack, samples
from bench.floor import Floor
from bench.telling import percentile
from engine.documents.packing import unpack_text
from engine.settings import ROOT


def test_numbered_documents_are_all_different_and_still_valid():
    templates = samples("C0002", "H", 2)
    made = [content for (_, content), _ in zip(numbered(templates), range(6), strict=False)]
    assert len(set(made)) == 6
    floor = Floor(ROOT / "xsd/clinical/clinical-document.xsd")
    assert len({floor.receive(pack(content)) for content in made}) == 6


def test_what_is_packed_unpacks_to_the_same():
    content = samples("C0004", "H", 1)[0]
    from engine.documents.limits import Limits

    assert unpack_text(pack(content).decode(), Limits()).content == content


@pytest.mark.timeout(180)
def test_a_short_run_accepts_everything_and_reports_each_stage():
    command = [sys.executable, "run_engine.py", "bench", "--seconds", "0.5", "--database", "sqlite:///not-used.db"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=170)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("all stages on")
    runs = re.findall(r"SQLite (C000\d) .*: (\d+) accepted, (\d+) other", done.stdout)
    assert [kind for kind, _, _ in runs] == ["C0002", "C0007"]
    assert all(int(accepted) > 0 and other == "0" for _, accepted, other in runs)
    assert done.stdout.count("floors") == 4


def test_a_percentile_is_what_that_share_stays_under():
    assert percentile([number / 1000 for number in range(1000)], 0.99) == 0.99
    assert percentile([1.0], 0.99) == percentile([1.0], 1.0) == 1.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.5) == 0.0

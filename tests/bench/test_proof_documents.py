"""The proof over all documents says what it finds: a short run of the same code."""

import subprocess
import sys

import pytest

from bench.proofs import documents
from engine.settings import ROOT


@pytest.mark.timeout(120)
def test_a_short_run_finds_every_fault_and_refuses_no_sound_document():
    command = [
        sys.executable,
        "-m",
        "bench.proofs.documents",
        "59",
        "--rounds",
        "1",
        "--share",
        "40",
        "--types",
        "C0004",
        "C0015",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 types, 30 sound documents of each" in done.stdout
    assert "sound documents: 60, refused: 0, findings: 0" in done.stdout
    assert "amiss: 0" in done.stdout


def test_what_is_amiss_is_counted_and_told(monkeypatch):
    monkeypatch.setattr(documents._clinical(), "sample", lambda *_: b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>")
    outcome = documents.sound("C0002", 3)
    assert (outcome.documents, outcome.refused) == (3, 3)
    assert outcome.wrong["C0002: document.id in a sound document"] == 3

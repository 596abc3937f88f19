"""Run the examples of the developer's guide against the started engine, so that the guide cannot rot."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.clients import need
from tests.support.hospital import PASSWORD, Paper
from tests.support.stores import hospital, new_engine

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "docs" / "examples"
TOOLS = {
    "csharp": ("wsdl", "mcs", "mono"),
    "java-axis": ("java", "javac", "/usr/share/java/axis.jar"),
    "java-jaxws": ("java", "javac", "wsimport", "/usr/share/java/jaxws-rt.jar"),
    "php": ("php",),
    "node": ("node", "npm"),
    "python": (),
    "http": ("bash", "curl", "gzip", "base64"),
    "socket": (),
}
"""What each example needs: programs, or files by their path."""

GENDER = re.compile(rb'(<administrativeGenderCode code=")\d')

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(300)]


@dataclass(frozen=True)
class Example:
    """One example, copied and built."""

    work: Path
    address: str

    def run(self, number: str, good: Path, wrong: Path) -> subprocess.CompletedProcess[str]:
        """Run it as the guide says."""
        arguments = ["./run.sh", self.address, "HOSP-A", PASSWORD, number, str(good), str(wrong)]
        environment = os.environ | {"PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(arguments, cwd=self.work, env=environment, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine")) as made:
        yield made.start()
        assert made.stop() == 0


@pytest.fixture(scope="module", params=sorted(TOOLS))
def example(request, engine, tmp_path_factory):
    need(*TOOLS[request.param])
    work = tmp_path_factory.mktemp("example") / request.param
    shutil.copytree(EXAMPLES / request.param, work, ignore=shutil.ignore_patterns("node_modules"))
    address = f"{engine.services}/services/collection/HOSP-A"
    if (work / "build.sh").exists():
        built = subprocess.run(["./build.sh", address], cwd=work, capture_output=True, text=True, check=False, timeout=240)
        assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-4000:]
    return Example(work, address)


@pytest.fixture
def ours(engine):
    return hospital(engine)


def with_another_gender(paper: Paper) -> Paper:
    """Make the mistake that the guide asks its reader to make."""
    return Paper(paper.kind, f"{paper.number}-WRONG", GENDER.sub(rb"\g<1>7", paper.xml))


def test_every_example_is_run():
    assert {path.parent.name for path in EXAMPLES.glob("*/run.sh")} == set(TOOLS)


def test_an_example_uploads_asks_for_the_receipt_and_shows_what_is_wrong(example, ours, tmp_path):
    good = ours.invent(seed=uuid.uuid4().int % 10**6)
    wrong = with_another_gender(good)
    good_file, wrong_file = tmp_path / "good.xml", tmp_path / "wrong.xml"
    good_file.write_bytes(good.xml)
    wrong_file.write_bytes(wrong.xml)
    done = example.run(good.number, good_file, wrong_file)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    kept = ours.call("QueryReceipt", documentId=good.number)
    assert lines[0].startswith("accepted 0 已接收")
    assert lines[1] == f"receipt {kept['receipt']} routed"
    refused = ours.rejected(wrong)
    (issue,) = refused["issues"]
    assert lines[2].startswith(f"rejected SND-408 {refused['message']}")
    assert f"SND-408 {issue['message']}" in lines[3]
    assert lines[4] == f"{issue['path']} line {issue['line']}"
    assert lines[5:] == [issue["hint"]]


def test_an_example_whose_document_is_refused_says_so_by_its_exit_code(example, ours, tmp_path):
    wrong = with_another_gender(ours.invent(seed=uuid.uuid4().int % 10**6))
    file = tmp_path / "wrong.xml"
    file.write_bytes(wrong.xml)
    done = example.run(wrong.number, file, file)
    assert done.returncode == 1, done.stdout + done.stderr


def test_an_example_shows_a_fault(example, ours, tmp_path):
    file = tmp_path / "good.xml"
    file.write_bytes(ours.invent().xml)
    done = example.run("", file, file)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "documentId" in done.stderr
    assert done.stdout == ""

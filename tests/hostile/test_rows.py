"""Hold the list of known bad inputs complete: every number is sent here, or later for a stated reason."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.hostile import content_cases, document_cases, wire_cases
from tests.hostile.rows import BOUNDED, BOUNDS, COVERED, ELSEWHERE, LATER
from tests.support.engine import COMMAND, ROOT
from tests.support.stores import conserved

HERE = Path(__file__).parent
EVERY = {f"BI-{number:03d}" for number in range(3, 295, 3)}


def told():
    """Find the numbers that cases and tests of this folder name."""
    files = (path for path in HERE.glob("*.py") if path.name not in {"rows.py", "test_rows.py", "table.py"})
    return set(re.findall(r"BI-\d{3}", "".join(path.read_text(encoding="utf-8") for path in files)))


def test_every_number_is_covered_or_later_and_none_is_both():
    assert len(COVERED) + len(ELSEWHERE) + len(LATER) == len(EVERY)
    assert set(COVERED) | set(ELSEWHERE) | set(LATER) == EVERY
    assert set(BOUNDED) <= set(COVERED)
    assert set(BOUNDED.values()) == set(BOUNDS)
    assert len(EVERY) == 98


def test_what_is_said_to_be_covered_is_sent_and_what_is_sent_is_listed():
    assert told() | {"BI-084"} == set(COVERED)


@pytest.mark.parametrize("test", sorted({test for _, tests in ELSEWHERE.values() for test in tests}))
def test_what_is_tried_elsewhere_is_there(test):
    file, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("row", sorted(LATER))
def test_what_comes_later_says_why(row):
    description, reason = LATER[row]
    assert len(description) > 10
    assert len(reason) > 20


def test_no_two_cases_have_one_name():
    names = [str(case) for case in (*wire_cases.CASES, *content_cases.CASES, *document_cases.CASES)]
    assert len(names) - len(set(names)) == sum(name.startswith("BI-060 QualityReport") for name in names) // 2


def test_an_institution_registered_twice_stays_as_it_was(site):
    """BI-084, by the command: refused, and the first password still opens."""
    again = subprocess.run(
        [*COMMAND, "institution", "add", "HOSP-A", "--name", "另一家", "--password-stdin", "--data", str(site.engine.data)],
        input="another-password-1\n", capture_output=True, text=True, cwd=ROOT, check=False, timeout=60,
    )  # fmt: skip
    assert again.returncode != 0
    assert "HOSP-A" in again.stdout + again.stderr
    assert "Traceback" not in again.stderr
    assert site.hospital().call("Heartbeat")["contractVersion"] == "1"


def test_counts_and_rows_agree_after_all_of_this(site):
    assert conserved(site.engine)
    site.check_well()

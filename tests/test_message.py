"""Numbers that leave the house have one form and do not meet."""

import pickle
import re
import subprocess
import sys
from datetime import UTC, datetime

from engine.errors import ConfigError, Fault
from engine.message import new_receipt
from engine.settings import ROOT

MORNING = datetime(2026, 1, 5, 0, 30, tzinfo=UTC)


def test_a_receipt_is_the_day_in_shanghai_and_twelve_letters():
    assert re.fullmatch(r"20260105-[0-9a-hjkmnp-tv-z]{12}", new_receipt(MORNING))
    assert new_receipt(datetime(2026, 1, 5, 16, 0, tzinfo=UTC)).startswith("20260106-000")


def test_receipts_of_one_moment_lie_together_and_later_ones_behind_them():
    times = [MORNING.replace(hour=hour, minute=minute) for hour in range(15) for minute in (0, 20, 40)]
    receipts = [new_receipt(time) for time in times]
    assert receipts == sorted(receipts)
    assert new_receipt(MORNING)[:12] == new_receipt(MORNING)[:12]


def test_receipts_of_one_moment_differ():
    assert len({new_receipt(MORNING) for _ in range(20_000)}) == 20_000


FORKED = """
import os
from datetime import UTC, datetime
from engine.message import new_receipt, new_trace
at = datetime(2026, 1, 1, tzinfo=UTC)
for _ in range(3):
    if os.fork() == 0:
        os.write(1, f"{new_trace()} {new_receipt(at)}\\n".encode())
        os._exit(0)
for _ in range(3):
    os.wait()
"""


def test_processes_that_were_forked_from_one_draw_different_numbers():
    said = subprocess.run([sys.executable, "-c", FORKED], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert len(said) == len(set(said)) == 6


def test_faults_go_whole_from_one_process_to_another():
    told = ConfigError([Fault(file="a.yaml", line=2, column=3, code="CFG-011", message="wrong")])
    again = pickle.loads(pickle.dumps(told))  # noqa: S301 - we wrote it ourselves
    assert (again.faults, str(again)) == (told.faults, str(told))

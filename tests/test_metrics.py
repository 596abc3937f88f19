"""Hold the figures to their promise: summed over processes, never falling without a reset."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import metrics

ROOT = Path(__file__).resolve().parent.parent

CHILD = """
import sys
from pathlib import Path
from engine import metrics
metrics.open_figures(Path(sys.argv[1]), sys.argv[2])
figures = metrics.figures()
for _ in range(int(sys.argv[3])):
    figures.request("collection", "Upload", "accepted", 0.02)
    figures.message("ROUTED")
figures.delivery("referral", "SENT", 2)
figures.auth_check("right")
figures.commit(7, 0.003)
sum(n * n for n in range(400_000))
if len(sys.argv) > 4:
    print("counted", flush=True)
    sys.stdin.readline()
"""

SHOW = """
import sys
from pathlib import Path
from engine import metrics
metrics.open_figures(Path(sys.argv[1]), "monitor")
sys.stdout.buffer.write(metrics.render({"referral": 4}, {"referral": 61.5}))
"""


def child(directory, name, count):
    subprocess.run([sys.executable, "-c", CHILD, str(directory), name, str(count)], cwd=ROOT, check=True, timeout=30)


def shown(directory):
    done = subprocess.run([sys.executable, "-c", SHOW, str(directory)], cwd=ROOT, check=True, timeout=30, capture_output=True)
    rows = (re.fullmatch(r"(\S+?) (\S+)", line) for line in done.stdout.decode().splitlines() if not line.startswith("#"))
    return {row[1]: float(row[2]) for row in rows if row}


UPLOADS = 'changbai_requests_total{operation="Upload",service="collection",verdict="accepted"}'


def test_the_figures_of_all_processes_are_summed(tmp_path):
    metrics.clear_figures(tmp_path)
    child(tmp_path, "front-1", 3)
    child(tmp_path, "front-2", 4)
    figures = shown(tmp_path)
    assert figures[UPLOADS] == 7
    assert figures['changbai_request_seconds_count{service="collection"}'] == 7
    assert figures['changbai_messages_total{state="ROUTED"}'] == 7
    assert figures['changbai_deliveries_total{destination="referral",state="SENT"}'] == 4
    assert figures['changbai_auth_checks_total{verdict="right"}'] == 2
    assert figures['changbai_commit_batch_bucket{le="8.0"}'] == 2
    assert figures["changbai_commit_seconds_count"] == 2


def test_no_counter_falls_when_a_process_dies_and_starts_again(tmp_path):
    metrics.clear_figures(tmp_path)
    child(tmp_path, "front-1", 5)
    before = shown(tmp_path)
    child(tmp_path, "front-1", 1)
    after = shown(tmp_path)
    counters = [name for name in before if "_total" in name or "_count" in name or "_bucket" in name or "_sum" in name]
    assert len(counters) > 10
    for name in counters:
        assert after[name] >= before[name], name
    assert after[UPLOADS] == 6


def test_cpu_and_memory_are_told_by_process_name_while_it_lives_and_cpu_stays_after_it_died(tmp_path):
    metrics.clear_figures(tmp_path)
    command = [sys.executable, "-c", CHILD, str(tmp_path), "worker-1", "1", "wait"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout.readline() == "counted\n"
        living = shown(tmp_path)
        worker.communicate("\n", timeout=30)
    assert living['changbai_process_resident_bytes{process="worker-1"}'] > 5_000_000
    assert living['changbai_process_cpu_seconds_total{process="worker-1"}'] > 0
    dead = shown(tmp_path)
    assert 'changbai_process_resident_bytes{process="worker-1"}' not in dead
    name = 'changbai_process_cpu_seconds_total{process="worker-1"}'
    assert dead[name] >= living[name]


def test_starting_the_engine_resets_all_figures_once(tmp_path):
    child(tmp_path, "front-1", 5)
    metrics.clear_figures(tmp_path)
    figures = shown(tmp_path)
    assert UPLOADS not in figures
    assert 'changbai_process_cpu_seconds_total{process="front-1"}' not in figures


def test_what_waits_is_shown_as_the_store_says_it_now(tmp_path):
    figures = shown(tmp_path)
    assert figures['changbai_waiting{destination="referral"}'] == 4
    assert figures['changbai_oldest_waiting_seconds{destination="referral"}'] == 61.5


def test_without_a_directory_figures_are_counted_in_memory():
    figures = metrics.Figures()
    figures.message("INVALID", 3)
    assert figures.registry.get_sample_value("changbai_messages_total", {"state": "INVALID"}) == 3


def test_a_label_that_takes_ever_new_values_is_counted_as_other():
    figures = metrics.Figures()
    for number in range(1500):
        figures.delivery(f"made-up-{number}", "SENT")
    assert figures.registry.get_sample_value("changbai_deliveries_total", {"destination": "other", "state": "other"}) == 500


@pytest.mark.timeout(60)
def test_counting_a_request_costs_microseconds():
    figures = metrics.Figures()
    best = min(_micros(figures) for _ in range(5))
    assert best < 50


def _micros(figures):
    begin = time.perf_counter()
    for _ in range(1000):
        figures.request("collection", "Upload", "accepted", 0.02)
    return (time.perf_counter() - begin) * 1000

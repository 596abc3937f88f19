"""Hold the figures to their promise: summed over processes, never falling without a reset."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine import metrics
from engine.metrics.table import METRICS

ROOT = Path(__file__).resolve().parent.parent

CHILD = """
import sys
from pathlib import Path
from engine import metrics
metrics.open_figures(Path(sys.argv[1]), sys.argv[2])
figures = metrics.figures()
for _ in range(int(sys.argv[3])):
    figures.request("DataCollection", "Upload", "result", 0.02)
    figures.message("DataCollection", "C0002", "hospital", "live", "ROUTED")
figures.delivery("referral", "SENT")
figures.delivery("referral", "SENT")
figures.auth_check("right")
figures.commit(7, 0.003, 2)
figures.breaker("referral", is_open=True)
figures.connections(3, 10)
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
standing = metrics.StoreFigures(
    taken=9, held={"ROUTED": 8, "INVALID": 1}, waiting={("referral", "live"): 4}, dead={"referral": 2}, oldest={"referral": 61.5},
    errands={"order": 3}, errands_oldest={"order": 7.5},
)
sys.stdout.buffer.write(metrics.render(standing))
"""


def child(directory, name, count):
    subprocess.run([sys.executable, "-c", CHILD, str(directory), name, str(count)], cwd=ROOT, check=True, timeout=30)


def shown(directory):
    done = subprocess.run([sys.executable, "-c", SHOW, str(directory)], cwd=ROOT, check=True, timeout=30, capture_output=True)
    rows = (re.fullmatch(r"(\S+?) (\S+)", line) for line in done.stdout.decode().splitlines() if not line.startswith("#"))
    return {row[1]: float(row[2]) for row in rows if row}


UPLOADS = 'changbai_requests_total{operation="Upload",service="DataCollection",verdict="result"}'

MESSAGES = 'changbai_messages_total{kind="hospital",lane="live",outcome="ROUTED",service="DataCollection",type="C0002"}'


def test_the_figures_of_all_processes_are_summed(tmp_path):
    metrics.clear_figures(tmp_path)
    child(tmp_path, "front-1", 3)
    child(tmp_path, "front-2", 4)
    figures = shown(tmp_path)
    assert figures[UPLOADS] == 7
    assert figures['changbai_request_seconds_count{service="DataCollection"}'] == 7
    assert figures[MESSAGES] == 7
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
    assert living['changbai_breaker_open{destination="referral"}'] == 1
    assert living["changbai_commit_waiting"] == 2
    assert living["changbai_database_connections_in_use"] == 3
    assert living['changbai_process_up{process="worker-1"}'] == 1
    assert living['changbai_process_open_files{process="worker-1"}'] > 2
    assert living['changbai_process_threads{process="worker-1"}'] >= 1
    dead = shown(tmp_path)
    assert 'changbai_process_resident_bytes{process="worker-1"}' not in dead
    name = 'changbai_process_cpu_seconds_total{process="worker-1"}'
    assert dead[name] >= living[name]


def test_what_a_dead_process_had_in_hand_is_forgotten_and_its_replacement_is_counted(tmp_path):
    metrics.clear_figures(tmp_path)
    child(tmp_path, "worker-1", 1)
    child(tmp_path, "worker-1", 1)
    dead = shown(tmp_path)
    assert dead['changbai_process_up{process="worker-1"}'] == 0
    assert dead['changbai_process_starts_total{process="worker-1"}'] == 2
    assert 'changbai_breaker_open{destination="referral"}' not in dead
    assert dead["changbai_commit_waiting"] == 0, "the one that shows them waits for no commit"


def test_starting_the_engine_resets_all_figures_once(tmp_path):
    child(tmp_path, "front-1", 5)
    metrics.clear_figures(tmp_path)
    figures = shown(tmp_path)
    assert UPLOADS not in figures
    assert 'changbai_process_cpu_seconds_total{process="front-1"}' not in figures


def test_what_waits_is_shown_as_the_store_says_it_now(tmp_path):
    figures = shown(tmp_path)
    assert figures['changbai_waiting{destination="referral",lane="live"}'] == 4
    assert figures['changbai_dead{destination="referral"}'] == 2
    assert figures['changbai_oldest_waiting_seconds{destination="referral"}'] == 61.5
    assert (figures["changbai_messages_taken"], figures['changbai_messages_held{state="INVALID"}']) == (9, 1)
    assert (figures['changbai_errands_waiting{kind="order"}'], figures['changbai_errands_oldest_seconds{kind="order"}']) == (
        3,
        7.5,
    )


def test_every_figure_that_is_shown_is_in_the_table_with_its_labels(tmp_path):
    metrics.clear_figures(tmp_path)
    child(tmp_path, "front-1", 1)
    metrics.processes.note_revision(tmp_path, "front-1", "a" * 64, "b" * 64)
    series = {row: one for one in METRICS.values() for row in one.series}
    unknown = []
    for row in shown(tmp_path):
        name, _, labels = row.partition("{")
        own = set(re.findall(r'(\w+)="', labels)) - {"le"}
        if name not in series or own != set(series[name].labels):
            unknown.append(row)
    assert unknown == []


def test_every_figure_of_the_table_can_be_counted():
    figures = metrics.Figures()
    counted = {one.name for one in METRICS.values() if not one.now}
    assert {name.removesuffix("_total") for name in counted} == {family.name for family in figures.registry.collect()}


def test_names_follow_the_conventions():
    for name, one in METRICS.items():
        assert re.fullmatch(r"changbai_[a-z_]+", name)
        assert name.endswith("_total") == (one.kind == "counter"), name
        assert not set(one.labels) & {"job", "instance", "le", "quantile"}, f"{name}: Prometheus sets these itself"
        assert " · " in one.about, name
        if one.kind in ("histogram", "summary"):
            assert name.endswith(("_seconds", "_batch")), f"{name} names its unit"


def test_what_a_hospital_answers_is_no_endless_label():
    figures = metrics.Figures()
    for outcome in ("0", "200505", "DST-102", "请稍后", "x" * 40):
        figures.hospital_call("HOSP-A", "2007", outcome, 0.1)
    sample = figures.registry.get_sample_value
    assert sample("changbai_hospital_calls_total", {"function": "2007", "outcome": "other"}) == 2
    told = [
        sample("changbai_hospital_answers_total", {"institution": "HOSP-A", "result": one})
        for one in ("done", "refused", "failed")
    ]
    assert told == [1, 1, 3]


def test_without_a_directory_figures_are_counted_in_memory():
    figures = metrics.Figures()
    figures.auth_check("wrong")
    assert figures.registry.get_sample_value("changbai_auth_checks_total", {"verdict": "wrong"}) == 1


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

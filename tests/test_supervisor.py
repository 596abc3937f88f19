"""The supervisor starts its children, replaces the dead and stops all in order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from engine.settings import ROOT

CHILD = """
# Each line is one write: several children share the pipe.
import os, signal, sys, threading
from engine.supervisor import stop_with_parent, tell_ready
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
stop_with_parent(stop.set)
os.write(1, f"child {os.getpid()}\\n".encode())
tell_ready()
stop.wait()
os.write(1, f"gone {os.getpid()}\\n".encode())
"""

PARENT = """
import sys
from pathlib import Path
from engine.inhand.deaths import Deaths
from engine.supervisor import Role, Supervisor, listening_socket
from tests.support.children import run_code
listening = listening_socket("127.0.0.1", 0)
roles = [Role(name=n, main=run_code, arguments=(sys.argv[1],), sockets=(listening,)) for n in ("one", "two")]
print("port", listening.getsockname()[1], flush=True)
deaths = Deaths(Path(sys.argv[2]))
sys.exit(Supervisor(roles, drain=4, step_limit=2, deaths=deaths).run(lambda: print("ready", flush=True)))
"""


BEATING = """
import os, signal, sys, threading, time
from engine.inhand.board import Board, Place
from engine.supervisor import stop_with_parent, tell_ready
board = Board.inherited()
board.beat()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
stop_with_parent(lambda: os._exit(0))
os.write(1, f"child {os.getpid()}\\n".encode())
tell_ready()
"""

BEAT_ON = "while True: board.beat(); time.sleep(0.2)"
SILENT = BEATING + "time.sleep(60)"
WALKS_ON = BEATING + "board.begin(Place.THREAD, b'a' * 32)\n" + BEAT_ON
CRASHES = BEATING + "board.begin(Place.LOOP, b'a' * 32); board.begin(Place.THREAD, b'b' * 32); time.sleep(0.3); os.abort()"
DRAINS = BEATING + "time.sleep(1)\nboard.drain()\ntime.sleep(60)"
STUBBORN = BEATING + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + BEAT_ON
LIVES = BEATING + BEAT_ON


ASIDE = """
import sys
from engine.supervisor import aside
from tests.support.children import run_code
aside(run_code, sys.argv[1])
"""

WORKS = """
import os, sys, time
os.write(1, f"child {os.getpid()}\\n".encode())
time.sleep(1)
"""


def start(data, child=CHILD):
    command = [sys.executable, "-c", PARENT, child, str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)


def lines_until(process, word):
    """Read what is said until a line begins with the word; that line is the last."""
    said = []
    for line in process.stdout:
        said.append(line.split())
        if said[-1][0] == word:
            return said
    raise AssertionError(f"no {word}: {said}")


def alive(pid):
    return Path(f"/proc/{pid}").exists()


def test_all_are_ready_then_stopped_in_order(tmp_path):
    process = start(tmp_path)
    said = lines_until(process, "ready")
    children = [int(words[1]) for words in said if words[0] == "child"]
    assert len(children) == 2
    process.terminate()
    rest = process.communicate(timeout=20)[0].splitlines()
    assert process.returncode == 0
    assert sorted(rest) == sorted(f"gone {pid}" for pid in children)


def test_a_dead_child_is_replaced(tmp_path):
    process = start(tmp_path)
    said = lines_until(process, "ready")
    first = next(int(words[1]) for words in said if words[0] == "child")
    os.kill(first, signal.SIGKILL)
    again = int(lines_until(process, "child")[-1][1])
    assert again != first
    assert alive(again)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_children_do_not_outlive_a_supervisor_that_was_killed(tmp_path):
    process = start(tmp_path)
    said = lines_until(process, "ready")
    children = [int(words[1]) for words in said if words[0] == "child"]
    process.kill()
    rest = process.communicate(timeout=20)[0].splitlines()
    assert sorted(rest) == sorted(f"gone {pid}" for pid in children), "each stopped in order when its parent was gone"


def test_a_stopped_supervisor_listens_no_more(tmp_path):
    process = start(tmp_path)
    port = int(lines_until(process, "ready")[0][1])
    process.terminate()
    process.communicate(timeout=20)
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", port)) != 0


def children_of(process, number):
    """Read the process ids of so many children as they come, with the seconds since the first."""
    found = []
    for line in process.stdout:
        if line.startswith("child"):
            found.append((int(line.split()[1]), time.monotonic()))
        if len(found) == number:
            break
    return [pid for pid, _ in found], found[-1][1] - found[0][1]


def deaths(data):
    return {file.name: file.read_text(encoding="utf-8").splitlines() for file in (data / "deaths").glob("[0-9a-f]*")}


def ended(process):
    process.terminate()
    process.communicate(timeout=20)
    return process.returncode


def test_a_silent_child_is_killed_after_the_step_limit_and_replaced(tmp_path):
    process = start(tmp_path, SILENT)
    pids, seconds = children_of(process, 4)
    assert len(set(pids)) == 4
    assert 2 < seconds < 8
    assert not alive(pids[0])
    assert deaths(tmp_path) == {}
    assert ended(process) == 0


def test_a_walk_that_lasts_too_long_ends_its_process_and_is_noted(tmp_path):
    process = start(tmp_path, WALKS_ON)
    children_of(process, 4)
    assert ended(process) == 0
    noted = deaths(tmp_path)
    assert list(noted) == [(b"a" * 32).hex()]
    assert {line.split(maxsplit=2)[2] for line in noted[(b"a" * 32).hex()]} == {"walked too long"}


def test_a_crash_is_held_against_all_that_was_in_hand(tmp_path):
    process = start(tmp_path, CRASHES)
    children_of(process, 4)
    assert ended(process) == 0
    noted = deaths(tmp_path)
    assert set(noted) == {(b"a" * 32).hex(), (b"b" * 32).hex()}
    assert {line.split(maxsplit=2)[2] for lines in noted.values() for line in lines} == {"exit -6"}


def test_a_child_that_drains_may_take_its_time(tmp_path):
    process = start(tmp_path, DRAINS)
    pids, seconds = children_of(process, 4)
    assert len(set(pids)) == 4
    assert 1 + 4 < seconds < 12
    assert ended(process) == 0


def test_a_stopped_process_is_replaced_and_its_neighbour_is_left_alone(tmp_path):
    process = start(tmp_path, LIVES)
    pids, _ = children_of(process, 2)
    os.kill(pids[0], signal.SIGSTOP)
    (again,), _ = children_of(process, 1)
    assert again not in pids
    assert not alive(pids[0])
    assert alive(pids[1])
    assert ended(process) == 0


def test_a_supervisor_that_stood_still_itself_blames_nobody(tmp_path):
    process = start(tmp_path, LIVES)
    pids, _ = children_of(process, 2)
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for pid in (process.pid, *pids):
            os.kill(pid, number)
        time.sleep(3)
    assert all(alive(pid) for pid in pids)
    assert ended(process) == 0


def test_a_child_that_does_not_stop_is_killed_when_the_drain_is_over(tmp_path):
    process = start(tmp_path, STUBBORN)
    pids, _ = children_of(process, 2)
    time.sleep(0.5)
    began = time.monotonic()
    assert ended(process) == 0
    assert 4 <= time.monotonic() - began < 8
    assert not any(alive(pid) for pid in pids)


def test_as_many_files_may_be_opened_as_the_system_allows():
    """A thousand slow senders must not take the files away that the store needs."""
    code = "import resource as r\nfrom engine.supervisor import raise_file_limit\nraise_file_limit()\nprint(*r.getrlimit(r.RLIMIT_NOFILE))"
    limited = ["prlimit", "--nofile=256:4000", sys.executable, "-c", code]
    done = subprocess.run(limited, capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["4000", "4000"]


def aside(child):
    command = [sys.executable, "-c", ASIDE, child]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_nothing_is_left_of_a_supervisor_that_was_killed_while_it_prepared():
    process = aside(WORKS)
    lines_until(process, "child")
    process.kill()
    # Whoever is left holds the pipe open.
    assert process.communicate(timeout=30)[0] == ""


def test_what_fails_aside_is_raised_with_the_place_where_it_failed():
    said = aside("raise LookupError('not there')").communicate(timeout=30)[1]
    assert "LookupError: not there" in said
    assert "children.py" in said
    killed = aside("import os; os.kill(os.getpid(), 9)").communicate(timeout=30)[1]
    assert killed.splitlines()[-1] == "EOFError"

"""The supervisor starts its children, replaces the dead and stops all in order."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

from engine.settings import ROOT

CHILD = """
import os, signal, sys, threading
from engine.supervisor import stop_with_parent, tell_ready
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
stop_with_parent(stop.set)
print("child", os.getpid(), flush=True)
tell_ready()
stop.wait()
print("gone", os.getpid(), flush=True)
"""

PARENT = """
import sys
from engine.supervisor import Role, Supervisor, listening_socket
listening = listening_socket("127.0.0.1", 0)
roles = [Role(name=n, command=(sys.executable, "-c", sys.argv[1]), sockets=(listening,)) for n in ("one", "two")]
print("port", listening.getsockname()[1], flush=True)
sys.exit(Supervisor(roles, drain=10).run(lambda: print("ready", flush=True)))
"""


def start():
    command = [sys.executable, "-c", textwrap.dedent(PARENT), textwrap.dedent(CHILD)]
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


def test_all_are_ready_then_stopped_in_order():
    process = start()
    said = lines_until(process, "ready")
    children = [int(words[1]) for words in said if words[0] == "child"]
    assert len(children) == 2
    process.terminate()
    rest = process.communicate(timeout=20)[0].splitlines()
    assert process.returncode == 0
    assert sorted(rest) == sorted(f"gone {pid}" for pid in children)


def test_a_dead_child_is_replaced():
    process = start()
    said = lines_until(process, "ready")
    first = next(int(words[1]) for words in said if words[0] == "child")
    os.kill(first, signal.SIGKILL)
    again = int(lines_until(process, "child")[-1][1])
    assert again != first
    assert alive(again)
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_children_do_not_outlive_a_supervisor_that_was_killed():
    process = start()
    said = lines_until(process, "ready")
    children = [int(words[1]) for words in said if words[0] == "child"]
    process.kill()
    rest = process.communicate(timeout=20)[0].splitlines()
    assert sorted(rest) == sorted(f"gone {pid}" for pid in children), "each stopped in order when its parent was gone"


def test_a_stopped_supervisor_listens_no_more():
    process = start()
    port = int(lines_until(process, "ready")[0][1])
    process.terminate()
    process.communicate(timeout=20)
    with socket.socket() as caller:
        assert caller.connect_ex(("127.0.0.1", port)) != 0

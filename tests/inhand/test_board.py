"""What a process has in hand can be read from outside, also when it is dead."""

import os
import subprocess
import sys
import time

from engine.inhand.board import Board, Place, Seen, Walk, make_board, read_board
from engine.settings import ROOT

KILLED_IN_A_WALK = """
import os, signal
from engine.inhand.board import Board, Place
board = Board.inherited()
board.beat()
board.begin(Place.LOOP, b"a" * 32)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_board_shows_the_walks_in_hand_and_forgets_those_that_are_over():
    descriptor, _ = make_board("test")
    now = iter(range(1, 9))
    board = Board(descriptor, clock=lambda: float(next(now)))
    assert read_board(descriptor) == Seen(0.0, 0.0, ())
    board.beat()
    board.begin(Place.LOOP, b"a" * 32)
    board.begin(Place.THREAD, b"b" * 32)
    assert read_board(descriptor) == Seen(1.0, 0.0, (Walk(2.0, b"a" * 32), Walk(3.0, b"b" * 32)))
    board.over(Place.LOOP)
    board.drain()
    assert read_board(descriptor) == Seen(1.0, 4.0, (Walk(3.0, b"b" * 32),))
    os.close(descriptor)


def test_what_a_killed_process_had_in_hand_is_still_there():
    descriptor, named = make_board("test")
    before = time.monotonic()
    command = [sys.executable, "-c", KILLED_IN_A_WALK]
    done = subprocess.run(command, env=os.environ | {named: str(descriptor)}, pass_fds=[descriptor], cwd=ROOT, check=False)
    seen = read_board(descriptor)
    assert done.returncode == -9
    assert [walk.digest for walk in seen.walks] == [b"a" * 32]
    assert before < seen.beat <= seen.walks[0].began < time.monotonic()
    os.close(descriptor)


def test_a_process_without_a_supervisor_has_a_board_that_nobody_reads(monkeypatch):
    monkeypatch.delenv("ENGINE_BOARD_FD", raising=False)
    board = Board.inherited()
    board.begin(Place.LOOP, b"a" * 32)
    board.over(Place.LOOP)

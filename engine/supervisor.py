"""Keep the engine's processes alive: start them, end the silent, replace the dead, stop all in order."""

from __future__ import annotations

import multiprocessing
import os
import resource
import selectors
import signal
import socket
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import Any, TypeVar

from engine.inhand.board import NO_DIGEST, Seen, Walk, make_board, read_board
from engine.inhand.deaths import Deaths
from engine.log import get_logger

_LOG = get_logger("supervisor")
_FIRST_WAIT, _LONGEST_WAIT, _STEADY = 0.5, 30.0, 60.0
_LOOK = 1.0
_SLACK = 1.0
"""Seconds by which the last beat may be older than the walk that ended the beats: the walk is to be named."""
READY = b"R"
_MOST_FILES = 65536

_FORKS = multiprocessing.get_context("forkserver")
"""One process loads the code, and every child is forked from it: what is loaded once costs time and memory once."""

R = TypeVar("R")


def load_early(modules: Sequence[str]) -> None:
    """Name the modules that children need; they are loaded before the first child is wanted."""
    _FORKS.set_forkserver_preload(list(modules))


def aside(act: Callable[..., R], *arguments: object) -> R:
    """Do something in a child and give what it gives, or raise what it raises: what it loads does not stay with us.

    The child waits for nothing that we send, so that it ends by itself when we are gone. Raises EOFError when it was killed.
    """
    here, there = _FORKS.Pipe(duplex=False)
    child = _FORKS.Process(target=_answer, args=(there, act, arguments))
    child.start()
    there.close()
    try:
        result, error = here.recv()
    finally:
        here.close()
        child.join()
    if error is not None:
        raise error
    answered: R = result
    return answered


def _answer(there: Connection, act: Callable[..., object], arguments: tuple[object, ...]) -> None:
    said: tuple[object, Exception | None]
    try:
        said = (act(*arguments), None)
    except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
        error.add_note(traceback.format_exc())
        said = (None, error)
    with suppress(BrokenPipeError):
        there.send(said)


class Inherited:
    """A descriptor on its way to a child, where it arrives as a number."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __reduce__(self) -> tuple[Callable[[Any], int], tuple[object]]:
        return _arrived, (DupFd(self._descriptor),)


def _arrived(handed: Any) -> int:
    descriptor: int = handed.detach()
    return descriptor


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """One process to keep: its name, what it does with which arguments, and the listening sockets it inherits.

    `main` is called in the child with the arguments and then the descriptors of the sockets; all of them can be pickled.
    """

    name: str
    main: Callable[..., object]
    arguments: tuple[object, ...] = ()
    sockets: tuple[socket.socket, ...] = ()


def _be(role: str, environment: Mapping[str, Inherited], main: Callable[..., object], arguments: tuple[object, ...]) -> None:
    """Be a child: under its own name, with no terminal of its parent's, told by descriptors as if it had been executed."""
    os.setsid()
    with suppress(OSError):
        Path("/proc/self/comm").write_text(role, encoding="ascii")
    os.environ.update({name: str(descriptor) for name, descriptor in environment.items()})
    main(*arguments)


@dataclass(slots=True)
class _Child:
    role: Role
    process: ForkServerProcess
    life: int
    board: int
    started: float
    is_ready: bool = False
    ended: str = ""
    guilty: tuple[Walk, ...] = ()


class Supervisor:
    """Start every role, tell when all are ready, replace whoever dies, and end whoever is silent.

    A ready child that beats on its board is killed when it is silent, or takes for one step of a walk, more than
    `step_limit` seconds; one that drains has `drain` seconds. What was in hand at a death is noted in `deaths`.
    A child writes READY to the descriptor named by ENGINE_READY_FD once it serves, and stops in
    order when the descriptor named by ENGINE_LIFE_FD reaches its end: children never outlive us.
    """

    def __init__(self, roles: Sequence[Role], *, drain: float, step_limit: float, deaths: Deaths) -> None:
        self._roles = roles
        self._drain = drain
        self._step_limit = step_limit
        self._deaths = deaths
        self._looked = self._awake = time.monotonic()
        self._children: dict[str, _Child] = {}
        self._again: dict[str, tuple[float, float]] = {}
        self._waits: dict[str, float] = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = False

    def run(self, when_ready: Callable[[], None]) -> int:
        """Start all roles, call `when_ready` once all serve, watch until SIGTERM or SIGINT; return the exit code."""
        self._listen_to_signals()
        for role in self._roles:
            self._start(role)
        announced = False
        while not self._stopping:
            self._turn()
            if not announced and len(self._children) == len(self._roles) and all(c.is_ready for c in self._children.values()):
                announced = True
                when_ready()
        return self._stop_all()

    def _listen_to_signals(self) -> None:
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        self._selector.register(wake_read, selectors.EVENT_READ, None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _turn(self) -> None:
        look = time.monotonic() + min(_LOOK, self._step_limit / 4)
        soonest = min((at for at, _ in self._again.values()), default=look)
        sentinels = {child.process.sentinel for child in self._children.values()}
        for key, _ in self._selector.select(max(0.0, min(soonest, look) - time.monotonic())):
            if key.fileobj not in sentinels:
                self._read(key.fileobj, key.data)
        self._end_the_silent()
        self._replace_the_dead()
        self._start_those_due()

    def _read(self, descriptor: object, name: str | None) -> None:
        if not isinstance(descriptor, int):
            return
        words = os.read(descriptor, 4096)
        if name is None:
            return
        if READY in words and name in self._children:
            self._note_ready(self._children[name])
        if not words:
            self._selector.unregister(descriptor)
            os.close(descriptor)

    def _note_ready(self, child: _Child) -> None:
        child.is_ready = True
        seconds = round(time.monotonic() - child.started, 1)
        _LOG.info("process ready", child=child.role.name, pid=child.process.pid, seconds=seconds)

    def _start(self, role: Role) -> None:
        ready_read, ready_write = os.pipe()
        life_read, life_write = os.pipe()
        board, named = make_board(role.name)
        handed = {"ENGINE_READY_FD": ready_write, "ENGINE_LIFE_FD": life_read, named: board}
        process = _FORKS.Process(
            target=_be,
            name=role.name,
            args=(
                role.name,
                {name: Inherited(descriptor) for name, descriptor in handed.items()},
                role.main,
                (*role.arguments, *(Inherited(each.fileno()) for each in role.sockets)),
            ),
        )
        process.start()
        os.close(ready_write)
        os.close(life_read)
        self._selector.register(ready_read, selectors.EVENT_READ, role.name)
        self._selector.register(process.sentinel, selectors.EVENT_READ)
        self._children[role.name] = _Child(role, process, life_write, board, time.monotonic())
        _LOG.info("process started", child=role.name, pid=process.pid)

    def _end_the_silent(self) -> None:
        now = time.monotonic()
        if now - self._looked > self._step_limit / 2:
            # The whole machine stood still, we too: nobody is to blame for that time.
            self._awake = now
        self._looked = now
        for child in self._children.values():
            if not child.is_ready or child.ended or self._stopping:
                continue
            seen = read_board(child.board)
            child.guilty = tuple(walk for walk in seen.walks if self._too_long(walk.began, now))
            child.ended = self._reason(child, seen, now)
            if child.ended:
                _LOG.error("process killed", child=child.role.name, pid=child.process.pid, reason=child.ended)
                child.process.kill()

    def _reason(self, child: _Child, seen: Seen, now: float) -> str:
        """Say why a child is to be killed, "" when it is not; one that never beat is not watched."""
        if seen.draining:
            return "drained too long" if now - max(seen.draining, self._awake) > self._drain else ""
        if child.guilty:
            return "walked too long"
        return "silent" if seen.beat and self._too_long(seen.beat + _SLACK, now) else ""

    def _too_long(self, since: float, now: float) -> bool:
        return now - max(since, self._awake) > self._step_limit

    def _replace_the_dead(self) -> None:
        for name, child in list(self._children.items()):
            code = child.process.exitcode
            if code is None or self._stopping:
                continue
            in_hand = self._note_death(child)
            self._selector.unregister(child.process.sentinel)
            child.process.close()
            os.close(child.life)
            os.close(child.board)
            del self._children[name]
            # Whom we ended did not fail to start: it is wanted back soon.
            steady = child.ended or time.monotonic() - child.started > _STEADY
            wait = _FIRST_WAIT if steady else min(self._waits.get(name, _FIRST_WAIT / 2) * 2, _LONGEST_WAIT)
            self._waits[name] = wait
            self._again[name] = (time.monotonic() + wait, wait)
            _LOG.error("process died", child=name, exit=code, again_in=wait, in_hand=in_hand)

    def _note_death(self, child: _Child) -> dict[str, int]:
        """Hold a death against the walks that lasted too long, else against all in hand; returns the deaths of each."""
        walks = child.guilty or read_board(child.board).walks
        why = child.ended or f"exit {child.process.exitcode}"
        noted = {}
        for digest in {walk.digest for walk in walks} - {NO_DIGEST}:
            try:
                noted[digest.hex()] = self._deaths.note(digest, child.role.name, why)
            except OSError as problem:
                # A disk that is full must not end the supervisor; the document may cost one more death.
                _LOG.error("death not noted", digest=digest.hex(), error=type(problem).__name__)
        return noted

    def _start_those_due(self) -> None:
        now = time.monotonic()
        due = [name for name, (at, _) in self._again.items() if at <= now]
        for role in self._roles:
            if role.name in due and not self._stopping:
                del self._again[role.name]
                self._start(role)

    def _stop_all(self) -> int:
        _LOG.info("stopping", children=len(self._children))
        for child in self._children.values():
            child.process.terminate()
        for role in self._roles:
            for listening in role.sockets:
                # Else callers would be connected to a socket that nobody answers any more.
                listening.close()
        deadline = time.monotonic() + self._drain
        for child in self._children.values():
            child.process.join(max(0.1, deadline - time.monotonic()))
            if child.process.is_alive():
                _LOG.error("process did not stop in time", child=child.role.name)
                child.ended = "drained too long"
                child.process.kill()
                child.process.join()
                self._note_death(child)
            os.close(child.life)
            os.close(child.board)
        _LOG.info("stopped")
        return 0


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the system allows, at most 65,536: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def listening_socket(host: str, port: int) -> socket.socket:
    """Open the socket that the children will share; raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((host, port))
    opened.listen(2048)
    opened.set_inheritable(True)
    return opened


def tell_ready() -> None:
    """Tell the supervisor that this process serves; does nothing when there is none."""
    descriptor = os.environ.pop("ENGINE_READY_FD", "")
    if descriptor:
        os.write(int(descriptor), READY)
        os.close(int(descriptor))


def stop_with_parent(stop: Callable[[], object]) -> None:
    """Call `stop` from a thread when the supervisor is gone; does nothing when there is none."""
    descriptor = os.environ.pop("ENGINE_LIFE_FD", "")
    if not descriptor:
        return
    from threading import Thread

    def watch() -> None:
        os.read(int(descriptor), 1)
        stop()

    Thread(target=watch, name="life", daemon=True).start()

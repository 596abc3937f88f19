"""Keep the engine's processes alive: start them, replace the dead, stop all in order."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.log import get_logger

_LOG = get_logger("supervisor")
_FIRST_WAIT, _LONGEST_WAIT, _STEADY = 0.5, 30.0, 60.0
READY = b"R"


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """One process to keep: its name, its command, and the listening sockets it inherits."""

    name: str
    command: tuple[str, ...]
    sockets: tuple[socket.socket, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Child:
    role: Role
    process: subprocess.Popen[bytes]
    ready: int
    life: int
    started: float
    is_ready: bool = False


class Supervisor:
    """Start every role, tell when all are ready, and replace whoever dies.

    A child writes READY to the descriptor named by ENGINE_READY_FD once it serves, and stops in
    order when the descriptor named by ENGINE_LIFE_FD reaches its end: children never outlive us.
    """

    def __init__(self, roles: Sequence[Role], *, drain: float, on_death: Callable[[str], None] | None = None) -> None:
        self._roles = roles
        self._drain = drain
        self._on_death = on_death
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
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask_to_stop(self, *_: object) -> None:
        self._stopping = True

    def _turn(self) -> None:
        soonest = min((at for at, _ in self._again.values()), default=None)
        wait = None if soonest is None else max(0.0, soonest - time.monotonic())
        for key, _ in self._selector.select(wait):
            self._read(key.fileobj, key.data)
        self._replace_the_dead()
        self._start_those_due()

    def _read(self, descriptor: object, name: str | None) -> None:
        if not isinstance(descriptor, int):
            return
        words = os.read(descriptor, 4096)
        if name is None:
            return
        if READY in words and name in self._children:
            self._children[name].is_ready = True
        if not words:
            self._selector.unregister(descriptor)
            os.close(descriptor)

    def _start(self, role: Role) -> None:
        ready_read, ready_write = os.pipe()
        life_read, life_write = os.pipe()
        listening = [s.fileno() for s in role.sockets]
        environment = dict(os.environ) | dict(role.environment)
        environment |= {"ENGINE_READY_FD": str(ready_write), "ENGINE_LIFE_FD": str(life_read)}
        process = subprocess.Popen(
            role.command, env=environment, pass_fds=[ready_write, life_read, *listening], start_new_session=True
        )
        os.close(ready_write)
        os.close(life_read)
        self._selector.register(ready_read, selectors.EVENT_READ, role.name)
        self._children[role.name] = _Child(role, process, ready_read, life_write, time.monotonic())
        _LOG.info("process started", child=role.name, pid=process.pid)

    def _replace_the_dead(self) -> None:
        for name, child in list(self._children.items()):
            code = child.process.poll()
            if code is None or self._stopping:
                continue
            os.close(child.life)
            del self._children[name]
            lived = time.monotonic() - child.started
            wait = _FIRST_WAIT if lived > _STEADY else min(self._waits.get(name, _FIRST_WAIT / 2) * 2, _LONGEST_WAIT)
            self._waits[name] = wait
            self._again[name] = (time.monotonic() + wait, wait)
            _LOG.error("process died", child=name, exit=code, again_in=wait)
            if self._on_death:
                self._on_death(name)

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
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _LOG.error("process did not stop in time", child=child.role.name)
                child.process.kill()
                child.process.wait()
            os.close(child.life)
        _LOG.info("stopped")
        return 0


def listening_socket(host: str, port: int) -> socket.socket:
    """Open the socket that the children will share; raises OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((host, port))
    opened.listen(2048)
    opened.set_inheritable(True)
    return opened


def child_command(root: str, role: str, *arguments: str) -> tuple[str, ...]:
    """Write the command line of a child process."""
    return (sys.executable, root, "child", role, *arguments)


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

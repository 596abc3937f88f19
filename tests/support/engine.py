"""Start the real engine as a user does, on free ports and its own data directory, and stop it again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent.parent
COMMAND = (sys.executable, str(ROOT / "run_engine.py"))
_ADDRESS = re.compile(r"https?://[0-9.]+:[0-9]+")


@dataclass
class Engine:
    """A running engine: addresses without a slash at the end, and the process of its supervisor."""

    data: Path
    database: str = ""
    extra: tuple[str, ...] = ()
    services: str = ""
    monitor: str = ""
    password: str = ""
    second_factor: str = "none"
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    said: list[str] = field(default_factory=list)

    def start(self, wait: float = 180.0) -> Engine:
        """Run `run_engine.py run` and wait until it says that it is ready."""
        self.said.clear()
        command = [*COMMAND, "run", "--port", "0", "--monitor-port", "0", *self._where(), *self.extra]
        errors = (self.data / "engine.log").open("ab")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT, env=self._environment()
        )
        lines: Queue[str | None] = Queue()
        Thread(target=self._read, args=(self.process, lines), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=wait)
            except Empty:
                line = None
            if line is None:
                log = (self.data / "engine.log").read_text(encoding="utf-8")[-4000:]
                raise AssertionError(f"the engine did not become ready:\n{''.join(self.said)}\n{log}")
            self._note(line)
            if line.startswith("ready"):
                return self

    def _read(self, process: subprocess.Popen[str], lines: Queue[str | None]) -> None:
        for line in process.stdout or ():
            self.said.append(line)
            lines.put(line)
        lines.put(None)

    def _note(self, line: str) -> None:
        found = _ADDRESS.search(line)
        if found and line.startswith("services"):
            self.services = found[0]
        if found and line.startswith("monitor"):
            self.monitor = found[0]
        if line.startswith("monitor password"):
            self.password = line.rsplit(maxsplit=1)[-1]

    @property
    def pid(self) -> int:
        """The process id of the supervisor."""
        assert self.process is not None
        return self.process.pid

    def children(self, role: str) -> list[int]:
        """Give the process ids of the fronts, workers and so on that were started last, as the log tells them."""
        with (self.data / "engine.log").open(encoding="utf-8") as log:
            started = [json.loads(line) for line in log if '"event":"process started"' in line]
        return list({one["child"]: one["pid"] for one in started if one["child"].split("-")[0] == role}.values())

    def stop(self, number: int = signal.SIGTERM, wait: float = 40.0) -> int:
        """End the engine by a signal and wait until it is gone; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(wait)
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None
        return code

    def command(self, *arguments: str, given: str | None = None) -> str:
        """Run another command of the engine on the same data; returns what it printed."""
        done = subprocess.run(
            [*COMMAND, *arguments, *self._where()],
            input=given,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self._environment(),
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def institution(self, code: str, password: str, kind: str = "hospital") -> None:
        """Register an approved institution with this password."""
        self.command(
            "institution", "add", code, "--name", f"测试机构 {code}", "--kind", kind, "--password-stdin", given=password + "\n"
        )

    def _where(self) -> list[str]:
        return ["--data", str(self.data), *(["--database", self.database] if self.database else [])]

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ENGINE_")}
        return kept | {"ENGINE_SECOND_FACTOR": self.second_factor} | self.environment

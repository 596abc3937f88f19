"""A PostgreSQL server of a test's own, and a host beside it that the network can be taken from (network namespaces; root)."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_BIN = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), Path("/nowhere"))
_US, _THEM = "10.213.77.1", "10.213.77.2"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _need_root() -> None:
    if os.geteuid() != 0 or not shutil.which("ip") or not (_BIN / "initdb").exists():
        pytest.skip("needs root, ip and the programs of a PostgreSQL server")
    if subprocess.run(["ip", "netns", "add", "changbai-probe"], capture_output=True, check=False).returncode:
        pytest.skip("network namespaces cannot be made here")
    _run("ip", "netns", "del", "changbai-probe")


class Far:
    """A host of its own: `inside` puts a command there, `cut` and `heal` take its network and give it back."""

    def __init__(self) -> None:
        self.name = f"chb{secrets.token_hex(3)}"
        self._link = f"v{self.name}"
        _run("ip", "netns", "add", self.name)
        _run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "far", "netns", self.name)
        _run("ip", "addr", "add", f"{_US}/30", "dev", self._link)
        _run("ip", "link", "set", self._link, "up")
        for command in (("addr", "add", f"{_THEM}/30", "dev", "far"), ("link", "set", "far", "up"), ("link", "set", "lo", "up")):
            _run("ip", "-n", self.name, *command)

    def inside(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]

    def cut(self) -> None:
        """Lose every packet, as a pulled cable does: nobody is told."""
        _run("ip", "-n", self.name, "link", "set", "far", "down")

    def heal(self) -> None:
        _run("ip", "-n", self.name, "link", "set", "far", "up")

    def close(self) -> None:
        _run("ip", "netns", "del", self.name)


@contextmanager
def far_host() -> Iterator[tuple[Far, str]]:
    """Give a host that can be cut off, and the address of a PostgreSQL database that it and we reach; skips without root."""
    _need_root()
    far = Far()
    folder = Path(tempfile.mkdtemp(prefix="changbai-far-"))
    shutil.chown(folder, "postgres")
    try:
        with _server(folder) as address:
            yield far, address
    finally:
        far.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    us = ("runuser", "-u", "postgres", "--")
    data = folder / "data"
    _run(*us, str(_BIN / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "-N")
    with (data / "pg_hba.conf").open("a", encoding="ascii") as rules:
        rules.write(f"host all all {_US}/30 trust\n")
    port = str(20_000 + secrets.randbelow(10_000))
    command = [
        *us,
        str(_BIN / "postgres"),
        "-D",
        str(data),
        "-p",
        port,
        "-k",
        str(folder),
        "-c",
        f"listen_addresses={_US}",
        "-c",
        "fsync=off",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"postgresql://postgres@{_US}:{port}/postgres"
    try:
        _until_there(address)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _until_there(address: str, within: float = 30.0) -> None:
    end = time.monotonic() + within
    while True:
        try:
            psycopg.connect(address, connect_timeout=2).close()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return

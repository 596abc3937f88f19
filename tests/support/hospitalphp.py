"""Run the hospital that PHP's SoapServer makes of HospitalService.wsdl."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.clients import HERE, Php

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def php_hospital(work: Path, *, profile: str, sign_key: str, key: str, wsdl: str) -> Iterator[str]:
    """Give the address of a running server; skips aloud where PHP or its SOAP is missing."""
    Php(work)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ, "HOSPITAL_PROFILE": profile, "HOSPITAL_SIGN_KEY": sign_key, "HOSPITAL_KEY": key,
        "HOSPITAL_WSDL": str(ROOT / wsdl),
    }  # fmt: skip
    command = ["php", "-S", f"127.0.0.1:{port}", str(HERE / "hospital-php/server.php")]
    with (work / "php.log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _until_it_listens(server, port, work / "php.log")
        yield f"http://127.0.0.1:{port}/HospitalService"
    finally:
        server.terminate()
        server.wait(10)


def _until_it_listens(server: subprocess.Popen, port: int, log: Path) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text(encoding="utf-8")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("PHP does not listen")

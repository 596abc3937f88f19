"""Build and run SOAP clients of other stacks: PHP ext-soap, node soap, gSOAP."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent.parent / "clients"
REQUIRED = os.environ.get("ENGINE_REQUIRE_ALL") == "1"


def need(*programs: str) -> None:
    """Skip aloud when a program, or a file named by its path, is missing; fail where everything is required."""
    missing = [p for p in programs if not (Path(p).exists() if p.startswith("/") else shutil.which(p))]
    if not missing:
        return
    words = f"not on this machine: {', '.join(missing)}"
    if REQUIRED:
        pytest.fail(words)
    pytest.skip(words)


def run_json(command: list[str], cwd: Path | None = None) -> dict[str, Any]:
    """Run a client that prints JSON."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False, timeout=60)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


class Php:
    """ext-soap with a WS-Security password token."""

    def __init__(self, work: Path) -> None:
        need("php")
        modules = subprocess.run(["php", "-m"], capture_output=True, text=True, check=True).stdout
        if "soap" not in modules.split():
            if REQUIRED:
                pytest.fail("PHP is here without ext-soap")
            pytest.skip("PHP is here without ext-soap")

    def upload(self, wsdl: str, user: str, password: str, kind: str, document_id: str, file: Path) -> dict[str, Any]:
        return run_json(["php", str(HERE / "php/upload.php"), wsdl, user, password, kind, document_id, str(file)])


class Node:
    """The npm package soap with a WS-Security password token."""

    def __init__(self, work: Path) -> None:
        need("node", "npm")
        self.work = work / "node"
        shutil.copytree(HERE / "node", self.work, ignore=shutil.ignore_patterns("node_modules"))
        subprocess.run(
            ["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=self.work, check=True, timeout=300, capture_output=True
        )

    def upload(self, wsdl: str, user: str, password: str, kind: str, document_id: str, file: Path) -> dict[str, Any]:
        return run_json(["node", "upload.js", wsdl, user, password, kind, document_id, str(file)], cwd=self.work)


class Gsoap:
    """A C++ proxy that wsdl2h and soapcpp2 make from our WSDL, with HTTP Basic."""

    def __init__(self, work: Path) -> None:
        need("wsdl2h", "soapcpp2", "g++")
        self.work = work / "gsoap"
        self.work.mkdir()
        wsdl = HERE.parent.parent / "wsdl/platform/DataCollection.wsdl"
        shutil.copy(HERE / "gsoap/upload.cpp", self.work)
        imports = "/usr/share/gsoap/import"
        self._run("wsdl2h", "-P", "-o", "DataCollection.h", str(wsdl))
        self._run("soapcpp2", "-j", "-C", "-1", "-I", imports, "DataCollection.h")
        sources = ["upload.cpp", "soapC.cpp", "soapDataCollectionSoapProxy.cpp"]
        self._run("g++", "-O0", "-w", "-o", "upload", *sources, "-lgsoap++")

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self.work, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"

    def upload(self, wsdl: str, user: str, password: str, kind: str, document_id: str, file: Path) -> dict[str, Any]:
        return run_json([str(self.work / "upload"), wsdl.removesuffix("?wsdl"), user, password, kind, document_id, str(file)])

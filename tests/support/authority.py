"""Be a certificate authority with the openssl command: certificates good, early, late and revoked, and the list of those revoked."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

OPENSSL = shutil.which("openssl") or ""

_CONFIG = """\
[ca]
default_ca = ours
[ours]
database = {folder}/index.txt
serial = {folder}/serial
crlnumber = {folder}/crlnumber
new_certs_dir = {folder}
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_crl_days = 30
policy = any
copy_extensions = none
x509_extensions = leaf
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectAltName = IP:127.0.0.1
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[req]
distinguished_name = name
[name]
"""


def need_openssl() -> None:
    """Skip aloud when there is no openssl; fail where everything is required."""
    if OPENSSL:
        return
    if os.environ.get("ENGINE_REQUIRE_ALL") == "1":
        pytest.fail("no openssl here: certificates cannot be minted")
    pytest.skip("no openssl here: certificates cannot be minted")


class Authority:
    """One authority in a folder of its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir()
        self.folder = folder
        self.pem, self.list = folder / "ca.pem", folder / "list.pem"
        self._config = folder / "ca.cnf"
        self._config.write_text(_CONFIG.format(folder=folder), encoding="ascii")
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n", encoding="ascii")
        (folder / "crlnumber").write_text("01\n", encoding="ascii")
        made = ("req", "-x509", *_KEY, "-days", "30", "-subj", f"/CN={name}", "-config", str(self._config), "-extensions", "root")
        self._run(*made, "-keyout", str(folder / "ca.key"), "-out", str(self.pem))

    def mint(
        self, name: str, *, begins: timedelta = timedelta(hours=-1), ends: timedelta = timedelta(days=2)
    ) -> tuple[Path, Path]:
        """Make a certificate and its key; `begins` and `ends` count from now."""
        key, asked, pem = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        self._run(
            "req", "-new", *_KEY, "-subj", f"/CN={name}", "-config", str(self._config), "-keyout", str(key), "-out", str(asked)
        )
        now = datetime.now(UTC)
        days = [f"{now + each:%Y%m%d%H%M%SZ}" for each in (begins, ends)]
        dates = ("-startdate", days[0], "-enddate", days[1])
        self._run("ca", "-batch", "-notext", "-config", str(self._config), *dates, "-in", str(asked), "-out", str(pem))
        return pem, key

    def revoke(self, *pems: Path) -> Path:
        """Revoke certificates and write the list anew."""
        for pem in pems:
            self._run("ca", "-config", str(self._config), "-revoke", str(pem))
        self._run("ca", "-config", str(self._config), "-gencrl", "-out", str(self.list))
        return self.list

    def _run(self, *arguments: str) -> None:
        done = subprocess.run([OPENSSL, *arguments], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")

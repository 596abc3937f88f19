"""Write adapter files of invented hospitals, and the hospitals' replies, for tests of how they are called."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from html import unescape
from pathlib import Path
from typing import Any

from engine.documents.jilin.envelope import open_request, seal_reply
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.messages import read_message, write_message
from engine.outbound.adapters import Adapters, load_adapters
from engine.outbound.connector import Secrets, Surroundings
from tests.support.destination import Act, http_reply

ROOT = Path(__file__).resolve().parents[2]
SIGN, KEY = "his-a-sign-key-2026", "ABCDEFGHJKLMNPQR"
ENTRY = """\
about: 测试医院
address: {address}
networks: ["127.0.0.0/8"]
deadline: 2s
hospital-id: "22010001"
user: PLATFORM
sign-key: his-a-sign
encryption-key: his-a-key
capabilities: ["1001", "1003", "2001", "2003", "2005", "2007", "2009", "2012"]
"""
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
REPLIES: Mapping[str, Mapping[str, Any]] = {
    "1001": {"SYSDATE": "2026-11-20 09:30:00"},
    "2009": {},
    "2012": {"COUNT": "0"},
}


def keys(profile: Any = "MD5", **changes: Any) -> Keys:
    """Give the keys of the invented hospital."""
    return Keys(profile=profile, sign=SIGN, encryption=changes.pop("encryption", KEY), **changes)


def project(tmp_path: Path, **hospitals: str) -> Path:
    """Make a project folder with the adapter of each hospital (code = text), and the reference WSDLs."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "wsdl/hospital", root / "wsdl/hospital", dirs_exist_ok=True)
    for code, text in hospitals.items():
        folder = root / "config/institutions" / code
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adapter.yaml").write_text(text, encoding="utf-8")
    return root


def around(root: Path) -> Surroundings:
    """Give surroundings with the secrets that the entries name."""
    found = {"ENGINE_SECRET_HIS_A_SIGN": SIGN, "ENGINE_SECRET_HIS_A_KEY": KEY}
    return Surroundings(root=root, data=root.parent, secrets=Secrets(root.parent / "secrets", found))


def adapters(tmp_path: Path, **hospitals: str) -> tuple[Adapters, Surroundings]:
    """Load the adapters of invented hospitals."""
    root = project(tmp_path, **hospitals)
    return load_adapters(root), around(root)


def envelope(
    operation: str, sealed: bytes, *, namespace: str = "http://tempuri.org/", space: str = SOAP11, result: str = ""
) -> bytes:
    """Write the SOAP reply that holds a sealed reply as escaped text."""
    text = sealed.decode().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    name = result or f"{operation}Result"
    return (
        f'<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{space}"><s:Body><{operation}Response xmlns="{namespace}">'
        f"<{name}>{text}</{name}></{operation}Response></s:Body></s:Envelope>"
    ).encode()


def sealed_request(body: bytes) -> str:
    """Find the ROOT in a SOAP request, whatever the parameter is called."""
    found = re.search(r"&lt;ROOT.*?&lt;/ROOT&gt;", body.decode(), re.DOTALL)
    assert found, body
    return unescape(found[0])


Answer = Callable[[str, Mapping[str, Any]], tuple[str, str, Mapping[str, Any] | bytes]]


def usual(function: str, _values: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any] | bytes]:
    """Answer each function with its row of REPLIES."""
    return "0", "成功", REPLIES[function]


def hospital(
    answer: Answer = usual, *, with_keys: Keys | None = None, shape: Callable[..., bytes] = envelope, operation: str = ""
) -> Act:
    """Act as a hospital that opens what it is asked and seals what it answers."""
    mine = with_keys or keys()

    def act(sock, request) -> bool:
        asked = open_request({"PLATFORM": mine}.get, sealed_request(request.body))
        values = read_message(asked.function, "request", asked.body, complete=False) if asked.body.startswith(b"<REQ") else {}
        code, message, found = answer(asked.function, values)
        body = found if isinstance(found, bytes) else write_message(asked.function, "response", found) if found else b""
        sealed = seal_reply(mine, code, message, body, nonce=asked.nonce)
        sock.sendall(http_reply(shape(operation or "HealthCardService", sealed)))
        return True

    return act

"""Send anything to one running engine, and look at what it kept, said and logged."""

from __future__ import annotations

import base64
import gzip
import itertools
import os
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree
from sqlalchemy import func, select

from bench.processes import children_of
from engine.documents.sample import own_number, sample
from engine.store.database import Database
from engine.store.tables import body, message
from tests.support.engine import ROOT, Engine
from tests.support.hospital import PASSWORD, Hospital, Paper, plain
from tests.support.soap import TNS, Answer, call, read_answer, request

CANARY = "测试金丝雀"
TRACES = tuple(
    {
        CANARY.encode(),
        CANARY.encode("gb18030"),
        CANARY.encode("unicode_escape"),
        repr(CANARY.encode())[2:-1].encode(),
        base64.b64encode(CANARY.encode()).rstrip(b"="),
    }
)
"""The canary as it might show itself: in bytes, escaped or packed."""

INSIDE = (
    "Traceback",
    'File "',
    "sqlite",
    "SELECT ",
    "INSERT ",
    "lxml",
    "spyne",
    "sqlalchemy",
    "xmlsoap.org/dev",
    ".py",
    str(ROOT),
)
"""Words that would tell of the inside of the engine."""

HL7 = "{urn:hl7-org:v3}"
NAMES = {"h": "urn:hl7-org:v3", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_SEEDS = itertools.count(70_000)
_PEOPLE = re.compile("<name>测试(?:患者|医师)[^<]*</name>")


def gz(data: bytes) -> str:
    """Pack as Upload wants it."""
    return base64.b64encode(gzip.compress(data)).decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class Listener:
    """A port that nobody may visit; `visits` counts those who did."""

    sock: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.sock.getsockname()[1]}"

    @property
    def visited(self) -> bool:
        self.sock.settimeout(0.05)
        try:
            self.sock.accept()[0].close()
        except TimeoutError:
            return False
        return True


class Site:
    """One engine with its hospitals HOSP-A and HOSP-B, a canary file and a canary port."""

    def __init__(self, engine: Engine, database: Database) -> None:
        self.engine = engine
        self.database = database
        self.before = 0
        self.listener = Listener()
        self.secret_file = engine.data / "canary.txt"
        self.secret_file.write_text("CANARY-FILE-CONTENT", encoding="ascii")
        self.secret_read = self.secret_file.stat().st_atime_ns
        self._log_read = 0
        self.children = self.processes()

    # What is sent

    def paper(self, kind: str = "C0002", *, code: str = "HOSP-A", fault: str | None = None) -> Paper:
        """Invent a document that was never sent, with the canary as the name of everybody in it."""
        seed = next(_SEEDS)
        xml = sample(kind, seed, institution=code, fault=fault).decode()
        return Paper(kind, f"D-{own_number(kind, seed, code)}", _PEOPLE.sub(f"<name>{CANARY}</name>", xml).encode())

    def edited(self, edit: Callable[[Any], object], kind: str = "C0002") -> Paper:
        """Invent a document and change its tree."""
        paper = self.paper(kind)
        root = etree.fromstring(paper.xml)
        edit(root)
        return Paper(kind, paper.number, etree.tostring(root, encoding="UTF-8", xml_declaration=True))

    def hospital(self, code: str = "HOSP-A", password: str = PASSWORD) -> Hospital:
        return Hospital(self.engine.services, code, password)

    def ask(self, raw: bytes, *, source: str = "", end: bool = False, wait: float = 20.0) -> Answer | None:
        """Send bytes on a fresh connection and read one answer; None when there was none."""
        host, _, port = self.engine.services.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=wait, source_address=(source, 0) if source else None) as one:
            try:
                one.sendall(raw)
                if end:
                    one.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused while we were still sending; the answer is there to be read
            try:
                return read_answer(one)
            except ConnectionResetError:
                return None

    def post(self, content: str | bytes, *headers: str, code: str = "HOSP-A", **how: Any) -> Answer | None:
        """Post an envelope to the address of an institution."""
        return self.ask(request(content, *headers, path=f"/services/collection/{code}"), **how)

    def envelope(self, operation: str, inner: str = "", *, code: str = "HOSP-A", header: str | None = None, **how: Any) -> str:
        return call(operation, inner, header=self.hospital(code).credentials() if header is None else header, **how)

    def upload(self, paper: Paper, payload: str | None = None, **more: str) -> Answer | None:
        """Upload a document, or another payload in its place; `code`, `operation`, `source` say from where and how."""
        how = {name: more.pop(name) for name in ("code", "operation", "source", "version") if name in more}
        code = how.get("code", "HOSP-A")
        values = {"documentType": paper.kind, "documentId": paper.number, "payload": payload or paper.packed} | more
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
        wrapped = self.envelope(how.get("operation", "Upload"), inner, code=code, version=how.get("version", "1.1"))
        return self.post(wrapped, code=code, source=how.get("source", ""))

    def send(self, content: bytes) -> Answer | None:
        """Upload these bytes, well packed, under a number of their own."""
        return self.upload(self.paper(), gz(content))

    def accept(self, paper: Paper, **more: str) -> Paper:
        """Upload what must be taken, as the first half of a case."""
        result = result_of(self.upload(paper, **more))
        assert result["status"] in {"accepted", "accepted-with-warnings"}, result
        self.mark()
        return paper

    # What became of it

    def mark(self) -> None:
        """Take the number of messages from which a case counts."""
        self.before = self.messages()

    def messages(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(message)).scalar_one()

    def kept(self, receipt: str) -> Mapping[str, Any]:
        """Give what is stored of a message: its row, and the form in which the original was kept."""
        query = select(message, body.c.original_form).join(body, body.c.receipt == message.c.receipt, isouter=True)
        with self.database.read() as connection:
            return dict(connection.execute(query.where(message.c.receipt == receipt)).mappings().one())

    def processes(self) -> tuple[int, ...]:
        """Give the engine's processes; another set means that one died."""
        return tuple(sorted(use.pid for use in children_of(self.engine.pid).values()))

    def front(self) -> int:
        """Give the process that answers: the child whose memory the large documents fill."""
        return children_of(self.engine.pid)["front-1"].pid

    def memory(self, *, peak: bool = False) -> int:
        """Give the front's resident memory in MiB; `peak` is the highest since `forget_peak`."""
        text = Path(f"/proc/{self.front()}/status").read_text(encoding="ascii")
        found = re.search(rf"{'VmHWM' if peak else 'VmRSS'}:\s+(\d+) kB", text)
        assert found
        return int(found[1]) // 1024

    def spent(self) -> float:
        """Give the seconds of processor that the front has used; a busy machine does not change them."""
        fields = Path(f"/proc/{self.front()}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.front()}/clear_refs").write_text("5", encoding="ascii")

    def get(self, address: str, path: str) -> tuple[int, bytes]:
        with closing(HTTPConnection(address.removeprefix("http://"), timeout=10)) as connection:
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def check_well(self) -> None:
        """Fail unless every process still lives, the store can be written and the log is clean."""
        assert self.processes() == self.children, "a process of the engine died"
        assert self.get(self.engine.services, "/health") == (200, b'{"status":"ok"}')
        self.check_log()

    def check_log(self) -> None:
        """Read what was logged since last time: short lines, no canary, no failure of ours."""
        with (self.engine.data / "engine.log").open("rb") as log:
            log.seek(self._log_read)
            lines = log.read()
            self._log_read = log.tell()
        for line in lines.splitlines(keepends=True):
            assert len(line) <= 2048, line
            assert b'"event":"call failed"' not in line, line
            assert b'"event":"filing failed"' not in line, line
        assert_clean(lines)


def assert_clean(said: bytes) -> None:
    """Fail when the canary shows itself."""
    for trace in TRACES:
        assert trace not in said, said[:4000]


def result_of(answer: Answer | None) -> Mapping[str, Any]:
    """Give the result in an answer as plain values; {} for a fault."""
    assert answer is not None
    found = answer.tree.xpath("/*/*[local-name()='Body']/*[local-name()!='Fault']/*")
    values = plain(found[0]) if found else {}
    return values or {}


def party_of(answer: Answer) -> str:
    """Give the fault code in the words of SOAP 1.1, "" for a result."""
    word = (answer.text("faultcode") or answer.text("Value")).partition(":")[2]
    return {"Sender": "Client", "Receiver": "Server"}.get(word, word)


__all__ = ["CANARY", "HL7", "INSIDE", "NAMES", "PASSWORD", "TNS", "Answer", "Paper", "Site", "b64", "gz", "party_of", "result_of"]

"""Run a front with the interaction services alone, over registers that a test can watch, and call it as a hospital does."""

from __future__ import annotations

import html
import threading
from dataclasses import dataclass, field
from functools import cache, partial

import requests
import sqlalchemy as sa
from lxml import etree

from engine.channels.book import load_book
from engine.documents.hl7.services import REGIONAL, REGISTERS
from engine.documents.packing import gunzip_stored
from engine.documents.press import Press
from engine.errors import Issue, SenderError
from engine.inbound.calling import Service
from engine.inbound.hip import HIP as CONTRACT
from engine.inbound.intake import Filing, Intake
from engine.inbound.interaction_door import InteractionDoor
from engine.inbound.interaction_filing import MessageFiling
from engine.inbound.judge import Judge
from engine.inbound.limits import FrontLimits
from engine.inbound.regional import REGIONAL_CONTRACTS
from engine.interaction import Answered
from engine.outbound.endpoints import load_endpoints
from engine.services.audit import Audit
from engine.services.institutions import Institutions, judge_custodian
from engine.services.operations import OperationsDesk
from engine.services.records import RecordsDesk
from engine.services.registers import lock_order
from engine.store.database import Database
from engine.store.journal import Journal
from engine.store.tables import message
from engine.store.writer import Writer
from tests.support.engine import ROOT
from tests.support.front import Echo, Running
from tests.support.seals import SEAL
from tests.support.soap import BASIC, SOAP

WARD = sa.Table("ward", sa.MetaData(), sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text))
"""What the watched register keeps: a table of the test's own."""

REFUSED, BROKEN = "测试拒绝", "测试故障"


@dataclass
class Ward:
    """A register that keeps names; it writes first and refuses, or breaks, afterwards where the name says so."""

    asked: list = field(default_factory=list)

    def __call__(self, connection, interaction):
        self.asked.append((interaction, threading.current_thread().name))
        if interaction.act in ("query", "get"):
            rows = connection.execute(sa.select(WARD.c.name, WARD.c.value)).all()
            wanted = interaction.values.get("patientId")
            found = tuple({"patientId": name, "name": value} for name, value in rows if wanted in (None, "", name))
            return Answered(text=f"查到 {len(found)} 条", items=found, total=len(found))
        if interaction.register == "documents":
            return Answered(text="已记录")
        name = interaction.values["name"]
        connection.execute(sa.insert(WARD).values(name=interaction.receipt, value=name))
        if name == REFUSED:
            raise SenderError(Issue(code="SND-731", message="已经登记过", hint="请用更新服务。", path="/controlActProcess"))
        if name == BROKEN:
            raise RuntimeError("a bug of ours")
        return Answered(text="已登记")


@cache
def _project():
    """Compile the project's routes once; the fronts of the tests run one after another."""
    press = Press(ROOT)
    endpoints = load_endpoints(ROOT / "config" / "endpoints.yaml", ROOT)
    return press, load_book(ROOT, press, endpoints, ["records", "operations", "reports", *REGISTERS])


@dataclass
class InteractionOffice:
    """A front with both interaction services over a database."""

    url: str

    def __post_init__(self):
        self.database = Database(self.url)
        with self.database.write() as connection:
            WARD.create(connection)
        institutions = Institutions(self.database, SEAL)
        for code, kind in (("H001", "hospital"), ("H002", "hospital"), ("PLATFORM", "platform")):
            institutions.add(code, "测试机构", kind, "correct-horse-1")
        self.audit, self.writer, self.ward = Audit(), Writer(self.database), Ward()
        self.journal, (press, book) = Journal(self.database, SEAL), _project()
        registers = dict.fromkeys(REGISTERS, self.ward)
        desks = {"records": RecordsDesk(SEAL), "operations": OperationsDesk(SEAL)}
        parcels = Filing(self.journal, desks, lambda *_: "")
        intake = Intake(
            make_judge=lambda: Judge(press, book, partial(judge_custodian, institutions)), filing=parcels, writer=self.writer,
            explain=lambda *_: "", large=16_000, batch_documents=10, batch_unpacked=1 << 20,
        )  # fmt: skip
        filing = MessageFiling(self.journal, parcels, registers, lock_order)
        self.door = InteractionDoor(intake, filing, self.writer, self.database, institutions, self.audit, self._put_down)
        self._intake = intake
        services = {"/services/hip": Service(contract=CONTRACT, handlers=self.door.hip)} | {
            f"/services/regional/{name}": Service(contract=each, handlers=self.door.regional(list(each.operations)))
            for name, each in REGIONAL_CONTRACTS.items()
        }
        self.front = Running(Echo(), FrontLimits(), services=services)
        self.address = f"http://127.0.0.1:{self.front.port}"

    async def _put_down(self, note):
        return await self.writer.write(self.audit.write, note)

    def post(self, path, operation, **parameters):
        """Call an operation by hand; gives the HTTP status and the whole text of the reply."""
        inner = "".join(f"<{name}>{html.escape(value)}</{name}>" for name, value in parameters.items())
        body = f'<s:Envelope xmlns:s="{SOAP["1.1"]}"><s:Body><{operation}>{inner}</{operation}></s:Body></s:Envelope>'
        name, _, value = BASIC.partition(": ")
        headers = {"Content-Type": "text/xml; charset=utf-8", name: value}
        reply = requests.post(self.address + path, body.encode(), headers=headers, timeout=20)
        return reply.status_code, reply.text

    def hip(self, action, text):
        """Send a message to HIPMessageServer; gives the reply's tree."""
        status, reply = self.post("/services/hip", "HIPMessageServer", action=action, message=_text(text))
        assert status == 200, reply
        return Told(_result(reply))

    def regional(self, operation, text):
        """Send a message to its regional register; gives the reply's tree."""
        status, reply = self.post(f"/services/regional/{REGIONAL[operation].register_address}", operation, message=_text(text))
        assert status == 200, reply
        return Told(_result(reply))

    def rows(self):
        """List the journal: type, message id, state, code."""
        with self.database.read() as connection:
            columns = (message.c.document_type, message.c.document_id, message.c.state, message.c.code)
            return [tuple(row) for row in connection.execute(sa.select(*columns).order_by(message.c.seq))]

    def kept(self):
        """List what the watched register keeps."""
        with self.database.read() as connection:
            return sorted(connection.execute(sa.select(WARD.c.value)).scalars())

    def original(self, receipt):
        with self.database.read() as connection:
            return gunzip_stored(self.journal.load(connection, receipt).original).decode()

    def reasons(self):
        self.audit.flush(self.database)
        with self.database.read() as connection:
            return {(row.verdict, row.institution, row.service, row.reason) for row in self.audit.rows(connection)}

    def close(self):
        self.front.close()
        self.door.close()
        self._intake.close()
        self.writer.stop()
        with self.database.write() as connection:
            WARD.drop(connection)
        self.database.close()


class Told:
    """A reply, as a hospital reads it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root = etree.fromstring(text.encode())

    @property
    def name(self) -> str:
        return etree.QName(self.root).localname

    def _one(self, path: str) -> str:
        return str(self.root.xpath(f"string({path})", namespaces={"h": "urn:hl7-org:v3"}))

    @property
    def verdict(self) -> str:
        return self._one("/*/h:acknowledgement/@typeCode") or self._one("//@status")

    @property
    def said(self) -> str:
        return self._one("/*/h:acknowledgement/h:acknowledgementDetail/h:text/@value") or self._one(
            "/*/h:acknowledgement/h:acknowledgementDetail/h:text | //Detail"
        )

    @property
    def target(self) -> str:
        return self._one("/*/h:acknowledgement/h:targetMessage/h:id/@extension")

    @property
    def query(self) -> tuple[str, str]:
        ack = "/*/h:controlActProcess/h:queryAck"
        return self._one(f"{ack}/h:queryResponseCode/@code"), self._one(f"{ack}/h:resultTotalQuantity/@value")


def _result(reply: str) -> str:
    (result,) = etree.fromstring(reply.encode()).xpath("/*/*[local-name()='Body']/*/*")
    return result.text or ""


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()

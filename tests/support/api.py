"""Run a front with ApiService alone, and call it as a hospital does."""

from __future__ import annotations

import html
import threading
from dataclasses import dataclass, field

import requests

from engine.documents.jilin.envelope import new_nonce, open_reply, seal_request
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.messages import read_message, write_message
from engine.errors import TryAgain
from engine.inbound.api import API
from engine.inbound.api_door import ApiDoor, HospitalCaller
from engine.inbound.calling import Service
from engine.inbound.limits import FrontLimits
from engine.services.access import Access
from engine.services.audit import Audit
from engine.services.institutions import Institutions
from engine.services.nonces import take_nonces
from engine.store.database import Database
from engine.store.migrations import migrate
from tests.support.front import Echo, Running
from tests.support.seals import SEAL
from tests.support.soap import SOAP

ACCESS = Access.model_validate({"services": {"api": {"callers": ["hospital"]}}})
MD5 = Keys(profile="MD5", sign="签名密钥-of-H1", encryption="ABCDEFGHJKLMNPQR")
SM3 = Keys(profile="SM3", sign="a-long-signing-key-of-32-letters", encryption="0123456789abcdeffedcba9876543210")
CALLERS = {
    "USER-1": HospitalCaller(institution="H1", hospital_id="22010001", keys=MD5),
    "USER-2": HospitalCaller(institution="H2", hospital_id="22010002", keys=SM3),
    "USER-3": HospitalCaller(institution="H3", hospital_id="22010003", keys=MD5),
    "USER-4": HospitalCaller(institution="P1", hospital_id="22010004", keys=MD5),
}


@dataclass
class Office:
    """A front with ApiService alone, and a hand that answers what reaches the service."""

    database: Database
    asked: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)
    audit: Audit = field(default_factory=Audit)

    def __post_init__(self):
        self.away = False
        institutions = Institutions(self.database, SEAL)
        self.door = ApiDoor(CALLERS.get, self._answer, institutions, ACCESS, self.audit, self._write, self._take)
        service = Service(contract=API, handlers=self.door.handlers)
        self.front = Running(Echo(), FrontLimits(), services={"/services/api": service, "/ApiService.asmx": service})
        self.address = f"http://127.0.0.1:{self.front.port}"

    def _answer(self, institution, function, values, trace):
        self.asked.append((institution, function, dict(values), trace, threading.current_thread().name))
        given = self.answers.get(function, ("0", "成功", {}))
        if isinstance(given, Exception):
            raise given
        return given

    async def _write(self, note):
        with self.database.write() as connection:
            self.audit.write(connection, [note])

    async def _take(self, use):
        if self.away:
            raise TryAgain("store is away")
        with self.database.write() as connection:
            return take_nonces(connection, [use])[0]

    def reasons(self):
        self.audit.flush(self.database)
        with self.database.read() as connection:
            rows = self.audit.rows(connection)
        return {(row.verdict, row.institution, row.service, row.reason) for row in rows if row.verdict != "changed"}

    def post(self, xml, operation="RegService", *, path="/ApiService.asmx", version="1.1", wrap=html.escape):
        """Call by hand as old clients do; gives the HTTP status and the text of the result."""
        body = f'<s:Envelope xmlns:s="{SOAP[version]}"><s:Body><{operation} xmlns="http://tempuri.org/">'
        body += f"<xml>{wrap(xml)}</xml></{operation}></s:Body></s:Envelope>"
        kind = "text/xml" if version == "1.1" else "application/soap+xml"
        reply = requests.post(self.address + path, body.encode(), headers={"Content-Type": f"{kind}; charset=utf-8"}, timeout=10)
        text = reply.text.partition(f"<{operation}Result>")[2].partition(f"</{operation}Result>")[0]
        return reply.status_code, html.unescape(text)

    def ask(self, function, values, user="USER-1", operation="RegService", *, keys=None, **how):
        """Seal, call, and open the signed reply: RETURN_CODE, RETURN_MSG, values of RES."""
        keys, nonce = keys or CALLERS[user].keys, how.pop("nonce", "") or new_nonce()
        body = values if isinstance(values, bytes) else write_message(function, "request", values)
        status, text = self.post(seal_request(keys, function, user, body, nonce=nonce).decode(), operation, **how)
        assert status == 200
        reply = open_reply(keys, text, nonce=nonce)
        return reply.code, reply.message, dict(read_message(function, "response", reply.body)) if reply.body else {}

    def close(self):
        self.front.close()
        self.door.close()
        self.database.close()


def open_office(folder):
    """Open one with two hospitals that may call, one that is disabled, and a portal with a USER_ID by mistake."""
    database = Database(f"sqlite:///{folder / 'test.db'}")
    migrate(database)
    register = Institutions(database, SEAL)
    for code, kind in (("H1", "hospital"), ("H2", "hospital"), ("H3", "hospital"), ("P1", "portal")):
        register.add(code, "测试机构", kind, "correct-horse-1")
    register.disable("H3")
    return Office(database)


def unsigned(text):
    """Read a reply that is not signed: code and message; what it must not carry is absent."""
    assert "<SIGN><![CDATA[]]></SIGN>" in text
    assert "<RES_ENCRYPTED><![CDATA[]]></RES_ENCRYPTED>" in text
    pick = [text.partition(f"<{name}><![CDATA[")[2].partition("]]>")[0] for name in ("RETURN_CODE", "RETURN_MSG")]
    return tuple(pick)

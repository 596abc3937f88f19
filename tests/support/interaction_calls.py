"""Be a system that calls the interaction services with zeep, many messages over one connection, and read the replies as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests
import zeep
from lxml import etree
from zeep.transports import Transport

from engine.documents.hl7.services import HL7, HipService, Service
from tests.support.engine import Engine
from tests.support.hospital import PASSWORD


@dataclass(frozen=True)
class Reply:
    """The message that came back."""

    root: Any

    def values(self, name: str, attribute: str = "") -> list[str]:
        """Give the texts, or an attribute, of all elements of that local name."""
        found = self.root.iter("{*}" + name)
        return [(one.get(attribute) or "") if attribute else (one.text or "") for one in found]

    @property
    def name(self) -> str:
        """The local name of the root."""
        return etree.QName(self.root).localname

    @property
    def verdict(self) -> str:
        """AA or AE, wherever the reply says it; a batch gives that of its first document."""
        for name, attribute in (("acknowledgement", "typeCode"), ("Response", "status"), ("Detail", "value")):
            if said := [value for value in self.values(name, attribute) if value]:
                return said[0]
        return self.root.get("status", "")

    @property
    def text(self) -> str:
        """What the platform says in words."""
        if details := list(self.root.iter("{*}acknowledgementDetail")):
            inner = details[0].find("{*}text")
            return inner.get("value") or inner.text or ""
        details = list(self.root.iter("{*}Detail"))
        return (details[0].get("descr") or details[0].text or "") if details else ""

    @property
    def query(self) -> str:
        """OK, NF, QE or AE of a query."""
        return next(iter(self.values("queryResponseCode", "code")), "")

    @property
    def total(self) -> int:
        """How many there are in all."""
        return int(next(iter(self.values("resultTotalQuantity", "value")), "0"))

    @property
    def subjects(self) -> list[Any]:
        """The subjects of the reply."""
        return self.root.findall(f"{{{HL7}}}controlActProcess/{{{HL7}}}subject")

    @property
    def whole(self) -> str:
        """The reply as it came."""
        return etree.tostring(self.root, encoding="unicode")


@dataclass
class Caller:
    """One system of an institution, with a zeep client for each address it needs; not for several threads."""

    engine: Engine
    institution: str
    query: str = "wsdl"
    clients: dict[str, Any] = field(default_factory=dict)
    session: requests.Session = field(default_factory=requests.Session)

    def close(self) -> None:
        """Give the connections back."""
        self.session.close()

    def say(self, service: Service, message: bytes | str) -> Reply:
        """Send a message to a service as its table says."""
        if isinstance(service, HipService):
            return self.act(service.code, message)
        client = self._client(f"regional/{service.register_address}")
        return _read(getattr(client, service.name)(_text(message)))

    def act(self, action: str, message: bytes | str) -> Reply:
        """Send a message to HIPMessageServer under any action."""
        return _read(self._client("hip").HIPMessageServer(action=action, message=_text(message)))

    def _client(self, path: str) -> Any:
        if path not in self.clients:
            self.session.auth = (self.institution, PASSWORD)
            transport = Transport(session=self.session, timeout=60, operation_timeout=60)
            address = f"{self.engine.services}/services/{path}?{self.query}"
            self.clients[path] = zeep.Client(address, transport=transport).service
        return self.clients[path]


def _text(message: bytes | str) -> str:
    return message.decode() if isinstance(message, bytes) else message


def _read(answer: str) -> Reply:
    return Reply(etree.fromstring(answer.encode()))

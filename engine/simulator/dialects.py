"""Speak SOAP as hospitals do: one operation for all functions, one for each function, or the vendor's PubService."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from engine.documents.answer import escape_text, wrap_body
from engine.documents.bounded import Bounds
from engine.documents.envelope import SoapVersion, parse_envelope, read_envelope
from engine.documents.fields import Field, Operation, texts
from engine.documents.jilin.functions import FUNCTIONS
from engine.documents.parameters import Allowance, normalise, read_values
from engine.settings import ROOT

OWN = Path(__file__).resolve().parent / "wsdl"
_ADDRESS = re.compile(rb"(<(?:soap|soap12):address\s+location=\")[^\"]*(\")")
_VERSION_OF = re.compile(rb"http://www\.w3\.org/2003/05/soap-envelope")
_PARAMETER = "xml"

MEDIA: Mapping[SoapVersion, str] = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One shape of web service; `functions` names the function of each operation, "" when the message itself says it."""

    name: str
    about: str
    namespace: str
    path: str
    wsdl: Path
    functions: Mapping[str, str]

    def served(self, address: str) -> bytes:
        """Give the WSDL with the address written in."""
        location = html.escape(address).encode()
        return _ADDRESS.sub(lambda found: found[1] + location + found[2], self.wsdl.read_bytes())


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the operation, its SOAP version, and the string it carries."""

    operation: str
    version: SoapVersion
    xml: str


def read_call(dialect: Dialect, body: bytes) -> Call:
    """Read the one string of a call; raises SenderError for what is no call of this service."""
    operations = {name: _operation(name) for name in dialect.functions}
    envelope = read_envelope(parse_envelope(body, Bounds()), dialect.namespace, operations)
    operation = operations[envelope.operation]
    normalise(envelope, operation, dialect.namespace, {}, Allowance())
    values = read_values(envelope.call, operation.parameters)
    return Call(envelope.operation, envelope.version, values.get(_PARAMETER, ""))


def write_reply(dialect: Dialect, call: Call, xml: str) -> bytes:
    """Write the one string of the reply, in the SOAP version of the call."""
    name = call.operation
    inner = f'<{name}Response xmlns="{dialect.namespace}"><{name}Result>{escape_text(xml)}</{name}Result></{name}Response>'
    return wrap_body(call.version, inner)


def write_fault(body: bytes, message: str) -> tuple[bytes, SoapVersion]:
    """Write a fault in the SOAP version of the request, 1.1 when it cannot be told."""
    words = escape_text(message)
    if _VERSION_OF.search(body):
        code = "<soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
        reason = f'<soap:Reason><soap:Text xml:lang="zh">{words}</soap:Text></soap:Reason>'
        return wrap_body("1.2", f"<soap:Fault>{code}{reason}</soap:Fault>"), "1.2"
    inner = f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{words}</faultstring></soap:Fault>"
    return wrap_body("1.1", inner), "1.1"


def _operation(name: str) -> Operation:
    return Operation(name, texts(_PARAMETER), Field(f"{name}Result"), (_PARAMETER,))


_ONE_EACH = {one.name: code for code, one in FUNCTIONS.items() if one.from_platform}

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "jilin": Dialect(
            name="jilin", about="asmx, one operation HealthCardService for all functions: the reference WSDL of the platform",
            namespace="http://tempuri.org/", path="/HealthCardService.asmx", wsdl=ROOT / "wsdl/hospital/HospitalService.wsdl",
            functions={"HealthCardService": ""},
        ),
        "wcf": Dialect(
            name="wcf", about="WCF proxy, one operation for each function",
            namespace="http://tempuri.org/", path="/Service1.svc", wsdl=OWN / "ProxyService.wsdl", functions=_ONE_EACH,
        ),
        "pubservice": Dialect(
            name="pubservice", about="PubService of a vendor, namespace Cloud.Xt.Soa.Hlht, SOAP 1.1 and 1.2",
            namespace="Cloud.Xt.Soa.Hlht", path="/APIService.asmx", wsdl=OWN / "PubService.wsdl", functions={"PubService": ""},
        ),
    }
)  # fmt: skip
"""The dialects by name."""

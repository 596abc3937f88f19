"""Be who tells of reports at a running engine, and the portal that reads them, with zeep."""

from __future__ import annotations

from typing import Any

import requests
import zeep
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP
from engine.documents.press import Press
from engine.documents.reports import draw_report
from engine.documents.sample import sample
from engine.report import ReportArrival
from tests.support.engine import ROOT, Engine
from tests.support.hospital import PASSWORD
from tests.support.interactions import Told

PRESS = Press(ROOT)


def drawn(kind: str, xml: bytes, hospital: str) -> ReportArrival:
    """Give what the platform draws of a report's document."""
    document = PRESS.open(xml)
    arrival = draw_report(document, kind, PRESS.draw(document, kind), hospital, "")
    assert arrival is not None, f"this {kind} names no report"
    return arrival


def report_paper(kind: str, seed: int, hospital: str, **numbers: str) -> tuple[bytes, ReportArrival]:
    """Invent the document of a report under these numbers (report, form, specimen), with what is drawn of it."""
    xml = sample(kind, seed, institution=hospital)
    for key, before in drawn(kind, xml, hospital).keys.items():
        if key in numbers:
            xml = xml.replace(f'extension="{before}"'.encode(), f'extension="{numbers[key]}"'.encode())
    return xml, drawn(kind, xml, hospital)


def report_portal(engine: Engine, query: str = "wsdl", code: str = "PORTAL-1") -> Any:
    """Give the operations of ReportService as the WSDL that `query` names describes them."""
    transport = Transport(session=requests.Session(), timeout=30)
    address = f"{engine.services}/services/report?{query}"
    return zeep.Client(address, transport=transport, wsse=UsernameToken(code, PASSWORD)).service


def tell_status(engine: Engine, action: str, *, code: str = "HOSP-A", **values: str) -> None:
    """Tell one message of HIPMessageServer, with these values in it; it must be accepted."""
    transport = Transport()
    transport.session.auth = (code, PASSWORD)
    hip = zeep.Client(f"{engine.services}/services/hip?wsdl", transport=transport).service
    text = sample_message(HIP[action], institution=code, **values).decode()
    told = Told(hip.HIPMessageServer(action=action, message=text))
    assert told.verdict == "AA", told.said

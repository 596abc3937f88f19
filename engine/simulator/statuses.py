"""Tell the platform the status of a report as hospitals do: S0063 to HIPMessageServer."""

from __future__ import annotations

import html
import http.client
import re
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from engine.documents.answer import escape_text, wrap_body
from engine.documents.hl7.sample import message_service, sample_message
from engine.simulator.calling import Unreached
from engine.simulator.shelf import STEPS, Report

PATH = "/services/hip"
ACTION = "S0063"
_VERDICT = re.compile(r"acknowledgement[^>]*?typeCode=\"(A[A-Z])\"")
_NUMBER = re.compile(r"\d{17}[\dX]")


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusDoor:
    """Where statuses are told, and by which institution with which password."""

    address: str
    institution: str
    password: str = field(repr=False)
    deadline: float = 30.0

    def tell(self, message: bytes) -> str:
        """Send one message; gives the verdict (AA, AE, AR) or `HTTP status`. Raises Unreached when there is no answer."""
        parts = urlsplit(self.address)
        call = f"<action>{ACTION}</action><message>{escape_text(message.decode())}</message>"
        content = wrap_body("1.1", f'<HIPMessageServer xmlns="urn:hl7-org:v3">{call}</HIPMessageServer>')
        token = b64encode(f"{self.institution}:{self.password}".encode()).decode()
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""', "Authorization": f"Basic {token}"}
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.deadline)
        try:
            connection.request("POST", PATH, content, headers)
            answer = connection.getresponse()
            status, replied = answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException) as problem:
            raise Unreached(f"{type(problem).__name__}: {problem}") from problem
        finally:
            connection.close()
        found = _VERDICT.search(html.unescape(replied))
        return found[1] if found else f"HTTP {status}"


def status_message(report: Report, institution: str, reason: str = "") -> bytes:
    """Write S0063 for the step a report is at now; the same step of the same moment has the same message id."""
    service = message_service(ACTION)
    if service is None:
        raise KeyError(ACTION)
    code, word = STEPS[report.step]
    given = {
        "message_id": f"{institution}-{report.number}-{report.step}-{report.version}-{report.at:%H%M%S%f}",
        "form": report.form,
        "specimen/specimen/id/@extension": report.specimen,
        "verifier/time/@value": f"{report.at:%Y%m%d%H%M%S}",
        "verifier/modeCode/@code": code,
        "verifier/modeCode/displayName/@value": word,
        "patient_id": report.patient,
        "recordTarget/patient/patientPerson/name/item/part/@value": report.name,
    }
    if _NUMBER.fullmatch(report.identity):
        given["identity"] = report.identity
    if reason:
        given["verifier/modeCode/originalText/@value"] = reason
    return sample_message(service, which="minimal", seed=1, institution=institution, **given)

"""Write the messages of the proofs from templates that the generator made, one for each hospital and action."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape, unescape

from engine.documents.hl7.sample import sample_message
from engine.documents.hl7.services import HIP

_NAME = {"patientPerson/name/item/part/@value": "@name@"}
_PERSON = {"patient_id": "@patient@", "identity": "@identity@", **_NAME}
PLACES: Mapping[str, Mapping[str, str]] = {
    "S0001": _PERSON,
    "S0002": _PERSON,
    "S0003": {
        "registrationEvent/subject1/patient/id/item/@extension": "@patient@",
        "priorRegisteredRole/id/item/@extension": "@obsolete@",
    },
    "S0004": {"patient_id": "@patient@"},
    "S0023": {"outpatient_number": "@number@", **_NAME},
    "S0024": {"outpatient_number": "@number@", **_NAME},
    "S0035": {"order": "@number@", **_NAME},
    "S0036": {"order": "@number@", **_NAME},
    "S0059": {"order": "@number@", "processStep/code/displayName/@value": "@name@"},
    "S0061": {
        "form": "@number@", "patientPerson/name/item/part/@value": "@name@",
        "processStep/code/displayName/@value": "@word@", "performer/time/low/@value": "@at@",
    },
    "S0063": {
        "form": "@number@", "specimen/specimen/id/@extension": "@specimen@", "patientPerson/name/item/part/@value": "@name@",
        "verifier/modeCode/displayName/@value": "@word@", "verifier/time/@value": "@at@", "identity": "@identity@",
    },
}  # fmt: skip
"""The actions of the proofs, with the places that each message fills in its own way."""

_VERDICT = re.compile(r'<acknowledgement typeCode="(A[AE])"')
_SAID = re.compile(r'<acknowledgementDetail><text value="([^"]*)"')


@cache
def _template(hospital: str, action: str) -> str:
    values = {"message_id": "@message@", **PLACES[action]}
    return escape(sample_message(HIP[action], institution=hospital, **values).decode(), quote=False)


def envelope(hospital: str, action: str, message_id: str, **values: str) -> bytes:
    """Write the whole call of one message."""
    text = _template(hospital, action)
    for name, value in {"message": message_id, **values}.items():
        text = text.replace(f"@{name}@", value)
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><HIPMessageServer xmlns="urn:hl7-org:v3">'
        f"<action>{action}</action><message>{text}</message></HIPMessageServer></s:Body></s:Envelope>"
    ).encode()


def read(answer: bytes) -> tuple[str, str, str]:
    """Read a reply: AA or AE ("" for a fault), what it says, and the message itself."""
    text = unescape(answer.decode())
    verdict, said = _VERDICT.search(text), _SAID.search(text)
    return verdict[1] if verdict else "", unescape(said[1]) if said else text[-300:], text

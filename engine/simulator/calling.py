"""Call the platform as hospitals do: ApiService, one sealed string in, one sealed string out."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.documents.answer import escape_text, wrap_body
from engine.documents.bounded import Bounds
from engine.documents.envelope import parse_envelope, read_envelope
from engine.documents.fields import Field, Operation, texts
from engine.documents.jilin.envelope import new_nonce, open_reply, seal_request
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.messages import read_message, write_message
from engine.documents.parameters import Allowance, normalise, read_values
from engine.errors import SenderError
from engine.simulator.orders import Order
from engine.simulator.site import Site, Values

NAMESPACE = "http://tempuri.org/"
PATH = "/services/api"
OPERATIONS: Mapping[str, str] = {"5": "RegService", "6": "PayService", "7": "PushService"}
"""The operation by the first digit of the function."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the platform answered: RETURN_CODE, its text, and RES."""

    code: str
    message: str
    values: Values


class Unreached(Exception):
    """The platform gave no answer that can be read; the words say why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """Where the platform is, and as whom and with which keys this hospital calls it."""

    address: str
    user: str
    keys: Keys
    deadline: float = 30.0

    def call(self, function: str, values: Values) -> Told:
        """Call one function; raises Unreached when there is no answer that can be read."""
        operation, nonce = OPERATIONS[function[0]], new_nonce()
        body = write_message(function, "request", values)
        xml = seal_request(self.keys, function, self.user, body, nonce=nonce).decode()
        sealed = self._post(operation, xml)
        try:
            opened = open_reply(self.keys, sealed, nonce=nonce)
            found = read_message(function, "response", opened.body) if opened.code == "0" else {}
        except MessageFault as fault:
            raise Unreached(f"the reply cannot be relied on: {fault}") from fault
        return Told(opened.code, opened.message, found)

    def _post(self, operation: str, xml: str) -> str:
        """Carry one string over SOAP 1.1."""
        parts = urlsplit(self.address)
        content = wrap_body("1.1", f'<{operation} xmlns="{NAMESPACE}"><xml>{escape_text(xml)}</xml></{operation}>')
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{NAMESPACE}{operation}"'}
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=self.deadline)
        try:
            connection.request("POST", PATH, content, headers)
            answer = connection.getresponse()
            status, replied = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as problem:
            raise Unreached(f"{type(problem).__name__}: {problem}") from problem
        finally:
            connection.close()
        try:
            return _result(operation, replied)
        except SenderError as unread:
            raise Unreached(f"HTTP {status}: {unread}") from unread


def _result(operation: str, content: bytes) -> str:
    name = f"{operation}Response"
    wanted = Operation(name, texts(f"{operation}Result"), Field("none"))
    envelope = read_envelope(parse_envelope(content, Bounds()), NAMESPACE, {name: wanted})
    normalise(envelope, wanted, NAMESPACE, {}, Allowance())
    return str(read_values(envelope.call, wanted.parameters).get(f"{operation}Result", ""))


def stop_values(site: Site, doctor: str, day: str, half: str, reason: str) -> Values:
    """Write 5001 for one half day of a doctor; the platform gives back what was paid and cancels the rest."""
    department = next(one.department for one in site.book.clinics.doctors if one.id == doctor)
    return {
        "HOS_ID": site.hospital, "DEPT_ID": department, "DOCTOR_ID": doctor, "REG_DATE": day, "TIME_FLAG": half, "STOP_REMARK": reason,
        "IS_REFUND": "1", "IS_CANCEL": "1",
    }  # fmt: skip


def cancel_values(site: Site, order: Order) -> Values:
    """Write 5002: cancelled at the hospital."""
    return {"HOS_ID": site.hospital, "ORDER_ID": order.id, "CANCEL_DATE": order.cancelled, "CANCEL_REMARK": "医院窗口取消"}


def refund_values(site: Site, order: Order) -> Values:
    """Write 5003: given back at the window (REFUND_TYPE 1, a booking)."""
    return {
        "HOS_ID": site.hospital, "ORDER_ID": order.id, "HOSP_ORDER_ID": order.number, "HOSP_REFUND_ID": order.refund_id, "REFUND_TYPE": "1",
        "REFUND_DATE": site.moment(), "TOTAL_FEE": str(order.fee), "REFUND_FEE": str(order.refunded), "REFUND_REMARK": "窗口退号",
    }  # fmt: skip


def printed_values(site: Site, order: Order) -> Values:
    """Write 5004: the number was printed."""
    return {"HOS_ID": site.hospital, "ORDER_ID": order.id, "HOSP_SERIAL_NUM": order.serial, "PRINT_DATE": site.moment()}


def paid_values(site: Site, order: Order) -> Values:
    """Write 5005: paid at the window."""
    return {
        "HOS_ID": site.hospital, "ORDER_ID": order.id, "HOSP_SERIAL_NUM": order.serial, "PAY_FEE": str(order.fee), "PAY_DATE": site.moment()
    }  # fmt: skip


def push_values(site: Site, order: Order, kind: str, report: str = "") -> Values:
    """Write 7001 about the holder of an order: a queue (2), a report (3 to 5), which may be named, or a bill (1)."""
    place = site.book.places[order.place]
    line = {
        "DATA_TIME": site.moment(), "HEALTH_CARD_ID": order.card or order.patient, "PATIENT_NAME": "测试患者", "PATIENT_SEX": "1",
        "PATIENT_AGE": "40", "ORDER_ID": order.id, "HOSP_ORDER_ID": order.number, "DEPT_NAME": _department(site, place.doctor.department),
        "DOCTOR_NAME": place.doctor.name, "PUSH_TYPE": kind, "PUSH_ID": report or f"{order.patient}-0"[:16], "PUSH_CONTENT": "请留意医院通知",
    }  # fmt: skip
    return {"HOS_ID": site.hospital, "DATA_INFO": (line,)}


def _department(site: Site, number: str) -> str:
    return next(one.name for one in site.book.clinics.departments if one.id == number)

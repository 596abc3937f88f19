"""Put header, acknowledgement and query result around the content of a reply, in the dialect of its service."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from lxml import etree

from engine.documents.hl7.opening import INTERACTION_ROOTS, MESSAGE_ROOTS, OpenedMessage
from engine.documents.hl7.services import ACKNOWLEDGEMENT, HL7, Dialect, HipService, RegionalOperation, Service, nodes_of
from engine.documents.reading import XmlDocument
from engine.errors import Issue
from engine.message import SHANGHAI

Verdict = Literal["AA", "AE"]
Query = Literal["OK", "NF", "QE", "AE", ""]
"""How a query went: found, nothing found, refused, failed; "" for a write."""

PLATFORM = "CHANGBAI"
"""Our own device id, where the message names no receiver."""

_QUERY_ROOT = "/controlActProcess/queryAck/queryId/@root"

ACT = f"{{{HL7}}}controlActProcess"
_DEVICE_ROOTS = {
    "hospital": {"receiver": "2.16.156.10011.2.5.1.3", "sender": "2.16.156.10011.2.5.1.3"},
    "regional": {"receiver": "2.16.156.10011.0.1.2", "sender": "2.16.156.10011.0.1.1"},
}
_DEVICE = {"classCode": "DEV", "determinerCode": "INSTANCE"}


def frame(
    service: Service | None,
    dialect: Dialect,
    opened: OpenedMessage | None,
    verdict: Verdict,
    text: str,
    content: XmlDocument | None = None,
    query: Query = "",
    total: int = 0,
    *,
    message_id: str = "",
    now: datetime | None = None,
) -> str:
    """Write the whole reply.

    Without a service, and when a request of HIPMessageServer could not be read, it is MCCI_IN000002UV01 in the hospital style. A
    `content` whose root is not controlActProcess (a flat regional document) is the reply itself.
    """
    if content is not None and content.root.tag != ACT:
        return _text(content.root)
    if isinstance(service, RegionalOperation) and service.flat:
        return _text(_flat(service, verdict, text))
    name = _root(service, opened, verdict)
    dialect = service.dialect if service else dialect
    root = etree.Element(f"{{{HL7}}}{name}", {"ITSVersion": "XML_1.0"}, nsmap={None: HL7})
    _header(root, dialect, opened, message_id or uuid.uuid4().hex, now or datetime.now(SHANGHAI))
    _acknowledge(root, dialect, opened, verdict, text)
    _act(root, opened, content, query, total, _query_root(service))
    return _text(root)


def refusal_text(issues: Sequence[Issue]) -> str:
    """Say in one line why a message is refused: the first error with code, path, line and cure, and how many more there are."""
    errors = [issue for issue in issues if issue.severity == "error"] or list(issues)
    first = errors[0]
    place = "，".join(part for part in (first.path, f"第 {first.line} 行" if first.line else "") if part)
    said = f"{first.code} {first.message.rstrip('。')}" + (f"：{place}" if place else "")
    more = f"另有 {len(errors) - 1} 处问题。" if len(errors) > 1 else ""
    return f"{said}。{first.hint}{more}"


def _root(service: Service | None, opened: OpenedMessage | None, verdict: Verdict) -> str:
    if service is None or (opened is None and isinstance(service, HipService)):
        return ACKNOWLEDGEMENT
    if isinstance(service, HipService):
        return service.answer_root
    return service.success_root if verdict == "AA" else service.failure_root


def _flat(service: RegionalOperation, verdict: Verdict, text: str) -> Any:
    """Write the least that a flat reply can say, where no stylesheet could be asked."""
    root = etree.Element(service.success_root if verdict == "AA" else service.failure_root)
    if service.register != "documents":
        etree.SubElement(root, "Detail", value=text)
        return root
    response = etree.SubElement(root, "Response", status=verdict)
    etree.SubElement(response, "Detail").text = text
    return root


def _header(root: Any, dialect: Dialect, opened: OpenedMessage | None, message_id: str, now: datetime) -> None:
    _add(root, "id", root=MESSAGE_ROOTS[dialect], extension=message_id)
    _add(root, "creationTime", value=now.astimezone(SHANGHAI).strftime("%Y%m%d%H%M%S"))
    _add(root, "interactionId", root=INTERACTION_ROOTS[dialect], extension=etree.QName(root).localname)
    _add(root, "processingCode", code=opened.processing if opened else "P")
    _add(root, "processingModeCode", code="T")
    _add(root, "acceptAckCode", code="NE")
    _party(root, dialect, "receiver", "RCV", opened.sender if opened else "")
    _party(root, dialect, "sender", "SND", (opened.receiver if opened else "") or PLATFORM)


def _party(root: Any, dialect: Dialect, side: str, code: str, device_id: str) -> None:
    device = _add(_add(root, side, typeCode=code), "device", **_DEVICE)
    holder = _add(device, "id") if dialect == "hospital" else device
    _add(holder, "item" if dialect == "hospital" else "id", root=_DEVICE_ROOTS[dialect][side], extension=device_id)


def _acknowledge(root: Any, dialect: Dialect, opened: OpenedMessage | None, verdict: Verdict, text: str) -> None:
    said = _add(root, "acknowledgement", typeCode=verdict)
    _add(_add(said, "targetMessage"), "id", root=MESSAGE_ROOTS[dialect], extension=opened.message_id if opened else "")
    detail = _add(said, "acknowledgementDetail")
    if dialect == "hospital":
        _add(detail, "text", value=text)
    else:
        _add(detail, "text").text = text


def _query_root(service: Service | None) -> str:
    """Give the root of the query's id, "" where the table of answers has none."""
    if not isinstance(service, HipService):
        return MESSAGE_ROOTS["regional"]
    return next((node.fixed[0] for node in nodes_of(service.nodes_of, "success") if node.path == _QUERY_ROOT), "")


def _act(
    root: Any,
    opened: OpenedMessage | None,
    content: XmlDocument | None,
    query: Query,
    total: int,
    query_root: str,
) -> None:
    parts = [_copied(part) for part in content.root.iterchildren("*")] if content is not None else []
    if not parts and not query:
        return
    act = _add(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    act.extend(parts)
    if query:
        asked = _add(act, "queryAck")
        _add(asked, "queryId", **({"root": query_root} if query_root else {}), extension=opened.query_id if opened else "")
        _add(asked, "queryResponseCode", code=query)
        _add(asked, "resultTotalQuantity", value=str(total))


def _copied(element: Any) -> Any:
    """Take an element out of a tree that others may read as well."""
    copied = etree.fromstring(etree.tostring(element, with_tail=False))
    etree.cleanup_namespaces(copied)
    return copied


def _add(parent: Any, name: str, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{HL7}}}{name}", attributes)


def _text(root: Any) -> str:
    return etree.tostring(root, encoding="unicode")

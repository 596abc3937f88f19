"""Open a message of an interaction service: safely, for the right service, in the right dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from engine.documents.hl7.paths import steps_of
from engine.documents.hl7.services import HIP, HL7, SERVICES, Dialect, HipService, Service, find_hip, nodes_of
from engine.documents.issues import finding, refusal
from engine.documents.limits import DEFAULT_LIMITS, Limits
from engine.documents.places import Places, local, path_of
from engine.documents.reading import XmlDocument, open_document
from engine.errors import Issue, SenderError
from engine.yamlfile import did_you_mean

MESSAGE_ROOTS = {"hospital": "2.16.156.10011.2.5.1.1", "regional": "2.16.156.10011.0"}
"""Root of a message's id by dialect."""

INTERACTION_ROOTS = {"hospital": "2.16.156.10011.2.5.1.2", "regional": "2.16.840.1.113883.1.6"}
"""Root of the interactionId by dialect."""

_TOLD = 20
"""Parts in the other dialect that are named."""

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_NAMESPACE = {"h": HL7}
_PLAIN_IDS = etree.XPath("//h:id[@extension or @root][not(h:item)]", namespaces=_NAMESPACE)
_PLAIN_NAMES = etree.XPath("//h:name[normalize-space(text())]", namespaces=_NAMESPACE)
_ITEMS = etree.XPath("//h:item", namespaces=_NAMESPACE)


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """A message that was opened: `message_id` is "" where its service has none, `sender` and `receiver` are device ids.

    `differences` are what the fact sheet knows to be wrong in the field and we only log; `query_id` is repeated in a query's reply.
    """

    document: XmlDocument
    message_id: str
    dialect: Dialect
    sender: str
    receiver: str
    differences: tuple[str, ...] = ()
    query_id: str = ""
    processing: str = "P"


def service_of(action: str) -> HipService:
    """Find the service of an action; raises SenderError SND-340 with the nearest known word."""
    found = find_hip(action)
    if found is None:
        words = [word for service in HIP.values() for word in (service.code, service.name)]
        near = did_you_mean(action.strip(), words).replace("; did you mean", "，是否应为").rstrip("?")
        raise refusal("SND-340", f"“{action.strip()}”{near}", value=action)
    return found


def open_message(limits: Limits | None, service: Service, text: str | bytes) -> OpenedMessage:
    """Open the text of a message for a service; the document of a flat message has no namespace, whatever was sent.

    Raises SenderError as `open_document` does; SND-341 when the root is not the service's, SND-344 for a part in the other dialect.
    """
    raw = _DECLARATION.sub("", text.lstrip("\ufeff"), count=1).encode() if isinstance(text, str) else text
    document = open_document(raw, limits or DEFAULT_LIMITS)
    document = _without_namespace(document) if service.flat else document
    _refuse_root(service, document)
    if service.flat:
        return OpenedMessage(document, _flat_id(document.root), service.dialect, "", "")
    _refuse_dialect(service, document)
    return _opened(service, document)


def _opened(service: Service, document: XmlDocument) -> OpenedMessage:
    root = document.root
    return OpenedMessage(
        document=document,
        message_id=_attribute(root, "id", "extension"),
        dialect=service.dialect,
        sender=_device(root, "sender", service.dialect),
        receiver=_device(root, "receiver", service.dialect),
        differences=tuple(_differences(root)),
        query_id=next((one.get("extension", "") for one in root.iterfind(f"{{{HL7}}}controlActProcess//{{{HL7}}}queryId")), ""),
        processing=_attribute(root, "processingCode", "code") or "P",
    )


def _attribute(root: Any, name: str, attribute: str) -> str:
    found = root.find(f"{{{HL7}}}{name}")
    return str(found.get(attribute, "")).strip() if found is not None else ""


def _device(root: Any, side: str, dialect: Dialect) -> str:
    item = f"/{{{HL7}}}item" if dialect == "hospital" else ""
    found = root.find(f"{{{HL7}}}{side}/{{{HL7}}}device/{{{HL7}}}id{item}")
    return str(found.get("extension", "")).strip() if found is not None else ""


def _flat_id(root: Any) -> str:
    found = next((child for child in root if local(str(child.tag)).upper() == "ID" and child.get("extension")), None)
    return str(found.get("extension")).strip() if found is not None else ""


def _without_namespace(document: XmlDocument) -> XmlDocument:
    """Take the namespace of the root off all its elements; lines stay those that were sent."""
    namespace = etree.QName(document.root).namespace
    if namespace:
        for element in document.root.iter(f"{{{namespace}}}*"):
            element.tag = etree.QName(element).localname
    return document


def _refuse_root(service: Service, document: XmlDocument) -> None:
    name = etree.QName(document.root)
    if name.localname in service.roots and (name.namespace or "") == ("" if service.flat else HL7):
        return
    called = f"{service.key} {service.name}" if isinstance(service, HipService) else service.key
    if name.localname in service.roots:
        raise refusal("SND-341", f"<{name.localname}> 的命名空间是 {name.namespace or '空'}", f'根元素写 xmlns="{HL7}"。', line=1)
    others = [other.key for other in SERVICES if name.localname in other.roots]
    hint = f"{called} 的消息根元素是 <{service.root}>" + (
        f"；<{name.localname}> 属于 {'、'.join(others[:6])}。" if others else "。"
    )
    raise refusal("SND-341", f"{called} 收到的根元素是 <{name.localname}>", hint, value=name.localname)


def _differences(root: Any) -> list[str]:
    """List what disagrees and does not matter: the interactionId."""
    found = _attribute(root, "interactionId", "extension")
    wanted = local(root.tag)
    if found and found != wanted:
        return [f"interactionId {found}, root element {wanted}"]
    return []


def _refuse_dialect(service: Service, document: XmlDocument) -> None:
    """Refuse a message with any part in the other dialect, naming the node and both forms."""
    root = document.root
    other = "regional" if service.dialect == "hospital" else "hospital"
    wrong = _hospital_misfits(service, root) if service.dialect == "hospital" else _ITEMS(root)
    found = root.find(f"{{{HL7}}}id")
    if found is not None and found.get("root") == MESSAGE_ROOTS[other]:
        wrong = [found, *wrong]
    if wrong:
        places = Places(document)
        raise SenderError(*(_misfit(places, element, service.dialect) for element in wrong[:_TOLD]))


def _hospital_misfits(service: Service, root: Any) -> list[Any]:
    """List the ids and names that stand bare where the table of the service has an item in them."""
    wanted = _with_items(service.nodes_of)
    return [one for one in (*_PLAIN_IDS(root), *_PLAIN_NAMES(root)) if _names(one) in wanted]


@cache
def _with_items(table: str) -> frozenset[str]:
    """List the paths of elements that hold an item, by names only."""
    found: set[str] = set()
    for node in nodes_of(table):
        names = [step.name for step in steps_of(node.path)]
        found.update("/".join(names[:at]) for at, name in enumerate(names) if name == "item")
    return frozenset(found)


def _names(element: Any) -> str:
    above = [local(one.tag) for one in element.iterancestors()]
    return "/".join([*reversed(above[:-1]), local(element.tag)])


def _misfit(places: Places, element: Any, dialect: Dialect) -> Issue:
    name = local(element.tag)
    line, column = places.line_and_column(element)
    ours, theirs = _forms(element, dialect)
    issue = finding("SND-344", f"<{name}> 是另一种写法", f"此处写成 {ours}，不是 {theirs}。", line=line, column=column)
    return Issue(
        code=issue.code, message=issue.message, hint=issue.hint, path=path_of(element), line=line, column=column, rule="dialect"
    )


def _forms(element: Any, dialect: Dialect) -> tuple[str, str]:
    """Give the right form and the one that was sent."""
    name = local(element.tag)
    if element.getparent() is not None and element.getparent().getparent() is None and name == "id":
        forms = {key: f'<id root="{root}" extension="…"/>' for key, root in MESSAGE_ROOTS.items()}
    elif name in ("name", "item") and (name == "name" or local(element.getparent().tag) == "name"):
        forms = {"hospital": '<name><item><part value="…"/></item></name>', "regional": "<name>…</name>"}
    else:
        outer = "id" if name == "id" else local(element.getparent().tag)
        forms = {
            "hospital": f'<{outer}><item root="…" extension="…"/></{outer}>',
            "regional": f'<{outer} root="…" extension="…"/>',
        }
    return forms[dialect], forms["regional" if dialect == "hospital" else "hospital"]

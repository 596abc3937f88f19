"""Invent messages of the interaction services from their node tables: same service, seed and institution, same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from lxml import etree

from engine.documents.hl7.invention import Invention, invent
from engine.documents.hl7.opening import INTERACTION_ROOTS, MESSAGE_ROOTS
from engine.documents.hl7.paths import XSI, Step, steps_of
from engine.documents.hl7.services import HIP, HL7, REGIONAL, Node, Service, find_hip, nodes_of

Which = Literal["minimal", "full"]

ROOTS = {
    "patient_id": ("2.16.156.10011.2.5.1.4", "2.16.156.10011.0.2.2"),
    "identity": ("2.16.156.10011.1.3",),
    "outpatient_number": ("2.16.156.10011.1.10", "2.16.156.10011.1.11"),
    "inpatient_number": ("2.16.156.10011.1.12",),
    "visit": ("2.16.156.10011.2.5.1.9",),
    "visit_times": ("2.16.156.10011.2.5.1.8",),
    "form": ("2.16.156.10011.1.24",),
    "order": ("2.16.156.10011.1.28", "2.16.156.10011.2.5.1.31"),
    "document_id": ("2.16.156.10011.2.5.1.24",),
    "schedule": ("2.16.156.10011.2.5.1.20",),
    "appointment": ("2.16.156.10011.2.5.1.29",),
    "department": ("2.16.156.10011.1.26",),
}
"""Names by which a value may be given: the identifiers of these roots."""

_LOCAL = re.compile(r"\[[^\]]*\]")


def sample_message(
    service: Service, *, which: Which = "minimal", seed: int = 1, institution: str = "DEMO-HOSPITAL", **values: str
) -> bytes:
    """Invent a request as UTF-8 XML; `full` has every node of the table, `minimal` those that must stand.

    `values` put a value where one is invented: by a name of ROOTS, `message_id`, `receiver`, the Chinese meaning of a node, or the
    end of its path (`name/item/part/@value`); a node that is named so stands in a minimal message too. Everything else is invented.
    Raises ValueError for a value that fits no node.
    """
    nodes = nodes_of(service.nodes_of)
    writer = _Writer(service, Invention(service, seed, institution))
    given = _given(nodes, values)
    writer.header(values)
    left = () if which == "full" else _left_out(nodes, given)
    for node in nodes:
        if node.path.startswith(left):
            continue
        if which == "full" or node.required or node.path in given or _goes_along(node, given):
            writer.write(node, given.get(node.path))
    return writer.content()


def without(
    service: Service, node: Node, *, which: Which = "minimal", seed: int = 1, institution: str = "DEMO-HOSPITAL"
) -> bytes:
    """Invent a request and take one node out of it."""
    root = etree.fromstring(sample_message(service, which=which, seed=seed, institution=institution))
    holders = [root]
    *above, last = steps_of(node.path)
    for step in above:
        holders = [child for holder in holders for child in _children(holder, step)]
    for holder in holders:
        if last.name == "text()":
            holder.text = None
        elif last.is_leaf:
            holder.attrib.pop(_attribute(last.name), None)
        else:
            for child in _children(holder, last):
                holder.remove(child)
    return _bytes(root)


def message_services() -> tuple[str, ...]:
    """List the names of the services of which messages can be invented."""
    return (*HIP, *REGIONAL)


def message_service(name: str) -> Service | None:
    """Find a service by S-code, English name, EMR-PL code or regional operation."""
    return find_hip(name) or REGIONAL.get(name)


def _given(nodes: tuple[Node, ...], values: Mapping[str, str]) -> dict[str, str]:
    """Find the nodes that given values mean."""
    found: dict[str, str] = {}
    for name, value in values.items():
        if name in ("message_id", "receiver"):
            continue
        fitting = [node.path for node in nodes if _means(nodes, node, name)]
        if not fitting:
            raise ValueError(f"no node of this message is {name}")
        found.update((path, value) for path in fitting)
    return found


def _means(nodes: tuple[Node, ...], node: Node, name: str) -> bool:
    if name in ROOTS:
        return node.path.endswith("/@extension") and any(root in ROOTS[name] for root in _root_beside(nodes, node))
    return name in (node.meaning, node.path) or _LOCAL.sub("", node.path).endswith(f"/{name}")


def _root_beside(nodes: tuple[Node, ...], node: Node) -> tuple[str, ...]:
    path = node.path.removesuffix("@extension") + "@root"
    return next((other.fixed for other in nodes if other.path == path), ())


def _left_out(nodes: tuple[Node, ...], given: Mapping[str, str]) -> tuple[str, ...]:
    """List the beginnings of what a minimal message does not have: optional elements without a given value in them."""
    optional = (f"{node.path}/" for node in nodes if not node.required and not steps_of(node.path)[-1].is_leaf)
    return tuple(start for start in optional if not any(path.startswith(start) for path in given))


def _goes_along(node: Node, given: Mapping[str, str]) -> bool:
    """Tell whether a fixed value stands at an element that holds a given one."""
    holder = node.path.rpartition("/")[0]
    return bool(node.fixed) and any(path.rpartition("/")[0] == holder for path in given)


class _Writer:
    """Writes nodes one after another into one tree."""

    def __init__(self, service: Service, invention: Invention) -> None:
        self.service = service
        self.invention = invention
        self.namespace = "" if service.flat else f"{{{HL7}}}"
        prefixes = {} if service.flat else {None: HL7, "xsi": XSI}
        version = {} if service.flat else {"ITSVersion": "XML_1.0"}
        self.root = etree.Element(f"{self.namespace}{service.root}", version, nsmap=prefixes)

    def header(self, values: Mapping[str, str]) -> None:
        """Write what every HL7 message has before its content; flat ones have none."""
        if self.service.flat:
            return
        dialect, made = self.service.dialect, self.invention
        self._put(("id", "@root"), MESSAGE_ROOTS[dialect])
        self._put(("id", "@extension"), values.get("message_id", made.message_id))
        self._put(("creationTime", "@value"), made.stamp())
        self._put(("interactionId", "@root"), INTERACTION_ROOTS[dialect])
        self._put(("interactionId", "@extension"), self.service.root)
        self._put(("processingCode", "@code"), "P")
        self._put(("processingModeCode", "@code"), "T")
        self._put(("acceptAckCode", "@code"), "AL")
        hospital = dialect == "hospital"
        for side, code, number, device_id in (
            ("receiver", "RCV", "1", values.get("receiver", "CHANGBAI")), ("sender", "SND", "2", made.institution),
        ):  # fmt: skip
            below = ("device", "id", "item") if hospital else ("device", "id")
            self._put((side, "@typeCode"), code)
            self._put((side, *below, "@root"), "2.16.156.10011.2.5.1.3" if hospital else f"2.16.156.10011.0.1.{number}")
            self._put((side, *below, "@extension"), device_id)
        self._put(("controlActProcess", "@classCode"), "CACT")
        self._put(("controlActProcess", "@moodCode"), "EVN")

    def _put(self, path: tuple[str, ...], value: str) -> None:
        element = self.root
        for name in path[:-1]:
            element = self._child(element, Step(name))
        element.set(path[-1].removeprefix("@"), value)

    def write(self, node: Node, value: str | None) -> None:
        """Write one node and the elements above it; what the header has stays, unless a value is given."""
        element = self.root
        *above, last = steps_of(node.path)
        for step in above:
            element = self._child(element, step)
        if not last.is_leaf:
            self._child(element, last)
        elif last.name == "text()":
            element.text = value if value is not None else invent(self.invention, node)
        elif value is not None or element.get(_attribute(last.name)) is None:
            element.set(_attribute(last.name), value if value is not None else invent(self.invention, node))

    def _child(self, parent: Any, step: Step) -> Any:
        """Give the child that a step means, and make it when it is not there."""
        found = _children(parent, step)
        if found:
            return found[0]
        before = len(_children(parent, Step(step.name)))
        for _ in range(max(step.position - before, 1)):
            made = etree.SubElement(parent, f"{self.namespace}{step.name}")
        if step.by:
            *names, attribute = step.by.split("/")
            holder = made
            for name in names:
                holder = self._child(holder, Step(name))
            holder.set(_attribute(attribute), step.value)
        return made

    def content(self) -> bytes:
        """Give the message."""
        return _bytes(self.root)


def _children(parent: Any, step: Step) -> list[Any]:
    """List the children that a step means."""
    named = list(parent.iterchildren("{*}" + step.name))
    if step.position:
        return named[step.position - 1 : step.position]
    return [child for child in named if not step.by or _value_below(child, step.by) == step.value]


def _value_below(element: Any, path: str) -> str | None:
    *names, attribute = path.split("/")
    holder = element.find("/".join("{*}" + name for name in names)) if names else element
    return holder.get(_attribute(attribute)) if holder is not None else None


def _attribute(name: str) -> str:
    bare = name.removeprefix("@")
    return f"{{{XSI}}}{bare.removeprefix('xsi:')}" if bare.startswith("xsi:") else bare


def _bytes(root: Any) -> bytes:
    etree.indent(root, space="  ")
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"

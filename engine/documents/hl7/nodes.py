"""Hold a message against the node table of its service: what is missing, what occurs too often, what is not the fixed value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Literal

from lxml import etree

from engine.documents.hl7.joining import join
from engine.documents.hl7.paths import Speller, Step, allowed, parent_of, quoted, steps_of
from engine.documents.hl7.services import HL7, Node, Service, nodes_of
from engine.documents.hl7.telling import Told, tell
from engine.documents.places import Places
from engine.documents.reading import XmlDocument
from engine.errors import Issue

Kind = Literal["missing", "often", "fixed", "rootless"]

SUBJECT = "/controlActProcess/subject"
MOST = 200
"""Findings of one message that are told; who has more has one mistake many times."""

_HEADER = ("/id/", "/creationTime/", "/sender/", "/receiver/", "/interactionId/")
_DATA_TYPES = frozenset({"item", "part", "id", "name", "telecom", "addr", "any", "low", "high", "value", "displayName", "code"})
"""Elements that hold one value of a data type and may stand several times."""

_TOLD_APART = ("@root", "@codeSystem", "@code", "@unit")
"""Attributes whose fixed values are looked at; of others (names of code tables, class codes) nothing depends."""


@dataclass(frozen=True, slots=True)
class _Check:
    """One question to a message: the XPath `text` finds what is wrong; `below` leads from there to the node.

    Where it can be joined with others, it asks for `condition` at the end of a `way` below `context`.
    """

    kind: Kind
    node: Node
    text: str
    below: tuple[Step, ...]
    context: str = ""
    way: tuple[Step, ...] = ()
    condition: str = ""


def check_nodes(service: Service, document: XmlDocument) -> list[Issue]:
    """Hold a request against the node table of its service; errors and warnings in the order of the table.

    SND-342 names a required node that is missing or empty, SND-343 a fixed value that is another (an error for the root of an
    identifier, else a warning) or an element that occurs too often. A node below an optional or repeated element counts for each
    one that stands.
    """
    return table_of(service.nodes_of, HL7 if not service.flat else "").check(document)


def check_answer(service: Service, document: XmlDocument) -> list[Issue]:
    """Hold a reply that says AA against the table of answers, where the service has one: for tests of what we send."""
    return table_of(service.nodes_of, HL7 if not service.flat else "", "success").check(document)


@cache
def table_of(name: str, namespace: str = HL7, message: str = "request") -> NodeTable:
    """Give the compiled node table of a message."""
    return NodeTable(nodes_of(name, message), namespace)


class NodeTable:
    """A compiled node table: one question says whether all is well, and only when not, each is asked."""

    def __init__(self, nodes: tuple[Node, ...], namespace: str) -> None:
        self.nodes = nodes
        self._speller = Speller(namespace)
        self._contexts = _contexts(nodes)
        self._stars = frozenset(node.path for node in nodes if not node.maximum)
        self._rivals: dict[str, list[Node]] = {}
        self._checks = tuple(self._all_checks())
        self._compiled: dict[str, Any] = {}
        self._any = self._compile(" or ".join(f"boolean({text})" for text in self._joined()) or "false()")

    @property
    def required(self) -> tuple[Node, ...]:
        """The nodes that must stand."""
        return tuple(node for node in self.nodes if node.required)

    def check(self, document: XmlDocument) -> list[Issue]:
        """List what is wrong with a message."""
        root = document.root
        if not self._any(root):
            return []
        places = Places(document)
        found = (self._told(check, *one) for check in self._checks for one in _elements(self._ask(check, root)))
        return [tell(one, places) for one in islice(found, MOST)]

    def _joined(self) -> Iterator[str]:
        """Write all checks as few questions; where one of them finds something, the checks are asked one by one."""
        groups: dict[tuple[str, str], list[tuple[tuple[Step, ...], str]]] = {}
        for check in self._checks:
            if check.condition:
                groups.setdefault((check.kind, check.context), []).append((check.way, check.condition))
            else:
                yield check.text
        for (kind, context), ways in groups.items():
            joined = join(ways, lambda step: self._speller.spell((step,)), "and" if kind == "missing" else "or")
            yield f"{context}[not({joined})]" if kind == "missing" else f"{context}[{joined}]"

    def _all_checks(self) -> Iterator[_Check]:
        if any(node.path.startswith(f"{SUBJECT}/") for node in self.nodes) and SUBJECT not in self._stars:
            yield self._missing(Node(path=SUBJECT, required=True, maximum=0, fixed=(), meaning="业务内容", element=""))
        fixed = [check for node in self.nodes if node.fixed and _name(node) in _TOLD_APART for check in self._fixed(node)]
        for check in fixed:
            if check.kind == "rootless":
                self._rivals.setdefault(check.text, []).append(check.node)
        yield from {check.text: check for check in fixed if check.kind == "rootless"}.values()
        yield from (self._missing(node) for node in self.nodes if node.required)
        yield from (check for check in fixed if check.kind == "fixed")
        for path in self._singles():
            yield self._often(path)

    def _missing(self, node: Node) -> _Check:
        context, below = self._apart(node.path)
        way = below[:-1] if below[-1].name == "text()" else below
        filled = "normalize-space()" if below[-1].is_leaf else "true()"
        text = f"{context}[not({self._speller.spell(way)}[{filled}])]"
        return _Check("missing", node, text, below, context, way, filled)

    def _fixed(self, node: Node) -> Iterator[_Check]:
        """Ask for other values than the fixed ones; a value that already tells brothers apart is no question."""
        context, below = self._apart(node.path)
        holder, leaf = below[:-1], below[-1]
        if any(step.by == _names(below[at + 1 :]) for at, step in enumerate(holder)):
            if leaf.name == "@root" and holder[-1].by == "@root":
                plain = (*holder[:-1], Step(holder[-1].name))
                yield _Check("rootless", node, f"{context}/{self._speller.spell(plain)}[@extension][not(@root)]", (leaf,))
            return
        wrong = " and ".join(["normalize-space()", *(f"normalize-space()!={quoted(value)}" for value in allowed(node))])
        yield _Check("fixed", node, f"{context}/{self._speller.spell(below)}[{wrong}]", (leaf,), context, below, wrong)

    def _singles(self) -> list[str]:
        """List the elements that hold required nodes and may stand once only."""
        found: dict[str, None] = {}
        for node in self.nodes:
            path = parent_of(node.path) if node.required and "[" not in node.path else ""
            while path and path not in self._contexts:
                if steps_of(path)[-1].name not in _DATA_TYPES:
                    found.setdefault(path)
                path = parent_of(path)
        return list(found)

    def _often(self, path: str) -> _Check:
        context, below = self._apart(path)
        node = Node(path=path, required=False, maximum=1, fixed=(), meaning=below[-1].name, element="")
        return _Check("often", node, f"{context}[count({self._speller.spell(below)})>1]", below)

    def _apart(self, path: str) -> tuple[str, tuple[Step, ...]]:
        """Part a path at the nearest element that may stand any number of times or not at all."""
        context = next((one for one in self._contexts if path.startswith(f"{one}/")), "")
        above, steps = steps_of(context), steps_of(path)
        spelled = self._speller.spell(above, last_of_many=context in self._stars)
        return (f"/*/{spelled}" if spelled else "/*"), steps[len(above) :]

    def _told(self, check: _Check, element: Any, value: str) -> Told:
        header = check.node.path.startswith(_HEADER)
        error = check.kind != "fixed" or (_name(check.node) == "@root" and not header)
        node = check.node
        if check.kind == "rootless":
            stand = {other.get("root") for other in element.getparent().iterchildren(element.tag)}
            absent = [rival for rival in self._rivals[check.text] if not stand.intersection(allowed(rival))]
            node = next((rival for rival in absent if rival.required), absent[0] if absent else node)
        return Told(check.kind, node, element, check.below, value, error=error)

    def _ask(self, check: _Check, root: Any) -> list[Any]:
        """Find what is wrong by one check, which is compiled when it is first wanted."""
        if check.text not in self._compiled:
            self._compiled[check.text] = self._compile(check.text)
        found: list[Any] = self._compiled[check.text](root)
        return found

    def _compile(self, text: str) -> Any:
        return etree.XPath(text, namespaces=self._speller.namespaces)


def _contexts(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """List the elements with a row of their own, the deepest first, and the subject of the message with them."""
    own = {node.path for node in nodes if not steps_of(node.path)[-1].is_leaf and not (node.required and node.maximum)}
    if any(node.path.startswith(f"{SUBJECT}/") for node in nodes):
        own.add(SUBJECT)
    return tuple(sorted(own, key=lambda path: -len(steps_of(path))))


def _names(steps: tuple[Step, ...]) -> str:
    return "/".join(step.name for step in steps)


def _name(node: Node) -> str:
    return steps_of(node.path)[-1].name


def _elements(found: list[Any]) -> Iterator[tuple[Any, str]]:
    """Give each result as its element and, for an attribute, the value."""
    for one in found:
        yield (one, "") if hasattr(one, "tag") else (one.getparent(), str(one))

"""Read from an XSD what may stand in an element, and in which order, so that a refusal can name the right word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree

from engine.documents.places import local

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_PARTICLES = {f"{_XS}{name}" for name in ("sequence", "choice", "all", "complexContent", "simpleContent")}
_DERIVED = {f"{_XS}extension", f"{_XS}restriction"}


@dataclass(frozen=True, slots=True)
class Child:
    """A child that a type allows: how often, and whether it must be there or is one of a choice."""

    name: str
    declared: Any
    many: bool
    must: bool
    chosen: bool


@dataclass(frozen=True, slots=True)
class Outline:
    """What may stand in an element: children in their order, attributes, text."""

    children: tuple[Child, ...] = ()
    attributes: tuple[str, ...] = ()
    text: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the children in their order, each once."""
        return tuple(dict.fromkeys(child.name for child in self.children))

    def named(self, name: str) -> list[Child]:
        """Give the declarations of a child; more than one where it may stand at two places."""
        return [child for child in self.children if child.name == name]


def _parsed(path: Path) -> Any:
    safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.parse(str(path), safe).getroot()


class Outlines:
    """The outlines of one schema with what it includes (W3C XML Schema 1.0)."""

    def __init__(self, path: Path) -> None:
        """Read the files of a schema that compiles."""
        self._top: dict[tuple[str, str], Any] = {}
        self._kept: dict[Any, Outline] = {}
        self._read(path.resolve(), set())
        top = _parsed(path)
        first = top.find(f"{_XS}element")
        self.root = "" if first is None else str(first.get("name"))
        """The root element that the schema declares first."""
        self.namespace = str(top.get("targetNamespace", ""))

    def of(self, element: Any) -> Outline:
        """Tell what may stand in an element of a document; an empty outline where the schema does not know it."""
        return self.inside(self._definition(element))

    def inside(self, definition: Any) -> Outline:
        """Tell what may stand in elements of a type."""
        if definition is None:
            return Outline()
        if definition not in self._kept:
            self._kept[definition] = self._outline(definition)
        return self._kept[definition]

    def kinds(self, element: Any) -> tuple[str, ...]:
        """Name the types that xsi:type may give an element: those made from its own, abstract ones left out."""
        declared = self._declared(element)
        found = [
            name
            for (sort, name), node in self._top.items()
            if sort == "complexType" and node.get("abstract") != "true" and declared in self._line(node)
        ]
        return tuple(found)

    def has_type(self, name: str) -> bool:
        """Tell whether the schema knows a type of the name, wherever it may be used."""
        return ("complexType", name) in self._top or ("simpleType", name) in self._top

    def about(self, element: Any, attribute: str = "") -> str:
        """Give what the schema says in Chinese of the values of an element or attribute; empty when it says nothing."""
        kind = self._definition(element)
        if attribute and kind is not None:
            attributes = (a for made in self._line(kind) for a in made.iter(f"{_XS}attribute") if a.get("name") == attribute)
            kind = self._type_of(next(attributes, None))
        elif kind is not None and local(kind.tag) == "complexType":
            made = kind.find(f"{_XS}simpleContent/{_XS}extension")
            kind = self._named("simpleType", made.get("base")) if made is not None else None
        said = kind.find(f"{_XS}annotation/{_XS}documentation[@{_LANG}='zh']") if kind is not None else None
        return "" if said is None or local(kind.tag) != "simpleType" else " ".join((said.text or "").split())

    def declared_type(self, child: Child) -> Any:
        """Give the type of a declared child."""
        return self._type_of(child.declared)

    def _read(self, path: Path, seen: set[Path]) -> None:
        """Read a file and those it includes, each once."""
        if path in seen:
            return
        seen.add(path)
        for node in _parsed(path).iterchildren("{*}*"):
            if node.get("schemaLocation"):
                self._read((path.parent / node.get("schemaLocation")).resolve(), seen)
            elif node.get("name"):
                self._top[local(node.tag), node.get("name")] = node

    def _named(self, sort: str, name: str | None) -> Any:
        """Give a component of the schema by its name, with or without prefix."""
        return self._top.get((sort, name.rsplit(":", 1)[-1])) if name else None

    def _definition(self, element: Any) -> Any:
        """Give the type of an element: the one it names itself, else the declared one."""
        own = self._named("complexType", element.get(XSI_TYPE))
        return own if own is not None else self._declared(element)

    def _declared(self, element: Any) -> Any:
        """Give the type that the schema declares for an element where it stands."""
        name, parent = local(element.tag), element.getparent()
        if parent is None:
            return self._type_of(self._named("element", name))
        found = self.of(parent).named(name)
        return self._type_of(found[0].declared) if found else None

    def _type_of(self, declared: Any) -> Any:
        """Give the type of an element declaration."""
        if declared is None:
            return None
        if declared.get("ref"):
            return self._type_of(self._named("element", declared.get("ref")))
        for sort in ("complexType", "simpleType"):
            named = self._named(sort, declared.get("type"))
            inner = declared.find(f"{_XS}{sort}")
            if named is not None or inner is not None:
                return named if named is not None else inner
        return None

    def _line(self, definition: Any) -> list[Any]:
        """Give a type and those it is made from."""
        line = []
        while definition is not None:
            line.append(definition)
            definition = self._base(definition)
        return line

    def _base(self, definition: Any) -> Any:
        """Give the type that a type is made from."""
        made = next((n for n in definition.iter(*_DERIVED) if local(n.getparent().tag).endswith("Content")), None)
        return self._named("complexType", made.get("base")) if made is not None else None

    def _outline(self, definition: Any) -> Outline:
        """Draw up the outline of a type."""
        if local(definition.tag) == "simpleType":
            return Outline(text=True)
        text = any(n.get("mixed") == "true" or n.find(f"{_XS}simpleContent") is not None for n in self._line(definition))
        return Outline(tuple(self._children(definition, (False, True, False))), tuple(self._attributes(definition)), text)

    def _children(self, node: Any, held: tuple[bool, bool, bool]) -> Iterator[Child]:
        """Walk the particles of a type; `held` says of what holds them: many, must, a choice."""
        for child in node:
            many = held[0] or child.get("maxOccurs", "1") not in ("0", "1") if isinstance(child.tag, str) else False
            must = held[1] and child.get("minOccurs", "1") != "0" if isinstance(child.tag, str) else False
            if child.tag == f"{_XS}element":
                name = (child.get("name") or child.get("ref", "")).rsplit(":", 1)[-1]
                yield Child(name, child, many, must and not held[2], held[2])
            elif child.tag == f"{_XS}group":
                yield from self._children(self._named("group", child.get("ref")), (many, must, held[2]))
            elif child.tag in _PARTICLES:
                yield from self._children(child, (many, must, held[2] or child.tag == f"{_XS}choice"))
            elif child.tag in _DERIVED:
                if child.tag == f"{_XS}extension":
                    yield from self.inside(self._named("complexType", child.get("base"))).children
                yield from self._children(child, held)

    def _attributes(self, node: Any) -> Iterator[str]:
        """Name the attributes of a type."""
        refused = {a.get("name") for a in node.iter(f"{_XS}attribute") if a.get("use") == "prohibited"}
        base = self._base(node) if local(node.tag) == "complexType" else None
        yield from (name for name in self.inside(base).attributes if name not in refused)
        for child in node.iter(f"{_XS}attribute", f"{_XS}attributeGroup"):
            if child.get("ref"):
                yield from self._attributes(self._named("attributeGroup", child.get("ref")))
            elif child.get("name") and child.get("use") != "prohibited" and local(child.tag) == "attribute":
                yield child.get("name")

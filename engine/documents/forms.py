"""Read the forms of operations data, which their XSD describes: tables, fields, Chinese names, units; draw figures by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lxml import etree

from engine.documents.places import local
from engine.documents.reading import XmlDocument
from engine.message import Figure

NAMESPACE = "urn:changbai:operations:1"
ROW = "row"
"""The element that repeats in a table of many rows; its attributes are the keys of the row."""

_XS = "{http://www.w3.org/2001/XMLSchema}"
_OPS = f"{{{NAMESPACE}}}"
_PERSONAL = frozenset(["personName", "identityNumber"])
_READER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: its Chinese `title`, its `unit` ("" for words and codes), the simple type of its value.

    `personal` tells that its values name a person; they are kept sealed.
    """

    name: str
    title: str
    unit: str
    type: str
    personal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a form; with `keys` it has many rows, each told by these attributes, without them one row of fields."""

    name: str
    title: str
    keys: Mapping[str, Field]
    fields: Mapping[str, Field]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The form of one class of operations data; `kinds` are the periods it may be reported for."""

    root: str
    title: str
    kinds: tuple[str, ...]
    tables: Mapping[str, Table]

    @classmethod
    def read(cls, path: Path) -> Form:
        """Read an XSD that compiles, and common.xsd beside it."""
        top = _parsed(path)
        types = _types(_parsed(path.parent / "common.xsd"))
        root = _only(top, "element")
        body = _only(_only(root, "complexType"), "sequence")
        parts = [e for e in body.iterchildren(f"{_XS}element") if e.find(f"{_XS}complexType") is not None]
        tables = {e.get("name"): _table(e, types) for e in parts if e.get("name") != "period"}
        kinds = tuple(e.get("value") for e in parts[0].iter(f"{_XS}enumeration"))
        return cls(root=root.get("name", ""), title=_title(root), kinds=kinds, tables=MappingProxyType(tables))

    def draw(self, document: XmlDocument) -> tuple[Figure, ...]:
        """Draw every figure of a valid document, in its order; the keys of a row are its dimension."""
        return tuple(figure for part in document.root if isinstance(part.tag, str) for figure in self._figures(part))

    def _figures(self, part: Any) -> Iterator[Figure]:
        table = self.tables.get(local(part.tag))
        if table is None:
            return
        for row in part.iterchildren(f"{_OPS}{ROW}") if table.keys else (part,):
            dimension = "/".join(_words(row.get(key)) for key in table.keys)
            for element in row.iterchildren(f"{_OPS}*"):
                field = table.fields.get(local(element.tag))
                if field is not None:
                    yield Figure(
                        section=table.name, field=field.name, value=_words(element.text), unit=field.unit, dimension=dimension,
                        personal=field.personal,
                    )  # fmt: skip


def _parsed(path: Path) -> Any:
    return etree.parse(str(path), _READER).getroot()


def _only(parent: Any, name: str) -> Any:
    return parent.find(f"{_XS}{name}")


def _types(common: Any) -> Mapping[str, tuple[str, str]]:
    """Name of a type -> the simple type of its value, and its unit."""
    found: dict[str, tuple[str, str]] = {}
    for kind in common.iterchildren(f"{_XS}simpleType"):
        found[kind.get("name")] = (kind.get("name"), "")
    for kind in common.iterchildren(f"{_XS}complexType"):
        extension, unit = kind.find(f".//{_XS}extension"), kind.find(f".//{_XS}attribute[@name='unit']")
        if extension is not None and unit is not None:
            found[kind.get("name")] = (_bare(extension.get("base")), unit.get("fixed"))
    return found


def _table(part: Any, types: Mapping[str, tuple[str, str]]) -> Table:
    row = part.find(f".//{_XS}element[@name='{ROW}']")
    keys = [] if row is None else row.iter(f"{_XS}attribute")
    fields = part.iter(f"{_XS}element")
    return Table(
        name=part.get("name"),
        title=_title(part),
        keys=MappingProxyType({e.get("name"): _field(e, types) for e in keys}),
        fields=MappingProxyType({e.get("name"): _field(e, types) for e in fields if e.get("type")}),
    )


def _field(declared: Any, types: Mapping[str, tuple[str, str]]) -> Field:
    name = _bare(declared.get("type"))
    base, unit = types[name]
    return Field(name=declared.get("name"), title=_title(declared), unit=unit, type=base, personal=name in _PERSONAL)


def _title(declared: Any) -> str:
    return _words(declared.findtext(f"{_XS}annotation/{_XS}documentation"))


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _words(text: str | None) -> str:
    return " ".join((text or "").split())

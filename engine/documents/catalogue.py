"""Read xsd/catalogue.yaml: every kind of content the platform takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from pydantic import Field

from engine.errors import ConfigError, Fault
from engine.yamlfile import Code, Sheet, YamlFile, check_model, read_yaml

PLACES = (
    "type", "template", "document-root", "document", "title", "time", "resident", "resident-name", "gender", "birth",
    "visit", "card", "archive", "inpatient", "outpatient", "author", "institution", "institution-name", "confidentiality",
    "replaces-root", "replaces",
)  # fmt: skip
"""What `DocumentType.where` tells the place of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentType:
    """One kind of content: `number` in the work plan, `template` the OID of its template ("" when it has none).

    `schema` names a grammar of the catalogue, `rules` is the folder of its rule tables, `sample` the committed
    sample; `where` maps the words of PLACES to XPath expressions that give text ("" for what the type has not).
    `also` holds the other numbers and names under which the work plan lists the same content. `figures` tells that it
    is a form of figures, keyed by its own id (class and period): a later one replaces without saying so.
    """

    code: str
    number: int
    name: str
    title: str
    english_name: str
    standard: str
    part: int
    template: str
    family: str
    schema: str
    rules: Path
    sample: Path
    where: Mapping[str, str]
    also: tuple[tuple[int, str], ...] = ()
    figures: bool = False


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All types by code, and the grammar files by the names that routes use."""

    types: Mapping[str, DocumentType]
    schemas: Mapping[str, Path]

    @classmethod
    def load(cls, path: Path, shown: str = "xsd/catalogue.yaml") -> Catalogue:
        """Read the catalogue; raises ConfigError with every fault at its place (CFG-01x, CFG-020, CFG-050)."""
        file = read_yaml(path, shown)
        sheet = check_model(file, _CatalogueSheet)
        faults = tuple(_faults(file, sheet, path.parent))
        if faults:
            raise ConfigError(faults)
        types = (_type(sheet, row, path.parent) for row in sheet.types)
        schemas = {name: path.parent / where for name, where in sheet.schemas.items()}
        return cls(MappingProxyType({t.code: t for t in types}), MappingProxyType(schemas))

    def moved(self, before: Path, after: Path) -> Catalogue:
        """Give the same catalogue for the same files below another folder."""

        def there(path: Path) -> Path:
            return after / path.relative_to(before)

        types = {code: replace(t, rules=there(t.rules), sample=there(t.sample)) for code, t in self.types.items()}
        return Catalogue(MappingProxyType(types), MappingProxyType({name: there(path) for name, path in self.schemas.items()}))


class _AliasSheet(Sheet):
    number: int
    name: str


class _TypeSheet(Sheet):
    code: Code
    number: int
    name: str
    title: str
    english: str
    standard: str
    part: int = 0
    template: Code | None = None
    family: str
    schema_: str = Field("", alias="schema")
    sample: str
    where: dict[str, str] = Field(default_factory=dict)
    also: list[_AliasSheet] = Field(default_factory=list)


class _CatalogueSheet(Sheet):
    schemas: dict[str, str]
    rules: dict[str, str]
    where: dict[str, dict[str, str]]
    figures: list[str] = Field(default_factory=list)
    types: list[_TypeSheet]


def _type(sheet: _CatalogueSheet, row: _TypeSheet, root: Path) -> DocumentType:
    places = dict.fromkeys(PLACES, "") | sheet.where[row.family] | row.where
    return DocumentType(
        code=row.code,
        number=row.number,
        name=row.name,
        title=row.title,
        english_name=row.english,
        standard=row.standard,
        part=row.part,
        template=row.template or "",
        family=row.family,
        schema=row.schema_ or row.family,
        rules=root / sheet.rules[row.family],
        sample=root / row.sample,
        where=MappingProxyType(places),
        also=tuple((alias.number, alias.name) for alias in row.also),
        figures=row.family in sheet.figures,
    )


def _faults(file: YamlFile, sheet: _CatalogueSheet, root: Path) -> Iterator[Fault]:
    for name, where in sheet.schemas.items():
        if not (root / where).is_file():
            yield file.fault("CFG-020", ("schemas", name), f"there is no file {where}")
    for family, places in sheet.where.items():
        yield from _strange_places(file, ("where", family), places)
    seen: dict[str, int] = {}
    for position, row in enumerate(sheet.types):
        at = ("types", position)
        first = seen.setdefault(row.code, position)
        if first != position:
            yield file.fault("CFG-050", (*at, "code"), f"the type {row.code} stands twice in the catalogue")
        if any(row.family not in table for table in (sheet.rules, sheet.where)):
            yield file.fault("CFG-011", (*at, "family"), f'the family "{row.family}" needs a line under rules and where')
        if (row.schema_ or row.family) not in sheet.schemas:
            key = "schema" if row.schema_ else "family"
            yield file.fault("CFG-011", (*at, key), f'"{row.schema_ or row.family}" needs a line under schemas')
        if not (root / row.sample).is_file():
            yield file.fault("CFG-020", (*at, "sample"), f"there is no file {row.sample}")
        yield from _strange_places(file, (*at, "where"), row.where)


def _strange_places(file: YamlFile, at: tuple[str | int, ...], places: Mapping[str, str]) -> Iterator[Fault]:
    for name in places:
        if name not in PLACES:
            yield file.fault("CFG-012", (*at, name), f'unknown place "{name}"; known: {", ".join(PLACES)}', key=True)

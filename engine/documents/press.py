"""Keep everything compiled once: the catalogue, schemas, rules, stylesheets and code tables of one thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from engine.documents.catalogue import Catalogue, DocumentType
from engine.documents.codetables import CodeTable
from engine.documents.drawing import CLINICAL_PLACES, Drawing, Drawn
from engine.documents.formrules import form_schematron
from engine.documents.forms import Form
from engine.documents.limits import DEFAULT_LIMITS, Limits
from engine.documents.reading import XmlDocument, open_document
from engine.documents.rules import RuleSet
from engine.documents.ruletables import schematron
from engine.documents.schemas import Schema
from engine.documents.stylesheets import Stylesheet
from engine.documents.tables import load_tables
from engine.errors import Issue
from engine.message import Figure

_Thing = TypeVar("_Thing")


class Press:
    """What a thread needs to open and judge documents. One Press per thread: lxml keeps error logs in what it compiles."""

    def __init__(self, root: Path, limits: Limits = DEFAULT_LIMITS, catalogue: Catalogue | None = None) -> None:
        """Read the catalogue under the project's `root`, unless it is at hand; raises ConfigError with every fault of it."""
        self.root = root
        self.limits = limits
        self.catalogue = catalogue or Catalogue.load(root / "xsd" / "catalogue.yaml")
        self._kept: dict[tuple[str, Any], Any] = {}

    def successor(self, root: Path) -> Press:
        """Give a press of the same thread for a set of files whose xsd/ is the same, byte for byte: what is compiled goes over."""
        new = Press(root, self.limits, self.catalogue.moved(self.root, root))
        mine, theirs = self.root / "xsd", root / "xsd"
        for (sort, key), thing in self._kept.items():
            if isinstance(key, str):
                new._kept[sort, key] = thing
            elif key.is_relative_to(mine):
                new._kept[sort, theirs / key.relative_to(mine)] = thing
        return new

    def open(self, content: bytes) -> XmlDocument:
        """Open unpacked bytes; raises SenderError as `open_document` does."""
        return open_document(content, self.limits)

    def schema(self, name: str | Path) -> Schema:
        """Give the schema of the catalogue by its name, or that of a path; raises ConfigError."""
        path = name if isinstance(name, Path) else self.catalogue.schemas[name]
        return self._once("schema", path, lambda: Schema(path, self._shown(path)))

    def rules(self, of: str | Path) -> RuleSet:
        """Give the rules of a document type by its code, or those of a .sch file; raises ConfigError."""
        if isinstance(of, Path):
            return self._once("rules", of, lambda: RuleSet.load(of, shown=self._shown(of)))
        kind = self.catalogue.types[of]
        return self._once("rules", of, lambda: self._rules_of(kind))

    def compile_rules(self, code: str) -> bool:
        """Compile the rules of a document type ahead of its first document; false when they are compiled already."""
        if ("rules", code) in self._kept:
            return False
        self.rules(code)
        return True

    def know_rules(self, code: str) -> None:
        """Read and check what the rules of a type are made of, so that a start finds its mistakes; raises ConfigError.

        Rules of clinical tables are compiled when the first document of the type comes: all together take seconds.
        """
        kind = self.catalogue.types.get(code)
        if kind is None:
            return
        if kind.rules.is_dir() and not kind.figures:
            load_tables(kind.rules)
        else:
            self.rules(code)

    def stylesheet(self, path: Path) -> Stylesheet:
        """Give the compiled stylesheet of a path; raises ConfigError."""
        return self._once("stylesheet", path, lambda: Stylesheet(path, self._shown(path)))

    def table(self, path: Path) -> CodeTable:
        """Give the code table of a path; raises ConfigError."""
        return self._once("table", path, lambda: CodeTable(path, self._shown(path)))

    def draw(self, document: XmlDocument, type_code: str) -> Drawn:
        """Draw the values of a document from where its type says they stand."""
        return self._drawing(type_code).draw(document)

    def _drawing(self, type_code: str) -> Drawing:
        kind = self.catalogue.types.get(type_code)
        where = kind.where if kind else CLINICAL_PLACES
        return self._once("drawing", kind.code if kind else "", lambda: Drawing(where))

    def figures(self, document: XmlDocument, type_code: str) -> tuple[Figure, ...]:
        """Draw the figures of a valid document of operations data; none for other types."""
        kind = self.catalogue.types[type_code]
        return self.form(kind).draw(document) if kind.figures else ()

    def placed(self, issue: Issue, document: XmlDocument, type_code: str, place: str) -> Issue:
        """Write into an issue where its type says that `place` (one of the words of PLACES) stands."""
        return self._drawing(type_code).placed(issue, document, place)

    def form(self, kind: DocumentType) -> Form:
        """Give the form of a type of operations data; raises ConfigError."""
        self.schema(kind.schema)
        return self._once("form", kind.schema, lambda: Form.read(self.catalogue.schemas[kind.schema]))

    def _rules_of(self, kind: DocumentType) -> RuleSet:
        """Compile the rules of a type: a rule file, or the tables of a folder."""
        if kind.figures:
            return RuleSet.compile(form_schematron(kind, self.form(kind)), f"{self._shown(kind.rules)} ({kind.code})")
        if kind.rules.is_dir():
            return RuleSet.compile(schematron(kind), f"{self._shown(kind.rules)} ({kind.code})")
        return RuleSet.load(kind.rules, shown=self._shown(kind.rules))

    def _once(self, sort: str, key: Any, make: Callable[[], _Thing]) -> _Thing:
        """Make a thing at the first asking and keep it."""
        if (sort, key) not in self._kept:
            self._kept[sort, key] = make()
        kept: _Thing = self._kept[sort, key]
        return kept

    def _shown(self, path: Path) -> str:
        """Write a path as faults show it: from the project's top."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

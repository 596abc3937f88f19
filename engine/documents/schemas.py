"""Check a document against an XSD and say in plain Chinese what is wrong, where, and how to cure it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree

from engine.documents import findings
from engine.documents.outlines import Outlines
from engine.documents.places import Places
from engine.documents.reading import XmlDocument, parser
from engine.errors import ConfigError, Fault, Issue

CAP = 50
"""Issues that one check reports at most."""

_MANY = 5_000
"""Elements above which errors are first counted while streaming: libxml2 numbers siblings anew for each error."""

_CHUNK = 32 * 1024


class Schema:
    """One compiled schema. Use one object per thread: lxml keeps the error log in it."""

    def __init__(self, path: Path, shown: str = "") -> None:
        """Compile the file with what it includes; raises ConfigError (CFG-020, CFG-024) with file and line."""
        self.path = path
        self._schema = _compile(path, shown or str(path))
        self._outlines: Outlines | None = None

    def check(self, document: XmlDocument) -> tuple[Issue, ...]:
        """Return what is wrong, in document order, at most 50 issues; empty when valid (W3C XML Schema 1.0)."""
        root = document.root
        if len(document.utf8) > _CHUNK * 2 and root.xpath("count(//*)") > _MANY:
            return self._check_large(document)
        if self._schema.validate(root):
            return ()
        return self._explain(document, root)

    def _check_large(self, document: XmlDocument) -> tuple[Issue, ...]:
        """Count errors while streaming; explain the part of the document that holds the first fifty."""
        end = self._first_errors_end(document.utf8)
        if end == 0:
            return ()
        if end >= len(document.utf8):
            self._schema.validate(document.root)
            return self._explain(document, document.root)
        part = etree.fromstring(document.utf8[:end], parser(recover=True))
        self._schema.validate(part)
        return self._explain(document, part)

    def _first_errors_end(self, utf8: bytes) -> int:
        """Give how many bytes hold more errors than we report; all bytes when fewer, 0 when there is no error."""
        pull = parser(schema=self._schema)
        for at in range(0, len(utf8), _CHUNK):
            pull.feed(utf8[at : at + _CHUNK])
            if len(pull.feed_error_log) > CAP:
                return min(at + _CHUNK, len(utf8))
        try:
            pull.close()
        except etree.XMLSyntaxError:
            return len(utf8)
        return len(utf8) if len(pull.feed_error_log) else 0

    def _explain(self, document: XmlDocument, root: Any) -> tuple[Issue, ...]:
        """Turn libxml2's log into issues, without its double entries."""
        places = Places(document if root is document.root else XmlDocument(document.content, root=root, utf8=document.utf8))
        if self._outlines is None:
            self._outlines = Outlines(self.path)
        issues: list[Issue] = []
        seen: set[tuple[str, str]] = set()
        for entry in self._schema.error_log:
            issue = findings.explain(entry, root, places, self._outlines)
            key = findings.kinship(issue)
            if key not in seen:
                seen.add(key)
                issues.append(issue)
            if len(issues) == CAP:
                break
        return tuple(issues)


def _compile(path: Path, shown: str) -> etree.XMLSchema:
    """Read and compile a schema without network, DTD or entities."""
    safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree = etree.parse(str(path), safe)
        if tree.docinfo.doctype:
            raise ConfigError([Fault(file=shown, line=1, column=0, code="CFG-024", message="XSD 不能有 DOCTYPE")])
        return etree.XMLSchema(tree)
    except OSError:
        raise ConfigError([Fault(file=shown, line=0, column=0, code="CFG-020", message="读不到 XSD 文件")]) from None
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise ConfigError(_faults(error, path, shown)) from None


def _faults(error: etree.LxmlError, path: Path, shown: str) -> list[Fault]:
    """Give every error of a schema that does not compile at its file and line."""
    faults = []
    for entry in error.error_log:
        where = Path(entry.filename).name if entry.filename and entry.filename != "<string>" else ""
        file = shown if where in ("", path.name) else str(Path(shown).parent / where)
        faults.append(Fault(file=file, line=entry.line, column=entry.column, code="CFG-024", message=entry.message))
    return faults or [Fault(file=shown, line=0, column=0, code="CFG-024", message=str(error))]

"""Serve what a hospital's developer reads: document types, codes, the guide and its examples."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from engine.documents.catalogue import Catalogue
from engine.documents.typebook import TypeBook, anchor
from engine.documents.typepages import index_page, page
from engine.inbound.exchange import Reply
from engine.inbound.prose import Link, show

TYPES, CODES, GUIDE, EXAMPLES = "/services/types", "/services/codes", "/services/developer", "/services/examples"
_ENGLISH = f"{GUIDE}/en"
PORTAL, INTERACTIONS = "/services/portal", "/services/interactions"
_HTML, _XML, _TEXT = "text/html; charset=utf-8", "application/xml; charset=utf-8", "text/plain; charset=utf-8"
_QUIET = (("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"), ("X-Content-Type-Options", "nosniff"))

_WRITTEN: Mapping[str, str] = {
    CODES: "codes.md",
    GUIDE: "guide.zh.md",
    _ENGLISH: "guide.en.md",
    PORTAL: "portal.md",
    "/services/contracts/appointment": "contracts/appointment.md",
    "/services/contracts/report": "contracts/report.md",
    "/services/contracts/guide": "contracts/guide.md",
    "/services/referral-guide": "referral.md",
    "/services/contracts/referral": "contracts/referral.md",
    "/services/contracts/api": "contracts/api.md",
    "/services/contracts/hip": "contracts/hip.md",
    "/services/contracts/regional": "contracts/regional.md",
    INTERACTIONS: "interactions/README.md",
    "/services/contracts/functions": "hospital-functions.md",
}
_BY_TYPE = re.compile(r"SND-(?:33|4)\d+")
"""Codes whose rule stands on the page of the document's type; the others are explained by the page of codes."""


class Handbook:
    """Pages by path, each made at its first asking: those of the types from the rules in force, the others from docs/."""

    def __init__(self, catalogue: Catalogue, docs: Path) -> None:
        self.catalogue = catalogue
        self._book = TypeBook(catalogue)
        self._docs = docs
        self._makers = dict(self._pages())
        self._kept: dict[str, Reply] = {}

    def knows(self, path: str) -> bool:
        """Tell whether there is such a page; `path` has no slash at its end."""
        return path in self._makers

    def reply(self, path: str) -> Reply:
        """Give a page; slow at the first asking, OSError when its file is gone."""
        if path not in self._kept:
            self._kept[path] = self._makers[path]()
        return self._kept[path]

    def _pages(self) -> list[tuple[str, Callable[[], Reply]]]:
        kinds = self.catalogue.types
        samples = [(f"{TYPES}/{code}.xml", self._file(kind.sample, _XML)) for code, kind in kinds.items()]
        registers = [f"interactions/{p.name}" for p in sorted((self._docs / "interactions").glob("*.md"))]
        pages = {f"/services/{name.removesuffix('.md')}": name for name in registers if name not in _WRITTEN.values()}
        written = [(path, self._document(name)) for path, name in {**_WRITTEN, **pages}.items()]
        files = sorted(p for p in (self._docs / "examples").rglob("*") if p.is_file() and "node_modules" not in p.parts)
        examples = [(f"{EXAMPLES}/{p.relative_to(self._docs / 'examples').as_posix()}", self._file(p, _TEXT)) for p in files]
        return [(TYPES, self._index), *((f"{TYPES}/{code}", self._type(code)) for code in kinds), *samples, *written, *examples]

    def _index(self) -> Reply:
        return _html(index_page(self.catalogue), self._link("types"))

    def _type(self, code: str) -> Callable[[], Reply]:
        return lambda: _html(page(self._book.page(code), f"{code}.xml"), self._link("types"))

    def _document(self, name: str) -> Callable[[], Reply]:
        return lambda: _html((self._docs / name).read_text(encoding="utf-8"), self._link(posixpath.dirname(name)))

    def _file(self, path: Path, media_type: str) -> Callable[[], Reply]:
        return lambda: Reply(200, path.read_bytes(), media_type, _QUIET)

    def _link(self, folder: str) -> Link:
        """Turn the links of a page below `folder` of docs/ into addresses of this handbook."""

        def address(to: str) -> str:
            path, mark, place = to.partition("#")
            if not path or path.startswith("/services/"):
                return to
            found = self._address(posixpath.normpath(posixpath.join(folder, path)))
            return f"{found}{mark}{place}" if found else ""

        return address

    def _address(self, name: str) -> str:
        if name == "types/README.md":
            return TYPES
        served = {file: path for path, file in _WRITTEN.items()}.get(name) or f"/services/{name.removesuffix('.md')}"
        return served if self.knows(served) else ""


def explanation(address: str, document_type: str, code: str, rule: str) -> str:
    """Give the address of what explains a refusal: the rule on the page of the type, else the code."""
    if code == "SND-401":
        return f"{address}{TYPES}"
    if _BY_TYPE.fullmatch(code) and rule:
        return f"{address}{TYPES}/{document_type}#{anchor(rule)}"
    return f"{address}{CODES}#{code}"


def _html(markdown: str, link: Link) -> Reply:
    return Reply(200, show(markdown, link), _HTML, _QUIET)

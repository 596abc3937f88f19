"""Run an XSLT 1.0 stylesheet that can reach no file, no network and no extension function."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from lxml import etree

from engine.documents.functions import strange_functions
from engine.documents.issues import shorten
from engine.documents.reading import XmlDocument
from engine.errors import ConfigError, EngineError, Fault, Issue, SenderError

XSL = "http://www.w3.org/1999/XSL/Transform"
_ELEMENTS = frozenset(
    [
        "stylesheet",
        "transform",
        "apply-imports",
        "apply-templates",
        "attribute",
        "attribute-set",
        "call-template",
        "choose",
        "comment",
        "copy",
        "copy-of",
        "decimal-format",
        "element",
        "fallback",
        "for-each",
        "if",
        "key",
        "message",
        "namespace-alias",
        "number",
        "otherwise",
        "output",
        "param",
        "preserve-space",
        "processing-instruction",
        "sort",
        "strip-space",
        "template",
        "text",
        "value-of",
        "variable",
        "when",
        "with-param",
    ],
)
_EXTENSIONS = ("http://exslt.org/", "http://xmlsoft.org/", "http://icl.com/saxon", "http://xml.apache.org/", "org.apache.xalan")
_EXPRESSIONS = frozenset(("select", "test", "match", "use", "count", "from", "value"))
_BRACES = re.compile(r"\{([^{}]*)\}")
_MESSAGE = re.compile(r"runtime error|XPath evaluation|xslt[A-Z]")


class Stylesheet:
    """One compiled stylesheet. Use one object per thread: lxml keeps the messages of a run in it."""

    def __init__(self, path: Path, shown: str = "") -> None:
        """Compile; raises ConfigError (CFG-020, CFG-023) with every construct that is refused, at its line."""
        self.path = path
        shown = shown or str(path)
        tree = _read(path, shown)
        faults = [fault for element in tree.iter(etree.Element) for fault in _strange(element, shown)]
        if faults:
            raise ConfigError(faults)
        self._strips = tree.getroot().find(f"{{{XSL}}}strip-space") is not None
        self._transform = _compile(tree, shown)

    def apply(self, document: XmlDocument, parameters: Mapping[str, str] | None = None) -> XmlDocument:
        """Transform; parameters are strings. The document itself stays as it is.

        Raises SenderError SND-419 with the text of an xsl:message that ends the run, EngineError for any other failure.
        """
        # libxslt strips white space in the tree it is given, and that tree is shared by all steps.
        root = copy.deepcopy(document.root) if self._strips else document.root
        given: dict[str, Any] = {name: etree.XSLT.strparam(value) for name, value in (parameters or {}).items()}
        try:
            result = self._transform(root, **given)
        except etree.XSLTApplyError as error:
            raise self._failure(error) from None
        if len(self._transform.error_log) and (runtime := self._runtime_error()):
            raise EngineError(f"{self.path.name}: {runtime}")
        return document.changed(bytes(cast("Any", result)))

    def _failure(self, error: etree.XSLTApplyError) -> EngineError:
        """Tell a message of the stylesheet's author from a failure of the stylesheet."""
        if runtime := self._runtime_error():
            return EngineError(f"{self.path.name}: {runtime}")
        log = self._transform.error_log
        said = log[-1].message.strip() if len(log) else str(error)
        return SenderError(Issue(code="SND-419", message=shorten(said), hint="按提示修改后重新上传。", rule=self.path.stem))

    def _runtime_error(self) -> str:
        """Give the first complaint of libxslt itself, empty when only messages were written."""
        for entry in self._transform.error_log:
            if _MESSAGE.match(entry.message) or entry.domain_name != "XSLT":
                place = f"line {entry.line}: " if entry.line else ""
                rest = next((e.message for e in self._transform.error_log if not e.message.startswith("runtime error")), "")
                return f"{place}{entry.message}; {rest}".strip()
        return ""


def _read(path: Path, shown: str) -> Any:
    """Read a stylesheet as a document; entities and network stay shut."""
    safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        tree = etree.parse(str(path), safe)
    except OSError:
        raise ConfigError([_fault(shown, 0, "读不到样式表文件", code="CFG-020")]) from None
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise ConfigError([_fault(shown, line, str(error), column=column)]) from None
    if tree.docinfo.internalDTD is not None:
        raise ConfigError([_fault(shown, 1, "样式表不能有 DOCTYPE")])
    return tree


def _compile(tree: Any, shown: str) -> etree.XSLT:
    """Compile what has passed our own look."""
    try:
        return etree.XSLT(tree, access_control=etree.XSLTAccessControl.DENY_ALL)
    except etree.XSLTParseError as error:
        lines = [e.line for e in error.error_log if e.line and "compilation error" in e.message]
        raise ConfigError([_fault(shown, lines[-1] if lines else 0, str(error))]) from None


def _strange(element: Any, shown: str) -> list[Fault]:
    """Name what one element of a stylesheet may not be or call."""
    name = etree.QName(element)
    line = element.sourceline or 0
    faults = []
    if name.namespace == XSL and name.localname not in _ELEMENTS:
        why = "不能引用其他文件" if name.localname in ("import", "include") else "XSLT 1.0 没有它，或它会读写文件"
        faults.append(_fault(shown, line, f"不允许 xsl:{name.localname}：{why}"))
    if (name.namespace or "").startswith(_EXTENSIONS):
        faults.append(_fault(shown, line, f"不允许扩展元素 {name.localname}（{name.namespace}）"))
    if "extension-element-prefixes" in element.attrib or f"{{{XSL}}}extension-element-prefixes" in element.attrib:
        faults.append(_fault(shown, line, "不允许 extension-element-prefixes"))
    for text in _expressions(element, is_instruction=name.namespace == XSL):
        faults.extend(
            _fault(shown, line, f"不允许函数 {call}()：只能用 XPath 1.0 与 XSLT 1.0 的函数") for call in strange_functions(text)
        )
    return faults


def _expressions(element: Any, *, is_instruction: bool) -> list[str]:
    """Give all XPath of one element: its expression attributes, and what stands in braces in the others."""
    found: list[str] = []
    for name, value in element.attrib.items():
        if is_instruction and name in _EXPRESSIONS:
            found.append(str(value))
        else:
            found.extend(_BRACES.findall(str(value)))
    return found


def _fault(shown: str, line: int, message: str, *, column: int = 0, code: str = "CFG-023") -> Fault:
    return Fault(file=shown, line=line, column=column, code=code, message=message)

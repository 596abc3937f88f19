"""Hold a document against the named checks of routes: identity number, type, order of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from engine.documents.drawing import CLINICAL_PLACES, identity_number, moment
from engine.documents.issues import finding
from engine.documents.places import Places, path_of
from engine.documents.reading import XmlDocument
from engine.documents.xpaths import XPath
from engine.errors import Issue, Severity
from engine.identity import identity_fault
from engine.message import SHANGHAI, Message

Check = Callable[[XmlDocument, Message, Severity], tuple[Issue, ...]]
"""A named check: the document, the message that carries it, and how grave its findings are."""

_RESIDENT = XPath(CLINICAL_PLACES["resident"])
_CODE = XPath(CLINICAL_PLACES["type"])
_WRITTEN = XPath(CLINICAL_PLACES["time"])
_AUTHORED = XPath("/hl7:ClinicalDocument/hl7:author/hl7:time/@value")
_PERIOD_END = XPath("/*/ops:period/@to")
_LOWS = XPath("//hl7:low[@value and ../hl7:high/@value]/@value")
_HIGHS = XPath("//hl7:high[@value and ../hl7:low/@value]/@value")


def resident_id(document: XmlDocument, message: Message, severity: Severity) -> tuple[Issue, ...]:
    """Check the resident's identity number (SND-414); a missing one is the business of the rules."""
    del message
    filled = [node for node in _RESIDENT.nodes(document.root) if str(node).strip()]
    wrong = [(node, reason) for node in filled if (reason := identity_fault(identity_number(str(node))))]
    return tuple(_at(document, node, "SND-414", reason, "resident-id", severity) for node, reason in wrong)


def type_agrees(document: XmlDocument, message: Message, severity: Severity) -> tuple[Issue, ...]:
    """Check that the document's own code is the type it was sent as (SND-402)."""
    for node in _CODE.nodes(document.root):
        code = identity_number(str(node))
        if code != message.document_type.upper():
            reason = f"上传时的类型为 {message.document_type}，文档内 code 为 {code}"
            return (_at(document, node, "SND-402", reason, "type-agrees", severity),)
    return ()


def order_of_times(document: XmlDocument, message: Message, severity: Severity) -> tuple[Issue, ...]:
    """Check that nothing ends before it begins, and that no document is older than its record (SND-412)."""
    del message
    pairs = [
        (a, b, "结束时间早于开始时间") for a, b in zip(_LOWS.nodes(document.root), _HIGHS.nodes(document.root), strict=False)
    ]
    written = _WRITTEN.nodes(document.root)
    pairs += [(authored, written[0], "文档生成时间早于作者记录时间") for authored in _AUTHORED.nodes(document.root) if written]
    return tuple(
        _at(document, late, "SND-412", f"{words}（{early} 与 {late}）", "order-of-times", severity)
        for early, late, words in pairs
        if _before(str(late), str(early))
    )


def period_past(document: XmlDocument, message: Message, severity: Severity) -> tuple[Issue, ...]:
    """Check that a period of operations data had ended, in Shanghai, when the report was received (SND-412)."""
    today = message.received.astimezone(SHANGHAI).date().isoformat()
    return tuple(
        _at(document, end, "SND-412", f"统计期间的末日 {end} 还没有到（收到时是 {today}）", "period-past", severity)
        for end in _PERIOD_END.nodes(document.root)
        if str(end) > today
    )


def _before(one: str, other: str) -> bool:
    """Tell whether a time surely lies before another, as far as both are written."""
    first, second = moment(one), moment(other)
    if first is None or second is None:
        return False
    if not one.isdigit() or not other.isdigit():
        return first < second
    shared = min(len(one), len(other))
    return one[:shared] < other[:shared]


def _at(document: XmlDocument, node: Any, code: str, reason: str, rule: str, severity: Severity) -> Issue:
    """Write an issue at an attribute."""
    element = node.getparent()
    line, column = Places(document).line_and_column(element)
    base = finding(code, reason, value=str(node))
    return Issue(
        code=code,
        message=base.message,
        hint=base.hint,
        severity=severity,
        rule=rule,
        path=path_of(element, node.attrname),
        line=line,
        column=column,
        value=base.value,
    )


CHECKS: Mapping[str, Check] = MappingProxyType(
    {"resident-id": resident_id, "type-agrees": type_agrees, "order-of-times": order_of_times, "period-past": period_past},
)
"""The checks that routes may name."""

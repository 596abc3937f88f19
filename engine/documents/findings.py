"""Translate one schema error of libxml2 into rule, place, reason and cure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from lxml import etree

from engine.documents import misplaced
from engine.documents.issues import SHOWN, shorten
from engine.documents.misplaced import Words
from engine.documents.outlines import XSI_TYPE, Outlines
from engine.documents.places import Places, local, path_of
from engine.errors import Issue

_T = etree.ErrorTypes
_NAMES = re.compile(r"\{[^}]*\}([^\s,)]+)|([^\s,()]+)")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)")
_ATTRIBUTE = re.compile(r"(?:attribute|The attribute) '(?:\{[^}]*\})?([^']+)'")
_PATTERN = re.compile(r"pattern '(.*)'\.$", re.DOTALL)
_SET = re.compile(r"of the set \{(.*)\}\.$", re.DOTALL)
_LENGTH = re.compile(r"has a length of '(\d+)'.*length of '(\d+)'", re.DOTALL)
_BOUND = re.compile(r"(?:than|exceeded|equal to|allowed)[^']*\(?'([^']*)'\)?\.$|\('([^']*)'\)\.$")
_TYPE = re.compile(r"type '(?:\{[^}]*\}|xs:)?([^']+)'\.?$")
_STEP = re.compile(r"([^\[\]]+)(?:\[(\d+)\])?")
_KEY = re.compile(r"key-sequence \['(.*)'\]")
_FIXED = re.compile(r"fixed value constraint '(.*)'\.$", re.DOTALL)

_FORMS = {
    "ts": "时间写成 YYYYMMDDhhmmss，可只到日（20260131）或分，可带时区 +0800",
    "int": "整数，如 12",
    "integer": "整数，如 12",
    "nonNegativeInteger": "不小于 0 的整数",
    "positiveInteger": "大于 0 的整数",
    "real": "数值，如 36.5；小数点用半角 . ，不带单位和千分位",
    "decimal": "数值，如 36.5；小数点用半角 . ，不带单位和千分位",
    "double": "数值，如 36.5",
    "bl": "true 或 false",
    "bn": "true 或 false",
    "boolean": "true 或 false",
    "uid": "OID（如 2.16.156.10011.1.3）或 UUID",
    "oid": "OID，如 2.16.156.10011.1.3",
    "uuid": "UUID，如 12345678-1234-1234-1234-123456789012",
    "cs": "不含空格的代码",
    "st": "至少一个字符的文字",
    "url": "网址，如 tel:0431-80000000",
    "bin": "Base64 编码的内容",
    "base64Binary": "Base64 编码的内容",
    "date": "日期写成 YYYY-MM-DD",
    "dateTime": "时间写成 YYYY-MM-DDThh:mm:ss",
    "ID": "以字母开头的标识，如 s1，全文不重复",
    "IDREF": "文档内已有的 ID，如 s1",
    "IDREFS": "文档内已有的 ID，多个以空格分隔",
    "NMTOKEN": "不含空格的代码",
    "NMTOKENS": "代码，多个以空格分隔",
    "words": "代码，多个以空格分隔，如 H 或 H MP",
    "probability": "0 到 1 之间的数值",
}
"""What a value of a data type looks like, by the local name of the type."""


_USUAL = {
    ("", "classCode"): "OBS",
    ("", "moodCode"): "EVN",
    ("", "typeCode"): "COMP",
    ("organizer", "classCode"): "CLUSTER",
    ("act", "classCode"): "ACT",
    ("procedure", "classCode"): "PROC",
    ("encounter", "classCode"): "ENC",
    ("supply", "classCode"): "SPLY",
    ("substanceAdministration", "classCode"): "SBADM",
    ("regionOfInterest", "classCode"): "ROIOVL",
    ("relatedDocument", "typeCode"): "RPLC",
    ("reference", "typeCode"): "REFR",
    ("participant", "typeCode"): "DEV",
}
"""What a missing attribute mostly holds, by element and attribute."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What one log entry speaks of; `element` is None when it cannot be found again."""

    text: str
    element: Any
    name: str
    attribute: str
    outlines: Outlines

    @property
    def value(self) -> str:
        """The offending value as it stands in the document."""
        if self.element is None:
            return ""
        if self.attribute:
            full = XSI_TYPE if XSI_TYPE in self.text else self.attribute
            return str(self.element.get(full, ""))
        return str(self.element.text or "")


def explain(entry: Any, root: Any, places: Places, outlines: Outlines) -> Issue:
    """Turn a log entry into an issue; libxml2's own sentence never goes out."""
    found = _found(entry, root, outlines)
    code, message, hint = (_EXPLAIN.get(entry.type, _other) if found.element is not None else _other)(found)
    line, column = places.line_and_column(found.element) if found.element is not None else (entry.line, 0)
    in_attribute = bool(found.attribute) and found.element is not None and code in ("SND-334", "SND-335", "SND-336")
    path = path_of(found.element, found.attribute if in_attribute else "") if found.element is not None else ""
    value = shorten(found.value) if code in ("SND-334", "SND-335", "SND-336", "SND-339") or entry.type in _TEXTS else ""
    return Issue(code=code, message=message, hint=hint, path=path, line=line, column=column, value=value, rule="schema")


def kinship(issue: Issue) -> tuple[str, str]:
    """Give what two issues share when they are one mistake: libxml2 tells a bad value or type twice."""
    if issue.code in ("SND-335", "SND-336"):
        return "value", issue.path.removesuffix("/@type")
    return issue.code, issue.path


def _found(entry: Any, root: Any, outlines: Outlines) -> _Found:
    """Read element and attribute out of a log entry."""
    element = _element_at(root, entry.path) if entry.path else None
    if element is None and entry.type == _T.SCHEMAV_CVC_IDC:
        element = _keyed(entry, root)
    attribute = _ATTRIBUTE.search(entry.message)
    name = local(element.tag) if element is not None else "?"
    return _Found(entry.message, element, name, attribute.group(1) if attribute else "", outlines)


def _element_at(root: Any, path: str) -> Any:
    """Follow libxml2's path: `*` counts all siblings, another name those of the same prefix and name."""
    node = None
    for step in path.strip("/").split("/"):
        parts = _STEP.fullmatch(step)
        if parts is None:
            break
        name, place = parts.group(1), int(parts.group(2) or 1)
        siblings = [root] if node is None else node.iterchildren("{*}*")
        fitting = (s for s in siblings if name in ("*", f"{s.prefix}:{local(s.tag)}" if s.prefix else local(s.tag)))
        node = next(islice(fitting, place - 1, None), None)
        if node is None:
            break
    return node


def _expected(text: str) -> list[str]:
    """List the local names that libxml2 expected."""
    match = _EXPECTED.search(text)
    if not match:
        return []
    return [local(a or b).replace("##other", "其他命名空间的元素") for a, b in _NAMES.findall(match.group(1))]


def _root(found: _Found) -> Words:
    uri = etree.QName(found.element).namespace if found.element is not None else ""
    return (
        "SND-331",
        f"根元素是 <{found.name}>（命名空间 {uri or '无'}），不是该类文档的根元素。",
        f'根元素应为 <{found.outlines.root} xmlns="{found.outlines.namespace}">；请核对上传时的文档类型。',
    )


def _content(found: _Found) -> Words:
    expected = _expected(found.text)
    if "Missing child" in found.text:
        return misplaced.missing(found.element, expected, found.outlines)
    return misplaced.element(found.element, expected, found.outlines)


def _no_content(found: _Found) -> Words:
    if "Element content" in found.text:
        return misplaced.children(found.element, found.outlines)
    return misplaced.text(found.element, found.outlines)


def _loose_text(found: _Found) -> Words:
    return misplaced.text(found.element, found.outlines)


def _attribute_extra(found: _Found) -> Words:
    return misplaced.attribute(found.element, found.attribute, found.outlines)


def _attribute_missing(found: _Found) -> Words:
    usual = _USUAL.get((found.name, found.attribute)) or _USUAL.get(("", found.attribute), "…")
    return "SND-334", f"<{found.name}> 缺少属性 {found.attribute}。", f'补上 {found.attribute}="{usual}"。'


def _fixed(found: _Found) -> Words:
    fixed = _FIXED.search(found.text)
    right = fixed.group(1) if fixed else ""
    if found.attribute:
        return "SND-334", f"<{found.name}> 的属性 {found.attribute} 取值不正确。", f"应为固定值“{right}”。"
    return "SND-335", f"<{found.name}> 的取值不正确。", f"应为固定值“{right}”。"


def _subject(found: _Found) -> str:
    return f"<{found.name}> 的属性 {found.attribute} " if found.attribute else f"<{found.name}> "


def _shape(found: _Found, form: str) -> Words:
    form = found.outlines.about(found.element, found.attribute) or form
    if not found.value.strip():
        cure = "；没有值时删去该属性" if found.attribute else ""
        return "SND-335", f"{_subject(found)}为空。", f"应为：{form}{cure}。"
    if found.value != found.value.strip() and found.attribute:
        return "SND-335", f"{_subject(found)}的值“{shorten(found.value)}”前后有空格。", f"去掉空格；应为：{form}。"
    return "SND-335", f"{_subject(found)}的值“{shorten(found.value)}”不符合要求。", f"应为：{form}。"


def _pattern(found: _Found) -> Words:
    match = _PATTERN.search(found.text)
    form = f"符合格式 {match.group(1)}" if match else "符合规定的格式"
    known = _FORMS.get(_type_near(found))
    return _shape(found, known or form)


def _type_near(found: _Found) -> str:
    """Guess the data type of a value of which libxml2 names only the pattern: times and OIDs are most of them."""
    pattern = _PATTERN.search(found.text)
    text = pattern.group(1) if pattern else ""
    if "[+\\-]" in text or "[0-9]{1,8}" in text:
        return "ts"
    if "[0-2](\\." in text:
        return "uid"
    return "cs" if text == "[^\\s]+" else ""


def _enumeration(found: _Found) -> Words:
    match = _SET.search(found.text)
    allowed = match.group(1).replace("'", "") if match else ""
    meant = misplaced.near(found.value, allowed.split(", "))
    if meant:
        code, message, _ = _shape(found, "")
        return (
            code,
            message.replace("不符合要求", f"不符合要求，是否应为 {meant}？").replace("？。", "？"),
            f"可用的值：{allowed[:SHOWN]}。",
        )
    return _shape(found, f"下列之一：{allowed[:SHOWN]}" + ("…" if len(allowed) > SHOWN else ""))


def _length(found: _Found) -> Words:
    match = _LENGTH.search(found.text)
    if not match:
        return _shape(found, "规定的长度")
    word = "不少于" if "underruns" in found.text else "不超过" if "exceeds" in found.text else "恰好"
    code, message, _ = _shape(found, "")
    return code, message, f"长度应{word} {match.group(2)} 个字符，现为 {match.group(1)} 个。"


def _range(found: _Found) -> Words:
    match = _BOUND.search(found.text)
    bound = next((g for g in match.groups() if g), "") if match else ""
    return _shape(found, f"在规定的范围内（界限 {bound}）" if bound else "在规定的范围内")


def _data_type(found: _Found) -> Words:
    if "QName value" in found.text:
        return _xsi_type(found)
    match = _TYPE.search(found.text)
    kind = match.group(1) if match else ""
    return _shape(found, _FORMS.get(kind, f"{kind} 类型的值" if kind else "规定类型的值"))


def _xsi_type(found: _Found) -> Words:
    return misplaced.kind(found.element, found.outlines)


def _abstract(found: _Found) -> Words:
    return misplaced.untyped(found.element, found.outlines)


def _not_nillable(found: _Found) -> Words:
    return "SND-334", f"<{found.name}> 不允许 xsi:nil。", "去掉 xsi:nil 并填写内容；确实没有时用 nullFlavor。"


def _keyed(entry: Any, root: Any) -> Any:
    """Find the element whose key has no partner: libxml2 gives its line and the key only."""
    key = _KEY.search(entry.message)
    wanted = key.group(1) if key else ""
    rows = (element for element in root.iter("{*}*") if element.sourceline == entry.line)
    return next((row for row in rows if any(wanted == (child.text or "").strip() for child in row)), None)


def _key(found: _Found) -> Words:
    match = _KEY.search(found.text)
    key = shorten(match.group(1).replace("', '", "、")) if match else ""
    if "No match" in found.text:
        return "SND-337", f"<{found.name}> 引用的“{key}”在所引用的字典里没有。", f"在字典里补上“{key}”，或改正这里的代码。"
    return "SND-337", f"<{found.name}> 的标识“{key}”在同一张表里重复。", "同一张表里每行的标识只能出现一次，请合并或改正。"


def _other(found: _Found) -> Words:
    return "SND-339", f"<{found.name}> 不符合文档的结构定义。", "对照结构定义（XSD）检查该元素的内容、属性与先后顺序。"


_TEXTS = (_T.SCHEMAV_CVC_COMPLEX_TYPE_2_1, _T.SCHEMAV_CVC_COMPLEX_TYPE_2_3)
"""What libxml2 says of text where none may stand."""

_EXPLAIN: dict[int, Callable[[_Found], Words]] = {
    _T.SCHEMAV_CVC_ELT_1: _root,
    _T.SCHEMAV_ELEMENT_CONTENT: _content,
    _T.SCHEMAV_CVC_COMPLEX_TYPE_2_1: _no_content,
    _T.SCHEMAV_CVC_COMPLEX_TYPE_2_2: _no_content,
    _T.SCHEMAV_CVC_COMPLEX_TYPE_2_3: _loose_text,
    _T.SCHEMAV_CVC_TYPE_3_1_2: _no_content,
    _T.SCHEMAV_CVC_TYPE_3_1_1: _attribute_extra,
    _T.SCHEMAV_CVC_COMPLEX_TYPE_3_2_1: _attribute_extra,
    _T.SCHEMAV_CVC_COMPLEX_TYPE_3_2_2: _attribute_extra,
    _T.SCHEMAV_CVC_COMPLEX_TYPE_4: _attribute_missing,
    _T.SCHEMAV_CVC_AU: _fixed,
    _T.SCHEMAV_CVC_ELT_5_2_2_2_1: _fixed,
    _T.SCHEMAV_CVC_ELT_5_2_2_2_2: _fixed,
    _T.SCHEMAV_CVC_PATTERN_VALID: _pattern,
    _T.SCHEMAV_CVC_ENUMERATION_VALID: _enumeration,
    _T.SCHEMAV_CVC_LENGTH_VALID: _length,
    _T.SCHEMAV_CVC_MINLENGTH_VALID: _length,
    _T.SCHEMAV_CVC_MAXLENGTH_VALID: _length,
    _T.SCHEMAV_CVC_MININCLUSIVE_VALID: _range,
    _T.SCHEMAV_CVC_MAXINCLUSIVE_VALID: _range,
    _T.SCHEMAV_CVC_MINEXCLUSIVE_VALID: _range,
    _T.SCHEMAV_CVC_MAXEXCLUSIVE_VALID: _range,
    _T.SCHEMAV_CVC_TOTALDIGITS_VALID: _range,
    _T.SCHEMAV_CVC_FRACTIONDIGITS_VALID: _range,
    _T.SCHEMAV_CVC_DATATYPE_VALID_1_2_1: _data_type,
    _T.SCHEMAV_CVC_DATATYPE_VALID_1_2_2: _data_type,
    _T.SCHEMAV_CVC_DATATYPE_VALID_1_2_3: _data_type,
    _T.SCHEMAV_CVC_ELT_4_1: _xsi_type,
    _T.SCHEMAV_CVC_ELT_4_2: _xsi_type,
    _T.SCHEMAV_CVC_ELT_4_3: _xsi_type,
    _T.SCHEMAV_CVC_TYPE_2: _abstract,
    _T.SCHEMAV_CVC_ELT_2: _abstract,
    _T.SCHEMAV_CVC_ELT_3_1: _not_nillable,
    _T.SCHEMAV_CVC_IDC: _key,
}

"""Translate one schema error of libxml2 into rule, place, reason and cure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from lxml import etree

from engine.documents.issues import SHOWN, shorten
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
_QNAME = re.compile(r"(?:QName value|type definition) '(?:\{[^}]*\})?([^']+)'")
_FIXED = re.compile(r"fixed value constraint '(.*)'\.$", re.DOTALL)
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"

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
    "probability": "0 到 1 之间的数值",
}
"""What a value of a data type looks like, by the local name of the type."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What one log entry speaks of; `element` is None when it cannot be found again."""

    text: str
    element: Any
    name: str
    attribute: str

    @property
    def value(self) -> str:
        """The offending value as it stands in the document."""
        if self.element is None:
            return ""
        if self.attribute:
            full = _XSI_TYPE if _XSI_TYPE in self.text else self.attribute
            return str(self.element.get(full, ""))
        return str(self.element.text or "")


Words = tuple[str, str, str]
"""Code, message and hint."""


def explain(entry: Any, root: Any, places: Places) -> Issue:
    """Turn a log entry into an issue; libxml2's own sentence never goes out."""
    found = _found(entry, root)
    code, message, hint = _EXPLAIN.get(entry.type, _other)(found)
    line, column = places.line_and_column(found.element) if found.element is not None else (entry.line, 0)
    in_attribute = bool(found.attribute) and found.element is not None and code in ("SND-334", "SND-335", "SND-336")
    path = path_of(found.element, found.attribute if in_attribute else "") if found.element is not None else ""
    value = shorten(found.value) if code in ("SND-334", "SND-335", "SND-336", "SND-339") else ""
    return Issue(code=code, message=message, hint=hint, path=path, line=line, column=column, value=value, rule="schema")


def kinship(issue: Issue) -> tuple[str, str]:
    """Give what two issues share when they are one mistake: libxml2 tells a bad value or type twice."""
    if issue.code in ("SND-335", "SND-336"):
        return "value", issue.path.removesuffix("/@type")
    return issue.code, issue.path


def _found(entry: Any, root: Any) -> _Found:
    """Read element and attribute out of a log entry."""
    element = None
    if entry.path:
        nodes = root.getroottree().xpath(entry.path)
        element = nodes[0] if nodes and hasattr(nodes[0], "tag") else None
    attribute = _ATTRIBUTE.search(entry.message)
    name = local(element.tag) if element is not None else "?"
    return _Found(entry.message, element, name, attribute.group(1) if attribute else "")


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
        '根元素应为 <ClinicalDocument xmlns="urn:hl7-org:v3">（病历文档）；运行数据按该类的结构定义。',
    )


def _content(found: _Found) -> Words:
    allowed = _expected(found.text)
    shown = "、".join(allowed[:12])
    if "Missing child" in found.text:
        return "SND-333", f"<{found.name}> 内缺少元素：{shown}。", f"在 <{found.name}> 内按顺序补上 {shown}。"
    near = get_close_matches(found.name, allowed, n=1, cutoff=0.6)
    if found.name in allowed:
        return "SND-332", f"<{found.name}> 的命名空间不正确。", "该元素应在 urn:hl7-org:v3 命名空间，检查 xmlns 声明。"
    if near:
        return "SND-332", f"此处不允许 <{found.name}>，是否应为 <{near[0]}>？", f"可在此处出现：{shown}。"
    if len(allowed) == 1:
        hint = f"在 <{found.name}> 之前补上 <{shown}>，或检查元素名与先后顺序。"
        return "SND-332", f"此处应为 <{shown}>，却出现了 <{found.name}>。", hint
    if shown:
        return "SND-332", f"此处不允许 <{found.name}>。", f"可在此处出现：{shown}。检查元素名与先后顺序。"
    return "SND-332", f"此处不允许 <{found.name}>，它重复或位置不对。", "删除它，或移到结构规定的位置。"


def _no_content(found: _Found) -> Words:
    what = "子元素" if "Element content" in found.text else "文字"
    return "SND-332", f"<{found.name}> 内不允许有{what}。", f"删除 <{found.name}> 内的{what}；需要的值写在属性里。"


def _loose_text(found: _Found) -> Words:
    return "SND-332", f"<{found.name}> 内直接写了文字，只能放子元素。", "把文字移到规定的子元素内，如 text、name 或 value。"


def _attribute_extra(found: _Found) -> Words:
    return "SND-334", f"<{found.name}> 不允许有属性 {found.attribute}。", f"删除属性 {found.attribute}，或检查拼写与大小写。"


def _attribute_missing(found: _Found) -> Words:
    return "SND-334", f"<{found.name}> 缺少属性 {found.attribute}。", f'补上 {found.attribute}="…"。'


def _fixed(found: _Found) -> Words:
    fixed = _FIXED.search(found.text)
    right = fixed.group(1) if fixed else ""
    if found.attribute:
        return "SND-334", f"<{found.name}> 的属性 {found.attribute} 取值不正确。", f"应为固定值“{right}”。"
    return "SND-335", f"<{found.name}> 的取值不正确。", f"应为固定值“{right}”。"


def _subject(found: _Found) -> str:
    return f"<{found.name}> 的属性 {found.attribute} " if found.attribute else f"<{found.name}> "


def _shape(found: _Found, form: str) -> Words:
    empty = not found.value.strip()
    reason = "为空" if empty else f"的值“{shorten(found.value)}”不符合要求"
    return "SND-335", f"{_subject(found)}{reason}。", f"应为：{form}。"


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
    match = _QNAME.search(found.text)
    kind = match.group(1) if match else found.value
    if "not resolve" in found.text or "no corresponding namespace" in found.text:
        return (
            "SND-336",
            f"<{found.name}> 的 xsi:type=“{kind}”不存在。",
            "使用标准的数据类型，如 ST、CD、CE、PQ、TS、BL、INT；前缀须已声明。",
        )
    return "SND-336", f"<{found.name}> 不能使用 xsi:type=“{kind}”。", "改用该元素允许的数据类型，如 ST、CD、PQ、TS。"


def _abstract(found: _Found) -> Words:
    return "SND-336", f"<{found.name}> 没有写明可用的数据类型。", '用 xsi:type 写明数据类型，如 xsi:type="ST"。'


def _not_nillable(found: _Found) -> Words:
    return "SND-334", f"<{found.name}> 不允许 xsi:nil。", "去掉 xsi:nil 并填写内容；确实没有时用 nullFlavor。"


def _other(found: _Found) -> Words:
    return "SND-339", f"<{found.name}> 不符合文档的结构定义。", "对照结构定义（XSD）检查该元素的内容、属性与先后顺序。"


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
}

"""Explain in Chinese why a document is not well-formed XML."""

from __future__ import annotations

import re

from lxml import etree

from engine.documents.bounds import too_deep
from engine.documents.issues import refusal
from engine.documents.limits import Limits
from engine.errors import SenderError

_E = etree.ErrorTypes

_ESCAPE = "文字里的 & 写成 &amp;，< 写成 &lt;；用 XML 工具生成文档，不要拼接字符串。"
_CAUSES: dict[int, tuple[str, str]] = {
    _E.ERR_DOCUMENT_EMPTY: ("没有找到根元素", "检查打包的是否为 XML 文档。"),
    _E.ERR_DOCUMENT_END: ("根元素结束之后还有内容", "一份文档只有一个根元素；删除其后的内容。"),
    _E.ERR_TAG_NAME_MISMATCH: ("结束标签与开始标签不一致", "改正标签名，或补上缺少的结束标签。"),
    _E.ERR_TAG_NOT_FINISHED: ("文档在元素结束之前就完了", "检查文档是否被截断。"),
    _E.ERR_GT_REQUIRED: ("标签没有以 > 结束", "检查文档是否被截断，或标签里有非法字符。"),
    _E.ERR_NAME_REQUIRED: ("有未转义的 & 或 <，或标签名不合法", _ESCAPE),
    _E.ERR_ENTITYREF_SEMICOL_MISSING: ("有未转义的 &，或实体缺少分号", _ESCAPE),
    _E.ERR_UNDECLARED_ENTITY: ("使用了 XML 没有的实体，如 &nbsp;", "只能用 &amp; &lt; &gt; &quot; &apos;；空格请直接写。"),
    _E.ERR_LT_IN_ATTRIBUTE: ("属性值里有未转义的 <，或属性缺少结束引号", _ESCAPE),
    _E.ERR_ATTRIBUTE_NOT_STARTED: ("属性值没有加引号", "属性值用双引号括起来。"),
    _E.ERR_ATTRIBUTE_NOT_FINISHED: ("属性值缺少结束引号", "属性值用双引号括起来。"),
    _E.ERR_ATTRIBUTE_WITHOUT_VALUE: ("属性没有值", '写成 名称="值"，等号和引号用半角。'),
    _E.ERR_ATTRIBUTE_REDEFINED: ("同一个元素里属性重复", "每个属性只写一次。"),
    _E.ERR_SPACE_REQUIRED: ("属性之间缺少空格", "属性之间留一个空格。"),
    _E.ERR_MISPLACED_CDATA_END: ("文字里有 ]]>", "把 ]]> 写成 ]]&gt;。"),
    _E.ERR_CDATA_NOT_FINISHED: ("CDATA 没有结束", "CDATA 以 ]]> 结束。"),
    _E.ERR_COMMENT_NOT_FINISHED: ("注释没有结束", "注释以 --> 结束。"),
    _E.ERR_HYPHEN_IN_COMMENT: ("注释里有两个连续的减号", "注释内不能出现 --。"),
    _E.ERR_RESERVED_XML_NAME: ("XML 声明不在文档开头", "<?xml 之前不能有空白或换行。"),
    _E.ERR_UNKNOWN_VERSION: ("XML 版本不是 1.0", '写成 <?xml version="1.0" encoding="UTF-8"?>。'),
    _E.NS_ERR_UNDEFINED_NAMESPACE: ("使用了没有声明的命名空间前缀", "在根元素上用 xmlns:前缀 声明它。"),
    _E.NS_ERR_XML_NAMESPACE: ("命名空间声明不正确", "命名空间不能为空；不要改动 xml 前缀。"),
    _E.NS_ERR_QNAME: ("名称里有多余的冒号", "名称写成 前缀:名称。"),
    _E.NS_ERR_ATTRIBUTE_REDEFINED: ("同一个元素里属性重复", "每个属性只写一次。"),
}
_BAD_CHARACTER = {_E.ERR_INVALID_CHAR, _E.ERR_INVALID_CHARREF, _E.ERR_INVALID_DEC_CHARREF, _E.ERR_INVALID_HEX_CHARREF}
_NUMBER = re.compile(r"(?:Char(?: value)?|xmlChar value) (0x[0-9A-Fa-f]+|\d+)")
_TAGS = re.compile(r"mismatch: (\S+) line (\d+) and (\S+),")
_OPEN = re.compile(r"in tag (\S+) line (\d+)")
_PREFIX = re.compile(r"prefix (\S+) ")


def not_well_formed(error: etree.XMLSyntaxError, limits: Limits) -> SenderError:
    """Turn libxml2's syntax error into SND-321, SND-323 or SND-604 with line, column, cause and cure."""
    line, column = error.position
    if error.code == _E.ERR_RESOURCE_LIMIT or "Excessive depth" in (error.msg or ""):
        return too_deep(limits)
    text = error.msg or ""
    if error.code in _BAD_CHARACTER:
        return refusal("SND-323", f"第 {line} 行第 {column} 列{_character(text)}", line=line, column=column)
    cause, hint = _CAUSES.get(error.code, ("结构有误", ""))
    return refusal("SND-321", f"第 {line} 行第 {column} 列，{cause}{_detail(text)}", hint, line=line, column=column)


def _character(text: str) -> str:
    """Name the character that XML does not allow."""
    number = _NUMBER.search(text)
    return f"有字符 U+{int(number.group(1), 0):04X}" if number else ""


def _detail(text: str) -> str:
    """Name the tags or prefix that libxml2 speaks of."""
    if tags := _TAGS.search(text):
        return f"：第 {tags.group(2)} 行的 <{tags.group(1)}> 遇到了 </{tags.group(3)}>"
    if tag := _OPEN.search(text):
        return f"：第 {tag.group(2)} 行的 <{tag.group(1)}> 没有结束"
    if prefix := _PREFIX.search(text):
        return f"：{prefix.group(1)}"
    return ""

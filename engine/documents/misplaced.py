"""Say of an element, an attribute, a text or a type that may not stand where it does what was meant instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

from lxml import etree

from engine.documents.outlines import XSI_TYPE, Outlines
from engine.documents.places import local

Words = tuple[str, str, str]
"""Code, message and hint."""

_LIST = 12
"""Names that a hint lists at most."""

_WIDTH = 3
"""Names before and after that show the right place in an order."""

_SHORT = 3
"""Characters below which a name is like too many others."""

_HTML = {
    "p": "paragraph", "div": "paragraph", "span": "content", "b": "content", "i": "content", "u": "content", "em": "content",
    "strong": "content", "font": "content", "ul": "list", "ol": "list", "li": "item", "a": "linkHtml", "img": "renderMultiMedia",
}  # fmt: skip
"""What the narrative of CDA R2 (4.3.5) has in place of HTML."""

_COMMON = {
    "STRING": "ST", "TEXT": "ST", "INTEGER": "INT", "LONG": "INT", "DECIMAL": "REAL", "DOUBLE": "REAL", "FLOAT": "REAL",
    "BOOLEAN": "BL", "BOOL": "BL", "DATE": "TS", "DATETIME": "TS", "CODE": "CD", "QUANTITY": "PQ", "MONEY": "MO",
}  # fmt: skip
"""Types of programming languages and XML Schema that are written for those of HL7 V3."""

_SPEAKING = {
    "code": "CD",
    "codeSystem": "CD",
    "displayName": "CD",
    "unit": "PQ",
    "currency": "MO",
    "root": "II",
    "extension": "II",
}
"""The type that an attribute of a value suggests."""

_USUAL = ("ST", "CD", "PQ", "TS", "BL", "INT", "REAL", "MO", "IVL_TS", "IVL_PQ", "ED")
"""Types that clinical documents use most, in the order a hint lists them."""


def near(name: str, known: Iterable[str]) -> str:
    """Give the known name that was most likely meant, empty when none is near; case is no difference."""
    if len(name) < _SHORT:
        return ""
    by_lower = {word.lower(): word for word in reversed(list(known))}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.65)
    return by_lower[found[0]] if found else ""


def element(node: Any, expected: Sequence[str], outlines: Outlines) -> Words:
    """Explain an element that may not stand here, from what libxml2 expected and what the schema says of its parent."""
    name, parent = local(node.tag), node.getparent()
    uri, home = etree.QName(node).namespace, etree.QName(parent).namespace
    outline = outlines.of(parent)
    if uri != home and not (uri and outline.names == ()):
        return _foreign(name, uri, home)
    if name in outline.names:
        return _out_of_order(node, expected, outlines)
    if not outline.children:
        return _no_children(node, outlines)
    html = _HTML.get(name.lower(), "")
    meant = html if html in outline.names else near(name, expected) or near(name, outline.names)
    if meant:
        hint = f"把 <{name}> 改为 <{meant}>，开始与结束标签都要改；相邻的元素依次为：{_around(outline.names, [meant])}。"
        return "SND-332", f"<{local(parent.tag)}> 内不允许 <{name}>，是否应为 <{meant}>？", hint
    return _elsewhere(node, expected, outlines)


def missing(node: Any, expected: Sequence[str], outlines: Outlines) -> Words:
    """Name what an element lacks: what it must have, else one of a choice."""
    name, outline = local(node.tag), outlines.of(node)
    present = {local(child.tag) for child in node.iterchildren("{*}*")}
    must = [c.name for c in outline.children if c.must and c.name not in present]
    chosen = [c.name for c in outline.children if c.chosen and c.name in expected]
    if must or not chosen:
        lacking = "、".join(f"<{n}>" for n in dict.fromkeys(must or expected[:1]))
        return (
            "SND-333",
            f"<{name}> 内缺少 {lacking}。",
            f"在 <{name}> 内补上 {lacking}；顺序：{_around(outline.names, must[:1])}。",
        )
    shown = _names(list(dict.fromkeys(chosen)))
    return "SND-333", f"<{name}> 内缺少内容。", f"在 <{name}> 内写下列之一：{shown}；不需要的 <{name}> 整个删除。"


def text(node: Any, outlines: Outlines) -> Words:
    """Explain text where none may stand: mostly it belongs into an attribute."""
    name, outline = local(node.tag), outlines.of(node)
    if not "".join(node.xpath("text()")).strip():
        hint = f"写成 <{name} …/>，或让结束标签紧跟开始标签。"
        return "SND-332", f"<{name}> 的开始标签与结束标签之间有空格或换行，这里不能有任何内容。", hint
    message = f"<{name}> 内直接写了文字，{'这里只能放子元素' if outline.children else '文字不能写在这里'}。"
    attribute = next((a for a in ("value", "code", "extension") if a in outline.attributes), "")
    inside = [n for n in ("text", "name", "value", "title") if n in outline.names]
    if attribute:
        return "SND-332", message, f'值写在属性里：<{name} {attribute}="…"/>。'
    if inside:
        return "SND-332", message, f"把文字移到子元素 {_names(inside)} 内，或删除。"
    other = f"；可用的属性：{_names(outline.attributes)}" if outline.attributes else ""
    return "SND-332", message, f"删除这些文字，或移到规定的子元素内{other}。"


def attribute(node: Any, name: str, outlines: Outlines) -> Words:
    """Explain an attribute that the element does not have."""
    tag, outline = local(node.tag), outlines.of(node)
    meant = near(name, outline.attributes)
    if meant:
        return "SND-334", f"<{tag}> 不允许有属性 {name}，是否应为 {meant}？", f'改为 {meant}="…"；属性名区分大小写。'
    if node.get(XSI_TYPE) and name in _SPEAKING:
        hint = f"xsi:type=“{node.get(XSI_TYPE)}”没有这个属性；有 {name} 的值用 {_SPEAKING[name]}，否则删除它。"
        return "SND-334", f"<{tag}> 不允许有属性 {name}。", hint
    if name in outline.names:
        return "SND-334", f"<{tag}> 不允许有属性 {name}，它是子元素。", f"在 <{tag}> 内写子元素 <{name}>。"
    if outline.text and name in ("value", "text", "name"):
        return "SND-334", f"<{tag}> 不允许有属性 {name}。", f"值写在标签之间：<{tag}>…</{tag}>。"
    allowed = "、".join(outline.attributes)
    return (
        "SND-334",
        f"<{tag}> 不允许有属性 {name}。",
        f"删除它；可用的属性：{allowed}。" if allowed else "删除它；这里不能有属性。",
    )


def kind(node: Any, outlines: Outlines) -> Words:
    """Explain an xsi:type that does not exist or may not stand here."""
    tag, written = local(node.tag), node.get(XSI_TYPE, "")
    prefix, _, plain = written.rpartition(":")
    known, uri = outlines.kinds(node), etree.QName(node).namespace
    usual = "、".join(n for n in _USUAL if n in known) or "、".join(known[:_LIST])
    if plain in known and node.nsmap.get(prefix or None) != uri:
        right = f"{node.prefix}:{plain}" if node.prefix else plain
        reason = f"前缀 {prefix} 没有指向" if prefix else "本文档的元素带前缀，不带前缀的类型名不在"
        return "SND-336", f"<{tag}> 的 xsi:type=“{written}”不存在：{reason}命名空间 {uri}。", f'写成 xsi:type="{right}"。'
    meant = _COMMON.get(plain.upper(), "") or near(plain, known)
    if meant and meant in known and meant != plain:
        hint = f'写成 xsi:type="{node.prefix}:{meant}"' if node.prefix else f'写成 xsi:type="{meant}"'
        return "SND-336", f"<{tag}> 的 xsi:type=“{written}”不存在，是否应为 {meant}？", f"{hint}；类型名区分大小写。"
    known_elsewhere = outlines.has_type(plain)
    reason = f"不能使用 xsi:type=“{written}”" if known_elsewhere else f"的 xsi:type=“{written}”不存在"
    return "SND-336", f"<{tag}> {reason}。", f"此处可用的数据类型：{usual}。"


def untyped(node: Any, outlines: Outlines) -> Words:
    """Ask for an xsi:type, with the type that the attributes suggest."""
    tag, given = local(node.tag), set(node.attrib)
    guess = next((kind for name, kind in _SPEAKING.items() if name in given), "ST")
    if guess == "ST" and "value" in given:
        guess = "BL" if node.get("value") in ("true", "false") else "INT"
    right = f"{node.prefix}:{guess}" if node.prefix else guess
    usual = "、".join(n for n in _USUAL if n in outlines.kinds(node))
    return "SND-336", f"<{tag}> 没有写明可用的数据类型。", f'用 xsi:type 写明，此处似为 xsi:type="{right}"；可用：{usual}。'


def _foreign(name: str, uri: str | None, home: str | None) -> Words:
    shown = f"在命名空间 {uri}" if uri else "没有命名空间"
    hint = f"该元素应在命名空间 {home}：检查 xmlns 声明与前缀；院内自定义的元素请删除，内容可写入章节。"
    return "SND-332", f"<{name}> {shown}，此处不允许。", hint


def _out_of_order(node: Any, expected: Sequence[str], outlines: Outlines) -> Words:
    """Explain an element that its parent knows: it stands twice, too late, or something is missing before it."""
    name, parent = local(node.tag), node.getparent()
    outline = outlines.of(parent)
    before = [local(n.tag) for n in node.itersiblings("{*}*", preceding=True)]
    named = outline.named(name)
    if before.count(name) >= len(named) and not any(child.many for child in named):
        hint = f"只保留一个 <{name}>，删除多余的。"
        return "SND-332", f"<{name}> 在 <{local(parent.tag)}> 内只能出现 {len(named)} 次。", hint
    place = outline.names.index(name)
    late = [n for n in before if n in outline.names[place + 1 :]]
    if late and not all(child.chosen for child in named):
        first = min(late, key=outline.names.index)
        hint = f"把 <{name}> 移到 <{first}> 之前；顺序：{_around(outline.names, [name])}。"
        return "SND-332", f"<{name}> 的位置不对，应写在 <{first}> 之前。", hint
    lacking = next((c.name for c in outline.children if c.must and c.name in expected), "")
    if lacking:
        hint = f"在 <{name}> 之前补上 <{lacking}>；顺序：{_around(outline.names, [lacking])}。"
        return "SND-332", f"<{name}> 之前缺少 <{lacking}>。", hint
    rival = next((n for n in before if any(c.chosen for c in outline.named(n))), "")
    reason = f"，不能与 <{rival}> 同时出现" if rival else "，它重复或位置不对"
    return "SND-332", f"此处不允许 <{name}>{reason}。", _allowed(parent, expected, outline.names)


def _no_children(node: Any, outlines: Outlines) -> Words:
    """Explain a child of an element that has none: an interval without its type, or a value written as a child."""
    name, parent = local(node.tag), node.getparent()
    tag, outline = local(parent.tag), outlines.of(parent)
    if name in ("low", "high", "width", "center") and "IVL_TS" in outlines.kinds(parent):
        return _interval(parent, name, "IVL_TS")
    if name in outline.attributes:
        return "SND-332", f"<{tag}> 内不允许有子元素 <{name}>，它是属性。", f'写成 <{tag} {name}="…"/>。'
    return (
        "SND-332",
        f"<{tag}> 内不允许有子元素 <{name}>。",
        f"删除 <{name}>；<{tag}> 的值写在{'标签之间' if outline.text else '属性里'}。",
    )


def children(node: Any, outlines: Outlines) -> Words:
    """Explain an element that has children and may have none."""
    first = next(node.iterchildren("{*}*"), None)
    return _no_children(first, outlines) if first is not None else text(node, outlines)


def _interval(parent: Any, name: str, right: str) -> Words:
    tag = local(parent.tag)
    shown = f"{parent.prefix}:{right}" if parent.prefix else right
    return "SND-332", f"<{tag}> 要写明类型才能含 <{name}>。", f'写成 <{tag} xsi:type="{shown}">，内含 low、high。'


def _elsewhere(node: Any, expected: Sequence[str], outlines: Outlines) -> Words:
    """Explain an element that belongs one level deeper or higher."""
    name, parent = local(node.tag), node.getparent()
    outline = outlines.of(parent)
    coded = {"code", "value"} & set(outline.attributes)
    deeper = [c for c in outline.children if not coded and name in outlines.inside(outlines.declared_type(c)).names]
    message = f"<{local(parent.tag)}> 内不允许 <{name}>"
    best = next((c.name for c in deeper if c.name in expected), deeper[0].name if deeper else "")
    if best:
        return "SND-332", f"{message}，它应写在 <{best}> 内。", f"写成 <{best}><{name} …/></{best}>，或并入已有的 <{best}>。"
    above = parent.getparent()
    if above is not None and name in outlines.of(above).names:
        hint = f"把 <{name}> 移到 </{local(parent.tag)}> 之后，或检查结束标签是否写晚了。"
        return "SND-332", f"{message}，它应直接写在 <{local(above.tag)}> 内。", hint
    return "SND-332", f"{message}。", _allowed(parent, expected, outline.names)


def _allowed(parent: Any, expected: Sequence[str], known: Sequence[str]) -> str:
    """List what may stand here, else what the parent may hold at all."""
    if expected:
        return f"此处可以是：{_names(expected)}。"
    return f"此处已不能再有元素；<{local(parent.tag)}> 内的顺序：{_names(known[-_LIST:])}。"


def _names(names: Sequence[str]) -> str:
    """List names, shortened."""
    return "、".join(names[:_LIST]) + ("……" if len(names) > _LIST else "")


def _around(names: Sequence[str], wanted: Sequence[str]) -> str:
    """Show names in their order around a wanted one."""
    place = names.index(wanted[0]) if wanted else 0
    shown = names[max(0, place - _WIDTH) : place + _WIDTH + 1]
    return "、".join(shown)

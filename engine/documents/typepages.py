"""Write the reference pages of the document types as Markdown, for docs/types/ and for the page that the engine serves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from engine.documents.catalogue import Catalogue, DocumentType
from engine.documents.forms import NAMESPACE, Form
from engine.documents.tables import CodeSet
from engine.documents.typebook import Part, Place, RuleLine, TypePage, anchor

_LISTED = 60
"""A value set of so many codes is written out."""

_MISSING = {"error": "必填，缺少则拒收", "warning": "应填，缺少则警告", "rules": "见规则", "": "可选"}
_SEVERITY = {"error": "拒收", "warning": "警告"}
_PERIODS = {"day": "日报", "month": "月报", "year": "年报"}
_HOW = (
    "章节 code 的 codeSystem 写 `2.16.840.1.113883.6.1`（LOINC），DE 开头的写 `2.16.156.10011.2.2.1`。数据项写作 entry/observation：",
    "code 为数据元标识符，codeSystem 写 `2.16.156.10011.2.2.1`，内容写在 value。章节先后不限。",
)
_OCCURS = {"1..1": "必有，一个", "1..*": "必有，可多个", "0..1": "可有，一个", "0..*": "可有，可多个"}


def index_page(catalogue: Catalogue) -> str:
    """Write the list of all types."""
    lines = [
        "# 文档类型参考 · Document types",
        "",
        "每种文档一页：文档头、章节、数据项、值域、规则与示例；由平台执行的规则表生成。",
        "拒收应答的 message 里写有所违反规则的地址。[开发指南](../guide.zh.md) · [错误代码](../codes.md)",
        "",
        "| 序号 | 代码 | 名称 | English | 标准 |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {kind.number} | [{kind.code}]({kind.code}.md) | {_names(kind)} | {_cell(kind.english_name)} | {_standard(kind)} |"
        for kind in catalogue.types.values()
    ]
    return "\n".join([*lines, ""])


def page(told: TypePage, sample: str) -> str:
    """Write the page of one type; `sample` is the address of its sample, seen from the page."""
    kind = told.kind
    lines = [
        f"# {kind.code} {kind.name}",
        "",
        "本页由平台执行的规则表生成。[全部类型](README.md) · [错误代码](../codes.md) · [开发指南](../guide.zh.md)",
        "",
        *_facts(kind, sample),
        "",
        *(_header(told.header) if told.header else ()),
        *(_sections(told.parts) if told.parts else ()),
        *(_value_sets(told.values) if told.values else ()),
        *(_tables(told.form) if told.form else ()),
        *_grammar(kind),
        *(_rules(told.rules) if told.rules else ()),
    ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _facts(kind: DocumentType, sample: str) -> Iterator[str]:
    yield from ("| 项目 | 内容 |", "|---|---|")
    yield f"| documentType | `{kind.code}`（工作计划第 {kind.number} 项） |"
    yield f"| 名称 | {_names(kind)} · {_cell(kind.english_name)} |"
    yield f"| 标准 | {_standard(kind)} |"
    if kind.template:
        yield f"| templateId | `{kind.template}` |"
    yield f"| 标题 title | {_cell(kind.title)} |"
    yield f"| 示例 | [{kind.code}.xml]({sample})：内容为虚构，可直接用来试传 |"


def _names(kind: DocumentType) -> str:
    return "；".join([_cell(kind.name), *(f"{_cell(name)}（第 {number} 项）" for number, name in kind.also)])


def _standard(kind: DocumentType) -> str:
    return f"{kind.standard} 第 {kind.part} 部分" if kind.part else kind.standard


def _header(places: Iterable[Place]) -> Iterator[str]:
    yield from ('## <a id="header"></a>文档头', "", "位置从 ClinicalDocument 写起；$drugs 指各条用药。", "")
    yield from ("| 内容 | 位置 | 要求 | 取值 | 规则 |", "|---|---|---|---|---|")
    for place in places:
        value, rules = _value(place.values, place.form), " ".join(f"[{_cell(rule)}](#{anchor(rule)})" for rule in place.rules)
        yield f"| {_cell(place.item)} | `{_code(place.path)}` | {_MISSING[place.missing]} | {value} | {rules} |"
    yield ""


def _sections(parts: Iterable[Part]) -> Iterator[str]:
    parts = tuple(parts)
    yield from ('## <a id="sections"></a>章节', "")
    yield from ("| 章节 | code | displayName | 次数 | 要求 |", "|---|---|---|---|---|")
    for part in parts:
        code = f"`{part.code}`" if part.code else "标准未给代码，按 displayName 或 title 识别"
        code += f"，也认 {'、'.join(map(_cell, part.also))}" if part.also else ""
        times = _OCCURS.get(part.occurs, part.occurs)
        yield f"| [{_cell(part.name)}](#{anchor(part.key)}) | {code} | {_cell(part.display_name)} | {times} | {_MISSING[part.missing]} |"
    yield from ("", *_HOW, "")
    for part in parts:
        yield from _section(part)


def _section(part: Part) -> Iterator[str]:
    yield from (f'### <a id="{anchor(part.key)}"></a>{_cell(part.name)}', "")
    if not part.lines:
        yield from ("标准没有为本章节规定数据项。", "")
        return
    yield from ("| 数据元 | 名称 | 类型 | 取值 | 要求 | 示例 |", "|---|---|---|---|---|---|")
    for line in part.lines:
        kinds = " 或 ".join(f"`{name}` {title}" for name, title in line.types)
        value = _value(line.values, line.form, line.unit)
        yield f"| `{line.de}` | {_cell(line.name)} | {kinds} | {value} | {_MISSING[line.missing]} | {_cell(line.example)} |"
    yield ""


def _value(values: CodeSet | None, form: str, unit: str = "") -> str:
    parts = []
    if values:
        parts.append(f"值域 [{_cell(values.name)}](#{anchor(values.oid)})")
    if form:
        parts.append(f"格式 {_cell(form)}")
    if unit:
        parts.append(f"单位 {_cell(unit)}")
    return "，".join(parts)


def _value_sets(sets: Iterable[CodeSet]) -> Iterator[str]:
    yield from ('## <a id="values"></a>值域', "")
    for values in sets:
        severity = _SEVERITY.get(values.severity, "不检查")
        yield from (f'### <a id="{anchor(values.oid)}"></a>{_cell(values.name)} {_cell(values.title)}', "")
        yield from (f"codeSystem `{values.oid}`；不在值域内：{severity}。", "")
        yield from (_listing(values), "")


def _listing(values: CodeSet) -> str:
    if not values.codes:
        return f"编码体系很大，只检查写法；例如 `{_code(values.example)}`。"
    if len(values.codes) > _LISTED:
        return f"共 {len(values.codes)} 个代码，例如 `{_code(values.example)}`。"
    return "、".join(f"`{_code(code)}` {_cell(meaning)}" for code, meaning in values.codes)


def _tables(form: Form) -> Iterator[str]:
    """List the tables of a form of figures with their fields."""
    kinds = "、".join(f"`{kind}` {_PERIODS[kind]}" for kind in form.kinds)
    yield from ('## <a id="tables"></a>表与数据项', "", f"根元素 `{form.root}`，命名空间 `{NAMESPACE}`；期间种类：{kinds}。")
    yield "同一类同一期间以后到的为准。表内数据项次序不限，没有的不写；多行的表每行写作 row，行的标识写在属性里。"
    for table in form.tables.values():
        yield from ("", f'### <a id="{table.name}"></a>{_cell(table.title)} {table.name}', "")
        yield from ("| 名称 | 写法 | 单位 |", "|---|---|---|")
        yield from (f"| {_cell(key.title)} | 属性 `{key.name}`（必填） | |" for key in table.keys.values())
        yield from (f"| {_cell(field.title)} | `{field.name}` | {_cell(field.unit)} |" for field in table.fields.values())
    yield ""


def _grammar(kind: DocumentType) -> Iterator[str]:
    yield from ('## <a id="schema"></a>结构', "")
    if kind.family == "clinical":
        yield "元素的名称、先后与数据类型按 CDA R2 及卫生行业标准的补充；根元素 `ClinicalDocument`，命名空间 `urn:hl7-org:v3`。"
        yield "违反结构的文档以 SND-331 至 SND-339 拒收，应答写明行号、此处允许的元素与正确写法；也可对照上面的示例。"
    else:
        yield f"元素的名称、先后与数据类型按 `xsd/` 中 {kind.schema} 的结构定义；违反时以 SND-331 至 SND-339 拒收，可对照上面的示例。"
    yield ""


def _rules(rules: Iterable[RuleLine]) -> Iterator[str]:
    yield from ('## <a id="rules"></a>规则', "", "… 处为文档里的实际内容。", "")
    yield from ("| 规则 | 级别 | 代码 | 说明 | 怎样改 |", "|---|---|---|---|---|")
    seen: set[str] = set()
    for line in rules:
        mark = "" if line.rule in seen else f'<a id="{anchor(line.rule)}"></a>'
        seen.add(line.rule)
        code = f"[{line.code}](../codes.md#{line.code})"
        yield f"| {mark}`{_code(line.rule)}` | {_SEVERITY[line.severity]} | {code} | {_cell(line.message)} | {_cell(line.hint)} |"
    yield ""


def _cell(text: str) -> str:
    """Write a text into a cell: no bar, and no markup of its own."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in "|*_[]`\\" else letter for letter in text)


def _code(text: str) -> str:
    """Write a text between backticks."""
    return text.replace("|", "\\|").replace("`", "'")

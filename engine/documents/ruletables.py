"""Turn the rule tables of xsd/clinical into Schematron, one schema for each document type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import escape, quoteattr

from engine.documents import ruletests
from engine.documents.catalogue import DocumentType
from engine.documents.tables import CodeSet, Row, Tables, load_tables

_HOLE = re.compile(r"\{([^{}]+)\}")
_STEP = re.compile(r"(?<!\$)\b([A-Za-z][\w.\-]*)(?![^\[]*\])")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Printed from the tables in xsd/clinical: edit those, not this. Schematron with XPath 1.0; contexts may start from
     the sets of nodes that the lets name, and from the values of a data element, so that a document is scanned few times. -->
<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" xmlns:r="urn:changbai:rules:1" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" queryBinding="xslt">
  <sch:title>{title}</sch:title>
  <sch:ns prefix="hl7" uri="urn:hl7-org:v3"/>
  <sch:ns prefix="xsi" uri="http://www.w3.org/2001/XMLSchema-instance"/>
  <xsl:key name="value" match="hl7:observation/hl7:value" use="../hl7:code/@code"/>
"""
_PATIENT = "/hl7:ClinicalDocument/hl7:recordTarget/hl7:patientRole/hl7:patient"
_BODY = "/hl7:ClinicalDocument/hl7:component/hl7:structuredBody"
_LETS = {
    "patient": _PATIENT,
    "body": _BODY,
    "document": "/hl7:ClinicalDocument",
    "sections": "$body/hl7:component/hl7:section | $body/hl7:component/hl7:section/hl7:component//hl7:section",
    "values": "$body//hl7:observation/hl7:value",
    "times": "$body//hl7:effectiveTime",
    "drugs": "$body//hl7:substanceAdministration",
}
"""Sets of nodes that contexts start from."""

LOINC = "2.16.840.1.113883.6.1"
DE_SYSTEM = "2.16.156.10011.2.2.1"
"""Where the codes of sections come from."""

_FEW = 12
"""A value set of so many codes is written out in the hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One rule for one type: at every node that `context` selects, `test` must hold (XPath 1.0).

    `message` is Chinese with `{xpath}` holes that are filled from the node; `hint` is the cure, without holes;
    `severity` is error or warning, `code` an SND code.
    """

    rule: str
    context: str
    test: str
    severity: str
    code: str
    message: str
    hint: str


def schematron(kind: DocumentType) -> str:
    """Print the rules of a document type as Schematron: same tables, same text; raises ConfigError (CFG-020, CFG-026)."""
    tables = load_tables(kind.rules)
    rules, shared = _shared(assertions(tables, kind), [row for row in tables.sections if row["type"] == kind.code])
    return print_schematron(rules, {**_LETS, **shared}, f"{kind.code} {kind.title}")


def _shared(rules: Sequence[Assertion], sections: Sequence[Row]) -> tuple[list[Assertion], Mapping[str, str]]:
    """Name the sections that several rules look for, so that they are looked for once; gives the rules by these names."""
    named: dict[str, str] = {}
    found = list(rules)
    for row in sections:
        these = f"$sections[{_recognised(row)}]"
        if sum((rule.context + rule.test).count(these) for rule in found) > 1:
            name = f"section-{len(named) + 1}"
            named[name] = these
            found = [_put(rule, these, f"${name}") for rule in found]
    return found, named


def _put(rule: Assertion, path: str, name: str) -> Assertion:
    return replace(rule, context=rule.context.replace(path, name), test=rule.test.replace(path, name))


def assertions(tables: Tables, kind: DocumentType) -> tuple[Assertion, ...]:
    """List every rule of a type in the order of the tables: elements, times, moments, sections, entries."""
    found = (
        *(a for row in tables.elements if row.meant_for(kind.code) for a in _element(tables, row)),
        *(_time(row) for row in tables.times if row.meant_for(kind.code)),
        _moments(tables.moments),
        *(_section(tables, row) for row in tables.sections if row["type"] == kind.code and row["severity"]),
        *(_missing_entry(tables, row) for row in tables.entries if row["type"] == kind.code and row["missing"]),
        *(a for row in _by_element(tables.entries, kind.code) for a in _entry(tables, row)),
    )
    words = {"type": kind.code, "template": kind.template, "title": kind.title}
    return tuple(_fill(a, words) for a in found if a.severity in ("error", "warning"))


def print_schematron(rules: Sequence[Assertion], lets: Mapping[str, str], title: str) -> str:
    """Write assertions as Schematron; the rules of one context are one pattern, so that none hides another."""
    groups: dict[str, list[Assertion]] = {}
    for rule in rules:
        groups.setdefault(rule.context, []).append(rule)
    named = "".join(f"  <sch:let name={quoteattr(name)} value={quoteattr(path)}/>\n" for name, path in lets.items())
    body = "".join(_pattern(context, group) for context, group in groups.items())
    return _HEAD.format(title=escape(title)) + named + body + "</sch:schema>\n"


def qualify(path: str) -> str:
    """Write a path of the tables in full: the prefix hl7 before bare names (not in predicates), from a named set."""
    full = path if path.startswith("key(") else _STEP.sub(r"hl7:\1", path)
    if full.startswith(("$", "key(")):
        return full
    for name in ("patient", "body", "document"):
        if f"/{full}/".startswith(f"{_LETS[name]}/"):
            return f"${name}" + f"/{full}".removeprefix(_LETS[name])
    return f"/{full}"


def _pattern(context: str, rules: Sequence[Assertion]) -> str:
    asserts = "\n".join(map(_assert, rules))
    return f"  <sch:pattern><sch:rule context={quoteattr(context)}>\n{asserts}\n  </sch:rule></sch:pattern>\n"


def _assert(rule: Assertion) -> str:
    head = f'id="{rule.rule}" role="{rule.severity}" r:code="{rule.code}" r:hint={quoteattr(rule.hint)}'
    words = _HOLE.split(rule.message)
    text = "".join(f"<sch:value-of select={quoteattr(w)}/>" if i % 2 else escape(w) for i, w in enumerate(words))
    return f"    <sch:assert {head} test={quoteattr(rule.test)}>{text}</sch:assert>"


def _fill(rule: Assertion, words: Mapping[str, str]) -> Assertion:
    def put(text: str) -> str:
        return _HOLE.sub(lambda m: words.get(m.group(1), m.group(0)), text)

    return replace(rule, test=put(rule.test), message=put(rule.message), hint=put(rule.hint))


def _element(tables: Tables, row: Row) -> Iterator[Assertion]:
    context, item = qualify(row["context"]), row["item"]
    if row["check"] == "code":
        values = tables.sets[row["argument"]]
        yield from _coded(replace(values, severity=row["severity"] or values.severity), row["rule"], context, item)
    elif row["check"] == "format":
        yield _long(row["rule"], context, item, row["argument"], row["severity"], ruletests.TEXT_LENGTH)
    else:
        yield Assertion(
            rule=row["rule"],
            context=context,
            test=ruletests.ELEMENT_TESTS[row["check"]](row["argument"]),
            severity=row["severity"],
            code=row["code"],
            message=row["message"],
            hint=row["hint"],
        )


def _coded(values: CodeSet, rule: str, context: str, item: str) -> Iterator[Assertion]:
    listed = "、".join(f"{code} {meaning}" for code, meaning in values.codes)
    few = 0 < len(values.codes) <= _FEW
    yield Assertion(
        rule=rule,
        context=context,
        test=values.test,
        severity=values.severity,
        code="SND-408",
        message=f"{item}“{{@code}}”不在值域 {values.name} 内",
        hint=f"填写 {listed}" if few else _cure(values),
    )
    right = f"@codeSystem='{values.oid}'" if values.codes else f"starts-with(@codeSystem,'{values.oid}')"
    yield Assertion(
        rule=f"{rule}.system",
        context=context,
        test=f"{right} or not(@code and @codeSystem)",
        severity="warning",
        code="SND-417",
        message=f"{item}的 codeSystem 为“{{@codeSystem}}”，应为 {values.oid}",
        hint=f"codeSystem 填写 {values.oid}",
    )


def _cure(values: CodeSet) -> str:
    """Say where the codes of a set come from that is too long for a hint."""
    if not values.codes:
        return f"按 {values.name} 填写（{values.title}），如 {values.example}"
    return f"填写 {values.name}（{values.title}）的代码，如 {values.example}；全部代码见该类文档的说明页"


def _long(rule: str, context: str, item: str, form: str, severity: str, length: str) -> Assertion:
    limit, unit = ruletests.longest(form), "位数字" if length == ruletests.DIGITS else "个字符"
    return Assertion(
        rule=rule,
        context=context,
        test=ruletests.at_most(length, limit),
        severity=severity,
        code="SND-410",
        message=f"{item}过长，为 {{{length}}} {unit}",
        hint=f"最多 {limit} {unit}（WS 363 格式 {form}）",
    )


def _time(row: Row) -> Assertion:
    return Assertion(
        rule=row["rule"],
        context=qualify(row["context"]),
        test=ruletests.in_order(row["earlier"], row["later"]),
        severity=row["severity"],
        code="SND-412",
        message=row["message"],
        hint=row["hint"],
    )


def _moments(rows: Sequence[Row]) -> Assertion:
    return Assertion(
        rule="times.format",
        context=" | ".join(qualify(row["context"]) for row in rows),
        test=ruletests.REAL_MOMENT,
        severity="error",
        code="SND-413",
        message="时间“{@value}”不是存在的日期时间",
        hint="按 YYYYMMDDhhmmss 填写，如 20240501083000；可只写到日 20240501",
    )


def _recognised(row: Row) -> str:
    """Recognise a section by its code or another that is taken; one without code by displayName or title."""
    words = [row["code"] or row["display_name"], *row["also"].split()]
    codes = list(dict.fromkeys(word for word in words if word[0].isascii()))
    names = [word for word in words if not word[0].isascii()]
    places = [("hl7:code/@code", codes)] if codes else []
    places += [("hl7:code/@displayName", names), ("hl7:title", names)] if names else []
    return " or ".join(ruletests.one_of(place, values) for place, values in places)


def _twins(tables: Tables, row: Row) -> list[Row]:
    """List the sections of the type that the standard gives the same code, up to this one."""
    same = [r for r in tables.sections if r["type"] == row["type"] and r["code"] and r["code"] == row["code"]]
    return same[: same.index(row)] if row in same else []


def _section(tables: Tables, row: Row) -> Assertion:
    """Ask for a section; where the standard gives two sections one code, for as many."""
    system = DE_SYSTEM if row["code"].startswith("DE") else LOINC
    shown = f'code="{row["code"]}" codeSystem="{system}" ' if row["code"] else ""
    twins = _twins(tables, row)
    test = f"$sections[{_recognised(row)}]"
    if twins:
        these = " or ".join(dict.fromkeys(map(_recognised, (*twins, row))))
        test = f"not($sections[{_recognised(twins[0])}]) or $sections[{these}][{len(twins) + 1}]"
    beside = f"（与“{twins[0]['name']}”同用一个代码，应各写一个章节）" if twins else ""
    return Assertion(
        rule=f"{row['type']}.section.{row['section']}",
        context="$body",
        test=test,
        severity=row["severity"],
        code="SND-404",
        message=f"缺少“{row['name']}”章节{beside}",
        hint=f'在 structuredBody 内补上 component/section，section 的 code 写 {shown}displayName="{row["display_name"]}"；'
        "章节里写什么见该类文档的说明页",
    )


def _missing_entry(tables: Tables, row: Row) -> Assertion:
    """Ask for a filled entry: in each section where the standard repeats it (1..*), else in any of that code.

    Where two sections have one code, what the second lacks is told at the second.
    """
    section = tables.section[row["type"], row["section"]]
    this, twins = _recognised(section), _twins(tables, section)
    these = f"$sections[{this}]"
    repeated = section["occurs"].endswith("*")
    either = " or ".join(dict.fromkeys(map(_recognised, (*twins, section))))
    return Assertion(
        rule=f"{row['type']}.entry.{row['section']}.{row['de']}.missing",
        context=these if repeated else f"$sections[{either}][{len(twins) + 1}]",
        test=ruletests.has_entry(row["de"]) if repeated else ruletests.has_entry(row["de"], this),
        severity=row["missing"],
        code="SND-405",
        message=f"“{section['name']}”章节缺少数据项“{row['name']}”，或没有填写",
        hint=f"在该章节内写 observation，code 为 {row['de']}，value 如 {row['example']}",
    )


def _by_element(entries: Sequence[Row], code: str) -> list[Row]:
    """Join the rows of one data element that stands in several sections of a type: what one of them takes is taken."""
    joined: dict[str, Row] = {}
    for row in entries:
        if row["type"] == code:
            first = joined.get(row["de"])
            joined[row["de"]] = row if first is None else _joined(first, row)
    return list(joined.values())


def _joined(first: Row, other: Row) -> Row:
    """Join two rows of one data element: all their types and units, the longer format, the element's own name."""

    def both(column: str, mark: str) -> str:
        return mark.join(dict.fromkeys([*first[column].split(mark), *other[column].split(mark)]))

    form = max(first["format"], other["format"], key=ruletests.longest) if first["format"] and other["format"] else ""
    name = first["name"] if first["name"] == other["name"] else first["element"]
    return first.filled(
        value_type=both("value_type", "|"),
        units=both("units", " ").strip(),
        format=form,
        name=name,
        value_set=first["value_set"] or other["value_set"],
    )


def _entry(tables: Tables, row: Row) -> Iterator[Assertion]:
    rule, these = f"{row['type']}.entry.{row['de']}", f"key('value','{row['de']}')"
    types = row["value_type"].split("|")
    yield Assertion(
        rule=f"{rule}.type",
        context=these,
        test=ruletests.has_type(" ".join(tables.accepts[name] for name in types)),
        severity="error",
        code="SND-409",
        message=f"{row['name']}的数据类型为“{{@xsi:type}}”，应为 {types[0]}（{tables.type_names[types[0]]}）",
        hint=f'value 写 xsi:type="{types[0]}"，如 {row["example"]}',
    )
    if row["value_set"]:
        yield from _coded(tables.sets[row["value_set"]], f"{rule}.code", these, row["name"])
    if row["format"]:
        length = ruletests.TEXT_LENGTH if types[0] in ("ST", "ED") else ruletests.DIGITS
        yield _long(f"{rule}.format", these, row["name"], row["format"], row["format_severity"], length)
    if row["unit"]:
        yield _unit(rule, these, row)


def _unit(rule: str, context: str, row: Row) -> Assertion:
    place = "@currency" if row["value_type"].startswith("MO") else "@unit"
    return Assertion(
        rule=f"{rule}.unit",
        context=context,
        test=f"{place}='{row['unit']}' or not(@value) or contains(' {row['units']} ',concat(' ',{place},' '))",
        severity="warning",
        code="SND-411",
        message=f"{row['name']}的单位为“{{{place}}}”，应为 {row['unit']}",
        hint=f"{place[1:]} 填写“{row['unit']}”",
    )

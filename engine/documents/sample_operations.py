"""Invent operations data: leaves are drawn, totals computed by the comparisons that they must meet; any rule can be broken."""

from __future__ import annotations

import csv
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from lxml import etree

from engine.documents.catalogue import Catalogue, DocumentType
from engine.documents.comparisons import Comparison, Term, number, of_table, table_path
from engine.documents.formrules import FormRules, Requirement, form_assertions, load_form_rules
from engine.documents.forms import NAMESPACE, ROW, Field, Form, Table
from engine.identity import check_letter

_NAMES = {"ops": NAMESPACE}
_LAST = date(2025, 12, 31)
"""No invented period ends later."""

_DEPARTMENTS = (("NK", "内科"), ("WK", "外科"), ("FCK", "妇产科"), ("EK", "儿科"))
_NUMERIC = {"count", "quantity", "signedQuantity"}
_WORDS = {
    "flag": "1", "managementClass": "1", "divisionCode": "220102", "townCode": "220102001", "longitude": "125.3235",
    "latitude": "43.8171", "postCode": "130000", "mailAddress": "office@example.org", "yearNumber": "1952",
    "creditCode": "91350100M000100Y43", "organizationCode": "46014326-4", "insuranceDrugCode": "XA01AAA000A001010100001",
}  # fmt: skip
"""What a field of such a type says in every sample; the codes are the published examples of their standards."""

_Values = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Scale:
    """Between what a figure is drawn."""

    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How one rule is broken; `code` and `severity` say how the document is answered."""

    code: str
    severity: str
    act: Callable[[Any], None]


class Operations:
    """What every sample of operations data is made of, read once."""

    def __init__(self, root: Path) -> None:
        xsd = root / "xsd"
        self._schemas = Catalogue.load(xsd / "catalogue.yaml").schemas
        samples = xsd / "operations" / "samples"
        with (samples / "scales.csv").open(encoding="utf-8", newline="") as file:
            self._scales = {(r["type"], r["field"]): Scale(int(r["low"]), int(r["high"])) for r in csv.DictReader(file)}
        with (samples / "faults.csv").open(encoding="utf-8", newline="") as file:
            self._told = list(csv.DictReader(file))
        self._kept: dict[str, tuple[Form, FormRules]] = {}

    def sample(self, kind: DocumentType, seed: int, institution: str, fault: str | None) -> bytes:
        """Invent one report as UTF-8 XML, broken as `fault` says; raises KeyError for an unknown fault."""
        form, rules = self._of(kind)
        root = _Writing(form, rules, self._scales, Random(f"{kind.code}/{seed}")).write(kind.code, seed, institution)
        if fault is not None:
            self.faults(kind)[fault].act(root)
        etree.indent(root, space="  ")
        return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"

    def faults(self, kind: DocumentType) -> Mapping[str, Breaker]:
        """List what can be broken in a report of the class: name of the rule -> how."""
        form, rules = self._of(kind)
        answers = {one.rule: (one.code, one.severity) for one in form_assertions(rules, form)}
        told = {f"{kind.code}.{row['fault']}": row for row in self._told if kind.code in (row["types"] or kind.code).split()}
        found: dict[str, Callable[[Any], None]] = {one.rule: _missing(one) for one in rules.requirements}
        found |= {one.rule: _disagreeing(one) for one in rules.comparisons}
        found |= {name: _changed(row) for name, row in told.items()}
        answers |= {name: (row["code"], row["severity"]) for name, row in told.items() if row["code"]}
        return {
            name: Breaker(code=answers[name][0], severity=answers[name][1], act=act)
            for name, act in found.items()
            if name in answers
        }

    def _of(self, kind: DocumentType) -> tuple[Form, FormRules]:
        if kind.code not in self._kept:
            form = Form.read(self._schemas[kind.schema])
            self._kept[kind.code] = form, load_form_rules(kind, form)
        return self._kept[kind.code]


class _Writing:
    """One report as it is written."""

    def __init__(self, form: Form, rules: FormRules, scales: Mapping[tuple[str, str], Scale], dice: Random) -> None:
        self._form = form
        self._rules = rules
        self._scales = scales
        self._dice = dice
        self._sums: dict[tuple[str, str], Decimal] = {}
        """Table and field -> the sum over its rows."""

    def write(self, code: str, seed: int, institution: str) -> Any:
        kind, first, last = _period(self._form.kinds, seed)
        root = etree.Element(f"{{{NAMESPACE}}}{self._form.root}", {"class": code}, nsmap={None: NAMESPACE})
        _add(root, "institution", f"测试医院{institution}", code=institution)
        _add(root, "period", kind=kind, **{"from": first.isoformat(), "to": last.isoformat()})
        reported = datetime(last.year, last.month, last.day) + timedelta(days=1, hours=8, minutes=self._dice.randrange(60))  # noqa: DTZ001  its zone is written below
        _add(root, "reported", f"{reported.isoformat()}+08:00")
        _add(root, "reporter", "测试填报员")
        tables = self._form.tables.values()
        parts = {table.name: self._rows(table, first) for table in tables if table.keys}
        parts |= {table.name: [({}, self._values(table))] for table in tables if not table.keys}
        for table in tables:
            self._write_table(root, table, parts[table.name])
        return root

    def _rows(self, table: Table, first: date) -> list[tuple[Mapping[str, str], _Values]]:
        rows: list[tuple[Mapping[str, str], _Values]] = []
        for place, (letters, _) in enumerate(_DEPARTMENTS):
            keys = {name: self._word(key, place, letters, first) for name, key in table.keys.items()}
            values = self._values(table)
            for name, value in values.items():
                self._sums[table.name, name] = self._sums.get((table.name, name), Decimal(0)) + value
            rows.append((keys, values))
        return rows

    def _write_table(self, root: Any, table: Table, rows: Sequence[tuple[Mapping[str, str], _Values]]) -> None:
        part = _add(root, table.name)
        for place, (keys, values) in enumerate(rows):
            row = _add(part, ROW, **keys) if table.keys else part
            for field in table.fields.values():
                text = (
                    number(values[field.name])
                    if field.name in values
                    else self._word(field, place, _DEPARTMENTS[place][0], _LAST)
                )
                _add(row, field.name, text)

    def _values(self, table: Table) -> _Values:
        """Give every figure of one row; each is found after those that it must agree with."""
        rules = of_table(self._rules.comparisons, table.name)
        found: _Values = {}
        for field in table.fields.values():
            if field.type in _NUMERIC:
                self._find(field, table, rules, found)
        return found

    def _find(self, field: Field, table: Table, rules: Sequence[Comparison], found: _Values) -> Decimal:
        if field.name in found:
            return found[field.name]
        value = self._leaf(field)
        mine = [one for one in rules if one.left == field.name]
        bounds = {one.rule: self._total(one.right, table, rules, found) for one in mine}
        least = [bounds[one.rule] for one in mine if one.operator == ">="]
        most = [bounds[one.rule] for one in mine if one.operator == "<="]
        equal = [bounds[one.rule] for one in mine if one.operator == "="]
        value = min([max([value, *least]), *most])
        found[field.name] = equal[0] if equal else value.to_integral_value() if field.type == "count" else value
        return found[field.name]

    def _total(self, right: Sequence[Term], table: Table, rules: Sequence[Comparison], found: _Values) -> Decimal:
        return sum((t.factor * self._part(t, table, rules, found) for t in right), Decimal(0))

    def _part(self, term: Term, table: Table, rules: Sequence[Comparison], found: _Values) -> Decimal:
        if term.table:
            return self._sums[term.table, term.field]
        return self._find(table.fields[term.field], table, rules, found)

    def _leaf(self, field: Field) -> Decimal:
        scale = self._scales.get((field.type, field.name)) or self._scales[field.type, ""]
        drawn = Decimal(self._dice.randint(scale.low, scale.high))
        return drawn if field.type == "count" else drawn + Decimal(self._dice.randrange(100)) / 100

    def _word(self, field: Field, place: int, letters: str, first: date) -> str:
        """Write words and codes: plain, invented, the same number of the row in each table."""
        words = {
            "day": first.isoformat(),
            "personName": f"测试职工{'甲乙丙丁'[place]}",
            "identityNumber": _identity(place),
        } | _WORDS
        named = dict.fromkeys(("JGMC", "DE08.10.013.00"), "测试医院")
        named |= dict.fromkeys(("KSDM", "ksbm", "department", "code", "parent"), letters)
        named |= dict.fromkeys(("name", "KSMC"), dict(_DEPARTMENTS)[letters])
        return words.get(field.type) or named.get(field.name) or f"{place + 1:02}"


def _period(kinds: Sequence[str], seed: int) -> tuple[str, date, date]:
    """Choose a period by the seed: neighbours have different ones, so that none replaces another."""
    kind, back = kinds[seed % len(kinds)], seed // len(kinds)
    if kind == "day":
        day = _LAST - timedelta(days=back % 5000)
        return kind, day, day
    if kind == "month":
        year, month = divmod(_LAST.year * 12 + _LAST.month - 1 - back % 180, 12)
        return kind, date(year, month + 1, 1), date(year, month + 1, monthrange(year, month + 1)[1])
    year = _LAST.year - back % 15
    return kind, date(year, 1, 1), date(year, 12, 31)


def _identity(place: int) -> str:
    first = f"22010219800101{place + 1:03}"
    return first + check_letter(first)


def _add(parent: Any, name: str, text: str = "", **attributes: str) -> Any:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}", attributes)
    element.text = text or None
    return element


def _find_all(root: Any, path: str) -> Any:
    found = root.xpath(path, namespaces=_NAMES)
    if not found:
        raise ValueError(f"nothing at {path}")
    return found


def _missing(one: Requirement) -> Callable[[Any], None]:
    """Take away the table; of a field that of its first row."""

    def act(root: Any) -> None:
        if one.kinds and _find_all(root, "/*/ops:period")[0].get("kind") not in one.kinds:
            _turn(root, one.kinds[0])
        place = f"{table_path(one.at)}/ops:{one.field}" if one.field else table_path(one.at)
        element = _find_all(root, place)[0]
        element.getparent().remove(element)

    return act


def _turn(root: Any, kind: str) -> None:
    """Make the report one of another kind of period, around the same days."""
    period = _find_all(root, "/*/ops:period")[0]
    last = date.fromisoformat(period.get("to"))
    first = {"day": last, "month": last.replace(day=1), "year": date(last.year, 1, 1)}[kind]
    if kind != "day":
        last = date(last.year, 12, 31) if kind == "year" else last.replace(day=monthrange(last.year, last.month)[1])
    period.attrib.update({"kind": kind, "from": first.isoformat(), "to": last.isoformat()})
    _find_all(root, "/*/ops:reported")[0].text = f"{last.year + 1}-01-05T08:00:00+08:00"
    for day in root.xpath("//@ywsj"):
        day.getparent().set("ywsj", last.isoformat())


def _disagreeing(one: Comparison) -> Callable[[Any], None]:
    """Set the left figure beyond what the others allow."""

    def act(root: Any) -> None:
        left = _find_all(root, one.context)[0]
        total = Decimal(str(left.xpath(one.sum, namespaces=_NAMES)))
        beyond = one.tolerance + 2
        wrong = total + beyond if one.operator != ">=" else total - beyond
        left.text = number(wrong.to_integral_value())

    return act


def _changed(row: Mapping[str, str]) -> Callable[[Any], None]:
    def act(root: Any) -> None:
        _OPERATIONS[row["operation"]](_find_all(root, row["at"])[0], row["value"])

    return act


def _set(found: Any, value: str) -> None:
    if hasattr(found, "tag"):
        found.text = value
    else:
        found.getparent().set(found.attrname, value)


def _delete(found: Any, _value: str) -> None:
    if hasattr(found, "tag"):
        found.getparent().remove(found)
    else:
        found.getparent().attrib.pop(found.attrname)


def _copy(found: Any, _value: str) -> None:
    found.addnext(etree.fromstring(etree.tostring(found, with_tail=False)))


def _rename(found: Any, value: str) -> None:
    found.tag = f"{{{NAMESPACE}}}{value}"


def _unit(found: Any, value: str) -> None:
    found.set("unit", value)


_OPERATIONS: Mapping[str, Callable[[Any, str], None]] = {
    "set": _set,
    "delete": _delete,
    "copy": _copy,
    "rename": _rename,
    "unit": _unit,
}
"""What `operation` of faults.csv may say."""

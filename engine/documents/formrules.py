"""Turn the rule tables of xsd/operations into Schematron, one schema for each class of operations data."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.codes import CODES
from engine.documents.catalogue import DocumentType
from engine.documents.comparisons import OPERATORS, Comparison, NotReadable, read_comparison, table_path
from engine.documents.forms import Form
from engine.documents.ruletables import Assertion, print_schematron
from engine.documents.tables import Row
from engine.errors import ConfigError, Fault

_COLUMNS = {
    "comparisons": ("rule", "types", "table", "left", "operator", "right", "tolerance", "severity", "reason"),
    "required": ("rule", "types", "periods", "table", "field", "severity"),
    "elements": ("rule", "types", "context", "check", "argument", "severity", "code", "message", "hint"),
}
_SEVERITIES = ("error", "warning", "off")
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_PLAIN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _value(place: int, letters: str) -> str:
    return f"string-length(substring-before('{letters}',substring(.,{place},1)))"


def _credit_code(_argument: str) -> str:
    """Hold when the last letter of a unified social credit code is right (GB 32100, weights 3^(i-1) mod 31)."""
    total = "+".join(f"{pow(3, place - 1, 31)}*{_value(place, _CREDIT)}" for place in range(1, 18))
    return f"substring('{_CREDIT}',(31-({total}) mod 31) mod 31+1,1)=substring(.,18,1)"


def _organization_code(_argument: str) -> str:
    """Hold when the last letter of an organization code is right (GB 11714); the hyphen may stand or not."""
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    total = "+".join(f"{weight}*{_value(place, _PLAIN)}" for place, weight in enumerate(weights, start=1))
    return f"substring('0X987654321',({total}) mod 11+1,1)=substring(translate(.,'-',''),9,1)"


def _whole_period(_argument: str) -> str:
    """Hold when a period is one whole day, month or year, as its kind says."""
    year, month = "substring(@to,1,4)", "substring(@to,6,2)"
    leap = f"({year} mod 4=0 and ({year} mod 100!=0 or {year} mod 400=0))"
    last = f"substring('312831303130313130313031',2*{month}-1,2)+(number({month})=2 and {leap})"
    return (
        "(@kind='day' and @from=@to)"
        f" or (@kind='month' and @from=concat(substring(@to,1,7),'-01') and number(substring(@to,9,2))={last})"
        f" or (@kind='year' and @from=concat({year},'-01-01') and @to=concat({year},'-12-31'))"
    )


TESTS: Mapping[str, Callable[[str], str]] = {
    "xpath": lambda test: test,
    "credit-code": _credit_code,
    "organization-code": _organization_code,
    "whole-period": _whole_period,
}
"""What `check` of elements.csv may say; `xpath` takes the test itself."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A table, or a field of each of its rows, that must be reported for periods of some kinds."""

    rule: str
    kinds: tuple[str, ...]
    at: str
    field: str
    severity: str

    @property
    def context(self) -> str:
        """Select what must hold the element that is asked for."""
        wanted = " or ".join(f"ops:period/@kind='{kind}'" for kind in self.kinds)
        top = f"/*[{wanted}]" if wanted else "/*"
        return top if not self.field else top + table_path(self.at).removeprefix("/*")

    @property
    def path(self) -> str:
        """Name the element below the context."""
        return f"ops:{self.field or self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRules:
    """Every rule of one class."""

    comparisons: tuple[Comparison, ...]
    requirements: tuple[Requirement, ...]
    elements: tuple[Assertion, ...]


def form_schematron(kind: DocumentType, form: Form) -> str:
    """Print the rules of a class: same tables, same text; raises ConfigError (CFG-020, CFG-026)."""
    return print_schematron(form_assertions(load_form_rules(kind, form), form), {}, f"{kind.code} {kind.title}")


def form_assertions(rules: FormRules, form: Form) -> tuple[Assertion, ...]:
    """List the rules of a class that are not off: what must be there, single elements, figures against each other."""
    found = (
        *(_required(one, form) for one in rules.requirements),
        *rules.elements,
        *map(_compared, rules.comparisons),
    )
    return tuple(one for one in found if one.severity != "off")


def load_form_rules(kind: DocumentType, form: Form) -> FormRules:
    """Read the tables of a folder for one class; raises ConfigError with all faults (CFG-020, CFG-026)."""
    paths = {name: kind.rules / f"{name}.csv" for name in _COLUMNS}
    absent = [_fault(path, 0, "CFG-020", "this table is missing") for path in paths.values() if not path.is_file()]
    if absent:
        raise ConfigError(absent)
    rows = {name: _rows(path) for name, path in paths.items()}
    faults = [f for name, path in paths.items() for f in _faults(name, path, rows[name])]
    mine = {name: [row for row in rows[name] if row.meant_for(kind.code)] for name in rows}
    comparisons = []
    for row in mine["comparisons"] if not faults else ():
        try:
            comparisons.append(read_comparison(row, form))
        except NotReadable as problem:
            faults.append(_fault(paths["comparisons"], row.line, "CFG-026", str(problem)))
    faults += [] if faults else _strange_places(paths, mine, form)
    if faults:
        raise ConfigError(faults)
    return FormRules(
        comparisons=tuple(comparisons),
        requirements=tuple(_requirement(kind.code, row) for row in mine["required"]),
        elements=tuple(_element(kind.code, row) for row in mine["elements"]),
    )


def _rows(path: Path) -> tuple[Row, ...]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        return tuple(Row(reader.line_num, {k: v.strip() for k, v in row.items() if k}) for row in reader)


def _faults(name: str, path: Path, rows: tuple[Row, ...]) -> Iterator[Fault]:
    missing = [column for column in _COLUMNS[name] if not rows or column not in rows[0].cells]
    if missing:
        yield _fault(path, 1, "CFG-026", f"the columns {', '.join(missing)} are missing")
        return
    for row in rows:
        if row["severity"] not in _SEVERITIES:
            yield _fault(path, row.line, "CFG-026", f'severity is "{row["severity"]}"; write error, warning or off')
        if name == "elements" and row["check"] not in TESTS:
            yield _fault(path, row.line, "CFG-026", f'unknown check "{row["check"]}"; known: {", ".join(TESTS)}')
        if name == "elements" and row["code"] not in CODES:
            yield _fault(path, row.line, "CFG-026", f"there is no code {row['code']}")


def _strange_places(paths: Mapping[str, Path], rows: Mapping[str, list[Row]], form: Form) -> list[Fault]:
    """Name tables and fields of required.csv that the form has not."""
    faults = []
    for row in rows["required"]:
        table = form.tables.get(row["table"].partition("/")[0])
        if table is None:
            faults.append(_fault(paths["required"], row.line, "CFG-026", f"the form has no table {row['table']}"))
        elif row["field"] and row["field"] not in table.fields:
            faults.append(_fault(paths["required"], row.line, "CFG-026", f"{row['table']} has no field {row['field']}"))
    return faults


def _fault(path: Path, line: int, code: str, message: str) -> Fault:
    shown = "/".join(path.parts[-4:]) if "xsd" in path.parts[-4:] else path.name
    return Fault(file=shown, line=line, column=1 if line else 0, code=code, message=message)


def _requirement(code: str, row: Row) -> Requirement:
    kinds = tuple(row["periods"].split())
    return Requirement(f"{code}.{row['rule']}", kinds, row["table"], row["field"], row["severity"])


def _element(code: str, row: Row) -> Assertion:
    steps = [step if step.startswith("@") else f"ops:{step}" for step in row["context"].split("/")]
    return Assertion(
        rule=f"{code}.{row['rule']}",
        context="/".join(["/*", *steps]),
        test=TESTS[row["check"]](row["argument"]),
        severity=row["severity"],
        code=row["code"],
        message=row["message"],
        hint=row["hint"],
    )


def _required(one: Requirement, form: Form) -> Assertion:
    table = form.tables[one.at.partition("/")[0]]
    field = table.fields.get(one.field)
    name = f"{table.title}中的“{field.title}”（{field.name}）" if field else f"“{table.title}”表（{table.name}）"
    period = "期间“{/*/ops:period/@from} 至 {/*/ops:period/@to}”的数据" if one.kinds else "数据"
    unit = f"，单位 {field.unit}" if field and field.unit else ""
    return Assertion(
        rule=one.rule,
        context=one.context,
        test=one.path,
        severity=one.severity,
        code="SND-405",
        message=f"{period}缺少{name}",
        hint=f"在 {one.at} 内补上 <{one.field}>，确实没有发生时填 0{unit}" if field else f"补上 <{table.name}> 及其数据项",
    )


def _compared(one: Comparison) -> Assertion:
    reason = f"{one.reason}：" if one.reason else ""
    expected = f"{{round({one.sum}*100) div 100}}"
    return Assertion(
        rule=one.rule,
        context=one.context,
        test=one.test,
        severity=one.severity,
        code="SND-418",
        message=f"{reason}{one.title}为 {{.}} {one.unit}，应{OPERATORS[one.operator]} {one.words}，即 {expected}",
        hint=f"核对这几项数据；{one.example}",
    )

"""Read what figures must hold against each other: a field, an operator, and a sum of other fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.documents.forms import Form, Table
from engine.documents.tables import Row

OPERATORS = {"=": "等于", ">=": "不少于", "<=": "不多于"}
"""How a figure stands to the sum of others, and the words for it."""

_TERM = re.compile(r"\s*([+-]?)\s*(?:(\d+(?:\.\d+)?)\s*\*\s*)?(?:(\w+)\.)?(\w+)\s*")
_ALMOST = Decimal("0.00001")
"""What the arithmetic of XPath may lose."""


class NotReadable(ValueError):
    """A comparison that cannot be read, or names what the form has not; the text says which."""


@dataclass(frozen=True, slots=True)
class Term:
    """A part of a sum: `factor` times a field of the same row, or times the sum of a field over the rows of `table`."""

    factor: Decimal
    table: str
    field: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One rule between figures; `at` names the table, its `left` stands to the sum of `right` as the operator says."""

    rule: str
    at: str
    left: str
    title: str
    unit: str
    operator: str
    right: tuple[Term, ...]
    tolerance: Decimal
    severity: str
    reason: str

    @property
    def context(self) -> str:
        """Select every left figure."""
        return f"{table_path(self.at)}/ops:{self.left}"

    @property
    def sum(self) -> str:
        """Write the right side as XPath, seen from the left figure; what is not reported counts nothing."""
        return self._sum(_path)

    @property
    def test(self) -> str:
        """Hold when the figures agree, or when too few of them are reported to tell."""
        least = f". >= {self.sum} - {self.tolerance + _ALMOST}"
        most = f". <= {self.sum} + {self.tolerance + _ALMOST}"
        known = " and ".join(_path(term) for term in self.right)
        return {">=": least, "<=": f"not({known}) or {most}", "=": f"not({known}) or ({least} and {most})"}[self.operator]

    @property
    def words(self) -> str:
        """Write the right side in Chinese."""
        parts = [f"{'−' if t.factor < 0 else '+'} {t.title}{_times(t.factor)}" for t in self.right]
        return " ".join(parts).removeprefix("+ ")

    @property
    def example(self) -> str:
        """Give figures that agree, in Chinese."""
        given = [Decimal(200 if term.factor > 0 and len(self.right) > 1 else 100) for term in self.right]
        given = [value * (5 if place == 0 and self._differs else 1) for place, value in enumerate(given)]
        total = sum((term.factor * value for term, value in zip(self.right, given, strict=True)), Decimal(0))
        listed = "、".join(f"{term.title} {value}" for term, value in zip(self.right, given, strict=True))
        return f"例如{listed} 时，{self.title}应{OPERATORS[self.operator]} {number(total)}"

    @property
    def _differs(self) -> bool:
        return any(term.factor < 0 for term in self.right)

    def _sum(self, path: Callable[[Term], str]) -> str:
        return "(" + " + ".join(f"{term.factor}*sum({path(term)})" for term in self.right) + ")"


def read_comparison(row: Row, form: Form) -> Comparison:
    """Read one row of comparisons.csv for a form; raises NotReadable."""
    table = form.tables.get(row["table"].partition("/")[0])
    if table is None:
        raise NotReadable(f"the form has no table {row['table']}")
    if row["operator"] not in OPERATORS:
        raise NotReadable(f'unknown operator "{row["operator"]}"; known: {" ".join(OPERATORS)}')
    if row["left"] not in table.fields:
        raise NotReadable(f"{row['table']} has no field {row['left']}")
    left = table.fields[row["left"]]
    return Comparison(
        rule=f"{row['types']}.{row['rule']}",
        at=row["table"],
        left=left.name,
        title=left.title,
        unit=left.unit,
        operator=row["operator"],
        right=tuple(_terms(row["right"], table, form)),
        tolerance=_tolerance(row["tolerance"]),
        severity=row["severity"],
        reason=row["reason"],
    )


def table_path(at: str) -> str:
    """Write the place of a table, or of its rows, from the top: volume, or fees/row."""
    return "/*/" + "/".join(f"ops:{step}" for step in at.split("/"))


def number(value: Decimal) -> str:
    """Write a number plainly: no exponent, no zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _terms(text: str, table: Table, form: Form) -> Iterator[Term]:
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None or (place and not match[1]):
            raise NotReadable(f'cannot read "{text[place:]}"; write for example A + 1.5*B - table.C')
        sign, factor, other, name = match.groups()
        there = form.tables.get(other) if other else table
        if there is None or name not in there.fields:
            raise NotReadable(f"there is no field {f'{other}.' if other else ''}{name}")
        title = there.fields[name].title
        shown = f"{there.title}的{title}合计" if other else title
        yield Term(Decimal(f"{sign}{factor or 1}"), other or "", name, shown)
        place = match.end()


def _tolerance(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise NotReadable(f'the tolerance "{text}" is no number') from None


def _path(term: Term) -> str:
    return f"{table_path(term.table)}/ops:row/ops:{term.field}" if term.table else f"../ops:{term.field}"


def _times(factor: Decimal) -> str:
    return "" if abs(factor) == 1 else f"×{number(abs(factor))}"


def of_table(comparisons: Sequence[Comparison], table: str) -> tuple[Comparison, ...]:
    """Pick the rules whose left figure stands in a table."""
    return tuple(one for one in comparisons if one.at.partition("/")[0] == table)

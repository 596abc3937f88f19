"""Read the paths of a node table and turn them into XPath over a message."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.documents.hl7.services import HL7, Node

XSI = "http://www.w3.org/2001/XMLSchema-instance"

_STEP = re.compile(r"/((?:[^/\[\]]|\[[^\]]*\])+)")
_PARTS = re.compile(r"([^\[]+)(?:\[(.*)\])?$")
_EQUALS = re.compile(r'(.*?)@([\w:]+)="([^"]*)"$')

TWINS = {"2.16.156.10011.1.10": "2.16.156.10011.1.11", "2.16.156.10011.1.11": "2.16.156.10011.1.10"}
"""Identifier roots that the texts use for one another: the outpatient number."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: a name, and what tells it from its brothers.

    `by` is a path below it with the attribute that holds `value`; `position` counts from 1, 0 for none.
    """

    name: str
    by: str = ""
    value: str = ""
    position: int = 0

    @property
    def is_leaf(self) -> bool:
        """Whether it is an attribute or text."""
        return self.name.startswith("@") or self.name == "text()"


@lru_cache(maxsize=16384)
def steps_of(path: str) -> tuple[Step, ...]:
    """Split a path of the table."""
    return tuple(_step(text) for text in _STEP.findall(path))


def _step(text: str) -> Step:
    match = _PARTS.match(text)
    name, told = (match.group(1), match.group(2) or "") if match else (text, "")
    if told.isdigit():
        return Step(name, position=int(told))
    equal = _EQUALS.match(told)
    return Step(name, f"{equal.group(1)}@{equal.group(2)}", equal.group(3)) if equal else Step(name)


@lru_cache(maxsize=16384)
def parent_of(path: str) -> str:
    """Give the path of the element that holds a node, "" for the root."""
    depth = 0
    for at in range(len(path) - 1, -1, -1):
        depth += {"]": 1, "[": -1}.get(path[at], 0)
        if path[at] == "/" and not depth:
            return path[:at]
    return ""


class Speller:
    """Spell paths as XPath in one namespace ("" for messages that have none)."""

    def __init__(self, namespace: str) -> None:
        self.prefix = "h:" if namespace else ""
        self.namespaces = {"h": HL7, "xsi": XSI}

    def spell(self, steps: tuple[Step, ...], *, last_of_many: bool = False) -> str:
        """Write steps joined by `/`; with `last_of_many` a position means that one and all after it."""
        return "/".join(self._one(step, last_of_many=last_of_many) for step in steps)

    def _one(self, step: Step, *, last_of_many: bool) -> str:
        if step.name.startswith("@") or step.name == "text()":
            return step.name
        name = f"{self.prefix}{step.name}"
        if step.position:
            return f"{name}[{f'position()>={step.position}' if last_of_many else step.position}]"
        if not step.by:
            return name
        inner = self._inner(step.by)
        values = (step.value, *((TWINS[step.value],) if step.value in TWINS else ()))
        return f"{name}[{' or '.join(f'{inner}={quoted(value)}' for value in values)}]"

    def _inner(self, path: str) -> str:
        *elements, attribute = path.split("/")
        return "/".join([*(f"{self.prefix}{name}" for name in elements), attribute])


def quoted(text: str) -> str:
    """Write a text of a table as an XPath string; none of them holds a double quotation mark."""
    return f'"{text}"'


def allowed(node: Node) -> tuple[str, ...]:
    """List the values that may stand at a node with a fixed value, the table's first."""
    twins = tuple(TWINS[value] for value in node.fixed if value in TWINS and TWINS[value] not in node.fixed)
    return (*node.fixed, *twins)

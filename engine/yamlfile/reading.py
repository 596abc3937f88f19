"""Read the safe subset of YAML that this house writes, with the place of every key and value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from ruamel.yaml.tokens import AliasToken, AnchorToken, DirectiveToken, DocumentStartToken, StreamStartToken, TagToken

from engine.errors import ConfigError, Fault, Severity

At = tuple[str | int, ...]
"""Where a value stands: keys and list positions from 0, from the top of the file."""

_SWITCHES = frozenset({"yes", "no", "on", "off", "y", "n"})
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+\Z")
_ZERO_LED = re.compile(r"-?0[0-9]+\Z")
_EXPRESSION = re.compile(r"\$\{|\{\{|\{%")
_CONSTANTS: Mapping[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}
_SIGNS = re.compile(r"[&*!%]|---")
"""What every anchor, alias, tag, directive and second document shows."""

_LARGEST = 1 << 20


def _fault(shown: str, lines: Sequence[str], line: int, column: int, code: str, message: str) -> Fault:
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    return Fault(file=shown, line=line, column=column, code=code, message=message, source=source)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """One YAML file as plain data (dict, list, str, int, float, bool, None) with the place of everything in it."""

    shown: str
    data: Any
    lines: tuple[str, ...] = ()
    values: Mapping[At, tuple[int, int]] = field(default_factory=dict)
    keys: Mapping[At, tuple[int, int]] = field(default_factory=dict)
    texts: Mapping[At, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def place(self, at: At) -> tuple[int, int]:
        """Give line and column (from 1) of the value at `at`, or of the nearest group around it."""
        return _nearest_place(self.values, at)

    def key_place(self, at: At) -> tuple[int, int]:
        """Give line and column (from 1) of the key at `at`; of the value when it is a list position."""
        return self.keys.get(at) or self.place(at)

    def text(self, at: At) -> str:
        """Give the scalar at `at` as it was typed, without its quotes; empty when there is none."""
        return self.texts.get(at, "")

    def fault(self, code: str, at: At, message: str, *, severity: Severity = "error", key: bool = False) -> Fault:
        """Make a fault at a value (or at its key), with the line it stands on."""
        line, column = self.key_place(at) if key else self.place(at)
        return replace(_fault(self.shown, self.lines, line, column, code, message), severity=severity)


def _nearest_place(places: Mapping[At, tuple[int, int]], at: At) -> tuple[int, int]:
    for length in range(len(at), -1, -1):
        if at[:length] in places:
            return places[at[:length]]
    return (1, 1)


class _Reader:
    """Walk the nodes of one file; collects data, places and faults."""

    def __init__(self, shown: str, text: str) -> None:
        self.shown = shown
        self.lines = tuple(text.splitlines())
        self.values: dict[At, tuple[int, int]] = {}
        self.keys: dict[At, tuple[int, int]] = {}
        self.texts: dict[At, str] = {}
        self.faults: list[Fault] = []

    def complain(self, code: str, line: int, column: int, message: str) -> None:
        self.faults.append(_fault(self.shown, self.lines, line, column, code, message))

    def read(self, node: Node, at: At) -> Any:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.values[at] = (line, column)
        if isinstance(node, ScalarNode):
            return self._scalar(node, at, line, column)
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        return [self.read(child, (*at, position)) for position, child in enumerate(node.value)]

    def _mapping(self, node: MappingNode, at: At) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if not isinstance(key_node, ScalarNode):
                self.complain("CFG-002", line, column, "a key is one word, not a group")
                continue
            key = str(key_node.value)
            if key in data:
                first = self.keys[*at, key][0]
                self.complain("CFG-004", line, column, f'key "{key}" stands here again (first on line {first}); keep one')
                continue
            if key_node.style is None and key.lower() in _SWITCHES:
                self.complain("CFG-006", line, column, f'write "{key}" in quotes, or choose another key')
            self.keys[*at, key] = (line, column)
            data[key] = self.read(value_node, (*at, key))
            if data[key] is None:
                self.values[*at, key] = (line, column)
        return data

    def _scalar(self, node: ScalarNode, at: At, line: int, column: int) -> Any:
        text = str(node.value)
        self.texts[at] = text
        if _EXPRESSION.search(text):
            self.complain("CFG-011", line, column, "no expressions inside text; what differs between systems is a key of config/")
        return text if node.style is not None else self._plain(text, line, column)

    def _plain(self, text: str, line: int, column: int) -> Any:
        if text.lower() in _SWITCHES:
            self.complain("CFG-006", line, column, f'write true or false instead of {text}, or "{text}" in quotes for the word')
        elif text not in _CONSTANTS and text.lower() in _CONSTANTS:
            self.complain("CFG-006", line, column, f"write {text.lower()} instead of {text}")
        elif _ZERO_LED.match(text):
            self.complain("CFG-007", line, column, f'write "{text}" in quotes')
        elif _INTEGER.match(text):
            return int(text)
        elif _DECIMAL.match(text):
            return float(text)
        return _CONSTANTS.get(text.lower(), text)


def _forbidden(text: str) -> Iterator[tuple[str, int, int, str]]:
    """Name the parts of YAML that this house does not use, from its tokens; text without their signs is not looked through."""
    if not _SIGNS.search(text):
        return
    started = False
    for token in YAML(typ="safe", pure=True).scan(text):
        line, column = token.start_mark.line + 1, token.start_mark.column + 1
        if isinstance(token, AliasToken | AnchorToken):
            yield "CFG-008", line, column, "write the value out here instead of an anchor (&) or alias (*)"
        elif isinstance(token, TagToken | DirectiveToken):
            yield "CFG-008", line, column, "remove the tag (!) or directive (%); write plain text, in quotes when needed"
        elif isinstance(token, DocumentStartToken) and started:
            yield "CFG-005", line, column, "one file holds one document; put what follows --- into its own file"
        started = started or not isinstance(token, StreamStartToken | DirectiveToken)


def _compose(reader: _Reader, text: str) -> Any:
    refused = list(_forbidden(text))
    for code, line, column, message in refused:
        reader.complain(code, line, column, message)
    if refused:
        return None
    nodes = list(YAML(typ="safe", pure=True).compose_all(text))
    return reader.read(nodes[0], ()) if nodes else {}


def _parse(reader: _Reader, text: str) -> Any:
    for number, source in enumerate(reader.lines, 1):
        if "\t" in source:
            reader.complain("CFG-003", number, source.index("\t") + 1, 'type spaces instead of the tab (inside quotes "\\t")')
    tabbed = bool(reader.faults)
    try:
        return _compose(reader, text.replace("\t", " "))
    except MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        said = " ".join(part for part in (problem.context, problem.problem) if part)
        if not tabbed:
            reader.complain("CFG-002", line, column, f"not YAML: {said}; check indentation, quotes and colons")
    except (YAMLError, RecursionError) as problem:
        reader.complain("CFG-002", 1, 1, f"not YAML: {type(problem).__name__}; remove control characters and deep nesting")
    return None


@lru_cache(maxsize=512)
def parse_yaml(text: str, shown: str) -> YamlFile:
    """Read YAML text; mistakes are kept in `.faults` and reading goes on as far as it can (`data` None when it cannot).

    A text that was read before is not read again: who takes up a set of files where one has changed reads that one.
    What is given belongs to all who ask, and nobody changes it.
    """
    reader = _Reader(shown, text)
    data = _parse(reader, text)
    return YamlFile(shown, data, reader.lines, reader.values, reader.keys, reader.texts, tuple(reader.faults))


def scan_yaml(path: Path, shown: str) -> YamlFile:
    """Read a YAML file like `parse_yaml`; a file that is missing, too large or not UTF-8 is a fault as well."""
    try:
        content = path.read_bytes()
        if len(content) > _LARGEST:
            return YamlFile(shown, None, faults=(_fault(shown, (), 1, 1, "CFG-001", "larger than 1 MiB; split it"),))
        return parse_yaml(content.decode("utf-8-sig"), shown)
    except FileNotFoundError:
        return YamlFile(shown, None, faults=(_fault(shown, (), 1, 1, "CFG-020", "the file does not exist; create it"),))
    except (OSError, UnicodeDecodeError) as problem:
        said = "save it as UTF-8" if isinstance(problem, UnicodeDecodeError) else problem.strerror or "cannot be read"
        return YamlFile(shown, None, faults=(_fault(shown, (), 1, 1, "CFG-001", f"cannot be read; {said}"),))


def read_yaml(path: Path, shown: str) -> YamlFile:
    """Read a YAML file; raises ConfigError with all its faults at once. `shown` is its name in faults."""
    file = scan_yaml(path, shown)
    if file.faults:
        raise ConfigError(file.faults)
    return file

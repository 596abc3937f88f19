"""Read config/institutions/CODE/adapter.yaml: how each hospital's own web service is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from engine.documents.jilin.functions import FUNCTIONS
from engine.errors import ConfigError, Fault
from engine.outbound.adaptersheet import AdapterSheet
from engine.outbound.connector import Unfit
from engine.yamlfile import At, YamlFile, did_you_mean, merge_faults, scan_yaml, try_model

FOLDER = "config/institutions"
SHEET = "adapter.yaml"

_KEY_LINE = re.compile(r"^\s*(?:sign-key|encryption-key|secret)\s*:")


@dataclass(frozen=True)
class Adapters(Mapping[str, AdapterSheet]):
    """The adapters by institution code, each with the file it stands in."""

    sheets: Mapping[str, AdapterSheet] = field(default_factory=dict)
    sources: Mapping[str, YamlFile] = field(default_factory=dict)

    def __getitem__(self, code: str) -> AdapterSheet:
        return self.sheets[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sheets)

    def __len__(self) -> int:
        return len(self.sheets)

    def institution_of(self, user: str) -> str | None:
        """Find the institution that calls us by a USER_ID."""
        return next((code for code, sheet in self.items() if (sheet.caller or code) == user), None)

    def files(self, root: Path) -> tuple[str, ...]:
        """Name the files the adapters lean on, themselves included: WSDLs with what lies beside them, stylesheets, trusted roots."""
        leaning = {name for sheet in self.values() for name in _leaning(sheet)}
        beside = {
            path.relative_to(root).as_posix()
            for sheet in self.values()
            for path in (root / sheet.wsdl).parent.rglob("*")
            if path.suffix in {".wsdl", ".xsd"} and path.is_file()
        }
        present = {name for name in leaning if (root / name).is_file()}
        return tuple(sorted({file.shown for file in self.sources.values()} | present | beside))


def load_adapters(root: Path, booking: type[BaseModel] | None = None, *, old_profile: bool = True) -> Adapters:
    """Read every adapter below config/institutions; nothing is built or connected.

    `booking` is the model that the group of that name is held to; without `old_profile` one of MD5 is a fault. Raises ConfigError with the faults of all files at their places.
    """
    sheets: dict[str, AdapterSheet] = {}
    sources: dict[str, YamlFile] = {}
    faults: list[tuple[Fault, ...]] = []
    for path in sorted((root / FOLDER).glob(f"*/{SHEET}")):
        code = path.parent.name
        file = scan_yaml(path, path.relative_to(root).as_posix())
        sheet, found = try_model(file, AdapterSheet) if isinstance(file.data, dict) else (None, _empty(file))
        faults += [file.faults, found]
        if sheet is not None:
            faults.append(tuple(_look_through(file, sheet, booking)))
            if sheet.profile == "MD5" and not old_profile:
                said = "profile MD5 is switched off (hospitals.old-profile in config/engine.yaml); agree on SM3 with the hospital"
                faults.append((file.fault("CFG-011", ("profile",), said),))
            sheets[code], sources[code] = sheet, file
    adapters = Adapters(MappingProxyType(sheets), MappingProxyType(sources))
    faults.append(tuple(_same_callers(adapters)))
    if told := merge_faults(*faults):
        raise ConfigError([_hushed(fault) for fault in told])
    return adapters


def _hushed(fault: Fault) -> Fault:
    """Leave out the line of a fault where a key may have been written instead of its name."""
    if not _KEY_LINE.search(fault.source):
        return fault
    said = "write the name of a secret here, never the secret; if one stands here, change it"
    return Fault(file=fault.file, line=fault.line, column=fault.column, code="CFG-041", message=said)


def _empty(file: YamlFile) -> tuple[Fault, ...]:
    return () if file.faults else (file.fault("CFG-010", (), "the file is empty; docs/adapter-reference.md lists the keys"),)


def _leaning(sheet: AdapterSheet) -> Iterator[str]:
    yield sheet.wsdl
    if sheet.trust:
        yield sheet.trust
    for each in sheet.functions.values():
        yield from filter(None, (each.request_xslt, each.response_xslt))


def _look_through(file: YamlFile, sheet: AdapterSheet, booking: type[BaseModel] | None) -> Iterator[Fault]:
    """Find what reads well and cannot be meant."""
    if booking is not None and sheet.booking:
        yield from try_model(file, booking, ("booking",))[1]
    for code in sheet.functions:
        if not sheet.offers(code):
            said = f'function "{code}" is described here but is not in capabilities'
            yield file.fault("CFG-011", ("functions", code), said, key=True)
    known = {node for function in FUNCTIONS.values() for root in (function.request, function.response) for node in _names(root)}
    for group, tables in (("codes", sheet.codes), ("codes-back", sheet.codes_back)):
        for node in tables:
            if node not in known:
                yield file.fault("CFG-011", (group, node), f"no message has a node {node}{did_you_mean(node, known)}", key=True)
    yield from _two_for_one(file, sheet)


def _two_for_one(file: YamlFile, sheet: AdapterSheet) -> Iterator[Fault]:
    for node, table in sheet.codes.items():
        seen: dict[str, str] = {}
        for ours, theirs in table.items():
            first = seen.setdefault(theirs, ours)
            if first != ours and theirs not in sheet.codes_back.get(node, {}):
                at: At = ("codes", node, ours)
                yield file.fault("CFG-011", at, f'"{theirs}" is also written for "{first}"; say under codes-back what it means')


def _names(node: Any) -> Iterator[str]:
    for child in node.children:
        yield child.name
        yield from _names(child)


def _same_callers(adapters: Adapters) -> Iterator[Fault]:
    """Tell of a USER_ID that two hospitals would call us by."""
    seen: dict[str, str] = {}
    for code, sheet in adapters.items():
        first = seen.setdefault(sheet.caller or code, code)
        if first != code:
            said = f'"{sheet.caller or code}" is also the caller of {first}'
            yield adapters.sources[code].fault("CFG-011", ("caller",), said)


def fault_of(adapters: Adapters, code: str, misfit: Unfit) -> Fault:
    """Place what could not be built at its key."""
    return adapters.sources[code].fault(misfit.code, misfit.at, misfit.text)

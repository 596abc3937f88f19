"""Read config/endpoints.yaml into checked sheets, and build the connector of each from one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.errors import ConfigError, Fault
from engine.outbound.connector import Connector, Endpoint, NetworkEndpoint, Surroundings, Unfit
from engine.outbound.file import FileConnector, FileEndpoint
from engine.outbound.http import HttpConnector, HttpEndpoint
from engine.outbound.soap import SoapConnector, SoapEndpoint
from engine.outbound.table import TableConnector, TableEndpoint
from engine.yamlfile import At, YamlFile, merge_faults, scan_yaml, try_entry


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of connector: the keys it takes, how it is built, and its name in Chinese."""

    sheet: type[Endpoint]
    build: Callable[[Any, Surroundings], Connector]
    title: str


CONNECTORS: Mapping[str, Kind] = MappingProxyType(
    {
        "soap": Kind(SoapEndpoint, SoapConnector, "SOAP 服务"),
        "http": Kind(HttpEndpoint, HttpConnector, "HTTP 地址"),
        "file": Kind(FileEndpoint, FileConnector, "文件夹"),
        "table": Kind(TableEndpoint, TableConnector, "数据库表"),
    }
)
"""Every kind of connector; a new one is one class and one line here."""

_DESCRIPTIONS = frozenset({".wsdl", ".xsd"})
_SECRET_KEY = re.compile(r"passw|^pwd|token|api-?key|authorization|cookie|private-?key", re.IGNORECASE)
_LOGIN_IN_ADDRESS = re.compile(r"://[^/\s@]+@")
_WORD_GROUPS = frozenset({"body", "columns", "headers", "secrets", "secret-headers", "accept"})
"""Groups whose values are words, names of secrets or parts of a reply; what stands there is no secret."""


@dataclass(frozen=True)
class Endpoints(Mapping[str, Endpoint]):
    """The destinations by name, with the file they stand in for faults found later."""

    file: YamlFile
    sheets: Mapping[str, Endpoint] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Endpoint:
        return self.sheets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.sheets)

    def __len__(self) -> int:
        return len(self.sheets)

    def files(self, root: Path) -> tuple[str, ...]:
        """Name the files the destinations lean on, this one first: WSDLs with what lies beside them, trusted roots."""
        wsdls = [root / sheet.wsdl for sheet in self.values() if isinstance(sheet, SoapEndpoint)]
        trusted = [root / sheet.trust for sheet in self.values() if isinstance(sheet, NetworkEndpoint) and sheet.trust]
        beside = (path for wsdl in wsdls for path in wsdl.parent.rglob("*") if path.suffix in _DESCRIPTIONS and path.is_file())
        found = {path for path in (*wsdls, *trusted, *beside) if path.is_file() and path.resolve().is_relative_to(root.resolve())}
        return (self.file.shown, *sorted(path.relative_to(root).as_posix() for path in found))

    def kind(self, name: str) -> str:
        """Name the kind of an endpoint, a key of CONNECTORS."""
        return str(self.file.data[name]["kind"])


def load_endpoints(path: Path, root: Path) -> Endpoints:
    """Read the file; nothing is opened or built. Raises ConfigError with every fault at its place.

    `root` is the checkout, from which the file's name in faults is told.
    """
    shown = str(path.relative_to(root)) if path.is_relative_to(root) else path.name
    file = scan_yaml(path, shown)
    faults = [file.faults, tuple(_written_secrets(file))]
    sheets: dict[str, Endpoint] = {}
    if not isinstance(file.data, dict):
        wrong = () if file.faults else (file.fault("CFG-011", (), "write one name per destination, its keys below it"),)
        raise ConfigError(merge_faults(file.faults, wrong))
    for name in file.data:
        sheet, found = try_entry(file, (name,), CONNECTORS, one="a destination", kind="connector", unknown="CFG-040")
        faults.append(found)
        if sheet is not None:
            sheets[name] = sheet
    if told := _hushed(merge_faults(*faults)):
        raise ConfigError(told)
    return Endpoints(file, MappingProxyType(sheets))


def build_connectors(
    endpoints: Endpoints, around: Surroundings, ready: Mapping[str, Connector] = MappingProxyType({})
) -> Mapping[str, Connector]:
    """Build the connector of every endpoint that is not `ready`: reads pinned WSDLs and secrets, opens no connection.

    Raises ConfigError with the faults of all of them; whatever was built by then is closed again.
    """
    built: dict[str, Connector] = {}
    faults: list[Fault] = []
    for name, sheet in endpoints.items():
        if name in ready:
            continue
        try:
            built[name] = CONNECTORS[endpoints.kind(name)].build(sheet, around)
        except Unfit as misfit:
            faults.append(endpoints.file.fault(misfit.code, (name, *misfit.at), misfit.text))
    if faults:
        for connector in built.values():
            connector.close()
        raise ConfigError(merge_faults(faults))
    return MappingProxyType({**{name: ready[name] for name in endpoints if name in ready}, **built})


def _written_secrets(file: YamlFile) -> Iterator[Fault]:
    """Find texts that look like secrets; the fault never repeats them."""
    for at in file.values:
        text = file.texts.get(at, "")
        key = next((str(part) for part in reversed(at) if isinstance(part, str)), "")
        grouped = len(at) > 2 and at[1] in _WORD_GROUPS
        if text and ((_SECRET_KEY.search(key) and not grouped) or _LOGIN_IN_ADDRESS.search(text)):
            yield _secret_fault(file, at)


def _hushed(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """Leave out what else is wrong on a line with a secret: its words or its source would show the secret."""
    lines = {fault.line for fault in faults if fault.code == "CFG-041"}
    return tuple(fault for fault in faults if fault.code == "CFG-041" or fault.line not in lines)


def _secret_fault(file: YamlFile, at: At) -> Fault:
    line, column = file.place(at)
    said = "a secret stands in the file: write the name of a secret instead, and change the secret"
    return Fault(file=file.shown, line=line, column=column, code="CFG-041", message=said)

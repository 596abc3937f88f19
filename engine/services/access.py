"""Say which kind of caller may call which operation, as written in config/access.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.errors import ConfigError, Fault
from engine.yamlfile import Sheet, YamlFile, check_model, did_you_mean, read_yaml

Kind = Literal["hospital", "portal", "platform"]
KINDS: tuple[Kind, ...] = ("hospital", "portal", "platform")
"""The kinds of institution; order as in the contracts."""


class ServiceRights(Sheet):
    """Who may call one service: `callers` all of it, `operations` what differs for single operations."""

    callers: list[Kind] = Field(description="kinds of institution that may call every operation not named below")
    operations: dict[str, list[Kind]] = Field(
        default_factory=dict, description="operation by name -> the kinds that may call it, instead of `callers`"
    )


class Access(Sheet):
    """The rights of all services; a service that is not named may be called by nobody."""

    services: dict[str, ServiceRights] = Field(description="service by name -> its rights")

    def allows(self, kind: str, service: str, operation: str) -> bool:
        """Tell whether institutions of this kind may call the operation of the service."""
        rights = self.services.get(service)
        if rights is None:
            return False
        return kind in rights.operations.get(operation, rights.callers)


def load_access(path: Path, shown: str, known: Mapping[str, Collection[str]] | None = None) -> Access:
    """Read config/access.yaml; raises ConfigError with all faults at their places.

    `known` gives the operations of each service that is built; with it a name that does not exist is a fault.
    """
    file = read_yaml(path, shown)
    access = check_model(file, Access)
    faults = list(_unknown_names(file, access, known)) if known is not None else []
    if faults:
        raise ConfigError(faults)
    return access


def _unknown_names(file: YamlFile, access: Access, known: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    for service, rights in access.services.items():
        at = ("services", service)
        if service not in known:
            yield file.fault("CFG-012", at, f'there is no service "{service}"{did_you_mean(service, known)}', key=True)
            continue
        for operation in rights.operations:
            if operation not in known[service]:
                hint = did_you_mean(operation, known[service])
                place = (*at, "operations", operation)
                yield file.fault("CFG-012", place, f'{service} has no operation "{operation}"{hint}', key=True)

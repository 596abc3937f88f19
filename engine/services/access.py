"""Say which kind of caller may call which operation, as written in config/access.yaml."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from engine.errors import ConfigError, Fault
from engine.services.quotas import QuotaTable
from engine.services.recordrights import RecordRights
from engine.yamlfile import Sheet, YamlFile, check_model, did_you_mean, read_yaml

Kind = Literal["hospital", "portal", "platform"]
KINDS: tuple[Kind, ...] = ("hospital", "portal", "platform")
"""The kinds of institution; order as in the contracts."""

ACCESS = "config/access.yaml"

SERVICES: Mapping[str, tuple[str, ...]] = {
    "collection": ("DataCollection",),
    "hip": ("HIPMessageServer",),
    "regional": tuple(f"Regional{n}" for n in ("Patient", "Provider", "Organization", "Area", "Dictionary", "Document")),
    "api": ("ApiService",),
    "appointment": ("AppointmentService",),
    "report": ("ReportService",),
    "guide": ("GuideService",),
    "referral": ("ReferralService",),
    "institution": ("InstitutionRegistry",),
}
"""The word of config/access.yaml for each service, with the names of its contracts (WSDL service names)."""

_WORDS = {name: word for word, names in SERVICES.items() for name in names}


class ServiceRights(Sheet):
    """Who may call one service: `callers` all of it, `operations` what differs for single operations."""

    callers: list[Kind] = Field(description="kinds of institution that may call every operation not named below")
    operations: dict[str, list[Kind]] = Field(
        default_factory=dict, description="operation by name -> the kinds that may call it, instead of `callers`"
    )


class Access(Sheet):
    """The rights of all services; a service that is not named may be called by nobody. Without quotas nobody is bounded."""

    services: dict[str, ServiceRights] = Field(description="service by name -> its rights")
    quotas: QuotaTable = Field(default_factory=QuotaTable, description="how much each institution may send")
    records: RecordRights = Field(default_factory=RecordRights, description="who may read what others wrote about a resident")

    def allows(self, kind: str, service: str, operation: str) -> bool:
        """Tell whether institutions of this kind may call the operation; `service` is its contract's name or our word for it."""
        rights = self.services.get(_WORDS.get(service, service))
        if rights is None:
            return False
        return kind in rights.operations.get(operation, rights.callers)


def load_access(project: Path, known: Mapping[str, Collection[str]] | None = None) -> Access:
    """Read config/access.yaml of a project; raises ConfigError with all faults at their places.

    `known` gives the operations of each contract that is built, by its name; an operation that none of them has is a fault.
    """
    file = read_yaml(project / ACCESS, ACCESS)
    access = check_model(file, Access)
    faults = [*_unknown_services(file, access), *_unknown_operations(file, access, known or {})]
    if faults:
        raise ConfigError(faults)
    return access


def _unknown_services(file: YamlFile, access: Access) -> Iterator[Fault]:
    for word in access.services:
        if word not in SERVICES:
            yield file.fault(
                "CFG-012", ("services", word), f'there is no service "{word}"{did_you_mean(word, SERVICES)}', key=True
            )


def _unknown_operations(file: YamlFile, access: Access, known: Mapping[str, Collection[str]]) -> Iterator[Fault]:
    for word, rights in access.services.items():
        built = [known[name] for name in SERVICES.get(word, ()) if name in known]
        offered = {operation for operations in built for operation in operations}
        for operation in rights.operations:
            if built and operation not in offered:
                said = f'{word} has no operation "{operation}"{did_you_mean(operation, offered)}'
                yield file.fault("CFG-012", ("services", word, "operations", operation), said, key=True)

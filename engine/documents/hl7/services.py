"""Know every interaction service: the 81 of HIPMessageServer and the operations of the regional registers."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

FOLDER = Path(__file__).resolve().parents[3] / "xsd" / "messages"
"""Where the tables stand (README.md beside each says what it was made from)."""

Dialect = Literal["hospital", "regional"]
Act = Literal["add", "update", "merge", "query", "get", "status", "delete"]
"""What a service does at its register; `query` and `get` change nothing."""

HL7 = "urn:hl7-org:v3"
ACKNOWLEDGEMENT = "MCCI_IN000002UV01"
"""Root of the reply that carries only an acknowledgement."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HipService:
    """One action of HIPMessageServer; `nodes_of` is the action whose node table it takes, `inferred` what no table says of it."""

    code: str
    plan: str
    name: str
    title: str
    root: str
    answer_root: str
    register: str
    act: Act
    nodes_of: str
    inferred: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name by which routes and journal know it."""
        return self.code

    @property
    def roots(self) -> tuple[str, ...]:
        """The root elements it takes."""
        return (self.root,)

    @property
    def dialect(self) -> Dialect:
        """The dialect it speaks."""
        return "hospital"

    @property
    def flat(self) -> bool:
        """Whether its messages are no HL7 at all."""
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionalOperation:
    """One operation of the regional registers; `code` may name several plans, `root` is the first of `roots`."""

    name: str
    code: str
    register_address: str
    title: str
    roots: tuple[str, ...]
    success_root: str
    failure_root: str
    register: str
    act: Act

    @property
    def key(self) -> str:
        """The name by which routes and journal know it."""
        return self.name

    @property
    def root(self) -> str:
        """The root element of its request."""
        return self.roots[0]

    @property
    def nodes_of(self) -> str:
        """The name of its node table."""
        return self.name

    @property
    def dialect(self) -> Dialect:
        """The dialect it speaks."""
        return "regional"

    @property
    def flat(self) -> bool:
        """Whether its messages are plain XML without header, acknowledgement and namespace."""
        return "_IN" not in self.root


Service = HipService | RegionalOperation


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One row of a node table: an element or attribute, by its path below the root.

    Elements of one name that are told apart by a value carry it in the path (`item[@root="..."]`). `maximum` is 1 or 0 for any
    number; `fixed` are the values that may stand there, the first is the table's.
    """

    path: str
    required: bool
    maximum: int
    fixed: tuple[str, ...]
    meaning: str
    element: str


def _rows(*name: str) -> list[dict[str, str]]:
    with FOLDER.joinpath(*name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _act(word: str) -> Act:
    return next(known for known in get_args(Act) if known == word)


def _hip() -> Mapping[str, HipService]:
    return MappingProxyType(
        {
            row["code"]: HipService(
                code=row["code"], plan=row["plan"], name=row["name"], title=row["title"], root=row["root"],
                answer_root=row["answer_root"], register=row["register"], act=_act(row["act"]), nodes_of=row["nodes_of"],
                inferred=tuple(row["inferred"].split()),
            )
            for row in _rows("hl7", "services.csv")
        }
    )  # fmt: skip


def _regional() -> Mapping[str, RegionalOperation]:
    return MappingProxyType(
        {
            row["name"]: RegionalOperation(
                name=row["name"], code=row["code"], register_address=row["address"], title=row["title"],
                roots=tuple(row["root"].split("|")), success_root=row["success_root"], failure_root=row["failure_root"],
                register=row["register"], act=_act(row["act"]),
            )
            for row in _rows("regional", "operations.csv")
        }
    )  # fmt: skip


HIP: Mapping[str, HipService] = _hip()
"""The actions of HIPMessageServer by S-code."""

REGIONAL: Mapping[str, RegionalOperation] = _regional()
"""The operations of the regional registers by name."""

SERVICES: tuple[Service, ...] = (*HIP.values(), *REGIONAL.values())
"""All of them."""

REGISTERS: frozenset[str] = frozenset(service.register for service in SERVICES)
"""Every register that a service speaks to."""

_NAMES = {word.casefold(): service for service in HIP.values() for word in (service.code, service.plan, service.name)}


def find_hip(action: str) -> HipService | None:
    """Find the service of an action: S-code, English name or EMR-PL code; case and blanks around it do not count."""
    return _NAMES.get(action.strip().casefold())


def services_of(service: str) -> Mapping[str, Service]:
    """List the interactions that routes of `hip` or `regional` may receive, by key."""
    return HIP if service == "hip" else REGIONAL


@cache
def nodes_of(table: str, message: str = "request") -> tuple[Node, ...]:
    """Give one node table in the order of the text; `message` is request, success or failure. Empty when there is none."""
    return _tables().get((table, message), ())


@cache
def _tables() -> Mapping[tuple[str, str], tuple[Node, ...]]:
    found: dict[tuple[str, str], list[Node]] = {}
    for row in (*_rows("hl7", "nodes.csv"), *_rows("regional", "nodes.csv")):
        least, most = row["cardinality"].split("..")
        node = Node(
            path=row["path"],
            required=least == "1",
            maximum=0 if most == "*" else 1,
            fixed=tuple(row["fixed"].split("|")) if row["fixed"] else (),
            meaning=row["meaning"],
            element=row["data_element"],
        )
        found.setdefault((row["service"], row["message"]), []).append(node)
    return {key: tuple(nodes) for key, nodes in found.items()}

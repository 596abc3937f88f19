"""Hold routes of hip and regional against the tables of services: known actions, their one register, an answer for queries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.channels.language import INTERACTIVE
from engine.channels.route import Route
from engine.documents.hl7.services import REGISTERS, Service, services_of
from engine.errors import Fault
from engine.yamlfile import At, did_you_mean

_TABLES = {"hip": "xsd/messages/hl7/services.csv", "regional": "xsd/messages/regional/operations.csv"}
_READS = ("query", "get")

Complaint = tuple[str, At, str]
"""Code, place in route.yaml and message of a fault."""


def destinations_of(service: str) -> frozenset[str]:
    """List the registers that a route of the service may send to."""
    return REGISTERS if service in INTERACTIVE else frozenset()


def complaints(service: str, actions: Any, sends: Any, *, answers: bool) -> Iterable[Complaint]:
    """Tell what of a route does not fit the table of its service: `actions` and `sends` as written."""
    if service not in INTERACTIVE or not isinstance(actions, list):
        return
    known = services_of(service)
    for position, action in enumerate(actions):
        if action not in known:
            yield (
                "CFG-030",
                ("receive", "actions", position),
                f'no interaction "{action}" in {_TABLES[service]}{did_you_mean(str(action), known)}',
            )
    found = [known[action] for action in actions if action in known]
    yield from _registers(found, sends)
    reads = [one.key for one in found if one.act in _READS]
    if reads and not answers:
        yield "CFG-011", ("receive", "actions"), f"{reads[0]} is a query; write answer: with the stylesheet of what it finds"


def _registers(found: list[Service], sends: Any) -> Iterable[Complaint]:
    """Tell when the actions of one route are not all of the one register it sends to."""
    names = [send.get("to") for send in sends if isinstance(send, dict)] if isinstance(sends, list) else []
    wanted = list(dict.fromkeys(one.register for one in found))
    if len(wanted) > 1:
        yield (
            "CFG-011",
            ("receive", "actions"),
            f"these actions are of several registers ({', '.join(wanted)}); make one route for each",
        )
    elif wanted and names != wanted:
        yield "CFG-031", ("send",) if names else ("receive", "actions"), f"write send: with exactly one - to: {wanted[0]}"


def actions_without_route(routes: Iterable[Route]) -> list[Fault]:
    """Warn of interactions that no route receives, of each service that has routes at all."""
    taken: dict[str, set[str]] = {}
    for route in routes:
        if route.service in INTERACTIVE:
            taken.setdefault(route.service, set()).update(route.keys)
    return [
        Fault(file=_TABLES[service], line=1, column=1, code="CFG-035", message=f"no route receives {action}", severity="warning")
        for service, keys in taken.items()
        for action in services_of(service)
        if action not in keys
    ]

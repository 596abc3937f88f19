"""Hold one route as it runs: what it receives, its built steps, and where it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.channels.building import Step
from engine.channels.language import Retry
from engine.documents.stylesheets import Stylesheet
from engine.documents.xpaths import XPath


@dataclass(frozen=True, slots=True)
class RouteSend:
    """One destination of a route; `own` says that it is a service of ours; `order` is a key's name or an XPath."""

    to: str
    own: bool
    when: XPath | None
    when_text: str
    order: str | XPath
    order_text: str
    retry: Retry


@dataclass(frozen=True, slots=True)
class Route:
    """One checked route; `files` are those it uses, by their path from the project's top."""

    name: str
    about: str
    service: str
    keys: tuple[str, ...]
    checks: tuple[Step, ...]
    changes: tuple[Step, ...]
    sends: tuple[RouteSend, ...]
    answer: Stylesheet | None
    answer_path: str
    folder: Path
    files: tuple[str, ...]
    revision: str = ""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Give checks and changes in the order they run."""
        return (*self.checks, *self.changes)


@dataclass(frozen=True, slots=True)
class Destinations:
    """The names a route may send to: `desks` of our own services, `endpoints` outside."""

    endpoints: frozenset[str]
    desks: frozenset[str]


RouteTable = Mapping[tuple[str, str], Route]
"""Routes by service and key (document type, action or function)."""

"""Give the builders of steps their site: the route's folder, the press, and faults that know the key they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from engine.documents.press import Press
from engine.documents.reading import XmlDocument
from engine.documents.xpaths import XPath, XPathError
from engine.errors import ConfigError, EngineError, Issue
from engine.message import Message
from engine.yamlfile import Sheet, did_you_mean

Run = Callable[[Message], Message]
"""A step at work: returns the message as it goes on, or raises SenderError, Filtered, Held or another error."""

Verb = Literal["check", "change"]
SHARED = ("config", "xsd")
"""Folders of the project whose files any route may name by their path from the project's top."""


class Held(EngineError):
    """A change found something that a person must add first; the message waits as ERROR."""

    def __init__(self, *issues: Issue) -> None:
        super().__init__(issues[0].code)
        self.code = issues[0].code
        self.issues = issues


class Misfit(Exception):
    """A field of a step does not fit the project; `key` names the field, the rest makes the fault."""

    def __init__(self, code: str, message: str, *key: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.key = key


class Misfits(Exception):
    """Several parts of one step do not fit."""

    def __init__(self, parts: Sequence[Misfit | ConfigError]) -> None:
        super().__init__(f"{len(parts)} parts do not fit")
        self.parts = tuple(parts)


def build_all(*builds: Callable[[], Any]) -> list[Any]:
    """Build every part, so that all that is wrong comes out at once; raises Misfits."""
    built: list[Any] = []
    wrong: list[Misfit | ConfigError] = []
    for build in builds:
        try:
            built.append(build())
        except (Misfit, ConfigError) as problem:
            wrong.append(problem)
    if wrong:
        raise Misfits(wrong)
    return built


@dataclass(frozen=True, slots=True)
class Site:
    """Where a route's steps are built: its folder, the press, and the files they turn out to use."""

    press: Press
    root: Path
    folder: Path
    types: tuple[str, ...]
    by_action: bool = False
    service: str = ""
    used: set[Path] = field(default_factory=set)

    def find(self, name: str, *key: str) -> Path:
        """Find a file named in a route and note that it is used; raises Misfit with the nearest existing file."""
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or "\\" in name:
            raise Misfit("CFG-011", f'"{name}" leaves the folder; write a path inside it, or one of config/ or xsd/', *key)
        base = self.root if pure.parts and pure.parts[0] in SHARED else self.folder
        path = base / pure
        if not path.is_file():
            raise Misfit("CFG-020", f'no file "{name}"{did_you_mean(name, _files_under(self.folder))}', *key)
        if not path.resolve().is_relative_to(base.resolve()):
            raise Misfit("CFG-011", f'"{name}" is a link that leaves the folder; put the file itself here', *key)
        self.used.add(path)
        return path


def _files_under(folder: Path) -> list[str]:
    return [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]


def compile_xpath(expression: str, *key: str) -> XPath:
    """Compile an XPath of a route; raises Misfit when it is wrong or uses an unknown prefix."""
    try:
        return XPath(expression)
    except XPathError as problem:
        raise Misfit("CFG-022", str(problem), *key) from problem


def document_of(message: Message) -> XmlDocument:
    """Give the opened document of a message; every message on a route carries one that the press opened."""
    return cast("XmlDocument", message.document)


@dataclass(frozen=True, slots=True)
class StepKind:
    """One kind of step: the model of its item in the list, and how it is built from that."""

    name: str
    verb: Verb
    sheet: type[Sheet]
    build: Callable[[Site, Any], Run]
    tell: Mapping[str, Callable[[Any], str]]
    """How the step reads in prose, by language ("zh", "en")."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of one route, ready to run."""

    kind: StepKind
    sheet: Sheet
    run: Run
    name: str = field(init=False)
    """Key of the step in route.yaml."""
    detail: str = field(init=False)
    """The step's main value, for traces."""

    def __post_init__(self) -> None:
        """Write name and detail down once, since every message asks for them."""
        value = next(iter(self.sheet.model_dump(by_alias=True).values()))
        object.__setattr__(self, "name", self.kind.name)
        object.__setattr__(self, "detail", value if isinstance(value, str) else " ".join(str(v) for v in value.values() if v))

"""Say what can go wrong, grouped by who must act."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

ZIP_DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
)  # fmt: skip
"""What zipfile raises for a file that is damaged somewhere: broken streams, names, versions, ways to pack, signs of encryption."""

Severity = Literal["error", "warning"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """One finding in what a hospital sent: rule, place, reason and cure.

    `path` is an XPath without prefixes, positions from 1; `line` and `column` count from 1 in the
    unpacked XML and are 0 when there is no such place; `message` and `hint` are in Chinese.
    """

    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"
    rule: str = ""
    path: str = ""
    line: int = 0
    column: int = 0
    value: str = ""


class EngineError(Exception):
    """Something went wrong, and the class says who must act."""

    code = "ENG-000"


class SenderError(EngineError):
    """The hospital must change what it sends; never retried."""

    def __init__(self, *issues: Issue) -> None:
        if not issues:
            raise ValueError("a SenderError names at least one issue")
        first = next((i for i in issues if i.severity == "error"), issues[0])
        super().__init__(f"{first.code} {first.message}")
        self.issues: tuple[Issue, ...] = issues
        self.first: Issue = first
        self.code = first.code


class OverQuota(SenderError):
    """An institution has used its quota up; nothing was kept; `retry_after` is in seconds."""

    def __init__(self, issue: Issue, *, retry_after: int) -> None:
        super().__init__(issue)
        self.retry_after = retry_after


class Filtered(Exception):
    """The route does not want this message, and nothing is wrong with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DestinationError(EngineError):
    """The other side of a delivery failed; `code` is DST-xxx, `text` is for the administrator.

    `unknown` is true when the request may have been acted upon although no answer that counts came back.
    """

    def __init__(self, code: str, text: str, *, unknown: bool = False) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text
        self.unknown = unknown


class Unavailable(DestinationError):
    """The destination cannot take it now; try again later (DST-1xx).

    `retry_after` is the pause in seconds that the destination asked for, 0 when it asked for none.
    """

    def __init__(self, code: str, text: str, *, unknown: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(code, text, unknown=unknown)
        self.retry_after = retry_after


class Rejected(DestinationError):
    """The destination will never take it as it is (DST-2xx)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One mistake in a file of configuration; lines and columns count from 1, 0 when unknown."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: Severity = "error"
    source: str = ""

    def __str__(self) -> str:
        """Write the fault as editors read it, with the line and a caret when the line is known."""
        head = f"{self.file}:{self.line}:{self.column} {self.code} {self.message}"
        if not self.source:
            return head
        return f"{head}\n    {self.source}\n    {' ' * max(self.column - 1, 0)}^"


class ConfigError(EngineError):
    """The interface engineer must edit files; all faults are told at once."""

    code = "CFG-000"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(f) for f in faults))
        self.faults: tuple[Fault, ...] = tuple(faults)

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Fault, ...]]]:
        """Go from one process to another with the faults, not with their text alone."""
        return type(self), (self.faults,)


class TryAgain(EngineError):
    """We cannot take it at this moment; nothing was kept; `retry_after` is in seconds."""

    code = "ENG-503"

    def __init__(self, reason: str, *, retry_after: int = 5) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Paused(TryAgain):
    """The platform's engineer lets nothing in along the route for the moment; what was kept before goes on."""

    def __init__(self, route: str) -> None:
        super().__init__(f"the route {route} is paused", retry_after=60)
        self.route = route

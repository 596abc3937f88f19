"""Hold one HTTP request and its reply while the front works on them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.inbound.calls import SoapVersion
from engine.message import new_trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What one answered request to a service came to, for metrics.

    `code` is "" for a result, else the code of the fault; `operation` and `institution` are "" until they were
    known; `seconds` is the time from the first header to the reply.
    """

    service: str
    operation: str
    institution: str
    status: int
    code: str
    seconds: float
    peer: str
    trace: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply, its body whole."""

    status: int
    content: bytes
    media_type: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Exchange:
    """One request on its way through the front; filled as more becomes known.

    `whole` is false as long as bytes of its body may still come; a reply given then closes the connection.
    """

    scope: Mapping[str, Any]
    peer: str
    whole: bool = False
    trace: str = field(default_factory=new_trace)
    began: float = field(default_factory=time.monotonic)
    version: SoapVersion = "1.1"
    service: str = ""
    operation: str = ""
    institution: str = ""
    code: str = ""

    def observed(self, status: int) -> Observation:
        """Sum up what came of it."""
        return Observation(
            service=self.service,
            operation=self.operation,
            institution=self.institution,
            status=status,
            code=self.code,
            seconds=time.monotonic() - self.began,
            peer=self.peer,
            trace=self.trace,
        )

"""Define the one thing that travels: a frozen message, and the document it carries."""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, Protocol
from zoneinfo import ZoneInfo

from engine.errors import Issue
from engine.report import ReportArrival

Lane = Literal["live", "history"]
LANES: tuple[Lane, ...] = ("live", "history")

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The one time zone of the province; every time shown or answered is in it."""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_STEPS = 32**3
"""So many steps of a day three letters tell apart."""

_RANDOM = random.Random(secrets.randbits(256))
"""Where numbers come from that must be unique and need not be secret; asking the kernel for each costs a system call."""

# A process that is forked must not give the numbers that its parent gives.
os.register_at_fork(after_in_child=lambda: _RANDOM.seed(secrets.randbits(256)))

_NOTHING: Mapping[str, str] = MappingProxyType({})


def new_trace() -> str:
    """Make the id of one request: sixteen hexadecimal digits."""
    return f"{_RANDOM.getrandbits(64):016x}"


def new_receipt(received: datetime) -> str:
    """Make a receipt number: the day of receipt in Shanghai, a hyphen, three letters of its time, nine random ones (45 bits).

    The time, in steps of 2.6 seconds, puts numbers of one moment side by side in every index of the store.
    """
    there = received.astimezone(SHANGHAI)
    step = ((there.hour * 60 + there.minute) * 60 + there.second) * _STEPS // 86400
    bits = step << 45 | _RANDOM.getrandbits(45)
    pairs = "".join([_PAIRS[bits >> shift & 1023] for shift in (50, 40, 30, 20, 10, 0)])
    return f"{there.year:04}{there.month:02}{there.day:02}-{pairs}"


def own_key(root: str, extension: str) -> str:
    """Write a document's own id as one key; "" unless it has both parts, for a root alone is most often shared by all."""
    return f"{root}^{extension}" if root and extension else ""


def midnight_before(moment: datetime) -> datetime:
    """Give the beginning of the day of a moment, in Shanghai."""
    return moment.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def shanghai_text(moment: datetime) -> str:
    """Write a moment as the contracts do: yyyy-MM-ddTHH:mm:ss+08:00."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S+08:00")


def minute_text(moment: datetime) -> str:
    """Write a moment for people, to the minute: yyyy-MM-dd HH:mm in Shanghai."""
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


class Document(Protocol):
    """What documents/ opened once; other rooms read bytes and digest and hand the rest back to documents/."""

    @property
    def content(self) -> bytes:
        """The XML as bytes."""

    @property
    def digest(self) -> str:
        """SHA-256 of the content, 64 hexadecimal digits in lower case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One document on its way through the house; changed only by `evolve`.

    `id` is the receipt number; `revision` names the set of route files that judges it; `keys` holds
    `resident`, `document` (the sender's documentId), `own` (root and extension of the document's own id)
    as far as they are known; `received` is timezone-aware; `warnings` are the findings that did not end the walk.
    """

    id: str
    route: str
    revision: str
    institution: str
    document_type: str
    received: datetime
    document: Document
    lane: Lane = "live"
    keys: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    warnings: tuple[Issue, ...] = ()

    def evolve(self, **changes: Any) -> Message:
        """Return a copy with the named fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One value of operations data: the `section` (table) of the form, its field, value and unit as words.

    `dimension` tells the row where the section has many: its keys in order, with a slash between them. A `personal`
    value names a person.
    """

    section: str
    field: str
    value: str
    unit: str = ""
    dimension: str = ""
    personal: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """Plain values that documents/ drew from one document, for the desks of our own services.

    `local_numbers` are the institution's own numbers of the patient as `kind^number`, the steadiest kind first.
    Times are timezone-aware; absent values are empty strings or None. `content` is the document as the
    route left it (bytes of XML); `figures` are the values of operations data, whose own id is class and period; `report` is what a
    report document says.
    """

    message: str
    institution: str
    document_type: str
    own_root: str = ""
    own_extension: str = ""
    title: str = ""
    written: datetime | None = None
    resident_id: str = ""
    resident_name: str = ""
    gender: str = ""
    birth_date: str = ""
    visit_number: str = ""
    health_card: str = ""
    local_numbers: tuple[str, ...] = ()
    author: str = ""
    custodian: str = ""
    custodian_name: str = ""
    confidentiality: str = ""
    replaces_root: str = ""
    replaces_extension: str = ""
    content: bytes = b""
    figures: tuple[Figure, ...] = ()
    report: ReportArrival | None = None

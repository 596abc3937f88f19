"""Name what goes into the journal and what comes back out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.errors import Issue
from engine.message import Lane

MessageState = Literal["INVALID", "FILTERED", "ERROR", "ROUTED", "DISCARDED"]
MESSAGE_STATES: tuple[MessageState, ...] = ("INVALID", "FILTERED", "ERROR", "ROUTED", "DISCARDED")
"""The five states; a message is in exactly one of them, and their sum is what was taken in."""

Mark = Literal["", "revoked", "replaced"]
Status = Literal["accepted", "accepted-with-warnings", "rejected"]
OriginalForm = Literal["gzip", "raw", "meta"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """One destination that a message goes to; deliveries with the same non-empty key keep their order."""

    destination: str
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TraceLine:
    """One step of the walk: its name, what it did, how many microseconds it took."""

    what: str
    detail: str = ""
    micros: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One judged message on its way into the journal.

    `digest` is the SHA-256 of the unpacked XML in lower-case hexadecimal, empty when nothing could be unpacked;
    `size` its bytes. `original` holds the sender's GZIP bytes (`gzip`), the bytes as they came when there was no
    GZIP (`raw`), or is not kept (`meta`). `changed` is the XML that the route made, empty when it is unchanged.
    `written` is when the document says it was written.
    `own` is the document's own id (root and extension); `resident` the identity number. `replaces` names the
    documentId, `replaces_own` the own id that is superseded; an entry that `repeats` replaces whatever holds its own id.
    `orders` are carried out only if the entry is fresh.
    """

    receipt: str
    institution: str
    document_type: str
    document_id: str
    received: datetime
    route: str
    revision: str
    state: MessageState
    digest: str
    size: int
    code: str = "0"
    lane: Lane = "live"
    issues: tuple[Issue, ...] = ()
    original: bytes = b""
    original_form: OriginalForm = "gzip"
    changed: bytes = b""
    own: str = ""
    resident: str = ""
    replaces: str = ""
    replaces_own: str = ""
    repeats: bool = False
    written: datetime | None = None
    batch: str = ""
    peer: str = ""
    orders: tuple[Order, ...] = ()
    trace: tuple[TraceLine, ...] = ()
    reference: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filed:
    """What became of an entry; the receipt is that of the first message when it is a duplicate.

    `fresh` says that its effects on our own services are to be carried out in this transaction;
    `superseded` are the receipts of the messages that it replaced or revoked, whose records are to be withdrawn.
    """

    receipt: str
    state: MessageState
    code: str
    issues: tuple[Issue, ...] = ()
    duplicate: bool = False
    fresh: bool = False
    superseded: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """Say what the sender is told."""
        return status_of(self.state, self.issues)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """One row of the journal without its bodies; `seq` is its place in the order of commits."""

    seq: int
    receipt: str
    institution: str
    document_type: str
    document_id: str
    own: str
    resident: str
    lane: Lane
    received: datetime
    route: str
    revision: str
    state: MessageState
    status: Status
    code: str
    mark: Mark
    replaced_by: str
    digest: str
    size: int
    batch: str
    peer: str
    reference: str

    @property
    def shown(self) -> str:
        """Give the state as the contracts name it: `revoked` or `replaced` before the five, in lower case."""
        return self.mark or self.state.lower()

    @property
    def place(self) -> tuple[datetime, int]:
        """Give the key from which a search goes on to the next page."""
        return self.received, self.seq


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredMessage:
    """A stored message with its bodies: `original` in its `original_form`, `changed` as XML, empty when unchanged."""

    facts: Facts
    original_form: OriginalForm
    original: bytes
    changed: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryLine:
    """Where one delivery of a message stands; `due` is when it will be tried next, `at` when it last changed."""

    id: int
    destination: str
    state: str
    attempts: int
    error_code: str
    error_text: str
    due: datetime
    at: datetime
    remote_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLine:
    """One thing that happened to a message."""

    at: datetime
    what: str
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Everything the store can tell about one message but its bodies; events and deliveries oldest first."""

    facts: Facts
    issues: tuple[Issue, ...]
    deliveries: tuple[DeliveryLine, ...]
    events: tuple[EventLine, ...]
    trace: tuple[TraceLine, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownBatch:
    """The first result of a batch: the digest of its list of documents, and the result as JSON text."""

    receipt: str
    list_digest: str
    result: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReconcileRow:
    """How many different documentIds of a type came on a day, how many were accepted, and which those are."""

    document_type: str
    received: int
    accepted: int
    ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityAsked:
    """What a quality report is about: `start` is included, `end` is not; an empty type or lane means all."""

    institution: str
    start: datetime
    end: datetime
    document_type: str = ""
    lane: Lane | Literal[""] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class QualityRow:
    """How often a rule was broken and in how many messages, when first and last, and the last case as a masked example."""

    rule: str
    code: str
    severity: str
    count: int
    messages: int
    first: datetime
    last: datetime
    receipt: str
    document_type: str
    path: str
    line: int
    example: str
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class QualitySums:
    """How many messages came in, how many of them were refused, how many accepted with warnings."""

    messages: int
    rejected: int
    warned: int


def status_of(state: MessageState, issues: Sequence[Issue]) -> Status:
    """Say what the sender is told about a message in this state with these issues."""
    if state == "INVALID":
        return "rejected"
    return "accepted-with-warnings" if any(issue.severity == "warning" for issue in issues) else "accepted"

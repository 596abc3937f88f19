"""Say what the page of one message shows, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.channels.rehearsal import Found
from engine.interaction import is_message
from engine.monitor.sidebyside import Sheet
from engine.store.entries import OriginalForm, Stored

Body = Literal["shown", "interaction", "unreadable", "large", "absent", "raw"]
"""What can be shown of the body: all; only unmasked, since it is an interaction, which no rule masks whole, or cannot be read, or
never was a readable GZIP; or nothing, since it is too large or was not kept."""

HIDDEN_EVENTS = frozenset({"answered"})
"""Events whose words hold an answer about a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One message; `text` is the whole document when it is `revealed`, else empty."""

    stored: Stored
    found: tuple[Found, ...]
    body: Body
    sheet: Sheet | None
    revealed: bool
    form: OriginalForm
    text: str = ""

    @property
    def replayable(self) -> bool:
        """Tell whether it may be walked again."""
        facts = self.stored.facts
        stopped = facts.state in ("INVALID", "ERROR") and not facts.mark
        return stopped and self.form == "gzip" and not is_message(facts.document_type)

    @property
    def correctable(self) -> bool:
        """Tell whether a correction may be filed for it."""
        return self.replayable and self.stored.facts.state == "INVALID" and self.body in ("shown", "unreadable")

    @property
    def discardable(self) -> bool:
        """Tell whether it may be put aside for good."""
        return self.stored.facts.state == "ERROR" and not self.stored.facts.mark

    @property
    def milliseconds(self) -> float:
        """Give how long the walk took, all steps together."""
        return sum(line.micros for line in self.stored.trace) / 1000

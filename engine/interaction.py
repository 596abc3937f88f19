"""Say what a register is asked by an interaction and what it answers: plain values both ways."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection  # house: only the type of the caller's transaction, which floor 0 hands on

from engine.hospital import Values

Act = Literal["add", "update", "merge", "query", "get", "status", "delete"]
"""What an interaction does at its register; `query` and `get` change nothing there."""


UNKNOWN = "HIP"
"""How the journal calls a message whose action nobody knows."""

_MESSAGE = re.compile(rf"S[0-9]{{4}}|{UNKNOWN}|[a-z]+[A-Z][A-Za-z]*")


def is_message(document_type: str) -> bool:
    """Tell whether a row of the journal is an interaction: its type is an S-code, the name of a regional operation, or of a notice of ours.

    It is then no document: its id is that of a message, and neither completeness nor Reconcile count it.
    """
    return _MESSAGE.fullmatch(document_type) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Interaction:
    """One message as a register sees it.

    `action` is the S-code or the regional operation, `register` the name of the register, `institution` the admitted caller;
    `receipt` is the journal's receipt of a write, "" for a query; `received` is aware; `values` have the canonical names.
    """

    action: str
    register: str
    act: Act
    institution: str
    message_id: str
    receipt: str
    received: datetime
    values: Values
    peer: str = ""
    trace: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What a register did: `text` says it in Chinese, `items` are what it found or echoes, `total` is how many there are in all."""

    text: str
    items: tuple[Values, ...] = ()
    total: int = 0


Register = Callable[[Connection, Interaction], Answered]
"""Do at a register what an interaction asks, within the caller's write transaction.

Raises SenderError when it is refused (SND-73x, SND-74x: the answer is AE) or TryAgain. Nothing was written then: whoever raises
has not begun to write, so the transaction may go on with the next message.
"""

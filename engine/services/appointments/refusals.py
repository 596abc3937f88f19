"""Say no to a portal with a stable code and words for the patient."""

from __future__ import annotations

from engine.codes import CODES
from engine.errors import Issue, SenderError


def refuse(code: str, message: str = "") -> SenderError:
    """Make the refusal of a code (SND-7xx): `message` in Chinese instead of the code's title, the hint as documented."""
    row = CODES[code]
    return SenderError(Issue(code=code, message=message or f"{row.title}。", hint=row.sender))

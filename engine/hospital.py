"""Say how a hospital is asked: one function with plain values, one reply; what travels between services and the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Values = Mapping[str, Any]
"""The values of one message by node name, as on the wire.

A value is text: money in fen, times as yyyy-MM-dd, HH:mm or yyyy-MM-dd HH:mm:ss, codes those of the Jilin text whatever the
hospital speaks. A list node is a tuple of Values, a node that is not there is absent.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class HospitalReply:
    """What the hospital said to one question.

    `code` is "0" when it did what was asked, else its RETURN_CODE; `message` is its own text; `asked` is when our question
    left and `answered` when its answer was complete, both timezone-aware.
    """

    code: str
    message: str
    values: Values
    asked: datetime
    answered: datetime


Ask = Callable[[str, str, Values], HospitalReply]
"""Ask a hospital: institution code, function number, plain values without HOS_ID.

Raises Unavailable (it did not answer, or was not asked: DST-101..106) or Rejected (what it answered cannot be relied on, or it is
not to be asked: DST-201..206). Both carry `unknown`, true when the question may have arrived, so that the hospital may have acted:
ask again, never assume.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class HospitalCall:
    """What is noted of one call for the hospital's health.

    `outcome` is "0", the hospital's RETURN_CODE, or the DST code of what went wrong; `seconds` from the moment the question left;
    `certificate_until` is when the certificate it showed ends, None without TLS.
    """

    institution: str
    function: str
    outcome: str
    seconds: float
    at: datetime
    certificate_until: datetime | None = None


Observe = Callable[[HospitalCall], None]
"""Take note of a call; returns at once and never fails the call."""

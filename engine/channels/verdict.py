"""Judge what came of one try to deliver, and say what is written down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from engine.channels.backoff import pause, spent
from engine.channels.language import Retry
from engine.channels.outlet import Tried
from engine.errors import Rejected, Unavailable
from engine.store.queue import Settlement


def settle(tried: Tried, retry: Retry, now: datetime, chance: float) -> Settlement:
    """Turn a try into its settlement: SENT, DEAD (refused, or the route's time is spent), QUEUED or UNKNOWN.

    What may have arrived is UNKNOWN and sent again under the same message id. An error that is no destination's
    is our own (ENG-000): it waits like any other, so that a repaired engine delivers it.
    """
    claimed = tried.parcel.claimed
    if tried.reply is not None:
        words = tried.reply
        return Settlement(claimed=claimed, state="SENT", now=now, error_text=words.text, remote_id=words.remote_id)
    if tried.error is None:
        return Settlement(claimed=claimed, state=claimed.state, now=now, due=now, attempted=False)
    return _failed(tried, tried.error, retry, now, chance)


def _failed(tried: Tried, error: Exception, retry: Retry, now: datetime, chance: float) -> Settlement:
    claimed = tried.parcel.claimed
    code, text = _told(error)
    if isinstance(error, Rejected) or spent(retry, claimed.first_due, now):
        return Settlement(claimed=claimed, state="DEAD", now=now, error_code=code, error_text=text)
    wait = pause(retry, claimed.attempts + 1, chance)
    # What once may have arrived stays in doubt until an answer says otherwise.
    doubtful = claimed.state == "UNKNOWN"
    if isinstance(error, Unavailable):
        wait = max(wait, timedelta(seconds=error.retry_after))
        doubtful = doubtful or error.unknown
    state: Literal["UNKNOWN", "QUEUED"] = "UNKNOWN" if doubtful else "QUEUED"
    return Settlement(claimed=claimed, state=state, now=now, due=now + wait, error_code=code, error_text=text)


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, Unavailable | Rejected):
        return error.code, error.text
    return "ENG-000", f"平台内部错误：{type(error).__name__}"

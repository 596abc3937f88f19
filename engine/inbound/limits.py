"""Bound what one front takes from the network; the defaults are those of the contracts."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontLimits:
    """Sizes in bytes, times in seconds.

    `body` also bounds a request after Content-Encoding is undone; `in_flight` is the sum of the bodies one front
    holds at a time, one peer's at most half of it; `linger` is how long a refused sender may go on sending before the
    connection is cut. Who takes less than `least_read` bytes of a reply in `reply_deadline` is cut off; `send_buffer` is what the
    system holds of the replies on their way to one peer.
    `elements` bounds an envelope, which is parsed before anyone is admitted; a document in it has a limit of its own.
    `proxies` are the addresses of peers whose X-Forwarded-For is believed; `base_address` is what WSDLs give as the
    address (scheme and host, no slash at the end), "" for the Host of each request.
    """

    body: int = 32 * _MIB
    header_bytes: int = 64 * 1024
    header_count: int = 200
    header_deadline: float = 10.0
    body_deadline: float = 60.0
    keep_alive: float = 75.0
    linger: float = 2.0
    reply_deadline: float = 30.0
    least_read: int = 64 * 1024
    send_buffer: int = 256 * 1024
    in_flight: int = 256 * _MIB
    depth: int = 100
    elements: int = 250_000
    attributes: int = 256
    names: int = 20_000
    proxies: frozenset[str] = frozenset()
    base_address: str = ""

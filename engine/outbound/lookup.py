"""Resolve a destination's name once, within the deadline, into an address of its pinned networks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from engine.errors import Unavailable

Address = tuple[int, tuple[Any, ...]]
"""An address family and what connect() takes."""

Resolve = Callable[[str, int], list[Address]]


class _Clock(Protocol):
    def left(self) -> float:
        """Give the seconds left; raises TimeoutError."""


def system_resolve(host: str, port: int) -> list[Address]:
    """Ask the system's resolver; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(int(family), place) for family, _, _, _, place in found]


class Lookup:
    """Ask a resolver that may hang without hanging with it.

    One question is under way at a time; whoever comes meanwhile waits for the same answer. A question the
    resolver never answers costs one daemon thread, not one for each call.
    """

    def __init__(self, resolve: Resolve = system_resolve) -> None:
        self._resolve = resolve
        self._lock = threading.Lock()
        self._asked: Future[list[Address]] | None = None

    def addresses(self, host: str, port: int, timeout: float) -> list[Address]:
        """Give every address of the name; raises OSError, and TimeoutError after `timeout` seconds."""
        if (literal := _literal(host, port)) is not None:
            return [literal]
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._ask, args=(self._asked, host, port), daemon=True, name="lookup").start()
            asked = self._asked
        return asked.result(timeout)

    def _ask(self, asked: Future[list[Address]], host: str, port: int) -> None:
        try:
            asked.set_result(self._resolve(host, port))
        except Exception as error:  # noqa: BLE001  whatever the resolver raises belongs to the caller who waits
            asked.set_exception(error)


def _literal(host: str, port: int) -> Address | None:
    """Read a host that is an address already; there is nothing to ask then."""
    try:
        number = ip_address(host)
    except ValueError:
        return None
    return (int(socket.AF_INET), (host, port)) if number.version == 4 else (int(socket.AF_INET6), (host, port, 0, 0))


def pinned_address(lookup: Lookup, host: str, port: int, networks: Iterable[IPv4Network | IPv6Network], clock: _Clock) -> Address:
    """Choose the first address inside the pinned networks.

    Raises Unavailable DST-101 when the name is not answered, DST-105 when every address lies outside.
    """
    try:
        found = lookup.addresses(host, port, clock.left())
    except TimeoutError as error:
        raise Unavailable("DST-101", f"域名 {host} 在时限内没有解析出来") from error
    except (OSError, UnicodeError) as error:
        raise Unavailable("DST-101", f"域名 {host} 解析失败") from error
    pinned = tuple(networks)
    for family, place in found:
        number = ip_address(str(place[0]).partition("%")[0])
        if any(number in network for network in pinned):
            return family, place
    raise Unavailable("DST-105", f"{host} 解析到 {', '.join(sorted({str(p[0]) for _, p in found}))}，不在允许的网络内")

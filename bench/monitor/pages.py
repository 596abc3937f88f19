"""Take the monitor's pages from its own table of routes, and find addresses for each by following links as people do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from unittest.mock import MagicMock
from urllib.parse import urlsplit

from starlette.routing import Match, Route  # the table is made of them

from engine.monitor.app import build_monitor

NO_PAGES = frozenset({"/static/{name}", "/", "/second-factor", "/reload"})
"""What is not measured: a file of the frame, the two steps of signing in, and what checks all files anew, whatever the store holds."""

_HREF = re.compile(r'href="(/[^"#]*)"')
_ADDRESSES = 12
"""Addresses that are kept of one route."""


def page_routes() -> list[Route]:
    """List every address of the monitor that answers to GET, in the order in which they are looked up."""
    table = build_monitor(MagicMock(), MagicMock(), MagicMock()).app.routes
    return [route for route in table if "GET" in route.methods and route.path not in NO_PAGES]


def addresses_of(routes: list[Route], read: Callable[[str], str]) -> Mapping[str, list[str]]:
    """Give addresses of each route by its path, [] of one that no link leads to; `read` gives the body of a page, "" of a file.

    It begins at the pages that have one address only and goes on from the first page of each route that is found.
    """
    found: dict[str, list[str]] = {route.path: [] if "{" in route.path else [route.path] for route in routes}
    waiting = [path for path, known in found.items() if known]
    while waiting:
        for address in _links(read(waiting.pop(0))):
            path = _path_of(routes, address)
            known = found.get(path, [])
            if path in found and address not in known and len(known) < _ADDRESSES:
                if not known:
                    waiting.append(address)
                known.append(address)
    return found


def _links(body: str) -> Iterator[str]:
    for href in _HREF.findall(body):
        address = unescape(href)
        if "format=" not in address and "lang=" not in address:
            yield address


def _path_of(routes: list[Route], address: str) -> str:
    scope = {"type": "http", "path": urlsplit(address).path, "method": "GET"}
    return next((route.path for route in routes if route.matches(scope)[0] is Match.FULL), "")

"""Show the catalogue of error codes with cause and cure, searchable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from engine.codes import CODES, CONFIG_CODES, Code
from engine.monitor.pages import page, wants_json
from engine.services.users import Session

LONGEST = 64


async def show_codes(request: Request, session: Session) -> Response:
    """Show the codes in which every word of `?search=` occurs; `?format=json` gives the same as data."""
    wanted = request.query_params.get("search", "").strip()[:LONGEST]
    found, checks = list(matching(wanted)), {c: about for c, about in CONFIG_CODES.items() if _holds(wanted, (c, about))}
    if wants_json(request):
        return JSONResponse({"codes": [asdict(one) for one in found], "config": checks})
    groups: dict[str, list[Code]] = {}
    for one in found:
        groups.setdefault(one.code[:5], []).append(one)
    return page(request, "codes.html", session, {"groups": groups, "checks": checks, "wanted": wanted, "count": len(found)})


def matching(wanted: str) -> Iterable[Code]:
    """Give the codes whose texts hold every word, whatever its case."""
    return (one for one in CODES.values() if _holds(wanted, (one.code, one.title, one.cause, one.sender, one.admin)))


def _holds(wanted: str, texts: Iterable[str]) -> bool:
    whole = " ".join(texts).lower()
    return all(word in whole for word in wanted.lower().split())

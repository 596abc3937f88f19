"""Render a page: the frame around it, its language, and its JSON twin."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from engine.codes import CODES
from engine.message import minute_text, shanghai_text
from engine.monitor.texts import TEXTS, Language, age_text, choose_language, clock_text, number_text, percent_text, speaker
from engine.services.users import Session

HERE = Path(__file__).resolve().parent
STATIC = HERE / "static"
LANGUAGE_COOKIE = "changbai_lang"

STAFF = frozenset({"viewer", "operator", "engineer", "administrator", "auditor"})
WORKERS = frozenset({"operator", "engineer", "administrator"})
INSTITUTION = frozenset({"institution"})

ACTS: Mapping[str, frozenset[str]] = {
    # action: roles that may do it
    "me": STAFF | INSTITUTION,
    "live": STAFF | INSTITUTION,
    "overview": STAFF,
    "appointments": STAFF,
    "reports": STAFF,
    "referrals": STAFF,
    "residents": STAFF | INSTITUTION,
    "settle": frozenset({"administrator"}),
    "indicators": STAFF | INSTITUTION,
    "completeness": STAFF | INSTITUTION,
    "quality": WORKERS | INSTITUTION,
    "check": WORKERS | INSTITUTION,
    "retry": WORKERS,
    "discard": WORKERS,
    "hospital": WORKERS,
    "guide": frozenset({"engineer", "administrator"}),
    "messages": STAFF,
    "export": WORKERS,
    "replay": WORKERS,
    "put-aside": WORKERS,
    "reveal": frozenset({"engineer", "administrator"}),
    "correct": frozenset({"engineer", "administrator"}),
    "waiting": STAFF,
    "bulk": WORKERS,
    "routes": STAFF,
    "route": frozenset({"engineer", "administrator"}),
    "reload": frozenset({"engineer", "administrator"}),
    "alerts": STAFF,
    "acknowledge": WORKERS,
    "channel-test": frozenset({"engineer", "administrator"}),
    "codes": STAFF | INSTITUTION,
    "institutions": STAFF,
    "applications": WORKERS,
    "institution": frozenset({"administrator"}),
    "settings": frozenset({"engineer", "administrator", "auditor"}),
    "audit": frozenset({"administrator", "auditor"}),
    "users": frozenset({"administrator"}),
}
"""Everything a signed-in person may ask for, with the roles that may; every route names its action, a page stands in the bar of those
who may see it. What `institution` may see shows its own institution only."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page behind the sign-in: its name in the texts and its path; `aside` are those below "more" in the bar."""

    name: str
    path: str
    aside: bool = False


PAGES: tuple[Page, ...] = (
    Page("overview", "/overview"),
    Page("messages", "/messages"),
    Page("waiting", "/waiting"),
    Page("routes", "/routes"),
    Page("appointments", "/appointments"),
    Page("reports", "/reports"),
    Page("referrals", "/referrals"),
    Page("completeness", "/completeness"),
    Page("quality", "/quality"),
    Page("residents", "/residents"),
    Page("indicators", "/indicators"),
    Page("check", "/check"),
    Page("alerts", "/alerts", aside=True),
    Page("guide", "/guide", aside=True),
    Page("institutions", "/institutions"),
    Page("codes", "/codes", aside=True),
    Page("settings", "/settings", aside=True),
    Page("audit", "/audit", aside=True),
    Page("users", "/users", aside=True),
    Page("me", "/me", aside=True),
)
"""The pages in the order of the bar; `HOME` is where a person of the platform arrives."""

HOME = PAGES[0].path


def may(session: Session, act: str) -> bool:
    """Tell whether the role of this person may do this."""
    return session.role in ACTS[act]


def pages_of(session: Session | None) -> tuple[Page, ...]:
    """List the pages that stand in the bar of this person: none before the second factor is given."""
    return tuple(one for one in PAGES if session and session.stage == "in" and may(session, one.name))


def home_of(session: Session) -> str:
    """Give the page where this person arrives: the second factor's while it is asked for, else the first of the bar."""
    return SECOND_FACTOR if session.stage != "in" else pages_of(session)[0].path


SECOND_FACTOR = "/second-factor"


V = TypeVar("V")


def own(session: Session, names: Mapping[str, V]) -> Mapping[str, V]:
    """Give what this person may choose from: all institutions, or the one to which the account is bound."""
    if session.role not in INSTITUTION:
        return names
    return {code: name for code, name in names.items() if code == session.institution}


def language_of(request: Request) -> Language:
    """Give the language of this request: asked for by `?lang=`, else kept in the cookie, else Chinese."""
    return choose_language(request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))


def wants_json(request: Request) -> bool:
    """Tell whether the JSON twin of a page is asked for: by `?format=json`, or by an Accept that names JSON and no HTML."""
    asked = request.query_params.get("format")
    accepted = request.headers.get("accept", "")
    return asked == "json" or (asked is None and "application/json" in accepted and "text/html" not in accepted)


def addresses(request: Request, shown: Mapping[str, str] | None = None) -> Callable[..., str]:
    """Make addresses of this page with some parameters changed, empty ones left out; `shown` replaces those of the request."""
    kept = dict(request.query_params if shown is None else shown)
    return lambda **changed: (
        f"{request.url.path}?{urlencode({name: value for name, value in {**kept, **changed}.items() if value})}"
    )


def page(
    request: Request,
    template: str,
    session: Session | None,
    values: Mapping[str, object],
    *,
    status: int = 200,
    now: datetime | None = None,
) -> HTMLResponse:
    """Render a template within the frame, in the language of the request; keeps a language that was asked for.

    `now` is the moment the values were read, from which clock times and dates are told apart.
    """
    response = HTMLResponse(render(request, template, session, values, now=now), status_code=status)
    keep_language(request, response)
    return response


def render(
    request: Request, template: str, session: Session | None, values: Mapping[str, object], *, now: datetime | None = None
) -> str:  # fmt: skip
    """Render a template, be it a page or a part of one, in the language of the request."""
    language = language_of(request)
    read_at = now or datetime.now(UTC)
    frame = {
        "lang": language,
        "other": "en" if language == "zh" else "zh",
        "say": speaker(language),
        "session": session,
        "now": read_at,
        "pages": pages_of(session),
        "path": request.url.path,
        "style": static_address("style.css"),
        "script": static_address("live.js"),
        "mark": static_address("mark.svg"),
        "number": number_text,
        "percent": percent_text,
        "age": lambda seconds: age_text(seconds, language),
        "clock": lambda moment: clock_text(moment, read_at),
        "iso": shanghai_text,
        "minute": minute_text,
        "title_of": lambda code: _title(code, language),
        "named": lambda group, name: _named(group, name, language),
        "may": may,
        "badge": getattr(request.state, "badge", None),
        "tiles": getattr(request.state, "tiles", ()),
    }
    return _templates().get_template(template).render(frame | dict(values))


def keep_language(request: Request, response: Response) -> None:
    """Put the language asked for by `?lang=` into the cookie that keeps it."""
    if request.query_params.get("lang") in {"zh", "en"}:
        secure = request.url.scheme == "https"
        response.set_cookie(
            LANGUAGE_COOKIE, language_of(request), max_age=31_536_000, httponly=True, samesite="strict", secure=secure
        )


def problem(request: Request, status: int, session: Session | None = None, *, trace: str = "") -> Response:
    """Answer with the page, or the JSON, of something that cannot be shown."""
    if wants_json(request):
        return JSONResponse({"error": status, **({"trace": trace} if trace else {})}, status_code=status)
    return page(request, "problem.html", session, {"status": status, "trace": trace}, status=status)


@cache
def static_address(name: str) -> str:
    """Give the address of a static file; it changes with the content, so that browsers may keep the file."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


def _named(group: str, name: str, language: Language) -> str:
    """Say what a word of another room is called here, the word itself when it has no name of ours."""
    key = f"{group}.{name}"
    return speaker(language)(key) if key in TEXTS else name


def _title(code: str, language: Language) -> str:
    if language == "zh" and code in CODES:
        return CODES[code].title
    family = f"family.{code[:5]}"
    return speaker(language)(family) if family in TEXTS else ""


@cache
def _templates() -> Environment:
    loader = FileSystemLoader(HERE / "templates")
    options: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "auto_reload": False}
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, **options)

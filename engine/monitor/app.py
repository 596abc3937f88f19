"""Put the monitor together: its pages, its door, its two open addresses."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from engine.errors import TryAgain
from engine.log import get_logger
from engine.metrics import StoreFigures
from engine.monitor.alerts import AlertsPage, AlertsSource
from engine.monitor.appointments import AppointmentsPage, AppointmentsSource
from engine.monitor.audit import AuditArchive, AuditPage
from engine.monitor.board import Act, Board
from engine.monitor.check import CheckPage, CheckSource
from engine.monitor.codes import show_codes
from engine.monitor.completeness import CompletenessPage, CompletenessSource
from engine.monitor.correcting import CorrectingPage
from engine.monitor.guide import GuidePage, GuideSource
from engine.monitor.indicators import IndicatorsPage, IndicatorsSource
from engine.monitor.inforce import InForce, SettingsPage
from engine.monitor.institutionarchive import InstitutionArchive
from engine.monitor.institutions import InstitutionsPage
from engine.monitor.live import PACE, Live
from engine.monitor.me import MePage
from engine.monitor.message import MessagePage, MessageSource
from engine.monitor.messages import MessagesPage, MessagesSource
from engine.monitor.overview import Overview
from engine.monitor.pages import HOME, STATIC, problem
from engine.monitor.probes import Probes
from engine.monitor.quality import QualityPage, QualitySource
from engine.monitor.referrals import ReferralsPage, ReferralsSource
from engine.monitor.reloading import ReloadPage, ReloadSource
from engine.monitor.reports import ReportsPage, ReportsSource
from engine.monitor.residents import ResidentsPage, ResidentsSource
from engine.monitor.routes import RoutesPage, RoutesSource
from engine.monitor.secondfactor import SecondFactorPage
from engine.monitor.security import SafeHeaders
from engine.monitor.shared import Shared
from engine.monitor.signin import Door
from engine.monitor.tiles import Tiles, badge_of
from engine.monitor.users import UsersPage
from engine.monitor.waiting import WaitingPage, WaitingSource
from engine.services.secondfactor import SecondFactors
from engine.services.users import Users

log = get_logger("monitor")


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What the pages show and do, as plain callables that may block; any may raise TryAgain.

    `overview` reads the page's values, `tiles` what stands on every page; `waiting` what /metrics tells of the store; `ping` writes to the store;
    `acts` holds `retry` and `discard` of one dead delivery; the others are what the pages of their names ask.
    """

    overview: Callable[[], Overview]
    tiles: Tiles
    waiting: Callable[[], StoreFigures]
    ping: Callable[[], None]
    acts: Mapping[str, Act]
    alerts: AlertsSource
    appointments: AppointmentsSource
    reports: ReportsSource
    referrals: ReferralsSource
    guide: GuideSource
    indicators: IndicatorsSource
    residents: ResidentsSource
    quality: QualitySource
    completeness: CompletenessSource
    check: CheckSource
    institutions: InstitutionArchive
    in_force: Callable[[], InForce]
    audit: AuditArchive
    messages: MessagesSource
    message: MessageSource
    standing: WaitingSource
    routes: RoutesSource
    reload: ReloadSource


KEPT = 1.0
"""Seconds for which all who look share one reading of what every page or every open stream shows."""


def build_monitor(
    sources: Sources, users: Users, factors: SecondFactors, *, stop: asyncio.Event | None = None, kept: float = KEPT, pace: float = PACE
) -> ASGIApp:  # fmt: skip
    """Build the monitor as an ASGI application, to be served on a port of its own; `stop` ends the streams of its pages."""
    door = Door(users, Shared(sources.tiles, kept), Shared(lambda _: badge_of(sources.alerts.counts()), kept))
    board = Board(Shared(lambda _: sources.overview(), kept), sources.acts)
    alerts = AlertsPage(sources.alerts, Shared(lambda _: sources.alerts.read(""), kept))
    routes = RoutesPage(sources.routes, Shared(lambda _: sources.routes.read(), kept))
    living = {HOME: ("overview", board.parts), "/alerts": ("alerts", alerts.parts), "/routes": ("routes", routes.parts)}
    live = Live(door, living, stop or asyncio.Event(), pace)
    factor, me, people = SecondFactorPage(door, factors), MePage(door, factors), UsersPage(users, factors, sources.quality.names)
    institutions, audit = InstitutionsPage(sources.institutions, sources.appointments.acts["test"]), AuditPage(sources.audit)
    probes = Probes(sources.ping, sources.waiting)
    check, booking, guide = CheckPage(sources.check), AppointmentsPage(sources.appointments), GuidePage(sources.guide)
    messages, message, standing = MessagesPage(sources.messages), MessagePage(sources.message), WaitingPage(sources.standing)
    correcting = CorrectingPage(sources.message, sources.check)
    referrals, indicators = ReferralsPage(sources.referrals), IndicatorsPage(sources.indicators)
    residents, reports, reload = ResidentsPage(sources.residents), ReportsPage(sources.reports), ReloadPage(sources.reload)
    app = Starlette(
        routes=[
            Route("/health", probes.health),
            Route("/metrics", probes.figures),
            Route("/static/{name}", static_file),
            Route("/", door.show),
            Route("/signin", door.enter, methods=["POST"]),
            Route("/signout", door.leave, methods=["POST"]),
            Route("/second-factor", factor.show),
            Route("/second-factor", factor.take, methods=["POST"]),
            Route("/me", door.guard(me.show, "me")),
            Route("/me/password", door.guard(me.password, "me"), methods=["POST"]),
            Route("/me/recovery", door.guard(me.recovery, "me"), methods=["POST"]),
            Route("/me/end", door.guard(me.end, "me"), methods=["POST"]),
            Route("/users", door.guard(people.show, "users")),
            Route("/users", door.guard(people.add, "users"), methods=["POST"]),
            Route("/users/{name}/{act}", door.guard(people.act, "users"), methods=["POST"]),
            Route("/institutions", door.guard(institutions.show, "institutions")),
            Route("/institutions/invite", door.guard(institutions.invite, "institution"), methods=["POST"]),
            Route("/institutions/{code}", door.guard(institutions.one, "institutions")),
            Route("/institutions/{code}/sheet", door.guard(institutions.handover, "institutions")),
            Route("/institutions/{code}/certificate", door.guard(institutions.certificate, "institution"), methods=["POST"]),
            Route("/institutions/{code}/test", door.guard(institutions.ask, "hospital"), methods=["POST"]),
            Route("/institutions/{code}/{act}", door.guard(institutions.act, "institution"), methods=["POST"]),
            Route("/settings", door.guard(SettingsPage(sources.in_force).show, "settings")),
            Route("/audit", door.guard(audit.show, "audit")),
            Route("/audit/verify", door.guard(audit.verify, "audit"), methods=["POST"]),
            Route("/codes", door.guard(show_codes, "codes")),
            Route("/overview", door.guard(board.show, "overview")),
            Route("/live", door.guard(live.show, "live")),
            Route("/messages", door.guard(messages.show, "messages")),
            Route("/messages", door.guard(messages.ask, "messages"), methods=["POST"]),
            Route("/messages/file", door.guard(messages.file, "export")),
            Route("/messages/{receipt}", door.guard(message.show, "messages")),
            Route("/messages/{receipt}/reveal", door.guard(message.reveal, "reveal"), methods=["POST"]),
            Route("/messages/{receipt}/replay", door.guard(message.replay, "replay"), methods=["POST"]),
            Route("/messages/{receipt}/put-aside", door.guard(message.put_aside, "put-aside"), methods=["POST"]),
            Route("/messages/{receipt}/correct", door.guard(correcting.act, "correct"), methods=["POST"]),
            Route("/waiting", door.guard(standing.show, "waiting")),
            Route("/waiting/jobs", door.guard(standing.begin, "bulk"), methods=["POST"]),
            Route("/waiting/jobs/{number:int}/cancel", door.guard(standing.cancel, "bulk"), methods=["POST"]),
            Route("/waiting/{what}", door.guard(standing.ask, "bulk")),
            Route("/routes", door.guard(routes.show, "routes")),
            Route("/routes/{name}", door.guard(routes.one, "routes")),
            Route("/routes/{name}/pause", door.guard(routes.pause, "route"), methods=["POST"]),
            Route("/routes/{name}/resume", door.guard(routes.resume, "route"), methods=["POST"]),
            Route("/routes/{name}/tests", door.guard(routes.tests, "route"), methods=["POST"]),
            Route("/reload", door.guard(reload.show, "reload")),
            Route("/reload", door.guard(reload.apply, "reload"), methods=["POST"]),
            Route("/alerts", door.guard(alerts.show, "alerts")),
            Route("/alerts/{number:int}/acknowledge", door.guard(alerts.acknowledge, "acknowledge"), methods=["POST"]),
            Route("/alerts/channels/{name}/test", door.guard(alerts.test, "channel-test"), methods=["POST"]),
            Route("/appointments", door.guard(booking.show, "appointments")),
            Route("/appointments/orders/{order}", door.guard(booking.order, "appointments")),
            Route("/appointments/{hospital}/{act}", door.guard(booking.act, "hospital"), methods=["POST"]),
            Route("/reports", door.guard(reports.show, "reports")),
            Route("/reports", door.guard(reports.find, "reports"), methods=["POST"]),
            Route("/reports/{report}", door.guard(reports.one, "reports")),
            Route("/referrals", door.guard(referrals.show, "referrals")),
            Route("/referrals/{referral}", door.guard(referrals.one, "referrals")),
            Route("/guide", door.guard(guide.show, "guide")),
            Route("/guide", door.guard(guide.take, "guide"), methods=["POST"]),
            Route("/guide/template", door.guard(guide.template, "guide")),
            Route("/guide/{hospital}/{act}", door.guard(guide.act, "guide"), methods=["POST"]),
            Route("/residents", door.guard(residents.show, "residents")),
            Route("/residents", door.guard(residents.find, "residents"), methods=["POST"]),
            Route("/residents/settle", door.guard(residents.settle, "settle"), methods=["POST"]),
            Route("/residents/merges/{merge}/undo", door.guard(residents.undo, "settle"), methods=["POST"]),
            Route("/residents/{number}", door.guard(residents.one, "residents")),
            Route("/residents/{number}/reveal", door.guard(residents.reveal, "reveal"), methods=["POST"]),
            Route("/indicators", door.guard(indicators.show, "indicators")),
            Route("/indicators/{institution}/{type}/{kind}/{first}", door.guard(indicators.one, "indicators")),
            Route("/quality", door.guard(QualityPage(sources.quality).show, "quality")),
            Route("/completeness", door.guard(CompletenessPage(sources.completeness).show, "completeness")),
            Route("/check", door.guard(check.show, "check")),
            Route("/check", door.guard(check.check, "check"), methods=["POST"]),
            Route("/deliveries/{delivery:int}/{act}", door.guard(board.act, "retry"), methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refused, TryAgain: _try_again, Exception: _broken},
    )
    # Outside of everything, so that the page of an internal error carries the headers too.
    return SafeHeaders(app)


FILES: Mapping[str, str] = {"style.css": "text/css", "live.js": "text/javascript", "mark.svg": "image/svg+xml"}
"""The static files there are, and what they are."""


async def static_file(request: Request) -> Response:
    """Serve one of our own static files; its address changes with its content, so it may be kept for a year."""
    name = request.path_params["name"]
    if name not in FILES:
        raise HTTPException(404)
    return FileResponse(STATIC / name, media_type=FILES[name], headers={"cache-control": "public, max-age=31536000, immutable"})


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem(request, status if status in {400, 403, 404, 405, 413} else 400)


async def _try_again(request: Request, error: Exception) -> Response:
    response = problem(request, 503)
    response.headers["retry-after"] = str(error.retry_after if isinstance(error, TryAgain) else 5)
    return response


async def _broken(request: Request, error: Exception) -> Response:
    trace = secrets.token_hex(6)
    log.error("monitor page broke", exc_info=error, trace=trace, path=request.url.path)
    return problem(request, 500, trace=trace)

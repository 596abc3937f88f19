"""Show the pool of appointments, the orders, and how the hospitals are; let an operator test or fetch from one now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engine.log import get_logger
from engine.monitor.board import plain_values
from engine.monitor.booking import SEATED, STATES, Booking, OrderSheet
from engine.monitor.bookingchart import draw_pool
from engine.monitor.pages import may, page, problem, wants_json
from engine.monitor.signin import peer_of, posted
from engine.services.appointments.figures import OrderLine
from engine.services.users import Session

PATH = "/appointments"
ACT = "hospital"
"""The right that both buttons need (see ACTS of the pages)."""

TOLD: tuple[str, ...] = ("test", "sync", "gone", "unknown-order")
"""What the page may say after something was asked of it."""

_LONGEST = 64

log = get_logger("monitor")


class HospitalAct(Protocol):
    """Ask for something to be done about one hospital, with its audit row; False when there is no such hospital."""

    def __call__(self, hospital: str, *, by: str, peer: str) -> bool:
        """Ask for it as this person, from this address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentsSource:
    """What the page asks, as callables that may block and raise TryAgain; `latest` takes a hospital and a state, "" for all.

    `acts` holds `test` and `sync`.
    """

    read: Callable[[], Booking]
    order: Callable[[str], OrderSheet | None]
    latest: Callable[[str, str], Sequence[OrderLine]]
    acts: Mapping[str, HospitalAct]


@dataclass(frozen=True, slots=True)
class AppointmentsPage:
    """The page /appointments, and the page of one order."""

    source: AppointmentsSource

    async def show(self, request: Request, session: Session) -> Response:
        """Show all hospitals, or one with `?hospital=`; `?order=` goes to an order; `?format=json` gives the same as data."""
        wanted = request.query_params.get("order", "").strip()[:_LONGEST]
        if wanted:
            return await self._go_to(wanted)
        whole = await run_in_threadpool(self.source.read)
        chosen = request.query_params.get("hospital", "").strip()[:_LONGEST]
        booking = whole.of(chosen)
        if chosen and not booking.hospitals:
            return problem(request, 404, session)
        state = request.query_params.get("state", "")
        state = state if state in STATES else ""
        latest = await run_in_threadpool(self.source.latest, chosen, state)
        if wants_json(request):
            return JSONResponse(as_json(booking) | {"latest": plain_values([asdict(one) for one in latest])})
        told = request.query_params.get("done", "")
        values = {
            "booking": booking, "names": {one.code: one.name for one in whole.hospitals}, "chosen": chosen, "states": STATES,
            "seated": SEATED, "chart": draw_pool(day for one in booking.hospitals for day in one.days),
            "latest": latest, "state": state, "told": told if told in TOLD else "", "acting": may(session, ACT),
        }  # fmt: skip
        return page(request, "appointments.html", session, values, now=booking.now)

    async def order(self, request: Request, session: Session) -> Response:
        """Show one order with its events, or its JSON twin."""
        sheet = await run_in_threadpool(self.source.order, str(request.path_params["order"])[:_LONGEST])
        if sheet is None:
            return problem(request, 404, session)
        if wants_json(request):
            return JSONResponse(plain_values(asdict(sheet)))
        return page(request, "order.html", session, {"sheet": sheet})

    async def act(self, request: Request, session: Session) -> Response:
        """Ask for a test or a sync of one hospital, then go back to the page."""
        await posted(request, session)
        act, hospital = str(request.path_params["act"]), str(request.path_params["hospital"])
        if act not in self.source.acts:
            return problem(request, 404, session)
        if not may(session, ACT):
            log.warning("action refused", user=session.user, action=act)
            return problem(request, 403, session)
        done = await run_in_threadpool(self.source.acts[act], hospital, by=session.user, peer=peer_of(request))
        log.info("hospital acted on", user=session.user, action=act, institution=hospital, done=done)
        return _back(act if done else "gone")

    async def _go_to(self, wanted: str) -> Response:
        sheet = await run_in_threadpool(self.source.order, wanted)
        return RedirectResponse(f"{PATH}/orders/{sheet.order}", status_code=303) if sheet else _back("unknown-order")


def _back(told: str) -> Response:
    return RedirectResponse(f"{PATH}?done={told}", status_code=303)


def as_json(booking: Booking) -> dict[str, Any]:
    """Write the page as JSON values; times as the contracts do."""
    told: dict[str, Any] = plain_values(asdict(booking))
    for line, card in zip(told["hospitals"], booking.hospitals, strict=True):
        line |= {"free": card.free, "held": card.held, "sold": card.sold, "unsure": card.unsure}
        line["health"]["failed"] = card.health.failed
    told["sums"] = {name: booking.sum(name) for name in ("free", "held", "sold", "unsure", "places", "differences")}
    told["orders"] = {state: booking.orders(state) for state in STATES}
    return told

"""Answer HTTP requests for SOAP services: the ASGI application of one front."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Any

from engine import tracing
from engine.errors import SenderError, TryAgain
from engine.inbound.calling import Service, ServicePoint
from engine.inbound.calls import Admit
from engine.inbound.exchange import Exchange, Observation, Reply
from engine.inbound.faults import MEDIA_TYPE, EarlyRefusal, refuse, write_fault
from engine.inbound.handbook import Handbook
from engine.inbound.lanes import Turns
from engine.inbound.limits import FrontLimits
from engine.inbound.requests import Body, Disconnected, InFlight, announces_body, header, peer_of
from engine.inbound.wsdl import load_wsdls, service_page, wanted_version
from engine.log import get_logger
from engine.metrics import figures

_LOG = get_logger("front")
_INSTITUTION = "{institution}"
_HTML = "text/html; charset=utf-8"
_XML = "text/xml; charset=utf-8"

Health = Callable[[], Awaitable[bool]]
Observe = Callable[[Observation], None]


def build_front(
    services: Mapping[str, Service],
    *,
    admit: Admit,
    health: Health,
    wsdl_folder: Path,
    handbook: Handbook,
    limits: FrontLimits | None = None,
    executor: Executor | None = None,
    observe: Observe | None = None,
) -> Front:
    """Build the ASGI application of one front.

    `services` maps paths to services; a path may end in `/{institution}`. `wsdl_folder` holds NAME.wsdl and
    NAME12.wsdl of each contract, `handbook` the pages for developers. `health` says whether the store can be written. `executor` reads bodies above
    256 KB. `observe` is told of every answered request to a service. Raises ValueError for a contract operation
    without a handler, OSError for a missing WSDL.
    """
    bounds = limits or FrontLimits()
    points = {
        path: ServicePoint(service, load_wsdls(wsdl_folder, service.contract.name), admit, bounds, executor)
        for path, service in services.items()
    }
    return Front(points, health, handbook, bounds, observe or (lambda _: None))


class Front:
    """Find what a path names, and turn every outcome into an HTTP reply."""

    def __init__(
        self, points: Mapping[str, ServicePoint], health: Health, handbook: Handbook, limits: FrontLimits, observe: Observe
    ) -> None:
        self._points = points
        self._health = health
        self._handbook = handbook
        self._limits = limits
        self._observe = observe
        self._in_flight = InFlight(limits.in_flight)
        self._turns = Turns()

    def exchange(self, handbook: Handbook) -> None:
        """Show another handbook from now on."""
        self._handbook = handbook

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Serve one ASGI scope; only `http` and `lifespan` are known."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        exchange = Exchange(scope, peer_of(scope, self._limits.proxies), whole=not announces_body(scope))
        try:
            reply = await self._reply(exchange, receive)
        except Disconnected:
            _LOG.info("sender left before its request was whole", trace=exchange.trace, peer=exchange.peer)
            return
        if exchange.service:
            self._observe(exchange.observed(reply.status))
        await _send(send, exchange, reply)

    async def _reply(self, exchange: Exchange, receive: Any) -> Reply:
        try:
            return await self._dispatch(exchange, receive)
        except Disconnected:
            raise
        except Exception as error:  # noqa: BLE001  whatever happens, the sender gets a fault with an id
            return _refused(exchange, error)

    async def _dispatch(self, exchange: Exchange, receive: Any) -> Reply:
        path = exchange.scope["path"].rstrip("/")
        method = exchange.scope["method"]
        if path == "/health":
            return await self._healthy(method)
        if path == "/services":
            _only_reading(method)
            return Reply(200, self._page(), _HTML)
        if self._handbook.knows(path):
            _only_reading(method)
            return await asyncio.to_thread(self._handbook.reply, path)
        point, institution = self._find(path)
        exchange.service = point.contract.name
        if method in {"GET", "HEAD"}:
            return self._wsdl(exchange, point)
        if method != "POST":
            raise _wrong_method("GET, HEAD, POST")
        return await self._call(exchange, receive, point, institution)

    async def _call(self, exchange: Exchange, receive: Any, point: ServicePoint, institution: str) -> Reply:
        body = Body(exchange.scope, exchange.peer, receive, self._limits, self._in_flight)
        traceparent = partial(header, exchange.scope, b"traceparent")
        with figures().in_flight(exchange.service), tracing.arriving(traceparent) as span:
            try:
                whole = await body.read()
                exchange.whole = True
                # By the code in the path, which the caller is held to later: who it is stands in what is not parsed yet.
                await self._turns.come(institution)
                content = await point.answer(exchange, whole, institution)
            finally:
                body.release()
                span.note(
                    service=exchange.service, operation=exchange.operation, institution=exchange.institution, trace=exchange.trace
                )
        return Reply(200, content, MEDIA_TYPE[exchange.version])

    def _find(self, path: str) -> tuple[ServicePoint, str]:
        if path in self._points:
            return self._points[path], ""
        folder, _, last = path.rpartition("/")
        point = self._points.get(f"{folder}/{_INSTITUTION}")
        if point is None or not last:
            raise EarlyRefusal(404, "SND-317", "没有这个服务地址。", "在 /services/ 查看全部服务地址。")
        return point, last

    def _wsdl(self, exchange: Exchange, point: ServicePoint) -> Reply:
        scope = exchange.scope
        version = wanted_version(scope["query_string"].decode("latin-1"))
        if version is None:
            raise _wrong_method("POST")
        return Reply(200, point.wsdls.at(version, point.base(scope) + scope["raw_path"].decode("ascii")), _XML)

    def _page(self) -> bytes:
        return service_page((path, point.contract.name, point.contract.title) for path, point in self._points.items())

    async def _healthy(self, method: str) -> Reply:
        _only_reading(method)
        try:
            good = await self._health()
        except TryAgain:
            good = False
        content = json.dumps({"status": "ok" if good else "unavailable"}, separators=(",", ":")).encode()
        return Reply(200 if good else 503, content, "application/json", () if good else (("Retry-After", "5"),))


def _only_reading(method: str) -> None:
    if method not in {"GET", "HEAD"}:
        raise _wrong_method("GET, HEAD")


def _wrong_method(allowed: str) -> EarlyRefusal:
    hint = "用 POST 调用；取接口说明用 GET ?wsdl。"
    return EarlyRefusal(405, "SND-301", "请求方法不正确。", hint, ("Allow", allowed))


def _refused(exchange: Exchange, error: Exception) -> Reply:
    refusal = refuse(error, exchange.version, exchange.trace)
    exchange.code = refusal.issue.code
    facts = {"trace": exchange.trace, "service": exchange.service, "operation": exchange.operation, "peer": exchange.peer}
    if isinstance(error, SenderError | TryAgain):
        _LOG.info("request refused", code=exchange.code, status=refusal.status, **facts)
    else:
        _LOG.error("call failed", exc_info=error, **facts)
    content = write_fault(refusal, exchange.version, exchange.trace)
    return Reply(refusal.status, content, MEDIA_TYPE[exchange.version], refusal.headers)


async def _send(send: Any, exchange: Exchange, reply: Reply) -> None:
    headers = [
        ("Content-Type", reply.media_type),
        ("Content-Length", str(len(reply.content))),
        ("X-Trace-Id", exchange.trace),
        *reply.headers,
    ]
    if not exchange.whole:
        headers.append(("Connection", "close"))
    elif exchange.scope["http_version"] == "1.0" and header(exchange.scope, b"connection").lower() == "keep-alive":
        headers.append(("Connection", "keep-alive"))
    packed = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": packed})
    await send({"type": "http.response.body", "body": reply.content})


async def _live(receive: Any, send: Any) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return

"""Take one envelope through a service: who calls, with what, and what the handler answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from engine import tracing
from engine.documents.answer import write_answer
from engine.documents.bounded import Bounds
from engine.documents.envelope import Envelope, Token, parse_envelope, read_envelope
from engine.documents.parameters import Allowance, check_lengths, check_required, normalise, read_values
from engine.errors import Issue, SenderError
from engine.inbound.calls import Address, Admit, Call, Caller, Claims, Credential, Handler, SoapVersion
from engine.inbound.contract import Contract
from engine.inbound.exchange import Exchange
from engine.inbound.faults import Unauthenticated
from engine.inbound.gate import Opened, open_request
from engine.inbound.limits import FrontLimits
from engine.inbound.requests import header, http_credentials
from engine.inbound.transport import SpyneCodec
from engine.inbound.wsdl import WsdlPair, base_address
from engine.log import get_logger
from engine.message import LANES, Lane

_LOG = get_logger("front")
_LARGE = 256 * 1024
"""Bodies above this are read in the executor, so that one of them does not hold up all other senders."""

_UNAUTHENTICATED = "SND-101"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A contract at an address, and what answers each of its operations."""

    contract: Contract
    handlers: Mapping[str, Handler]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call that was admitted and read: its values, and spyne's context when spyne read it."""

    values: Mapping[str, Any]
    context: Any = None


class ServicePoint:
    """One service ready to be called."""

    def __init__(self, service: Service, wsdls: WsdlPair, admit: Admit, limits: FrontLimits, executor: Executor | None) -> None:
        missing = set(service.contract.operations) - set(service.handlers)
        if missing:
            raise ValueError(f"{service.contract.name} has no handler for {', '.join(sorted(missing))}")
        self.contract = service.contract
        self.wsdls = wsdls
        self._handlers = service.handlers
        self._admit = admit
        self._body_limit = limits.body
        self._base = limits.base_address
        self._bounds = Bounds(depth=limits.depth, elements=limits.elements, attributes=limits.attributes, names=limits.names)
        self._allowance = Allowance(characters=limits.body)
        self._executor = executor
        self._spyne = SpyneCodec(service.contract)

    async def answer(self, exchange: Exchange, body: bytes, path_institution: str) -> bytes:
        """Do the call in the body and write its answer; raises whatever refuses it."""
        with tracing.stage("gate"):
            opened, envelope = await self._run(len(body), lambda: self._open(exchange, body))
        with tracing.stage("admit"):
            caller = await self._admitted(exchange, envelope, path_institution)
        asked = await self._run(len(body), lambda: self._read(envelope, opened))
        lane = _lane(envelope.operation, asked.values)
        call = _call(exchange, caller, path_institution, lane, self.base(exchange.scope))
        result = await self._handlers[envelope.operation](call, asked.values)
        return self._write(envelope, asked, result)

    def base(self, scope: Mapping[str, Any]) -> str:
        """Give scheme and host under which this service is known to its callers."""
        return base_address(self._base, scope["scheme"], header(scope, b"host"), scope["server"])

    async def _run(self, size: int, work: Callable[[], T]) -> T:
        if self._executor is None or size <= _LARGE:
            return work()
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _open(self, exchange: Exchange, body: bytes) -> tuple[Opened, Envelope]:
        opened = open_request(body, exchange.scope["headers"], self._body_limit)
        if opened.conflict:
            _LOG.info("charset label belied by the bytes", trace=exchange.trace, label=opened.conflict, peer=exchange.peer)
        parsed = parse_envelope(opened.content, self._bounds)
        exchange.version = parsed.version
        envelope = read_envelope(parsed, self.contract.namespace, self.contract.operations)
        exchange.operation = envelope.operation
        return opened, envelope

    async def _admitted(self, exchange: Exchange, envelope: Envelope, path_institution: str) -> Caller:
        if envelope.operation in self.contract.open:
            return Caller(institution="", kind="")
        claims = _claims(envelope.tokens, http_credentials(exchange.scope))
        address = Address(
            service=self.contract.name,
            operation=envelope.operation,
            institution=path_institution,
            peer=exchange.peer,
            trace=exchange.trace,
            for_applicants=envelope.operation in self.contract.for_applicants,
        )
        try:
            caller = await self._admit(claims, address)
        except SenderError as error:
            if error.code == _UNAUTHENTICATED and not claims.found:
                raise Unauthenticated(error) from error
            raise
        exchange.institution = caller.institution
        return caller

    def _read(self, envelope: Envelope, opened: Opened) -> _Asked:
        operation = self.contract.operations[envelope.operation]
        normalise(envelope, operation, self.contract.namespace, opened.attachments, self._allowance)
        if operation.name in self.contract.fast:
            asked = _Asked(read_values(envelope.call, operation.parameters))
        else:
            asked = _Asked(*self._spyne.read(envelope))
        check_required(operation, asked.values)
        check_lengths(operation.parameters, asked.values, f"/Envelope/Body/{operation.name}")
        return asked

    def _write(self, envelope: Envelope, asked: _Asked, result: Mapping[str, Any]) -> bytes:
        operation = self.contract.operations[envelope.operation]
        if asked.context is None:
            space = envelope.space if envelope.space in self.contract.foreign else self.contract.namespace
            return write_answer(envelope.version, space, operation, result)
        return self._spyne.write(envelope.version, operation, result, asked.context)


def _claims(tokens: Iterable[Token], others: Iterable[Credential]) -> Claims:
    in_envelope = (
        Credential(
            kind=token.kind,
            institution=token.institution,
            secret=token.secret,
            form=token.form,
            nonce=token.nonce,
            created=token.created,
        )
        for token in tokens
    )
    return Claims((*in_envelope, *others))


def _call(exchange: Exchange, caller: Caller, path_institution: str, lane: Lane, base: str) -> Call:
    version: SoapVersion = exchange.version
    return Call(
        service=exchange.service,
        operation=exchange.operation,
        institution=caller.institution,
        received=datetime.now(UTC),
        kind=caller.kind,
        address_institution=path_institution,
        peer=exchange.peer,
        trace=exchange.trace,
        soap_version=version,
        lane=lane,
        base=base,
    )


def _lane(operation: str, values: Mapping[str, Any]) -> Lane:
    asked = str(values.get("lane", "")).strip() or LANES[0]
    for lane in LANES:
        if asked == lane:
            return lane
    path = f"/Envelope/Body/{operation}/lane"
    raise SenderError(
        Issue(code="SND-311", message="lane 只能是 live 或 history。", hint="不填即为 live。", path=path, value=asked[:40])
    )

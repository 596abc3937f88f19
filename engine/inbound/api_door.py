"""Answer ApiService: hospitals call by the Jilin text, and every refusal is a RETURN_CODE of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeVar

from engine.documents.jilin.coding import CodeTables, recode
from engine.documents.jilin.envelope import FRESH, OpenedRequest, open_request, refusal, seal_reply
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.functions import FUNCTIONS as JILIN
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.messages import read_message, write_message
from engine.documents.jilin.profiles import PROFILES
from engine.errors import TryAgain
from engine.hospital import Values
from engine.inbound.admission import Take, Written, put_down
from engine.inbound.api import FUNCTIONS
from engine.inbound.calls import Call, Handler, Parameters, Result
from engine.log import get_logger
from engine.services.access import Access
from engine.services.audit import Audit, AuditNote
from engine.services.institutions import Institutions
from engine.services.nonces import NonceUse

LONGEST = 1 << 20
"""Characters of one request; what hospitals send by these functions is a few thousand."""

_WAITING = 256
"""Calls that may be in hand at a time; beyond that a hospital is asked to come again."""

_LATER = "99", "平台暂时不能办理，本次没有办理，请稍后重发。"
_LOG = get_logger("api")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class HospitalCaller:
    """A hospital that may call: its institution's code, its number in the text (HOS_ID), and the keys of its envelopes.

    `codes` are those of the text to its own by node, `codes_back` its own to those of the text, for a hospital that writes others.
    """

    institution: str
    hospital_id: str
    keys: Keys
    codes: CodeTables = field(default_factory=dict)
    codes_back: CodeTables = field(default_factory=dict)


CallerOf = Callable[[str], HospitalCaller | None]
"""Give the hospital of a USER_ID, None when nobody has that name."""

Answer = Callable[[str, str, Values, str], tuple[str, str, Values]]
"""Do a function for an institution: institution, function, the values of REQ, trace; RETURN_CODE, RETURN_MSG, values of RES."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A request whose signature was right, and whose it is."""

    caller: HospitalCaller
    opened: OpenedRequest


class _Refused(Exception):
    """The caller is proven, and the answer is no; `reason` is for the audit, "" for what it does not note."""

    def __init__(self, code: str, message: str, reason: str = "") -> None:
        super().__init__(code)
        self.code, self.message, self.reason = code, message, reason


class ApiDoor:
    """Serve RegService, PayService and PushService.

    Nothing is stored before the signature was right but a row of the audit. `take` uses a nonce up; `answer` waits for the store
    and runs on one of `threads`.
    """

    def __init__(
        self,
        caller_of: CallerOf,
        answer: Answer,
        institutions: Institutions,
        access: Access,
        audit: Audit,
        write: Written,
        take: Take,
        *,
        threads: int = 4,
    ) -> None:
        self._caller_of = caller_of
        self._answer = answer
        self._institutions = institutions
        self._access = access
        self._audit = audit
        self._write = write
        self._take = take
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="api")
        self._in_hand = 0

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """Name the operations of the contract and what answers them."""
        return dict.fromkeys(FUNCTIONS, self._handle)

    def exchange(self, caller_of: CallerOf) -> None:
        """Know other hospitals, or others' keys, from now on."""
        self._caller_of = caller_of

    def close(self) -> None:
        """Finish what is in hand."""
        self._threads.shutdown(wait=True)

    async def _handle(self, call: Call, values: Parameters) -> Result:
        self._in_hand += 1
        try:
            reply = await self._reply(call, str(values.get("xml") or ""))
        finally:
            self._in_hand -= 1
        return {f"{call.operation}Result": reply.decode()}

    async def _reply(self, call: Call, content: str) -> bytes:
        """Open, then answer; what goes wrong before the caller is known is answered unsigned."""
        try:
            if self._in_hand > _WAITING:
                return refusal(*_LATER)
            return await self._opened(call, content)
        except TryAgain as problem:
            _LOG.warning("hospital asked to come again", trace=call.trace, reason=str(problem))
            return refusal(*_LATER)

    async def _opened(self, call: Call, content: str) -> bytes:
        caller_of = self._caller_of
        try:
            _check_size(content)
            opened = await self._aside(lambda: open_request(lambda user: _keys(caller_of(user)), content))
        except MessageFault as fault:
            caller = caller_of(fault.user) if fault.user else None
            code = caller.institution if caller else ""
            await self._refused(call, code, f"return-code-{fault.code}")
            words = _words(fault)
            if caller is None or not fault.proven or not _sealable(caller.keys, fault.nonce):
                return refusal(fault.code, words)
            return seal_reply(caller.keys, fault.code, words, b"", nonce=fault.nonce)
        caller = caller_of(opened.user)
        if caller is None:  # the set of files was exchanged in this very moment
            return refusal("4", JILIN.words("*", "4"))
        return await self._known(call, _Known(caller, opened))

    async def _known(self, call: Call, known: _Known) -> bytes:
        """Answer a caller that is proven; whatever happens, it gets a signed reply."""
        try:
            code, message, body = await self._judged(call, known)
        except TryAgain as problem:
            _LOG.warning("hospital asked to come again", trace=call.trace, reason=str(problem))
            (code, message), body = _LATER, b""
        except Exception as problem:  # noqa: BLE001 - our own bug is answered as the text has it, and logged whole
            _LOG.error("call failed", exc_info=problem, trace=call.trace, service=call.service, operation=call.operation)
            code, message, body = "99", f"平台内部错误，编号 {call.trace}。", b""
        return seal_reply(known.opened.keys, code, message, body, nonce=known.opened.nonce)

    async def _judged(self, call: Call, known: _Known) -> tuple[str, str, bytes]:
        """Give RETURN_CODE, RETURN_MSG and RES, which is empty where the function has nothing to say."""
        function = known.opened.function
        try:
            values = await self._permitted(call, known)
        except _Refused as no:
            if no.reason:
                await self._refused(call, known.caller.institution, no.reason)
            return no.code, no.message, b""
        except MessageFault as fault:
            return fault.code, _words(fault), b""
        self._audit.note(_note(call, known.caller.institution, "admitted", function))
        code, message, said = await self._aside(lambda: self._answer(known.caller.institution, function, values, call.trace))
        full = code == "0" and JILIN[function].response.children
        return code, message, recode(write_message(function, "response", said), known.caller.codes) if full else b""

    async def _permitted(self, call: Call, known: _Known) -> Values:
        """Give the values of REQ once caller, function and content may be; raises _Refused, MessageFault, TryAgain."""
        caller, opened = known.caller, known.opened
        await self._check_rights(call, caller)
        if opened.function not in FUNCTIONS[call.operation]:
            raise _Refused("5", f"{call.operation} 没有功能 {opened.function}。")
        await self._check_nonce(caller, opened)
        values = read_message(opened.function, "request", recode(opened.body, caller.codes_back))
        if values.get("HOS_ID") != caller.hospital_id:
            raise _Refused("3", "HOS_ID 不是调用方自己的医院编号。", "other-hospital")
        return values

    async def _check_rights(self, call: Call, caller: HospitalCaller) -> None:
        fresh = self._institutions.fresh()
        register = fresh if fresh is not None else await self._aside(self._institutions.refresh)
        institution = register.by_code.get(caller.institution)
        if institution is None or institution.state != "approved":
            raise _Refused("3", "该机构未启用。", "institution-not-approved")
        if not self._access.allows(institution.kind, call.service, call.operation):
            raise _Refused("3", JILIN.words("*", "3"), "kind-not-allowed")

    async def _check_nonce(self, caller: HospitalCaller, opened: OpenedRequest) -> None:
        if opened.stamp is None:
            return
        until = max(opened.stamp.astimezone(UTC), datetime.now(UTC)) + 2 * FRESH
        if not await self._take(NonceUse(caller.institution, f"jilin:{opened.nonce}".encode(), until)):
            raise _Refused("10", "NONCE 已用过；重发时请换一个。", "nonce-replayed")

    async def _refused(self, call: Call, institution: str, reason: str) -> None:
        _LOG.info("hospital refused", trace=call.trace, peer=call.peer, institution=institution, reason=reason)
        await put_down(self._audit, self._write, _note(call, institution, "refused", reason))

    async def _aside(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)


def _check_size(content: str) -> None:
    if not content.strip():
        raise MessageFault("11", "请求数据为空", "xml")
    if len(content) > LONGEST:
        raise MessageFault("2", f"超过 {LONGEST} 个字符", "xml")


def _keys(caller: HospitalCaller | None) -> Keys | None:
    return caller.keys if caller else None


def _sealable(keys: Keys, nonce: str) -> bool:
    """Tell whether a reply can be signed: one that must carry the request's nonce needs it."""
    return bool(nonce) or not PROFILES[keys.profile].dated


def _words(fault: MessageFault) -> str:
    return f"{fault.path}：{fault.message}。" if fault.path else f"{fault.message}。"


def _note(call: Call, institution: str, verdict: Literal["admitted", "refused"], reason: str) -> AuditNote:
    return AuditNote(peer=call.peer, institution=institution, verdict=verdict, reason=reason, service=call.service)

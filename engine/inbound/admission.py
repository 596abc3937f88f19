"""Admit a caller: prove who it is, that the address is its own and that it may call the operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Literal

from engine.errors import Issue, SenderError
from engine.inbound.calls import Address, Caller, Claims, Credential
from engine.inbound.credentials import Claimant, identify
from engine.inbound.delays import Delays, Pair
from engine.inbound.digests import AHEAD, good_until, made_of, nonce_of
from engine.log import get_logger
from engine.metrics import figures
from engine.services.access import Access
from engine.services.audit import Audit, AuditNote, claimed_code
from engine.services.institutions import Institution, Institutions, Register
from engine.services.nonces import NonceUse
from engine.services.passwords import PasswordChecks
from engine.services.signins import SignIns

LEAST_FAILURE = 0.15
"""Seconds that no answer to a failed proof is quicker than, so that what little the reasons differ in does not show."""

Written = Callable[[AuditNote], Awaitable[object]]
"""Write one audit note durably, together with what else the journal's writer has at hand."""

Take = Callable[[NonceUse], Awaitable[bool]]
"""Use a nonce up durably; tells whether this is its first use."""

_LOG = get_logger("admission")
_ALARM = 5
"""Failed tries of one pair after which the log warns."""

_UNPROVEN = Issue(
    code="SND-101",
    message="身份验证未通过：未提供凭据，或机构代码、密码、证书不正确，或机构未启用。",
    hint="请核对机构代码与密码（均区分大小写），只用一种方式提供凭据；连续失败会被延迟应答。",
)
_FOREIGN = Issue(
    code="SND-102",
    message="这不是本机构的上传地址。",
    hint="请改用本机构的地址（登记时发放，以本机构代码结尾）。",
)


class _Unproven(Exception):
    """Nobody is proven; `reason` is for the audit only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Admission:
    """Decide who is calling, before anything of the message is stored; every verdict is audited.

    One for each event loop. Whatever the reason of a failed proof, the caller sees the same words after the same time:
    each costs one password check, against the caller's own hash or against nobody's, and never less than `least` seconds.
    `signins` shares failures with the other fronts; `take` tells whether a nonce is used for the first time.
    """

    def __init__(
        self,
        institutions: Institutions,
        access: Access,
        audit: Audit,
        write: Written,
        *,
        checks: PasswordChecks | None = None,
        delays: Delays | None = None,
        least: float = LEAST_FAILURE,
        signins: SignIns | None = None,
        take: Take | None = None,
    ) -> None:
        self._institutions = institutions
        self._access = access
        self._audit = audit
        self._write = write
        self._checks = checks or PasswordChecks()
        self._delays = delays or Delays()
        self._least = least
        self._signins = signins
        self._take = take or _take_none
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="register")

    async def admit(self, claims: Claims, address: Address) -> Caller:
        """Give the admitted caller; raises SenderError SND-101, SND-102 or SND-103, TryAgain when the store is down.

        SND-101 without any claim is what the front answers with 401.
        """
        began = asyncio.get_running_loop().time()
        claimant = await self._identify(claims, address)
        if not claims.found:
            await self._refused(address, "", claimant.fault)
            raise SenderError(_UNPROVEN)
        try:
            institution = await self._proven(claims, claimant, address)
        except _Unproven as problem:
            await self._refused(address, claimant.code, claimant.fault or problem.reason)
            await asyncio.sleep(began + self._least - asyncio.get_running_loop().time())
            self._failed(_pair(claimant, address))
            raise SenderError(_UNPROVEN) from problem
        await self._entitled(institution, address)
        self._audit.note(_note(address, institution.code, "admitted", address.operation))
        return Caller(institution=institution.code, kind=institution.kind)

    def close(self) -> None:
        """Let go of the thread that reads the register."""
        self._reader.shutdown(wait=False)

    async def _proven(self, claims: Claims, claimant: Claimant, address: Address) -> Institution:
        """Give the institution that is proven; raises _Unproven after the work of one password check, TryAgain."""
        institution = claimant.institution
        if institution is not None and not claimant.password and claimant.digest is None:
            return institution
        if institution is not None and claimant.digest is not None:
            await self._check_digest(institution, claimant.digest, claimant, _pair(claimant, address))
        if institution is None or claimant.password:
            await self._check_password(claimant, _pair(claimant, address))
        # The wait may have been long enough for a new password or for being disabled.
        if institution is None or await self._identify(claims, address) != claimant:
            raise _Unproven("changed-meanwhile")
        return institution

    async def _check_password(self, claimant: Claimant, pair: Pair) -> None:
        stored = claimant.institution.password_hash if claimant.institution is not None else None
        if stored is not None and self._checks.remembered(claimant.code, stored, claimant.password):
            figures().auth_check("remembered")
            return
        if not self._familiar(claimant, stored):
            await self._learn(pair)
        if not self._familiar(claimant, stored):
            await self._wait(pair)
        right = await asyncio.wrap_future(self._checks.check(claimant.code, stored, claimant.password))
        figures().auth_check("right" if right else "wrong")
        if not right:
            raise _Unproven("wrong-password")
        self._succeeded(pair)

    def _familiar(self, claimant: Claimant, stored: str | None) -> bool:
        return self._checks.familiar(claimant.code, stored, claimant.password)

    async def _check_digest(self, institution: Institution, given: Credential, claimant: Claimant, pair: Pair) -> None:
        """Check digest, time and nonce; raises _Unproven after the same work as for a wrong password."""
        if not self._delays.proven_just_now(*pair):
            await self._learn(pair)
        if waits := self._delays.waits(*pair):
            await self._wait(pair)
        reason, until = self._judge_digest(institution, given)
        if reason and not waits:  # nothing was awaited since the look, so that many right ones at once never wait
            self._delays.reserve(*pair)
        if not reason and not await self._take(NonceUse(institution.code, nonce_of(given) or b"", until)):
            reason = "digest-replayed"
        figures().auth_check("wrong" if reason else "right")
        if reason:
            await asyncio.wrap_future(self._checks.check(claimant.code, None, given.secret))
            raise _Unproven(reason)
        self._succeeded(pair)

    def _judge_digest(self, institution: Institution, given: Credential) -> tuple[str, datetime]:
        """Give the reason why a digest is not good ("" when it is), and how long its nonce must be remembered."""
        now = datetime.now(UTC)
        until = good_until(given, now)
        right = made_of(given, self._institutions.secret_of(institution) or "")
        reason = "digest-wrong" if not right else "digest-stale" if until is None else ""
        return reason, (until or now) + AHEAD

    async def _wait(self, pair: Pair) -> None:
        wait = self._delays.reserve(*pair)
        if wait > 0:  # none at all for a first try, so that equal first tries find its check running
            await asyncio.sleep(wait)

    async def _learn(self, pair: Pair) -> None:
        """Take in what other fronts know of a pair."""
        if self._signins is not None and not self._delays.proven_just_now(*pair):
            loop = asyncio.get_running_loop()
            self._delays.learn(*pair, await loop.run_in_executor(self._reader, self._signins.standing, *pair))

    def _succeeded(self, pair: Pair) -> None:
        if self._delays.forgive(*pair) and self._signins is not None:
            self._signins.proven(*pair)

    def _failed(self, pair: Pair) -> None:
        tries = self._delays.failed(*pair)
        if self._signins is not None:
            self._signins.failed(*pair)
        if tries == _ALARM:
            _LOG.warning("sign-in failed many times", peer=pair[0], institution=pair[1], tries=tries)

    async def _entitled(self, institution: Institution, address: Address) -> None:
        if address.institution and address.institution != institution.code:
            await self._refused(address, institution.code, "other-address")
            raise SenderError(_FOREIGN)
        if not self._access.allows(institution.kind, address.service, address.operation):
            await self._refused(address, institution.code, "kind-not-allowed")
            raise SenderError(_not_allowed(institution.kind, address))

    async def _identify(self, claims: Claims, address: Address) -> Claimant:
        return identify(claims, await self._register(), datetime.now(UTC), for_applicants=address.for_applicants)

    async def _register(self) -> Register:
        fresh = self._institutions.fresh()
        if fresh is not None:
            return fresh
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._institutions.refresh)

    async def _refused(self, address: Address, code: str, reason: str) -> None:
        await put_down(self._audit, self._write, _note(address, code, "refused", reason))


async def _take_none(_: NonceUse) -> bool:
    """Refuse every digest where nonces are not kept."""
    return False


async def put_down(audit: Audit, write: Written, note: AuditNote) -> None:
    """Write a refusal before its answer, or only count it when a flood of the same has been written."""
    if audit.urgent(note):
        await write(note)
    else:
        audit.note(note)


def _pair(claimant: Claimant, address: Address) -> Pair:
    return address.peer, claimed_code(claimant.code)


def _note(address: Address, code: str, verdict: Literal["admitted", "refused"], reason: str) -> AuditNote:
    return AuditNote(peer=address.peer, institution=code, verdict=verdict, reason=reason, service=address.service)


def _not_allowed(kind: str, address: Address) -> Issue:
    shown = {"hospital": "医院", "portal": "门户", "platform": "平台"}.get(kind, kind)
    return Issue(
        code="SND-103",
        message=f"“{shown}”类机构无权调用操作 {address.operation[:64]}。",
        hint="请核对服务地址；确需使用请联系平台开通。",
    )

"""Admit a caller: prove who it is, that the address is its own and that it may call the operation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Literal

from engine.errors import Issue, SenderError
from engine.inbound.calls import Address, Caller, Claims
from engine.inbound.credentials import Claimant, identify
from engine.inbound.delays import Delays
from engine.metrics import figures
from engine.services.access import Access
from engine.services.audit import Audit, AuditNote, claimed_code
from engine.services.institutions import Institution, Institutions, Register
from engine.services.passwords import PasswordChecks

LEAST_FAILURE = 0.15
"""Seconds that no answer to a failed proof is quicker than, so that what little the reasons differ in does not show."""

Written = Callable[[AuditNote], Awaitable[object]]
"""Write one audit note durably, together with what else the journal's writer has at hand."""

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


class Admission:
    """Decide who is calling, before anything of the message is stored; every verdict is audited.

    One for each event loop. Whatever the reason of a failed proof, the caller sees the same words after the same time:
    each costs one password check, against the caller's own hash or against nobody's, and never less than `least` seconds.
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
    ) -> None:
        self._institutions = institutions
        self._access = access
        self._audit = audit
        self._write = write
        self._checks = checks or PasswordChecks()
        self._delays = delays or Delays()
        self._least = least
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="register")

    async def admit(self, claims: Claims, address: Address) -> Caller:
        """Give the admitted caller; raises SenderError SND-101, SND-102 or SND-103, TryAgain when the store is down.

        SND-101 without any claim is what the front answers with 401.
        """
        began = asyncio.get_running_loop().time()
        claimant = identify(claims, await self._register(), datetime.now(UTC))
        if not claims.found:
            await self._refused(address, "", claimant.fault)
            raise SenderError(_UNPROVEN)
        institution = await self._proven(claims, claimant, address)
        if institution is None:
            await self._refused(address, claimant.code, claimant.fault or "wrong-password")
            await asyncio.sleep(began + self._least - asyncio.get_running_loop().time())
            self._delays.failed(*_pair(claimant, address))
            raise SenderError(_UNPROVEN)
        await self._entitled(institution, address)
        self._audit.note(_note(address, institution.code, "admitted", address.operation))
        return Caller(institution=institution.code, kind=institution.kind)

    def close(self) -> None:
        """Let go of the thread that reads the register."""
        self._reader.shutdown(wait=False)

    async def _proven(self, claims: Claims, claimant: Claimant, address: Address) -> Institution | None:
        institution = claimant.institution
        if institution is not None and not claimant.password:
            return institution
        stored = institution.password_hash if institution is not None else None
        if stored is not None and self._checks.remembered(claimant.code, stored, claimant.password):
            figures().auth_check("remembered")
            return institution
        pair = _pair(claimant, address)
        if not self._checks.familiar(claimant.code, stored, claimant.password):
            wait = self._delays.reserve(*pair)
            if wait > 0:  # none at all for a first try, so that equal first tries find its check running
                await asyncio.sleep(wait)
        right = await asyncio.wrap_future(self._checks.check(claimant.code, stored, claimant.password))
        figures().auth_check("right" if right else "wrong")
        # The wait may have been long enough for a new password or for being disabled.
        if not right or identify(claims, await self._register(), datetime.now(UTC)) != claimant:
            return None
        self._delays.forgive(*pair)
        return institution

    async def _entitled(self, institution: Institution, address: Address) -> None:
        if address.institution and address.institution != institution.code:
            await self._refused(address, institution.code, "other-address")
            raise SenderError(_FOREIGN)
        if not self._access.allows(institution.kind, address.service, address.operation):
            await self._refused(address, institution.code, "kind-not-allowed")
            raise SenderError(_not_allowed(institution.kind, address))

    async def _register(self) -> Register:
        fresh = self._institutions.fresh()
        if fresh is not None:
            return fresh
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._institutions.refresh)

    async def _refused(self, address: Address, code: str, reason: str) -> None:
        note = _note(address, code, "refused", reason)
        if self._audit.urgent(note):
            await self._write(note)
        else:
            self._audit.note(note)


def _pair(claimant: Claimant, address: Address) -> tuple[str, str]:
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

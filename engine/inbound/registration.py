"""Answer the InstitutionRegistry service: apply with an invitation, ask for the application, change the password, learn the address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.errors import Issue, SenderError, TryAgain
from engine.inbound.admission import LEAST_FAILURE, Written, put_down
from engine.inbound.calls import Call, Handler, Parameters, Result
from engine.message import shanghai_text
from engine.services.applications import Application, Applications, NotInvited, Wish
from engine.services.audit import Audit, AuditNote
from engine.services.certificates import Certificate, read_certificate
from engine.services.institutions import Institutions
from engine.services.passwords import as_bytes, hash_password, matches

_WAITING = 32
"""Calls that may wait for the one thread; it hashes passwords, 34 ms each."""

_ADDRESS = "{base}/services/collection/{institution}"
_WITH_ADDRESS = frozenset({"hospital"})
_TAKEN = {"code": "0", "message": "申请已收到，等待平台审核。"}
_NOT_INVITED = Issue(
    code="SND-105",
    message="邀请码（invitation）未填写、不正确、已使用、已过期，或是发给另一个机构代码的。",
    hint="请核对邀请码与机构代码；若上次申请没有收到应答，请用所填的代码和密码调用 QueryApplication。",
    path="/Envelope/Body/Apply/invitation",
)
T = TypeVar("T")


class Registration:
    """Serve Apply, QueryApplication, ChangePassword and MyAddress; one thread does what the event loop must not."""

    def __init__(
        self,
        institutions: Institutions,
        applications: Applications,
        audit: Audit,
        write: Written,
        *,
        least: float = LEAST_FAILURE,
    ) -> None:
        self._institutions = institutions
        self._applications = applications
        self._audit = audit
        self._write = write
        self._least = least
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="registration")
        self._waiting = 0

    @property
    def handlers(self) -> dict[str, Handler]:
        """Name the operations of the contract and what answers them."""
        return {
            "Apply": self.apply,
            "QueryApplication": self.query_application,
            "ChangePassword": self.change_password,
            "MyAddress": self.my_address,
        }

    def close(self) -> None:
        """Finish what is in hand."""
        self._thread.shutdown(wait=True)

    async def apply(self, call: Call, given: Parameters) -> Result:
        """Take an application; an invitation that is good for nothing is the fault SND-105, all else a result."""
        began = asyncio.get_running_loop().time()
        try:
            made = await self._aside(lambda: self._apply(call, given))
        except NotInvited as problem:
            await self._not_invited(call, given, problem.reason, began)
            raise SenderError(_NOT_INVITED) from problem
        except SenderError as problem:
            return _verdict(problem.first) | {"status": "rejected"}
        return {**_TAKEN, "applicationId": made.id, "status": made.state}

    async def query_application(self, call: Call, given: Parameters) -> Result:
        """Tell what became of the caller's own application; any other is `unknown`."""
        number = str(given.get("applicationId", "")).strip()
        found = await self._aside(lambda: self._applications.find(call.institution, number))
        if found is None:
            return {"code": "0", "applicationId": number, "status": "unknown"}
        approved = found.state == "approved"
        return {
            "code": "0",
            "message": "申请已通过。" if approved else "申请正在等待平台审核。",
            "applicationId": found.id,
            "institution": found.institution,
            "status": found.state,
            "appliedAt": shanghai_text(found.applied),
            "decidedAt": shanghai_text(found.decided) if found.decided else "",
            "address": _address(call, found.kind) if approved else "",
        }

    async def change_password(self, call: Call, given: Parameters) -> Result:
        """Give the caller a new password; the old one ends within a second everywhere."""
        wanted = str(given["newPassword"])
        try:
            await self._aside(lambda: self._change_password(call, wanted))
        except SenderError as problem:
            return _verdict(problem.first)
        return {"code": "0", "message": "密码已修改，原密码立即失效。", "changedAt": shanghai_text(call.received)}

    async def my_address(self, call: Call, given: Parameters) -> Result:  # noqa: ARG002 - every handler is given parameters
        """Tell the caller its own upload address."""
        address = _address(call, call.kind)
        message = "这是本机构的上传地址。" if address else "这类机构没有上传地址。"
        return {"code": "0", "message": message, "institution": call.institution, "address": address}

    def _apply(self, call: Call, given: Parameters) -> Application:
        invitation, code = str(given.get("invitation", "")).strip(), str(given["code"]).strip()
        self._applications.check(invitation, code)
        wish = Wish(
            invitation=invitation,
            code=code,
            name=str(given["name"]),
            contact=str(given["contact"]),
            password_hash=_hashed(str(given["password"])),
            certificate=_certificate(str(given.get("certificate", ""))),
            peer=call.peer,
        )
        return self._applications.apply(wish)

    def _change_password(self, call: Call, wanted: str) -> None:
        kept = self._institutions.get(call.institution)
        content = as_bytes(wanted)
        if kept is not None and content is not None and matches(kept.password_hash, content):
            raise SenderError(Issue(code="SND-751", message="新密码与现用密码相同。", hint="请换一个密码。"))
        _hashed(wanted)
        self._institutions.rotate(call.institution, wanted, actor=call.institution, peer=call.peer)

    async def _not_invited(self, call: Call, given: Parameters, reason: str, began: float) -> None:
        code = str(given.get("code", "")).strip()
        note = AuditNote(peer=call.peer, institution=code, verdict="refused", reason=reason, service=call.service)
        await put_down(self._audit, self._write, note)
        await asyncio.sleep(began + self._least - asyncio.get_running_loop().time())

    async def _aside(self, act: Callable[[], T]) -> T:
        """Run something on the thread; raises TryAgain when too many wait for it."""
        if self._waiting >= _WAITING:
            raise TryAgain("too many calls wait for the register", retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, act)
        finally:
            self._waiting -= 1


def _address(call: Call, kind: str) -> str:
    return _ADDRESS.format(base=call.base, institution=call.institution) if kind in _WITH_ADDRESS else ""


def _verdict(issue: Issue) -> dict[str, str]:
    return {"code": issue.code, "message": issue.message, "hint": issue.hint}


def _hashed(password: str) -> str:
    try:
        return hash_password(password)
    except ValueError as problem:
        message = "密码应至少 12 个字符，最多 1024 字节，不含空字符。"
        raise SenderError(Issue(code="SND-751", message=message, hint="请换一个密码后重发。")) from problem


def _certificate(text: str) -> Certificate | None:
    """Read a certificate as PEM or as the bare Base64 of its DER form; None when none was given."""
    packed = text.strip()
    if not packed:
        return None
    if "-----BEGIN" not in packed:
        packed = f"-----BEGIN CERTIFICATE-----\n{packed}\n-----END CERTIFICATE-----"
    try:
        return read_certificate(packed)
    except ValueError as problem:
        message = "certificate 不是一张 X.509 证书。"
        hint = "请填写客户端证书的 PEM 文本（不含私钥），或先不填；邀请码仍可使用。"
        raise SenderError(Issue(code="SND-752", message=message, hint=hint)) from problem

"""Write every refusal as a SOAP fault in the caller's version, with its HTTP status."""

from __future__ import annotations

from dataclasses import dataclass

from engine.documents.answer import escape_text, wrap_body
from engine.errors import Issue, OverQuota, Paused, SenderError, TryAgain
from engine.inbound.calls import SoapVersion

FAULT_NAMESPACE = "urn:changbai:fault:1"
MEDIA_TYPE: dict[SoapVersion, str] = {
    "1.1": "text/xml; charset=utf-8",
    "1.2": "application/soap+xml; charset=utf-8",
}
_SPECIAL_FAULT_CODES = {"SND-306": "VersionMismatch", "SND-314": "MustUnderstand"}
_IN_VERSION_1_2 = {"Client": "Sender", "Server": "Receiver"}


class EarlyRefusal(SenderError):
    """Refuse a request before its envelope is parsed, with an HTTP status of its own and extra headers."""

    def __init__(self, status: int, code: str, message: str, hint: str = "", *headers: tuple[str, str]) -> None:
        super().__init__(Issue(code=code, message=message, hint=hint))
        self.status = status
        self.headers = headers


class Unauthenticated(EarlyRefusal):
    """Ask for credentials: the request brought none at all."""

    def __init__(self, error: SenderError) -> None:
        first = error.first
        super().__init__(401, first.code, first.message, first.hint, ("WWW-Authenticate", 'Basic realm="changbai"'))


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """What a fault says, and with which HTTP status and headers."""

    status: int
    party: str
    issue: Issue
    headers: tuple[tuple[str, str], ...] = ()


def refuse(error: Exception, version: SoapVersion, trace: str) -> Refusal:
    """Decide status, fault code and words for an error; anything unknown is our own failure (ENG-000)."""
    if isinstance(error, EarlyRefusal):
        return Refusal(status=error.status, party="Client", issue=error.first, headers=error.headers)
    if isinstance(error, OverQuota):
        pause = (("Retry-After", str(error.retry_after)),)
        return Refusal(status=429, party="Server", issue=error.first, headers=pause)
    if isinstance(error, SenderError):
        return _refuse_sender(error, version)
    if isinstance(error, TryAgain):
        return _refuse_for_now(error)
    hint = f"记下编号 {trace} 联系平台，稍后重发。"
    return Refusal(status=500, party="Server", issue=Issue(code="ENG-000", message=f"平台内部错误，编号 {trace}。", hint=hint))


def write_fault(refusal: Refusal, version: SoapVersion, trace: str) -> bytes:
    """Write the envelope of a fault (SOAP 1.1 section 4.4, SOAP 1.2 part 1 section 5.4), UTF-8."""
    issue = refusal.issue
    detail = _detail(issue, trace)
    if version == "1.2":
        return wrap_body(
            version,
            f"<soap:Fault><soap:Code><soap:Value>soap:{_IN_VERSION_1_2.get(refusal.party, refusal.party)}</soap:Value>"
            f'</soap:Code><soap:Reason><soap:Text xml:lang="zh">{escape_text(issue.message)}</soap:Text></soap:Reason>'
            f"<soap:Detail>{detail}</soap:Detail></soap:Fault>",
        )
    return wrap_body(
        version,
        f"<soap:Fault><faultcode>soap:{refusal.party}</faultcode>"
        f"<faultstring>{escape_text(issue.message)}</faultstring><detail>{detail}</detail></soap:Fault>",
    )


def _refuse_sender(error: SenderError, version: SoapVersion) -> Refusal:
    party = _SPECIAL_FAULT_CODES.get(error.code, "Client")
    return Refusal(status=400 if version == "1.2" else 500, party=party, issue=error.first)


def _refuse_for_now(error: TryAgain) -> Refusal:
    pause = max(1, error.retry_after)
    why = f"平台已暂停接收此类内容（路由 {error.route}）" if isinstance(error, Paused) else "平台暂时不能接收"
    issue = Issue(code=error.code, message=f"{why}，本次内容没有保存。", hint=f"请在 {pause} 秒后重发。")
    return Refusal(status=503, party="Server", issue=issue, headers=(("Retry-After", str(pause)),))


def _detail(issue: Issue, trace: str) -> str:
    parts = (
        ("code", issue.code),
        ("message", issue.message),
        ("path", issue.path),
        ("hint", issue.hint),
        ("trace", trace),
    )
    inner = "".join(f"<{name}>{escape_text(text)}</{name}>" for name, text in parts if text)
    return f'<error xmlns="{FAULT_NAMESPACE}">{inner}</error>'

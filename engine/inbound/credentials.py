"""Read from the credentials of one request which single institution they claim, or why they claim none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from engine.inbound.calls import Claims, Credential
from engine.services.certificates import fingerprint_of
from engine.services.institutions import Institution, Register


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who the credentials say is calling.

    `code` is the claimed code as written; `institution` is set when it may connect once `password` and `digest` are right;
    both are empty when a certificate alone proves it. `fault` names, for the audit only, why this can be nobody.
    """

    code: str
    institution: Institution | None = None
    password: str = field(default="", repr=False)
    fault: str = ""
    digest: Credential | None = None


def identify(claims: Claims, register: Register, now: datetime, *, for_applicants: bool = False) -> Claimant:
    """Find the one institution that all credentials agree on (contracts, Credentials); compares codes exactly.

    `for_applicants` takes also one that is not approved yet.
    """
    code, password = _claimed(claims, register), _password(claims)
    digest = next((one for one in claims.found if one.form == "digest"), None)
    fault = _form_fault(claims) or _certificate_fault(claims, register, now) or _disagreement(claims, register)
    if fault:
        return Claimant(code, None, password, fault)
    institution = register.by_code.get(code)
    if institution is None:
        return Claimant(code, None, password, "unknown-institution")
    if institution.state not in ("approved", "applied" if for_applicants else "approved"):
        return Claimant(code, None, password, f"institution-{institution.state}")
    if digest is not None and not (institution.digest and institution.secret):
        return Claimant(code, None, password, "digest-not-open")
    return Claimant(code, institution, password, digest=digest)


def _form_fault(claims: Claims) -> str:
    if not claims.found:
        return "no-credentials"
    kinds = [one.kind for one in claims.found]
    if len(kinds) != len(set(kinds)):
        return "given-twice"
    return "" if all(_complete(one) for one in claims.found) else "incomplete"


def _complete(one: Credential) -> bool:
    if one.kind == "certificate":
        return True
    return bool(one.institution and one.secret and (one.form == "text" or (one.nonce and one.created)))


def _certificate_fault(claims: Claims, register: Register, now: datetime) -> str:
    for one in claims.found:
        if one.kind != "certificate":
            continue
        held = register.certificates.get(fingerprint_of(one.certificate))
        if held is None:
            return "certificate-unknown"
        if held[1].not_after <= now:
            return "certificate-expired"
    return ""


def _disagreement(claims: Claims, register: Register) -> str:
    codes = {_code(one, register) for one in claims.found}
    secrets = {one.secret for one in claims.found if _has_password(one)}
    return "disagree" if len(codes) > 1 or len(secrets) > 1 else ""


def _code(one: Credential, register: Register) -> str:
    if one.kind != "certificate":
        return one.institution
    held = register.certificates.get(fingerprint_of(one.certificate))
    return held[0] if held else ""


def _claimed(claims: Claims, register: Register) -> str:
    return next((code for one in claims.found if (code := _code(one, register))), "")


def _password(claims: Claims) -> str:
    return next((one.secret for one in claims.found if _has_password(one)), "")


def _has_password(one: Credential) -> bool:
    return one.kind != "certificate" and one.form == "text"

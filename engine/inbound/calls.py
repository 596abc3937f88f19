"""Name what passes between the front, admission and the handlers: credentials found, the address called, the admitted call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from engine.message import Lane

CredentialKind = Literal["wsse", "header", "basic", "certificate"]
SoapVersion = Literal["1.1", "1.2"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """One credential as it was found, unjudged.

    `institution` is the user name as written (empty when it was missing or unreadable). `secret` is the password,
    or for a wsse token of `form` "digest" the Base64 of the digest, then with `nonce` (Base64 as sent) and
    `created` (text as sent). For kind "certificate" only `certificate` (DER) is filled.
    """

    kind: CredentialKind
    institution: str = ""
    secret: str = field(default="", repr=False)
    form: Literal["text", "digest"] = "text"
    nonce: str = field(default="", repr=False)
    created: str = ""
    certificate: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """Everything in one request that says who is calling, in the order found; the same form given twice stands twice."""

    found: tuple[Credential, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """What was called: service and operation by name, `institution` from the path ("" when the path has none).

    `for_applicants` is true for an operation that an institution may call before it is approved.
    """

    service: str
    operation: str
    institution: str = ""
    peer: str = ""
    trace: str = ""
    for_applicants: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Who was admitted: the institution's code and its kind (hospital, portal, platform); "" where nobody is asked."""

    institution: str
    kind: str = "hospital"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One admitted call, as a handler sees it beside its parameters.

    `received` is timezone-aware; `base` is scheme and host under which we were called, no slash at the end.
    """

    service: str
    operation: str
    institution: str
    received: datetime
    kind: str = "hospital"
    address_institution: str = ""
    peer: str = ""
    trace: str = ""
    soap_version: SoapVersion = "1.1"
    lane: Lane = "live"
    base: str = ""


Admit = Callable[[Claims, Address], Awaitable[Caller]]
"""Decide who is calling; raises SenderError SND-101, SND-102 or SND-103, TryAgain when the store is down."""

Parameters = Mapping[str, Any]
"""Plain values by the contract's names: str, int, bool, bytes for base64Binary (str when the text was no Base64),
list for a wrapped list, dict for a complex item; what was not sent, or sent as nil, is absent."""

Result = Mapping[str, Any]
"""Plain values by the contract's names; None, "" and a missing key leave the element out, a list (also an empty one)
writes its wrapper."""

Handler = Callable[[Call, Parameters], Awaitable[Result]]
"""Do one operation; raises SenderError (fault Client), TryAgain (503) or, as our own bug, anything else (ENG-000)."""

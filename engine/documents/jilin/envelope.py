"""Seal and open ROOT, the envelope around every message: verify first, then decrypt."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.opening import open_element, text_of
from engine.documents.jilin.profiles import PROFILES
from engine.message import SHANGHAI

FRESH = timedelta(minutes=5)
"""So old, or so far ahead, the TIMESTAMP of a request may be; the caller also sees to it that a NONCE comes once."""

_STAMP = "%Y-%m-%d %H:%M:%S"
_REQUEST = ("FUN_CODE", "USER_ID", "REQ_ENCRYPTED")
_REPLY = ("RETURN_CODE", "RETURN_MSG", "RES_ENCRYPTED")
_DATED = ("TIMESTAMP", "NONCE")

_FUNCTION = re.compile(r"[0-9]{4}")
_CODE = re.compile(r"[0-9]{1,6}")
_NONCE = re.compile(r"[0-9A-Za-z-]{8,64}")
"""Narrow forms, so that no value can hold an & and be read as two others under the same signature."""

KeysOf = Callable[[str], Keys | None]
"""Give the keys of a USER_ID, None when nobody has that name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedRequest:
    """A request whose signature was right: `body` is REQ in clear; `stamp` and `nonce` are those of profile SM3, else None and ""."""

    function: str
    user: str
    body: bytes
    keys: Keys
    stamp: datetime | None = None
    nonce: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenedReply:
    """A reply whose signature was right: `body` is RES in clear, b"" when the sender had nothing to say."""

    code: str
    message: str
    body: bytes


def new_nonce() -> str:
    """Make the NONCE of one request: 32 hexadecimal digits."""
    return secrets.token_hex(16)


def seal_request(keys: Keys, function: str, user: str, body: bytes, *, nonce: str = "", now: datetime | None = None) -> bytes:
    """Write the ROOT of a request in UTF-8; profile SM3 takes `nonce` (see `new_nonce`) and the time."""
    fields = {"FUN_CODE": function, "USER_ID": user, "REQ_ENCRYPTED": PROFILES[keys.profile].encrypt(keys, body)}
    return _sealed(keys, fields, nonce, now)


def seal_reply(keys: Keys, code: str, message: str, body: bytes, *, nonce: str = "", now: datetime | None = None) -> bytes:
    """Write the ROOT of a reply in UTF-8; `nonce` is that of the request it answers. An empty body is encrypted as it is."""
    fields = {"RETURN_CODE": code, "RETURN_MSG": message, "RES_ENCRYPTED": PROFILES[keys.profile].encrypt(keys, body)}
    return _sealed(keys, fields, nonce, now)


def refusal(code: str, message: str) -> bytes:
    """Write the reply to a caller who is not known: nothing is encrypted and nothing signed, for there is no key."""
    return _written({"RETURN_CODE": code, "RETURN_MSG": message, "SIGN_TYPE": "", "SIGN": "", "RES_ENCRYPTED": ""})


def open_request(keys_of: KeysOf, content: bytes | str, *, now: datetime | None = None) -> OpenedRequest:
    """Open a request: caller, signature type, signature, freshness, then the body.

    The caller of this function still has to see to it that a nonce comes once. Raises MessageFault 1, 2, 4 to 9 or 11 of
    section 1.7; its `user` is set once the caller is known, its `proven` once the signature was right.
    """
    fields = _fields(content)
    user = fields.get("USER_ID", "").strip()
    keys = keys_of(user) if user else None
    if keys is None:
        raise MessageFault("4", "调用方不存在", "USER_ID")
    kept: dict[str, str] = {}
    try:
        kept = _verified(keys, fields, _REQUEST)
        if not _FUNCTION.fullmatch(kept["FUN_CODE"]):
            raise MessageFault("5", "功能代码应为四位数字", "FUN_CODE")
        stamp = _stamp(kept, now) if PROFILES[keys.profile].dated else None
        if not kept["REQ_ENCRYPTED"]:
            raise MessageFault("11", "请求数据为空", "REQ_ENCRYPTED")
        body = PROFILES[keys.profile].decrypt(keys, kept["REQ_ENCRYPTED"])
    except MessageFault as fault:
        fault.user, fault.proven, fault.nonce = user, bool(kept), kept.get("NONCE", "")
        raise
    return OpenedRequest(function=kept["FUN_CODE"], user=user, body=body, keys=keys, stamp=stamp, nonce=kept.get("NONCE", ""))


def open_reply(keys: Keys, content: bytes | str, *, nonce: str = "") -> OpenedReply:
    """Open a reply: signature, for profile SM3 the nonce of our request, then the body.

    Raises MessageFault 2, 6, 7, 8 or 9; a reply that is not signed at all is 7, and its message says what it claims.
    """
    fields = _fields(content)
    if not fields.get("SIGN", "").strip():
        claim = f"{fields.get('RETURN_CODE', '')} {fields.get('RETURN_MSG', '')}".strip()
        raise MessageFault("7", f"应答没有签名，其中称：{claim[:200] or '无'}", "SIGN")
    kept = _verified(keys, fields, _REPLY)
    if PROFILES[keys.profile].dated and kept["NONCE"].strip() != nonce:
        raise MessageFault("7", "应答的 NONCE 不是本次请求的", "NONCE")
    if not _CODE.fullmatch(kept["RETURN_CODE"]):
        raise MessageFault("2", "应为一至六位数字", "RETURN_CODE")
    sealed = kept["RES_ENCRYPTED"]
    body = PROFILES[keys.profile].decrypt(keys, sealed) if sealed else b""
    return OpenedReply(code=kept["RETURN_CODE"], message=kept["RETURN_MSG"], body=body)


def _sealed(keys: Keys, fields: dict[str, str], nonce: str, now: datetime | None) -> bytes:
    profile = PROFILES[keys.profile]
    if profile.dated:
        if not nonce:
            raise ValueError("profile SM3 needs a nonce")
        stamp = (now or datetime.now(SHANGHAI)).astimezone(SHANGHAI)
        fields |= {"TIMESTAMP": stamp.strftime(_STAMP), "NONCE": nonce}
    return _written(fields | {"SIGN_TYPE": profile.name, "SIGN": profile.sign(keys, fields)})


_ORDER = (
    "FUN_CODE",
    "USER_ID",
    "RETURN_CODE",
    "RETURN_MSG",
    "SIGN_TYPE",
    "SIGN",
    "TIMESTAMP",
    "NONCE",
    "REQ_ENCRYPTED",
    "RES_ENCRYPTED",
)


def _written(fields: Mapping[str, str]) -> bytes:
    nodes = (f"<{name}><![CDATA[{_split(fields[name])}]]></{name}>" for name in _ORDER if name in fields)
    return f'<?xml version="1.0" encoding="utf-8"?><ROOT>{"".join(nodes)}</ROOT>'.encode()


def _split(text: str) -> str:
    return text.replace("]]>", "]]]]><![CDATA[>")


def _fields(content: bytes | str) -> dict[str, str]:
    """Read ROOT's nodes; one that stands twice is refused, for it is not clear which was signed."""
    if not content.strip():
        raise MessageFault("2", "内容为空", "ROOT")
    root: Any = open_element(content, path="ROOT")
    if _local(root) != "ROOT":
        raise MessageFault("2", "根元素应为 ROOT", "ROOT")
    fields: dict[str, str] = {}
    for child in root.iterchildren("*"):
        name = _local(child)
        if name in fields:
            raise MessageFault("2", "只能出现一次", f"ROOT/{name}")
        fields[name] = text_of(child)
    return fields


def _local(element: Any) -> str:
    """Name an element without the namespace that it takes on when it is put unescaped into a SOAP body."""
    return str(element.tag).rpartition("}")[2]


def _verified(keys: Keys, fields: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Give the fields that are signed once the signature is right, as it is written or with the white space around values off."""
    profile = PROFILES[keys.profile]
    if fields.get("SIGN_TYPE", "").strip() != profile.name:
        raise MessageFault("8", f"签名类型应为 {profile.name}", "SIGN_TYPE")
    wanted = (*names, *_DATED) if profile.dated else names
    missing = [name for name in wanted if name not in fields]
    if missing:
        raise MessageFault("1", f"缺少 {'、'.join(missing)}", "ROOT")
    exact = {name: fields[name] for name in wanted}
    trimmed = {name: value.strip() for name, value in exact.items()}
    sign = fields.get("SIGN", "")
    if not any(profile.signed(keys, each, sign) for each in (exact, trimmed)):
        raise MessageFault("7", "签名不正确", "SIGN")
    return trimmed


def _stamp(fields: Mapping[str, str], now: datetime | None) -> datetime:
    try:
        stamp = datetime.strptime(fields["TIMESTAMP"], _STAMP).replace(tzinfo=SHANGHAI)
    except ValueError:
        raise MessageFault("1", "应为 yyyy-MM-dd HH:mm:ss（北京时间）", "TIMESTAMP") from None
    if abs((now or datetime.now(SHANGHAI)) - stamp) > FRESH:
        raise MessageFault("7", "TIMESTAMP 与平台时间相差超过 5 分钟", "TIMESTAMP")
    if not _NONCE.fullmatch(fields["NONCE"]):
        raise MessageFault("1", "应为 8 至 64 个字母、数字或连字符", "NONCE")
    return stamp

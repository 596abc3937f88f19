"""Deliver to an HTTP address: one POST of the document, counted only on an agreed status."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.documents.packing import pack_gzip
from engine.errors import Rejected
from engine.message import Message
from engine.outbound.connector import NetworkEndpoint, Reply, SecretName, Surroundings, basic, need_secret
from engine.outbound.lookup import Lookup
from engine.outbound.values import WORDS, Word, message_id
from engine.outbound.wire import open_wire, refuse_status

_TYPES = {"xml": "application/xml", "gzip": "application/gzip"}


class HttpEndpoint(NetworkEndpoint):
    """An HTTP address that takes one document a POST."""

    address: str = Field(pattern=r"^https?://[^\s@]+$", description="地址 · address to post to")
    form: Literal["xml", "gzip"] = Field("xml", description="请求体：xml 原文或 gzip 压缩 · body as XML or as one GZIP member")
    headers: dict[str, Word] = Field(
        default_factory=dict, description="请求头与取值的对应 · HTTP headers and the word for each value"
    )
    secret_headers: dict[str, SecretName] = Field(
        default_factory=dict,
        description="取值为秘密的请求头，只写秘密的名字，例如 Authorization · headers whose value is a named secret",
    )
    accept: list[int] = Field(
        [200, 201],
        min_length=1,
        description="表示收妥的 HTTP 状态；202、204 须在此写明 · statuses that mean taken; 202 and 204 only if listed",
    )


class HttpConnector:
    """Post each message once; raises Unfit when a secret is missing."""

    def __init__(self, sheet: HttpEndpoint, around: Surroundings, lookup: Lookup | None = None) -> None:
        self._sheet = sheet
        hidden = {name: need_secret(key, ("secret-headers", name), around) for name, key in sheet.secret_headers.items()}
        self._headers = {"Content-Type": _TYPES[sheet.form], **basic(sheet.login, around), **hidden}
        self._wire = open_wire(sheet.address, sheet, around, lookup)

    def send(self, message: Message) -> Reply:
        """Post the document; raises Unavailable DST-101..105 or Rejected DST-202, DST-203."""
        content = message.document.content
        body = pack_gzip(content) if self._sheet.form == "gzip" else content
        drawn = {name: _ascii(WORDS[word](message)) for name, word in self._sheet.headers.items()}
        answer = self._wire.post(body, {**self._headers, **drawn, "X-Message-Id": message_id(message)})
        refuse_status(answer)
        if answer.status not in self._sheet.accept:
            raise Rejected("DST-203", f"HTTP {answer.status}，约定为 {'、'.join(map(str, self._sheet.accept))}")
        return Reply(f"HTTP {answer.status}", answer.headers.get("location", "")[:200])

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()


def _ascii(value: str | bytes) -> str:
    """Write a value so that it is safe in a header: anything but printable ASCII is percent-encoded (RFC 3986)."""
    raw = value if isinstance(value, bytes) else value.encode()
    return "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x25 else f"%{b:02X}" for b in raw)

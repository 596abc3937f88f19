"""Tell alerts to an HTTP address: one POST of JSON, signed with HMAC-SHA256 (RFC 2104)."""

from __future__ import annotations

import hmac
import json
from typing import Any

from pydantic import Field

from engine.alerting import Batch, Notice
from engine.message import shanghai_text
from engine.outbound.connector import NetworkEndpoint, SecretName, Surroundings, basic, need_secret
from engine.outbound.lookup import Lookup
from engine.outbound.wire import open_wire, refuse_status

SIGNATURE, TIMESTAMP, BATCH = "X-Changbai-Signature", "X-Changbai-Timestamp", "X-Changbai-Batch"


class WebhookSheet(NetworkEndpoint):
    """An HTTP address that takes notices as JSON; any status from 200 to 299 means taken."""

    address: str = Field(pattern=r"^https?://[^\s@]+$", description="地址 · address to post to")
    secret: SecretName = Field(
        description=(
            "签名密钥的名字；X-Changbai-Signature 为 sha256= 加 HMAC-SHA256(密钥, 时间戳.正文) 的十六进制，时间戳见 X-Changbai-Timestamp"
            " · name of the key that signs time stamp, a dot and the body"
        )
    )


class WebhookChannel:
    """Post each batch once; raises Unfit when a secret is missing."""

    def __init__(self, name: str, sheet: WebhookSheet, around: Surroundings, lookup: Lookup | None = None) -> None:
        self._name = name
        self._key = need_secret(sheet.secret, ("secret",), around).encode()
        self._headers = {"Content-Type": "application/json; charset=utf-8", **basic(sheet.login, around)}
        self._wire = open_wire(sheet.address, sheet, around, lookup)

    def send(self, batch: Batch) -> None:
        """Post a batch; raises Unavailable DST-101..105 or Rejected DST-202."""
        body = json.dumps(told(batch), ensure_ascii=False).encode()
        stamp = str(int(batch.at.timestamp()))
        headers = {SIGNATURE: signature(self._key, stamp, body), TIMESTAMP: stamp, BATCH: f"{self._name}-{batch.id}"}
        refuse_status(self._wire.post(body, {**self._headers, **headers}))

    def close(self) -> None:
        """Close the kept connections."""
        self._wire.close()


def signature(key: bytes, stamp: str, body: bytes) -> str:
    """Sign a body together with the time at which it is sent (seconds since 1970)."""
    return f"sha256={hmac.digest(key, stamp.encode() + b'.' + body, 'sha256').hex()}"


def told(batch: Batch) -> dict[str, Any]:
    """Write a batch as JSON values; times as the contracts do."""
    return {"batch": batch.id, "sent": shanghai_text(batch.at), "notices": [_one(notice) for notice in batch.notices]}


def _one(notice: Notice) -> dict[str, Any]:
    return {
        "alert": notice.alert, "what": notice.what, "rule": notice.rule, "kind": notice.kind, "severity": notice.severity,
        "subject": notice.subject, "opened": shanghai_text(notice.opened),
        "closed": shanghai_text(notice.closed) if notice.closed else None, "value": notice.value, "threshold": notice.threshold,
        "named": notice.named._asdict(), "cause": notice.cause._asdict(), "cure": notice.cure._asdict(), "link": notice.link,
    }  # fmt: skip

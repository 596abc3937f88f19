"""Invent entries for the journal."""

import gzip
import hashlib
from datetime import UTC, datetime, timedelta

from engine.errors import Issue
from engine.message import new_receipt
from engine.store.entries import Entry, Order

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
"""Noon in Changchun."""

WARNING = Issue(
    code="SND-415", severity="warning", message="机构代码未登记。", hint="核对机构代码。", rule="org-known", value="999"
)
ERROR = Issue(
    code="SND-414",
    message="身份证号校验码不符。",
    hint="核对身份证号。",
    rule="id-check",
    path="/ClinicalDocument/recordTarget",
    line=12,
    column=5,
    value="22010119900101000X",
)


def entry(document_id="D1", text="one", **changes):
    content = f"<ClinicalDocument>{text}</ClinicalDocument>".encode()
    received = changes.pop("received", NOON)
    values = {
        "receipt": new_receipt(received),
        "institution": "H1",
        "document_type": "C0002",
        "document_id": document_id,
        "received": received,
        "route": "outpatient-record",
        "revision": "r1",
        "state": "ROUTED",
        "digest": hashlib.sha256(content).hexdigest(),
        "size": len(content),
        "original": gzip.compress(content, mtime=0),
        "orders": (Order(destination="archive", key="220101199001010000"),),
    }
    return Entry(**(values | changes))


def invalid(document_id="D1", text="bad", **changes):
    return entry(document_id, text, **({"state": "INVALID", "code": ERROR.code, "issues": (ERROR,), "orders": ()} | changes))


def later(seconds):
    return NOON + timedelta(seconds=seconds)

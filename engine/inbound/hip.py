"""Declare the HIPMessageServer contract (docs/contracts/hip.md): one operation of two strings, as hospitals know it."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract

FOREIGN = frozenset({"http://www.djhealthunion.com/", "http://tempuri.org/", "http://www.dhcc.com.cn", "http://esb.ewell.cc"})
"""Namespaces under which clients in the field call it; each is answered in its own."""

HIP = Contract(
    name="HIPMessageServer",
    title="交互服务（互联互通 81 项）",
    namespace="urn:hl7-org:v3",
    operations={
        "HIPMessageServer": Operation("HIPMessageServer", texts("action", "message"), Field("HIPMessageServerResult")),
    },
    fast=frozenset({"HIPMessageServer"}),
    foreign=FOREIGN,
)
"""The contract at /services/hip; what is missing in a call is told in the acknowledgement, never as a fault."""

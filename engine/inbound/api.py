"""Declare the ApiService contract (docs/contracts/api.md): three operations of one string, as hospitals know them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.documents.fields import Field, Operation
from engine.inbound.contract import Contract

FUNCTIONS: Mapping[str, frozenset[str]] = {
    "RegService": frozenset({"5001", "5002", "5003", "5004", "5005", "5006"}),
    "PayService": frozenset({"6001", "6002"}),
    "PushService": frozenset({"7001"}),
}
"""The function numbers of the Jilin text that each operation takes."""

API = Contract(
    name="ApiService",
    title="惠民接口（医院调用平台）",
    namespace="http://tempuri.org/",
    operations={name: Operation(name, (Field("xml"),), Field(f"{name}Result")) for name in FUNCTIONS},
    fast=frozenset(FUNCTIONS),
    open=frozenset(FUNCTIONS),
)
"""The contract at /services/api and /ApiService.asmx; USER_ID and SIGN inside the text say who is calling."""

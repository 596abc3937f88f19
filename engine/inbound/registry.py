"""Declare the InstitutionRegistry contract (docs/contracts/institution.md), in the order of the WSDL."""

from __future__ import annotations

from engine.documents.fields import Field, Operation, texts
from engine.inbound.contract import Contract

_VERDICT = texts("code", "message", "hint")
_SHORT, _LONG, _PEM = 128, 1024, 16_384
"""Characters that a parameter may have; what is within them and still too long is a business verdict."""


def _result(name: str, type_name: str, *fields: Field) -> Field:
    return Field(f"{name}Result", "record", fields, type_name=type_name)


_OPERATIONS = (
    Operation(
        "Apply",
        (
            *texts("invitation", "code", longest=_SHORT),
            *texts("name", "contact", longest=_LONG),
            Field("password", longest=4 * _LONG),
            Field("certificate", longest=_PEM),
        ),
        _result("Apply", "ApplyResult", *_VERDICT, *texts("applicationId", "status")),
        ("code", "name", "contact", "password"),
    ),
    Operation(
        "QueryApplication",
        texts("applicationId", longest=_SHORT),
        _result(
            "QueryApplication",
            "ApplicationResult",
            *_VERDICT,
            *texts("applicationId", "institution", "status", "appliedAt", "decidedAt", "address"),
        ),
    ),
    Operation(
        "ChangePassword",
        (Field("newPassword", longest=4 * _LONG),),
        _result("ChangePassword", "PasswordResult", *_VERDICT, *texts("changedAt")),
        ("newPassword",),
    ),
    Operation("MyAddress", (), _result("MyAddress", "AddressResult", *_VERDICT, *texts("institution", "address"))),
)

REGISTRY = Contract(
    name="InstitutionRegistry",
    title="机构登记服务",
    namespace="urn:changbai:institution:1",
    operations={operation.name: operation for operation in _OPERATIONS},
    open=frozenset({"Apply"}),
    for_applicants=frozenset({"QueryApplication"}),
)
"""The contract at /services/institution."""

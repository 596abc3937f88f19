"""Write the answer to a SOAP call from plain values, in the form of the contract."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from engine.documents.envelope import NAMESPACE, SoapVersion
from engine.documents.fields import Field, Operation

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[&<>\r]")
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


def write_answer(version: SoapVersion, namespace: str, operation: Operation, result: Mapping[str, Any]) -> bytes:
    """Write `<XResponse><XResult>...` in an envelope of the version, UTF-8.

    A value of None, "" or no key leaves its element out; a list always writes its wrapper. The values of a result that
    is one text stand under its own name. A key that the contract does not know is our own bug: ValueError.
    """
    name, declared = f"{operation.name}Response", operation.result
    parts = [f'<{name} xmlns="{namespace}">']
    if declared.kind == "record":
        _write_record(parts, declared, result)
    else:
        _write_members(parts, Field(name, "record", (declared,)), result)
    parts.append(f"</{name}>")
    return wrap_body(version, "".join(parts))


def wrap_body(version: SoapVersion, inner: str) -> bytes:
    """Put finished XML into the Body of an envelope; the prefix of SOAP is `soap`."""
    space = NAMESPACE[version]
    text = (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{space}">'
        f"<soap:Body>{inner}</soap:Body></soap:Envelope>"
    )
    return text.encode("utf-8")


def escape_text(text: str) -> str:
    """Escape text for XML; characters that XML 1.0 does not allow become U+FFFD."""
    return _SPECIAL.sub(lambda found: _ESCAPED[found[0]], legal_text(text))


def legal_text(text: str) -> str:
    """Replace the characters that XML 1.0 does not allow by U+FFFD."""
    return _ILLEGAL.sub("\ufffd", text)


def _write_record(parts: list[str], declared: Field, values: Mapping[str, Any]) -> None:
    parts.append(f"<{declared.name}>")
    _write_members(parts, declared, values)
    parts.append(f"</{declared.name}>")


def _write_members(parts: list[str], declared: Field, values: Mapping[str, Any]) -> None:
    known = 0
    for field in declared.fields:
        if field.name in values:
            known += 1
            _write(parts, field, values[field.name])
    if known != len(values):
        strange = sorted(set(values) - {field.name for field in declared.fields})
        raise ValueError(f"{declared.name} has no element {', '.join(strange)}")


def _write(parts: list[str], declared: Field, value: Any) -> None:
    if value is None or (isinstance(value, str | bytes) and not value):
        return
    if declared.kind == "list":
        _write_list(parts, declared, value)
    elif declared.kind == "record":
        _write_record(parts, declared, value)
    else:
        parts.append(f"<{declared.name}>{_simple(value)}</{declared.name}>")


def _write_list(parts: list[str], declared: Field, values: Any) -> None:
    parts.append(f"<{declared.name}>")
    item = Field(declared.item, "record", declared.fields)
    for value in values:
        if declared.fields:
            _write_record(parts, item, value)
        else:
            parts.append(f"<{declared.item}>{_simple(value)}</{declared.item}>")
    parts.append(f"</{declared.name}>")


def _simple(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return escape_text(str(value))

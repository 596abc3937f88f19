"""Name the fields that several contracts have in common, and how their results are declared."""

from __future__ import annotations

from engine.documents.fields import Field, texts

LONGEST_ID = 64
"""Characters of a number, a code or a moment."""

LONGEST_TEXT = 512
"""Characters of what people write in one line: names, addresses, reasons."""

VERDICT = texts("code", "message", "hint")
"""What every result of a typed service begins with."""

PAGE = Field("page", "record", (Field("size", "int"), Field("token", longest=LONGEST_TEXT)), type_name="Page")
"""Which page is wanted, and what came."""

RESIDENT = Field("resident", "record", texts("idType", "idNumber", "name", longest=LONGEST_TEXT), type_name="Resident")
"""Whom a portal names."""


def ids(*names: str) -> tuple[Field, ...]:
    """Declare numbers and codes."""
    return texts(*names, longest=LONGEST_ID)


def listed(name: str, item: str, type_name: str, fields: tuple[Field, ...]) -> Field:
    """Declare a list of records in its wrapper."""
    return Field(name, "list", fields, item=item, type_name=type_name)


def result(name: str, type_name: str, *fields: Field) -> Field:
    """Declare the result of an operation: the verdict, then its own fields."""
    return Field(f"{name}Result", "record", (*VERDICT, *fields), type_name=type_name)

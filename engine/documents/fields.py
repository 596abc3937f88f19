"""Describe the parameters and results of SOAP operations as one table of named fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FieldKind = Literal["string", "int", "boolean", "binary", "record", "list"]


@dataclass(frozen=True, slots=True)
class Field:
    """One element: a simple value, a record of `fields`, or a list whose wrapper holds elements called `item`.

    A list has either `fields` (each item is a record) or none (each item is a string). `type_name` is the name
    of the complex type that the WSDL gives a record or the records of a list. `longest` bounds the characters of a
    text, or of each text in a list; 0 leaves it to the bound of the body.
    """

    name: str
    kind: FieldKind = "string"
    fields: tuple[Field, ...] = ()
    item: str = ""
    type_name: str = ""
    longest: int = 0

    def find(self, name: str) -> Field | None:
        """Give the inner field of that name, None when there is none."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `<name>` with the parameters in, `<name>Response` with one element `<name>Result` out.

    `required` names the parameters that must be there and filled; "a|b" means one of the two.
    """

    name: str
    parameters: tuple[Field, ...]
    result: Field
    required: tuple[str, ...] = ()

    @property
    def input(self) -> Field:
        """Give the request wrapper as a record."""
        return Field(self.name, "record", self.parameters)


def texts(*names: str, longest: int = 0) -> tuple[Field, ...]:
    """Make string fields of the names, in this order."""
    return tuple(Field(name, longest=longest) for name in names)

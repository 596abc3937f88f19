"""Know the units of durations and sizes, and the types that a model of a YAML file uses for them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)\Z")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZE = re.compile(r"([0-9]+)(B|KiB|MiB|GiB)\Z")
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def parse_duration(text: object) -> float:
    """Turn "10m" into seconds; units ms, s, m, h, d; ValueError says what to type."""
    found = _DURATION.match(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"a duration carries its unit (ms, s, m, h or d): write {_bare(text)}s or {_bare(text)}m")
    return float(found[1]) * _SECONDS[found[2]]


def parse_size(text: object) -> int:
    """Turn "32MiB" into bytes; units B, KiB, MiB, GiB; ValueError says what to type."""
    found = _SIZE.match(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"a size carries its unit (B, KiB, MiB or GiB): write {_bare(text)}KiB or {_bare(text)}MiB")
    return int(found[1]) * _BYTES[found[2]]


def _bare(text: object) -> str:
    digits = re.match(r"[0-9]+", str(text))
    return digits[0] if digits else "10"


def _as_duration(value: object) -> float:
    try:
        return parse_duration(value)
    except ValueError as problem:
        raise PydanticCustomError("unit_missing", "{said}", {"said": str(problem)}) from problem


def _as_size(value: object) -> int:
    try:
        return parse_size(value)
    except ValueError as problem:
        raise PydanticCustomError("unit_missing", "{said}", {"said": str(problem)}) from problem


def _as_code(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise PydanticCustomError("code_expected", "a code stands in quotes")


Duration = Annotated[float, BeforeValidator(_as_duration, json_schema_input_type=str)]
"""Seconds, written with a unit: 500ms, 5s, 10m, 3h, 2d."""

Size = Annotated[int, BeforeValidator(_as_size, json_schema_input_type=str)]
"""Bytes, written with a unit: 512B, 64KiB, 32MiB, 1GiB."""

Code = Annotated[str, BeforeValidator(_as_code, json_schema_input_type=str)]
"""Text that may look like a number, such as a code: always in quotes when it does."""


class Sheet(BaseModel):
    """A group of keys in a YAML file: unknown keys are refused, `in_order_by` is written `in-order-by`."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=lambda name: name.rstrip("_").replace("_", "-")
    )

"""Name the bounds within which a document is opened."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one unpacked document may be.

    `unpacked` and `text` are bytes of XML, `depth` counts the root as 1, `elements` the whole document,
    `attributes` those of one element, `names` the different names of elements, attributes and prefixes.
    """

    unpacked: int = 64 * MEBIBYTE
    depth: int = 100
    elements: int = 500_000
    attributes: int = 256
    text: int = 8 * MEBIBYTE
    names: int = 20_000


DEFAULT_LIMITS = Limits()
"""The limits of contracts.md."""

"""Seal what is personal before it is stored, and make the keys by which it is found again."""

from __future__ import annotations

import hashlib

_PLAIN = b"\x00"
"""Version byte of a value that is kept as it is; a sealed form takes another number."""


class Seal:
    """The one gate that every body and every personal column passes on its way into and out of the store.

    `table`, `column` and `row` say where a value belongs, so that a sealed value cannot be moved elsewhere.
    """

    def seal(self, plain: bytes, *, table: str, column: str, row: str) -> bytes:  # noqa: ARG002 - the place binds a sealed form
        """Return the bytes to store: one version byte, then the value."""
        return _PLAIN + plain

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Return the value that was sealed; raises ValueError for a version this build does not know."""
        if sealed[:1] != _PLAIN:
            raise ValueError(f"{table}.{column} of {row} is sealed in a form this build does not know")
        return sealed[1:]

    def lookup(self, value: str) -> str:
        """Make the search key of a personal value: the same for the same value, empty for the empty one."""
        return hashlib.sha256(value.encode()).hexdigest() if value else ""

    def seal_text(self, text: str, *, table: str, column: str, row: str) -> bytes:
        """Seal a text as UTF-8; the empty text takes no space."""
        return self.seal(text.encode(), table=table, column=column, row=row) if text else b""

    def open_text(self, sealed: bytes, *, table: str, column: str, row: str) -> str:
        """Open what `seal_text` made."""
        return self.open(sealed, table=table, column=column, row=row).decode() if sealed else ""

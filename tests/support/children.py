"""Be a child of a supervisor under test."""

from __future__ import annotations


def run_code(code: str, *_sockets: int) -> None:
    """Run Python code as the child's whole life."""
    exec(code, {"__name__": "child"})  # noqa: S102 - the test itself wrote it

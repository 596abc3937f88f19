"""Register institutions and their departments (S0005-7, addOrganization ...) under the caller's own codes."""

from __future__ import annotations

from engine.services.registers.directory import Directory
from engine.services.registers.entries import Entries


def institutions(entries: Entries) -> Directory:
    """Give the register of institutions and departments."""
    found_by = ("name", "status", "kind", "parent")
    return Directory(entries=entries, register="institutions", code="code", meaning="机构（科室）代码", found_by=found_by)

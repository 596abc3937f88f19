"""Register medical staff (S0008-10, addProvider ...); numbers and telephones are shown to the own institution only."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from engine.interaction import Answered, Interaction
from engine.services.recordrights import RecordRights
from engine.services.registers.asked import found_text
from engine.services.registers.directory import Directory
from engine.services.registers.entries import Entries
from engine.services.registers.persons import audit_reading

_FOUND_BY = ("identity", "name", "gender", "birth", "profession", "department", "institutionCode", "status")
_HIDDEN = frozenset({"identity", "phone", "birth"})


@dataclass(frozen=True, slots=True)
class Staff:
    """The register of medical staff."""

    directory: Directory

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked; what is read of staff is audited like other personal data."""
        if asked.act not in ("query", "get"):
            return self.directory(connection, asked)
        found, total = self.directory.sought(connection, asked, _FOUND_BY)
        audit_reading(connection, asked, (f"{one.owner} {one.key[:16]}" for one in found))
        items = tuple(self.directory.shown(one, asked.institution) for one in found)
        return Answered(text=found_text(len(items), total), items=items, total=total)


def staff(entries: Entries, rights: RecordRights) -> Staff:
    """Give the register of staff."""
    return Staff(
        Directory(
            entries=entries, register="staff", code="staffId", meaning="医护人员标识", found_by=_FOUND_BY, hidden=_HIDDEN,
            scope=rights.staff,
        )
    )  # fmt: skip

"""Register administrative areas (addAreaRequest ...): an area, the areas below it, and what an area was before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from engine.hospital import Values
from engine.interaction import Answered, Interaction
from engine.services.registers.asked import found_text, said
from engine.services.registers.directory import Directory
from engine.services.registers.entries import Entries, Kept

CHILDREN, HISTORY = "areaChildrenRegistryQuery", "areaHistoryRegistryQuery"
"""The operations that ask for the areas below one, and for its former versions."""

_FOUND_BY = ("name", "parent", "level", "status")


@dataclass(frozen=True, slots=True)
class Areas:
    """The register of areas."""

    directory: Directory

    def __call__(self, connection: Connection, asked: Interaction) -> Answered:
        """Do what is asked."""
        if asked.act not in ("query", "get"):
            return self.directory(connection, asked)
        if asked.action == CHILDREN:
            asked = _below(asked)
        found, total = self.directory.sought(connection, asked, _FOUND_BY)
        items = tuple(self.directory.shown(one, asked.institution) for one in found)
        if asked.action == HISTORY:
            items = tuple(item for one in found for item in self._history(connection, one))
            total = len(items)
        return Answered(text=found_text(len(items), total), items=items, total=total)

    def _history(self, connection: Connection, one: Kept) -> list[Values]:
        """List what an area was, the present version first."""
        return [one.values, *self.directory.entries.versions(connection, one)]


def _below(asked: Interaction) -> Interaction:
    """Read the area that is named as the parent of those that are wanted."""
    parent = said(asked.values, "parent") or said(asked.values, "areaId")
    values = {name: value for name, value in asked.values.items() if name != "areaId"} | {"parent": parent}
    return replace(asked, values=values)


def areas(entries: Entries) -> Areas:
    """Give the register of areas."""
    return Areas(Directory(entries=entries, register="areas", code="areaId", meaning="区域代码", found_by=_FOUND_BY))

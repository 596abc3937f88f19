"""Find the one resident whom somebody names by number and name."""

from __future__ import annotations

from sqlalchemy import Connection

from engine.services.identifying import Key, Person, contradictions, identity_form
from engine.services.residents import Resident, find_resident
from engine.store.sealing import Seal


def claimed_resident(connection: Connection, seal: Seal, number: str, name: str) -> Resident | None:
    """Give the resident who has this identity number and this name; None when there is none, whichever of the two is wrong."""
    form = identity_form(number)
    found = find_resident(connection, seal, Key("identity", form)) if form else None
    if found is None or not name.strip() or not found.resident_name:
        return None
    return None if contradictions(Person(found.resident_name, "", ""), Person(name, "", "")) else found

"""Build the registers behind the interaction services, by the name that the tables of services give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from engine.hospital import Values
from engine.interaction import Register
from engine.services.appointments.model import Answer
from engine.services.library import Body
from engine.services.recordrights import RecordRights
from engine.store.sealing import Seal

OrderNews = Callable[[Connection, str, str, Values, str], Answer]
"""Let a hospital's word move one of our own orders in the caller's transaction: institution, function (5002 to 5005), values,
trace, as `Appointments.told`; gives RETURN_CODE, RETURN_MSG and values."""


def build_registers(seal: Seal, *, rights: RecordRights, body: Body, orders: OrderNews) -> Mapping[str, Register]:
    """Give every register by its name; `body` loads the document of a receipt as the library took it (app/library.py)."""
    del seal, rights, body, orders
    return {}

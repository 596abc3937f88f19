"""Build the registers behind the interaction services, by the name that the tables of services give them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from engine.interaction import Answered, Interaction, Register
from engine.services.library import Body
from engine.services.recordrights import RecordRights
from engine.services.registers import filings
from engine.services.registers.areas import areas
from engine.services.registers.asked import said
from engine.services.registers.documents import Documents
from engine.services.registers.entries import Entries
from engine.services.registers.institutions import institutions
from engine.services.registers.orders import OrderMoves, OrderNews
from engine.services.registers.residents import People
from engine.services.registers.schedules import Schedules
from engine.services.registers.staff import staff
from engine.services.registers.terms import Terms
from engine.store.sealing import Seal

_NAMED = ("survivorId", "identity", "patientId", "number", "scheduleId", "valueSet", "code", "staffId", "areaId", "cardNumber")


def build_registers(
    seal: Seal, *, rights: RecordRights, body: Body, orders: OrderNews, filed: filings.Filed = filings.nobody
) -> Mapping[str, Register]:
    """Give every register by its name; `body` loads the document of a receipt as the library took it (app/library.py).

    `filed` hears of every fresh entry of a filing and every fresh status, late ones too. A write that is refused or fails leaves nothing behind, and the transaction may go on with the next message.
    """
    entries = Entries(seal)
    found: dict[str, Register] = {
        "residents": People(entries, rights, "residents", ("patientId",), "患者标识"),
        "cards": People(entries, rights, "cards", ("cardNumber", "healthCard"), "就诊卡号"),
        "institutions": institutions(entries),
        "staff": staff(entries, rights),
        "terms": Terms(entries),
        "areas": areas(entries),
        "documents": Documents(entries, rights, body),
        "schedules": Schedules(entries),
        **dict(filings.registers(entries, rights, {"appointment-status": OrderMoves(orders)}, filed)),
    }
    return {name: _whole(register) for name, register in found.items()}


def lock_order(asked: Interaction) -> tuple[str, ...]:
    """Give the place of an interaction among those of one transaction, so that all transactions lock in about one order.

    Those about one thing have one place: they stay in the order in which they came.
    """
    listed = asked.values.get("entry")
    first = listed[0] if isinstance(listed, tuple) and listed else asked.values
    return (asked.register, *(said(first, name) for name in _NAMED))


def _whole(register: Register) -> Register:
    """Let a write happen as a whole or not at all within the caller's transaction."""

    def call(connection: Connection, asked: Interaction) -> Answered:
        if asked.act in ("query", "get"):
            return register(connection, asked)
        with connection.begin_nested():
            return register(connection, asked)

    return call

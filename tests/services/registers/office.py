"""Ask the registers of a store as a door does: each message a transaction of its own, on invented people."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select

from engine.errors import SenderError
from engine.interaction import Interaction
from engine.services.audit import Audit
from engine.services.recordrights import RecordRights
from engine.services.records import RecordsDesk, record
from engine.services.registers import build_registers
from tests.services.people import said
from tests.support.seals import SEAL

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
LI = "220102199003078517"
WANG = "220102198512120029"
PERSON = {"name": "测试患者甲", "gender": "1", "birth": "19900307"}


def no_orders(_connection, institution, function, values, _trace):
    raise AssertionError(f"nobody moves an order here: {institution} {function} {values}")


class Office:
    """The registers of one store, with a clock that goes on by a second for each message."""

    def __init__(
        self,
        database,
        *,
        rights=None,
        orders=no_orders,
        seal=SEAL,
        body=lambda _connection, receipt: f"<a>{receipt}</a>".encode(),
    ):
        self.database, self.seal = database, seal
        self.registers = build_registers(seal, rights=rights or RecordRights(), body=body, orders=orders)
        self._numbers = count(1)

    def message(self, register, act, institution="H1", *, action="S0000", received=None, **values):
        number = next(self._numbers)
        return Interaction(
            action=action, register=register, act=act, institution=institution, message_id=f"M{number}",
            receipt="" if act in ("query", "get") else f"R{number:05}", received=received or NOON + timedelta(seconds=number),
            values=values, peer="10.0.0.9", trace=f"T{number}",
        )  # fmt: skip

    def ask(self, register, act, institution="H1", **values):
        """Ask in a transaction of its own."""
        return self.send(self.message(register, act, institution, **values))

    def send(self, message):
        with self.database.write() as connection:
            return self.registers[message.register](connection, message)

    def refused(self, register, act, institution="H1", **values):
        """Ask what is refused; gives the code."""
        with pytest.raises(SenderError) as refusal:
            self.ask(register, act, institution, **values)
        assert refusal.value.first.message
        assert refusal.value.first.hint
        return refusal.value.code

    def take(self, *papers):
        """Take documents into the library."""
        with self.database.write() as connection:
            RecordsDesk(self.seal).take(connection, papers)

    def readings(self):
        """List what was read: institution, register, reason, person."""
        with self.database.read() as connection:
            rows = Audit().rows(connection, verdict="read")
        return [(row.institution, row.service, row.reason, row.subject) for row in rows]

    def owners(self):
        """Tell whose each document is."""
        with self.database.read() as connection:
            return {row.message: row.resident for row in connection.execute(select(record.c.message, record.c.resident))}


__all__ = ["LI", "NOON", "PERSON", "WANG", "Office", "said"]

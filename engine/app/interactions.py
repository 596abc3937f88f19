"""Build the interaction services of one front: HIPMessageServer and the regional registers, over the registers behind both."""

from __future__ import annotations

from collections.abc import Mapping

from engine.app.ground import Ground
from engine.app.library import bodies
from engine.inbound.calling import Service
from engine.inbound.hip import HIP
from engine.inbound.intake import Filing, Intake
from engine.inbound.interaction_door import InteractionDoor
from engine.inbound.interaction_filing import MessageFiling
from engine.inbound.regional import REGIONAL_CONTRACTS
from engine.interaction import Register
from engine.services.appointments.desk import Appointments
from engine.services.registers import build_registers, lock_order
from engine.services.reports.hearing import Hearing
from engine.store.journal import Journal


def open_registers(ground: Ground, appointments: Appointments, hearing: Hearing) -> Mapping[str, Register]:
    """Build the registers behind the interaction services over the store of a front."""
    body = bodies(ground.database, ground.seal)
    return build_registers(ground.seal, rights=ground.access.records, body=body, orders=appointments.told, filed=hearing.filed)


class Interactions:
    """The interaction services; they judge by the judges of the intake, and so follow the set of files in force."""

    def __init__(
        self, ground: Ground, journal: Journal, intake: Intake, parcels: Filing, registers: Mapping[str, Register]
    ) -> None:
        filing = MessageFiling(journal, parcels, registers, lock_order)
        self._door = InteractionDoor(
            intake, filing, ground.writer, ground.database, ground.institutions, ground.audit, ground.put_down
        )

    @property
    def services(self) -> Mapping[str, Service]:
        """Name the addresses with what answers there."""
        regional = {
            f"/services/regional/{name}": Service(contract=contract, handlers=self._door.regional(list(contract.operations)))
            for name, contract in REGIONAL_CONTRACTS.items()
        }
        return {"/services/hip": Service(contract=HIP, handlers=self._door.hip), **regional}

    def close(self) -> None:
        """Finish what is in hand."""
        self._door.close()

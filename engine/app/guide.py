"""Build the guide of one front: portals ask it at /services/guide."""

from __future__ import annotations

from collections.abc import Mapping

from engine.app.ground import Ground
from engine.inbound.calling import Service
from engine.inbound.guide import GUIDE
from engine.inbound.guide_door import GuideDoor
from engine.services.appointments.desk import Appointments
from engine.services.guide.asking import Guide


class GuideReading:
    """The guide as portals read it; which hospitals are connected for booking is said by the set of files in force."""

    def __init__(self, ground: Ground, appointments: Appointments) -> None:
        def connected(hospital: str) -> bool:
            return appointments.counter.terms_of(hospital) is not None

        self._door = GuideDoor(Guide(ground.database, connected))

    @property
    def services(self) -> Mapping[str, Service]:
        """Name the address with what answers there."""
        return {"/services/guide": Service(contract=GUIDE, handlers=self._door.handlers)}

    def close(self) -> None:
        """Finish the readings in hand."""
        self._door.close()

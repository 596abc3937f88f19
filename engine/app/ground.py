"""Open what all services of a front stand on: the store, the register of institutions, the audit, the journal's writer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from engine import metrics
from engine.app.cellar import open_seal
from engine.app.pausing import Pausing
from engine.log import get_logger
from engine.services.access import Access, load_access
from engine.services.audit import Audit, AuditNote
from engine.services.institutions import Institutions
from engine.services.nonces import NonceUse, take_nonces
from engine.services.quotas import Quotas
from engine.services.signins import SignIns
from engine.settings import Settings
from engine.store.database import Database
from engine.store.sealing import Seal
from engine.store.writer import Writer

_LOG = get_logger("front")
_EVERY = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What one front has once, for all its services."""

    settings: Settings
    database: Database
    seal: Seal
    institutions: Institutions
    access: Access
    audit: Audit
    signins: SignIns
    quotas: Quotas
    writer: Writer
    pausing: Pausing

    async def put_down(self, note: AuditNote) -> object:
        """Write one audit note durably, together with what else the writer has at hand."""
        return await self.writer.write(self.audit.write, note)

    async def take(self, use: NonceUse) -> bool:
        """Use a nonce up durably; tells whether this is its first use."""
        return await self.writer.write(take_nonces, use)

    async def keep(self) -> None:
        """Write gathered admissions and failures every second; a store that is away keeps them in memory until it is back."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await asyncio.to_thread(self.audit.flush, self.database)
                await asyncio.to_thread(self.signins.flush)
            except Exception as problem:  # noqa: BLE001 - what was gathered is kept by flush, and the next second tries again
                _LOG.warning("audit not written", error=type(problem).__name__)

    def close(self) -> None:
        """Commit what waits, and write what was gathered."""
        self.writer.stop()
        self.audit.flush(self.database)
        self.signins.flush()


def open_ground(settings: Settings, database: Database) -> Ground:
    """Open it over a store; the register is read once."""
    seal = open_seal(database, settings)
    institutions = Institutions(database, seal)
    institutions.refresh()
    access = load_access(settings.project)
    return Ground(
        settings=settings, database=database, seal=seal, institutions=institutions,
        access=access, audit=Audit(), signins=SignIns(database), quotas=Quotas(database, access.quotas),
        writer=Writer(database, observe=metrics.figures().commit), pausing=Pausing(database),
    )  # fmt: skip

"""Build what answers the calls of one front: every service with its handlers, taken up and closed together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.app.appointments import Booking
from engine.app.ground import Ground
from engine.app.guide import GuideReading
from engine.app.house import PACE, House, build_desks
from engine.app.interactions import Interactions, open_registers
from engine.app.referrals import ReferralReading, Referring, read_rules
from engine.app.reportdoor import ReportReading
from engine.app.reports import Reporting, read_settings
from engine.app.sets import Judging, Sets
from engine.documents.catalogue import Catalogue
from engine.errors import Issue, SenderError
from engine.inbound.admission import Admission
from engine.inbound.api import API
from engine.inbound.api_door import ApiDoor
from engine.inbound.appointment import APPOINTMENT
from engine.inbound.appointment_door import AppointmentDoor
from engine.inbound.calling import Service
from engine.inbound.collection import COLLECTION
from engine.inbound.enquiry import Enquiry, Reading
from engine.inbound.handbook import explanation
from engine.inbound.hospitalcalls import HospitalCalls
from engine.inbound.intake import Filing, Intake
from engine.inbound.judge import CustodianCheck, Judge
from engine.inbound.lanes import Lanes
from engine.inbound.meter import Meter
from engine.inbound.poison import Vigil
from engine.inbound.registration import Registration
from engine.inbound.registry import REGISTRY
from engine.inhand.board import Board, Place
from engine.inhand.deaths import Deaths
from engine.inhand.pace import Pace
from engine.services.applications import Applications
from engine.services.appointments.counter import ReportNews
from engine.services.audit import AuditNote
from engine.services.institutions import judge_custodian
from engine.services.reports.desk import Reports
from engine.store.journal import Journal


class Doors:
    """The services of one front on one ground; they follow the set of files in force."""

    def __init__(self, ground: Ground, house: House, board: Board) -> None:
        self.admission = Admission(
            ground.institutions, ground.access, ground.audit, ground.put_down, signins=ground.signins, take=ground.take
        )
        self._reporting = reporting = Reporting(ground.database, ground.seal, house)
        self.documents = DocumentDoor(ground, house, board, reporting.reports)
        self._booking = BookingDoor(ground, house, reporting.hearing.pushed)
        documents, booking = self.documents, self._booking
        self._interactions = Interactions(
            ground,
            documents.journal,
            documents.intake,
            documents.filing,
            open_registers(ground, booking.appointments, reporting.hearing),
        )
        self._readings = ReportReading(ground, reporting.reports, documents.intake)
        self._guide = GuideReading(ground, booking.appointments)
        self._referring = Referring(ground.database, ground.seal, house, booking.appointments, reporting.reports, ground.access)
        self._referrals = ReferralReading(ground, self._referring.referrals, booking.turns)
        applications = Applications(ground.database, ground.seal)
        self._registration = Registration(ground.institutions, applications, ground.audit, ground.put_down)

    @property
    def services(self) -> Mapping[str, Service]:
        """Name every address with what answers there."""
        return {
            "/services/collection/{institution}": self.documents.service,
            "/services/institution": Service(contract=REGISTRY, handlers=self._registration.handlers),
            **self._booking.services,
            **self._readings.services,
            **self._guide.services,
            **self._referrals.services,
            **self._interactions.services,
        }

    async def take_up(self, folder: Path) -> Catalogue:
        """Work by another set of files; raises, and then nothing is exchanged."""
        house = await self.documents.load(folder)
        reporting = await asyncio.to_thread(read_settings, house)
        referring = await asyncio.to_thread(read_rules, house)
        await self._booking.take_up(house)
        self._reporting.renew(house, reporting)
        self._referring.renew(referring)
        await self.documents.take_up(house)
        return house.press.catalogue

    def close(self) -> None:
        """Finish what is in hand; afterwards nothing more is written."""
        self._interactions.close()
        self._readings.close()
        self._guide.close()
        self._referrals.close()
        self.documents.close()
        self._booking.close()
        self._registration.close()
        self.admission.close()


class DocumentDoor:
    """The collection service: documents come in, and hospitals ask about them."""

    def __init__(self, ground: Ground, house: House, board: Board, reports: Reports) -> None:
        settings, desks = ground.settings, build_desks(ground.seal, reports)
        self.journal = Journal(ground.database, ground.seal)
        explain = partial(explanation, settings.public_address.rstrip("/"))
        self.reading = Reading(ground.database)
        self._sets = Sets(settings, house, _judging(ground, board))
        self.filing = Filing(self.journal, desks, explain)
        self.intake = Intake(
            make_judge=self._sets.make_judge,
            filing=self.filing, writer=ground.writer, explain=explain, large=settings.limits.large,
            batch_documents=settings.limits.batch_documents, batch_unpacked=settings.limits.batch_unpacked,
            lanes=Lanes(Pace(settings.data / PACE)), meter=Meter(ground.quotas, self.reading.outside),
        )  # fmt: skip
        self._enquiry = Enquiry(
            journal=self.journal, reading=self.reading, writer=ground.writer, desks=desks, catalogue=house.press.catalogue
        )

    @property
    def service(self) -> Service:
        """Give the contract with what answers each of its operations."""
        intake, enquiry = self.intake, self._enquiry
        handlers: dict[str, Any] = {
            "Upload": intake.upload,
            "UploadBinary": intake.upload,
            "UploadBatch": intake.upload_batch,
            "QueryReceipt": enquiry.query_receipt,
            "Revoke": enquiry.revoke,
            "Reconcile": enquiry.reconcile,
            "QualityReport": enquiry.quality_report,
            "Heartbeat": enquiry.heartbeat,
            "ListDocumentTypes": enquiry.list_document_types,
        }
        return Service(contract=COLLECTION, handlers=handlers)

    async def load(self, folder: Path) -> House:
        """Load and compile another set of files beside the one in force; raises what is wrong with it."""
        return await self._sets.load(folder)

    async def take_up(self, house: House) -> None:
        """Judge by another set of files; raises, and then nothing is exchanged."""
        await self._sets.exchange(house, self.intake)
        self._enquiry.exchange(house.press.catalogue)

    def close(self) -> None:
        """Finish the documents and the reads in hand."""
        self.intake.close()
        self.reading.close()


class BookingDoor:
    """The services of appointments: portals book at /services/appointment, hospitals call ApiService at both its addresses."""

    def __init__(self, ground: Ground, house: House, reports: ReportNews) -> None:
        chosen = ground.settings.hospitals
        self._booking = Booking(ground.settings, ground.database, ground.seal, house, reports)
        self.appointments = appointments = self._booking.appointments
        self.turns = turns = HospitalCalls(
            each=chosen.portal_each, together=chosen.portal_together, patience=chosen.portal_patience
        )
        self._portals = AppointmentDoor(appointments, turns)
        self._hospitals = ApiDoor(
            self._booking.callers,
            appointments.answer,
            ground.institutions,
            ground.access,
            ground.audit,
            ground.put_down,
            ground.take,
        )

    @property
    def services(self) -> Mapping[str, Service]:
        """Name the addresses with what answers there."""
        api = Service(contract=API, handlers=self._hospitals.handlers)
        portals = Service(contract=APPOINTMENT, handlers=self._portals.handlers)
        return {"/services/appointment": portals, "/services/api": api, "/ApiService.asmx": api}

    async def take_up(self, house: House) -> None:
        """Ask and know the hospitals of another set of files; raises ConfigError, and then nothing is exchanged."""
        await asyncio.to_thread(self._booking.renew, house)
        self._hospitals.exchange(self._booking.callers)

    def close(self) -> None:
        """Finish the calls in hand, then close the connections to the hospitals."""
        self._portals.close()
        self._hospitals.close()
        self._booking.close()


def _judging(ground: Ground, board: Board) -> Judging:
    """Make judges of a set of files, each telling the board at its place what it has in hand."""
    custodian, key_of, data = _custodian_check(ground), ground.institutions.upload_key_of, ground.settings.data

    def judge(house: House, place: Place) -> Judge:
        vigil = Vigil(place, board, Deaths(data))
        return Judge(house.press, house.book, custodian, key_of, vigil, lambda: ground.pausing.names)

    return judge


def _custodian_check(ground: Ground) -> CustodianCheck:
    """Judge the institution code in a document, and audit one that is another institution's."""

    def check(caller: str, custodian: str) -> Issue | None:
        try:
            return judge_custodian(ground.institutions, caller, custodian)
        except SenderError:
            ground.audit.note(
                AuditNote(peer="", institution=caller, verdict="refused", reason="other-custodian", service="DataCollection")
            )
            raise

    return check

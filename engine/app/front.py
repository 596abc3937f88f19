"""Build and run a front: the process that answers SOAP calls."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from engine import metrics
from engine.app.following import LOOK, Following
from engine.app.house import House, build_desks, load_in_force, open_database, open_seal, tls_context
from engine.app.process import beat_on_loop, begin, stop_when_told
from engine.app.sets import Judging, Sets, compile_early
from engine.documents.catalogue import Catalogue
from engine.documents.press import Press
from engine.errors import Issue, SenderError
from engine.inbound.admission import Admission, Written
from engine.inbound.calling import Service
from engine.inbound.collection import COLLECTION
from engine.inbound.encryption import KeyOf
from engine.inbound.enquiry import Enquiry, Reading
from engine.inbound.exchange import Observation
from engine.inbound.front import Front, build_front
from engine.inbound.handbook import Handbook, explanation
from engine.inbound.intake import Filing, Intake
from engine.inbound.judge import CustodianCheck, Judge
from engine.inbound.limits import FrontLimits
from engine.inbound.poison import Vigil
from engine.inbound.protocol import serve
from engine.inbound.registration import Registration
from engine.inbound.registry import REGISTRY
from engine.inhand.board import Board, Place
from engine.inhand.deaths import Deaths
from engine.log import get_logger
from engine.services.access import load_access
from engine.services.applications import Applications
from engine.services.audit import Audit, AuditNote
from engine.services.institutions import Institutions, judge_custodian
from engine.services.nonces import take_nonces
from engine.services.signins import SignIns
from engine.settings import ROOT, Settings
from engine.store.database import Database
from engine.store.journal import Journal
from engine.store.writer import Writer
from engine.supervisor import tell_ready

_LOG = get_logger("front")
_AUDIT_EVERY = 1.0
_HEALTH_KEPT = 1.0


def run_front(settings: Settings, name: str, fd: int) -> None:
    """Serve on an inherited socket until told to stop; what is in hand is finished first."""
    board = begin(settings, name)
    asyncio.run(_serve(settings, name, socket.socket(fileno=fd), board))


async def _serve(settings: Settings, name: str, listening: socket.socket, board: Board) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    stop_when_told(lambda: loop.call_soon_threadsafe(stop.set), board)
    async with _open_front(settings, name, board) as front:
        beating = asyncio.create_task(beat_on_loop(board))
        board.beat()
        tell_ready()
        tls = tls_context(settings, clients=True)
        await serve(front, listening, limits=front_limits(settings), tls=tls, stop=stop, grace=settings.deadlines.drain * 0.8)
        beating.cancel()


def front_limits(settings: Settings) -> FrontLimits:
    """Give the front its bounds."""
    chosen = settings.limits
    return FrontLimits(
        body=chosen.body, in_flight=chosen.in_flight, header_deadline=settings.deadlines.header,
        body_deadline=settings.deadlines.body, base_address=settings.public_address.rstrip("/"),
    )  # fmt: skip


@contextlib.asynccontextmanager
async def _open_front(settings: Settings, name: str, board: Board) -> AsyncIterator[Front]:
    with contextlib.closing(open_database(settings)) as database:
        audit, seal = Audit(), open_seal(database, settings)
        house = load_in_force(settings, database, seal)
        institutions = Institutions(database, seal)
        institutions.refresh()
        journal, writer, desks = Journal(database, seal), Writer(database, observe=metrics.figures().commit), build_desks(seal)
        access = load_access(settings.project / "config" / "access.yaml", "config/access.yaml")
        put_down: Written = lambda note: writer.write(audit.write, note)  # noqa: E731 - one line that two rooms share
        signins = SignIns(database)
        admission = Admission(
            institutions, access, audit, put_down, signins=signins, take=lambda use: writer.write(take_nonces, use)
        )  # fmt: skip
        registration = Registration(institutions, Applications(database, seal), audit, put_down)
        reading, threads = Reading(database), ThreadPoolExecutor(1, thread_name_prefix="large-body")
        explain = partial(explanation, settings.public_address.rstrip("/"))
        judging = _judging(settings, _custodian_check(institutions, audit), institutions.upload_key_of, board)
        sets = Sets(settings, house, judging)
        intake = Intake(
            make_judge=sets.make_judge,
            filing=Filing(journal, desks, explain), writer=writer, explain=explain, large=settings.limits.large,
            batch_documents=settings.limits.batch_documents, batch_unpacked=settings.limits.batch_unpacked,
        )  # fmt: skip
        enquiry = Enquiry(journal=journal, reading=reading, writer=writer, desks=desks, catalogue=house.press.catalogue)
        keeping = asyncio.create_task(_keep(audit, signins, database))
        front = build_front(
            {
                "/services/collection/{institution}": Service(contract=COLLECTION, handlers=_handlers(intake, enquiry)),
                "/services/institution": Service(contract=REGISTRY, handlers=registration.handlers),
            },
            admit=admission.admit, health=_health(database, reading), wsdl_folder=settings.project / "wsdl" / "platform",
            handbook=_handbook(house.press.catalogue), limits=front_limits(settings), executor=threads, observe=_observe,
        )  # fmt: skip

        async def take_up(folder: Path) -> None:
            catalogue = (await sets.take_up(folder, intake)).press.catalogue
            enquiry.exchange(catalogue)
            front.exchange(_handbook(catalogue))

        following = Following(settings, database, seal, name, house.book.revision)
        looking = asyncio.create_task(_follow(following, take_up, house.press))
        try:
            yield front
        finally:
            keeping.cancel()
            looking.cancel()
            intake.close()
            registration.close()
            writer.stop()
            audit.flush(database)
            signins.flush()
            reading.close()
            threads.shutdown()
            admission.close()


def _handbook(catalogue: Catalogue) -> Handbook:
    return Handbook(catalogue, ROOT / "docs")


async def _follow(following: Following, take_up: Callable[[Path], Awaitable[None]], press: Press) -> None:
    """Take up each set of files that becomes current; what the front began with is compiled meanwhile."""
    compiling = asyncio.create_task(compile_early(press))
    try:
        while True:
            with following.attempt():
                folder = await asyncio.to_thread(following.news)
                if folder is not None:
                    compiling.cancel()
                    await take_up(folder)
                    following.taken_up()
            await asyncio.sleep(LOOK)
    finally:
        compiling.cancel()


def _custodian_check(institutions: Institutions, audit: Audit) -> CustodianCheck:
    """Judge the institution code in a document, and audit one that is another institution's."""

    def check(caller: str, custodian: str) -> Issue | None:
        try:
            return judge_custodian(institutions, caller, custodian)
        except SenderError:
            audit.note(
                AuditNote(peer="", institution=caller, verdict="refused", reason="other-custodian", service="DataCollection")
            )
            raise

    return check


def _judging(settings: Settings, custodian: CustodianCheck, key_of: KeyOf, board: Board) -> Judging:
    """Make judges of a set of files, each telling the board at its place what it has in hand."""

    def judge(house: House, place: Place) -> Judge:
        return Judge(house.press, house.book, custodian, key_of, Vigil(place, board, Deaths(settings.data)))

    return judge


def _handlers(intake: Intake, enquiry: Enquiry) -> dict[str, Any]:
    return {
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


def _observe(seen: Observation) -> None:
    metrics.figures().request(seen.service, seen.operation or "unknown", seen.code or "result", seen.seconds)


async def _keep(audit: Audit, signins: SignIns, database: Database) -> None:
    """Write gathered admissions and failures every second; a store that is away keeps them in memory until it is back."""
    while True:
        await asyncio.sleep(_AUDIT_EVERY)
        try:
            await asyncio.to_thread(audit.flush, database)
            await asyncio.to_thread(signins.flush)
        except Exception as problem:  # noqa: BLE001 - what was gathered is kept by flush, and the next second tries again
            _LOG.warning("audit not written", error=type(problem).__name__)


def _health(database: Database, reading: Reading) -> Callable[[], Any]:
    """Ask the store at most once a second, however often the address is called; raises TryAgain when it is away."""
    last = -_HEALTH_KEPT

    async def ask() -> bool:
        nonlocal last
        now = asyncio.get_running_loop().time()
        if now - last >= _HEALTH_KEPT:
            await reading.outside(database.ping_write)
            last = now
        return True

    return ask

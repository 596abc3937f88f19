"""Walk stored messages again with the routes in force: one by its receipt, or many by cause; file corrections of refused ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from engine.app.cellar import open_seal, open_store
from engine.app.house import House, build_desks, load_in_force
from engine.app.reports import Reporting
from engine.documents.packing import gunzip_stored, pack_gzip
from engine.errors import EngineError, Issue
from engine.inbound.judge import UNWALKED, Judge, Judgement, Upload
from engine.inhand.deaths import Deaths
from engine.interaction import is_message
from engine.message import SHANGHAI
from engine.services.audit import Audit, AuditNote, changed
from engine.services.institutions import Institutions, judge_custodian
from engine.settings import Settings
from engine.store.database import Connection, Database
from engine.store.entries import Entry, Facts, Filed, StoredMessage
from engine.store.journal import Journal
from engine.store.sealing import Seal

_PAGE = 200
_REPLAYED = ("ERROR", "INVALID")


class NotReplayed(EngineError):
    """What was asked for cannot be walked again or filed; the words say why."""


class _Refused(Exception):
    """The ids of a correction are refused: the transaction that filed it is not to be committed."""

    def __init__(self, filed: Filed) -> None:
        super().__init__(filed.code)
        self.filed = filed


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which messages: one `receipt`, or all of `route` and `code` received since `since` (Shanghai)."""

    receipt: str = ""
    route: str = ""
    code: str = ""
    since: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """What became of one message, or would."""

    receipt: str
    before: str
    after: str
    first_issue: str = ""

    @property
    def changed(self) -> bool:
        """Tell whether the outcome is another one."""
        return self.before != self.after

    def __str__(self) -> str:
        """Write the line for the terminal."""
        outcome = f"{self.before} -> {self.after}" if self.changed else f"{self.before} (as before)"
        return f"{self.receipt}  {outcome}" + (f"  {self.first_issue}" if self.first_issue else "")


def replay_messages(settings: Settings, wanted: Wanted, *, preview: bool) -> Iterator[Line]:
    """Walk the wanted messages again from their original bytes, each in a transaction of its own; preview writes nothing.

    Raises NotReplayed for a receipt that is not kept or whose body is not.
    """
    with open_store(settings) as database:
        seal = open_seal(database, settings)
        replay = Replay(settings, database, seal, load_in_force(settings, database, seal))
        for facts in replay.find(wanted):
            yield replay.walk(facts.receipt, preview=preview)


class Replay:
    """Judge stored messages again, on one thread, with the set of files that a house was loaded from."""

    def __init__(self, settings: Settings, database: Database, seal: Seal, house: House) -> None:
        self._database = database
        institutions = Institutions(database, seal)
        self._journal = Journal(database, seal)
        self._deaths = Deaths(settings.data)
        self._desks = build_desks(seal, Reporting(database, seal, house).reports)
        self._judge = Judge(house.press, house.book, lambda caller, custodian: _custodian(institutions, caller, custodian))

    def find(self, wanted: Wanted) -> Iterator[Facts]:
        """Find what is wanted, page by page; raises NotReplayed."""
        if wanted.receipt:
            yield self._load(wanted.receipt).facts
            return
        since = _moment(wanted.since) if wanted.since else None
        for state in _REPLAYED:
            after = None
            while True:
                with self._database.read() as connection:
                    page = self._journal.search(
                        connection, state=state, route=wanted.route, code=wanted.code, since=since, after=after, limit=_PAGE
                    )
                yield from (facts for facts in page if not facts.mark and not is_message(facts.document_type))
                if len(page) < _PAGE:
                    break
                after = page[-1].place

    def walk(self, receipt: str, *, preview: bool, by: str = "command-line", peer: str = "") -> Line:
        """Walk one message again, in a transaction of its own; preview writes nothing. Raises NotReplayed."""
        stored = self._load(receipt)
        facts = stored.facts
        judgement = self._judge.judge_stored(_entry_of(facts), gunzip_stored(stored.original))
        entry = judgement.entry
        if not preview:
            with self._database.write() as connection:
                entry = self._settle(connection, receipt, judgement, by, peer)
            if facts.code == UNWALKED:
                self._deaths.clear(bytes.fromhex(facts.digest))
        first = entry.issues[0].message if entry.issues and entry.state != "ROUTED" else ""
        return Line(receipt=receipt, before=f"{facts.state} {facts.code}", after=f"{entry.state} {entry.code}", first_issue=first)

    def correct(self, receipt: str, content: bytes, *, reason: str, by: str, peer: str) -> Line:
        """File a document as its institution's correction of one that was refused; nothing is filed while it would be refused too.

        `content` is the XML. The refused message is then replaced by the new one, whose receipt the line gives. Raises NotReplayed.
        """
        facts = self._load(receipt).facts
        judgement = self._judge.judge(
            Upload(
                institution=facts.institution, document_type=facts.document_type, document_id=facts.document_id,
                payload=pack_gzip(content), lane=facts.lane, peer=peer,
            )
        )  # fmt: skip
        entry, note = judgement.entry, changed("correct", subject=receipt, actor=by, peer=peer)
        if entry.state != "INVALID":
            try:
                entry = self._file(receipt, judgement, f"{by}: {reason}", note)
            except _Refused as refusal:
                entry = replace(entry, state="INVALID", code=refusal.filed.code, issues=refusal.filed.issues)
        first = entry.issues[0].message if entry.issues and entry.state != "ROUTED" else ""
        before, after = f"{facts.state} {facts.code}", f"{entry.state} {entry.code}"
        return Line(receipt=receipt if entry.state == "INVALID" else entry.receipt, before=before, after=after, first_issue=first)

    def _file(self, receipt: str, judgement: Judgement, told: str, note: AuditNote) -> Entry:
        with self._database.write() as connection:
            try:
                filed = self._journal.correct(connection, receipt, judgement.entry, told)
            except LookupError as problem:
                raise NotReplayed(str(problem)) from problem
            if filed.duplicate or filed.state == "INVALID":
                raise _Refused(filed)
            self._serve(connection, judgement, filed)
            Audit().write(connection, [note])
        return replace(judgement.entry, receipt=filed.receipt, state=filed.state, code=filed.code, issues=filed.issues)

    def _settle(self, connection: Connection, receipt: str, judgement: Judgement, by: str, peer: str) -> Entry:
        try:
            filed = self._journal.judge_again(connection, receipt, judgement.entry)
        except LookupError as problem:
            raise NotReplayed(str(problem)) from problem
        self._serve(connection, judgement, filed)
        Audit().write(connection, [changed("replay", subject=receipt, actor=by, peer=peer)])
        return replace(judgement.entry, state=filed.state, code=filed.code, issues=filed.issues)

    def _serve(self, connection: Connection, judgement: Judgement, filed: Filed) -> None:
        for name, desk in self._desks.items():
            records = [record for wanted, record in judgement.effects if filed.fresh and wanted == name]
            desk.take(connection, records)
            desk.withdraw(connection, [*([] if records else [filed.receipt]), *filed.superseded])

    def _load(self, receipt: str) -> StoredMessage:
        with self._database.read() as connection:
            stored = self._journal.load(connection, receipt)
        if stored is None:
            raise NotReplayed(f"there is no message {receipt}")
        if is_message(stored.facts.document_type):
            raise NotReplayed(f"message {receipt} is an interaction, whose sender has its answer; it must send it again")
        if stored.original_form != "gzip":
            raise NotReplayed(f"message {receipt} never was a readable GZIP; its sender must send it again")
        return stored


def _custodian(institutions: Institutions, caller: str, custodian: str) -> Issue | None:
    institutions.refresh()
    return judge_custodian(institutions, caller, custodian)


def _entry_of(facts: Facts) -> Entry:
    return Entry(
        receipt=facts.receipt, institution=facts.institution, document_type=facts.document_type, document_id=facts.document_id,
        received=datetime.now(UTC), route=facts.route, revision=facts.revision, state=facts.state, digest=facts.digest,
        size=facts.size, lane=facts.lane, batch=facts.batch, peer=facts.peer,
    )  # fmt: skip


def _moment(text: str) -> datetime:
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise NotReplayed(f"{text!r} is no time; write yyyy-MM-dd or yyyy-MM-ddTHH:mm:ss") from None
    if given.tzinfo is None:
        given = datetime.combine(given.date(), given.time() or time(), SHANGHAI)
    return given

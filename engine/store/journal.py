"""Keep the journal: everything that happened to every message, and the questions that are asked about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.engine import Connection

from engine.message import Lane
from engine.store import batches, browse, filing, replay, reports, rows, search
from engine.store.browse import Asked, Leaf
from engine.store.bulk import insert_rows
from engine.store.database import Database
from engine.store.entries import (
    Entry,
    EventLine,
    Facts,
    Filed,
    KnownBatch,
    MessageState,
    QualityAsked,
    QualityRow,
    QualitySums,
    ReconcileRow,
    Status,
    Stored,
    StoredMessage,
)
from engine.store.sealing import Seal
from engine.store.tables import event


class Journal:
    """The journal of one database; every method works in the caller's transaction.

    The statements that write decide by unique keys. Two transactions that decide about one id at once make the
    later one raise Collision or IntegrityError; it is run again from its start (the Writer does so).
    """

    def __init__(self, database: Database, seal: Seal) -> None:
        self.database = database
        self.seal = seal

    def file(self, connection: Connection, entries: Sequence[Entry]) -> list[Filed]:
        """File entries in order and answer for each; filing a receipt again answers what is stored."""
        return filing.file(connection, self.seal, entries)

    def revoke(
        self, connection: Connection, institution: str, document_type: str, document_id: str, reason: str, now: datetime
    ) -> Filed:
        """Mark a message as revoked, free its ids, cancel its queued deliveries; raises SenderError SND-505."""
        return replay.revoke(connection, self.seal, institution, document_type, document_id, reason, now)

    def judge_again(self, connection: Connection, receipt: str, entry: Entry) -> Filed:
        """Give a stored message the outcome of a new walk; `entry.received` is the time of the replay.

        Destinations that still have an unfinished delivery get no second one. What was accepted and is refused now
        waits as ERROR, since an acceptance is not taken back. `fresh` tells the caller to take the message's records anew,
        else to withdraw them; `superseded` are the receipts of the messages that it now replaces. Raises LookupError for an
        unknown, revoked, replaced or discarded message.
        """
        return replay.judge_again(connection, self.seal, receipt, entry)

    def correct(self, connection: Connection, receipt: str, entry: Entry, told: str) -> Filed:
        """File a message that corrects a refused one; `told` says who did it and why, and both messages keep it.

        What is a duplicate or refused by its ids replaces nothing; the caller then does not commit. Raises LookupError when the
        old message is not INVALID any more.
        """
        return replay.correct(connection, self.seal, receipt, entry, told)

    def discard(self, connection: Connection, receipt: str, reason: str, by: str, now: datetime) -> bool:
        """Put an ERROR message aside for good, with the reason and who did it; false when it is not in ERROR."""
        return replay.discard(connection, self.seal, receipt, reason, by, now)

    def find(self, connection: Connection, institution: str | None, *, receipt: str = "", document_id: str = "") -> Stored | None:
        """Find a message of an institution (None: of any) by receipt, or the one that holds a documentId, else its newest."""
        return search.find(connection, self.seal, institution, receipt=receipt, document_id=document_id)

    def load(self, connection: Connection, receipt: str) -> StoredMessage | None:
        """Load a message with its bodies."""
        return search.load(connection, self.seal, [receipt]).get(receipt)

    def search(
        self,
        connection: Connection,
        *,
        institution: str = "",
        document_type: str = "",
        document_id: str = "",
        resident: str = "",
        state: MessageState | str = "",
        status: Status | str = "",
        code: str = "",
        lane: Lane | str = "",
        route: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        after: tuple[datetime, int] | None = None,
        limit: int = 50,
    ) -> list[Facts]:
        """List messages newest first; `after` is the `place` of the last one of the page before.

        `state` is one of the five, or `revoked` or `replaced`; `since` is included, `until` is not.
        """
        asked = search.Asked(
            institution=institution,
            document_type=document_type,
            document_id=document_id,
            resident=resident,
            state=state,
            status=status,
            code=code,
            lane=lane,
            route=route,
            since=since,
            until=until,
            after=after,
            limit=limit,
        )
        return search.search(connection, self.seal, asked)

    def browse(self, connection: Connection, asked: Asked) -> Leaf:
        """Give one page of what is asked for, with the places from which its neighbours go on; bounded however rare it is."""
        return browse.browse(connection, self.seal, asked)

    def tell(self, connection: Connection, receipt: str, at: datetime, what: str, detail: str) -> None:
        """Note something that happened to a message."""
        insert_rows(connection, event, [rows.event_row(receipt, EventLine(at=at, what=what, detail=detail), self.seal)])

    def told(self, connection: Connection, receipt: str, what: str) -> str:
        """Give the detail of what last happened to a message under this name, "" when nothing did."""
        return search.told(connection, self.seal, receipt, what)

    def batch(self, connection: Connection, institution: str, batch_id: str) -> KnownBatch | None:
        """Find the first result of a batch."""
        return batches.known(connection, self.seal, institution, batch_id)

    def keep_batch(self, connection: Connection, institution: str, batch_id: str, known: KnownBatch, received: datetime) -> None:
        """Keep the first result of a batch; raises IntegrityError when another transaction kept one meanwhile."""
        batches.keep(connection, self.seal, institution, batch_id, known, received)

    def reconcile(self, connection: Connection, institution: str, day: date, lane: Lane | None = None) -> list[ReconcileRow]:
        """Count by type the different documentIds that were sent on a day (Asia/Shanghai) and those accepted."""
        return reports.reconcile(connection, institution, day, lane)

    def quality(self, connection: Connection, asked: QualityAsked) -> list[QualityRow]:
        """Count the broken rules of a period, most frequent first, each with a masked example."""
        return reports.quality(connection, self.seal, asked)

    def quality_sums(self, connection: Connection, asked: QualityAsked) -> QualitySums:
        """Count what came in during the period of a quality report."""
        return reports.quality_sums(connection, asked)


__all__ = ["Entry", "Filed", "Journal", "KnownBatch"]

"""Give the pages of messages a real store with real documents behind them; no person in it is real."""

import gzip
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest

from engine.app.house import load_house
from engine.app.monitor import _walked
from engine.app.replay import Replay
from engine.documents.masking import load_masking
from engine.documents.packing import pack_gzip
from engine.documents.sample import sample
from engine.inbound.judge import Judge, Upload
from engine.monitor.reading import Archive
from engine.services.audit import Audit
from engine.settings import load_settings
from engine.store.database import Database
from engine.store.entries import Order
from engine.store.journal import Journal
from engine.store.queue import Queue, Settlement
from tests.store.samples import NOON, entry, later
from tests.support.databases import migrated_file
from tests.support.seals import SEAL

HOSPITAL = "H22010001"
GOOD = sample("C0002", 1, HOSPITAL)
BAD = re.sub(rb'(<administrativeGenderCode code=)"[0-9]"', rb'\1"77"', GOOD)
"""The same document with a code of gender that does not exist."""

_ABOUT = re.search(
    r'extension="(?P<number>[0-9X]{18})"/>\s*<name>(?P<name>[^<]+)</name>.*?<birthTime value="(?P<birth>[0-9]+)".*?<assignedPerson[^>]*>\s*<name>(?P<doctor>[^<]+)',
    GOOD.decode(), re.DOTALL,
)  # fmt: skip
PERSON, NUMBER, BIRTH, DOCTOR = (_ABOUT[name] for name in ("name", "number", "birth", "doctor"))
"""Whom the first sample of C0002 is about, and who wrote it."""


class Room:
    """One thread with the files of this checkout, as the monitor has it; `database` is that of the test."""

    def __init__(self):
        self.thread = ThreadPoolExecutor(1)
        self.settings = load_settings({}, {})
        self.house = self.thread.submit(load_house, self.settings).result()
        self.masking = load_masking(self.settings.project)
        self.database = None
        self.busy = None

    @contextmanager
    def place(self):
        if self.busy:
            raise self.busy
        yield

    async def do(self, work):
        import asyncio

        return await asyncio.wrap_future(self.thread.submit(self._do, work))

    def _do(self, work):
        return _walked(Replay(self.settings, self.database, SEAL, self.house), work)

    def judged(self, content, document_id="D1", kind="C0002"):
        """Judge a document as its hospital's upload."""
        upload = Upload(institution=HOSPITAL, document_type=kind, document_id=document_id, payload=pack_gzip(content))
        judge = partial(Judge(self.house.press, self.house.book, lambda *_: None).judge, upload)
        return self.thread.submit(judge).result().entry


@pytest.fixture(scope="session")
def room():
    made = Room()
    yield made
    made.thread.shutdown()


@pytest.fixture
def archive(room, tmp_path):
    database = Database(migrated_file(tmp_path / "kept.db"))
    room.database, room.busy = database, None
    yield Archive(database, Journal(database, SEAL), Queue(database, SEAL))
    database.close()


@pytest.fixture
def behind(behind, archive, room):
    """Put the store behind the pages of messages."""
    ours = archive.sources(
        check=behind.sources().check,
        hospitals=dict,
        drawing=behind.turns,
        settings=room.settings,
        worker=room,
        masking=room.masking,
        referrals=None,
        book=lambda: room.house.book,
        reload=None,
        forms={},
        alerts=None,
    )
    named = {"names": lambda: behind.institutions, "types": behind.source.types}
    behind.kept = {
        "messages": replace(ours.messages, **named), "message": replace(ours.message, **named), "standing": ours.standing,
    }  # fmt: skip
    behind.act = lambda name: partial(_acted, behind, getattr(archive, name), name)
    return behind


def _acted(behind, act, name, delivery, **more):
    behind.acted.append((name, delivery))
    return act(delivery, **more)


def file(archive, *entries):
    with archive.database.write() as connection:
        return [one.receipt for one in archive.journal.file(connection, entries)]


def refused(room, document_id="D1"):
    """Judge a document whose code of gender is wrong."""
    one = room.judged(BAD, document_id)
    assert one.state == "INVALID"
    return one


def held(document_id="E1", content=GOOD, **changes):
    """Make a good document that was held by a fault of ours."""
    values = {
        "state": "ERROR", "code": "ENG-000", "institution": HOSPITAL, "orders": (), "original": gzip.compress(content, mtime=0),
        "size": len(content), "reference": "abc123def456", "resident": NUMBER,
    }  # fmt: skip
    return entry(document_id, document_id, **values | changes)


def dead(archive, document_id="D9", destination="referral-hospital", code="DST-201"):
    """File a message whose delivery is dead; gives the receipt and the number of the delivery."""
    (receipt,) = file(archive, entry(document_id, document_id, orders=(Order(destination=destination, key=document_id),)))
    with archive.database.write() as connection:
        claimed = archive.queue.claim(connection, worker="w", now=later(1), lease=60, limit=50, destinations=[destination])
        settled = [
            Settlement(claimed=c, state="DEAD", now=later(2), error_code=code, error_text="对方答复：缺少转入科室代码", due=NOON)
            for c in claimed
        ]
        archive.queue.settle(connection, settled)
        (line,) = archive.journal.find(connection, None, receipt=receipt).deliveries
    return receipt, line.id


def audited(archive):
    """Give the acts and readings in the audit as (verdict, reason, actor, subject), oldest first."""
    with archive.database.read() as connection:
        return [(row.verdict, row.reason, row.actor, row.subject) for row in reversed(Audit().rows(connection))]

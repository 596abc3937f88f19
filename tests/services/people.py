"""Invent records of invented people, and ask the registry who they are."""

from collections import defaultdict
from datetime import UTC, datetime

from sqlalchemy import select

from engine.message import Record
from engine.services.records import RecordsDesk, record
from engine.services.residents import resident, resident_conflict, resident_key
from tests.support.seals import SEAL

WRITTEN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LI = "220102199003078515"
WANG = "220102198512120027"


def said(message, identity="", *, card="", numbers=(), **changed):
    """Write a record of which only what identifies the person matters."""
    values = {
        "institution": "H1",
        "document_type": "C0002",
        "own_root": "2.16.156.10011.1.1",
        "own_extension": message,
        "written": WRITTEN,
        "resident_id": identity,
        "resident_name": "测试患者甲",
        "gender": "1",
        "birth_date": "19900307",
        "health_card": card,
        "local_numbers": tuple(numbers),
    }
    return Record(message=message, **values | changed)


def take(database, *papers):
    with database.write() as connection:
        RecordsDesk(SEAL).take(connection, papers)


def links(database):
    """Tell whose each record is, and whose it may be instead."""
    with database.read() as connection:
        return {row.message: (row.resident, row.claimed) for row in connection.execute(select(record))}


def owners(database):
    return {message: whose for message, (whose, _) in links(database).items()}


def questions(database):
    with database.read() as connection:
        return [dict(row) for row in connection.execute(select(resident_conflict)).mappings()]


def residents(database):
    with database.read() as connection:
        return list(connection.execute(select(resident.c.number)).scalars())


def keys(database):
    with database.read() as connection:
        return [(row.kind, row.resident) for row in connection.execute(select(resident_key))]


def groups(database, *, with_questions):
    """Give the records that are of one person; with the open questions taken as if all were the same person."""
    root = {}

    def find(one):
        while root.setdefault(one, one) != one:
            one = root[one]
        return one

    if with_questions:
        for row in questions(database):
            root[find(row["resident"])] = find(row["other"])
    found = defaultdict(set)
    for message, whose in owners(database).items():
        found[find(whose)].add(message)
    return {frozenset(messages) for messages in found.values()}

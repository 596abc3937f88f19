"""A whole store goes into one file and out of it again, from either database into either; a file that was touched is refused whole."""

import io
import json
import random
import zipfile
from contextlib import closing

import pytest
import sqlalchemy as sa

from engine.errors import ZIP_DAMAGE
from engine.services.institutions import Institutions
from engine.store.database import Database
from engine.store.dump import Damaged, dump, load, read_manifest
from engine.store.journal import Journal
from engine.store.migrations import build, migrate
from engine.store.tables import message
from engine.store.version import newest
from tests.store.samples import entry, invalid
from tests.support.databases import empty_url, url  # noqa: F401 - the fixtures of this module
from tests.support.seals import SEAL


def told(*_):
    """Hear nothing."""


@pytest.fixture
def filled(url):  # noqa: F811 - pytest hands the fixture over by its name
    """Give a store with a hundred messages and a few refused ones."""
    with closing(Database(url)) as database:
        journal = Journal(database, SEAL)
        with database.write() as connection:
            journal.file(connection, [entry(f"D{n}", text=f"第{n}份") for n in range(120)])
            journal.file(connection, [invalid(f"E{n}", text=f"错{n}") for n in range(3)])
        Institutions(database, SEAL).add("HOSP-A", "测试医院", "hospital", "a password of ours")
        yield database


def everything(database):
    """Read every row of every table."""
    with database.read() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        tables = [table for table in found.sorted_tables if table.name != "pulse"]
        return {
            table.name: sorted(repr([_plain(value) for value in row]) for row in connection.execute(sa.select(table)))
            for table in tables
        }


def _plain(value):
    """Take an empty text, which SQLite may keep where bytes are meant, for no bytes."""
    return b"" if value == "" else value


def written(database):
    target = io.BytesIO()
    dump(database, target, {"sealing.key": b"k"}, told)
    target.seek(0)
    return target


def put_into(database, target):
    with zipfile.ZipFile(target) as archive:
        manifest = read_manifest(archive)
        with database.write() as connection:
            build(connection, manifest.schema)
            load(connection, archive, manifest, told)
    return manifest


def test_a_store_comes_back_from_its_file_into_either_database_and_goes_on_counting(filled, empty_url):  # noqa: F811
    with closing(Database(empty_url)) as other:
        manifest = put_into(other, written(filled))
        assert (manifest.schema, manifest.tables["message"][0], manifest.secrets["sealing.key"][0]) == (newest(), 123, 1)
        assert everything(other) == everything(filled)
        migrate(other)
        with other.write() as connection:
            Journal(other, SEAL).file(connection, [entry("after")])
        with other.read() as connection:
            assert connection.execute(sa.select(sa.func.max(message.c.seq))).scalar() == 124


def changed(target, name, change):
    """Make the same archive with one part changed, or left out when `change` gives None."""
    made = io.BytesIO()
    with zipfile.ZipFile(target) as before, zipfile.ZipFile(made, "w") as after:
        for part in before.namelist():
            content = before.read(part)
            content = change(content) if part == name else content
            if content is not None:
                after.writestr(part, content)
    made.seek(0)
    return made


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("table/message.jsonl", lambda content: content[: content.rindex(b"\n", 0, -1) + 1], "not what was written"),
        (
            "table/message.jsonl",
            lambda content: content.replace(b"outpatient-record", b"outpatient-recorD"),
            "not what was written",
        ),
        ("table/body.jsonl", lambda content: content[:-40], "cannot be read"),
        ("table/event.jsonl", lambda _: None, "cannot be read"),
        ("manifest.json", lambda _: None, "no backup"),
        ("manifest.json", lambda content: content.replace(b'"format": 1', b'"format": 9'), "format 9"),
        ("manifest.json", lambda content: json.dumps(json.loads(content) | {"tables": {}}).encode(), "tables differ"),
    ],
)
def test_a_file_that_was_touched_fills_nothing(filled, tmp_path, name, change, words):
    with closing(Database(f"sqlite:///{tmp_path / 'new.db'}")) as other:
        with pytest.raises(Damaged, match=words):
            put_into(other, changed(written(filled), name, change))
        assert everything(other) == {}


def flipped(content, place, bit):
    """Change one bit of a file as a bad disk does."""
    return io.BytesIO(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])


def outcome(database, target):
    """Tell what came of loading a file: refused at the door, damaged, or all rows there; the store stays as it was."""
    try:
        archive = zipfile.ZipFile(target)
    except ZIP_DAMAGE:
        return "no archive"
    with archive, database.write() as connection:
        try:
            manifest = read_manifest(archive)
            load(connection, archive, manifest, told)
            return {name: rows for name, (rows, _) in manifest.tables.items() if rows}
        except Damaged:
            return "damaged"
        finally:
            connection.rollback()


def test_a_bit_that_turned_anywhere_is_told_as_damage_or_does_no_harm(filled, tmp_path):
    content, dice = written(filled).getvalue(), random.Random(7)
    with closing(Database(f"sqlite:///{tmp_path / 'new.db'}")) as other:
        migrate(other)
        whole = outcome(other, io.BytesIO(content))
        found = [outcome(other, flipped(content, dice.randrange(len(content)), dice.randrange(8))) for _ in range(60)]
    assert whole["message"] == 123
    assert found.count("damaged") > 40
    assert [one for one in found if one not in ("damaged", "no archive", whole)] == []

"""Hold the migrated schema and the declared tables equal, also when several processes start at once."""

import importlib
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import engine.services
import engine.services.alerts
import engine.services.appointments
import engine.services.guide
import engine.services.referrals
import engine.services.registers
import engine.services.reports
import engine.store
from engine.services import merging, records, residents
from engine.store import migrations, tables
from engine.store.database import Database, metadata
from engine.store.migrations import migrate
from engine.store.queue import _OWNERS
from tests.store.samples import NOON
from tests.support.seals import SEAL


def declare_everything():
    for package in (
        engine.store,
        engine.services,
        engine.services.alerts,
        engine.services.appointments,
        engine.services.guide,
        engine.services.registers,
        engine.services.referrals,
        engine.services.reports,
    ):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)


def upgrade_to_before(connection, ending):
    """Bring an empty store to the step before the migration whose file ends so."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    step = next(script for script in scripts.walk_revisions() if script.path.endswith(ending))
    config = Config()
    config.set_main_option("script_location", scripts.dir)
    config.attributes["connection"] = connection
    command.upgrade(config, step.down_revision)


def test_the_migrated_schema_is_the_declared_one(database):
    declare_everything()
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "target_metadata": metadata})
        assert compare_metadata(context, metadata) == []


def test_partial_indexes_have_the_declared_conditions(database):
    declare_everything()
    with database.read() as connection:
        inspector = sa.inspect(connection)
        for table in metadata.sorted_tables:
            option = f"{database.dialect}_where"
            found = {i["name"]: str(i.get("dialect_options", {}).get(option, "")) for i in inspector.get_indexes(table.name)}
            for index in table.indexes:
                declared = index.dialect_options[database.dialect]["where"]
                assert (declared is not None) == (found[index.name] != ""), index.name


def test_migrating_again_changes_nothing(database):
    migrate(database)
    migrate(database)


def test_findings_of_before_learn_their_type_and_lane_and_which_is_the_first_of_its_rule(empty_url):
    database = Database(empty_url)
    with database.write() as connection:
        upgrade_to_before(connection, "_findings.py")
        row = {c.name: "" for c in tables.message.c if c.name not in {"seq", "written"}} | {
            "received": NOON,
            "size": 1,
            "resident": b"",
        }
        row |= {"receipt": "R1", "document_type": "C0004", "lane": "history"}
        connection.execute(tables.message.insert(), row)
        for receipt, rule in (("R1", "a"), ("R1", "a"), ("R1", "b"), ("gone", "a")):
            connection.execute(
                sa.text(
                    "INSERT INTO finding (receipt, institution, at, severity, code, rule, detail) VALUES (:r, 'H', 1, 'error', 'X', :k, '')"
                ),
                {"r": receipt, "k": rule},
            )
    migrate(database)
    found = tables.finding.c
    with database.read() as connection:
        rows = connection.execute(
            sa.select(found.rule, found.document_type, found.lane, found.foremost).order_by(found.seq)
        ).all()
    database.close()
    assert rows == [("a", "C0004", "history", 1), ("a", "C0004", "history", 0), ("b", "C0004", "history", 1), ("a", "", "", 1)]


def test_deliveries_of_before_learn_whose_they_are(empty_url):
    database = Database(empty_url)
    with database.write() as connection:
        upgrade_to_before(connection, "_fair_delivery.py")
        row = {c.name: "" for c in tables.message.c if c.name not in {"seq", "written"}}
        row |= {"received": NOON, "size": 1, "resident": b"", "receipt": "R1", "institution": "HOSP-A"}
        connection.execute(tables.message.insert(), row)
        old = [c.name for c in tables.delivery.c if c.name not in {"seq", "institution", "lease_until"}]
        values = dict.fromkeys(old, "") | {"attempts": 0, "first_due": 1, "due": 1, "wake": 1, "changed_at": 1, "error_text": b""}
        places = ", ".join(f":{name}" for name in old)
        names = ", ".join(f'"{name}"' for name in old)
        for receipt, state in (("R1", "QUEUED"), ("R1", "DEAD"), ("gone", "QUEUED"), ("R1", "SENT")):
            said = values | {"receipt": receipt, "state": state, "destination": "archive", "lane": "live"}
            connection.execute(sa.text(f"INSERT INTO delivery ({names}) VALUES ({places})"), said)  # noqa: S608 - our own names
    migrate(database)
    with database.read() as connection:
        rows = connection.execute(sa.select(tables.delivery.c.institution).order_by(tables.delivery.c.seq)).scalars().all()
        found = connection.execute(_OWNERS, {"its_destination": "archive", "its_lane": "live", "now": NOON}).scalars().all()
    database.close()
    assert rows == ["HOSP-A", "HOSP-A", "", ""]
    assert found == ["", "HOSP-A"], "who is not known any more has its turn as well"


def test_several_processes_may_migrate_at_once(empty_url):
    databases = [Database(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))
    for one in databases:
        one.ping_write()
        one.close()


def test_people_who_were_one_before_have_their_merge_on_record_and_documents_their_number(empty_url):
    database = Database(empty_url)
    with database.write() as connection:
        upgrade_to_before(connection, "_registers.py")
        for number, survivor in (("P1", "P1"), ("P2", "P1")):
            row = {
                "number": number,
                "survivor": survivor,
                "identity": "",
                "person": b"",
                "claim": "",
                "first_seen": NOON,
                "changed": NOON,
            }
            connection.execute(residents.resident.insert(), row)
        old = [c.name for c in records.record.columns if c.name not in {"confidentiality", "extension"}]
        values = dict.fromkeys(old, "") | {"written": 1, "placed": 1, "taken": 1, "message": "R1", "own": "1.2^A^B"}
        places = ", ".join(f":{name}" for name in old)
        values["person"] = b""
        connection.execute(sa.text(f"INSERT INTO record ({', '.join(old)}) VALUES ({places})"), values)  # noqa: S608 - our own names
    migrate(database)
    with database.write() as connection:
        (merge,) = merging.merges(connection, SEAL)
        assert (merge.survivor, merge.obsolete, merge.merged, merge.undone, merge.reason) == ("P1", "P2", NOON, None, "")
        merging.unmerge_people(connection, SEAL, merge.merge, by="admin", reason="并错了", at=NOON)
        assert residents.one_person(connection, "P1") == ["P1"]
        assert connection.execute(sa.select(records.record.c.extension)).scalar_one() == "A^B"
    database.close()

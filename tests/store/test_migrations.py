"""Hold the migrated schema and the declared tables equal, also when several processes start at once."""

import importlib
import pkgutil
from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import engine.services
import engine.store
from engine.store.database import Database, metadata
from engine.store.migrations import migrate


def declare_everything():
    for package in (engine.store, engine.services):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)


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


def test_several_processes_may_migrate_at_once(url):
    databases = [Database(url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))
    for one in databases:
        one.ping_write()
        one.close()

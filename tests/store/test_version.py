"""A store that has the newest schema is known without loading what migrates it."""

from __future__ import annotations

import subprocess
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory

import engine.store.migrations as scripts
from engine.settings import ROOT
from engine.store.database import Database
from engine.store.migrations import migrate
from engine.store.version import is_newest, newest

LOADED = "import sys; from engine.app.cellar import open_store; print('alembic' in sys.modules, 'lxml' in sys.modules)"


def test_the_newest_name_is_alembics_head():
    config = Config()
    config.set_main_option("script_location", scripts.__path__[0])
    assert ScriptDirectory.from_config(config).get_heads() == [newest()]


def test_an_empty_store_is_not_the_newest_and_a_migrated_one_is(empty_url):
    database = Database(empty_url)
    assert not is_newest(database)
    migrate(database)
    assert is_newest(database)
    database.close()


def test_a_store_of_before_is_not_the_newest(database):
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert not is_newest(database)


def test_a_command_that_only_opens_the_store_loads_neither_migrations_nor_xml():
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

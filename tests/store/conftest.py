"""Give every store test the same empty database twice: once SQLite in a file, once PostgreSQL."""

import os
import secrets

import psycopg
import pytest

from engine.store.database import Database
from engine.store.migrations import migrate

SERVER = os.environ.get("ENGINE_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")


def _connect():
    try:
        return psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("ENGINE_REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"no PostgreSQL server to test with: {error}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """Give the address of a new, empty database that is thrown away after the test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    name = f"changbai_test_{secrets.token_hex(6)}"
    server = _connect()
    server.execute(f'CREATE DATABASE "{name}"')
    base = SERVER.rsplit("/", 1)[0]
    yield f"{base}/{name}"
    server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    server.close()


@pytest.fixture
def database(url):
    """Give a migrated database."""
    opened = Database(url, pool=10, checkpoints=True)
    migrate(opened)
    yield opened
    opened.close()

"""Find the PostgreSQL server of the tests and make throw-away databases on it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"


def server_address() -> str:
    """Give ENGINE_TEST_POSTGRES, else ENGINE_DATABASE when that is a PostgreSQL server, else the local server."""
    for name in ("ENGINE_TEST_POSTGRES", "ENGINE_DATABASE"):
        if os.environ.get(name, "").startswith("postgres"):
            return (
                os.environ[name].replace("postgres://", "postgresql://", 1).replace("postgresql+psycopg://", "postgresql://", 1)
            )
    return LOCAL


@contextmanager
def throw_away_database() -> Iterator[str]:
    """Make an empty database and drop it afterwards; skips aloud when there is no server, fails where all is required."""
    address = server_address()
    try:
        server = psycopg.connect(address, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("ENGINE_REQUIRE_ALL") == "1":
            raise
        pytest.skip(f"no PostgreSQL server to test with: {error}")
    name = f"changbai_test_{secrets.token_hex(6)}"
    with closing(server):
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{address.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

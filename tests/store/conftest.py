"""Give every store test the same empty database twice: once SQLite in a file, once PostgreSQL."""

import pytest

from engine.store.database import Database
from tests.support.databases import empty_url, url  # noqa: F401 - the fixture that every test of this room asks for


@pytest.fixture
def database(url):  # noqa: F811 - pytest hands the fixture over by its name
    """Give a migrated database."""
    opened = Database(url, pool=10, checkpoints=True)
    yield opened
    opened.close()

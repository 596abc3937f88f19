"""Give every test of the services the same empty database twice: once SQLite in a file, once PostgreSQL."""

import pytest

from engine.store.database import Database
from tests.support.databases import empty_url, url  # noqa: F401 - the fixture that every test of this room asks for


@pytest.fixture
def database(url):  # noqa: F811 - pytest hands the fixture over by its name
    """Open a migrated database."""
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def other(url, database):  # noqa: F811 - pytest hands the fixture over by its name
    """Open the same database as another process sees it."""
    opened = Database(url)
    yield opened
    opened.close()

"""Give every test of the guide a shelf of versions on both stores."""

import pytest

from tests.services.guide.shelf import Shelf


@pytest.fixture
def shelf(database):
    """Open the guide of a store with two hospitals and a portal."""
    return Shelf(database)

"""Give every test of the registers an office on both stores."""

import pytest

from tests.services.registers.office import Office


@pytest.fixture
def office(database):
    """Open the registers of an empty store."""
    return Office(database)

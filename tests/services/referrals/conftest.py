"""Give every test of referrals a ward on both stores."""

import pytest

from tests.support.ward import REVIEWED, Ward


@pytest.fixture
def ward(database):
    """Open the referrals of an empty store."""
    return Ward(database)


@pytest.fixture
def reviewed(database):
    """Open the referrals of an empty store where those of the clinic are reviewed."""
    return Ward(database, **REVIEWED)

"""Give every test of alerts a watch over an empty store, on both stores."""

import pytest

from tests.support.watch import Watch


@pytest.fixture
def watch(database):
    """Open the alerts of an empty store."""
    return Watch(database)

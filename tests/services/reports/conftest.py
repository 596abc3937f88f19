"""Give every test of reports a counter on both stores."""

import pytest

from tests.services.reports.counter import Counter


@pytest.fixture
def counter(database):
    """Open the reports of an empty store."""
    return Counter(database)

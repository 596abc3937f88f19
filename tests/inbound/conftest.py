"""Give the tests of this room fronts that run on loopback."""

from dataclasses import replace

import pytest

from engine.inbound.limits import FrontLimits
from tests.support.databases import url  # noqa: F401 - the fixture of tests that want both stores
from tests.support.front import Echo, Running


@pytest.fixture
def start_front():
    """Start fronts with limits of one's own; all are stopped at the end."""
    running = []

    def start(*, tls=None, **limits):
        front = Running(Echo(), replace(FrontLimits(), **limits), tls=tls)
        running.append(front)
        return front

    yield start
    for front in running:
        front.close()


@pytest.fixture(scope="module")
def shared_front():
    front = Running(Echo(), FrontLimits())
    yield front
    front.close()


@pytest.fixture
def front(shared_front):
    """One front for the tests of a file, its memory emptied before each."""
    echo = shared_front.echo
    echo.calls.clear()
    echo.claims.clear()
    echo.answers.clear()
    shared_front.observed.clear()
    shared_front.healthy = True
    return shared_front

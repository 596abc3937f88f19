"""Give every acceptance module one running engine for each store; what is called is always the real thing over real sockets."""

import pytest

from tests.support.browsing import launched, signed_in
from tests.support.databases import STORES
from tests.support.stores import enrol, hospital, new_engine


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    """Run an engine with two hospitals and a portal."""
    with new_engine(request.param, tmp_path_factory.mktemp("engine"), hospitals=("HOSP-A", "HOSP-B")) as made:
        enrol(made, {"PORTAL-1": "portal"})
        yield made.start()
        assert made.stop() == 0


@pytest.fixture
def ours(engine):
    """Be the hospital HOSP-A."""
    return hospital(engine)


@pytest.fixture
def theirs(engine):
    """Be the hospital HOSP-B."""
    return hospital(engine, "HOSP-B")


@pytest.fixture(scope="module")
def chromium():
    """Start a Chromium for those who look at pages; beyond its module it would keep asyncio from others."""
    with launched() as browser:
        yield browser


@pytest.fixture(params=[True, False], ids=["with-script", "without-script"])
def page(request, chromium, engine):
    """Be an administrator who looks at the engine's monitor, with scripts and without."""
    with signed_in(chromium, engine, script=request.param) as made:
        yield made

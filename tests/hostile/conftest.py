"""Give the folder one running engine on SQLite whose deadline for headers is short."""

import pytest

from engine.services.institutions import Institutions
from tests.hostile.site import PASSWORD, Site
from tests.support.project import Project
from tests.support.stores import new_engine, opened, seal_of

HEADER_DEADLINE = 3.0


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """Run an engine with two hospitals, and one whose password has a letter that Unicode writes in two ways."""
    project = Project.copy(tmp_path_factory.mktemp("project"))
    project.add("config/engine.yaml", f"deadlines:\n  header: {HEADER_DEADLINE:g}s\n")
    project.add("config/access.yaml", "quotas:\n  institutions:\n    HOSP-Q: { bytes-per-day: 1KiB }\n")
    made = new_engine("sqlite", tmp_path_factory.mktemp("engine"), *project.option, hospitals=("HOSP-A", "HOSP-B", "HOSP-Q"))
    with made as engine, opened(engine) as database:
        register = Institutions(database, seal_of(engine, database))
        register.add("HOSP-U", "测试机构", "hospital", "pass-w\u00f6rd-of-twelve")
        register.add("HOSP-D", "测试机构", "hospital", PASSWORD, digest=True)
        engine.start()
        yield Site(engine, database)
        assert engine.stop() == 0

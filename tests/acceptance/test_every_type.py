"""The committed sample of every clinical type is accepted over SOAP, routed, and kept in the records library."""

import pytest
from sqlalchemy import select

from engine.documents.catalogue import Catalogue
from engine.services.records import record
from tests.support.engine import ROOT
from tests.support.hospital import Paper
from tests.support.stores import conserved, hospital, new_engine, opened

KINDS = [kind for kind in Catalogue.load(ROOT / "xsd" / "catalogue.yaml").types.values() if kind.family == "clinical"]
INSTITUTION = "DEMO-HOSPITAL"
"""The institution that the committed samples name as their keeper."""

pytestmark = pytest.mark.xdist_group("acceptance-every-type")


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """Run an engine on SQLite that knows the institution of the samples."""
    with new_engine("sqlite", tmp_path_factory.mktemp("engine"), hospitals=(INSTITUTION,)) as made:
        yield made.start()
        assert made.stop() == 0


@pytest.mark.parametrize("kind", KINDS, ids=[kind.code for kind in KINDS])
def test_the_committed_sample_is_accepted_routed_and_in_the_library(engine, kind):
    ours = hospital(engine, INSTITUTION)
    paper = Paper(kind.code, f"SAMPLE-{kind.code}", kind.sample.read_bytes())
    result = ours.upload(paper)
    assert (result["status"], result["code"], result["message"]) == ("accepted", "0", "已接收"), result
    receipt = ours.receipt(result["receipt"])
    assert (receipt["status"], receipt["state"]) == ("accepted", "routed")
    with opened(engine) as database, database.read() as connection:
        kept = connection.execute(select(record).where(record.c.message == result["receipt"])).one()
    assert (kept.document_type, kept.title, kept.state, kept.institution) == (kind.code, kind.title, "current", INSTITUTION)


def test_nothing_was_lost_on_the_way(engine):
    assert conserved(engine)

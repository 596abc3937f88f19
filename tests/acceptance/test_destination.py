"""The running engine forwards laboratory reports to a SOAP server that others wrote; that server dies in the midst and nothing is lost."""

import json

import pytest

from tests.monitor.web import Visitor
from tests.support.hospital import Paper
from tests.support.project import Project
from tests.support.receiver import ENTRY, NodeReceiver
from tests.support.stores import hospital, new_engine, until

pytestmark = [pytest.mark.foreign, pytest.mark.xdist_group("foreign"), pytest.mark.timeout(300)]

RESIDENTS, EACH = 8, 5
SEND = """\
  - to: his
    in-order-by: resident
    retry: { first: 200ms, longest: 1s, give-up: 3d }
"""


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    made = NodeReceiver(tmp_path_factory.mktemp("receiver"))
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def engine(receiver, tmp_path_factory):
    project = Project.copy(tmp_path_factory.mktemp("project"))
    project.add("config/endpoints.yaml", ENTRY.format(port=receiver.port))
    project.add("routes/laboratory-report/route.yaml", SEND)
    with new_engine("sqlite", tmp_path_factory.mktemp("engine"), *project.option) as made:
        yield made.start()
        assert made.stop() == 0


def reports(ours):
    """Invent reports, round after round of the same residents."""
    firsts = [ours.invent("C0007") for _ in range(RESIDENTS)]
    for turn in range(EACH):
        for first in firsts:
            xml = first.xml.replace(first.own.encode(), f"{first.own}-{turn}".encode())
            yield Paper("C0007", f"{first.number}-{turn}", xml)


@pytest.fixture
def overview(engine):
    """Sign in to the monitor and read the JSON twin of its first page as often as wanted."""
    visitor = Visitor(int(engine.monitor.rpartition(":")[2]))
    assert visitor.get("/overview?format=json").status == 401
    assert visitor.sign_in("admin", engine.password).status == 303

    def read():
        answer = visitor.get("/overview?format=json")
        assert answer.status == 200
        found = json.loads(answer.body)
        found["destinations"] = {line["name"]: line for line in found["destinations"]}
        return found

    return read


def test_a_destination_that_dies_gets_every_report_in_the_order_of_its_resident(engine, receiver, overview):
    ours = hospital(engine)
    papers = list(reports(ours))
    half = len(papers) // 2
    receipts = [ours.accepted(paper) for paper in papers[:half]]
    until(lambda: len(receiver.rows()) >= half // 2)
    receiver.kill()
    receipts += [ours.accepted(paper) for paper in papers[half:]]
    until(lambda: (overview()["destinations"]["his"]["trouble"] or {}).get("code") == "DST-101")
    seen = overview()
    assert (seen["taken"], seen["accounted"], seen["difference"], seen["total"]["ROUTED"]) == (40, 40, 0, 40)
    his = seen["destinations"]["his"]
    assert his["waiting"] >= half
    assert his["waiting"] + his["counts"]["SENT"] == len(papers)
    receiver.start()
    until(lambda: overview()["waiting"] == 0, 60)
    his = overview()["destinations"]["his"]
    assert (his["counts"]["SENT"], his["waiting"], his["oldest"]) == (len(papers), 0, None)
    assert overview()["dead_count"] == 0
    rows = receiver.rows()
    assert all(row["whole"] for row in rows)
    assert {row["documentId"] for row in rows} == {paper.number for paper in papers}
    for first in papers[:RESIDENTS]:
        stem = first.number.removesuffix("-0")
        turns = [int(row["documentId"].removeprefix(f"{stem}-")) for row in rows if row["documentId"].startswith(f"{stem}-")]
        assert turns == sorted(turns)
        assert set(turns) == set(range(EACH))
    for receipt in receipts:
        assert {d["destination"]: d["state"] for d in ours.receipt(receipt)["deliveries"]} == {"archive": "sent", "his": "sent"}

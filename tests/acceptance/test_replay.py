"""A valid document that met an unfinished table of ours keeps its receipt, waits, and is walked again when the table is mended."""

import pytest
from sqlalchemy import select

from engine.services.records import record
from tests.support.project import Project
from tests.support.stores import conserved, hospital, new_engine, opened, until

pytestmark = [pytest.mark.xdist_group("acceptance-replay"), pytest.mark.timeout(180)]

ROUTE = "routes/laboratory-report/route.yaml"
TABLE = "routes/laboratory-report/tables/gender.csv"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    made = Project.copy(tmp_path_factory.mktemp("project"))
    made.change(ROUTE, "unknown: keep", "unknown: hold")
    return made


@pytest.fixture(scope="module")
def engine(project, tmp_path_factory):
    with new_engine("sqlite", tmp_path_factory.mktemp("engine"), *project.option) as made:
        yield made.start()


def records_of(engine, receipts):
    """Name the messages among these that stand in the records library."""
    with opened(engine) as database, database.read() as connection:
        wanted = select(record.c.message).where(record.c.message.in_(receipts), record.c.state == "current")
        return set(connection.execute(wanted).scalars())


def replay(engine, project, *options):
    return engine.command("replay", *options, *project.option)


def test_what_our_table_did_not_know_is_accepted_held_and_replayed(engine, project):
    ours = hospital(engine)
    papers = [ours.invent("C0007", fault="patient.gender-code") for _ in range(3)]
    receipts = [ours.accepted(paper) for paper in papers]
    for receipt in receipts:
        found = ours.receipt(receipt)
        assert (found["state"], found.get("deliveries", [])) == ("error", [])
        assert found["status"].startswith("accepted")
    assert records_of(engine, receipts) == set()
    assert "(as before)" in replay(engine, project, "--receipt", receipts[0], "--preview")
    project.change(TABLE, "9,9,", "3,9,院内代码 3\n9,9,")
    assert "(as before)" in replay(engine, project, "--receipt", receipts[0], "--preview"), "an edit counts once it is reloaded"
    assert "changed          routes/laboratory-report (tables/gender.csv)" in engine.command("reload", *project.option)
    preview = replay(engine, project, "--receipt", receipts[0], "--preview")
    assert "-> ROUTED 0" in preview
    assert preview.endswith("1 message(s) would change\n")
    assert ours.receipt(receipts[0])["state"] == "error", "a preview changes nothing"
    assert "-> ROUTED 0" in replay(engine, project, "--receipt", receipts[0])
    assert [ours.receipt(r)["state"] for r in receipts] == ["routed", "error", "error"]
    done = replay(engine, project, "--route", "laboratory-report")
    assert done.endswith("2 message(s) changed\n")
    for receipt in receipts:
        until(lambda r=receipt: [d["state"] for d in ours.receipt(r)["deliveries"]] == ["sent"])
        found = ours.receipt(receipt)
        assert found["state"] == "routed"
        assert "judged-again" in [event["what"] for event in found["events"]]
        (file,) = (engine.data / "outbox" / "archive").rglob(f"{receipt}*.xml")
        assert '<administrativeGenderCode code="9"' in file.read_text(encoding="utf-8")
    assert records_of(engine, receipts) == set(receipts)
    assert conserved(engine)
    again = ours.upload(papers[0])
    assert (again["receipt"], again["duplicate"]) == (receipts[0], "true")
    assert "0 message(s) changed" in replay(engine, project, "--route", "laboratory-report")


def test_a_replay_that_cannot_be_is_told_in_words(engine, project):
    ours = hospital(engine)
    unread = ours.rejected(ours.invent(), payload="H4sI")["receipt"]
    for options, words in (
        (("--receipt", "20260101-abcdefghijkl"), "there is no message 20260101-abcdefghijkl"),
        (("--receipt", unread), "never was a readable GZIP"),
        (("--since", "2026-01-01"), "name --receipt, or --route or --code"),
        (("--route", "laboratory-report", "--since", "yesterday"), "is no time"),
    ):
        with pytest.raises(AssertionError) as caught:
            replay(engine, project, *options)
        assert words in str(caught.value)
        assert "Traceback" not in str(caught.value)

"""A hospital reports operations data over SOAP: kept as figures, replaced by period, revoked, refused with a cure."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from engine.documents.press import Press
from engine.services.operations import OperationsDesk, Period
from tests.support.engine import ROOT
from tests.support.hospital import Paper
from tests.support.stores import conserved, opened, seal_of

pytestmark = [pytest.mark.xdist_group("acceptance-operations"), pytest.mark.timeout(180)]

CLASSES = ("OPS01", "OPS02", "OPS03", "OPS04", "OPS05", "OPS06")


@pytest.fixture(scope="module")
def press():
    return Press(ROOT)


def kept(engine, receipt):
    """Give the report and its figures as the tables hold them."""
    with opened(engine) as database, database.read() as connection:
        desk = OperationsDesk(seal_of(engine, database))
        return desk.by_message(connection, receipt), desk.figures(connection, receipt)


def edited(paper, old, new):
    """Write a report with one place changed."""
    assert old in paper.xml.decode()
    return Paper(paper.kind, paper.number, paper.xml.decode().replace(old, new, 1).encode())


@pytest.mark.parametrize("kind", CLASSES)
def test_the_committed_sample_is_accepted_and_its_figures_stand_in_the_tables(engine, ours, press, kind):
    content = (ROOT / "xsd" / "operations" / "samples" / f"{kind}.xml").read_bytes()
    result = ours.upload(Paper(kind, f"SAMPLE-{kind}", content))
    assert (result["code"], [i["code"] for i in result["issues"]]) == ("0", ["SND-415"]), "the sample's institution is not ours"
    assert ours.receipt(result["receipt"])["state"] == "routed"
    found, figures = kept(engine, result["receipt"])
    drawn = press.draw(press.open(content), kind)
    assert figures == list(press.figures(press.open(content), kind))
    assert (found.institution, found.document_type, found.state, found.figures) == ("HOSP-A", kind, "current", len(figures))
    assert (found.period, found.reporter, found.reported) == (Period.read(drawn.own_extension), "测试填报员", drawn.written)


def test_a_later_report_replaces_the_earlier_one_and_a_revoked_one_brings_nothing_back(engine, ours):
    paper = ours.invent("OPS01")
    first = ours.accepted(paper)
    again = ours.upload(paper.numbered("ANOTHER"))
    assert (again["receipt"], again["duplicate"]) == (first, "true")
    second = ours.accepted(edited(paper, "<JZRCSSWRS>", "<JZRCSSWRS>0").numbered("ANOTHER"))
    assert [ours.receipt(r)["state"] for r in (first, second)] == ["replaced", "routed"]
    old, figures = kept(engine, first)
    assert (old.state, old.replaced_by, len(figures)) == ("replaced", second, old.figures)
    assert kept(engine, second)[0].state == "current"
    revoked = ours.call("Revoke", documentType="OPS01", documentId="ANOTHER", reason="错报")
    assert revoked["status"] == "accepted"
    assert [kept(engine, r)[0].state for r in (first, second)] == ["replaced", "withdrawn"]
    third = ours.accepted(paper)
    assert kept(engine, third)[0].state == "current"
    assert conserved(engine)


def test_a_document_id_of_another_period_is_refused_unless_it_is_named(engine, ours):
    one, other = ours.invent("OPS05"), ours.invent("OPS05")
    first = ours.accepted(one)
    assert ours.rejected(other.numbered(one.number))["code"] == "SND-501"
    second = ours.accepted(other.numbered(one.number), replaces=one.number)
    assert [kept(engine, r)[0].state for r in (first, second)] == ["withdrawn", "current"]


def test_reports_for_one_period_that_come_at_once_leave_one_that_stands(engine, ours):
    paper = ours.invent("OPS03")
    papers = [edited(paper, "<BZRS>", f"<BZRS>1{n}").numbered(f"{paper.number}-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(ours.accepted, papers))
    states = [kept(engine, receipt)[0].state for receipt in receipts]
    assert sorted(states) == ["current"] + ["replaced"] * 7
    assert sorted(ours.receipt(r)["state"] for r in receipts) == ["replaced"] * 7 + ["routed"]
    assert conserved(engine)


def test_a_batch_may_hold_two_reports_for_one_period(engine, ours):
    paper = ours.invent("OPS04")
    newer = edited(paper, "<mjzylfy>", "<mjzylfy>9").numbered("NEWER")
    result = ours.batch("BATCH-OPS", [paper, newer])
    assert (result["accepted"], result["rejected"]) == ("2", "0")
    first, second = (one["receipt"] for one in result["results"])
    assert [kept(engine, r)[0].state for r in (first, second)] == ["replaced", "current"]


def test_hospitals_do_not_replace_each_other(engine, ours, theirs):
    seed = 4001
    receipts = [hospital.accepted(hospital.invent("OPS02", seed=seed)) for hospital in (ours, theirs)]
    reports = [kept(engine, receipt)[0] for receipt in receipts]
    assert [r.state for r in reports] == ["current", "current"]
    assert reports[0].period == reports[1].period
    with opened(engine) as database, database.read() as connection:
        desk = OperationsDesk(seal_of(engine, database))
        found = desk.indicators(connection, first=date(1990, 1, 1), last=date(2030, 1, 1), document_type="OPS02", fields=["ZZC"])
    assert {one.institution for one in found if one.message in receipts} == {"HOSP-A", "HOSP-B"}


def test_a_wrong_total_is_refused_with_rule_place_and_cure(engine, ours):
    paper = ours.invent("OPS01", fault="OPS01.volume.visits")
    result = ours.rejected(paper)
    (issue,) = result["issues"]
    assert (issue["rule"], issue["code"], issue["path"]) == ("OPS01.volume.visits", "SND-418", "/basicFigures/volume/ZZLRCS")
    line = paper.xml.decode().splitlines()[int(issue["line"]) - 1]
    assert line.strip() == f"<ZZLRCS>{issue['value']}</ZZLRCS>"
    assert "门诊人次数 + 急诊人次数" in issue["message"]
    right = issue["message"].rpartition("即 ")[2]
    assert ours.accepted(edited(paper, f"<ZZLRCS>{issue['value']}<", f"<ZZLRCS>{right}<")), "the text alone says what to write"


def test_a_doubtful_figure_is_taken_with_a_warning(engine, ours):
    result = ours.upload(ours.invent("OPS01", fault="OPS01.volume.occupancy-full"))
    assert (result["status"], [i["rule"] for i in result["issues"]]) == (
        "accepted-with-warnings",
        ["OPS01.volume.occupancy-full"],
    )
    assert kept(engine, result["receipt"])[0].state == "current"


def test_a_period_to_come_and_another_hospitals_code_are_refused_where_they_stand(engine, ours):
    paper = ours.invent("OPS02", seed=4003)
    late = edited(edited(paper, 'to="20', 'to="29'), 'from="20', 'from="29')
    late = edited(late, "<reported>20", "<reported>29")
    (issue,) = ours.rejected(late)["issues"]
    assert (issue["rule"], issue["code"], issue["path"]) == ("period-past", "SND-412", "/assets/period/@to")
    (issue,) = ours.rejected(ours.invent("OPS02", custodian="HOSP-B"))["issues"]
    assert (issue["code"], issue["path"], issue["line"]) == ("SND-104", "/assets/institution/@code", "3")


def test_the_catalogue_lists_the_six_classes(ours):
    types = {row["code"]: row for row in ours.call("ListDocumentTypes")["types"]}
    assert [types[code]["number"] for code in CLASSES] == ["1", "2", "3", "4", "5", "6"]
    assert types["OPS04"]["name"] == "医疗保障类"
    assert types["OPS04"]["englishName"] == "Medical insurance"

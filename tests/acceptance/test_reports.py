"""A hospital asks about its own documents: what arrived on a day, which rules it broke, which types there are."""

from datetime import datetime, timedelta

import pytest

from engine.message import SHANGHAI
from engine.services.completeness import Asked, Count, completeness
from tests.support.hospital import Refused
from tests.support.stores import opened

pytestmark = [pytest.mark.xdist_group("acceptance-reports"), pytest.mark.parametrize("engine", ["sqlite"], indirect=True)]


def today():
    return datetime.now(SHANGHAI).date()


@pytest.fixture(scope="module")
def sent(engine):
    """Send a day's work: two good records and one refused, one report, one prescription of history."""
    from tests.support.stores import hospital

    ours = hospital(engine)
    papers = {
        "good": ours.invent("C0002"),
        "second": ours.invent("C0002"),
        "bad": ours.invent("C0002", fault="patient.gender-code"),
        "report": ours.invent("C0007"),
        "old": ours.invent("C0004"),
    }
    for name, paper in papers.items():
        ours.upload(paper, **({"lane": "history"} if name == "old" else {}))
    ours.upload(papers["good"])  # a duplicate is no second document
    hospital(engine, "HOSP-B").upload(hospital(engine, "HOSP-B").invent("C0002"))
    return papers


def reconcile(hospital, counts, **more):
    listed = [
        {"documentType": kind, "sent": sent} | ({"documentIds": {"documentId": ids}} if ids else {}) for kind, sent, ids in counts
    ]
    found = hospital.call("Reconcile", **({"date": today()} | more), counts={"count": listed})
    return {d["documentType"]: d for d in found.get("differences", [])}


def test_what_agrees_is_no_difference(ours, sent):
    ids = [sent["good"].number, sent["second"].number]
    assert reconcile(ours, [("C0002", 2, ids), ("C0007", 1, [sent["report"].number])]) == {}


def test_a_difference_names_what_is_missing_and_what_was_not_listed(ours, sent):
    listed = [sent["good"].number, sent["bad"].number, "NEVER-SENT"]
    found = reconcile(ours, [("C0002", 3, listed)])
    assert found["C0002"] == {
        "documentType": "C0002", "sent": "3", "received": "3", "accepted": "2",
        "missing": sorted([sent["bad"].number, "NEVER-SENT"]), "unexpected": [sent["second"].number],
    }  # fmt: skip
    assert found["C0007"] == {"documentType": "C0007", "sent": "0", "received": "1", "accepted": "1"}


def test_without_numbers_only_the_counts_are_compared(ours, sent):
    found = reconcile(ours, [("C0002", 5, []), ("C0007", 1, []), ("C0004", 1, [])])
    assert found == {
        "C0002": {"documentType": "C0002", "sent": "5", "received": "3", "accepted": "2"},
        "C0004": {"documentType": "C0004", "sent": "1", "received": "0", "accepted": "0"},
    }


def test_who_lists_no_number_for_nothing_sent_is_told_what_came_all_the_same(ours, sent):
    asked = ours.call("Reconcile", date=today(), counts={"count": [{"documentType": "C0007", "sent": 0, "documentIds": ""}]})
    found = {d["documentType"]: d for d in asked["differences"]}
    assert found["C0007"]["unexpected"] == [sent["report"].number]
    assert found["C0007"].get("missing", []) == []
    assert "unexpected" not in found["C0002"]


def test_without_a_count_the_numbers_are_counted(ours, sent):
    asked = ours.call(
        "Reconcile",
        date=today(),
        counts={"count": [{"documentType": "C0007", "documentIds": {"documentId": [sent["report"].number]}}]},
    )
    assert [d["documentType"] for d in asked["differences"]] == ["C0002"]


def test_what_is_stated_is_kept_and_the_latest_statement_stands(engine, ours, sent):
    day = today() - timedelta(days=3)
    for counts in ([("C0002", 9, []), ("C0007", 1, [])], [("C0002", 7, []), ("X9999", 3, [])]):
        reconcile(ours, counts, date=day)
    with opened(engine) as database, database.read() as connection:
        found = completeness(connection, Asked(institution=ours.code, lane="live", first=day, last=day))
    assert found.sent == {(day, "C0002"): Count(expected=7)}


def test_fewer_than_none_is_a_fault_and_kept_nowhere(engine, ours, sent):
    day = today() - timedelta(days=4)
    with pytest.raises(Refused) as caught:
        ours.call("Reconcile", date=day, counts={"count": [{"documentType": "C0002", "sent": -1}]})
    assert caught.value.answer.code == "SND-311"
    with opened(engine) as database, database.read() as connection:
        assert completeness(connection, Asked(institution=ours.code, lane="live", first=day, last=day)).sent == {}


def test_what_the_page_counts_is_what_reconcile_counts(engine, ours, sent):
    day = today()
    with opened(engine) as database, database.read() as connection:
        found = completeness(connection, Asked(institution=ours.code, lane="live", first=day, last=day)).sent
    ours_now = {kind: (count.received, count.accepted) for (_, kind), count in found.items() if kind in {"C0002", "C0007"}}
    assert ours_now == {"C0002": (3, 2), "C0007": (1, 1)}


def test_history_is_reconciled_apart(ours, sent):
    assert reconcile(ours, [("C0004", 1, [sent["old"].number])], lane="history") == {}


def test_another_day_holds_nothing(ours, sent):
    found = reconcile(ours, [("C0002", 1, [])], date=today() - timedelta(days=400))
    assert found["C0002"] == {"documentType": "C0002", "sent": "1", "received": "0", "accepted": "0"}


def test_the_quality_report_tells_the_broken_rules_with_an_example(ours, sent):
    rules = ours.call("QualityReport", **{"from": today(), "to": today()})["rules"]
    (rule,) = [r for r in rules if r["rule"].endswith("patient.gender-code")]
    assert (rule["severity"], rule["count"], rule["example"]) == ("error", "1", "3")
    assert rule["path"].endswith("administrativeGenderCode/@code") or "administrativeGenderCode" in rule["path"]
    assert int(rule["line"]) > 1
    assert "男" in rule["hint"]
    assert rule["first"] == rule["last"]
    assert rule["first"].startswith(str(today()))
    assert rule["first"].endswith("+08:00")


def test_a_quality_report_is_only_about_ones_own_documents_and_the_days_asked(ours, theirs, sent):
    asked = {"from": today(), "to": today()}
    assert theirs.call("QualityReport", **asked).get("rules", []) == []
    long_ago = today() - timedelta(days=30)
    assert ours.call("QualityReport", **{"from": long_ago, "to": long_ago}).get("rules", []) == []


@pytest.mark.parametrize(("first", "last", "words"), [
    ("2026-03-02", "2026-03-01", "早于开始日期"), ("2025-03-01", "2026-03-02", "超过 366 天"),
])  # fmt: skip
def test_a_period_that_cannot_be_is_a_fault_with_the_reason(ours, first, last, words):
    with pytest.raises(Refused) as caught:
        ours.call("QualityReport", **{"from": first, "to": last})
    answer = caught.value.answer
    assert (answer.code, answer.text("path")) == ("SND-311", "/Envelope/Body/QualityReport/to")
    assert words in answer.text("message")


def test_a_year_is_a_period(ours):
    assert ours.call("QualityReport", **{"from": "2025-03-01", "to": "2026-03-01"}).get("rules", []) == []


@pytest.mark.parametrize(("operation", "values", "path"), [
    ("Reconcile", {"date": "23.11.2026"}, "date"),
    ("QualityReport", {"from": "2026-02-30", "to": "2026-03-01"}, "from"),
    ("QualityReport", {"from": "2026-03-01", "to": "tomorrow"}, "to"),
])  # fmt: skip
def test_a_day_that_is_none_is_a_fault_naming_the_parameter(ours, operation, values, path):
    with pytest.raises(Refused) as caught:
        ours.call(operation, **values)
    assert (caught.value.answer.code, caught.value.answer.text("path")) == ("SND-311", f"/Envelope/Body/{operation}/{path}")


def test_a_heartbeat_tells_the_time_and_the_version_of_the_contract(ours):
    beat = ours.call("Heartbeat")
    assert beat["contractVersion"] == "1"
    assert abs(datetime.fromisoformat(beat["serverTime"]) - datetime.now(SHANGHAI)) < timedelta(seconds=10)
    assert len(beat["serverTime"]) == len("2026-11-23T08:00:00+08:00")


def test_the_types_of_the_catalogue_are_listed(ours):
    listed = ours.call("ListDocumentTypes")["types"]
    assert [t["name"] for t in listed if t["code"] == "C0009"] == ["一般手术记录", "手术记录"]
    assert {t["number"] for t in listed if t["code"] == "C0009"} == {"9", "56"}
    types = {t["code"]: t for t in listed}
    assert types["C0002"] == {
        "code": "C0002", "number": "2", "name": "门（急）诊病历", "englishName": "Outpatient (emergency) medical record",
        "standard": "WS/T 500-2016", "part": "2",
    }  # fmt: skip
    assert {"C0004", "C0007"} <= set(types)


def lasting(found):
    """Keep what does not change while a worker delivers: its state, attempts and events go on between two questions."""
    destinations = [delivery["destination"] for delivery in found["deliveries"]]
    return {name: found[name] for name in ("receipt", "status", "state")} | {"destinations": destinations}


def test_a_receipt_is_found_by_the_number_of_the_document(ours, sent):
    found = ours.call("QueryReceipt", documentId=sent["report"].number)
    assert (found["status"], found["state"]) == ("accepted", "routed")
    again = ours.receipt(found["receipt"])
    assert lasting(found) == lasting(again)
    assert ours.call("QueryReceipt", documentId=sent["bad"].number)["state"] == "invalid"
    assert ours.call("QueryReceipt", documentId="NEVER-SENT") == {"status": "unknown"}

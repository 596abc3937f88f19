"""config/access.yaml says which kind of caller may call what, and its mistakes are told with their place."""

from pathlib import Path

import pytest

from engine.errors import ConfigError
from engine.inbound.referral import REFERRAL
from engine.services.access import load_access
from engine.services.recordrights import RecordRights

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "config/access.yaml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("service", "kinds"),
    [
        ("collection", {"hospital"}),
        ("hip", {"hospital"}),
        ("regional", {"hospital"}),
        ("appointment", {"portal"}),
        ("report", {"portal"}),
        ("guide", {"portal"}),
        ("referral", {"hospital", "platform"}),
        ("DataCollection", {"hospital"}),
        ("RegionalPatient", {"hospital"}),
        ("unheard-of", set()),
    ],
)
def test_the_delivered_rights_are_those_of_the_contracts(service, kinds):
    access = load_access(ROOT)
    assert {kind for kind in ("hospital", "portal", "platform") if access.allows(kind, service, "Any")} == kinds


def test_portals_see_what_hospitals_offer_and_residents_referrals_and_move_none():
    access = load_access(ROOT)
    open_to_portals = {name for name in REFERRAL.operations if access.allows("portal", "referral", name)}
    assert open_to_portals == {"ListDepartments", "ListSpecialists", "ListSchedules", "ListSlots", "ListResidentReferrals"}
    assert not access.allows("platform", "referral", "ListResidentReferrals")


def test_an_operation_may_differ_from_its_service(written):
    path = written("services:\n  report:\n    callers: [portal]\n    operations: { ListReports: [hospital, portal] }\n")
    access = load_access(path, {"ReportService": {"ListReports", "PushReport"}})
    assert access.allows("hospital", "report", "ListReports")
    assert not access.allows("hospital", "report", "PushReport")
    assert access.allows("portal", "report", "PushReport")


def test_all_mistakes_are_told_at_once_with_the_nearest_right_word(written):
    path = written(
        "services:\n  collecton: { callers: [hospital] }\n  report:\n    callers: [portal]\n    operations: { ListReport: [] }\n"
    )
    with pytest.raises(ConfigError) as told:
        load_access(path, {"DataCollection": {"Upload"}, "ReportService": {"ListReports"}})
    first, second = told.value.faults
    assert (first.line, first.column, first.code) == (2, 3, "CFG-012")
    assert 'did you mean "collection"' in first.message
    assert second.line == 5
    assert 'did you mean "ListReports"' in second.message


def test_an_unknown_kind_is_told(written):
    with pytest.raises(ConfigError) as told:
        load_access(written("services:\n  hip: { callers: [hospitals] }\n"))
    (fault,) = told.value.faults
    assert (fault.line, fault.code) == (2, "CFG-011")
    assert 'did you mean "hospital"' in fault.message


def test_the_delivered_rule_table_of_records_is_the_documented_one():
    records = load_access(ROOT).records
    assert records == RecordRights()
    page = (ROOT / "docs" / "contracts" / "registers.md").read_text(encoding="utf-8")
    for name, value in records.model_dump().items():
        shown = ", ".join(value) if isinstance(value, list) else value
        assert f"| `{name}` ({f'[{shown}]' if isinstance(value, list) else shown}) |" in page


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("residents: treatin", "CFG-011", 'did you mean "treating"'),
        ("document: own", "CFG-012", 'did you mean "documents"'),
        ("closed: V", "CFG-011", ""),
    ],
)
def test_a_mistake_in_the_rule_table_is_told_at_its_place(written, line, code, said):
    with pytest.raises(ConfigError) as told:
        load_access(written(f"services: {{}}\nrecords:\n  {line}\n"))
    (fault,) = told.value.faults
    assert (fault.line, fault.code) == (3, code)
    assert said in fault.message

"""Read the pages of institutions, and act there as an administrator does."""

import json
import re
import shutil
import subprocess
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.monitor.onboarding import Accepted, progress
from engine.services.applications import Applications, Wish
from engine.services.audit import Audit, AuditNote
from engine.services.institutions import Institutions
from engine.services.passwords import hash_password
from tests.monitor.conftest import PASSWORDS
from tests.monitor.test_monitor_pages import Outline
from tests.monitor.web import Visitor
from tests.support.seals import SEAL

CODE = "H22010001"
TODAY = date(2026, 3, 2)


@pytest.fixture
def register(users):
    return Institutions(users._database, SEAL)


@pytest.fixture
def applicant(users, request):
    """Let an institution of a code of its own apply."""
    code = "A" + re.sub(r"[^A-Za-z0-9]", "", request.node.name)[-28:]
    applications = Applications(users._database, SEAL)
    words = applications.invite(timedelta(days=1))
    wish = Wish(
        invitation=words, code=code, name="<b>申请医院</b>", contact="测试联系人 0431-0000", password_hash=hash_password("x" * 12)
    )
    applications.apply(wish)
    return code


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """Make a certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("not on this machine: openssl")
    folder = tmp_path_factory.mktemp("certificate")
    words = (
        "-x509",
        "-newkey",
        "ed25519",
        "-nodes",
        "-days",
        "90",
        "-subj",
        "/CN=test",
        "-out",
        folder / "c",
        "-keyout",
        folder / "k",
    )
    subprocess.run(["openssl", "req", *words], check=True, capture_output=True)
    return (folder / "c").read_text()


def last_act(users, code):
    with users._database.read() as connection:
        return [(row.reason, row.actor, row.peer) for row in Audit().rows(connection, institution=code)]


def test_the_list_tells_who_is_connected_and_links_to_each(viewer):
    body = viewer.get("/institutions").body
    for words in ("机构", "长春测试医院", CODE, "已批准", f'href="/institutions/{CODE}"'):
        assert words in body
    told = json.loads(viewer.get("/institutions?format=json").body)["institutions"]
    assert {"code": CODE, "received": 0, "reachable": None}.items() <= next(one for one in told if one["code"] == CODE).items()


def test_applications_are_shown_to_those_who_work_and_decided_by_administrators(administrator, viewer, monitor, users, applicant):
    body = administrator.get("/institutions").body
    assert "测试联系人 0431-0000" in body
    assert "&lt;b&gt;申请医院" in body
    assert "<b>申请医院" not in body
    assert "0431-0000" not in viewer.get("/institutions").body + viewer.get(f"/institutions/{applicant}").body
    operator = Visitor(monitor)
    operator.sign_in("operator-1", PASSWORDS["operator"])
    seen = operator.get("/institutions")
    assert "0431-0000" in seen.body
    assert f"/institutions/{applicant}/approve" not in seen.body
    assert operator.post(f"/institutions/{applicant}/approve", {"token": seen.token()}).status == 403
    token = administrator.get("/institutions").token()
    assert administrator.post(f"/institutions/{applicant}/approve", {"token": token}).location.endswith("?done=approve")
    assert ("institution approve", "administrator-1", "127.0.0.1") in last_act(users, applicant)
    again = administrator.post(f"/institutions/{applicant}/refuse", {"token": token})
    assert again.status == 400
    assert "已经处理过" in again.body


def test_a_refused_application_waits_no_more_and_the_institution_stays_out(administrator, users, register, applicant):
    token = administrator.get(f"/institutions/{applicant}").token()
    assert administrator.post(f"/institutions/{applicant}/refuse", {"token": token}).status == 303
    assert register.get(applicant).state == "disabled"
    assert applicant not in {one.institution for one in Applications(users._database, SEAL).waiting()}


def test_a_new_password_is_shown_once_and_is_the_one_in_force(administrator, register, users):
    before = register.get(CODE).password_hash
    page = administrator.get(f"/institutions/{CODE}")
    answer = administrator.post(f"/institutions/{CODE}/rotate", {"token": page.token()})
    made = re.search(r'id="made">([^<]+)<', answer.body)[1]
    assert register.get(CODE).password_hash != before
    assert made not in administrator.get(f"/institutions/{CODE}").body
    assert made not in administrator.get(f"/institutions/{CODE}?format=json").body
    assert "argon2" not in administrator.get(f"/institutions/{CODE}?format=json").body
    assert ("institution rotate", "administrator-1", "127.0.0.1") in last_act(users, CODE)


def test_a_certificate_is_registered_as_text_or_file_shown_and_removed(administrator, register, pem):
    address, token = f"/institutions/{CODE}", administrator.get(f"/institutions/{CODE}").token()
    assert "PEM 格式" in administrator.post(f"{address}/certificate", {"token": token, "pem": "nonsense"}).body
    assert administrator.post(f"{address}/certificate", {"token": "other", "pem": pem}).status == 400
    boundary = "part"
    parts = "".join(
        f'--{boundary}\r\ncontent-disposition: form-data; name="{name}"{more}\r\n\r\n{value}\r\n'
        for name, more, value in (("token", "", token), ("file", '; filename="c.pem"', pem))
    )
    kind = {"content-type": f"multipart/form-data; boundary={boundary}"}
    done = administrator.ask("POST", f"{address}/certificate", f"{parts}--{boundary}--\r\n", kind)
    assert done.location == f"{address}?done=certificate"
    (held,) = register.certificates(CODE)
    page = administrator.get(address)
    assert "CN=test" in page.body
    assert held.fingerprint in page.body
    removed = administrator.post(f"{address}/certificate-remove", {"token": token, "fingerprint": held.fingerprint})
    assert removed.status == 303
    assert register.certificates(CODE) == []
    assert administrator.post(f"{address}/certificate", {"token": token, "pem": "x" * 300_000}).status == 413


def test_disabling_and_approving_again_are_in_force(administrator, register):
    token = administrator.get(f"/institutions/{CODE}").token()
    for act, state in (("disable", "disabled"), ("approve", "approved")):
        assert administrator.post(f"/institutions/{CODE}/{act}", {"token": token}).status == 303
        assert register.get(CODE).state == state
    assert administrator.post(f"/institutions/{CODE}/explode", {"token": token}).status == 404
    assert administrator.post("/institutions/NOBODY/disable", {"token": token}).status == 404


def test_an_invitation_is_shown_once_and_opens_one_application(administrator, users):
    token = administrator.get("/institutions").token()
    answer = administrator.post("/institutions/invite", {"token": token, "code": "NEW-1", "kind": "hospital"})
    words = re.search(r'id="made">([^<]+)<', answer.body)[1]
    Applications(users._database, SEAL).check(words, "NEW-1")
    assert "已登记" in administrator.post("/institutions/invite", {"token": token, "code": CODE, "kind": "hospital"}).body
    assert "类别" in administrator.post("/institutions/invite", {"token": token, "code": "", "kind": "king"}).body


def test_the_service_of_a_hospital_is_tested_now(administrator, behind):
    token = administrator.get(f"/institutions/{CODE}").token()
    code = behind.booking.hospitals[0].code
    assert administrator.post(f"/institutions/{code}/test", {"token": token}).location.endswith("?done=test")
    assert behind.acted[-1][:3] == ("test", code, "administrator-1")
    assert administrator.post("/institutions/NOBODY/test", {"token": token}).location.endswith("?done=gone")


def test_the_sheet_to_hand_over_holds_addresses_and_no_password(viewer):
    body = viewer.get(f"/institutions/{CODE}/sheet").body
    for words in (f"https://platform.example/services/collection/{CODE}?wsdl", "32 MiB", "另行告知", "接入步骤"):
        assert words in body
    assert viewer.get("/institutions/NOBODY/sheet").status == 404
    assert viewer.get("/institutions/NOBODY").status == 404


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", ["/institutions", f"/institutions/{CODE}", f"/institutions/{CODE}/sheet", "/audit", "/settings"])
def test_these_pages_are_well_formed_and_label_their_fields(administrator, path, language, applicant):
    outline = Outline(re.sub(r"<(br|path)[^>]*>", "", administrator.get(f"{path}?lang={language}").body))
    administrator.get("/me?lang=zh")
    labelled = {attributes["for"] for tag, attributes in outline.elements if tag == "label"}
    for tag, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        if tag in {"input", "select", "textarea"} and attributes.get("type") != "hidden":
            assert attributes["id"] in labelled


def test_progress_follows_what_was_accepted(register, users):
    found, types = register.get(CODE), ("C0001", "C0002")
    begun = progress(found, connected=None, accepted=Accepted(), types=types, today=TODAY)
    assert [step.state for step in begun.steps] == ["done", "done", "open", "open", "open", "open"]
    assert begun.missing == ["C0001", "C0002"]
    days = frozenset(TODAY - timedelta(days=back) for back in range(365))
    whole = Accepted(types=frozenset({"C0001", "C0002", "C9999"}), live=frozenset({TODAY - timedelta(days=6)}), history=days)
    now = datetime(2026, 3, 1, 16, 30, tzinfo=UTC)
    done = progress(found, connected=now, accepted=whole, types=types, today=TODAY)
    assert [step.state for step in done.steps] == ["done"] * 6
    assert done.steps[2].since == date(2026, 3, 2)
    part = Accepted(types=frozenset({"C0001"}), live=whole.live)
    late = progress(found, connected=now, accepted=part, types=types, today=TODAY + timedelta(days=2))
    assert [step.state for step in late.steps][3:] == ["begun", "begun", "open"]


def test_the_first_connection_is_found_in_the_audit(administrator, users):
    assert "首次连接" in administrator.get(f"/institutions/{CODE}").body
    at = datetime(2026, 3, 2, 4, tzinfo=UTC)
    notes = [
        AuditNote(peer="192.0.2.1", institution=CODE, verdict="admitted", reason="Upload", at=at + timedelta(days=n))
        for n in (3, 0)
    ]
    with users._database.write() as connection:
        Audit().write(connection, notes)
    steps = {
        one["name"]: one for one in json.loads(administrator.get(f"/institutions/{CODE}?format=json").body)["progress"]["steps"]
    }
    assert steps["connected"]["since"] == "2026-03-02"

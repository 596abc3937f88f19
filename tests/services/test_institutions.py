"""Institutions are registered once, and every process hears of a change within a second."""

import time
from pathlib import Path

import pytest

from engine.errors import SenderError
from engine.services.audit import Audit
from engine.services.institutions import Institutions, NotDone, judge_custodian
from engine.services.passwords import as_bytes, matches
from tests.support.seals import SEAL

PEM = Path(__file__).parent / "certificates"
A_PASSWORD = "correct-horse-1"


def seen(institutions, wanted):
    """Seconds until another process sees what is wanted; a second is the promise."""
    began = time.monotonic()
    while not wanted(institutions.refresh()):
        assert time.monotonic() - began < 1, "a change was not seen within a second"
        time.sleep(0.02)
    return time.monotonic() - began


def test_a_made_password_is_returned_once_and_opens(database):
    institutions = Institutions(database, SEAL)
    password = institutions.add("220101001", "测试医院")
    kept = institutions.get("220101001")
    assert len(password) == 20
    assert (kept.kind, kept.state, kept.name) == ("hospital", "approved", "测试医院")
    assert kept.password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert matches(kept.password_hash, as_bytes(password))
    assert password not in repr(kept)
    assert kept.password_hash not in repr(kept)


@pytest.mark.parametrize("code", ["", "a" * 33, "a b", "../x", "a\0", "一院", "a\n"])
def test_a_code_is_letters_digits_and_hyphens(database, code):
    with pytest.raises(NotDone, match="1 to 32"):
        Institutions(database, SEAL).add(code, "测试医院")


def test_a_code_that_differs_only_by_case_is_refused(database):
    institutions = Institutions(database, SEAL)
    institutions.add("JL-a", "测试医院")
    with pytest.raises(NotDone, match="registered already"):
        institutions.add("JL-A", "另一医院")
    assert [one.code for one in institutions.list()] == ["JL-a"]
    assert institutions.exists("JL-a")
    assert not institutions.exists("JL-A")


@pytest.mark.parametrize(
    ("password", "words"), [("short-11-ch", "at least 12"), ("x" * 1025, "at most 1024"), ("has-a-nul-\0-inside", "no NUL")]
)
def test_a_password_too_short_too_long_or_with_nul_is_refused(database, password, words):
    with pytest.raises(NotDone, match=words):
        Institutions(database, SEAL).add("H1", "测试医院", password=password)


def test_an_unknown_kind_and_an_unknown_code_are_told(database):
    institutions = Institutions(database, SEAL)
    with pytest.raises(NotDone, match="hospital, portal, platform"):
        institutions.add("H1", "测试医院", "clinic")
    for act in (institutions.approve, institutions.disable, institutions.rotate):
        with pytest.raises(NotDone, match="no institution H9"):
            act("H9")


def test_another_process_hears_of_every_change_within_a_second(database, other):
    here, there = Institutions(database, SEAL), Institutions(other, SEAL)
    there.refresh()
    here.add("H1", "测试医院", password=A_PASSWORD)
    seen(there, lambda register: "H1" in register.by_code)
    before = there.refresh().by_code["H1"].password_hash
    assert here.rotate("H1", "another-horse-2") == "another-horse-2"
    seen(there, lambda register: register.by_code["H1"].password_hash != before)
    here.disable("H1")
    seen(there, lambda register: register.by_code["H1"].state == "disabled")
    here.approve("H1")
    seen(there, lambda register: register.by_code["H1"].state == "approved")


def test_the_register_is_read_again_only_when_the_stamp_moved(database):
    moment = [0.0]
    institutions = Institutions(database, SEAL, clock=lambda: moment[0])
    first = institutions.refresh()
    assert institutions.fresh() is first
    moment[0] = 0.6
    assert institutions.fresh() is None
    assert institutions.refresh() is first
    institutions.add("H1", "测试医院", password=A_PASSWORD)
    assert institutions.refresh() is first
    moment[0] = 1.2
    assert "H1" in institutions.refresh().by_code


def test_a_certificate_belongs_to_one_institution(database):
    institutions = Institutions(database, SEAL)
    for code in ("H1", "H2"):
        institutions.add(code, "测试医院", password=A_PASSWORD)
    pem = (PEM / "hospital-a.pem").read_text(encoding="utf-8")
    found = institutions.certificate("H1", pem)
    assert found.subject == "C=CN, O=测试机构, CN=220101001"
    assert found.fingerprint == "bb250d90736aa59c882275a764428c5f910e7252370e372bcfc3e75d56453c90"
    assert found.not_after.year == 2126
    assert institutions.certificate("H1", pem) == found
    with pytest.raises(NotDone, match="registered to H1"):
        institutions.certificate("H2", pem)
    assert institutions.refresh().certificates[found.fingerprint][0] == "H1"
    institutions.remove_certificate("H1", found.fingerprint)
    institutions.certificate("H2", pem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 2,
        "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_certificate_is_told(database, text):
    institutions = Institutions(database, SEAL)
    institutions.add("H1", "测试医院", password=A_PASSWORD)
    with pytest.raises(NotDone, match="certificate"):
        institutions.certificate("H1", text)


def test_every_change_is_audited_with_who_did_it(database):
    institutions = Institutions(database, SEAL)
    institutions.add("H1", "测试医院", password=A_PASSWORD)
    institutions.rotate("H1", actor="engineer-li")
    institutions.disable("H1")
    with database.read() as connection:
        rows = Audit().rows(connection, verdict="changed")
    found = {(row.reason, row.subject, row.actor) for row in rows}
    assert found == {
        ("institution add", "H1", "command-line"),
        ("institution rotate", "H1", "engineer-li"),
        ("institution disable", "H1", "command-line"),
    }


def test_another_institutions_code_in_a_document_is_refused_and_an_unknown_one_is_a_warning(database):
    institutions = Institutions(database, SEAL)
    for code in ("H1", "H2"):
        institutions.add(code, "测试医院", password=A_PASSWORD)
    assert judge_custodian(institutions, "H1", "H1") is None
    assert judge_custodian(institutions, "H1", "") is None
    unknown = judge_custodian(institutions, "H1", "H3", path="/ClinicalDocument[1]/custodian[1]")
    assert (unknown.code, unknown.severity, unknown.value) == ("SND-415", "warning", "H3")
    for written in ("H2", "h2"):
        with pytest.raises(SenderError) as refusal:
            judge_custodian(institutions, "H1", written)
        assert refusal.value.code == "SND-104"

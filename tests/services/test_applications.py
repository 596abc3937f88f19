"""An invitation is good for one application, and what is registered is never changed by another."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from engine.errors import SenderError
from engine.services.applications import Applications, NotInvited, Wish, application, invitation
from engine.services.audit import Audit
from engine.services.certificates import read_certificate
from engine.services.institutions import Institutions, NotDone
from engine.services.passwords import hash_password
from tests.support.seals import SEAL

WEEK = timedelta(days=7)
HASH = hash_password("correct-horse-1")
PEMS = Path(__file__).parent / "certificates"


def wish(words, code="H1", **more):
    given = {"name": "测试医院", "contact": "测试联系人 0431-0000000", "password_hash": HASH, "peer": "192.0.2.7"}
    return Wish(invitation=words, code=code, **(given | more))


def registered(database):
    return [(one.code, one.state, one.kind) for one in Institutions(database, SEAL).list()]


def test_an_invited_institution_applies_and_is_approved(database):
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK)
    made = applications.apply(wish(words))
    assert registered(database) == [("H1", "applied", "hospital")]
    assert [(one.id, one.contact) for one in applications.waiting()] == [(made.id, "测试联系人 0431-0000000")]
    Institutions(database, SEAL).approve("H1")
    found = applications.find("H1", made.id)
    assert (found.state, found.decided is not None) == ("approved", True)
    assert applications.waiting() == []
    assert applications.find("H1").id == made.id
    assert applications.find("H2", made.id) is None


def test_the_words_of_an_invitation_and_the_contact_are_not_to_be_read_in_its_row(database):
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK, code="H1")
    with database.read() as connection:
        (row,) = connection.execute(select(invitation)).mappings()
    assert len(words) == 20
    assert words not in str(dict(row))


def test_an_invitation_is_used_once(database):
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK)
    applications.apply(wish(words))
    with pytest.raises(NotInvited, match="invitation-used"):
        applications.apply(wish(words, "H2"))
    assert registered(database) == [("H1", "applied", "hospital")]


def test_an_invitation_for_a_code_and_a_kind_is_good_for_no_other(database):
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK, code="P1", kind="portal")
    with pytest.raises(NotInvited, match="invitation-other-code"):
        applications.apply(wish(words, "P2"))
    assert applications.apply(wish(words, "P1")).kind == "portal"
    assert registered(database) == [("P1", "applied", "portal")]


def test_an_invitation_expires(database):
    moment = [datetime(2026, 3, 1, tzinfo=UTC)]
    applications = Applications(database, SEAL, clock=lambda: moment[0])
    words = applications.invite(WEEK)
    moment[0] += WEEK - timedelta(seconds=1)
    applications.check(words, "H1")
    moment[0] += timedelta(seconds=1)
    with pytest.raises(NotInvited, match="invitation-expired"):
        applications.apply(wish(words))
    assert registered(database) == []


@pytest.mark.parametrize(("words", "reason"), [("", "no-invitation"), ("guessed-words-of-20", "invitation-unknown")])
def test_without_an_invitation_nothing_is_kept(database, words, reason):
    with pytest.raises(NotInvited, match=reason):
        Applications(database, SEAL).apply(wish(words))
    assert registered(database) == []
    with database.read() as connection:
        assert connection.execute(select(application)).all() == []
        assert Audit().rows(connection) == []


@pytest.mark.parametrize("code", ["H1", "h1"])
def test_a_second_application_for_a_registered_code_changes_nothing_and_leaves_its_invitation(database, code):
    Institutions(database, SEAL).add("H1", "测试医院", password="correct-horse-1")
    before = Institutions(database, SEAL).get("H1")
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK)
    with pytest.raises(SenderError) as refusal:
        applications.apply(wish(words, code))
    assert refusal.value.code == "SND-507"
    assert Institutions(database, SEAL).get("H1") == before
    assert applications.apply(wish(words, "H2")).state == "applied"


@pytest.mark.parametrize(
    "more", [{"code": "../x"}, {"code": "a" * 33}, {"name": " "}, {"name": "x" * 201}, {"contact": ""}, {"contact": "x" * 201}]
)
def test_what_cannot_be_registered_is_named_and_leaves_the_invitation(database, more):
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK)
    with pytest.raises(SenderError) as refusal:
        applications.apply(wish(words, **more))
    assert refusal.value.code == "SND-750"
    assert registered(database) == []
    assert applications.apply(wish(words)).institution == "H1"


def test_a_certificate_of_another_institution_is_refused_with_the_whole_application(database):
    pem = (PEMS / "hospital-a.pem").read_text(encoding="ascii")
    register = Institutions(database, SEAL)
    register.add("H1", "测试医院")
    register.certificate("H1", pem)
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK)
    with pytest.raises(SenderError) as refusal:
        applications.apply(wish(words, "H2", certificate=read_certificate(pem)))
    assert refusal.value.code == "SND-752"
    assert not register.exists("H2")
    other = read_certificate((PEMS / "hospital-b.pem").read_text(encoding="ascii"))
    applications.apply(wish(words, "H2", certificate=other))
    assert register.refresh().certificates[other.fingerprint][0] == "H2"


@pytest.mark.parametrize("codes", [["H1"] * 8, [f"H{n}" for n in range(8)]])
def test_of_many_applications_with_one_invitation_at_once_one_is_taken(database, codes):
    applications = Applications(database, SEAL)
    words = applications.invite(WEEK)

    def come(code):
        try:
            return applications.apply(wish(words, code)).institution
        except (NotInvited, SenderError):
            return ""

    with ThreadPoolExecutor(8) as pool:
        taken = [code for code in pool.map(come, codes) if code]
    assert len(taken) == 1
    assert registered(database) == [(taken[0], "applied", "hospital")]


def test_of_two_invitations_for_one_code_at_once_one_is_taken_and_the_other_told(database):
    applications = Applications(database, SEAL)
    words = [applications.invite(WEEK) for _ in range(6)]

    def come(one):
        try:
            return applications.apply(wish(one, "H1")).state
        except SenderError as problem:
            return problem.code

    with ThreadPoolExecutor(6) as pool:
        told = sorted(pool.map(come, words))
    assert told == ["SND-507"] * 5 + ["applied"]


def test_nobody_is_invited_for_a_code_that_is_registered_or_none(database):
    Institutions(database, SEAL).add("H1", "测试医院")
    applications = Applications(database, SEAL)
    for code, words in (("h1", "registered already"), ("a b", "1 to 32")):
        with pytest.raises(NotDone, match=words):
            applications.invite(WEEK, code=code)
    with pytest.raises(NotDone, match="not one of"):
        applications.invite(WEEK, kind="clinic")


def test_inviting_applying_and_approving_are_audited(database):
    applications = Applications(database, SEAL)
    applications.apply(wish(applications.invite(WEEK)))
    Institutions(database, SEAL).approve("H1")
    with database.read() as connection:
        rows = {(row.reason, row.institution, row.actor, row.peer) for row in Audit().rows(connection)}
    assert rows == {
        ("institution invite", "", "command-line", ""),
        ("institution apply", "H1", "applicant", "192.0.2.7"),
        ("institution approve", "H1", "command-line", ""),
    }


def test_a_register_from_before_registration_is_read(database):
    """The column that an older register lacks is filled by the migration."""
    Institutions(database, SEAL).add("H1", "测试医院")
    with database.write() as connection:
        columns = "code, folded, name, kind, state, password_hash, digest, contact, created, changed"
        connection.execute(
            text(f"INSERT INTO institution ({columns}) VALUES ('H2', 'h2', 'x', 'hospital', 'approved', '', :no, '', 1, 1)"),  # noqa: S608
            {"no": False},
        )
    register = Institutions(database, SEAL)
    assert register.secret_of(register.get("H2")) is None

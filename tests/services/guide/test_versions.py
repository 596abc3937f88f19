"""Versions of a hospital's introduction: whole or not at all, one on show, every one kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from engine.services.guide import versions
from engine.services.guide.entries import read_department, read_doctor, read_hospital
from engine.services.guide.tables import (
    guide_current,
    guide_department,
    guide_doctor,
    guide_hospital,
    guide_picture,
    guide_picture_use,
)
from engine.services.guide.versions import Versions
from tests.services.guide.shelf import PERSON, said


def test_a_version_waits_until_it_is_approved_and_says_what_was_sent(shelf):
    taken = shelf.take(warnings=3)
    assert (taken.number, taken.state, taken.published, taken.published_by) == (1, "waiting", None, "")
    assert (taken.departments, taken.doctors, taken.pictures, taken.warnings, taken.files) == (1, 2, 1, 3, ("资料.xlsx",))
    assert shelf.found() == 0
    shown = shelf.versions.publish("H1", 1, by=PERSON)
    assert (shown.state, shown.published_by) == ("published", "engineer-1")
    assert shown.published > shown.imported
    assert shelf.found() == 2
    assert shelf.audited() == [("guide approve", "H1 1", "engineer-1"), ("guide import", "H1 1", "engineer-1")]


def test_what_was_taken_is_read_back_as_it_was(shelf):
    shelf.take()
    whole = said()
    with shelf.database.read() as connection:
        assert read_hospital(connection.execute(select(guide_hospital)).one()) == whole.hospital
        assert read_department(connection.execute(select(guide_department)).one()) == whole.departments[0]
        doctors = connection.execute(select(guide_doctor).order_by(guide_doctor.c.place)).all()
        assert tuple(map(read_doctor, doctors)) == whole.doctors
        assert connection.execute(select(guide_picture.c.content)).scalar_one() == whole.pictures[0].content


def test_a_later_version_takes_the_place_of_the_earlier_which_can_be_put_back(shelf):
    for number in (1, 2):
        shelf.take("H1", said(doctors=number))
        shelf.versions.publish("H1", number)
        assert shelf.found() == number
    assert shelf.states() == [(2, "published"), (1, "kept")]
    shelf.versions.publish("H1", 1)
    assert shelf.states() == [(2, "kept"), (1, "published")]
    assert shelf.found() == 1


def test_a_hospital_is_taken_off_show(shelf):
    shelf.take()
    shelf.versions.publish("H1", 1)
    assert shelf.versions.withdraw("H1", by=PERSON) == 1
    assert shelf.states() == [(1, "kept")]
    assert shelf.found() == 0
    assert "on show" in shelf.refused(shelf.versions.withdraw, "H1")
    assert ("guide withdraw", "H1 1", "engineer-1") in shelf.audited()


def test_what_cannot_be_done_is_said_in_words(shelf):
    shelf.take()
    assert "registered" in shelf.refused(shelf.versions.take, "H9", said(), [])
    assert "registered" in shelf.refused(shelf.versions.take, "P1", said(), [])
    for number in (0, 2, -1):
        assert "no version" in shelf.refused(shelf.versions.publish, "H1", number)
    assert "no version" in shelf.refused(shelf.versions.publish, "H2", 1)
    shelf.versions.publish("H1", 1)
    assert "already" in shelf.refused(shelf.versions.publish, "H1", 1)
    shelf.register.disable("H1")
    assert "not approved" in shelf.refused(shelf.versions.publish, "H1", 1)


def test_a_version_that_cannot_be_indexed_is_not_on_show(shelf, monkeypatch):
    def broken(connection, code, number):
        raise RuntimeError("index broke")

    shelf.take()
    monkeypatch.setattr(versions, "index", broken)
    with pytest.raises(RuntimeError):
        shelf.versions.publish("H1", 1)
    assert shelf.states() == [(1, "waiting")]
    assert shelf.audited() == [("guide import", "H1 1", "engineer-1")]


def test_an_introduction_that_cannot_be_written_leaves_nothing(shelf):
    twice = said()
    twice = type(twice)(hospital=twice.hospital, departments=twice.departments * 2, doctors=twice.doctors)
    with pytest.raises(Exception, match=r"(?i)unique"):
        shelf.take("H1", twice)
    assert shelf.versions.list() == ()
    with shelf.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(guide_current)).scalar_one() == 0


def test_a_picture_is_kept_once_and_every_version_says_which_it_shows(shelf):
    shelf.take()
    shelf.take()
    shelf.take("H1", said(pictures=()))
    with shelf.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(guide_picture)).scalar_one() == 1
        assert connection.execute(select(guide_picture_use.c.version).order_by(guide_picture_use.c.version)).scalars().all() == [
            1,
            2,
        ]


def test_imports_at_the_same_time_get_numbers_of_their_own(shelf, other):
    both = (shelf.versions, Versions(other))
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda n: both[n % 2].take("H1", said(), []).number, range(6)))
    assert sorted(taken) == [1, 2, 3, 4, 5, 6]


def test_versions_of_all_hospitals_are_listed_by_code(shelf):
    shelf.take("H2")
    shelf.take("H1")
    shelf.take("H1")
    assert [(one.institution, one.number) for one in shelf.versions.list()] == [("H1", 2), ("H1", 1), ("H2", 1)]

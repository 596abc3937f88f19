"""Passwords are checked in one thread, remembered for five minutes, and never by their text."""

import threading
import time

import pytest

from engine.errors import TryAgain
from engine.services import passwords
from engine.services.passwords import PasswordChecks, as_bytes, hash_password, make_password, matches

SECRET = "correct-horse-1"
STORED = hash_password(SECRET)


def test_a_hash_is_argon2id_of_the_agreed_cost():
    assert STORED.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert matches(STORED, SECRET.encode())
    assert not matches(STORED, b"wrong-horse-12")
    assert not matches("not a hash", SECRET.encode())


def test_made_passwords_differ_and_are_long_enough():
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one) == 20 for one in made)


@pytest.mark.parametrize("text", ["", "a" * 1025, "长" * 400, "nul\0inside-it", "\ud800 alone in it"])
def test_what_cannot_be_a_password_is_no_bytes(text):
    assert as_bytes(text) is None


def test_a_right_password_is_right_and_then_remembered():
    checks = PasswordChecks()
    assert not checks.remembered("H1", STORED, SECRET)
    assert checks.check("H1", STORED, SECRET).result(5) is True
    assert checks.remembered("H1", STORED, SECRET)
    began = time.perf_counter()
    assert checks.check("H1", STORED, SECRET).result(5) is True
    assert time.perf_counter() - began < 0.02


def test_what_is_remembered_ends_after_five_minutes_and_with_a_new_hash():
    moment = [0.0]
    checks = PasswordChecks(clock=lambda: moment[0])
    checks.check("H1", STORED, SECRET).result(5)
    assert not checks.remembered("H1", hash_password("another-horse-2"), SECRET)
    assert not checks.remembered("H2", STORED, SECRET)
    moment[0] = 299.9
    assert checks.remembered("H1", STORED, SECRET)
    moment[0] = 300.1
    assert not checks.remembered("H1", STORED, SECRET)
    assert checks.familiar("H1", STORED, SECRET)


def test_wrong_passwords_and_nobodys_are_wrong_and_not_remembered():
    checks = PasswordChecks()
    for stored, given in ((STORED, "wrong-horse-12"), (None, SECRET), (STORED, "a" * 5000), (STORED, "nul\0inside-it")):
        assert checks.check("H1", stored, given).result(5) is False
        assert not checks.familiar("H1", stored, given)


def test_no_password_text_stays_in_memory():
    checks = PasswordChecks()
    checks.check("H1", STORED, SECRET).result(5)
    (mark,) = checks._marks
    assert len(mark) == 32
    assert SECRET.encode() not in mark


@pytest.fixture
def held(monkeypatch):
    """Hold a check that takes as long as the test wants."""
    gate, calls = threading.Event(), []

    def slow(stored, content):
        calls.append(content)
        assert gate.wait(10)
        return content == SECRET.encode()

    monkeypatch.setattr(passwords, "matches", slow)
    yield gate, calls
    gate.set()


def test_the_same_check_asked_for_twice_at_once_is_done_once(held):
    gate, calls = held
    checks = PasswordChecks()
    first, second = checks.check("H1", STORED, SECRET), checks.check("H1", STORED, SECRET)
    assert checks.familiar("H1", STORED, SECRET)
    gate.set()
    assert first.result(5)
    assert second.result(5)
    assert len(calls) == 1


def test_too_many_strangers_are_told_to_try_again_while_a_friend_goes_first(held):
    gate, calls = held
    moment = [0.0]
    checks = PasswordChecks(strangers=3, clock=lambda: moment[0])
    gate.set()
    checks.check("H1", STORED, SECRET).result(5)
    gate.clear()
    moment[0] = 301.0
    waiting = [checks.check("H1", STORED, f"wrong-horse-{n}") for n in range(3)]
    with pytest.raises(TryAgain):
        checks.check("H1", STORED, "wrong-horse-4")
    friend = checks.check("H1", STORED, SECRET)
    gate.set()
    assert friend.result(5) is True
    assert [one.result(5) for one in waiting] == [False, False, False]
    assert calls[1:].index(SECRET.encode()) <= 1, "the friend goes before the strangers who still wait"


def test_a_check_that_breaks_tells_who_waits_for_it(monkeypatch):
    def broken(stored, content):
        raise MemoryError

    checks = PasswordChecks()
    monkeypatch.setattr(passwords, "matches", broken)
    with pytest.raises(MemoryError):
        checks.check("H1", STORED, SECRET).result(5)
    monkeypatch.undo()
    assert checks.check("H1", STORED, SECRET).result(5) is True

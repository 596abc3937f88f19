"""A PasswordDigest admits once, while it is fresh, and only institutions switched to it."""

import asyncio
import base64
import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest

from engine.errors import TryAgain
from engine.inbound.calls import Claims, Credential
from engine.inbound.digests import AHEAD, OLDEST, good_until, made_of, nonce_of
from engine.services.institutions import Institutions
from engine.services.nonces import take_nonces
from engine.services.signins import SignIns
from tests.inbound.test_admission import COLLECTION, SECRET, Door, at, database, institutions, password, url  # noqa: F401 - fixtures
from tests.support.seals import SEAL


def sha1(content):
    return hashlib.sha1(content).digest()  # noqa: S324 - as the profile says


def digest(secret=SECRET, *, institution="H1", age=0.0, nonce=None, created=None):
    raw = nonce or secrets.token_bytes(16)
    moment = created or (datetime.now(UTC) - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = sha1(raw + moment.encode() + secret.encode())
    packed = {"secret": base64.b64encode(made).decode(), "nonce": base64.b64encode(raw).decode(), "created": moment}
    return Credential(kind="wsse", institution=institution, form="digest", **packed)


class DigestDoor(Door):
    """A door that keeps nonces and failures in the store."""

    def __init__(self, kept, register, **options):
        self.signins = SignIns(kept)
        super().__init__(kept, register, take=self._take, signins=self.signins, **options)

    async def _take(self, use):
        with self.database.write() as connection:
            return take_nonces(connection, [use])[0]


@pytest.fixture
def door(database, institutions):  # noqa: F811
    institutions.rotate("H1", SECRET, digest=True)
    made = DigestDoor(database, institutions)
    yield made
    made.admission.close()


def test_a_digest_admits_and_its_password_as_text_too(door):
    for _ in range(3):
        assert door.come(digest()).institution == "H1"
    assert door.come(password()).institution == "H1"
    assert door.come(digest(), password("basic")).institution == "H1"


def test_the_same_token_sent_again_is_refused_also_by_another_front_after_a_restart(door, database):  # noqa: F811
    token = digest()
    assert door.come(token).institution == "H1"
    refusal, _ = door.refused(token)
    assert refusal.code == "SND-101"
    refusal, _ = DigestDoor(database, Institutions(database, SEAL)).refused(token)
    assert refusal.code == "SND-101"
    assert door.reasons()["refused", "H1", "digest-replayed"] == 2


def test_of_many_equal_tokens_at_once_one_is_admitted(door):
    token = digest()

    async def together():
        tries = (door.admission.admit(Claims((token,)), at(f"192.0.2.{n}")) for n in range(8))
        return await asyncio.gather(*tries, return_exceptions=True)

    assert sum(not isinstance(one, Exception) for one in asyncio.run(together())) == 1


def test_many_right_tokens_at_once_do_not_wait(door):
    async def together():
        return await asyncio.gather(*(door.admission.admit(Claims((digest(),)), COLLECTION) for _ in range(40)))

    began = time.perf_counter()
    assert len(asyncio.run(together())) == 40
    assert time.perf_counter() - began < 2


FAILURES = {
    "digest-wrong": lambda: [digest("wrong-horse-12")],
    "digest-stale": lambda: [digest(age=301)],
    "digest-not-open": lambda: [digest(institution="H2")],
    "unknown-institution": lambda: [digest(institution="H9")],
    "wrong-password": lambda: [password(secret="wrong-horse-12")],
    "incomplete": lambda: [Credential(kind="wsse", institution="H1", secret="x", form="digest")],
}


def test_every_failure_of_a_digest_sounds_the_same_and_takes_the_same_time(door):
    door.admission._least = 0.6  # long enough that a busy machine hides in it
    taken, words = dict.fromkeys(FAILURES, 9.0), set()
    for number in range(2):  # in turn, so that a busy moment of the machine falls on all of them
        for place, (reason, found) in enumerate(FAILURES.items()):
            refusal, seconds = door.refused(*found(), address=at(f"192.0.2.{10 * number + place}"))
            taken[reason] = min(taken[reason], seconds)
            words.add((refusal.code, refusal.first.message, refusal.first.hint))
    assert {key[2] for key in door.reasons()} == set(FAILURES)
    assert len(words) == 1
    assert max(taken.values()) < 1.5 * min(taken.values()), taken


def test_a_wrong_password_beside_a_right_digest_is_refused(door):
    refusal, _ = door.refused(digest(), password("basic", secret="wrong-horse-12"))
    assert refusal.code == "SND-101"


def test_guessing_by_digest_waits_like_guessing_by_text(door):
    seconds = [door.refused(digest(f"wrong-horse-{n}"))[1] for n in range(3)]
    assert seconds[0] < 1
    assert seconds[1] > 0.2
    assert seconds[2] > 0.45
    began = time.perf_counter()
    assert door.come(digest(), address=at("192.0.2.200")).institution == "H1"
    assert time.perf_counter() - began < 0.5


def test_a_replay_does_not_end_the_wait_of_a_guesser(door):
    token = digest()
    door.come(token)
    for n in range(2):
        door.refused(digest(f"wrong-horse-{n}"))
    refusal, seconds = door.refused(token)
    assert (refusal.code, seconds > 0.4) == ("SND-101", True)


def test_a_front_knows_the_failures_of_another(door, database):  # noqa: F811
    for n in range(3):
        door.refused(digest(f"wrong-horse-{n}"))
    door.signins.flush()
    _, seconds = DigestDoor(database, Institutions(database, SEAL)).refused(password(secret="wrong-horse-12"))
    assert seconds > 0.8


def test_a_new_password_ends_the_old_digest(door, database):  # noqa: F811
    Institutions(database, SEAL).rotate("H1", "another-horse-2")
    time.sleep(0.6)
    door.refused(digest())
    assert door.come(digest("another-horse-2"), address=at("192.0.2.201")).institution == "H1"
    Institutions(database, SEAL).rotate("H1", SECRET, digest=False)
    time.sleep(0.6)
    door.refused(digest(), address=at("192.0.2.202"))
    assert Institutions(database, SEAL).get("H1").secret == b""


def test_a_store_that_cannot_keep_the_nonce_is_try_again_and_no_verdict(door, monkeypatch):
    async def away(_):
        raise TryAgain("the store is away")

    monkeypatch.setattr(door.admission, "_take", away)
    with pytest.raises(TryAgain):
        door.come(digest())


NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "good"),
    [
        ("2026-03-01T08:00:00Z", True),
        ("2026-03-01T08:00:00.123456789Z", True),
        ("2026-03-01T16:00:00+08:00", True),
        ("2026-03-01T08:00:00", True),
        ("2026-03-01T07:55:00Z", True),
        ("2026-03-01T07:54:59Z", False),
        ("2026-03-01T08:01:00Z", True),
        ("2026-03-01T08:01:01Z", False),
        ("2026-13-01T08:00:00Z", False),
        ("20260301T080000Z", False),
        ("2026-03-01T08:00:00Z ", False),
        ("٢٠٢٦-03-01T08:00:00Z", False),
        ("", False),
        ("x" * 10_000, False),
    ],
)
def test_created_is_five_minutes_old_at_most_and_one_ahead(created, good):
    until = good_until(Credential(kind="wsse", created=created), NOW)
    assert (until is not None) == good
    assert until is None or NOW < until + AHEAD <= NOW + OLDEST + 2 * AHEAD


@pytest.mark.parametrize("nonce", ["", "***", "AAAAA", base64.b64encode(b"x" * 257).decode(), "A" * 100_000])
def test_a_nonce_that_is_none_makes_no_digest(nonce):
    given = Credential(kind="wsse", nonce=nonce, created="c", secret=base64.b64encode(sha1(b"cp")).decode())
    assert nonce_of(given) is None
    assert not made_of(given, "p")

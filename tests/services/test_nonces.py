"""A nonce is used once, by whatever process, and is forgotten when it could not be used again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from engine.services.nonces import NonceUse, forget_nonces, take_nonces

AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


def take(database, *uses):
    with database.write() as connection:
        return take_nonces(connection, uses)


def test_a_nonce_is_taken_once_and_belongs_to_its_institution(database, other):
    assert take(database, NonceUse("H1", b"n", AT), NonceUse("H1", b"n", AT), NonceUse("H2", b"n", AT)) == [True, False, True]
    assert take(other, NonceUse("H1", b"n", AT), NonceUse("H1", b"m", AT)) == [False, True]


def test_a_use_whose_commit_is_repeated_is_still_the_first(database):
    use = NonceUse("H1", b"n", AT)
    assert take(database, use) == take(database, use) == [True]


def test_of_many_at_once_one_is_first(database, other):
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: take((database, other)[n % 2], NonceUse("H1", b"n", AT))[0], range(16)))
    assert told.count(True) == 1


def test_what_is_over_is_forgotten(database):
    take(database, NonceUse("H1", b"old", AT), NonceUse("H1", b"new", AT + timedelta(minutes=2)))
    assert forget_nonces(database, AT + timedelta(minutes=1)) == 1
    assert take(database, NonceUse("H1", b"new", AT)) == [False]

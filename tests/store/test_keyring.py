"""Hold the keys of a store: made once, wrapped, taken up after a rotation, refused with the wrong key file."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from engine.ciphers import Tampered
from engine.errors import ConfigError, TryAgain
from engine.store import keyring
from engine.store.database import Database
from engine.store.keyfile import make_master, read_master
from engine.store.keyring import Keyring, make_keys, rotate, sealing_key
from engine.store.sealing import Seal

PLACE = {"table": "t", "column": "c", "row": "r"}


@pytest.fixture
def key_file(tmp_path):
    return tmp_path / "secrets" / "sealing.key"


@pytest.fixture
def made(database, key_file):
    make_keys(database, key_file, "AES-256-GCM")
    return Keyring(database, read_master(key_file))


def test_the_first_start_makes_a_key_file_for_the_engine_alone(made, key_file):
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert made.current().number == 1
    assert list(key_file.parent.iterdir()) == [key_file]


def test_no_key_stands_in_the_store_as_it_is(database, made):
    with database.read() as connection:
        stored = b"".join(bytes(row.wrapped) for row in connection.execute(sa.select(sealing_key)))
    assert made.current().secret not in stored
    assert made.lookup_key() not in stored


def test_another_start_changes_nothing(database, made, key_file):
    before = key_file.read_bytes()
    make_keys(database, key_file, "SM4-GCM")
    again = Keyring(database, read_master(key_file))
    assert key_file.read_bytes() == before
    assert (again.current(), again.lookup_key()) == (made.current(), made.lookup_key())


def test_processes_that_start_together_have_the_same_keys(url, database, key_file):
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(4) as pool:
        several = [stack.enter_context(contextlib.closing(Database(url))) for _ in range(4)]
        list(pool.map(lambda one: make_keys(one, key_file, "AES-256-GCM"), several))
        rings = [Keyring(one, read_master(key_file)) for one in several]
    assert len({(ring.current().secret, ring.lookup_key()) for ring in rings}) == 1


def test_a_rotation_reaches_a_running_process_in_time(database, made, key_file, monkeypatch):
    assert rotate(database, key_file, "SM4-GCM") == 2
    assert made.current().number == 1
    monkeypatch.setattr(keyring, "IN_FORCE_SECONDS", 0.0)
    assert (made.current().number, made.current().cipher.name) == (2, "SM4-GCM")


def test_what_a_newer_key_sealed_opens_at_once_in_every_process(database, made, key_file):
    rotate(database, key_file, "AES-256-GCM")
    elsewhere = Seal(Keyring(database, read_master(key_file)))
    assert Seal(made).open(elsewhere.seal(b"x", **PLACE), **PLACE) == b"x"


def test_a_key_that_the_store_has_not_is_told(made):
    seal = Seal(made)
    sealed = seal.seal(b"x", **PLACE)
    with pytest.raises(Tampered, match="key 513"):
        seal.open(sealed[:1] + b"\2\1" + sealed[3:], **PLACE)


def test_while_the_store_is_away_the_known_key_goes_on(made, monkeypatch):
    monkeypatch.setattr(keyring, "IN_FORCE_SECONDS", 0.0)

    def away():
        raise TryAgain("the store is away")

    monkeypatch.setattr(made, "_read", away)
    assert made.current().number == 1


def test_the_key_file_of_another_store_is_refused(database, made, key_file, tmp_path):
    other = tmp_path / "other.key"
    make_master(other)
    with pytest.raises(ConfigError, match=r"CFG-062.*not the one"):
        Keyring(database, read_master(other))
    with pytest.raises(ConfigError, match="CFG-062"):
        rotate(database, other, "AES-256-GCM")


def test_a_missing_key_file_is_not_made_anew_for_a_store_that_has_keys(database, made, key_file):
    key_file.unlink()
    make_keys(database, key_file, "AES-256-GCM")
    assert not key_file.exists()
    with pytest.raises(ConfigError, match=r"CFG-062.*ENGINE_KEY_FILE"):
        read_master(key_file)


@pytest.mark.parametrize(("spoil", "words"), [
    (lambda path: path.chmod(0o644), "chmod 600"),
    (lambda path: path.write_text("changbai-master-key-1\nAAAA\n"), "no key file"),
    (lambda path: path.write_text("something else"), "no key file"),
    (lambda path: path.write_bytes(b"\xff\xfe"), "cannot be read"),
])  # fmt: skip
def test_a_file_that_is_no_safe_key_file_is_refused(made, key_file, spoil, words):
    spoil(key_file)
    with pytest.raises(ConfigError, match=f"CFG-062.*{words}"):
        read_master(key_file)

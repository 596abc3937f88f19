"""Hold the seal: what is stored cannot be read, moved or changed, and stays readable over rotations."""

import pytest

from engine.ciphers import AES, CIPHERS, SM4, Tampered
from engine.store.sealing import Seal
from tests.support.seals import KeysInHand

PLACE = {"table": "record", "column": "person", "row": "R1"}
NAME = "测试患者甲".encode()


@pytest.fixture(params=sorted(CIPHERS))
def keys(request):
    return KeysInHand(CIPHERS[request.param])


def test_a_sealed_value_opens_at_its_place_and_shows_nothing(keys):
    seal = Seal(keys)
    sealed = seal.seal(NAME, **PLACE)
    assert seal.open(sealed, **PLACE) == NAME
    assert NAME not in sealed
    assert len(sealed) == len(NAME) + 31
    assert seal.seal(NAME, **PLACE) != sealed


@pytest.mark.parametrize("elsewhere", [{"table": "resident"}, {"column": "name"}, {"row": "R2"}])
def test_a_sealed_value_does_not_open_elsewhere(keys, elsewhere):
    seal = Seal(keys)
    with pytest.raises(Tampered, match="put there from elsewhere"):
        seal.open(seal.seal(NAME, **PLACE), **(PLACE | elsewhere))


def test_no_byte_of_a_sealed_value_can_be_changed(keys):
    seal = Seal(keys)
    sealed = seal.seal(NAME, **PLACE)
    for at in range(len(sealed)):
        wrong = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        with pytest.raises(Tampered):
            seal.open(wrong, **PLACE)
    for end in range(len(sealed)):
        with pytest.raises(Tampered):
            seal.open(sealed[:end], **PLACE)


def test_a_value_that_was_never_sealed_is_refused(keys):
    with pytest.raises(Tampered, match="not sealed in a form"):
        Seal(keys).open(b"\x00" + NAME, **PLACE)


def test_old_keys_open_what_they_sealed_after_a_rotation_to_another_cipher():
    keys = KeysInHand(AES)
    seal = Seal(keys)
    before = seal.seal(NAME, **PLACE)
    keys.rotate(SM4)
    after = seal.seal(NAME, **PLACE)
    assert (before[1:3], after[1:3]) == (b"\0\1", b"\0\2")
    assert seal.open(before, **PLACE) == seal.open(after, **PLACE) == NAME


def test_search_keys_are_the_same_for_the_same_value_and_only_within_one_store():
    keys = KeysInHand()
    seal = Seal(keys)
    key = seal.lookup("110101199003070011")
    keys.rotate(AES)
    assert seal.lookup("110101199003070011") == key
    assert len({key, seal.lookup("110101199003070012"), Seal(KeysInHand()).lookup("110101199003070011")}) == 3
    assert seal.lookup("") == ""


def test_an_empty_text_takes_no_space(keys):
    seal = Seal(keys)
    assert seal.seal_text("", **PLACE) == b""
    assert seal.open_text(b"", **PLACE) == ""
    assert seal.open_text(seal.seal_text("张三", **PLACE), **PLACE) == "张三"


def test_a_key_never_shows_its_secret():
    key = KeysInHand().current()
    assert repr(key) == "SealingKey(1, AES-256-GCM)"

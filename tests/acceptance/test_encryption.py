"""A hospital may encrypt what it uploads with the key the platform gave it, and is told what is wrong with it."""

import base64
import gzip
import os

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support.databases import STORES
from tests.support.stores import hospital, new_engine, until

pytestmark = pytest.mark.xdist_group("acceptance-encryption")


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    """Run an engine on each store."""
    with new_engine(request.param, tmp_path_factory.mktemp("engine"), hospitals=("HOSP-A", "HOSP-B")) as made:
        yield made.start()


def new_key(engine, code="HOSP-A"):
    """Hand out a key as the administrator does."""
    (line,) = [line for line in engine.command("institution", "key", code).splitlines() if line.startswith("key ")]
    return base64.b64decode(line.removeprefix("key "))


def aes(key, plain):
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, None)


def sm4(key, plain):
    nonce = os.urandom(12)
    machine = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
    return nonce + machine.update(plain) + machine.finalize() + machine.tag


WAYS = {"AES-256-GCM": aes, "SM4-GCM": sm4}


def payload(way, key, paper):
    return base64.b64encode(WAYS[way](key, gzip.compress(paper.xml))).decode()


@pytest.fixture(scope="module")
def key(engine):
    return new_key(engine)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("operation", ["Upload", "UploadBinary"])
def test_what_is_encrypted_is_taken_as_if_it_were_not(engine, key, way, operation):
    ours = hospital(engine)
    paper = ours.invent()
    named = {"documentType": paper.kind, "documentId": paper.number, "encryption": way, "payload": payload(way, key, paper)}
    first = ours.call(operation, **named)
    assert (first["status"], first["duplicate"]) == ("accepted", "false"), first
    assert ours.upload(paper)["receipt"] == first["receipt"]


def test_another_hospital_cannot_use_the_key(engine, key):
    theirs = hospital(engine, "HOSP-B")
    paper = theirs.invent()
    given = payload("AES-256-GCM", key, paper)
    assert theirs.rejected(paper, encryption="AES-256-GCM", payload=given)["code"] == "SND-219"
    new_key(engine, "HOSP-B")
    until(lambda: theirs.rejected(paper, encryption="AES-256-GCM", payload=given)["code"] == "SND-228", 5)


@pytest.mark.parametrize(("way", "spoil"), [
    ("AES-256-GCM", lambda given: given[:20] + ("A" if given[20] != "A" else "B") + given[21:]),
    ("SM4-GCM", lambda _: base64.b64encode(b"short").decode()),
    ("SM4-GCM", lambda _: base64.b64encode(gzip.compress(b"<a/>")).decode()),
])  # fmt: skip
def test_what_cannot_be_decrypted_is_refused_with_its_cure_and_can_be_sent_again(engine, key, way, spoil):
    ours = hospital(engine)
    paper = ours.invent()
    result = ours.rejected(paper, encryption=way, payload=spoil(payload(way, key, paper)))
    (issue,) = result["issues"]
    assert (result["code"], issue["rule"]) == ("SND-228", "packing.encryption")
    assert "nonce" in issue["hint"]
    ours.accepted(paper, encryption=way, payload=payload(way, key, paper))


def test_an_unknown_way_is_named_with_the_known_ones(engine, key):
    ours = hospital(engine)
    issue = ours.rejected(ours.invent(), encryption="DES")["issues"][0]
    assert issue["code"] == "SND-219"
    assert "AES-256-GCM" in issue["hint"]


def test_a_new_key_ends_the_old_one_within_a_second(engine):
    ours, old = hospital(engine), new_key(engine)
    until(
        lambda: ours.upload(paper := ours.invent(), encryption="SM4-GCM", payload=payload("SM4-GCM", old, paper))["code"] == "0",
        5,
    )
    new = new_key(engine)
    paper = ours.invent()
    until(lambda: ours.upload(paper, encryption="SM4-GCM", payload=payload("SM4-GCM", new, paper))["code"] == "0", 5)
    assert ours.rejected(ours.invent(), encryption="SM4-GCM", payload=payload("SM4-GCM", old, paper))["code"] == "SND-228"

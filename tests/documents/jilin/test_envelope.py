"""Hold the envelope to vectors worked out by openssl and hashlib, and to refusing what was touched."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.documents.jilin.envelope import (
    new_nonce,
    open_reply,
    open_request,
    refusal,
    seal_reply,
    seal_request,
)
from engine.documents.jilin.faults import MessageFault
from engine.documents.jilin.keys import Keys
from engine.documents.jilin.reference import generate
from engine.message import SHANGHAI

REQ = b"<REQ><HOS_ID><![CDATA[22010001]]></HOS_ID><IP><![CDATA[10.1.2.3]]></IP></REQ>"
KEY = "ABCDEFGHJKLMNPQR"
MD5 = Keys(profile="MD5", sign="3f2a签名密钥", encryption=KEY)
SM3 = Keys(profile="SM3", sign="a-long-signing-key-of-32-letters", encryption="0123456789abcdeffedcba9876543210")
NOW = datetime(2026, 11, 20, 9, 30, 0, tzinfo=SHANGHAI)
NONCE = "00112233445566778899aabbccddeeff"
OPENSSL = shutil.which("openssl")


def openssl(*arguments: str, data: bytes) -> bytes:
    if OPENSSL is None:
        pytest.skip("there is no openssl command")
    return subprocess.run([OPENSSL, *arguments], input=data, capture_output=True, check=True).stdout


def field(content: bytes, name: str) -> str:
    found = re.search(rf"<{name}><!\[CDATA\[(.*?)\]\]></{name}>".encode(), content)
    assert found, name
    return found[1].decode()


def by(keys: Keys):
    return {"PLATFORM": keys}.get


def md5(line: str, charset: str = "utf-8") -> str:
    return hashlib.md5(line.encode(charset), usedforsecurity=False).hexdigest()


def fault(call, *arguments, **named) -> MessageFault:
    with pytest.raises(MessageFault) as told:
        call(*arguments, **named)
    return told.value


def test_the_body_is_what_openssl_makes_by_aes_128_ecb():
    sealed = field(seal_request(MD5, "1001", "PLATFORM", REQ), "REQ_ENCRYPTED")
    known = openssl("enc", "-aes-128-ecb", "-K", KEY.encode().hex(), data=REQ)
    assert base64.b64decode(sealed) == known


def test_the_md5_signature_is_that_of_the_text_written_by_hand():
    content = seal_request(MD5, "1001", "PLATFORM", REQ)
    line = f"FUN_CODE=1001&REQ_ENCRYPTED={field(content, 'REQ_ENCRYPTED')}&USER_ID=PLATFORM&KEY=3f2a签名密钥"
    assert field(content, "SIGN") == md5(line).upper()


def test_the_reply_signature_is_that_of_the_text_written_by_hand():
    content = seal_reply(MD5, "200709", "已约满", b"")
    empty = openssl("enc", "-aes-128-ecb", "-K", KEY.encode().hex(), data=b"")
    assert base64.b64decode(field(content, "RES_ENCRYPTED")) == empty, "an empty reply is the encryption of the empty string"
    line = f"RES_ENCRYPTED={field(content, 'RES_ENCRYPTED')}&RETURN_CODE=200709&RETURN_MSG=已约满&KEY=3f2a签名密钥"
    assert field(content, "SIGN") == md5(line).upper()


def test_what_openssl_made_is_opened():
    sealed = base64.b64encode(openssl("enc", "-aes-128-ecb", "-K", KEY.encode().hex(), data=REQ)).decode()
    sign = md5(f"FUN_CODE=5001&REQ_ENCRYPTED={sealed}&USER_ID=PLATFORM&KEY={MD5.sign}")
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ROOT>\n  <FUN_CODE>5001</FUN_CODE>\n  <USER_ID>PLATFORM</USER_ID>\n'
        f"  <SIGN_TYPE>MD5</SIGN_TYPE>\n  <SIGN>{sign}</SIGN>\n  <REQ_ENCRYPTED>\n{sealed}\n</REQ_ENCRYPTED>\n</ROOT>"
    )
    opened = open_request(by(MD5), content)
    assert (opened.function, opened.user, opened.body) == ("5001", "PLATFORM", REQ), "lower case, no CDATA, white space around"


def test_the_sm3_signature_is_the_hmac_that_openssl_makes():
    content = seal_request(SM3, "2007", "PLATFORM", REQ, nonce=NONCE, now=NOW)
    line = (
        f"FUN_CODE=2007&NONCE={NONCE}&REQ_ENCRYPTED={field(content, 'REQ_ENCRYPTED')}"
        "&TIMESTAMP=2026-11-20 09:30:00&USER_ID=PLATFORM"
    )
    known = openssl("dgst", "-sm3", "-hmac", SM3.sign, "-r", data=line.encode()).split()[0].decode()
    assert field(content, "SIGN") == known.upper()


def test_the_sm4_gcm_body_begins_with_the_counter_stream_that_openssl_makes():
    sealed = base64.b64decode(field(seal_request(SM3, "2007", "PLATFORM", REQ, nonce=NONCE), "REQ_ENCRYPTED"))
    counter = sealed[:12] + b"\x00\x00\x00\x02"  # GCM encrypts the first block under counter 2 (NIST SP 800-38D, 7.1)
    known = openssl("enc", "-sm4-ctr", "-K", SM3.encryption, "-iv", counter.hex(), data=REQ)
    assert sealed[12:-16] == known


@pytest.mark.parametrize("keys", [MD5, SM3], ids=["MD5", "SM3"])
def test_a_request_and_its_reply_make_the_round(keys):
    nonce = new_nonce()
    opened = open_request(by(keys), seal_request(keys, "2007", "PLATFORM", REQ, nonce=nonce))
    assert (opened.function, opened.body) == ("2007", REQ)
    reply = open_reply(keys, seal_reply(keys, "0", "成功 ]]> & <好>", b"<RES/>", nonce=opened.nonce), nonce=nonce)
    assert (reply.code, reply.message, reply.body) == ("0", "成功 ]]> & <好>", b"<RES/>")


SIGNED = ("FUN_CODE", "REQ_ENCRYPTED", "SIGN")


@pytest.mark.parametrize(
    ("keys", "name"), [*((MD5, name) for name in SIGNED), *((SM3, name) for name in (*SIGNED, "TIMESTAMP", "NONCE"))]
)
def test_one_touched_character_breaks_the_signature(keys, name):
    content = seal_request(keys, "2007", "PLATFORM", REQ, nonce=NONCE)
    value = field(content, name)
    touched = content.replace(value.encode(), (("1" if value[0] != "1" else "2") + value[1:]).encode())
    told = fault(open_request, by(keys), touched)
    assert (told.code, told.user) == ("7", "PLATFORM")


@pytest.mark.parametrize("keys", [MD5, SM3], ids=["MD5", "SM3"])
def test_the_signature_is_looked_at_before_anything_is_decrypted(keys):
    content = seal_request(keys, "2007", "PLATFORM", REQ, nonce=NONCE)
    broken = content.replace(field(content, "REQ_ENCRYPTED").encode(), b"not base64 at all")
    assert fault(open_request, by(keys), broken).code == "7"


def other(keys: Keys, **changes: str) -> Keys:
    known = {"profile": keys.profile, "sign": keys.sign, "encryption": keys.encryption}
    return Keys(**{**known, **changes})


@pytest.mark.parametrize("keys", [MD5, SM3], ids=["MD5", "SM3"])
def test_wrong_keys_are_told_apart(keys):
    content = seal_request(keys, "2007", "PLATFORM", REQ, nonce=NONCE)
    assert fault(open_request, by(other(keys, sign="another")), content).code == "7"
    assert fault(open_request, by(other(keys, encryption="AAAABBBBCCCCDDDD")), content).code == "6"
    assert fault(open_request, {"SOMEONE-ELSE": keys}.get, content).code == "4"


def test_each_mistake_has_its_return_code():
    content = seal_request(MD5, "2007", "PLATFORM", REQ)
    assert fault(open_request, by(MD5), b"").code == "2"
    assert fault(open_request, by(MD5), b"<ROOT>").code == "2"
    assert fault(open_request, by(MD5), b"<!DOCTYPE ROOT [<!ENTITY a 'b'>]><ROOT/>").code == "2"
    assert fault(open_request, by(MD5), b"<Root/>").code == "2", "names are case-sensitive"
    assert fault(open_request, by(MD5), b"<ROOT/>").code == "4"
    assert fault(open_request, by(MD5), content.replace(b"[MD5]", b"[SHA1]")).code == "8"
    assert fault(open_request, by(SM3), content).code == "8", "a caller of SM3 cannot be played back to MD5"
    twice = content.replace(b"<FUN_CODE>", b"<FUN_CODE>2009</FUN_CODE><FUN_CODE>")
    assert fault(open_request, by(MD5), twice).code == "2"


def signed(function: str, sealed: str) -> str:
    sign = md5(f"FUN_CODE={function}&REQ_ENCRYPTED={sealed}&USER_ID=PLATFORM&KEY={MD5.sign}")
    return (
        f"<ROOT><FUN_CODE>{function}</FUN_CODE><USER_ID>PLATFORM</USER_ID><SIGN_TYPE>MD5</SIGN_TYPE><SIGN>{sign}</SIGN>"
        f"<REQ_ENCRYPTED>{sealed}</REQ_ENCRYPTED></ROOT>"
    )


def test_what_is_signed_but_not_encrypted_as_agreed_is_9_or_11():
    assert fault(open_request, by(MD5), signed("2007", "***")).code == "9"
    assert fault(open_request, by(MD5), signed("2007", base64.b64encode(b"seventeen bytes ab").decode())).code == "9"
    assert fault(open_request, by(MD5), signed("2007", "")).code == "11"
    sealed = field(seal_request(MD5, "2007", "PLATFORM", REQ), "REQ_ENCRYPTED")
    assert fault(open_request, by(MD5), signed("20071", sealed)).code == "5"


def test_a_refusal_tells_whether_its_caller_had_proven_itself():
    damaged = seal_request(SM3, "5001", "PLATFORM", REQ, nonce=NONCE, now=NOW)
    other = Keys(profile="SM3", sign=SM3.sign, encryption="another-key-of16")
    proven = fault(open_request, by(other), damaged, now=NOW)
    assert (proven.code, proven.proven, proven.nonce, proven.user) == ("6", True, NONCE, "PLATFORM")
    forged = damaged.replace(b"5001", b"5002")
    told = fault(open_request, by(SM3), forged, now=NOW)
    assert (told.code, told.proven, told.nonce, told.user) == ("7", False, "", "PLATFORM")


def test_an_old_request_is_refused_and_a_fresh_one_gives_its_nonce():
    content = seal_request(SM3, "2007", "PLATFORM", REQ, nonce=NONCE, now=NOW)
    assert open_request(by(SM3), content, now=NOW + timedelta(minutes=4)).nonce == NONCE
    assert fault(open_request, by(SM3), content, now=NOW + timedelta(minutes=6)).code == "7"
    assert fault(open_request, by(SM3), content, now=NOW - timedelta(minutes=6)).code == "7"


def test_the_reply_to_another_request_is_refused():
    reply = seal_reply(SM3, "0", "成功", b"<RES/>", nonce=NONCE)
    told = fault(open_reply, SM3, reply, nonce=new_nonce())
    assert told.code == "7"
    assert told.path == "NONCE"


def test_an_unsigned_reply_counts_for_nothing_but_its_claim_is_told():
    told = fault(open_reply, MD5, refusal("6", "密钥不匹配"))
    assert told.code == "7"
    assert "6 密钥不匹配" in told.message


def test_a_reply_whose_code_was_touched_is_refused():
    content = seal_reply(MD5, "200709", "已约满", b"")
    assert fault(open_reply, MD5, content.replace(b"[200709]", b"[0]")).code == "7"


def test_letter_case_and_character_set_of_the_signature_are_agreed():
    lower = Keys(profile="MD5", sign="k", encryption=KEY, hex_case="lower", charset="gb18030")
    content = seal_reply(lower, "0", "成功", b"")
    line = f"RES_ENCRYPTED={field(content, 'RES_ENCRYPTED')}&RETURN_CODE=0&RETURN_MSG=成功&KEY=k"
    assert field(content, "SIGN") == md5(line, "gb18030")
    assert open_reply(Keys(profile="MD5", sign="k", encryption=KEY, charset="gb18030"), content).message == "成功"


def test_text_that_lost_its_encoding_and_bytes_that_kept_it_are_both_read():
    content = seal_reply(MD5, "0", "预约成功", b"")
    assert open_reply(MD5, content.decode().replace("utf-8", "GBK")).message == "预约成功", (
        "text: the label says nothing any more"
    )
    gbk = content.decode().replace("utf-8", "GBK").encode("gbk")
    assert open_reply(MD5, gbk).message == "预约成功", "bytes: the label is true"
    lying = content.decode().encode("gbk")
    assert fault(open_reply, MD5, lying).code == "2"


def test_keys_stay_out_of_words():
    assert MD5.sign not in repr(MD5)
    assert KEY not in repr(MD5)


@pytest.mark.parametrize("text", ["short", "x" * 28, "é" * 16])
def test_a_key_of_another_length_is_refused(text):
    with pytest.raises(ValueError, match="16 characters"):
        seal_request(Keys(profile="MD5", sign="k", encryption=text), "1001", "PLATFORM", REQ)


@pytest.mark.parametrize("keys", [MD5, SM3], ids=["MD5", "SM3"])
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_changed_byte_makes_another_message(keys, data):
    content = seal_request(keys, "2007", "PLATFORM", REQ, nonce=NONCE)
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.binary(min_size=0, max_size=3))
    touched = content[:at] + other + content[at + data.draw(st.integers(1, 3)) :]
    try:
        opened = open_request(by(keys), touched)
    except MessageFault:
        return
    assert (opened.function, opened.user, opened.body) == ("2007", "PLATFORM", REQ)


@pytest.mark.parametrize("profile", ["MD5", "SM3"])
def test_the_worked_examples_of_the_documentation_are_what_openssl_makes(profile):
    page = generate()
    example = page.split(f"## SIGN_TYPE={profile}")[1].split("\n## ")[0]
    _xml, sealed, line, sign = (block.strip("\n") for block in re.findall(r"```(?:xml)?\n(.*?)```", example, re.DOTALL))
    plain = b"<REQ><HOS_ID><![CDATA[22010001]]></HOS_ID><IP><![CDATA[10.1.2.3]]></IP></REQ>"
    key = b"0123456789abcdef".hex()
    raw = base64.b64decode(sealed)
    if profile == "MD5":
        assert raw == openssl("enc", "-aes-128-ecb", "-K", key, data=plain)
        assert sign == md5(line).upper()
        return
    counter = (raw[:12] + b"\x00\x00\x00\x02").hex()
    assert raw[12:-16] == openssl("enc", "-sm4-ctr", "-K", key, "-iv", counter, data=plain)
    assert sign.lower() == openssl("dgst", "-sm3", "-hmac", "example-sign-key", "-r", data=line.encode()).split()[0].decode()

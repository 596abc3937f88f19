"""Alerts go out by mail and as signed JSON to real servers; what a server says decides whether they are told again."""

import hashlib
import hmac
import json
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest

from engine.alerting import Batch, Notice, Words
from engine.errors import ConfigError, Rejected, Unavailable
from engine.outbound.alertchannels import build_channel, load_channels, unfit_channels
from engine.outbound.connector import Secrets, Surroundings
from tests.support.authority import Authority, need_openssl
from tests.support.destination import Destination, http_reply, saying
from tests.support.mailbox import Mailbox

NOON = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)


def notice(number=1, *, over=False, **changes):
    facts = {
        "alert": number, "what": "end" if over else "start", "rule": "delivery-waiting", "kind": "waiting-age", "severity": "warning",
        "subject": "destination his-a", "named": Words("目的地 his-a", "Destination his-a"), "opened": NOON,
        "closed": NOON + timedelta(minutes=9) if over else None, "value": 360.0, "threshold": 300.0,
        "cause": Words("最早一件已等待 6 分，最后的错误是 DST-101。", "The oldest delivery has waited for 6 min; its last error is DST-101."),
        "cure": Words("联系对方恢复。", "Call its people."), "link": "https://monitor.example/waiting",
    }  # fmt: skip
    return Notice(**(facts | changes))


def batch(*notices, number="7"):
    return Batch(id=number, at=NOON, notices=notices or (notice(),))


@pytest.fixture
def channel(tmp_path):
    """Give what builds a channel of the given keys as `duty`; it is closed at the end."""
    opened = []

    def build(text, **secrets):
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "config/alerts.yaml").write_text("channels:\n  duty:\n    about: 值班\n" + text, encoding="utf-8")
        known = {f"ENGINE_SECRET_{name.upper()}": value for name, value in secrets.items()}
        around = Surroundings(tmp_path, tmp_path, Secrets(tmp_path / "secrets", known))
        one = build_channel(load_channels(tmp_path), "duty", around)
        opened.append(one)
        return one

    yield build
    for one in opened:
        one.close()


def mail_keys(box, *more, security="none", networks="127.0.0.1/32", host="127.0.0.1"):
    keys = (
        "kind: mail", f"host: {host}", f"port: {box.port}", f"security: {security}", f'networks: ["{networks}"]', "deadline: 5s",
        "from: changbai@platform.example", "recipients: [duty@platform.example, head@platform.example]", *more,
    )  # fmt: skip
    return "".join(f"    {key}\n" for key in keys)


def test_a_mail_says_what_since_when_why_and_what_to_do_in_both_languages(channel):
    with Mailbox() as box:
        channel(mail_keys(box)).send(batch())
        (taken,) = box.wait(1)
    assert (taken.sender, taken.recipients) == ("changbai@platform.example", ["duty@platform.example", "head@platform.example"])
    assert taken.mail["Subject"] == "[长白] 警告 报警：目的地 his-a"
    assert taken.mail["Message-ID"] == f"<changbai-duty-7-{int(NOON.timestamp())}@platform.example>"
    for words in ("开始 2026-11-26 12:00", "原因：最早一件已等待 6 分", "处理：联系对方恢复", "https://monitor.example/waiting",
                  "cause: The oldest delivery", "to do: Call its people."):  # fmt: skip
        assert words in taken.text


def test_several_notices_come_in_one_mail_as_a_summary(channel):
    with Mailbox() as box:
        channel(mail_keys(box)).send(batch(notice(), notice(over=True), notice(2, subject="disk", named=Words("磁盘", "Disk"))))
        (taken,) = box.wait(1)
    assert taken.mail["Subject"] == "[长白] 汇总：报警 2 起，恢复 1 起"
    assert taken.text.index("【报警】") < taken.text.index("恢复 2026-11-26 12:09")
    assert "磁盘" in taken.text


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_with_tls_the_server_is_verified_and_the_password_goes_encrypted(channel, tmp_path, security):
    need_openssl()
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.mint("127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    login = "login: { user: changbai, secret: mail-password }"
    with Mailbox(tls=context, wrapped=security == "tls", accounts={"changbai": "a-mail-password"}) as box:
        trusted = channel(mail_keys(box, login, "trust: authority/ca.pem", security=security), mail_password="a-mail-password")
        trusted.send(batch())
        (taken,) = box.wait(1)
        assert (taken.secured, taken.user) == (True, "changbai")
        with pytest.raises(Unavailable) as told:
            channel(mail_keys(box, login, security=security), mail_password="a-mail-password").send(batch())
        assert told.value.code == "DST-101"
        with pytest.raises(Rejected):
            channel(mail_keys(box, login, "trust: authority/ca.pem", security=security), mail_password="wrong").send(batch())
        assert len(box.taken) == 1


def test_a_server_without_starttls_gets_nothing(channel):
    with Mailbox() as box:
        with pytest.raises(Unavailable):
            channel(mail_keys(box, security="starttls")).send(batch())
        assert box.taken == []


@pytest.mark.parametrize(
    ("refuse", "problem", "code"),
    [
        ({"MAIL": "451 later"}, Unavailable, "DST-103"),
        ({"DATA": "554 duty@platform.example is full"}, Rejected, "DST-202"),
        ({"RCPT": "550 no duty@platform.example here"}, Rejected, "DST-202"),
        ({"EHLO": "421 closing"}, Unavailable, "DST-103"),
    ],
)
def test_what_the_server_refuses_is_told_by_its_code_without_its_words(channel, refuse, problem, code):
    if "EHLO" in refuse:
        refuse["HELO"] = refuse["EHLO"]
    with Mailbox(refuse=refuse) as box, pytest.raises(problem) as told:
        channel(mail_keys(box)).send(batch())
    assert told.value.code == code
    assert "duty" not in str(told.value)


def test_one_recipient_who_is_refused_does_not_take_it_from_the_others(channel):
    with Mailbox(refuse={"head@platform.example": "550 gone"}) as box:
        channel(mail_keys(box)).send(batch())
        (taken,) = box.wait(1)
    assert taken.recipients == ["duty@platform.example"]


def test_a_mail_that_was_taken_is_not_sent_again_for_how_the_server_says_goodbye(channel):
    with Mailbox(refuse={"QUIT": "451 odd"}) as box:
        channel(mail_keys(box)).send(batch())
        assert len(box.wait(1)) == 1


def test_a_server_that_says_nothing_is_left_at_the_deadline(channel):
    with Mailbox(mute=True) as box:
        keys = mail_keys(box).replace("deadline: 5s", "deadline: 500ms")
        began = time.monotonic()
        with pytest.raises(Unavailable) as told:
            channel(keys).send(batch())
        assert (told.value.code, time.monotonic() - began < 5) == ("DST-101", True)


def test_a_server_outside_the_networks_is_not_called(channel):
    with Mailbox() as box:
        with pytest.raises(Unavailable) as told:
            channel(mail_keys(box, networks="10.0.0.0/8")).send(batch())
        assert (told.value.code, box.taken) == ("DST-105", [])


def hook_keys(server, **more):
    keys = {"kind": "webhook", "address": server.url, "networks": '["127.0.0.1/32"]', "secret": "hook", "deadline": "5s"} | more
    return "".join(f"    {key}: {value}\n" for key, value in keys.items())


def test_a_webhook_gets_json_that_is_signed_with_its_time(channel):
    with Destination(saying(http_reply(status="204 No Content"))) as server:
        channel(hook_keys(server), hook="a-key-for-tests").send(batch(notice(), notice(over=True)))
        (request,) = server.requests
    stamp = request.headers["x-changbai-timestamp"]
    right = hmac.new(b"a-key-for-tests", stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-changbai-signature"] == f"sha256={right}"
    assert (request.headers["x-changbai-batch"], request.headers["content-type"]) == ("duty-7", "application/json; charset=utf-8")
    told = json.loads(request.body)
    first, last = told["notices"]
    assert (told["batch"], told["sent"], first["what"], last["what"]) == ("7", "2026-11-26T12:00:00+08:00", "start", "end")
    assert (first["subject"], first["value"], first["closed"]) == ("destination his-a", 360.0, None)
    assert (last["closed"], first["cause"]["en"][:10]) == ("2026-11-26T12:09:00+08:00", "The oldest")


@pytest.mark.parametrize(
    ("status", "problem", "code"),
    [("503 Busy", Unavailable, "DST-103"), ("302 Found", Rejected, "DST-202"), ("404 Not Found", Rejected, "DST-202")],
)
def test_a_webhook_that_does_not_take_it_is_told_by_its_status(channel, status, problem, code):
    with Destination(saying(http_reply(status=status))) as server, pytest.raises(problem) as told:
        channel(hook_keys(server), hook="k").send(batch())
    assert told.value.code == code


def test_a_password_never_goes_unencrypted_and_a_secret_must_be_there(channel, tmp_path):
    with Mailbox() as box:
        login = "login: { user: changbai, secret: mail-password }"
        with pytest.raises(ConfigError) as told:
            channel(mail_keys(box, login), mail_password="x")
        assert [(f.code, f.line) for f in told.value.faults] == [("CFG-011", 7)]
        with pytest.raises(ConfigError) as told:
            channel(mail_keys(box, login, security="tls"))
        assert [(f.code, f.line) for f in told.value.faults] == [("CFG-042", 12)]
        around = Surroundings(tmp_path, tmp_path, Secrets(tmp_path / "secrets", {}))
        assert [f.code for f in unfit_channels(load_channels(tmp_path), around)] == ["CFG-042"]

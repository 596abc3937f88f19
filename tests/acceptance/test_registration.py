"""A hospital registers itself by an invitation, is approved, and calls with its own password, digest and address."""

from __future__ import annotations

import http.client
import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
import zeep
from sqlalchemy import func, select
from zeep.transports import Transport
from zeep.wsse.username import UsernameToken

from bench.processes import children_of
from engine.services.applications import application
from engine.services.audit import Audit
from engine.services.institutions import Institutions, institution
from tests.support.databases import STORES
from tests.support.stores import new_engine, opened, seal_of

NS = "urn:changbai:institution:1"
PASSWORD = "password-of-the-new-hospital"


@pytest.fixture(scope="module", params=STORES)
def engine(request, tmp_path_factory):
    with new_engine(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made.start()


def invited(engine, *arguments):
    said = engine.command("institution", "invite", *arguments)
    return re.search(r"^invitation (\S+)$", said, re.MULTILINE)[1]


def service(engine, code="", password=PASSWORD, *, query="wsdl", token=None):
    """Give a zeep client of the registry, or, with `query` "collection", of the upload address."""
    transport = Transport(session=requests.Session(), timeout=30)
    path = f"collection/{code}?wsdl" if query == "collection" else f"institution?{query}"
    token = token or (UsernameToken(code, password) if code else None)
    return zeep.Client(f"{engine.services}/services/{path}", transport=transport, wsse=token).service


def apply(engine, words, code, query="wsdl", **more):
    given = {"name": "测试医院", "contact": "测试联系人", "password": PASSWORD} | more
    return service(engine, query=query).Apply(invitation=words, code=code, **given)


def fault(call, *arguments, **named):
    with pytest.raises(zeep.exceptions.Fault) as caught:
        call(*arguments, **named)
    return caught.value.detail.findtext(".//{urn:changbai:fault:1}code")


def kept(engine, table):
    with opened(engine) as database, database.read() as connection:
        return connection.scalar(select(func.count()).select_from(table))


@pytest.mark.parametrize("query", ["wsdl", "wsdl12"])
def test_a_hospital_applies_waits_is_approved_and_uploads_at_its_own_address(engine, query):
    code = f"NEW-{query}"
    made = apply(engine, invited(engine, code), code, query)
    assert (made.code, made.status) == ("0", "applied")
    asked = service(engine, code, query=query).QueryApplication(applicationId=made.applicationId)
    assert (asked.status, asked.institution, asked.address) == ("applied", code, None)
    assert fault(service(engine, code).MyAddress) == "SND-101"
    assert fault(service(engine, code, query="collection").Heartbeat) == "SND-101"
    listed = engine.command("institution", "list")
    assert re.search(rf"{code} +{made.applicationId} .* 测试联系人", listed)
    engine.command("institution", "approve", code)
    time.sleep(1)
    asked = service(engine, code, query=query).QueryApplication()
    assert (asked.applicationId, asked.status) == (made.applicationId, "approved")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00", asked.decidedAt)
    own = service(engine, code, query=query).MyAddress()
    assert own.address == asked.address == f"{engine.services}/services/collection/{code}"
    assert service(engine, code, query="collection").Heartbeat().contractVersion == "1"
    assert code not in engine.command("institution", "list").partition("wait;")[2]


def test_an_application_survives_kill_9_and_is_its_applicants_alone(engine):
    words = invited(engine)
    made = apply(engine, words, "KILLED-1")
    for pid in [*(use.pid for use in children_of(engine.pid).values()), engine.pid]:
        os.kill(pid, signal.SIGKILL)
    engine.process.wait(10)
    engine.start()
    assert service(engine, "KILLED-1").QueryApplication().applicationId == made.applicationId
    assert fault(apply, engine, words, "KILLED-2") == "SND-105"
    assert (
        service(engine, "HOSP-A", "correct-horse-battery").QueryApplication(applicationId=made.applicationId).status == "unknown"
    )
    assert fault(service(engine, "KILLED-1", "not-the-password").QueryApplication) == "SND-101"


def test_without_a_good_invitation_nothing_is_kept_but_the_audit_row(engine):
    used = invited(engine)
    apply(engine, used, "USED-1")
    other = invited(engine, "OTHER-1")
    before = kept(engine, institution), kept(engine, application)
    began = time.perf_counter()
    for words in ("", "guessed", used, other):
        assert fault(apply, engine, words, "NOBODY-1") == "SND-105"
    assert time.perf_counter() - began > 4 * 0.15
    assert (kept(engine, institution), kept(engine, application)) == before
    with opened(engine) as database, database.read() as connection:
        rows = {row.reason: row for row in Audit().rows(connection, institution="NOBODY-1")}
    assert set(rows) == {"no-invitation", "invitation-unknown", "invitation-used", "invitation-other-code"}
    assert {row.peer for row in rows.values()} == {"127.0.0.1"}


def test_a_second_registration_of_a_code_is_refused_and_changes_nothing(engine):
    """BI-084."""
    with opened(engine) as database:
        before = Institutions(database, seal_of(engine, database)).get("HOSP-A")
    words = invited(engine)
    for code in ("HOSP-A", "hosp-a"):
        answer = apply(engine, words, code, password="another-password-1")
        assert (answer.code, answer.status, answer.applicationId) == ("SND-507", "rejected", None)
    with opened(engine) as database:
        assert Institutions(database, seal_of(engine, database)).get("HOSP-A") == before
    assert service(engine, "HOSP-A", "correct-horse-battery").MyAddress().institution == "HOSP-A"
    assert apply(engine, words, "AFTER-REFUSAL").code == "0"


def test_of_many_hospitals_with_one_invitation_at_once_one_is_registered(engine):
    words, before = invited(engine), kept(engine, institution)

    def come(number):
        try:
            return apply(engine, words, f"RACE-{number}").code
        except zeep.exceptions.Fault as problem:
            return problem.detail.findtext(".//{urn:changbai:fault:1}code")

    with ThreadPoolExecutor(8) as pool:
        told = sorted(pool.map(come, range(8)))
    assert told == ["0"] + ["SND-105"] * 7
    assert kept(engine, institution) == before + 1


@pytest.mark.parametrize(
    ("more", "code"),
    [({"password": "short"}, "SND-751"), ({"certificate": "no certificate"}, "SND-752"), ({"contact": "x" * 201}, "SND-750")],
)
def test_what_cannot_be_taken_is_named_and_the_invitation_stays_good(engine, more, code):
    words = invited(engine)
    answer = apply(engine, words, f"FIX-{code}", **more)
    assert (answer.code, answer.status) == (code, "rejected")
    assert answer.hint
    assert apply(engine, words, f"FIX-{code}").code == "0"


def test_a_changed_password_ends_the_old_one_within_a_second(engine):
    engine.command("institution", "add", "CHANGE-1", "--name", "测试医院", "--password-stdin", given=PASSWORD + "\n")
    time.sleep(1)
    own = service(engine, "CHANGE-1")
    assert service(engine, "CHANGE-1", query="collection").Heartbeat().contractVersion == "1"
    assert own.ChangePassword(newPassword="short").code == "SND-751"
    assert own.ChangePassword(newPassword=PASSWORD).code == "SND-751"
    assert own.ChangePassword(newPassword="the-new-password-1").code == "0"
    changed = time.monotonic()
    uploads = service(engine, "CHANGE-1", query="collection")
    while True:
        began = time.monotonic()
        try:
            uploads.Heartbeat()
        except zeep.exceptions.Fault:
            break
        assert began - changed < 1
    assert service(engine, "CHANGE-1", "the-new-password-1").MyAddress().code == "0"


def test_zeeps_digest_is_admitted_and_a_replay_of_it_never_also_after_a_restart(engine):
    """BI-075."""
    engine.command("institution", "add", "DIGEST-1", "--name", "测试医院", "--digest", "--password-stdin", given=PASSWORD + "\n")
    time.sleep(1)
    for _ in range(3):
        token = UsernameToken("DIGEST-1", PASSWORD, use_digest=True)
        assert service(engine, "DIGEST-1", query="collection", token=token).Heartbeat().contractVersion == "1"
    assert (
        fault(service(engine, "HOSP-A", token=UsernameToken("HOSP-A", "correct-horse-battery", use_digest=True)).MyAddress)
        == "SND-101"
    )
    raw = _recorded(engine, UsernameToken("DIGEST-1", PASSWORD, use_digest=True))
    assert _post(engine, raw)[0] == 200
    status, body = _post(engine, raw)
    assert (status, b"SND-101" in body) == (500, True)
    assert engine.stop() == 0
    engine.start()
    status, body = _post(engine, raw)
    assert (status, b"SND-101" in body) == (500, True)
    with opened(engine) as database, database.read() as connection:
        reasons = {row.reason for row in Audit().rows(connection, institution="DIGEST-1", verdict="refused")}
        row = connection.execute(select(institution).where(institution.c.code == "DIGEST-1")).mappings().one()
    assert reasons == {"digest-replayed"}
    assert row["secret"]


def _recorded(engine, token):
    """Write a request as zeep would send it."""
    client = zeep.Client(f"{engine.services}/services/institution?wsdl", wsse=token)
    envelope = client.create_message(client.service, "MyAddress")
    return zeep.wsdl.utils.etree_to_string(envelope)


def _post(engine, raw):
    address = urlsplit(engine.services)
    connection = http.client.HTTPConnection(address.netloc, timeout=30)
    connection.request("POST", "/services/institution", raw, {"Content-Type": "text/xml; charset=utf-8"})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, body


def test_the_page_of_services_lists_the_registry_with_both_wsdls(engine):
    page = requests.get(f"{engine.services}/services/", timeout=10).text
    assert '<a href="/services/institution?wsdl">' in page
    assert '<a href="/services/institution?wsdl12">' in page
    assert "机构登记服务" in page


def test_passwords_and_invitations_are_in_no_log(engine):
    log = (engine.data / "engine.log").read_text(encoding="utf-8")
    assert PASSWORD not in log
    assert "测试联系人" not in log

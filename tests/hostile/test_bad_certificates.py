"""Come with certificates of every wrong kind to an engine that speaks TLS on both ports."""

import shutil
import socket
import ssl
import subprocess
from datetime import timedelta

import pytest
import requests
import zeep
from sqlalchemy import func, select
from zeep.transports import Transport

from engine.services.audit import Audit
from engine.services.institutions import Institutions
from engine.store.tables import message
from tests.support.authority import Authority, need_openssl
from tests.support.engine import COMMAND, ROOT
from tests.support.hospital import PASSWORD
from tests.support.project import Project
from tests.support.stores import new_engine, opened, seal_of

DAY = timedelta(days=1)
FILES = "tls:\n  certificate: secrets/engine.pem\n  key: secrets/engine.key\n  client-ca: secrets/ca.pem\n  revoked: secrets/revoked.pem\n"


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    """Mint the six kinds of certificate, and the server's own."""
    need_openssl()
    folder = tmp_path_factory.mktemp("papers")
    ours, theirs = Authority(folder / "ours"), Authority(folder / "theirs", "another authority")
    made = {name: ours.mint(name) for name in ("engine", "HOSP-A", "HOSP-B", "unknown", "revoked")}
    made["expired"] = ours.mint("expired", begins=-2 * DAY, ends=-DAY)
    made["not-yet"] = ours.mint("not-yet", begins=DAY, ends=2 * DAY)
    made["other-authority"] = theirs.mint("HOSP-A")
    ours.revoke(made["revoked"][0])
    return made | {"ca": (ours.pem, ours.list)}


def install(data, papers):
    """Put the server's files where the settings name them."""
    secrets = data / "secrets"
    secrets.mkdir(exist_ok=True)
    for name, file in zip(("engine.pem", "engine.key", "ca.pem", "revoked.pem"), (*papers["engine"], *papers["ca"]), strict=True):
        shutil.copy(file, secrets / name)


@pytest.fixture(scope="module")
def engine(papers, tmp_path_factory):
    project = Project.copy(tmp_path_factory.mktemp("project"))
    project.add("config/engine.yaml", FILES)
    data = tmp_path_factory.mktemp("engine")
    install(data, papers)
    with new_engine("sqlite", data, *project.option, hospitals=("HOSP-A", "HOSP-B")) as made, opened(made) as database:
        register = Institutions(database, seal_of(made, database))
        for name in ("HOSP-A", "HOSP-B"):
            register.certificate(name, papers[name][0].read_text(encoding="ascii"))
        for name in ("expired", "not-yet", "revoked", "other-authority"):
            register.certificate("HOSP-A", papers[name][0].read_text(encoding="ascii"))
        yield made.start()
        assert made.stop() == 0


def session(papers, name=""):
    made = requests.Session()
    made.trust_env = False  # else a bundle named by the environment is used instead of the one given here
    made.verify = str(papers["ca"][0])
    made.cert = tuple(map(str, papers[name])) if name else None
    return made


def heartbeat(engine, papers, name="", code="HOSP-A", **how):
    """Call as zeep does: the WSDL over TLS, then the operation."""
    made = session(papers, name)
    made.auth = how.get("auth")
    wsdl = f"{engine.services}/services/collection/{code}?wsdl"
    return zeep.Client(wsdl, transport=Transport(session=made, timeout=20)).service.Heartbeat()


def refusals(engine):
    with opened(engine) as database, database.read() as connection:
        return {row.reason for row in Audit().rows(connection, verdict="refused")}


def test_the_own_certificate_alone_is_enough_over_tls(engine, papers):
    assert engine.services.startswith("https://")
    assert heartbeat(engine, papers, "HOSP-A").contractVersion == "1"
    assert heartbeat(engine, papers, "HOSP-B", "HOSP-B").contractVersion == "1"


def test_the_wsdl_gives_the_address_with_https(engine, papers):
    page = session(papers).get(f"{engine.services}/services/institution?wsdl", timeout=20).text
    assert f'location="{engine.services}/services/institution"' in page


def test_without_a_certificate_a_password_serves_and_nothing_is_401(engine, papers):
    """BI-033: none."""
    assert heartbeat(engine, papers, auth=("HOSP-A", PASSWORD)).contractVersion == "1"
    with pytest.raises(zeep.exceptions.Fault) as caught:
        heartbeat(engine, papers)
    assert "SND-101" in caught.value.detail.findtext(".//{urn:changbai:fault:1}code")


@pytest.mark.parametrize("name", ["expired", "not-yet", "other-authority", "revoked"])
def test_a_certificate_that_is_not_good_ends_the_handshake(engine, papers, name):
    """BI-033: also when it is registered, and beside the right password."""
    with pytest.raises((requests.exceptions.SSLError, requests.exceptions.ConnectionError)):
        heartbeat(engine, papers, name, auth=("HOSP-A", PASSWORD))
    with opened(engine) as database, database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(message)) == 0
    assert heartbeat(engine, papers, "HOSP-A").contractVersion == "1"


@pytest.mark.parametrize(
    ("name", "code", "auth", "said", "reason"),
    [
        ("unknown", "HOSP-A", None, "SND-101", "certificate-unknown"),
        ("unknown", "HOSP-A", ("HOSP-A", PASSWORD), "SND-101", "certificate-unknown"),
        ("HOSP-B", "HOSP-A", None, "SND-102", "other-address"),
        ("HOSP-B", "HOSP-A", ("HOSP-A", PASSWORD), "SND-101", "disagree"),
    ],
)
def test_a_certificate_of_nobody_or_of_another_hospital_is_no_proof(engine, papers, name, code, auth, said, reason):
    """BI-033: another hospital's certificate must agree with the code that is claimed."""
    with pytest.raises(zeep.exceptions.Fault) as caught:
        heartbeat(engine, papers, name, code, auth=auth)
    assert caught.value.detail.findtext(".//{urn:changbai:fault:1}code") == said
    assert reason in refusals(engine)


@pytest.mark.parametrize("port", ["services", "monitor"])
def test_both_ports_speak_tls_1_2_and_newer_and_nothing_else(engine, papers, port):
    at = getattr(engine, port)
    assert session(papers).get(f"{at}/health", timeout=20).json() == {"status": "ok"}
    host, _, number = at.removeprefix("https://").partition(":")
    for version, good in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
        context = ssl.create_default_context(cafile=papers["ca"][0])
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        assert shakes_hands(context, host, int(number)) == good
    with pytest.raises(requests.exceptions.ConnectionError):
        session(papers).get(f"http://{host}:{number}/health", timeout=20)


def shakes_hands(context, host, port):
    try:
        with context.wrap_socket(socket.create_connection((host, port), timeout=20), server_hostname=host):
            return True
    except (ssl.SSLError, ConnectionError):
        return False


def test_cookies_of_the_monitor_are_for_tls_only(engine, papers):
    page = session(papers).get(f"{engine.monitor}/", timeout=20)
    assert page.cookies
    assert all(cookie.secure for cookie in page.cookies)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("  key: secrets/engine.key", "  key: secrets/ca.pem"),
        ("  certificate: secrets/engine.pem", "  certificate: secrets/gone.pem"),
        ("  revoked: secrets/revoked.pem", "  revoked: secrets/ca.pem"),
        ("  client-ca: secrets/ca.pem\n", ""),
    ],
)
def test_files_that_cannot_be_used_are_named_before_anything_starts(papers, tmp_path, wrong, words):
    (tmp_path / "project").mkdir()
    (tmp_path / "data").mkdir()
    project = Project.copy(tmp_path / "project")
    project.add("config/engine.yaml", FILES.replace(wrong, words))
    install(tmp_path / "data", papers)
    for command in (("check",), ("run", "--port", "0", "--monitor-port", "0")):
        done = subprocess.run(
            [*COMMAND, *command, *project.option, "--data", str(tmp_path / "data")],
            capture_output=True, text=True, cwd=ROOT, check=False, timeout=100,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode != 0, said
        assert "CFG-061 tls." in said
        assert "Traceback" not in said

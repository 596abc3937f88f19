"""Over TLS the certificate a peer shows reaches admission, and none reaches it as none."""

import contextlib
import shutil
import socket
import ssl
import subprocess

import pytest

from tests.support.soap import BASIC, call, read_answer, request

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="no openssl here: certificates cannot be minted")


def mint(folder, name):
    """Make a certificate that signs itself, and its key."""
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    make = [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run([*make, "-subj", f"/CN={name}", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    return {name: mint(folder, name) for name in ("engine", "H001", "stranger")}


@pytest.fixture
def secure_front(papers, start_front):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*papers["engine"])
    context.load_verify_locations(papers["H001"][0])
    context.verify_mode = ssl.CERT_OPTIONAL
    return start_front(tls=context, body=1000)


def connected(front, papers, name=None):
    context = ssl.create_default_context(cafile=papers["engine"][0])
    context.check_hostname = False
    if name:
        context.load_cert_chain(*papers[name])
    return context.wrap_socket(socket.create_connection(("127.0.0.1", front.port), timeout=10))


def test_the_certificate_of_the_peer_is_a_credential(secure_front, papers):
    with connected(secure_front, papers, "H001") as connection:
        for _ in range(2):
            connection.sendall(request(call("Heartbeat", header="")))
            assert read_answer(connection.makefile("rb")).status == 200
    (only,) = secure_front.echo.claims[0][0].found
    shown = ssl.PEM_cert_to_DER_cert(papers["H001"][0].read_text())
    assert (only.kind, only.certificate) == ("certificate", shown)


def test_without_a_certificate_other_credentials_serve(secure_front, papers):
    with connected(secure_front, papers) as connection:
        connection.sendall(request(call("Heartbeat", header=""), BASIC))
        assert read_answer(connection.makefile("rb")).status == 200
    assert [each.kind for each in secure_front.echo.claims[0][0].found] == ["basic"]


def test_a_certificate_of_another_authority_is_not_let_in(secure_front, papers):
    # With TLS 1.3 the client learns of the refusal only when it reads.
    with contextlib.suppress(ssl.SSLError, ConnectionError), connected(secure_front, papers, "stranger") as connection:
        connection.sendall(request(call("Heartbeat", header="")))
        assert connection.recv(10) == b""
    assert secure_front.echo.claims == []


def test_an_oversized_body_over_tls_is_answered_too(secure_front, papers):
    with connected(secure_front, papers) as connection:
        connection.sendall(request(b"", "Content-Length: 2000"))
        assert read_answer(connection.makefile("rb")).status == 413

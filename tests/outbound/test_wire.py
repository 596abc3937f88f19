"""The wire keeps one total deadline, goes only where it may, and trusts no reply that is not whole."""

import socket
import ssl
import subprocess
import threading
import time
from ipaddress import ip_network

import pytest

from engine.errors import Rejected, Unavailable
from engine.outbound.lookup import Lookup
from engine.outbound.wire import Wire, refuse_status
from tests.support.destination import Destination, http_reply, saying

LOOPBACK = (ip_network("127.0.0.0/8"),)


def wire(url, **options):
    return Wire(url, networks=options.pop("networks", LOOPBACK), deadline=options.pop("deadline", 3.0), **options)


def failure(line, body=b"<a/>"):
    with pytest.raises(Unavailable) as caught:
        line.post(body, {})
    return caught.value


def test_a_post_arrives_whole_and_its_answer_comes_back_whole():
    with Destination(saying(http_reply(b"<ok/>" * 50_000, X_Number="7"))) as there:
        answer = wire(there.url).post(b"x" * 3_000_000, {"Content-Type": "text/xml"})
    assert (answer.status, len(answer.body), answer.headers["x-number"]) == (200, 250_000, "7")
    assert there.requests[0].line == "POST /receive HTTP/1.1"
    assert len(there.requests[0].body) == 3_000_000


def test_the_connection_is_kept_for_the_next_post():
    with Destination(saying(http_reply(b"<ok/>"))) as there:
        line = wire(there.url)
        for _ in range(5):
            line.post(b"<a/>", {})
    assert {request.connection for request in there.requests} == {1}


def test_a_call_under_way_when_the_wire_is_closed_ends_well_and_leaves_no_connection():
    asked, gate, hung_up = threading.Event(), threading.Event(), threading.Event()

    def act(sock, _request):
        asked.set()
        gate.wait(5)
        sock.sendall(http_reply(b"<ok/>"))
        if not sock.recv(1):
            hung_up.set()
        return False

    with Destination(act) as there:
        line, answers = wire(there.url), []
        caller = threading.Thread(target=lambda: answers.append(line.post(b"<a/>", {}).body))
        caller.start()
        asked.wait(5)
        line.close()
        gate.set()
        caller.join(5)
        assert hung_up.wait(2)
    assert answers == [b"<ok/>"]


def test_a_kept_connection_that_the_other_side_closed_is_not_used_again():
    def once(sock, _request):
        sock.sendall(http_reply(b"<ok/>"))
        return False

    with Destination(once) as there:
        line = wire(there.url)
        for _ in range(3):
            line.post(b"<a/>", {})
            time.sleep(0.05)  # lets the end of the connection travel
    assert [request.connection for request in there.requests] == [1, 2, 3]


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
@pytest.mark.parametrize("length", [b"Content-Length: 200000\r\n", b""])
def test_a_reply_that_ends_with_its_connection_is_read_to_its_end(head, length):
    def late(sock, _request):
        sock.sendall(head + length + b"\r\n")
        time.sleep(0.1)  # the body travels after the head was read, when http.client has closed its socket already
        sock.sendall(b"x" * 200_000)
        return False

    with Destination(late) as there:
        line = wire(there.url)
        assert [len(line.post(b"<a/>", {}).body) for _ in range(2)] == [200_000, 200_000]
    assert [request.connection for request in there.requests] == [1, 2]


@pytest.mark.parametrize("place", ["head", "body", "chunks"])
def test_a_dripping_reply_is_cut_at_the_total_deadline_and_may_have_arrived(place):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"
    first = {
        "head": b"HTTP/1.1 200 OK\r\nX-A: ",
        "body": head,
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    }

    def drip(sock, _request):
        sock.sendall(first[place])
        for _ in range(100):
            sock.sendall(b"1\r\na\r\n" if place == "chunks" else b"a")
            time.sleep(0.05)
        return False

    with Destination(drip) as there:
        started = time.monotonic()
        error = failure(wire(there.url, deadline=0.5))
    assert (error.code, error.unknown) == ("DST-102", True)
    assert 0.4 < time.monotonic() - started < 1.2


def test_a_destination_that_never_reads_is_given_up_before_the_request_was_sent():
    listener = socket.create_server(("127.0.0.1", 0))
    error = failure(wire(f"http://127.0.0.1:{listener.getsockname()[1]}/", deadline=0.5), b"x" * 50_000_000)
    listener.close()
    assert (error.code, error.unknown) == ("DST-102", False)


def test_a_refused_connection_is_unavailable_and_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = failure(wire(f"http://127.0.0.1:{port}/"))
    assert (error.code, error.unknown) == ("DST-101", False)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_a_redirect_is_not_followed(status):
    with Destination(saying(http_reply(b"<other/>"))) as other, Destination(saying(http_reply())) as there:
        there.act = saying(http_reply(b"", status, Location=other.url))
        with pytest.raises(Rejected) as caught:
            wire(there.url).post(b"<a/>", {})
    assert caught.value.code == "DST-202"
    assert other.requests == []


@pytest.mark.parametrize("told", [True, False])
def test_a_reply_over_the_cap_is_not_read_to_its_end(told):
    sent = []

    def flood(sock, _request):
        length = b"Content-Length: 10485760\r\n" if told else b""
        sock.sendall(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        for _ in range(160):
            sock.sendall(b"a" * 65536)
            sent.append(65536)
        return False

    with Destination(flood) as there:
        error = failure(wire(there.url, reply_limit=1 << 20))
    assert (error.code, error.unknown) == ("DST-104", True)
    assert sum(sent) < 10 << 20


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<half",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<half",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_a_truncated_reply_is_no_answer_but_the_message_may_have_arrived(reply):
    def cut(sock, _request):
        sock.sendall(reply)
        return False

    with Destination(cut) as there:
        error = failure(wire(there.url))
    assert (error.code, error.unknown) == ("DST-104", True)


def test_a_destination_that_hangs_up_after_reading_may_have_taken_it():
    with Destination(lambda _sock, _request: False) as there:
        error = failure(wire(there.url))
    assert (error.code, error.unknown) == ("DST-102", True)


def test_a_name_that_cannot_be_resolved_is_unavailable():
    def fail(_host, _port):
        raise socket.gaierror(-2, "Name or service not known")

    error = failure(wire("http://his.invalid:80/", lookup=Lookup(fail)))
    assert (error.code, error.unknown) == ("DST-101", False)


def test_a_slow_resolver_blocks_nobody_beyond_the_deadline_and_is_asked_once():
    asked, release = [], threading.Event()

    def hang(host, port):
        asked.append(host)
        release.wait(5)
        return [(socket.AF_INET, ("127.0.0.1", port))]

    line = wire("http://his.invalid/", deadline=0.3, lookup=Lookup(hang))
    started = time.monotonic()
    threads = [threading.Thread(target=failure, args=(line,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    release.set()
    assert time.monotonic() - started < 1.0
    assert len(asked) == 1


@pytest.mark.parametrize("address", ["10.9.8.7", "169.254.169.254", "::1", "8.8.8.8"])
def test_an_address_outside_the_pinned_networks_is_refused_without_connecting(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    lookup = Lookup(lambda _host, port: [(family, (address, port))])
    error = failure(wire("http://his.invalid/", lookup=lookup))
    assert error.code == "DST-105"
    assert address in error.text


def test_the_address_that_was_checked_is_the_one_connected_to():
    answers = iter(["127.0.0.1", "10.9.8.7"])
    with Destination(saying(http_reply(b"<ok/>"))) as there:
        lookup = Lookup(lambda _host, port: [(socket.AF_INET, (next(answers), port))])
        assert wire(f"http://his.invalid:{there.port}/", lookup=lookup).post(b"<a/>", {}).status == 200
    assert there.requests[0].headers["host"] == f"his.invalid:{there.port}"


@pytest.mark.parametrize(
    ("status", "kind", "code", "unknown"),
    [
        ("400 Bad Request", Rejected, "DST-202", None),
        ("401 Unauthorized", Rejected, "DST-202", None),
        ("404 Not Found", Rejected, "DST-202", None),
        ("429 Too Many Requests", Unavailable, "DST-103", False),
        ("500 Internal Server Error", Unavailable, "DST-103", False),
        ("503 Service Unavailable", Unavailable, "DST-103", False),
        ("504 Gateway Timeout", Unavailable, "DST-103", True),
    ],
)
def test_each_status_says_whether_to_come_again(status, kind, code, unknown):
    with Destination(saying(http_reply(b"no", status, Retry_After="90"))) as there:
        answer = wire(there.url).post(b"<a/>", {})
    with pytest.raises(kind) as caught:
        refuse_status(answer)
    assert caught.value.code == code
    if kind is Unavailable:
        assert (caught.value.unknown, caught.value.retry_after) == (unknown, 90.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=his.test", "-addext", "subjectAltName=DNS:his.test"]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem", *names],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []
    context.sni_callback = lambda _sock, name, _context: asked.append(name)

    def serve():
        while True:
            try:
                plain, _ = listener.accept()
                with context.wrap_socket(plain, server_side=True) as sock:
                    while b"<a/>" not in sock.recv(65536):
                        pass
                    sock.sendall(http_reply(b"<ok/>"))
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], asked
    listener.close()


def to_loopback(_host, port):
    return [(socket.AF_INET, ("127.0.0.1", port))]


def test_over_tls_the_certificate_must_be_trusted_and_bear_the_name(secure, certificate):
    port, asked = secure
    trusted = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    good = wire(f"https://his.test:{port}/", tls=trusted, lookup=Lookup(to_loopback))
    assert good.post(b"<a/>", {}).body == b"<ok/>"
    other = failure(wire(f"https://other.test:{port}/", tls=trusted, lookup=Lookup(to_loopback)))
    unknown = failure(wire(f"https://his.test:{port}/", lookup=Lookup(to_loopback)))
    assert (other.code, unknown.code) == ("DST-101", "DST-101")
    assert asked[0] == "his.test"


def test_a_tls_handshake_that_stalls_ends_at_the_deadline():
    with Destination(lambda _sock, _request: True) as there:
        started = time.monotonic()
        error = failure(wire(f"https://127.0.0.1:{there.port}/", deadline=0.4))
    assert error.code == "DST-101"
    assert time.monotonic() - started < 1.0

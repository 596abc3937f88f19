"""The wire is guarded: old HTTP works, slow and oversized senders are told so, and every refusal is a SOAP fault."""

import contextlib
import select
import socket
import time

import pytest

from tests.support.soap import BASIC, PATH, UPLOAD, ask, call, post, read_answer, request

SMALL = {"header_deadline": 0.4, "body_deadline": 0.6, "linger": 0.3}


def closed(connection, within=3.0):
    """Wait until the other side closes; gives the seconds it took."""
    connection.settimeout(within)
    began = time.monotonic()
    while True:
        try:
            if not connection.recv(65536):
                return time.monotonic() - began
        except ConnectionResetError:
            return time.monotonic() - began


def test_http_1_0_keep_alive_is_honoured_for_those_who_ask(front):
    raw = request(call("Heartbeat"), "Connection: Keep-Alive", http="1.0")
    with front.connect() as connection:
        stream = connection.makefile("rb")
        for _ in range(3):
            connection.sendall(raw)
            answer = read_answer(stream)
            assert (answer.status, answer.headers["connection"]) == (200, "keep-alive")


def test_http_1_0_without_keep_alive_is_closed_after_the_answer(front):
    with front.connect() as connection:
        connection.sendall(request(call("Heartbeat"), http="1.0"))
        answer = read_answer(connection.makefile("rb"))
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert closed(connection) < 2


def test_http_1_1_keeps_its_connection_and_answers_pipelined_requests_in_order(front):
    with front.connect() as connection:
        connection.sendall(request(call("Heartbeat")) + request(call("Upload", UPLOAD)))
        stream = connection.makefile("rb")
        assert read_answer(stream).text("contractVersion") == "1"
        assert read_answer(stream).text("receipt") == "20260101-abc"


def test_a_gbk_envelope_over_http_1_0_arrives_as_written(front):
    body = call(
        "Revoke",
        "<documentType>C0002</documentType><documentId>张三</documentId><reason>镕喆</reason>",
        declaration='<?xml version="1.0" encoding="gb2312"?>',
    )
    answer = ask(front, request(body.encode("gb18030"), "Content-Type: text/xml; charset=GB2312", http="1.0"))
    assert answer.status == 200
    assert front.echo.calls[0][1]["documentId"] == "张三"
    assert front.echo.calls[0][1]["reason"] == "镕喆"


def test_a_chunked_body_is_read(front):
    body = call("Upload", UPLOAD).encode()
    pieces = [body[i : i + 50] for i in range(0, len(body), 50)]
    chunked = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    answer = ask(front, request(chunked, "Transfer-Encoding: chunked"))
    assert answer.text("receipt") == "20260101-abc"


def test_100_continue_is_sent_before_the_body_is_awaited(front):
    body = call("Heartbeat").encode()
    with front.connect() as connection:
        connection.sendall(request(b"", "Expect: 100-continue", f"Content-Length: {len(body)}"))
        stream = connection.makefile("rb")
        assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert stream.readline() == b"\r\n"
        connection.sendall(body)
        assert read_answer(stream).status == 200


def test_an_oversized_length_is_refused_before_the_body_is_asked_for(start_front):
    front = start_front(body=1000)
    answer = ask(front, request(b"", "Expect: 100-continue", "Content-Length: 1001"))
    assert (answer.status, answer.code, answer.headers["connection"]) == (413, "SND-601", "close")
    assert "1000" in answer.text("faultstring")


def test_a_sender_in_the_midst_of_an_oversized_body_still_reads_the_refusal(start_front):
    front = start_front(body=1000)
    with front.connect() as connection:
        connection.sendall(request(b"", "Content-Length: 3000000"))
        answer = read_answer(connection.makefile("rb"))
        connection.sendall(b"x" * 300_000)
        assert answer.status == 413
        assert closed(connection) < 3


def test_a_chunked_body_is_refused_when_it_passes_the_cap(start_front):
    front = start_front(body=1000)
    answer = ask(front, request(b"5dc\r\n" + b"x" * 1500 + b"\r\n", "Transfer-Encoding: chunked"))
    assert (answer.status, answer.code) == (413, "SND-601")


def test_slow_headers_are_closed_at_the_deadline(start_front):
    front = start_front(**SMALL)
    with front.connect() as connection:
        began = time.monotonic()
        connection.sendall(b"POST /services/collection/H001 HTTP/1.1\r\nHost: a\r\n")
        answer = read_answer(connection.makefile("rb"))
        assert (answer.status, answer.code) == (408, "SND-316")
        closed(connection)
        assert 0.3 < time.monotonic() - began < 2


def test_dripping_headers_are_closed_at_the_same_deadline_on_a_kept_connection(start_front):
    front = start_front(**SMALL)
    with front.connect() as connection:
        connection.sendall(request(call("Heartbeat")))
        assert read_answer(connection.makefile("rb")).status == 200
        connection.sendall(b"POST / HT")
        assert read_answer(connection.makefile("rb")).status == 408
        assert closed(connection) < 2


def test_a_silent_connection_is_closed_at_the_header_deadline(start_front):
    front = start_front(**SMALL)
    with front.connect() as connection:
        assert closed(connection) < 2


def test_a_slow_body_is_answered_408_and_closed_at_the_deadline(start_front):
    front = start_front(**SMALL)
    with front.connect() as connection:
        connection.sendall(request(b"<a", "Content-Length: 5000"))
        answer = read_answer(connection.makefile("rb"))
        assert (answer.status, answer.code, answer.headers["connection"]) == (408, "SND-316", "close")
        assert closed(connection) < 2


def test_slow_senders_do_not_keep_a_good_one_waiting(start_front):
    front = start_front(header_deadline=5.0)
    slow = [front.connect() for _ in range(100)]
    for connection in slow:
        connection.sendall(b"POST / HTTP/1.1\r\nX: ")
    began = time.monotonic()
    assert post(front, call("Heartbeat")).status == 200
    assert time.monotonic() - began < 2
    for connection in slow:
        connection.close()


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: abc"],
        ["Content-Length: -5"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Transfer-Encoding: gzip, identity"],
    ],
)
def test_an_ambiguous_length_is_400_and_closed(front, headers):
    with front.connect() as connection:
        connection.sendall(request(b"0\r\n\r\n", *headers))
        answer = read_answer(connection.makefile("rb"))
        assert (answer.status, answer.code) == (400, "SND-302")
        assert closed(connection) < 3
    assert front.echo.calls == []


def test_garbage_instead_of_http_is_400_as_a_fault(front):
    answer = ask(front, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
    assert (answer.status, answer.code) == (400, "SND-302")
    assert answer.headers["x-trace-id"] == answer.text("trace")


@pytest.mark.parametrize(
    "headers",
    [["X-Big: " + "a" * 1_000_000], [f"X-{i}: a" for i in range(10_000)], [f"X-{i}: {'a' * 400}" for i in range(199)]],
    ids=["one huge header", "ten thousand headers", "many long headers"],
)
def test_too_large_headers_are_431(front, headers):
    with front.connect() as connection:
        raw = request(call("Heartbeat"), *headers)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the refusal may come while we are still sending
            connection.sendall(raw)
        answer = read_answer(connection.makefile("rb"))
        assert (answer.status, answer.code) == (431, "SND-602")


def test_a_huge_address_is_431(front):
    answer = ask(front, request(path="/" + "a" * 100_000, method="GET"))
    assert (answer.status, answer.code) == (431, "SND-602")


def test_a_body_shorter_than_its_length_is_never_a_message(front):
    with front.connect() as connection:
        connection.sendall(request(call("Heartbeat"), length=5000))
        connection.shutdown(socket.SHUT_WR)
        assert connection.makefile("rb").read() == b""
    assert front.echo.calls == []
    assert post(front, call("Heartbeat")).status == 200


def test_a_sender_that_closes_its_half_still_gets_its_answer(front):
    with front.connect() as connection:
        connection.sendall(request(call("Heartbeat")))
        connection.shutdown(socket.SHUT_WR)
        assert read_answer(connection.makefile("rb")).status == 200


def test_a_broken_chunk_is_400(front):
    with front.connect() as connection:
        connection.sendall(request(b"zz\r\nabc\r\n", "Transfer-Encoding: chunked"))
        answer = read_answer(connection.makefile("rb"))
        assert (answer.status, answer.code) == (400, "SND-302")


def test_bodies_in_flight_are_bounded_with_503_and_given_back(start_front):
    front = start_front(in_flight=3200)
    with front.connect() as holding:
        holding.sendall(request(b"x" * 1500, length=1900))
        answer = until_refused(front)
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "ENG-503", "5")
        assert answer.text("faultcode") == "soap:Server"
    for _ in range(20):
        if post(front, call("Heartbeat")).status == 200:
            return
    pytest.fail("the bytes of a sender that left were never given back")


def test_one_peer_never_holds_more_than_half_so_that_others_are_served(start_front):
    front = start_front(in_flight=8000)
    with front.connect() as one, front.connect() as two:
        one.sendall(request(b"x" * 3000, length=3900))
        two.sendall(request(b"x" * 900, length=3900))
        assert until_refused(front).status == 503
        with socket.create_connection(("127.0.0.1", front.port), timeout=10, source_address=("127.0.0.2", 0)) as other:
            other.sendall(request(call("Heartbeat")))
            assert read_answer(other.makefile("rb")).status == 200


LEAST = {"send_buffer": 4096, "reply_deadline": 0.4}
"""Little enough in the system's hands that what is not read stays with the front."""


def reader(front):
    """Connect so that little is taken beforehand."""
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    one.settimeout(10)
    one.connect(("127.0.0.1", front.port))
    return one


def cut_off(connection, within=5.0):
    """Tell whether the other side gives the connection up although nothing was read of what it sent."""
    watch = select.poll()
    watch.register(connection, 0)
    return bool(watch.poll(within * 1000))


@pytest.mark.parametrize(("headers", "times"), [((), 20), (("Connection: close",), 1)], ids=["many replies", "the last reply"])
def test_who_does_not_read_is_cut_off(start_front, headers, times):
    front = start_front(**LEAST)
    with reader(front) as connection:
        connection.sendall(request(b"", *headers, method="GET", path=f"{PATH}?wsdl") * times)
        assert cut_off(connection)


def test_who_reads_slowly_but_steadily_gets_everything(start_front):
    front = start_front(**LEAST, least_read=1024)
    with reader(front) as connection:
        connection.sendall(request(method="GET", path=f"{PATH}?wsdl") * 20)
        stream = connection.makefile("rb")
        began = time.monotonic()
        sizes = []
        for _ in range(20):
            sizes.append(len(read_answer(stream).body))
            time.sleep(0.08)  # this reader's slowness, not a wait
        assert time.monotonic() - began > 3 * LEAST["reply_deadline"]
        assert len(set(sizes)) == 1


def until_refused(front):
    """Ask until the front has read the body that is being held."""
    for _ in range(50):
        answer = post(front, call("Heartbeat", header=""), BASIC)
        if answer.status == 503:
            return answer
    return answer


def test_every_answer_has_a_trace_id_of_its_own(front):
    answers = [post(front, call("Heartbeat")), post(front, "<a"), ask(front, request(method="GET", path=PATH))]
    assert len({answer.headers["x-trace-id"] for answer in answers}) == 3

"""Clients that are slow, confused or malicious: they cost a connection, and nobody else anything."""

from __future__ import annotations

import select
import socket
import struct
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from patience import PATIENCE, wait_until
from web.conftest import Server, limits

ASK = b"/sparql?query=ASK%7B%7D"
# Everything, as CSV with long lines: some megabytes, more than the buffers on the way hold.
LONG = b"/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo.%20%3Fa%20a%20%3Fb%7D%20LIMIT%2019000"


@pytest.fixture(scope="module")
def settings() -> str:
    return limits(patience=2) + "connections = 100\n"


def hidden(method: bytes = b"GET") -> bytes:
    """The request that a smuggler wants to have answered on somebody else's connection."""
    return method + b" /health?smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


POST = b"POST /sparql HTTP/1.1\r\nHost: x\r\nContent-Type: application/sparql-query\r\n"
SMUGGLED = {
    "both lengths": POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden(),
    "both lengths, the other way": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" + hidden(),
    "two lengths": POST + b"Content-Length: 6\r\nContent-Length: 0\r\n\r\nASK {}" + hidden(),
    "a length with a sign": POST + b"Content-Length: +6\r\n\r\nASK {}" + hidden(),
    "a negative length": POST + b"Content-Length: -1\r\n\r\nASK {}" + hidden(),
    "lengths in a list": POST + b"Content-Length: 6, 6\r\n\r\nASK {}" + hidden(),
    "a length that overflows": POST + b"Content-Length: 18446744073709551622\r\n\r\nASK {}" + hidden(),
    "an encoding nobody knows": POST + b"Transfer-Encoding: xchunked\r\nContent-Length: 6\r\n\r\nASK {}" + hidden(),
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden(),
    "a space before the colon": POST + b"Content-Length : 6\r\n\r\nASK {}" + hidden(),
    "a folded header": POST + b"X: y\r\n Content-Length: 6\r\n\r\nASK {}" + hidden(),
    "a bare newline": b"GET " + ASK + b" HTTP/1.1\nHost: x\n\n" + hidden(),
    "a bare carriage return": b"GET " + ASK + b" HTTP/1.1\r\nHost: x\rX: y\r\n\r\n" + hidden(),
    "a chunk with a strange size": POST + b"Transfer-Encoding: chunked\r\n\r\n0x6\r\nASK {}\r\n0\r\n\r\n" + hidden(),
    "a chunk that is longer than it says": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nASK {}\r\n0\r\n\r\n" + hidden(),
    "a null byte in a header": POST + b"X: a\x00b\r\nContent-Length: 6\r\n\r\nASK {}" + hidden(),
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden(),
    "a header without a name": POST + b": x\r\n\r\n" + hidden(),
    "not HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
}  # fmt: skip


@pytest.mark.parametrize("name", SMUGGLED)
def test_no_request_hides_in_another(server: Server, name: str) -> None:
    received = server.raw(SMUGGLED[name], shut=True)
    assert b'"snapshot"' not in received, "the hidden request was answered"
    assert not received or received.startswith(b"HTTP/1.1 4"), received[:200]
    assert server.answers()


def test_requests_behind_each_other_are_answered_in_order(server: Server) -> None:
    first, last = (
        b"GET " + ASK + b" HTTP/1.1\r\nHost: x\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
    )
    received = server.raw(first + b"\r\n" + first + b"\r\n" + last + b"\r\n")
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.rindex(b'"boolean":true') < received.index(b'"snapshot"')


def test_a_question_behind_a_long_one_does_not_overtake_it(server: Server) -> None:
    slow = b"SELECT%20(COUNT(DISTINCT%20%3Fo)%20AS%20%3Fn)%20%7B%3Fs%20%3Fp%20%3Fo%7D"
    received = server.raw(
        b"GET /sparql?query=" + slow + b" HTTP/1.1\r\nHost: x\r\n\r\nGET " + ASK
        + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )  # fmt: skip
    assert received.index(b'"n"') < received.index(b'"boolean"')


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET /spar",
        b"GET " + ASK + b" HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        POST + b"Content-Length: 1000\r\n\r\nASK",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nASK\r\n",
        POST + b"Expect: 100-continue\r\nContent-Length: 6\r\n\r\n",
    ],
)
def test_a_request_that_never_ends_is_given_up(server: Server, start: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(start)
        assert server.answers()
        received = b""
        while part := connection.recv(65536):
            received += part
    received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 408")
    assert b'"ok": false' in received


def test_a_request_that_comes_byte_by_byte_is_given_up(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        received = b""
        for byte in b"GET /sparql HTTP/1.1\r\n" + b"X-Slow: slow\r\n" * 1000:
            try:
                connection.sendall(bytes([byte]))
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(0.01)
            connection.setblocking(False)  # noqa: FBT003  # the socket's own signature
            try:
                received = connection.recv(65536)
                break
            except BlockingIOError:
                connection.setblocking(True)  # noqa: FBT003
    assert received.startswith(b"HTTP/1.1 408")
    assert server.answers()


def test_a_head_without_end_is_refused(server: Server) -> None:
    received = server.raw(b"GET /sparql?query=" + b"A" * 600_000, shut=True)
    assert received.startswith((b"HTTP/1.1 431", b"HTTP/1.1 4"))
    assert server.answers()


def test_who_does_not_read_holds_no_worker_and_gets_no_whole_answer(server: Server) -> None:
    with ExitStack() as open_ones:
        readers = []
        for _ in range(6):
            connection = open_ones.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.sendall(
                b"GET " + LONG + b" HTTP/1.1\r\nHost: x\r\nAccept: application/sparql-results+xml\r\n\r\n"
            )
            readers.append(connection)
        assert all(server.answers(client=f"192.0.2.{number}") for number in range(1, 20))
        server.until(lambda health: health["pool"]["idle"] == health["pool"]["workers"] == 4)
        # Only when the server has given them up do they read: whatever still comes, the end of an answer is not among it.
        for connection in readers:
            wait_until(lambda connection=connection: not is_held(server, connection), "that it is given up")  # type: ignore[misc]
            received = b""
            try:
                while part := connection.recv(1 << 20):
                    received += part
            except ConnectionResetError:
                pass
            assert not received.endswith(b"0\r\n\r\n")
    assert server.answers()


def is_held(server: Server, connection: socket.socket) -> bool:
    """Whether the server has a connection open; what it has given up, the kernel may still be sending."""
    table = Path("/proc/net/tcp")
    if not table.is_file():
        pytest.skip("this machine does not list its connections: run it on Linux")
    ends = f"0100007F:{server.port:04X} 0100007F:{connection.getsockname()[1]:04X} 01 "
    return ends in table.read_text(encoding="ascii")


DESCRIPTION = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"


def reader(server: Server) -> socket.socket:
    """A connection on which more is asked than fits on the way."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(DESCRIPTION * 20)
    return connection


def wait_until_gone(connection: socket.socket) -> None:
    """Wait until the other side has broken a connection; nothing that it sent is read."""
    gone = select.poll()
    # Nothing is asked for: only that the connection is gone is told, and only then.
    gone.register(connection, 0)
    assert gone.poll(PATIENCE * 1000)


def test_who_reads_no_page_loses_the_connection(server: Server) -> None:
    with reader(server) as connection:
        wait_until_gone(connection)
    assert server.answers()


def test_who_reads_slowly_keeps_the_connection(server: Server) -> None:
    size = len(server.get("/openapi.json").content)
    with reader(server) as connection:
        received = 0
        while received < 20 * size:
            time.sleep(0.002)
            part = connection.recv(size // 40)
            assert part, "the connection was broken"
            received += len(part)
    assert server.answers()


def test_a_crowd_of_idle_connections_leaves_room_for_others(server: Server) -> None:
    with ExitStack() as open_ones:
        for _ in range(60):
            open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port)))
        assert all(server.answers() for _ in range(10))


def test_connections_that_are_torn_down_do_no_harm(server: Server) -> None:
    for data in (
        b"GET " + ASK,
        b"GET " + LONG + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        POST + b"Content-Length: 99\r\n\r\nA",
    ):
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(data)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.until(lambda health: health["pool"]["idle"] == health["pool"]["workers"] == 4)
    assert server.answers()


@pytest.mark.parametrize(
    "path",
    [
        "/static/../graph.toml",
        "/static/..%2f..%2fgraph.toml",
        "/static/%2e%2e/%2e%2e/graph.toml",
        "/static//etc/passwd",
        "/static/..\\graph.toml",
        "/queries/../graph.toml",
        "/queries/..%2f..%2fgraph",
        "/queries/%00.csv",
        "/id/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/\\etc\\passwd",
        "/%c0%ae%c0%ae/etc/passwd",
        "/.well-known/../graph.toml",
        "/build/current/manifest.json",
        "/graph.toml",
        "/sparql/../graph.toml",
    ],
)
def test_no_path_leads_out_of_the_site(server: Server, path: str) -> None:
    received = server.raw(b"GET " + path.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    status = received.split(b" ")[1]
    assert status.startswith((b"3", b"4")), received[:300]
    assert b"root:" not in received
    assert b"[reason]" not in received
    assert server.answers()


def test_parameters_without_number_are_refused(server: Server) -> None:
    many = "&".join(f"a{i}=1" for i in range(1_000))
    plain = {"Content-Type": "application/sparql-query"}
    for bad, good in (
        (f"/sparql?{many}&query=ASK%7B%7D", "/sparql?format=json&query=ASK%7B%7D"),
        (f"/graph-store?default&{many[:200]}", "/graph-store?default"),
        ("/sparql?query=ASK%7B%FF%7D", "/sparql?query=ASK%7B%23%C3%B8%0A%7D"),
        ("/sparql?query=ASK%7B%7D&default-graph-uri=not-absolute", "/sparql?query=ASK%7B%7D&default-graph-uri=urn:x"),
    ):
        refused, answered = server.get(bad), server.get(good)
        assert refused.status_code == 400, bad
        assert refused.json()["errors"], bad
        assert answered.status_code == 200, good
    bomb = server.request("POST", "/sparql", content=b"\x1f\x8b", headers=plain | {"Content-Encoding": "gzip"})
    assert (bomb.status_code, bomb.json()["code"]) == (415, "endpoint.compressed")
    assert server.post("ASK {}").json()["boolean"] is True


def test_a_form_without_a_query_is_refused(server: Server) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"", b"DROP ALL", b"LOAD <http://127.0.0.1/>", b"query2=ASK"):
        assert server.request("POST", "/sparql", content=body, headers=form).status_code == 400
    assert server.request("POST", "/editor", content=b"a=b&" * 1000, headers=form).status_code == 400


@pytest.mark.parametrize("value", ["id:%%", "https://[", "<http://a:b/>", "\x00", "x" * 5000, "\u202e", "id:\ufffe"])
@pytest.mark.parametrize("place", ["members.json?network", "statements-about.csv?about", "network-facts?network"])
def test_no_value_of_a_question_is_too_odd(server: Server, place: str, value: str) -> None:
    name, parameter = place.split("?")
    response = server.get(f"/queries/{name}", params={parameter: value})
    assert response.status_code == 400, response.text
    assert server.answers()


def test_requests_behind_each_other_end_with_their_connection(server: Server) -> None:
    with reader(server) as connection:
        connection.recv(1000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The next connection is answered after what the first one asked has been given up.
    assert all(server.answers() for _ in range(20))
    assert "RuntimeError" not in server.log.read_text(encoding="utf-8")


def test_a_header_says_nothing_that_is_believed(server: Server) -> None:
    """No header of a stranger ends in an answer to another one: not in the cache, not as a header."""
    odd = {"Accept": "text/csv\tx, */*", "X-Forwarded-Host": "evil.example", "X-Original-URL": "/health"}
    response = server.get("/sparql", params={"query": "ASK { <x:cache> ?p ?o }"}, headers=odd)
    assert "evil.example" not in response.text + str(response.headers)
    assert server.ask("ASK { <x:cache> ?p ?o }").headers["content-type"] == "application/sparql-results+json"

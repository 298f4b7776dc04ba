"""The fast path: what a client gets is the same with it and without it, for whatever it sends and however."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.rdf import Iri, Literal, Quad
from citygraph.web.sparql_protocol import plain_query
from patience import PATIENCE
from web.conftest import BASE, Server, project_with, put_to_use, serving

WAYS = {"memory": "", "disk": "in_memory = 1", "off": "fast = false"}


def quads_of(count: int, version: str = "") -> list[Quad]:
    """Things with a value each."""
    graph, value = Iri(f"{BASE}graph/data"), Iri(f"{BASE}value")
    return [Quad(Iri(f"{BASE}id/{number}"), value, Literal(f"{version}{number}"), graph) for number in range(count)]


@pytest.fixture(scope="module", params=WAYS)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = f"\n[limits]\ntimeout = {PATIENCE:g}\n[serve]\npatience = {PATIENCE:g}\n{WAYS[request.param]}\n"
    with serving(project_with(tmp_path_factory.mktemp("fast"), quads_of(60), settings), "--workers", "1") as server:
        yield server


_PIECES = st.lists(
    st.sampled_from(["%", "%2", "%25", "%20", "%C3%A6", "%c3", "%41", "+", "a", "25", "41", "=", "#", "é", "%0A"])
)


@given(value=st.one_of(_PIECES.map("".join), st.text().map(quote), st.text().map(quote_plus)))
def test_a_plain_address_is_decoded_as_forms_are(value: str) -> None:
    raw = f"query={value}".encode()
    found = plain_query(raw)
    if found is not None:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
        assert pairs == [("query", found)]
    elif value.isascii() and re.fullmatch(r"(?:[^%&]|%[01-7][0-9a-fA-F])*", value):
        pytest.fail("it is plain")


def test_whatever_has_more_parameters_is_not_plain() -> None:
    for raw in (b"", b"update=x", b"query=x&query=y", b"a=b&query=x", b"query=" + b"x" * 10_000):
        assert plain_query(raw) is None, raw


def _receive(connection: socket.socket, number: int) -> bytes:
    """So many whole answers, each as long as it says, and nothing behind them."""
    data, end = b"", 0
    for _ in range(number):
        while (head := data.find(b"\r\n\r\n", end)) < 0:
            data += _more(connection)
        length = re.search(rb"content-length: (\d+)", data[end:head])
        end = head + 4 + int(length[1] if length else 0)
        while len(data) < end:
            data += _more(connection)
    assert len(data) == end, "more came than was asked for"
    return data


def _more(connection: socket.socket) -> bytes:
    piece = connection.recv(65_536)
    assert piece, "the connection was closed"
    return piece


def _request(number: int, *more: bytes) -> bytes:
    text = quote(f"SELECT ?v WHERE {{ <{BASE}id/{number}> <{BASE}value> ?v }}")
    return b"\r\n".join([b"GET /sparql?query=%s HTTP/1.1" % text.encode(), b"Host: x.example", *more, b"", b""])


def test_one_after_the_other_each_gets_its_own_answer(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as connection:
        for number in range(40):
            connection.sendall(_request(number))
            assert b'"value":"%d"' % number in _receive(connection, 1)


def test_requests_in_pieces_and_in_heaps_are_answered_in_order(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as connection:
        data = b"".join(map(_request, range(30)))
        connection.sendall(_request(50))
        assert b'"value":"50"' in _receive(connection, 1)
        for start in range(0, len(data), 97):
            connection.sendall(data[start : start + 97])
        answers = _receive(connection, 30)
        assert re.findall(rb'"value":"(\d+)"', answers) == [b"%d" % number for number in range(30)]


@pytest.mark.parametrize("way", WAYS)
def test_blank_lines_between_requests_cost_nothing(tmp_path: Path, way: str) -> None:
    """A client may send an empty line before a request (RFC 9112, 2.2); its time to ask begins anew with each answer."""
    folder = project_with(tmp_path / "hurried", quads_of(60), f"\n[serve]\npatience = 1\n{WAYS[way]}\n")
    with (
        serving(folder, "--workers", "1") as server,
        closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)) as connection,
    ):

        def answered(number: int) -> bool:
            connection.sendall(_request(number))
            answer = _receive(connection, 1)
            # On a machine that does much else a worker may not come in that second, and that is an answer too.
            return b'"value":"%d"' % number in answer or (way == "off" and answer.startswith(b"HTTP/1.1 503 "))

        assert answered(0)
        connection.sendall(b"\r\n")
        time.sleep(0.2)
        assert answered(1)
        time.sleep(1.5)
        assert answered(2)


def test_the_headers_of_each_request_count(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as connection:
        for accept in (b"application/json", b"text/csv", b"application/json", b"text/csv"):
            connection.sendall(_request(3, b"Accept: " + accept))
            answer = _receive(connection, 1)
            kind = b"application/sparql-results+json" if b"json" in accept else b"text/csv"
            assert b"content-type: " + kind in answer
        connection.sendall(_request(4, b"Connection: close") + _request(5))
        answer = _receive(connection, 1)
        assert b'"value":"4"' in answer
        assert b"connection: close" in answer
        assert b'"value":"5"' not in answer
        assert connection.recv(1) == b""


def test_http_1_0_is_answered_and_closed(served: Server) -> None:
    for _ in range(2):
        received = served.raw(_request(6).replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert received.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b'"value":"6"' in received


def test_whoever_has_the_answer_is_told_so(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as connection:
        connection.sendall(_request(8))
        first = _receive(connection, 1)
        etag = (re.search(rb'etag: ("[^"]+")', first) or [b"", b""])[1]
        assert etag
        connection.sendall(_request(8, b'If-None-Match: "other", W/' + etag) + _request(9, b"If-None-Match: " + etag))
        both = _receive(connection, 2)
        assert re.findall(rb"HTTP/1.1 (\d+)", both) == [b"304", b"200"]
        assert both.count(etag) == 1
        assert b'"value":"8"' not in both
        assert b'"value":"9"' in both


@pytest.mark.parametrize("host", [b"Host: a b", b"Host: x.example\r\nHost: y.example", b"X-Host: x"])
def test_a_request_without_a_proper_host_is_refused_each_time(served: Server, host: bytes) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE) as connection:
            connection.sendall(_request(5).replace(b"Host: x.example", host))
            assert connection.recv(12) == b"HTTP/1.1 400"


def test_whoever_reads_late_gets_every_answer_once(served: Server) -> None:
    with socket.socket() as connection:
        # So little room that the server has to wait with its answers.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(b"".join(_request(number % 60) for number in range(500)))
        data = _receive(connection, 500)
    values = re.findall(rb'"value":"(\d+)"', data)
    assert values == [b"%d" % (number % 60) for number in range(500)]


def test_no_older_version_after_a_newer_one(tmp_path: Path) -> None:
    folder = project_with(tmp_path / "versions", quads_of(60, "1-"), "\n[serve]\nworkers = 2\n")
    with (
        serving(folder) as server,
        closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)) as connection,
    ):

        def version_of(number: int, *, anew: bool = False) -> int:
            # Another text each time, so that no answer that was given before is given again.
            more = b"%%23%d" % time.monotonic_ns() if anew else b""
            connection.sendall(_request(number).replace(b" HTTP/1.1", more + b" HTTP/1.1"))
            return int((re.search(rb'"value":"(\d+)-', _receive(connection, 1)) or [b"", b"0"])[1])

        assert {version_of(number) for number in range(60)} == {1}
        for version in (2, 3):
            put_to_use(folder, quads_of(60, f"{version}-"), f"version{version}")
            seen = [version - 1]
            while seen[-1] != version:
                seen += [version_of(1, anew=True), version_of(2)]
            assert sorted(seen) == seen
            assert {version_of(number) for number in range(60)} == {version}


def _logged(server: Server, number: int) -> list[dict[str, object]]:
    """So many lines of the log about queries, when they are there."""

    def lines() -> list[dict[str, object]]:
        read = server.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in read if '"path":"/sparql"' in line]

    server.until(lambda _: len(lines()) >= number)
    return lines()


@pytest.mark.parametrize("way", WAYS)
def test_the_log_has_a_line_for_each_answer_and_shows_its_way(tmp_path: Path, way: str) -> None:
    folder = project_with(tmp_path / way, quads_of(20), f"\n[serve]\n{WAYS[way]}\n")
    ends: Sequence[tuple[bytes, ...]] = ((), (b"X-Forwarded-For: 192.0.2.7",), (b"X-Forwarded-For: 2001:db8:1:2::3",))
    with serving(folder, "--workers", "1") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as connection:
            for number in range(15):
                connection.sendall(_request(number, *ends[number % 3]))
                _receive(connection, 1)
        lines = _logged(server, 15)
    assert len(lines) == 15
    assert {line["status"] for line in lines} == {200}
    assert [line["client"] for line in lines[:3]] == ["127.0.0.1", "192.0.2.7", "2001:db8:1:2::/64"]
    # The fast path takes no time worth naming.
    assert {line["ms"] == 0 for line in lines} == {way != "off"}


def test_a_query_that_needs_a_worker_gets_one_and_is_given_again_at_once(tmp_path: Path) -> None:
    folder = project_with(tmp_path / "again", quads_of(20))
    with serving(folder, "--workers", "1") as server:
        text = f"SELECT (STR(?v) AS ?w) WHERE {{ <{BASE}id/3> <{BASE}value> ?v }}"
        first, second = server.ask(text), server.ask(text)
        lines = _logged(server, 2)
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    assert [line["ms"] == 0 for line in lines] == [False, True]

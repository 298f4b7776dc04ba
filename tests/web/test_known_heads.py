"""Heads that came before: known by all of their bytes or not at all, and answered as the parser would have it."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path
from urllib.parse import parse_qsl, quote, quote_plus

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.rdf import Iri, Literal, Quad
from citygraph.web.known_heads import KnownHeads, address_of, ordinary
from citygraph.web.sparql_request import read_plain
from web.conftest import BASE, Server, project_with, serving


def quads_of(count: int) -> list[Quad]:
    """Things with a value each."""
    graph, value = Iri(f"{BASE}graph/data"), Iri(f"{BASE}value")
    return [Quad(Iri(f"{BASE}id/{number}"), value, Literal(str(number)), graph) for number in range(count)]


HEAD = b"Host: x.example\r\nAccept: application/json\r\n\r\n"
REQUEST = b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\n" + HEAD


class _Read:
    """What the parser finds in one request."""

    def __init__(self, data: bytes) -> None:
        self.url, self.number, self.headers = b"", 0, list[tuple[bytes, bytes]]()
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_message_complete(self) -> None:
        self.number += 1


_TARGETS = st.lists(
    st.sampled_from(
        ["a", "?", "%20", "&", "#", " ", "\t", "\r\n", "é", "\x00", "/", " HTTP/1.1\r\n", "x: y\r\n", "\x7f"]
    )
).map(lambda parts: "/" + "".join(parts))
_LINES = st.lists(
    st.sampled_from(
        ["Host: a", "Accept: text/csv", "Accept: */*", "Accept-Encoding: gzip", "X: y", " folded", "", "\r", "bad line",
         "Content-Length: 3", "Connection: close", "Transfer-Encoding: chunked", "GET / HTTP/1.1"]
    ), min_size=1, max_size=5,
).map(lambda lines: "\r\n".join(lines) + "\r\n\r\n")  # fmt: skip


@given(targets=st.tuples(_TARGETS, _TARGETS), lines=_LINES, more=st.sampled_from(["", "", "x", "GET / HTTP/1.1\r\n"]))
def test_what_is_known_is_what_the_parser_reads(targets: tuple[str, str], lines: str, more: str) -> None:
    first, second = (f"GET {target} HTTP/1.1\r\n{lines}{more}".encode() for target in targets)
    heads = KnownHeads()
    try:
        learned = _Read(first)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        return
    said = ordinary(learned.headers)
    if said is None or not learned.number:
        return
    heads.learn(first, said)
    found = heads.read(second)
    if found is None:
        return
    again = _Read(second)
    assert (again.number, again.url, again.headers) == (1, found.address, learned.headers)
    assert ordinary(again.headers) == found.said
    assert address_of(second, found.headers) == found.address


def test_other_bytes_go_to_the_parser() -> None:
    heads = KnownHeads()
    assert heads.read(REQUEST) is None
    heads.learn(REQUEST, ("application/json", ""))
    assert heads.read(REQUEST) == (b"/sparql?query=ASK%7B%7D", HEAD, ("application/json", ""))
    assert heads.read(REQUEST.replace(b"ASK", b"other")) is not None
    for other in (REQUEST[:-1], REQUEST + b"x", REQUEST * 2, REQUEST.replace(b"Host", b"host"), b"x" + REQUEST,
                  REQUEST.replace(b"GET", b"PUT"), REQUEST.replace(b"1.1", b"1.0"), REQUEST.replace(b"ASK", b"A SK"),
                  REQUEST.replace(b"ASK", b"a" * 20_000)):  # fmt: skip
        assert heads.read(other) is None


def test_only_the_last_few_heads_are_kept() -> None:
    heads = KnownHeads()
    requests = [REQUEST.replace(b"x.example", b"x%d.example" % number) for number in range(1_000)]
    for request in requests:
        heads.learn(request, ("", ""))
    known = [request for request in requests if heads.read(request)]
    assert 10 <= len(known) < 200
    assert known[-1] == requests[-1]
    heads.learn(REQUEST.replace(b"x.example", b"x" * 3_000), ("", ""))
    assert heads.read(REQUEST.replace(b"x.example", b"x" * 3_000)) is None


_PIECES = st.lists(
    st.sampled_from(["%", "%2", "%25", "%20", "%C3%A6", "%c3", "%41", "+", "a", "25", "41", "=", "#", "é", "%0A"])
)


@given(value=st.one_of(_PIECES.map("".join), st.text().map(quote), st.text().map(quote_plus)))
def test_a_plain_address_is_decoded_as_forms_are(value: str) -> None:
    raw = f"query={value}".encode()
    found = read_plain(raw)
    if found is not None:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
        assert pairs == [("query", found)]
    elif value.isascii() and re.fullmatch(r"(?:[^%&]|%[01-7][0-9a-fA-F])*", value):
        pytest.fail("it is plain")


def test_whatever_has_more_parameters_is_not_plain() -> None:
    for raw in (b"", b"update=x", b"query=x&query=y", b"a=b&query=x", b"query=" + b"x" * 10_000):
        assert read_plain(raw) is None, raw


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Server:  # type: ignore[misc]  # a generator
    with serving(
        project_with(tmp_path_factory.mktemp("heads"), quads_of(60), "\n[serve]\npatience = 1\n"), "--workers", "1"
    ) as server:
        yield server


def _receive(connection: socket.socket, number: int) -> bytes:
    data = b""
    while data.count(b"HTTP/1.1 ") < number or not re.search(rb"(?:\}|\n)\s*\Z", data):
        piece = connection.recv(65_536)
        if not piece:
            break
        data += piece
    return data


def _request(number: int, *more: bytes) -> bytes:
    text = quote(f"SELECT ?v WHERE {{ <{BASE}id/{number}> <{BASE}value> ?v }}")
    return b"\r\n".join([b"GET /sparql?query=%s HTTP/1.1" % text.encode(), b"Host: x.example", *more, b"", b""])


def test_one_after_the_other_each_gets_its_own_answer(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        for number in range(40):
            connection.sendall(_request(number))
            assert b'"value":"%d"' % number in _receive(connection, 1)


def test_requests_in_pieces_and_in_heaps_are_answered_in_order(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        data = b"".join(map(_request, range(30)))
        connection.sendall(_request(50))
        assert b'"value":"50"' in _receive(connection, 1)
        for start in range(0, len(data), 97):
            connection.sendall(data[start : start + 97])
        answers = _receive(connection, 30)
        assert re.findall(rb'"value":"(\d+)"', answers) == [b"%d" % number for number in range(30)]


def test_blank_lines_between_requests_cost_nothing(served: Server) -> None:
    """A client may send an empty line before a request (RFC 9112, 2.2); its time to ask begins anew with each answer."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        connection.sendall(_request(0))
        _receive(connection, 1)
        connection.sendall(b"\r\n")
        time.sleep(0.2)
        connection.sendall(_request(1))
        assert b'"value":"1"' in _receive(connection, 1)
        time.sleep(1.5)
        connection.sendall(_request(2))
        assert b'"value":"2"' in _receive(connection, 1)


def test_a_known_head_with_other_wishes_is_read_anew(served: Server) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
        for accept in (b"application/json", b"text/csv", b"application/json", b"text/csv"):
            connection.sendall(_request(3, b"Accept: " + accept))
            answer = _receive(connection, 1)
            kind = b"application/sparql-results+json" if b"json" in accept else b"text/csv"
            assert b"content-type: " + kind in answer
        connection.sendall(_request(4, b"Connection: close"))
        assert b'"value":"4"' in _receive(connection, 1)
        assert connection.recv(1) == b""


@pytest.mark.parametrize("host", [b"Host: a b", b"Host: x.example\r\nHost: y.example", b"X-Host: x"])
def test_a_head_without_a_proper_host_is_never_known(served: Server, host: bytes) -> None:
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as connection:
            connection.sendall(_request(5).replace(b"Host: x.example", host))
            assert connection.recv(12) == b"HTTP/1.1 400"


def test_the_log_has_a_line_for_each(tmp_path: Path) -> None:
    with serving(project_with(tmp_path / "logged", quads_of(20)), "--workers", "1") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            for number in range(15):
                connection.sendall(_request(number))
                _receive(connection, 1)
        server.until(lambda _: server.log.read_text(encoding="utf-8").count('"path":"/sparql","status":200') >= 15)

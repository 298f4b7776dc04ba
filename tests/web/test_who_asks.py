"""Who asks, under which name the site was asked, and in which language no is said."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from citygraph.rdf import Iri, Literal, Quad
from citygraph.web.requests import network_of, trusted_by
from patience import wait_until
from web.conftest import BASE, SHORT, Server, project_with, serving

SLOW = "SELECT (COUNT(*) AS ?n) WHERE {{ ?s ?p ?o . ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }} # {}"
PUBLIC = "https://graph.example.org/under"


@pytest.fixture(scope="module")
def settings() -> str:
    return SHORT + "connections = 100\n"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("localhost", "unknown"),
        ("", "unknown"),
    ],
)
def test_who_counts_as_one_client(address: str, network: str) -> None:
    assert network_of(address) == network


def test_proxies_are_named_by_address_or_network() -> None:
    named = trusted_by("127.0.0.1, 10.1.0.0/16,2001:db8::/32")
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "10.1.255.1", "2001:db8:9::1"):
        assert named(address), address
    for address in ("127.0.0.2", "10.2.0.1", "::1", "", "unix:"):
        assert not named(address), address
    assert trusted_by("*")("192.0.2.1")
    assert not trusted_by("")("192.0.2.1")


def test_addresses_of_one_subscriber_share_the_limits_of_one_client(server: Server) -> None:
    stop = threading.Event()

    def keep_asking(number: int) -> None:
        while not stop.is_set():
            server.ask(SLOW.format(number), client=f"2001:db8:7:7:{number:x}::{number:x}")

    def refused(client: str) -> str:
        return str(server.ask(f"ASK {{}} # {time.monotonic_ns()}", client=client).json().get("code"))

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(keep_asking, number) for number in range(8)]
        try:
            # Were each address counted by itself, nobody would ever be told this.
            wait_until(lambda: refused("2001:db8:7:7::1") == "busy.yours", "that one subscriber has asked too much")
            assert server.answers(client="2001:db8:7:8::1")
            assert server.answers(client="::ffff:192.0.2.5")
        finally:
            stop.set()
        for each in asked:
            each.result()
    server.until(lambda health: health["pool"]["idle"] == 4)


def connections(server: Server, number: int, head: bytes) -> list[bytes]:
    """The first bytes of the answers on so many connections that all stay open."""
    answers: list[bytes] = []
    with ExitStack() as stack:
        for _ in range(number):
            connection = stack.enter_context(closing(socket.create_connection(("127.0.0.1", server.port))))
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
            answers.append(connection.recv(65536)[:12])
    return answers


def test_a_client_on_this_machine_has_as_many_connections_as_any_other_and_a_proxy_more(server: Server) -> None:
    direct = connections(server, 40, b"")
    assert 20 <= direct.count(b"HTTP/1.1 200") <= 25
    assert set(direct) == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    settle(server)
    assert set(connections(server, 40, b"X-Forwarded-For: 192.0.2.1\r\n")) == {b"HTTP/1.1 200"}
    settle(server)
    assert set(connections(server, 20, b"")) == {b"HTTP/1.1 200"}


def settle(server: Server) -> None:
    """Wait until the server has seen that connections are closed."""
    wait_until(lambda: connections(server, 15, b"").count(b"HTTP/1.1 200") == 15, "room for fifteen connections")


REFUSED = {
    "ASK {": (400, "query.too_early", "spørringen slutter for tidlig"),
    "DROP ALL": (400, "query.update", "ville endre grafen"),
    "ASK { SERVICE <http://127.0.0.1/> {} }": (400, "query.service", "spørringer blir på denne maskinen"),
    SLOW.format(0): (503, "limit.time", "Spørringen tok mer enn 2 sekunder"),
}


@pytest.mark.parametrize("query", REFUSED)
def test_the_endpoint_says_no_in_the_language_asked_for_and_in_a_code(server: Server, query: str) -> None:
    status, code, words = REFUSED[query]
    norwegian = server.get("/sparql", params={"query": query}, headers={"Accept-Language": "nb-NO, en;q=0.5"})
    named = server.get("/sparql", params={"query": query, "lang": "nb"}, headers={"Accept-Language": "en"})
    english = server.get("/sparql", params={"query": query})
    for answer in (norwegian, named):
        assert (answer.status_code, answer.headers["content-language"]) == (status, "nb")
        assert words in answer.json()["error"]
    assert english.headers["content-language"] == "en"
    assert words not in english.json()["error"]
    assert norwegian.json()["code"].startswith(code)
    assert norwegian.json()["code"] == english.json()["code"] == named.json()["code"]


def test_requests_that_are_none_are_refused_in_norwegian_too(server: Server) -> None:
    headers = {"Accept-Language": "nb"}
    for method, path, more, code, words in (
        ("PUT", "/sparql", {}, "endpoint.read_only", "filene i git"),
        ("POST", "/sparql", {"Content-Type": "text/plain"}, "endpoint.media_type", "leses ikke her"),
        ("PUT", "/graph-store?default", {}, "endpoint.read_only", "filene i git"),
        ("GET", "/graph-store", {}, "endpoint.which_graph", "nevner ingen graf"),
        ("GET", "/graph-store?graph=urn:none", {}, "endpoint.no_such_graph", "ingen graf med det navnet"),
        ("GET", "/sparql?query=a&query=b", {}, "endpoint.queries", "mer enn én spørring"),
        ("GET", "/sparql?query=ASK%7B%7D", {"Accept": "image/png"}, "endpoint.no_format", "Ingen av formatene"),
        ("GET", "/sparql?query=ASK%7B%7D", {"Accept": "text/csv"}, "endpoint.wrong_format", "Svaret er ja eller nei"),
        ("GET", "/sparql?query=ASK%7B%7D&default-graph-uri=x", {}, "endpoint.no_graph", "er ikke adressen til en graf"),
    ):
        answer = server.request(method, path, headers=headers | more)
        assert answer.json()["code"] == code, answer.text
        assert words in answer.json()["error"]


@pytest.mark.parametrize(
    "host",
    [
        b"", b"a b", b"a/b", b"evil.example/<script>", b"a@b", b'a"b', b"a:99999", b"a:-1", b"[::1", b"[::x]:80", b"a..b",
        b"-", b"\xe6.example", b"a.example\r\nHost: b.example", b"x" * 300,
    ],
)  # fmt: skip
def test_a_host_that_is_none_is_refused_everywhere(server: Server, host: bytes) -> None:
    for path in (b"/health", b"/", b"/.well-known/void", b"/queries/members.atom", b"/sparql?query=ASK%7B%7D%23host"):
        received = server.raw(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert received.startswith(b"HTTP/1.1 400"), (path, received[:200])
        assert b"script" not in received.partition(b"\r\n\r\n")[2]


def test_a_request_without_a_host_is_refused_since_http_1_1(server: Server) -> None:
    assert server.raw(b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert server.raw(b"GET /health HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200")
    for host in (
        "example.org",
        "example.org.",
        "my_service:8000",
        "[2001:db8::1]:80",
        "127.0.0.1",
        "xn--bl-yia.example",
    ):
        assert server.get("/health", headers={"Host": host}).status_code == 200, host


def test_what_names_the_host_has_another_tag_for_another_host(server: Server) -> None:
    for path in ("/.well-known/void", "/queries/members.atom"):
        one, other = (server.get(path, headers={"Host": host}) for host in ("one.example", "other.example"))
        assert "one.example" in one.text
        assert "one.example" not in other.text
        assert one.headers["etag"] != other.headers["etag"]
        for host, status in (("one.example", 304), ("other.example", 200)):
            again = server.get(path, headers={"Host": host, "If-None-Match": one.headers["etag"]})
            assert again.status_code == status


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    graph = Iri(f"{BASE}graph/data")
    quads = [Quad(Iri(f"{BASE}id/1"), Iri(f"{BASE}value"), Literal("1"), graph)]
    settings = f'[serve]\npublic_url = "{PUBLIC}/"\n'
    folder: Path = project_with(tmp_path_factory.mktemp("named"), quads, settings)
    (folder / "queries").mkdir()
    header = '#+ title: { nb: "Verdier", en: "Values" }\n#+ question: { nb: "?", en: "?" }\n#+ columns: [v]\n'
    (folder / "queries" / "values.rq").write_text(f"{header}SELECT ?v {{ ?s ?p ?v }}\n", encoding="utf-8")
    with serving(folder, "--workers", "1", "--root-path", "/under") as started:
        yield started


def test_the_address_that_graph_toml_names_stands_in_everything_that_goes_out(named: Server) -> None:
    hosts = [{"Host": host} for host in ("evil.example", "graph.example.org")]
    for path in ("/.well-known/void", "/sparql"):
        first, second = (named.get(path, headers=each | {"Accept": "text/turtle"}) for each in hosts)
        assert first.text == second.text
        assert first.headers.get("etag") == second.headers.get("etag")
        assert f"{PUBLIC}/sparql" in first.text
    first, second = (named.get("/queries/values.atom", headers=each) for each in hosts)
    assert first.content == second.content
    links = [each.get("href", "") for each in ET.fromstring(first.content).iter("{http://www.w3.org/2005/Atom}link")]  # noqa: S314  # our own
    assert set(links) == {f"{PUBLIC}/queries/values.atom", f"{PUBLIC}/queries/values"}
    page = named.get("/queries/values", headers=hosts[0])
    assert f"{PUBLIC}/queries/values.csv" in page.text
    assert "evil.example" not in page.text

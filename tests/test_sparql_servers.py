"""The servers that other tests use run, and the proxy in front of them breaks what it is told to break, and no more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from citygraph.rdf import parse
from fault_injector import Fault, FaultInjector, fault_injector
from patience import PATIENCE
from sparql_servers import SparqlServer, oxigraph_server, virtuoso_server

GRAPH = "urn:example:graph"
TURTLE = "".join(f'<urn:example:{number}> <urn:example:p> "ø{number}" .\n' for number in range(200)).encode()


@pytest.fixture(scope="module", params=["oxigraph", "virtuoso"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlServer]:
    start = oxigraph_server if request.param == "oxigraph" else virtuoso_server
    with start(tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def http(server: SparqlServer) -> Iterator[httpx.Client]:
    auth = httpx.DigestAuth(server.user, server.password) if server.user else None
    with httpx.Client(trust_env=False, timeout=PATIENCE, auth=auth) as client:
        yield client


@pytest.fixture
def proxy(server: SparqlServer) -> Iterator[FaultInjector]:
    with fault_injector(server.query) as injector:
        yield injector


def count(http: httpx.Client, address: str) -> int:
    query = f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{GRAPH}> {{ ?s ?p ?o }} }}"
    answer = http.get(address, params={"query": query}, headers={"Accept": "application/sparql-results+json"})
    return int(answer.json()["results"]["bindings"][0]["n"]["value"])


def put(http: httpx.Client, address: str, body: bytes = TURTLE) -> httpx.Response:
    return http.put(address, content=body, headers={"Content-Type": "text/turtle"})


def triples(http: httpx.Client, address: str) -> int:
    answer = http.get(address, headers={"Accept": "text/turtle"})
    return len(parse(answer.content, format="ttl").quads)


def test_a_server_takes_a_graph_gives_it_back_and_forgets_it(server: SparqlServer, http: httpx.Client) -> None:
    assert put(http, server.graph_address(GRAPH)).is_success
    assert count(http, server.query) == 200
    assert triples(http, server.graph_address(GRAPH)) == 200
    update = f"DELETE WHERE {{ GRAPH <{GRAPH}> {{ <urn:example:7> ?p ?o }} }}"
    assert http.post(server.update, data={"update": update}).is_success
    assert count(http, server.query) == 199
    assert http.delete(server.graph_address(GRAPH)).is_success
    assert count(http, server.query) == 0


def test_virtuoso_has_a_door_with_a_password(server: SparqlServer, http: httpx.Client) -> None:
    if not server.update_with_password:
        assert server.name == "Oxigraph"
        return
    insert = {"update": "INSERT DATA { GRAPH <urn:example:other> { <urn:a> <urn:b> <urn:c> } }"}
    assert httpx.post(server.update_with_password, data=insert, trust_env=False).status_code == 401
    assert http.post(server.update_with_password, data=insert).is_success


def test_the_proxy_changes_nothing_by_itself(server: SparqlServer, http: httpx.Client, proxy: FaultInjector) -> None:
    address = proxy.through(server.graph_address(GRAPH))
    assert put(http, address).is_success
    assert count(http, proxy.through(server.query)) == 200
    assert triples(http, address) == 200
    assert [each.method for each in proxy.asked][-2:] == ["GET", "GET"]


def test_the_proxy_refuses_chosen_requests(server: SparqlServer, http: httpx.Client, proxy: FaultInjector) -> None:
    proxy.will(Fault(method="GET", holds="COUNT", skip=1, times=2, status=503, retry_after="7"))
    address = proxy.through(server.query)
    parameters = {"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"}
    answers = [http.get(address, params=parameters) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 503, 503, 200]
    assert answers[1].headers["Retry-After"] == "7"
    assert http.get(address, params={"query": "ASK {}"}).status_code == 200


def test_the_proxy_cuts_an_answer(server: SparqlServer, http: httpx.Client, proxy: FaultInjector) -> None:
    put(http, server.graph_address(GRAPH))
    proxy.will(Fault(method="GET", cut_answer=100))
    with pytest.raises(httpx.RemoteProtocolError, match="100 bytes"):
        http.get(proxy.through(server.graph_address(GRAPH)), headers={"Accept": "text/turtle"})


def test_the_proxy_resets_before_and_after_the_work(
    server: SparqlServer, http: httpx.Client, proxy: FaultInjector
) -> None:
    address = proxy.through(server.graph_address(GRAPH))
    http.delete(server.graph_address(GRAPH))
    proxy.will(Fault(holds="graph=", times=1, reset=True), Fault(holds="graph=", times=1, lose_answer=True))
    with pytest.raises(httpx.TransportError):
        put(http, address)
    assert count(http, server.query) == 0
    if server.user:
        return  # a lost answer to the first round of digest authentication is no lost work
    with pytest.raises(httpx.TransportError):
        put(http, address)
    assert count(http, server.query) == 200


def test_the_proxy_cuts_a_request(server: SparqlServer, http: httpx.Client, proxy: FaultInjector) -> None:
    http.delete(server.graph_address(GRAPH))
    proxy.will(Fault(cut_request=1000))
    with pytest.raises(httpx.TransportError):
        put(http, proxy.through(server.graph_address(GRAPH)))
    proxy.will()
    assert count(http, proxy.through(server.query)) < 200


@pytest.mark.parametrize(
    ("start", "line"),
    [
        (virtuoso_server, "apt-get install --no-install-recommends virtuoso-opensource-7"),
        (oxigraph_server, "pip install oxigraph"),
    ],
)
def test_a_server_that_is_not_installed_says_how_to_get_it(
    start: Callable[[Path], AbstractContextManager[SparqlServer]],
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(pytest.skip.Exception, match=line), start(tmp_path):
        pass

"""Answers of the endpoint: the engine's own, in every format, with exact caching, for browsers and programs."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
import rdflib
import rdflib.compare
from SPARQLWrapper import CSV, JSON, TURTLE, XML, SPARQLWrapper

from citygraph.rdf import Iri, Literal, Quad, canonical_hash, parse
from conftest import SHARED
from web.conftest import BASE, Server, project_with, serving

SUITE = SHARED / "reference" / "w3c-rdf-tests" / "sparql" / "sparql11"
MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
GROUPS = (
    "aggregates", "bind", "bindings", "cast", "construct", "exists", "functions", "grouping", "negation",
    "project-expression", "property-path", "subquery",
)  # fmt: skip
# Each call gives another answer.
NEVER_THE_SAME = {"now01.rq", "rand01.rq", "uuid01.rq", "uuid02.rq", "struuid01.rq", "bnode01.rq", "bnode02.rq"}
X = "http://example.org/x#"
ODD = 'tab\t, quote " comma; line\nreturn\r backslash \\ <tag> & æøå 🏙'


def evaluation_tests() -> Iterator[tuple[Path, Path]]:
    """Query and data of each evaluation test with one data file."""
    for group in GROUPS:
        path = SUITE / group / "manifest.ttl"
        manifest = rdflib.Graph().parse(path, publicID=path.as_uri())
        for test in manifest.subjects(rdflib.RDF.type, MF.QueryEvaluationTest):
            action = manifest.value(test, MF.action)
            data, query = list(manifest.objects(action, QT.data)), manifest.value(action, QT.query)
            if len(data) == 1 and not list(manifest.objects(action, QT.graphData)) and query is not None:
                yield Path(str(query).removeprefix("file://")), Path(str(data[0]).removeprefix("file://"))


@pytest.fixture(scope="module")
def suite() -> list[tuple[Path, Path]]:
    if not SUITE.is_dir():
        pytest.skip("the public test suites are not at hand: put them at ../shared/reference")
    return sorted(set(evaluation_tests()))


def graph_of(path: Path) -> Iri:
    return Iri(f"{BASE}graph/{path.parent.name}/{path.name}")


@pytest.fixture(scope="module")
def quads() -> list[Quad]:
    """The data of the evaluation tests, each file in a graph of its own, and a graph of odd values."""
    found: list[Quad] = []
    for path in sorted({data for _, data in evaluation_tests()}) if SUITE.is_dir() else []:
        format_ = {".ttl": "ttl", ".rdf": "rdf", ".nt": "nt"}[path.suffix]
        found += parse(path.read_bytes(), format=format_, graph_name=graph_of(path)).quads
    for graph in ("one", "two"):
        odd, name = Iri(f"{X}odd"), Iri(f"{BASE}graph/{graph}")
        found.append(Quad(odd, Iri(f"{X}value"), Literal(ODD), name))
        found.append(Quad(odd, Iri(f"{X}value"), Literal("Å", language="nb"), name))
    # Enough for answers of some size on a machine that has no public test suites.
    numbered = [Iri(f"http://example.org/plain#{number:03}") for number in range(100)]
    found += [
        Quad(each, Iri("http://example.org/plain#in"), numbered[0], Iri(f"{BASE}graph/plain")) for each in numbered
    ]
    found.append(Quad(Iri(f"{X}bell"), Iri(f"{X}value"), Literal("\x07"), Iri(f"{BASE}graph/one")))
    return found


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast", "ordinary"])
def server(
    quads: list[Quad], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    settings = f"[limits]\nrows = 500\n[serve]\nfast = {request.param}\n"
    folder = project_with(tmp_path_factory.mktemp("answers"), quads, settings)
    with serving(folder, "--workers", "2", "--root-path", "/graph") as started:
        yield started


@pytest.fixture(scope="module")
def engine(quads: list[Quad]) -> pyoxigraph.Store:
    """The engine itself, with the same data."""
    store = pyoxigraph.Store()
    store.bulk_extend(quads)
    return store


def plain(term: object) -> str:
    """A term as text; blank nodes have other names on each side."""
    return "_" if isinstance(term, pyoxigraph.BlankNode) else str(term)


def rows_of(found: pyoxigraph.QuerySolutions) -> Counter[tuple[tuple[str, str], ...]]:
    names = [variable.value for variable in found.variables]
    return Counter(tuple(sorted((name, plain(row[name])) for name in names)) for row in found)


def test_answers_are_those_of_the_engine(
    server: Server, engine: pyoxigraph.Store, suite: list[tuple[Path, Path]]
) -> None:
    compared = 0
    for query, data in suite:
        if query.name in NEVER_THE_SAME:
            continue
        text, graph = query.read_text(encoding="utf-8"), graph_of(data)
        try:
            own = engine.query(text, base_iri=BASE, default_graph=[graph], named_graphs=[])
        except (SyntaxError, RuntimeError):
            assert server.ask(text, **{"default-graph-uri": graph.value}).status_code == 400, query
            continue
        accept = ("application/sparql-results+xml", "application/sparql-results+json")[compared % 2]
        response = server.ask(text, accept=f"{accept}, application/n-triples", **{"default-graph-uri": graph.value})
        assert response.status_code == 200, (query, response.text)
        if isinstance(own, pyoxigraph.QueryTriples):
            given = pyoxigraph.parse(response.content, format=pyoxigraph.RdfFormat.N_TRIPLES)
            assert canonical_hash(given) == canonical_hash(Quad(*triple) for triple in set(own)), query
        else:
            format_ = pyoxigraph.QueryResultsFormat.from_media_type(accept)
            assert format_ is not None
            given_results = pyoxigraph.parse_query_results(response.content, format=format_)
            if isinstance(own, pyoxigraph.QueryBoolean):
                assert bool(given_results) == bool(own), query
            else:
                assert isinstance(given_results, pyoxigraph.QuerySolutions)
                assert rows_of(given_results) == rows_of(own), query
        compared += 1
    assert compared > 120


ODD_QUERY = f"SELECT ?v WHERE {{ <{X}odd> <{X}value> ?v }} ORDER BY LANG(?v)"


@pytest.mark.parametrize("media_type", ["application/sparql-results+json", "application/sparql-results+xml"])
def test_odd_values_survive_json_and_xml(server: Server, media_type: str) -> None:
    format_ = pyoxigraph.QueryResultsFormat.from_media_type(media_type)
    assert format_ is not None
    found = pyoxigraph.parse_query_results(server.ask(ODD_QUERY, accept=media_type).content, format=format_)
    assert isinstance(found, pyoxigraph.QuerySolutions)
    assert [row["v"] for row in found] == [Literal(ODD), Literal("Å", language="nb")]


def test_odd_values_survive_csv_and_tsv(server: Server) -> None:
    text = server.ask(ODD_QUERY, accept="text/csv").text
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["v"], [ODD], ["Å"]]
    tsv = server.ask(ODD_QUERY, accept="text/tab-separated-values").content
    found = pyoxigraph.parse_query_results(tsv, format=pyoxigraph.QueryResultsFormat.TSV)
    assert isinstance(found, pyoxigraph.QuerySolutions)
    assert [row["v"] for row in found] == [Literal(ODD), Literal("Å", language="nb")]


def test_a_value_that_xml_cannot_carry_is_refused_there_and_given_as_json(server: Server) -> None:
    query = f"SELECT ?v WHERE {{ <{X}bell> <{X}value> ?v }}"
    refused = server.ask(query, accept="application/sparql-results+xml")
    assert (refused.status_code, "JSON" in refused.json()["error"]) == (400, True)
    assert server.ask(query).json()["results"]["bindings"][0]["v"]["value"] == "\x07"


def test_a_triple_in_two_graphs_counts_once(server: Server) -> None:
    count = f"SELECT (COUNT(*) AS ?n) {{}} WHERE {{ <{X}odd> ?p ?o }}"
    graphs = [f"{BASE}graph/one", f"{BASE}graph/two"]

    def number(text: str, **parameters: Any) -> str:  # noqa: ANN401  # what httpx takes
        return str(server.ask(text, **parameters).json()["results"]["bindings"][0]["n"]["value"])

    assert number(count.replace("{} ", "")) == "2"
    merged = " ".join(f"FROM <{graph}>" for graph in graphs)
    assert number(count.replace("{}", merged)) == "2"
    assert number(count.replace("{} ", ""), **{"default-graph-uri": graphs}) == "2"


def test_the_protocol_overrides_from(server: Server) -> None:
    text = f"ASK FROM <{BASE}graph/one> WHERE {{ <{X}bell> ?p ?o }}"
    assert server.ask(text).json()["boolean"] is True
    assert server.ask(text, **{"default-graph-uri": f"{BASE}graph/two"}).json()["boolean"] is False
    only_named = server.ask(text, **{"named-graph-uri": f"{BASE}graph/one"})
    assert only_named.json()["boolean"] is False


def test_columns_of_select_star_come_as_written(server: Server) -> None:
    text = server.ask(f"SELECT * WHERE {{ ?z <{X}value> ?a }}", accept="text/csv").text
    assert text.startswith("z,a\r\n")


def test_prefixes_of_the_project_need_not_be_declared(server: Server) -> None:
    assert server.ask("ASK { ?s skos:prefLabel ?o }").status_code == 200
    assert server.ask("PREFIX skos: <http://example.org/mine#> ASK { ?s skos:x ?o }").status_code == 200
    assert server.ask("ASK { ?s nobody:x ?o }").status_code == 400


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/sparql-results+json"),
        ("*/*", "application/sparql-results+json"),
        ("text/*;q=0.5, application/sparql-results+xml", "application/sparql-results+xml"),
        ("text/csv;q=0.2, text/tab-separated-values;q=0.9", "text/tab-separated-values"),
        ("application/json", "application/sparql-results+json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/sparql-results+xml"),
        ("nonsense;;q=,,;", "application/sparql-results+json"),
        ("image/png", None),
        ("text/turtle", None),
    ],
)
def test_the_format_of_rows_is_the_most_welcome_one(server: Server, accept: str, expected: str | None) -> None:
    response = server.ask("SELECT ?s WHERE { ?s ?p ?o } LIMIT 1", accept=accept)
    if expected is None:
        assert response.status_code == 406
        assert response.json()["ok"] is False
    else:
        assert response.headers["content-type"].partition(";")[0] == expected
        assert "Accept" in response.headers["vary"]


UNKNOWN = """SELECT ?s WHERE {
  { ?s <http://example.org/plain#im> <http://example.org/plain#000> } UNION { ?s <urn:æ> ?p } LOOKED }"""


@pytest.mark.parametrize("looked", ["", " UNION { ?s ?p ?o }"], ids=["nothing", "pieces"])
def test_terms_that_nobody_knows_are_told_in_a_header_and_in_json(server: Server, looked: str) -> None:
    query = UNKNOWN.replace(" LOOKED", looked)
    told = server.ask(query)
    header = told.headers["citygraph-unknown"]
    assert header.startswith('"<http://example.org/plain#im>";line=2;column=8;near="<http://example.org/plain#in>"')
    assert header.endswith(', "<urn:%C3%A6>";line=2;column=82')
    one, other = told.json()["unknown"]
    assert (one["term"], one["near"][0]) == ("<http://example.org/plain#im>", "<http://example.org/plain#in>")
    assert other == {"term": "<urn:æ>", "line": 2, "column": 82, "near": []}
    again = server.ask(query)
    assert (again.headers["citygraph-unknown"], again.content) == (header, told.content)
    # Whoever asks for the format of SPARQL by its name gets that and nothing else.
    strict = server.ask(query, accept="application/sparql-results+json")
    assert strict.headers["citygraph-unknown"] == header
    assert {"unknown": [one, other], **strict.json()} == told.json()
    assert "unknown" not in strict.json()
    assert strict.headers["etag"] != told.headers["etag"]
    assert server.ask(query, accept="text/csv").headers["citygraph-unknown"] == header


def test_a_lookup_of_what_is_known_is_told_of_nothing(server: Server) -> None:
    for query in (
        "ASK { <http://example.org/plain#001> a owl:Class }",
        "ASK { <http://example.org/plain#001> <http://example.org/plain#in> <http://example.org/plain#002> }",
    ):
        answer = server.ask(query)
        assert ("citygraph-unknown" in answer.headers, answer.json()) == (False, {"head": {}, "boolean": False})
    answer = server.ask("ASK { <http://example.org/plain#001> <http://example.org/plain#on> ?o }")
    assert answer.json()["unknown"][0]["near"][0] == "<http://example.org/plain#in>"


def test_the_etag_is_exact(server: Server) -> None:
    first = server.ask("SELECT ?s WHERE { ?s ?p ?o } LIMIT 2")
    again = server.get("/sparql", params={"query": "SELECT ?s WHERE { ?s ?p ?o } LIMIT 2"},
                       headers={"If-None-Match": first.headers["etag"]})  # fmt: skip
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = server.ask("SELECT ?s WHERE { ?s ?p ?o } LIMIT 2", accept="text/csv")
    another = server.ask("SELECT ?s WHERE { ?s ?p ?o } LIMIT 3")
    assert len({first.headers["etag"], other.headers["etag"], another.headers["etag"]}) == 3
    assert first.headers["etag"].startswith('"0000000000000001-')


@pytest.mark.parametrize("call", ["NOW()", "RAND()", "UUID()", "STRUUID()"])
def test_an_answer_that_changes_has_no_etag(server: Server, call: str) -> None:
    responses = [server.ask(f"SELECT ({call} AS ?x) WHERE {{}}") for _ in range(2)]
    assert [response.headers.get("etag") for response in responses] == [None, None]
    assert responses[0].json() != responses[1].json()


def test_gzip_is_given_to_who_takes_it(server: Server) -> None:
    query = "SELECT * WHERE { ?s ?p ?o } ORDER BY ?s ?p ?o LIMIT 400"
    with_gzip = server.get("/sparql", params={"query": query}, headers={"Accept-Encoding": "gzip"})
    without = server.get("/sparql", params={"query": query}, headers={"Accept-Encoding": "identity"})
    assert with_gzip.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in without.headers
    assert with_gzip.json() == without.json()
    assert with_gzip.headers["etag"] != without.headers["etag"]
    raw = server.raw(
        b"GET /sparql?query=ASK%7B%7D HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
    assert b"content-encoding" not in raw, "a short answer is not worth it"


def test_head_says_what_get_would(server: Server) -> None:
    for query in ("ASK {}", "SELECT * WHERE { ?s ?p ?o } LIMIT 400"):
        got, head = server.ask(query), server.request("HEAD", "/sparql", params={"query": query})
        assert (head.status_code, head.content) == (200, b"")
        assert {name: head.headers.get(name) for name in ("content-type", "etag")} == {
            name: got.headers.get(name) for name in ("content-type", "etag")
        }
    assert server.request("HEAD", "/sparql", params={"query": "ASK {"}).status_code == 400


def test_any_page_may_ask(server: Server) -> None:
    preflight = server.request("OPTIONS", "/sparql", headers={"Origin": "https://elsewhere.example"})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in preflight.headers
    for response in (server.ask("ASK {}"), server.ask("ASK {")):
        assert response.headers["access-control-allow-origin"] == "*"


def test_scripts_of_other_sites_may_read_whatever_is_asked_for_with_get(server: Server) -> None:
    here = {"Origin": "https://elsewhere.example"}
    for path in (
        "/openapi.json", "/queries", "/queries.json", "/queries/none.csv", "/id/none", "/city/none.ttl", "/health",
        "/.well-known/void", "/sparql", "/sparql?query=ASK%7B", "/sparql?query=%E5", "/city/%E5", "/static/site.css",
    ):  # fmt: skip
        for method in ("GET", "HEAD", "OPTIONS"):
            answer = server.request(method, path, headers=here)
            assert answer.headers["access-control-allow-origin"] == "*", (method, path)
        known = server.get(path, headers={**here, "If-None-Match": server.get(path).headers.get("etag", "")})
        assert known.headers["access-control-allow-origin"] == "*", (known.status_code, path)
        assert server.request("OPTIONS", path).status_code == 204, path
    assert "access-control-allow-origin" not in server.request("POST", "/editor", headers=here).headers


@pytest.mark.parametrize(
    "address", [b"/sparql?query=ASK { ?s ?p ?o }", b"/city/G\xc3\xb6teborg.ttl", b"/search?q=\xe5"]
)
def test_an_address_that_is_not_encoded_is_told_how_to_be(server: Server, address: bytes) -> None:
    answer = server.raw(b"GET " + address + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"access-control-allow-origin: *" in answer
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert body["code"] == "request.unencoded"
    assert "%20" in body["error"]
    assert b"request.not_http" in server.raw(b"GET sparql HTP/1.1\r\nHost: x\r\n\r\n")


def test_an_address_in_another_encoding_is_told_so(server: Server) -> None:
    for path in ("/search.json?q=G%F6teborg", "/city/G%F6teborg", "/sparql?query=ASK%7B%7D%F6"):
        assert server.get(path).json()["code"] == "endpoint.parameters", path


@pytest.mark.parametrize("name", ["default-graph-uri", "named-graph-uri"])
def test_a_graph_that_is_left_empty_is_none(server: Server, name: str) -> None:
    query = "ASK { ?s ?p ?o }"
    for answer in (server.ask(query, **{name: ""}), server.request("POST", "/sparql", data={"query": query, name: ""})):
        assert answer.json()["boolean"] is True


def test_a_format_that_there_is_not_is_refused_with_those_there_are(server: Server) -> None:
    for path, one in (
        ("/sparql?query=ASK%7B%7D", "application/sparql-results+json"), ("/sparql", "text/turtle"),
        ("/.well-known/void", "application/rdf+xml"), ("/queries", "application/json"), ("/editor", "text/html"),
    ):  # fmt: skip
        refused = server.get(path, headers={"Accept": "image/png"})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (406, "*"), path
        assert one in refused.json()["errors"][1], path
    assert server.get("/queries", headers={"Accept": "application/json"}).json() == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("as-of", "'as_of'?"), ("asOf", "query, default-graph-uri"), ("default-graph", "default-graph-uri'?"),
        ("fromat", "'format'?"), ("timeout", "query, default-graph-uri"), ("", "query, default-graph-uri"),
        ("using-graph-uri", "-graph-uri'?"), ("x" * 5_000, "query, default-graph-uri"),
    ],
)  # fmt: skip
def test_a_parameter_without_effect_is_refused(server: Server, name: str, said: str) -> None:
    query = {"query": "ASK {}", name: "2019-12-31"}
    direct = {"Content-Type": "application/sparql-query"}
    for answer in (
        server.get("/sparql", params=query),
        server.get("/sparql", params={name: "2019-12-31"}),
        server.request("POST", "/sparql", data=query),
        server.request("POST", "/sparql", params={name: "1"}, content=b"ASK {}", headers=direct),
        server.get("/graph-store", params={"default": "", name: "1"}),
    ):
        assert (answer.status_code, answer.json().get("code")) == (400, "endpoint.no_parameter"), answer.text
        assert said in " ".join(answer.json()["errors"]) or "/graph-store" in answer.url.path
        assert len(answer.content) < 1_000


def test_a_parameter_names_the_format_before_accept(server: Server) -> None:
    rows, graph = "SELECT ?s WHERE { ?s ?p ?o }", "CONSTRUCT { <a:a> <a:b> 1 } WHERE {}"
    for query, value, expected in (
        (rows, "csv", "text/csv"), (rows, "json", "application/sparql-results+json"),
        (rows, "xml", "application/sparql-results+xml"), (graph, "xml", "application/rdf+xml"),
        (rows, "application/sparql-results+xml", "application/sparql-results+xml"), (graph, "json-ld", "application/ld+json"),
        (graph, "turtle", "text/turtle"), (graph, "nt", "application/n-triples"),
    ):  # fmt: skip
        for name in ("format", "output", "results"):
            response = server.ask(query, accept="text/tab-separated-values", **{name: value})
            assert response.headers["content-type"].partition(";")[0] == expected, (name, value)
    assert server.get("/sparql?query=ASK%7B%7D&format=application/sparql-results+xml").status_code == 200
    assert server.ask(rows, format="turtle").status_code == 406
    assert server.ask(rows, format="html").json()["code"] == "endpoint.unknown_format"
    assert server.ask(rows, format="csv", output="json").json()["code"] == "endpoint.formats"
    assert server.get("/graph-store?default&format=nt").headers["content-type"].startswith("application/n-triples")
    assert server.get("/sparql?format=rdf").headers["content-type"].startswith("application/rdf+xml")


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib warns of itself
def test_a_graph_in_json_ld_has_a_context_and_is_the_graph(server: Server) -> None:
    query = "CONSTRUCT { ?s a <http://www.w3.org/ns/org#Site> ; ?p ?o } WHERE { ?s ?p ?o } LIMIT 100"
    written = server.ask(query, format="json-ld")
    assert list(json.loads(written.content)) == ["@context", "@graph"]
    assert '"@type": "org:Site"' in written.text
    read = rdflib.Graph().parse(data=written.content, format="json-ld")
    assert rdflib.compare.isomorphic(
        read, rdflib.Graph().parse(data=server.ask(query, format="nt").content, format="nt")
    )


def test_sparqlwrapper_asks_as_it_always_does(server: Server) -> None:
    """It says the format in three parameters of its own, beside `Accept`."""
    for form, format_ in (("SELECT ?s", JSON), ("SELECT ?s", XML), ("SELECT ?s", CSV), ("CONSTRUCT", TURTLE)):
        wrapper = SPARQLWrapper(f"{server.url}/sparql", returnFormat=format_)
        wrapper.setQuery(f"{form} WHERE {{ ?s ?p ?o }} LIMIT 1")
        assert wrapper.query().response.read()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(server: Server, method: str) -> None:
    response = server.request(method, "/sparql")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST, OPTIONS"
    assert response.json()["status"] == 405


def test_a_form_is_decoded_once(server: Server) -> None:
    query = "SELECT (STR(<http://example.org/S%C3%A3o>) AS ?iri) (STRLEN('%41+') AS ?n) WHERE {}"
    for response in (
        server.ask(query),
        server.request("POST", "/sparql", data={"query": query}),
        server.post(query),
    ):
        row = response.json()["results"]["bindings"][0]
        assert (row["iri"]["value"], row["n"]["value"]) == ("http://example.org/S%C3%A3o", "4")


def test_a_graph_is_a_document_and_is_not_written(server: Server) -> None:
    one = server.get("/graph-store", params={"graph": f"{BASE}graph/two"}, headers={"Accept": "application/n-triples"})
    assert one.status_code == 200
    assert len(one.text.strip().splitlines()) == 2
    assert server.get("/graph-store", params={"graph": f"{BASE}graph/none"}).status_code == 404
    assert server.get("/graph-store").status_code == 400
    for method in ("PUT", "POST", "DELETE", "PATCH"):
        refused = server.request(method, "/graph-store", params={"default": ""}, content=b"<a:a> <a:b> <a:c> .")
        assert refused.status_code == 405
        assert "git" in refused.json()["error"]


def test_errors_have_one_body(server: Server) -> None:
    body = server.ask("SELECT WHERE {").json()
    assert set(body) == {"ok", "error", "errors", "status", "code"}
    assert (body["ok"], body["status"]) == (False, 400)
    plain_text = server.ask("SELECT WHERE {", accept="text/plain;q=1, application/sparql-results+xml")
    assert plain_text.headers["content-type"] == "text/plain; charset=utf-8"


def test_void_counts_what_is_there(server: Server) -> None:
    graph = rdflib.Graph().parse(data=server.get("/.well-known/void").content, format="turtle")
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    this = next(iter(graph.subjects(void.sparqlEndpoint)))
    count = server.ask("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }").json()["results"]["bindings"][0]["n"]["value"]
    assert str(graph.value(this, void.triples)) == count
    assert str(graph.value(this, void.sparqlEndpoint)) == f"{server.url}/graph/sparql"
    properties = {str(graph.value(part, void.property)): int(str(graph.value(part, void.triples)))
                  for part in graph.objects(this, void.propertyPartition)}  # fmt: skip
    assert properties[f"{X}value"] == 3
    assert sum(properties.values()) == int(count)


def test_a_prefix_of_a_proxy_is_kept_whether_it_strips_it_or_not(server: Server) -> None:
    for path in ("/sparql", "/graph/sparql"):
        assert server.get(path, params={"query": "ASK {}"}).json()["boolean"] is True
        assert f"<{server.url}/graph/sparql>" in server.get(path).text
    assert server.get("/graph/health").json()["ok"] is True
    page = server.get("/sparql", headers={"Accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/graph/editor")


def test_a_host_that_is_none_is_not_repeated(server: Server) -> None:
    response = server.get("/sparql", headers={"Host": "evil.example/> <http://x"})
    assert response.status_code == 400


def test_every_answer_forbids_what_it_does_not_need(server: Server) -> None:
    for response in (server.ask("ASK {}"), server.ask("ASK {}"), server.ask("ASK {"), server.get("/health")):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in response.headers
        assert "server" not in response.headers


def test_http_1_0_gets_the_whole_answer_with_its_length(server: Server) -> None:
    query = b"SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo.%20%3Fa%20%3Fb%20%3Fc%7D%20LIMIT%20490"
    answer = server.raw(b"GET /sparql?query=" + query + b" HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert len(json.loads(body)["results"]["bindings"]) == 490


def test_the_log_has_one_line_of_json_for_each_answer_and_no_query(server: Server) -> None:
    server.ask("ASK { <http://example.org/secret> ?p ?o }", client="192.0.2.77")
    server.until(lambda _: "192.0.2.77" in server.log.read_text(encoding="utf-8"))
    text = server.log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    mine = [line for line in lines if line.get("client") == "192.0.2.77"]
    assert [(line["method"], line["status"]) for line in mine] == [("GET", 200)]
    assert set(mine[0]) == {"time", "client", "method", "path", "status", "bytes", "ms"}
    assert "secret" not in text

"""The SPARQL 1.1 Protocol and the service description: the tests of W3C, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pyoxigraph
import pytest
import rdflib
from rdflib.collection import Collection

from citygraph.rdf import Iri, Quad, parse
from conftest import SHARED
from web.conftest import Server, project_with, serving

SUITE = SHARED / "reference" / "w3c-rdf-tests" / "sparql" / "sparql11"
MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
HT = rdflib.Namespace("http://www.w3.org/2011/http#")
CNT = rdflib.Namespace("http://www.w3.org/2011/content#")
SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
QUERY = [
    "query_post_form", "query_dataset_default_graphs_get", "query_dataset_default_graphs_post",
    "query_dataset_named_graphs_post", "query_dataset_named_graphs_get", "query_dataset_full", "query_multiple_dataset",
    "query_get", "query_content_type_select", "query_content_type_ask", "query_content_type_describe",
    "query_content_type_construct", "query_post_direct", "bad_query_method", "bad_multiple_queries",
    "bad_query_wrong_media_type", "bad_query_missing_form_type", "bad_query_missing_direct_type",
    "bad_query_non_utf8", "bad_query_syntax",
]  # fmt: skip
BAD_UPDATE = [
    "bad_update_get", "bad_multiple_updates", "bad_update_wrong_media_type", "bad_update_missing_form_type",
    "bad_update_non_utf8", "bad_update_syntax", "bad_update_dataset_conflict",
]  # fmt: skip
UPDATE = [
    "update_dataset_default_graph", "update_dataset_default_graphs", "update_dataset_named_graphs",
    "update_dataset_full", "update_post_form", "update_post_direct", "update_base_uri",
]  # fmt: skip


@pytest.fixture(scope="module")
def manifest() -> rdflib.Graph:
    path = SUITE / "protocol" / "manifest.ttl"
    if not path.is_file():
        pytest.skip("the public test suites are not at hand: put them at ../shared/reference")
    return rdflib.Graph().parse(
        path, publicID="http://www.w3.org/2009/sparql/docs/tests/data-sparql11/protocol/manifest"
    )


@pytest.fixture(scope="module", params=["true", "false"], ids=["fast", "ordinary"])
def server(
    manifest: rdflib.Graph, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The data of the protocol tests, each file in the graph of its name; with the fast path and without."""
    del manifest
    quads: list[Quad] = []
    for number in (1, 2, 3):
        name = Iri(f"http://kasei.us/2009/09/sparql/data/data{number}.rdf")
        quads += parse((SUITE / "protocol" / f"data{number}.nt").read_bytes(), format="nt", graph_name=name).quads
    settings = f"\n[serve]\nfast = {request.param}\n"
    with serving(project_with(tmp_path_factory.mktemp("protocol"), quads, settings), "--workers", "2") as started:
        yield started


def requests_of(manifest: rdflib.Graph, name: str) -> list[rdflib.term.Node]:
    test = next(each for each in manifest.subjects(None, MF.ProtocolTest) if str(each).endswith(f"#{name}"))
    connection = manifest.value(test, MF.action)
    head = manifest.value(connection, HT.requests)
    return list(Collection(manifest, head)) if head is not None else []


def send(server: Server, manifest: rdflib.Graph, request: rdflib.term.Node) -> httpx.Response:
    parts = urlsplit(str(manifest.value(request, HT.absolutePath)))
    body = manifest.value(request, HT.body)
    encoding = str(manifest.value(body, CNT.characterEncoding)) if body else "utf-8"
    content = str(manifest.value(body, CNT.chars)).encode(encoding) if body else None
    head = manifest.value(request, HT.headers)
    headers = {
        str(manifest.value(each, HT.fieldName)): str(manifest.value(each, HT.fieldValue))
        for each in (Collection(manifest, head) if head else ())
    }
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return server.request(str(manifest.value(request, HT.methodName)), path, content=content, headers=headers)


def assert_as_expected(manifest: rdflib.Graph, request: rdflib.term.Node, response: httpx.Response) -> None:
    expected = manifest.value(request, HT.resp)
    allowed = {str(each)[-3] for each in manifest.objects(expected, MF.expectedStatus)}
    assert str(response.status_code)[0] in allowed, (response.status_code, response.text)
    media_type = response.headers["content-type"].partition(";")[0]
    match str(manifest.value(expected, MF.expectedFormat) or ""):
        case "boolean":
            assert media_type in {"application/sparql-results+json", "application/sparql-results+xml"}
            found = pyoxigraph.parse_query_results(response.content, format=_results_format(media_type))
            truth = manifest.value(expected, MF.expectedBoolean)
            assert truth is None or bool(found) == (str(truth) == "true")
        case "tabular":
            assert pyoxigraph.parse_query_results(response.content, format=_results_format(media_type)) is not None
        case "RDF":
            found_format = pyoxigraph.RdfFormat.from_media_type(media_type)
            assert found_format is not None
            assert list(pyoxigraph.parse(response.content, format=found_format)) is not None


def _results_format(media_type: str) -> pyoxigraph.QueryResultsFormat:
    found = pyoxigraph.QueryResultsFormat.from_media_type(media_type)
    assert found is not None, media_type
    return found


@pytest.mark.parametrize("name", QUERY + BAD_UPDATE)
def test_the_protocol_is_kept(server: Server, manifest: rdflib.Graph, name: str) -> None:
    requests = requests_of(manifest, name)
    assert requests
    for request in requests:
        assert_as_expected(manifest, request, send(server, manifest, request))


@pytest.mark.parametrize("name", UPDATE)
def test_what_would_change_the_graph_is_refused_and_changes_nothing(
    server: Server, manifest: rdflib.Graph, name: str
) -> None:
    count = "SELECT (COUNT(*) AS ?n) WHERE { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
    before = server.ask(count).json()
    response = send(server, manifest, requests_of(manifest, name)[0])
    assert response.status_code == 403
    assert "git" in response.json()["error"]
    assert server.ask(count).json() == before


def test_no_test_of_the_suite_is_left_out(manifest: rdflib.Graph) -> None:
    listed = {str(each).partition("#")[2] for each in manifest.subjects(None, MF.ProtocolTest)}
    assert listed == {*QUERY, *BAD_UPDATE, *UPDATE}


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib warns of itself
def test_the_service_description_is_rdf_and_names_the_endpoint(server: Server) -> None:
    """W3C: returns-rdf, has-endpoint-triple, conforms-to-schema."""
    for media_type in ("text/turtle", "application/rdf+xml", "application/ld+json", "application/n-triples"):
        response = server.get("/sparql", headers={"Accept": media_type})
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] == media_type
        graph = rdflib.Graph().parse(data=response.content, format=media_type)
        services = list(graph.subjects(rdflib.RDF.type, SD.Service))
        assert len(services) == 1
        assert list(graph.objects(services[0], SD.endpoint)) == [rdflib.URIRef(f"{server.url}/sparql")]


def test_the_service_description_uses_only_terms_of_its_schema(server: Server) -> None:
    schema = SHARED / "reference" / "w3c-ns" / "sparql-service-description.ttl"
    if not schema.is_file():
        pytest.skip("the vocabulary is not at hand")
    known = set(rdflib.Graph().parse(schema).subjects())
    graph = rdflib.Graph().parse(data=server.get("/sparql").content, format="turtle")
    used = {each for triple in graph for each in triple if str(each).startswith(str(SD))}
    assert used
    assert used <= known, used - known
    dataset = graph.value(graph.value(None, rdflib.RDF.type, SD.Service), SD.defaultDataset)
    assert graph.value(dataset, SD.defaultGraph)
    names = {str(graph.value(each, SD.name)) for each in graph.objects(dataset, SD.namedGraph)}
    assert "http://kasei.us/2009/09/sparql/data/data1.rdf" in names


def test_the_claims_of_the_service_description_are_true(server: Server) -> None:
    text = server.get("/sparql").text
    assert "BasicFederatedQuery" not in text
    assert server.ask("ASK { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }").status_code == 400
    assert "UnionDefaultGraph" in text
    union = server.ask("ASK { ?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } } }").json()
    assert union["boolean"] is False
    assert re.search(r"holds each triple once", text)


def test_every_result_format_claimed_is_given(server: Server) -> None:
    graph = rdflib.Graph().parse(data=server.get("/sparql").content, format="turtle")
    claimed = {str(each).rpartition("/")[2] for each in graph.objects(None, SD.resultFormat)}
    media_types = {
        "SPARQL_Results_JSON": "application/sparql-results+json", "SPARQL_Results_XML": "application/sparql-results+xml",
        "SPARQL_Results_CSV": "text/csv", "SPARQL_Results_TSV": "text/tab-separated-values", "Turtle": "text/turtle",
        "N-Triples": "application/n-triples", "JSON-LD": "application/ld+json", "RDF_XML": "application/rdf+xml",
        "N-Quads": "application/n-quads", "TriG": "application/trig",
    }  # fmt: skip
    assert claimed == set(media_types)
    for name, media_type in media_types.items():
        form = "SELECT ?s ?p ?o" if "Results" in name else "CONSTRUCT { ?s ?p ?o }"
        response = server.ask(f"{form} WHERE {{ ?s ?p ?o }}", accept=media_type)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].partition(";")[0] == media_type
        assert response.content


def test_the_path_of_the_suite_is_there(server: Server) -> None:
    assert Path(SUITE / "service-description" / "manifest.ttl").is_file()
    assert server.ask("ASK {}").json() == {"head": {}, "boolean": True}

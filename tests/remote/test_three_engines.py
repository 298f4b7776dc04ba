"""One suite for the embedded store, an Oxigraph server and a Virtuoso server: the same answers to everything."""

from __future__ import annotations

import shutil
from datetime import date

import httpx
import pytest

from citygraph import Project
from citygraph.query import Answered
from citygraph.rdf import BlankNode, Iri, Literal, Quad, canonical_hash
from citygraph.results import Answer, Graph, Solutions, Truth
from citygraph.store import Snapshot
from conftest import ROOT, TODAY
from sparql_servers import SparqlServer

QUERIES = sorted(path.stem for path in (ROOT / "queries").glob("*.rq"))
GRAPH = "https://w3id.org/citygraph/graph/"
# Asked as they stand, of the whole graph.
ASKED = {
    "count": "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    "count of each graph": "SELECT ?g (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g ORDER BY ?g",
    "one graph": f"SELECT ?s WHERE {{ GRAPH <{GRAPH}data/people.ttl> {{ ?s a ?c }} }} ORDER BY ?s",
    "one graph by a prefix": f"PREFIX g: <{GRAPH}> SELECT ?p ?o WHERE {{ GRAPH g:about {{ ?s ?p ?o }} }} ORDER BY ?p ?o",
    "one graph relative to a base": f"BASE <{GRAPH}> SELECT ?s WHERE {{ GRAPH <data/people.ttl> {{ ?s a ?c }} }} ORDER BY ?s",
    "a graph that is not there": f"SELECT ?s WHERE {{ GRAPH <{GRAPH}nothing> {{ ?s ?p ?o }} }}",
    "the list of versions is nobody's data": "SELECT ?s WHERE { GRAPH <https://w3id.org/citygraph/versions> { ?s ?p ?o } }",
    "from": "SELECT ?s ?c FROM <https://w3id.org/citygraph/graph/data/people.ttl> WHERE { ?s a ?c } ORDER BY ?s ?c",
    "from a graph that is not there": "SELECT ?s FROM <https://w3id.org/citygraph/versions> WHERE { ?s ?p ?o }",
    "from named": "SELECT DISTINCT ?g FROM NAMED <https://w3id.org/citygraph/graph/data/people.ttl> WHERE { GRAPH ?g { ?s ?p ?o } }",
    "name of a graph as text": "SELECT DISTINCT (STR(?g) AS ?name) WHERE { GRAPH ?g { ?s a org:Membership } } ORDER BY ?name",
    "ask": "ASK { id:eurocities a cg:CityNetwork }",
    "ask in vain": "ASK { id:eurocities a cg:Nonsense }",
    "construct": "CONSTRUCT { ?s skos:prefLabel ?o } WHERE { ?s a cg:CityNetwork ; skos:prefLabel ?o }",
    "star in the order of the text": "SELECT * WHERE { ?z a cg:CityNetwork . ?z cg:legalForm ?a } ORDER BY ?z ?a",
    "path": "SELECT ?x WHERE { ?x skos:broader+ ?top . ?top skos:topConceptOf ?scheme } ORDER BY ?x",
    "group": "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?c } GROUP BY ?c ORDER BY DESC(?n) ?c",
    "more than a thousand rows": "SELECT ?s ?p ?o WHERE { ?s a org:Membership ; ?p ?o FILTER(isIRI(?o)) } ORDER BY ?s ?p ?o LIMIT 1500",
    "optional and not exists": """SELECT ?n ?d WHERE { ?n a cg:CityNetwork . OPTIONAL { ?n schema:foundingDate ?d }
        FILTER NOT EXISTS { ?n schema:dissolutionDate ?gone } } ORDER BY ?n""",
    "booleans": "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(DATATYPE(?o) = xsd:boolean) } ORDER BY ?s ?p",
    "years": "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(DATATYPE(?o) = xsd:gYear) } ORDER BY ?s ?p ?o",
    "languages": "SELECT ?l (COUNT(*) AS ?n) WHERE { ?s ?p ?o BIND(LANG(?o) AS ?l) FILTER(?l != '') } GROUP BY ?l ORDER BY ?l",
}
STANDING_STILL: set[int] = set()
"""The process of each server that answered nothing any more."""
VALUES = {"president-on-date": {"date": "2019-06-01"}}


@pytest.fixture(scope="module")
def server_alone(remote_project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same project on another machine, that has built nothing."""
    folder = tmp_path_factory.mktemp("elsewhere") / "project"
    shutil.copytree(remote_project.folder, folder, ignore=shutil.ignore_patterns("build"))
    return Project.open(folder, today=TODAY)


def is_no_duration(quad: Quad) -> bool:
    return not (isinstance(quad.object, Literal) and quad.object.datatype.value.lower().endswith("duration"))


def in_comparison(answered: Answered) -> tuple[object, ...]:
    """Rows in order when the query asks for one, with the sources of each."""
    assert isinstance(answered.answer, Solutions)
    rows = [*zip(answered.answer.rows, answered.sources, answered.stated, strict=True)]
    if "ORDER BY" not in answered.query.text:
        rows.sort(key=str)
    return answered.answer.columns, rows, answered.lists


def plain(answer: Answer) -> object:
    return frozenset(answer.triples) if isinstance(answer, Graph) else answer


@pytest.fixture(autouse=True)
def _answering(server: SparqlServer) -> None:
    """A server that stands still fails a test at once, not after the time that each of its questions has."""
    if server.process_id in STANDING_STILL:
        pytest.fail(f"{server.name} stood still in a test before this one")
    try:
        httpx.get(server.query, params={"query": "ASK {}"}, timeout=60)
    except httpx.TimeoutException:
        STANDING_STILL.add(server.process_id)
        pytest.fail(f"{server.name} stands still since the test before this one")


@pytest.mark.parametrize("name", QUERIES)
def test_every_saved_query_has_the_answer_and_the_sources_of_the_embedded_store(
    name: str, this_project: Project, remote_project: Project, server: SparqlServer, request: pytest.FixtureRequest
) -> None:
    if (name, server.name) == ("websites-on-wikidata", "Virtuoso"):
        reason = "Virtuoso 7.2.5 takes a comparison with a variable that has no value for false, not for an error"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    if (name, server.name) == ("membership-changes", "Virtuoso"):
        pytest.xfail(
            "Virtuoso 7.2.5 stands still in one of three tries, and answers nothing more until it is started anew"
        )
    wanted = in_comparison(this_project.query(name, VALUES.get(name), cite=True))
    answered = in_comparison(remote_project.query(name, VALUES.get(name), cite=True))
    if answered != wanted and server.name == "Virtuoso":
        # Once, on a busy machine, Virtuoso 7.2.5 gave one row more for a NOT EXISTS with a path in it, of the same
        # data; it was not to be had again in 30 tries. A fault of ours comes back when the question is asked again.
        answered = in_comparison(remote_project.query(name, VALUES.get(name), cite=True))
    assert answered == wanted


@pytest.mark.parametrize("name", ASKED)
def test_a_query_has_the_answer_of_the_embedded_store(
    name: str, this_project: Project, remote_project: Project
) -> None:
    assert plain(remote_project.sparql(ASKED[name])) == plain(this_project.sparql(ASKED[name]))


def test_another_machine_asks_the_same_version_without_building(
    remote_project: Project, server_alone: Project, this_project: Project
) -> None:
    here, there = remote_project.snapshot(), server_alone.snapshot()
    assert there.snapshot_id == here.snapshot_id
    assert there.manifest == here.manifest
    assert there.findings() == here.findings()
    assert not there.folder.exists()
    wanted = this_project.query("members", cite=True)
    assert in_comparison(server_alone.query("members", cite=True)) == in_comparison(wanted)


def test_what_was_built_here_is_exported_as_the_files_spell_it(remote_project: Project, this_project: Project) -> None:
    assert remote_project.export(format="nq") == this_project.export(format="nq")


def test_the_server_holds_every_statement_of_every_graph(server_alone: Project, snapshot: Snapshot) -> None:
    held = server_alone.snapshot()
    found = [*held.asserted(), *held.inferred(), *held.lifted()]
    assert len(found) == len(set(found))
    # The embedded store spells some literals anew, and so does a server; it must be the same spelling.
    assert canonical_hash(filter(is_no_duration, found)) == canonical_hash(filter(is_no_duration, snapshot.quads()))


def test_a_duration_comes_back_as_a_duration(
    server_alone: Project, snapshot: Snapshot, server: SparqlServer, request: pytest.FixtureRequest
) -> None:
    if server.name == "Virtuoso":
        reason = "Virtuoso 7.2.5 keeps a duration as a number of months or seconds: P1Y comes back as 12"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    wanted = {quad for quad in snapshot.quads() if not is_no_duration(quad)}
    assert wanted
    assert {quad for quad in server_alone.snapshot().quads() if not is_no_duration(quad)} == wanted


def test_a_blank_node_is_blank_on_the_server(
    remote_project: Project, this_project: Project, request: pytest.FixtureRequest
) -> None:
    reason = "SPARQL cannot load a blank node in two requests, so on a server each is an IRI (RDF 1.1 Concepts, 3.5)"
    request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    text = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o FILTER(isBlank(?s)) }"
    assert remote_project.sparql(text) == this_project.sparql(text)


def test_a_blank_node_of_an_answer_is_blank_here_and_can_be_asked_for_again(remote_project: Project) -> None:
    found = remote_project.sparql("SELECT ?p ?r WHERE { ?r rdf:first ?p }")
    assert isinstance(found, Solutions)
    node = found.rows[0][1]
    assert isinstance(node, BlankNode)
    again = remote_project.snapshot().query("SELECT ?r ?p ?o WHERE { ?r ?p ?o }", bind={"r": node})
    assert isinstance(again, Solutions)
    assert again.rows
    assert {row[0] for row in again.rows} == {node}


def test_the_world_on_another_day_is_worked_out_here(remote_project: Project, this_project: Project) -> None:
    day = date(2019, 12, 31)
    wanted = this_project.query("members", as_of=day, cite=True)
    assert in_comparison(remote_project.query("members", as_of=day, cite=True)) == in_comparison(wanted)


def test_an_explanation_is_the_same(remote_project: Project, this_project: Project) -> None:
    for project_wanted, project in ((this_project, remote_project),):
        wanted = project_wanted.explain_row(project_wanted.query("members"), 1)
        assert project.explain_row(project.query("members"), 1) == wanted


def test_a_value_that_looks_like_a_query_stays_a_value(remote_project: Project) -> None:
    text = Literal('x" } } ; DROP ALL # \\')
    before = remote_project.sparql("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    found = remote_project.snapshot().query("SELECT ?s ?o WHERE { ?s ?p ?o }", bind={"o": text})
    assert isinstance(found, Solutions)
    assert not found.rows
    assert remote_project.sparql("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }") == before
    nothing = remote_project.snapshot().query("ASK { ?s ?p ?o }", graphs=[Iri(f"{GRAPH}nothing")])
    assert nothing == Truth(value=False)

"""The rules on a server: the closure, the contradictions and the findings of every other engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph import Project
from citygraph.errors import ReasoningError
from citygraph.project import Checked
from citygraph.rdf import Triple, parse
from citygraph.reason import close_with, pushed_down
from citygraph.reason.closure import Budget, FixedClosure
from citygraph.store.held import HeldVersions
from clean_project import clean_project
from conftest import ROOT, TODAY, copy_project
from remote.conftest import held_on, with_server
from sparql_servers import SparqlServer

BROKEN = ["contradiction", "merged-nodes"]
PREFIXES = """
@prefix : <urn:x:> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
CASES = {
    "chains, inverses, restrictions": """
        :memberOf rdfs:subPropertyOf :participatesIn ; owl:inverseOf :hasMember . :near a owl:TransitiveProperty .
        :code a owl:InverseFunctionalProperty . :Capital owl:equivalentClass [ owl:onProperty :seatOf ; owl:someValuesFrom :Country ] .
        :oslo :memberOf :eurocities ; :code "0301" ; :seatOf :norway ; :near :drammen . :norway a :Country . :drammen :near :kongsberg .
        :christiania :code "0301" ; :name "Christiania" .""",
    "two spellings of one value": """
        :code a owl:InverseFunctionalProperty . :a :code "01"^^xsd:integer ; :name "a" . :b :code 1 .
        :c :code true . :d :code "1"^^xsd:boolean .""",
    "an ontology that the data changes": """
        :p owl:sameAs :q . :q rdfs:domain :C . :x :p :y . :C rdfs:subClassOf :D .""",
    "contradictions": """
        :City owl:disjointWith :Person . :oslo a :City , :Person . :capitalOf a owl:AsymmetricProperty .
        :oslo :capitalOf :norway . :norway :capitalOf :oslo . :count rdfs:range xsd:integer . :oslo :count "many" .""",
}


def closure(held: HeldVersions, triples: list[Triple]) -> FixedClosure:
    return pushed_down.close(triples, held)


@pytest.mark.parametrize("name", CASES)
def test_a_server_derives_what_the_other_engines_derive(name: str, server: SparqlServer) -> None:
    triples = [quad.triple for quad in parse((PREFIXES + CASES[name]).encode(), format="ttl").quads]
    wanted, found = close_with("columnar", triples), closure(held_on(server), triples)
    assert set(found.inferred()) == set(wanted.inferred())
    assert {(each.rule, frozenset(each.premises)) for each in found.contradictions} == {
        (each.rule, frozenset(each.premises)) for each in wanted.contradictions
    }


def test_nothing_of_the_work_stays_on_the_server(server: SparqlServer) -> None:
    held = held_on(server)
    closure(held, [quad.triple for quad in parse((PREFIXES + CASES["contradictions"]).encode(), format="ttl").quads])
    assert not [each for each in held.versions.all() if each.load_id.startswith("work-")]
    names = {str(row["g"]) for row in held.connection.rows("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }")}
    assert not [name for name in names if "/version/work-" in name]


def test_a_closure_that_outgrows_its_budget_is_stopped(server: SparqlServer) -> None:
    triples = [
        quad.triple for quad in parse((PREFIXES + CASES["chains, inverses, restrictions"]).encode(), format="ttl").quads
    ]
    held = held_on(server)
    with pytest.raises(ReasoningError, match="Stopped at more than"):
        pushed_down.close(triples, held, budget=Budget(derived=0))


def test_our_own_graph_built_with_the_rules_pushed_down_is_the_same_graph(
    server: SparqlServer, this_project: Project, tmp_path: Path
) -> None:
    folder = with_server(copy_project(ROOT, tmp_path), server, reason="pushed-down")
    project = Project.open(folder, today=TODAY)
    built = project.build()
    assert not built.report.violations
    assert set(project.quads("inferred")) == set(this_project.quads("inferred"))
    assert project.query("members").answer == this_project.query("members").answer


def said(checked: Checked) -> set[tuple[str, str, str]]:
    return {(each.code, each.file, each.focus_node) for each in checked.report}


@pytest.mark.parametrize("mistake", BROKEN)
def test_a_contradiction_found_on_the_server_is_the_same_finding(
    mistake: str, oxigraph: SparqlServer, tmp_path: Path
) -> None:
    project = Project.open(clean_project(tmp_path, mistake=mistake), today=TODAY)
    held = held_on(oxigraph, chunk=1_000)
    theirs = project.check(close=lambda triples, budget: pushed_down.close(triples, held, budget=budget))
    assert said(theirs) == said(project.check())

"""Names here and names there: the same renaming in the data, in the text of a query and in its answer."""

from __future__ import annotations

import pytest

from citygraph.errors import QueryError
from citygraph.rdf import BlankNode, Iri, Literal
from citygraph.sparql.text import counting, every_combination, solutions_of, with_values
from citygraph.store.server.renaming import Renaming

BASE = "https://example.org/"
ONE, OTHER = Iri(f"{BASE}graph/data/one.ttl"), Iri("urn:x:other-graph")
NAMES = Renaming(BASE, "v-1", (ONE, OTHER))
THERE = f"{BASE}version/v-1/graph/data/one.ttl"


@pytest.mark.parametrize("term", [ONE, OTHER, BlankNode("b1"), Iri("urn:x:a"), Literal("x", language="nb")])
def test_every_term_comes_back_as_it_went(term: Iri | BlankNode | Literal) -> None:
    assert NAMES.here(NAMES.there(term)) == term


def test_graphs_and_blank_nodes_have_names_of_their_own_there() -> None:
    assert NAMES.there(ONE) == Iri(THERE)
    assert NAMES.there(OTHER).value.startswith(f"{BASE}version/v-1/other/")
    assert isinstance(NAMES.there(BlankNode("b1")), Iri)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT * WHERE {{ GRAPH {ONE} {{ ?s ?p ?o }} }}",
        "PREFIX g: <https://example.org/graph/> SELECT * WHERE { GRAPH g:data\\/one.ttl { ?s ?p ?o } }",
        "BASE <https://example.org/graph/> SELECT * WHERE { GRAPH <data/one.ttl> { ?s ?p ?o } }",
        "SELECT * WHERE { GRAPH <https://example.org/gr\\u0061ph/data/one.ttl> { ?s ?p ?o } }",
        f"SELECT * WHERE {{ ?s ?p {ONE} FILTER(?s != {ONE}) }}",
        f"SELECT * # a comment with {ONE}\nWHERE {{ GRAPH {ONE} {{ ?s ?p ?o }} }}",
    ],
)
def test_a_graph_in_a_query_is_found_however_it_is_written(text: str) -> None:
    there, dataset = NAMES.query_there(text, None, None)
    assert f"<{THERE}>" in there
    assert dataset.default == (NAMES.merged,)
    assert set(dataset.named) == {NAMES.there(ONE), NAMES.there(OTHER)}


@pytest.mark.parametrize("mark", ["#", "'", "(", ","])
def test_no_graph_hides_behind_a_mark_in_a_name(mark: str) -> None:
    hidden = f"GRAPH <urn:x:of-somebody-else> {{ ?a ?b ?c }} GRAPH {ONE} {{ ?d ?e ?f }}"
    there, _ = NAMES.query_there(f"PREFIX ex: <urn:x:> SELECT * {{ ?s ex:a\\{mark}b ?o . {hidden} }}", None, None)
    assert "of-somebody-else" not in there
    assert f"<{THERE}>" in there
    # Whoever reads names otherwise finds no mark that hides the rest.
    assert f"<urn:x:a{mark}b>" in there


def test_a_mark_in_a_name_of_an_unknown_prefix_is_refused() -> None:
    with pytest.raises(QueryError, match="bif"):
        NAMES.query_there("SELECT * { ?s bif:a\\'b ?o }", None, None)


def test_text_that_only_looks_like_a_graph_is_left_alone() -> None:
    text = f'SELECT * WHERE {{ ?s ?p "{ONE}" }} # {ONE}'
    assert NAMES.query_there(text, None, None)[0] == text


def test_from_chooses_the_graphs_and_leaves_the_text() -> None:
    text = "SELECT ?s FROM <https://example.org/graph/data/one.ttl> FROM <urn:x:unknown> FROM NAMED <urn:x:other-graph> WHERE { ?s ?p ?o }"
    there, dataset = NAMES.query_there(text, None, None)
    assert "FROM" not in there
    nothing = Iri(f"{BASE}version/v-1/nothing")
    assert dataset.default == (NAMES.there(ONE), nothing)
    assert dataset.named == (NAMES.there(OTHER),)


def test_what_the_request_chooses_goes_before_what_the_text_chooses() -> None:
    _, dataset = NAMES.query_there(
        "SELECT ?s FROM <https://example.org/graph/data/one.ttl> WHERE { ?s ?p ?o }", [OTHER], []
    )
    assert dataset.default == (NAMES.there(OTHER),)
    assert dataset.named == (Iri(f"{BASE}version/v-1/nothing"),)


def test_a_graph_of_somebody_else_is_never_called_by_its_name() -> None:
    there, _ = NAMES.query_there("SELECT * WHERE { GRAPH <https://example.org/versions> { ?s ?p ?o } }", None, None)
    assert "versions>" not in there


def test_a_name_inside_a_text_comes_back_too() -> None:
    assert NAMES.here(Literal(f"see {THERE}")) == Literal(f"see {ONE.value}")


def test_values_stand_first_in_the_pattern_and_behind_where_it_cannot_take_them() -> None:
    values = {"x": [Literal("a")]}
    assert with_values("SELECT ?x { ?x ?p ?o }", values) == 'SELECT ?x {\nVALUES ?x { "a" }  ?x ?p ?o }'
    for text in ("SELECT (MAX(?o) AS ?x) { ?s ?p ?o }", "SELECT ?x { SELECT ?x { ?x ?p ?o } }", "DESCRIBE ?x"):
        assert with_values(text, values) == text + '\nVALUES ?x { "a" }'
    assert with_values("SELECT (COUNT(*) AS ?n) ?x WHERE { ?x ?p ?o } GROUP BY ?x", values).index("VALUES") < 60
    assert every_combination({"x": [Literal("a"), Literal("b")], "y": [ONE]}) == (
        f'VALUES (?x ?y) {{ ("a" {ONE}) ("b" {ONE}) }}'
    )
    with pytest.raises(ValueError, match="only IRIs and literals"):
        every_combination({"x": [BlankNode("b")]})


def test_the_number_of_rows_is_asked_with_the_prologue_in_front() -> None:
    text = "PREFIX x: <urn:x:>\nSELECT ?s WHERE { ?s x:p ?o } LIMIT 5 # end"
    assert counting(text) == (
        "PREFIX x: <urn:x:>\nSELECT (COUNT(*) AS ?n) WHERE { { SELECT ?s WHERE { ?s x:p ?o } LIMIT 5 # end\n} }"
    )
    assert counting("SELECT (RAND() AS ?r) {}") is None


def test_the_solutions_of_a_construct_are_a_select() -> None:
    assert (
        solutions_of("CONSTRUCT { ?s x:p [ x:q ?o ] } WHERE { ?s ?p ?o } LIMIT 5")
        == "SELECT * WHERE { ?s ?p ?o } LIMIT 5"
    )
    assert solutions_of("CONSTRUCT WHERE { ?s ?p ?o }") == "SELECT * WHERE { ?s ?p ?o }"
    assert solutions_of("CONSTRUCT { ?s ?p ?n } { SELECT (COUNT(*) AS ?n) {} GROUP BY ?s }") is None


def test_relative_addresses_are_written_out_and_comparisons_are_left_alone() -> None:
    text = "PREFIX g: <graph/> SELECT * WHERE { <id/a> ?p ?x FILTER(?x<?y&&?z>?x) GRAPH g:data\\/one.ttl {} }"
    there, _ = NAMES.query_there(text, None, None, base=BASE)
    assert "PREFIX g: <https://example.org/graph/>" in there
    assert "<https://example.org/id/a>" in there
    assert "FILTER(?x<?y&&?z>?x)" in there
    assert f"GRAPH <{THERE}>" in there
    assert "BASE" not in NAMES.query_there("BASE <urn:x:> SELECT * WHERE { <a> ?p ?o }", None, None)[0]

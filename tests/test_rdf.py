"""RDF as data: what is parsed is what was written."""

from __future__ import annotations

import pytest
import rdflib
from hypothesis import given

from citygraph.messages import said_in
from citygraph.rdf import (
    BlankNode,
    Iri,
    Literal,
    Quad,
    Triple,
    canonical_hash,
    from_rdflib,
    lexical_forms_kept,
    parse,
    serialize,
    to_rdflib,
)
from generated import GRAPHS, flat_triples, quads


@given(quads())
def test_n_quads_read_back_as_the_same_quads(graph: list[Quad]) -> None:
    parsed = parse(serialize(graph, format="nq"), format="nq")
    assert not parsed.problems
    assert canonical_hash(parsed.quads) == canonical_hash(graph)


@given(flat_triples())
def test_the_way_to_rdflib_and_back_keeps_every_term(graph: list[Triple]) -> None:
    triples = {(from_rdflib(s), from_rdflib(p), from_rdflib(o)) for s, p, o in to_rdflib(graph)}
    assert triples == {(t.subject, t.predicate, t.object) for t in graph}


def test_blank_nodes_have_the_same_names_in_every_run_and_others_in_other_documents() -> None:
    text = b"_:x <http://a/p> [ <http://a/q> _:x ] ."
    assert parse(text, format="ttl").quads == parse(text, format="ttl").quads
    assert {str(q.subject) for q in parse(text, format="ttl").quads}.isdisjoint(
        {str(q.subject) for q in parse(text + b" ", format="ttl").quads}
    )


def test_every_quad_is_put_into_the_graph_that_is_named() -> None:
    (quad,) = parse(b"<http://a/s> <http://a/p> 1 .", format="ttl", graph_name=GRAPHS[0]).quads
    assert quad.graph_name == GRAPHS[0]


def test_all_mistakes_of_a_text_are_told_up_to_a_limit() -> None:
    text = b"<http://a/s> <http://a/p> .\n<http://a/s> <http://a/p> 1 .\n" * 50
    problems = parse(text, format="ttl").problems
    assert len(problems) == 20
    assert problems[0].line == 1
    assert "at line" not in problems[0].message


def test_graphs_that_differ_in_one_lexical_form_are_different() -> None:
    one, other = (parse(f"<http://a/s> <http://a/p> {each} .".encode(), format="ttl").quads for each in ("1", "01"))
    assert canonical_hash(one) != canonical_hash(other)


def test_graphs_that_differ_in_the_names_of_blank_nodes_are_the_same() -> None:
    one, other = (parse(f"_:{each} <http://a/p> _:{each} .".encode(), format="ttl").quads for each in ("a", "b"))
    assert canonical_hash(one) == canonical_hash(other)


def test_the_switches_of_rdflib_are_put_back() -> None:
    before = rdflib.NORMALIZE_LITERALS

    def fail() -> None:
        with lexical_forms_kept():
            assert rdflib.NORMALIZE_LITERALS is False
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert rdflib.NORMALIZE_LITERALS is before


def test_a_date_that_is_no_date_makes_rdflib_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    day = Literal("2020-02-30", datatype=Iri("http://www.w3.org/2001/XMLSchema#date"))
    ((_, _, term),) = to_rdflib([Triple(Iri("http://a/s"), Iri("http://a/p"), day)])
    assert str(term) == "2020-02-30"
    assert not caplog.records


def test_a_language_tag_is_written_small_by_the_parser_which_rdf_allows() -> None:
    (quad,) = parse(b'<http://a/s> <http://a/p> "x"@nb-NO .', format="ttl").quads
    assert quad.object == Literal("x", language="nb-no")


def test_what_rdf_1_1_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match=r"not an RDF 1\.1 term"):
        from_rdflib(rdflib.Variable("x"))
    inner = Triple(Iri("http://a/s"), Iri("http://a/p"), BlankNode("b"))
    with pytest.raises(ValueError, match="no triple terms"):
        to_rdflib([Triple(Iri("http://a/s"), Iri("http://a/p"), inner)])


@pytest.mark.parametrize("format", ["nt", "nq", "ttl", "trig"])
def test_triple_terms_far_inside_each_other_are_refused_and_end_no_process(format: str) -> None:  # noqa: A002
    def nested(levels: int) -> bytes:
        return b"<urn:a> <urn:b> " + b"<<( <urn:a> <urn:b> " * levels + b"<urn:c> " + b")>> " * levels + b".\n"

    assert len(parse(nested(400), format=format).quads) == 1
    refused = parse(b"<urn:a> <urn:b> <urn:c> .\n" + nested(100_000), format=format)
    assert refused.quads == ()
    assert [(problem.line, problem.message) for problem in refused.problems] == [
        (2, "more than 500 levels inside each other")
    ]


@pytest.mark.parametrize(
    ("format_", "text", "told"),
    [
        ("ttl", "<a:b> ex:c <a:d> .", "prefikset ex: er ikke erklært"),
        ("ttl", "<a:b> <a:c> .", ". er ikke en verdi"),
        ("rdf", "<a><b></a>", "elementet som slutter her, er ikke det som begynte sist"),
        ("jsonld", '{"@id": 1}', "verdien av @id må være en tekst"),
        ("jsonld", '{"a" 1}', ""),
    ],
)
def test_what_a_parser_says_is_said_in_norwegian_too(format_: str, text: str, told: str) -> None:
    problem = parse(text.encode(), format=format_).problems[0]
    assert problem.message.isascii()
    assert not told or said_in(problem.message, "nb") == told
    assert said_in(problem.message, "nb") != problem.message


@pytest.mark.parametrize(
    "inside",
    [
        '<e:a rdf:bagID="x" rdf:about="http://a" e:p="1"/>', '<e:a><e:p rdf:aboutEach="http://a">1</e:p></e:a>', '<e:a rdf:aboutEachPrefix="x"/>',
    ],
)  # fmt: skip
def test_attributes_that_rdf_xml_has_no_more_are_refused_and_not_dropped(inside: str) -> None:
    data = f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">\n{inside}</rdf:RDF>'
    (problem,) = parse(data.encode(), format="rdf").problems
    assert problem.line == 2
    assert "is not a valid attribute" in said_in(problem.message, "en")
    assert "er ikke noe attributt" in said_in(problem.message, "nb")
    assert not parse(data.replace("rdf:bagID", "e:bagID").encode(), format="rdf").problems or "bagID" not in inside

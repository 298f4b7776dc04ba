"""Turtle as text that people keep: nothing is lost, nothing is rewritten, every statement has its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.graphs import places
from citygraph.namespaces import PREFIXES, Curies
from citygraph.rdf import BlankNode, Iri, Quad, Triple, canonical_hash, parse
from citygraph.sorted_quads import SortedQuads
from citygraph.turtle.document import TurtleError, read_document
from citygraph.turtle.layout import blocks_of, document_of, write_document
from generated import GRAPHS, flat_triples, triples

_MANIFEST = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
_RDFT = "http://www.w3.org/ns/rdftest#"


def _hash(given_triples: list[Triple]) -> str:
    return canonical_hash(Quad(t.subject, t.predicate, t.object) for t in given_triples)


def _read(text: str) -> str:
    parsed = parse(text.encode(), format="ttl")
    assert not parsed.problems, (parsed.problems, text)
    return canonical_hash(parsed.quads)


@pytest.mark.slow
@given(triples())
def test_what_is_written_reads_back_as_the_same_graph(graph: list[Triple]) -> None:
    assert _read(write_document(document_of(graph, prefixes=PREFIXES))) == _hash(graph)


@pytest.mark.slow
@given(triples())
def test_what_is_written_can_be_read_and_written_again_without_a_difference(graph: list[Triple]) -> None:
    text = write_document(document_of(graph, prefixes=PREFIXES))
    again = write_document(read_document(text))
    assert _read(again) == _hash(graph)
    assert write_document(read_document(again)) == again


@given(triples())
def test_blocks_that_are_written_one_by_one_are_those_of_the_document(graph: list[Triple]) -> None:
    curies = Curies(PREFIXES)
    quads = SortedQuads(Quad(t.subject, t.predicate, t.object, name) for t in graph for name in GRAPHS)
    document = document_of(quads, prefixes=PREFIXES)
    found = "\n\n".join(blocks_of(quads, curies, labels={}))
    assert curies.used == set(document.prefixes)
    document.prefixes = {}
    assert write_document(document) == (f"{found}\n" if found else "")


def test_blank_nodes_of_which_the_same_is_said_are_told_apart_by_who_speaks_of_them() -> None:
    member = Iri("http://www.w3.org/ns/org#member")
    for one, two in (("n1", "n2"), ("n2", "n1")):
        graph = [Triple(BlankNode(one), member, BlankNode(two)), Triple(BlankNode(two), member, BlankNode(two))]
        text = write_document(document_of(graph, prefixes=PREFIXES))
        assert text.endswith("\n_:b1 org:member _:b2 .\n\n_:b2 org:member _:b2 .\n")


@pytest.mark.slow
@given(flat_triples().flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_order_of_the_triples_does_not_matter(pair: tuple[list[Triple], list[Triple]]) -> None:
    first, second = (write_document(document_of(each, prefixes=PREFIXES)) for each in pair)
    assert first == second


@given(
    flat_triples(), st.lists(st.sampled_from(["", "# a comment", "    ", "# <a> <b> <c> ."]), min_size=12, max_size=12)
)
def test_every_statement_is_found_in_its_line(graph: list[Triple], between: list[str]) -> None:
    unique = list(dict.fromkeys(graph))
    lines: list[str] = []
    expected: dict[tuple[str, str, str], int] = {}
    for triple, noise in zip(unique, between, strict=False):
        lines += [noise, f"{triple} ."]
        expected[str(triple.subject), str(triple.predicate), str(triple.object)] = len(lines)
    found = places(read_document("\n".join(lines) + "\n"))
    assert {key: found[key].line for key in expected} == expected


@pytest.mark.slow
@given(flat_triples())
def test_every_statement_is_found_in_our_own_layout(graph: list[Triple]) -> None:
    text = write_document(document_of(graph, prefixes=PREFIXES))
    found = places(read_document(text))
    assert {(str(t.subject), str(t.predicate), str(t.object)) for t in graph} <= set(found)


def test_places_count_from_one_and_know_the_column() -> None:
    text = '@prefix id: <https://w3id.org/citygraph/id/> .\n\nid:a a id:City ;\n    id:name "A" , "B" ;\n.\n'
    found = places(read_document(text))
    base = "<https://w3id.org/citygraph/id/"
    assert found[f"{base}a>", "", ""] == (3, 1)
    assert found[f"{base}a>", f"{base}name>", '"A"'] == (4, 5)
    assert found[f"{base}a>", f"{base}name>", '"B"'].line == 4


def test_places_know_what_the_parser_makes_of_a_literal() -> None:
    texts = [
        '"a\\u00e5\\n"',
        "'it''s'".replace("''", "\\'"),
        '"""two\nlines"""',
        "01",
        "1.50",
        "1e0",
        "true",
        '"x"@nb-NO',
        '"1"^^<http://www.w3.org/2001/XMLSchema#integer>',
        '"\\"\\\\"',
    ]
    for text in texts:
        document = f"<http://a/s> <http://a/p> {text} ."
        (quad,) = parse(document.encode(), format="ttl").quads
        assert (str(quad.subject), str(quad.predicate), str(quad.object)) in places(read_document(document)), text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<http://a/s> <http://a/p>", "the file ends"),
        ("<http://a/s> <http://a/p> <http://a/o> <http://a/q> .", "is not expected here|is expected"),
        ("@prefix a: <http://a/> . @prefix a: <http://b/> .", "two meanings"),
        ("<http://a/s> <http://a/p> <<( <http://a/s> <http://a/p> 1 )>> .", "cannot read"),
        ("<http://a/s> <http://a/p> " + "(" * 300 + ")" * 300 + " .", "brackets inside each other"),
        ("@prefix <http://a/> .", "pname is expected"),
    ],
)
def test_what_the_reader_does_not_know_is_an_error_of_its_own(text: str, says: str) -> None:
    with pytest.raises(TurtleError, match=says):
        read_document(text)


def test_a_literal_property_value_is_folded_with_its_blank_node() -> None:
    graph = parse(b"<http://a/s> <http://a/p> [ <http://a/q> ( 1 2 ) ] .", format="ttl").quads
    text = write_document(document_of(graph, prefixes={}))
    assert "_:" not in text
    assert "( 1 2 )" in text or '( "1"' in text


# -- the W3C test suite ------------------------------------------------------------------------------


def _suite(folder: Path) -> dict[str, list[tuple[Path, Path | None]]]:
    """The tests of the W3C manifest: action and result by the kind of test."""
    base = f"file://{folder}/"
    data = f"@base <{base}> .\n".encode() + (folder / "manifest.ttl").read_bytes()
    about: dict[object, dict[str, object]] = {}
    for quad in parse(data, format="ttl").quads:
        about.setdefault(quad.subject, {})[quad.predicate.value.rpartition("#")[2]] = quad.object
    suite: dict[str, list[tuple[Path, Path | None]]] = {}
    for properties in about.values():
        kind, action, result = (properties.get(name) for name in ("type", "action", "result"))
        if isinstance(kind, Iri) and kind.value.startswith(_RDFT) and isinstance(action, Iri):
            expected = Path(result.value.removeprefix("file://")) if isinstance(result, Iri) else None
            entry = (Path(action.value.removeprefix("file://")), expected)
            suite.setdefault(kind.value.removeprefix(_RDFT), []).append(entry)
    return suite


@pytest.fixture
def suite(reference_data: Path) -> dict[str, list[tuple[Path, Path | None]]]:
    folder = reference_data / "w3c-rdf-tests" / "rdf" / "rdf11" / "rdf-turtle"
    if not folder.is_dir():
        pytest.skip("the W3C Turtle tests are not at hand")
    return _suite(folder)


def _with_base(path: Path) -> str:
    name = f"https://w3c.github.io/rdf-tests/rdf/rdf11/rdf-turtle/{path.name}"
    return f"@base <{name}> .\n" + path.read_bytes().decode("utf-8")


def test_the_graphs_of_the_w3c_suite_are_read_as_the_suite_says(
    suite: dict[str, list[tuple[Path, Path | None]]],
) -> None:
    assert len(suite["TestTurtleEval"]) > 100
    for action, result in suite["TestTurtleEval"]:
        assert result is not None
        expected = parse(result.read_bytes(), format="nt")
        assert _read(_with_base(action)) == canonical_hash(expected.quads), action.name


# What our reader of layout and places leaves to the RDF parser alone; the file is then not laid out anew.
_NOT_READ = ("the base IRI changes", "two meanings", "cannot read", "a pname is expected")


def test_layout_never_changes_a_graph_of_the_w3c_suite(suite: dict[str, list[tuple[Path, Path | None]]]) -> None:
    refused = {}
    for action, _ in [*suite["TestTurtleEval"], *suite["TestTurtlePositiveSyntax"]]:
        text = _with_base(action)
        try:
            document = read_document(text)
        except TurtleError as error:
            refused[action.name] = str(error)
            continue
        assert places(document) is not None
        after = write_document(document)
        assert _read(after) == _read(text), action.name
        assert write_document(read_document(after)) == after, action.name
    assert all(any(known in reason for known in _NOT_READ) for reason in refused.values()), refused
    assert len(refused) < 25, refused


def test_the_mistakes_of_the_w3c_suite_are_refused_with_their_line(
    suite: dict[str, list[tuple[Path, Path | None]]],
) -> None:
    assert len(suite["TestTurtleNegativeSyntax"]) > 50
    for action, _ in [*suite["TestTurtleNegativeSyntax"], *suite.get("TestTurtleNegativeEval", [])]:
        problems = parse(_with_base(action).encode(), format="ttl").problems
        assert problems, action.name
        assert problems[0].line >= 1, action.name

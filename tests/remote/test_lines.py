"""Statements as lines: what is sent and read as bytes is what it would be as objects."""

from __future__ import annotations

import pytest

from citygraph.rdf import BlankNode, DefaultGraph, Iri, Literal, Quad, Triple, serialize
from citygraph.store.server.renaming import END, Renaming, lines_of, quads_of, split_quad, triples_of

BASE = "https://example.org/"
ONE, OTHER = Iri(f"{BASE}graph/data/one.ttl"), Iri("urn:x:other-graph")
NAMES = Renaming(BASE, "v-1", (ONE, OTHER))
S, P = Iri("urn:x:s"), Iri("urn:x:p")
BOOLEAN = Iri("http://www.w3.org/2001/XMLSchema#boolean")
OBJECTS = [
    Iri("urn:x:o"),
    ONE,
    OTHER,
    BlankNode("b1"),
    Literal("plain"),
    Literal('a <urn:x:b> . "quoted" \\ and\r\nbroken\tlines _:b9 <<'),
    Literal("ærlig ⊂ 𝕏", language="nb"),
    Literal(f"see {NAMES.root}graph/data/one.ttl"),
    Literal("true", datatype=BOOLEAN),
    Literal("1", datatype=BOOLEAN),
    Literal("1", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer")),
]


@pytest.mark.parametrize("object_", OBJECTS, ids=str)
@pytest.mark.parametrize("graph", [ONE, OTHER, DefaultGraph(), BlankNode("g")], ids=str)
def test_a_line_of_n_quads_is_split_into_statement_and_graph(object_: Iri, graph: Iri) -> None:
    line = serialize([Quad(S, P, object_, graph)], format="nq").removesuffix(b"\n")
    statement, name = split_quad(line)
    if isinstance(graph, Iri):
        assert [statement] == lines_of([Triple(S, P, object_)])
        assert name == str(graph).encode()
    else:
        assert (statement, name) == (line, b"")


@pytest.mark.parametrize("object_", OBJECTS, ids=str)
@pytest.mark.parametrize("subject", [S, ONE, BlankNode("s1")], ids=str)
def test_a_line_is_renamed_as_its_terms_are(subject: Iri, object_: Iri) -> None:
    there = Triple(NAMES.there(subject), P, NAMES.there(object_))  # type: ignore[arg-type]  # both fit
    assert [NAMES.line_there(each) for each in lines_of([Triple(subject, P, object_)])] == lines_of([there])


@pytest.mark.parametrize("base", [BASE, "https://ærlig.example/"])
@pytest.mark.parametrize("escaped", [False, True])
def test_lines_of_a_server_come_back_as_its_terms_do(base: str, *, escaped: bool) -> None:
    names = Renaming(base, "v-1", (ONE, OTHER))
    subjects = [S, ONE, BlankNode("s1")]
    there = [Triple(names.there(s), P, names.there(o)) for s in subjects for o in OBJECTS]  # type: ignore[arg-type]
    lines = lines_of(there)
    if escaped:
        # As Virtuoso writes whatever is not ASCII, with a tab between the terms.
        lines = [
            line.decode().encode("ascii", "backslashreplace").replace(b" <urn:x:p> ", b"\t<urn:x:p>\t")
            for line in lines
        ]
        lines = [line.replace(b"\\x", b"\\u00") for line in lines]
    wanted = {names.quad_here(each, OTHER) for each in there}
    assert set(names.quads_here(lines, OTHER)) == wanted


@pytest.mark.parametrize("line", [b"<urn:a> <urn:b> <urn:c>", b'<urn:a> <urn:b> "x.', b"<urn:a> .", b"# nothing ."])
def test_a_line_that_is_no_statement_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        quads_of([line], ONE)
    if line.endswith(END):
        with pytest.raises(ValueError, match=r"\w"):
            triples_of([line])

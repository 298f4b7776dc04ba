"""Answers in the SPARQL result formats, read back by somebody else's reader."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree as ET

import pyoxigraph
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple, canonical_hash, parse
from citygraph.results import Graph, Solutions, Truth, write_answer
from generated import plain_literals

_JSON, _XML, _TSV = (
    pyoxigraph.QueryResultsFormat.JSON,
    pyoxigraph.QueryResultsFormat.XML,
    pyoxigraph.QueryResultsFormat.TSV,
)
_TERMS: list[Term | None] = [Iri("http://a/å"), BlankNode("b"), Literal('a,"b"\nc'), Literal("x", language="nb"), None]


def _read_back(data: bytes, format_: pyoxigraph.QueryResultsFormat) -> list[tuple[object, ...]]:
    found = pyoxigraph.parse_query_results(data, format_)
    assert isinstance(found, pyoxigraph.QuerySolutions)
    return [tuple(solution[name.value] for name in found.variables) for solution in found]


@given(plain_literals())
def test_a_literal_stands_in_xml_with_its_lexical_form(literal: Literal) -> None:
    # Not pyoxigraph's reader here: it strips the space around a literal.
    root = ET.fromstring(write_answer(Solutions(("x",), ((literal,),)), format="xml"))  # noqa: S314  # our own output
    (element,) = root.iter("{http://www.w3.org/2005/sparql-results#}literal")
    assert (element.text or "") == literal.value
    assert element.get("{http://www.w3.org/XML/1998/namespace}lang") == literal.language


@pytest.mark.parametrize(("name", "format_"), [("json", _JSON), ("tsv", _TSV)])
@given(literal=plain_literals())
def test_a_literal_comes_back_with_its_lexical_form(
    name: str, format_: pyoxigraph.QueryResultsFormat, literal: Literal
) -> None:
    answer = Solutions(("x", "y"), ((literal, None), (None, literal)))
    assert _read_back(write_answer(answer, format=name), format_) == [(literal, None), (None, literal)]


@pytest.mark.parametrize(("name", "format_"), [("json", _JSON), ("xml", _XML), ("tsv", _TSV)])
def test_every_kind_of_term_and_an_empty_cell_come_back(name: str, format_: pyoxigraph.QueryResultsFormat) -> None:
    answer = Solutions(("b", "a"), tuple((term, Literal("1")) for term in _TERMS))
    data = write_answer(answer, format=name)
    assert [row[0] for row in _read_back(data, format_)] == _TERMS
    assert data.index(b"b") < data.index(b"a", data.index(b"b"))


@given(st.lists(plain_literals(), max_size=4))
def test_csv_is_plain_values(values: list[Literal]) -> None:
    data = write_answer(Solutions(("x",), tuple((value,) for value in values)), format="csv")
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert [row[0] if row else "" for row in rows[1:]] == [value.value for value in values]


@pytest.mark.parametrize("value", [True, False])
def test_yes_and_no_are_written_in_json_and_xml(value: bool) -> None:  # noqa: FBT001  # the value under test
    assert json.loads(write_answer(Truth(value), format="json"))["boolean"] is value
    found = pyoxigraph.parse_query_results(write_answer(Truth(value), format="xml"), _XML)
    assert bool(found) is value


def test_a_format_that_cannot_carry_the_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="csv cannot carry Truth"):
        write_answer(Truth(value=True), format="csv")


def test_a_graph_is_written_as_rdf() -> None:
    triple = Triple(
        Iri("http://a/s"), Iri("http://a/p"), Literal("01", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer"))
    )
    for format_ in ("ttl", "nt", "jsonld"):
        found = parse(write_answer(Graph((triple,)), format=format_), format=format_).quads
        assert [quad.triple for quad in found] == [triple]
    assert canonical_hash(found)


def test_columns_can_be_chosen_and_ordered() -> None:
    answer = Solutions(("a", "b"), ((Literal("1"), Literal("2")),))
    assert answer.project(("b",)) == Solutions(("b",), ((Literal("2"),),))
    assert list(answer) == [{"a": Literal("1"), "b": Literal("2")}]

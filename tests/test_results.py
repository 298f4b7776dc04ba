"""Answers in the SPARQL result formats, read back by somebody else's reader."""

from __future__ import annotations

import csv
import io
import json
from xml.etree import ElementTree as ET

import pyoxigraph
import pytest
import rdflib.compare
from hypothesis import given
from hypothesis import strategies as st

from citygraph.csv_tables import (
    CsvLayout,
    Dialect,
    TableAbout,
    TableColumn,
    columns_of,
    defused,
    describe_table,
    sheet_columns,
    with_names,
    write_table,
)
from citygraph.messages import Text
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple, canonical_hash, parse
from citygraph.results import Answer, Graph, Solutions, Truth, json_term, write_answer
from generated import plain_literals

_JSON, _XML, _TSV = (
    pyoxigraph.QueryResultsFormat.JSON,
    pyoxigraph.QueryResultsFormat.XML,
    pyoxigraph.QueryResultsFormat.TSV,
)
_SRX = "http://www.w3.org/2005/sparql-results#"
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
    with pytest.raises(ValueError, match="csv cannot carry yes or no"):
        write_answer(Truth(value=True), format="csv")


def test_a_graph_is_written_as_rdf() -> None:
    triple = Triple(
        Iri("http://a/s"), Iri("http://a/p"), Literal("01", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer"))
    )
    for format_ in ("ttl", "nt", "jsonld"):
        found = parse(write_answer(Graph((triple,)), format=format_), format=format_).quads
        assert [quad.triple for quad in found] == [triple]
    assert canonical_hash(found)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib warns of itself
def test_a_graph_in_json_ld_is_compacted_and_read_back_by_a_reader_that_knows_no_graphs() -> None:
    data = """
        @prefix org: <http://www.w3.org/ns/org#> . @prefix id: <https://w3id.org/citygraph/id/> .
        id:a a org:Membership ; org:member _:x, id:o\u00e6 ; org:role "leiar"@nn, "01"^^<http://www.w3.org/2001/XMLSchema#integer> .
        _:x org:note "x", "" ; org:classification <urn:uuid:1>, <geo:63.4,10.4> . <http://other.example/p#q> <http://other.example/r> _:x .
    """
    triples = tuple(quad.triple for quad in parse(data.encode(), format="ttl").quads)
    written = write_answer(Graph(triples), format="jsonld", prefixes=PREFIXES)
    document = json.loads(written)
    assert document["@context"] == {name: PREFIXES[name] for name in ("id", "org", "xsd")}
    things = document["@graph"]
    assert ["id:a", "org:Membership"] in [[each["@id"], each.get("@type")] for each in things]
    read = rdflib.Graph().parse(data=written, format="json-ld")
    assert rdflib.compare.isomorphic(read, rdflib.Graph().parse(data=data, format="turtle"))


def test_columns_can_be_chosen_and_ordered() -> None:
    answer = Solutions(("a", "b"), ((Literal("1"), Literal("2")),))
    assert answer.project(("b",)) == Solutions(("b",), ((Literal("2"),),))
    assert list(answer) == [{"a": Literal("1"), "b": Literal("2")}]


def _ask_the_engine(query: str, format_: pyoxigraph.QueryResultsFormat) -> tuple[Answer, bytes]:
    found = pyoxigraph.Store().query(query)
    written = io.BytesIO()
    if isinstance(found, pyoxigraph.QueryBoolean):
        found.serialize(written, format=format_)
        return Truth(bool(found)), written.getvalue()
    assert isinstance(found, pyoxigraph.QuerySolutions)
    columns, rows = tuple(each.value for each in found.variables), [tuple(row) for row in found]
    again = pyoxigraph.Store().query(query)
    assert isinstance(again, pyoxigraph.QuerySolutions)
    again.serialize(written, format=format_)
    return Solutions(columns, tuple(rows)), written.getvalue()


@pytest.mark.parametrize(
    "query",
    [
        "ASK {}",
        "ASK { ?s ?p ?o }",
        "SELECT ?a { ?a ?b ?c }",
        r"""SELECT ?a ?b ?c { VALUES (?a ?b ?c) {
          (<http://a/å> "\"\\\n\r\t\b\f/\u0001\u007f\u2028🏙" "x"@nb-NO)
          (UNDEF 1.50 <<( <http://a> <http://b> "c"@en--ltr )>>)
          (true "x"^^<http://a/t> "},{")
        } }""",
    ],
)
def test_json_is_laid_out_as_the_engine_does(query: str) -> None:
    answer, written = _ask_the_engine(query, _JSON)
    assert write_answer(answer, format="json") == written


def test_texts_of_two_directions_are_two_terms_in_json_and_xml() -> None:
    answer, _ = _ask_the_engine('SELECT ?a { VALUES ?a { "c"@en "c"@en--ltr "c"@en--rtl } }', _JSON)
    assert isinstance(answer, Solutions)
    terms = [row[0] for row in answer.rows]
    assert len({json_term(term) for term in terms if term is not None}) == 3
    for name, format_ in (("json", _JSON), ("xml", _XML)):
        assert [row[0] for row in _read_back(write_answer(answer, format=name), format_)] == terms


@pytest.mark.parametrize("value", ["a\rb", "a\r\nb", "\r"])
def test_a_carriage_return_comes_back_out_of_every_xml(value: str) -> None:
    written = write_answer(Solutions(("x",), ((Literal(value),),)), format="xml")
    assert b"\r" not in written
    assert [each.text for each in ET.fromstring(written).iter(f"{{{_SRX}}}literal")] == [value]  # noqa: S314
    graph = Graph((Triple(Iri("http://a/s"), Iri("http://a/p"), Literal(value)),))
    assert [quad.triple for quad in parse(write_answer(graph, format="rdf"), format="rdf").quads] == [*graph.triples]


@pytest.mark.parametrize("character", ["\0", "\x0b", "\x1f", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused_in_the_same_words_for_rows_and_graphs(character: str) -> None:
    words = f"holds the character U\\+{ord(character):04X}, which XML cannot carry"
    with pytest.raises(ValueError, match=words):
        write_answer(Solutions(("x",), ((Literal(f"a{character}"),),)), format="xml")
    with pytest.raises(ValueError, match=words):
        write_answer(Graph((Triple(Iri("http://a/s"), Iri("http://a/p"), Literal(character)),)), format="rdf")


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0\n -1+1", "＝1", "-", "+47 22 00 00 00",
     "-inf", "-1_0", "-1\n"],
)  # fmt: skip
def test_a_cell_that_would_be_a_formula_is_defused(formula: str) -> None:
    assert defused(formula) == f"'{formula}"
    answer = Solutions(("cell",), ((Literal(formula, language="nb"),),))
    rows = list(csv.reader(io.StringIO(write_table(answer).decode(), newline="")))
    assert rows == [["cell"], [f"'{formula}"]]


@pytest.mark.parametrize(
    "cell", ["-5", "+4.5", "-3.5", "-3,5", "-.5", "-1e-3", "1986", "plain", "a=b", "1-2", "", " a", "'=1"]
)
def test_a_cell_that_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert defused(cell) == cell
    answer = Solutions(("cell", "iri"), ((Literal(cell, language="nb"), Iri("http://a")), (None, None)))
    assert write_table(answer) == write_answer(answer, format="csv")


def test_names_stand_beside_things_and_beside_nothing_else() -> None:
    oslo, page = Iri("https://w3id.org/citygraph/id/oslo"), Iri("https://oslo.no/")
    names = {oslo: "=Oslo", Iri("https://w3id.org/citygraph/id/role"): "member"}
    columns = ("who", "page", "role", "role_label", "height", "note")
    height = Literal("1.5", datatype=Iri("http://www.w3.org/2001/XMLSchema#decimal"))
    rows = ((oslo, page, next(reversed(names)), Literal("own"), height, None), (None, None, None, None, None, page))
    named = with_names(Solutions(columns, rows), lambda iri: names.get(iri, f"<{iri.value}>"))
    assert named.columns == ("who", "who_label", "page", "role", "role_label", "height", "note")
    assert [row[1] for row in named.rows] == [Literal("=Oslo"), None]
    assert sheet_columns(named, str.upper) == [
        ("WHO", 1), ("WHO (IRI)", 0), ("PAGE", 2), ("ROLE", 4), ("ROLE (IRI)", 3), ("HEIGHT", 5), ("NOTE", 6),
    ]  # fmt: skip
    first = Solutions(("who_label", "who"), ((Literal("Oslo"), oslo),))
    assert sheet_columns(first, str.upper) == [("WHO", 0), ("WHO (IRI)", 1)]
    assert [each.datatype for each in columns_of(named, "nb")] == [
        "anyURI", "string", "anyURI", "anyURI", "string", "decimal", "anyURI",
    ]  # fmt: skip
    assert columns_of(named, "nb")[1].language == "nb"
    assert write_table(named).splitlines()[1].startswith(b"https://w3id.org/citygraph/id/oslo,'=Oslo,https://oslo.no/,")
    norwegian = write_table(named, CsvLayout(Dialect.EXCEL, "nb")).decode()
    assert (norwegian[0], ";own;1,5;\r\n" in norwegian) == ("\ufeff", True)
    empty = Solutions(("who",), ())
    assert (with_names(empty, str), write_table(empty)) == (empty, b"who\r\n")


def test_metadata_of_a_table_say_what_it_holds_and_leaves_out() -> None:
    account = Text("Per 2026-11-30: 2 gjelder", "As of 2026-11-30: 2 hold")
    about = TableAbout(Text("Medlemmer", "Members"), day="2026-11-30", account=account)
    said = json.loads(describe_table("members.csv", [TableColumn("skos:prefLabel@nb", Text.of("navn"))], about))
    assert "2 hold" in json.dumps(said["rdfs:comment"])
    assert said["dc:temporal"]["@value"] == "2026-11-30"
    assert said["tableSchema"]["columns"][0]["name"] == "skos_prefLabel_nb"
    alike = [TableColumn("a-b:c", Text.of("x")), TableColumn("a:b-c", Text.of("y"))]
    columns = json.loads(describe_table("t.csv", alike, about))["tableSchema"]["columns"]
    assert [each["name"] for each in columns] == ["a_b_c", "column_2"]
    assert "dc:license" not in said

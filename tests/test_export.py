"""The graph as files: every format says the same, the same graph gives the same bytes."""

from __future__ import annotations

import csv
import io
import json
import random
from xml.etree import ElementTree as ET

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from citygraph.csv_tables import CsvLayout, Dialect, TableAbout
from citygraph.errors import ExportError
from citygraph.export import EXPORT_FORMATS, export_bytes, tables_per_class
from citygraph.jsonld import dropped
from citygraph.messages import Text
from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Triple, canonical_hash, lexical_forms_kept, parse
from citygraph.results import Solutions, write_answer
from generated import GRAPHS, flat_triples, quads

_WITH_GRAPHS = ("nq", "trig")
_ID = "https://w3id.org/citygraph/id/"
_RDF_TYPE = Iri("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


def _without_graphs(given_quads: list[Quad]) -> list[Quad]:
    return list(dict.fromkeys(Quad(q.subject, q.predicate, q.object) for q in given_quads))


@pytest.mark.parametrize("format_", [name for name in EXPORT_FORMATS if name not in {"csv", "rdf"}])
@given(graph=quads())
def test_every_format_reads_back_as_the_same_graph(format_: str, graph: list[Quad]) -> None:
    data = export_bytes(graph, format=format_)
    parsed = parse(data, format=format_)
    assert not parsed.problems, (parsed.problems, data)
    expected = graph if format_ in _WITH_GRAPHS else _without_graphs(graph)
    assert canonical_hash(parsed.quads) == canonical_hash(expected)


@given(graph=quads(for_xml=True))
def test_rdf_xml_reads_back_as_the_same_graph(graph: list[Quad]) -> None:
    # A type becomes the name of an element, and not every generated IRI ends in a name; the test below has those.
    graph = [quad for quad in graph if quad.predicate != _RDF_TYPE]
    parsed = parse(export_bytes(graph, format="rdf"), format="rdf")
    assert not parsed.problems
    assert canonical_hash(parsed.quads) == canonical_hash(_without_graphs(graph))


@pytest.mark.parametrize("format_", [name for name in EXPORT_FORMATS if name != "csv"])
@given(triples=flat_triples(), seed=st.integers(0, 99))
def test_the_bytes_do_not_depend_on_the_order(format_: str, triples: list[object], seed: int) -> None:
    graph = [Quad(t.subject, t.predicate, t.object, GRAPHS[n % 2]) for n, t in enumerate(triples)]  # type: ignore[attr-defined]
    other = [*graph, *graph[:2]]
    random.Random(seed).shuffle(other)  # noqa: S311  # a shuffle is no secret
    try:
        first = export_bytes(graph, format=format_)
    except ExportError:
        assert format_ == "rdf"
        return
    assert export_bytes(other, format=format_) == first


@given(graph=quads())
def test_turtle_does_not_depend_on_the_labels_of_blank_nodes(graph: list[Quad]) -> None:
    text = "".join(f"{quad} .\n" for quad in graph)
    renamed = parse(text.replace("_:n", "_:other").encode(), format="nq").quads
    again = export_bytes(renamed, format="ttl")
    assert canonical_hash(parse(again, format="ttl").quads) == canonical_hash(_without_graphs(graph))


_HOSTILE = {
    "urn": "http://a/",
    "geo": "http://b/",
    "x": "http://a/x/",
    "y": "http://a/x_",
    "": "http://c/",
    "mailto": "http://d/#",
}
_ODD = """
<http://a/s> a <http://a/C>, "no class", [] ; <http://a/p> <urn:x:y>, <urn://x>, <geo:63.4,10.4>, <http://b/>, <http://b//>,
    <http://a/x/1%20a(b)>, <http://a/x_1>, <http://c/z>, <http://d/#m>, <x:y>, <MAILTO:a@b.no>, <mailto:a@b.no>, "urn:x"^^<urn:x:d>, "{}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>, "_:a",
    "@id", "http://a/s", "1"@en-gb, "true"^^<http://www.w3.org/2001/XMLSchema#boolean> ,
    ( 1 "2"@nb ( ) ( <geo:1,1> ) [ <http://a/q> ( "3" ) ] ) .
<geo:1,1> <http://a/p> [ <x:q> _:b ] . _:b <http://a/p> _:b .
"""


@pytest.mark.parametrize("prefixes", [_HOSTILE, PREFIXES, {}])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
def test_json_ld_read_into_one_graph_is_the_whole_graph_whatever_the_prefixes(prefixes: dict[str, str]) -> None:
    said = parse(_ODD.encode(), format="ttl", graph_name=GRAPHS[0]).quads
    said += tuple(Quad(each.subject, each.predicate, each.object, GRAPHS[1]) for each in said[::2])
    data = export_bytes(said, format="jsonld", prefixes=prefixes)
    assert canonical_hash(parse(data, format="jsonld").quads) == canonical_hash(_without_graphs([*said]))
    with lexical_forms_kept():
        read = rdflib.Graph().parse(data=data, format="json-ld")
        wanted = rdflib.Graph().parse(data=export_bytes(said, format="nt"), format="nt")
    assert isomorphic(read, wanted)
    document = json.loads(data)
    assert set(document) == {"@context", "@graph"}
    assert len({node["@id"] for node in document["@graph"]}) == len(document["@graph"])
    assert not dropped(data.decode())
    head = {name: space for name, space in document["@context"].items() if prefixes[name] == space}
    assert head == document["@context"]
    assert not {"urn", "geo", "mailto", "y", ""} & head.keys() or prefixes is PREFIXES


def test_what_json_ld_cannot_carry_is_told_and_not_left_out() -> None:
    triple = Triple(Iri("http://a/s"), Iri("http://a/p"), Literal("x"))
    with pytest.raises(ExportError, match="JSON-LD cannot carry this graph"):
        export_bytes([Quad(triple.subject, triple.predicate, triple)], format="jsonld")


def test_lexical_forms_are_kept_in_every_format() -> None:
    xsd = "http://www.w3.org/2001/XMLSchema#"
    forms = [("01", "integer"), ("1.50", "decimal"), ("1e0", "double"), ("0986", "gYear"), ("1", "boolean")]
    graph = [
        Quad(Iri(_ID + "a"), Iri(_ID + "p"), Literal(text, datatype=Iri(xsd + kind)), GRAPHS[0]) for text, kind in forms
    ]
    for format_ in EXPORT_FORMATS[:-1]:
        found = {quad.object for quad in parse(export_bytes(graph, format=format_), format=format_).quads}
        assert found == {quad.object for quad in graph}, format_


def test_a_triple_in_two_graphs_is_written_once_where_there_are_no_graphs() -> None:
    graph = [Quad(Iri(_ID + "a"), Iri(_ID + "p"), Iri(_ID + "b"), name) for name in GRAPHS]
    assert export_bytes(graph, format="nt").count(b"\n") == 1
    assert export_bytes(graph, format="nq").count(b"\n") == 2


def test_nothing_at_all_can_be_written_in_every_format() -> None:
    for format_ in EXPORT_FORMATS[:-1]:
        assert not parse(export_bytes([], format=format_), format=format_).quads


def test_adding_one_statement_changes_one_line_of_turtle() -> None:
    graph = [Quad(Iri(_ID + "a"), Iri(_ID + name), Literal(name)) for name in ("p", "q", "s")]
    before = export_bytes(graph, format="ttl").splitlines()
    after = export_bytes([*graph, Quad(Iri(_ID + "a"), Iri(_ID + "r"), Literal("r"))], format="ttl").splitlines()
    assert len([line for line in after if line not in before]) == 1
    assert len(after) == len(before) + 1


def test_an_unknown_format_and_a_property_xml_cannot_name_are_errors() -> None:
    with pytest.raises(ExportError, match="There is no format 'docx'"):
        export_bytes([], format="docx")
    for property_, text in ((_ID + "1", "x"), ("http://a/", "x"), (_ID + "p", "\0"), (_ID + "p", "\x0b")):
        with pytest.raises(ExportError, match="RDF/XML cannot carry this graph"):
            export_bytes([Quad(Iri(_ID + "a"), Iri(property_), Literal(text))], format="rdf")


def test_a_table_has_one_row_for_each_thing_of_the_class() -> None:
    label = Iri("http://www.w3.org/2004/02/skos/core#prefLabel")
    city = Iri("https://w3id.org/citygraph/ontology#City")
    graph = [
        Quad(Iri(_ID + "place-oslo"), _RDF_TYPE, city),
        Quad(Iri(_ID + "place-oslo"), label, Literal("Oslo", language="en")),
        Quad(Iri(_ID + "place-oslo"), Iri(_ID + "note"), Literal("b")),
        Quad(Iri(_ID + "place-oslo"), Iri(_ID + "note"), Literal("a")),
        Quad(Iri(_ID + "place-bergen"), _RDF_TYPE, city),
    ]
    tables = tables_per_class(graph)
    assert list(tables) == ["cg-City.csv"]
    rows = list(csv.DictReader(io.StringIO(tables["cg-City.csv"].decode())))
    assert [row["id"] for row in rows] == ["id:place-bergen", "id:place-oslo"]
    assert rows[1]["label"] == "Oslo"
    assert rows[1]["id:note"] == "a | b"


_MEMBERSHIPS = """
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix org: <http://www.w3.org/ns/org#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix : <https://w3id.org/citygraph/id/> .
@prefix cg: <https://w3id.org/citygraph/ontology#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
:oslo a cg:City, <http://b.example/City>, <http://a.example/City> ; skos:prefLabel "Oslo"@nb, "=Oslo"@en ; cg:height 1.5 .
cg:City rdfs:subClassOf <http://b.example/City> .
<http://b.example/City> rdfs:subClassOf <http://a.example/City> . <http://a.example/City> rdfs:subClassOf <http://b.example/City> .
:met skos:prefLabel "Metrex" . :full skos:prefLabel "medlem"@nb, "member"@en .
:m a org:Membership, <http://c.example/M> ; org:member :oslo ; org:organization :met ; org:role :full ; cg:note "a", "b" .
:n a <http://x.example/a-b>, <http://x.example/a:b> .
"""


def test_a_membership_is_named_in_both_languages_and_no_class_has_two_tables() -> None:
    quads = parse(_MEMBERSHIPS.encode(), format="ttl").quads
    tables = tables_per_class(quads, about=TableAbout(Text(), day="2025-01-15"))
    assert sorted(name for name in tables if name.endswith(".csv")) == [
        "cg-City.csv", "http---c.example-M.csv", "http---x.example-a-b-2.csv", "http---x.example-a-b.csv", "org-Membership.csv",
    ]  # fmt: skip
    (row,) = csv.DictReader(io.StringIO(tables["org-Membership.csv"].decode(), newline=""))
    assert (row["label"], row["label_nb"]) == ("'=Oslo – Metrex – member", "Oslo – Metrex – medlem")
    said = json.loads(tables["org-Membership.csv-metadata.json"])
    assert said["dc:temporal"] == {"@value": "2025-01-15", "@type": "xsd:date"}
    columns = said["tableSchema"]["columns"]
    assert [each["titles"] for each in columns] == list(row)
    (note,) = [each for each in columns if each["titles"] == "cg:note"]
    assert (note["propertyUrl"], note["separator"]) == (f"{PREFIXES['cg']}note", " | ")
    excel = tables_per_class(quads, layout=CsvLayout(Dialect.EXCEL, "nb"), about=TableAbout(Text(), day="2025-01-15"))
    assert "cg-City.csv-metadata.json" not in excel
    assert excel["cg-City.csv"].startswith(b"\xef\xbb\xbfid;label;label_nb;cg:height;")
    assert ";1,5;" in excel["cg-City.csv"].decode()
    assert ",1.5," in tables["cg-City.csv"].decode()


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd", "-cmd", "\t=1", "\r=1"])
def test_a_cell_is_never_a_formula(text: str) -> None:
    graph = [Quad(Iri(_ID + "a"), _RDF_TYPE, Iri(_ID + "C")), Quad(Iri(_ID + "a"), Iri(_ID + "p"), Literal(text))]
    (table,) = tables_per_class(graph).values()
    (row,) = csv.DictReader(io.StringIO(table.decode(), newline=""))
    assert row["id:p"] == f"'{text}"


def test_a_negative_number_stays_a_number_in_a_table() -> None:
    graph = [Quad(Iri(_ID + "a"), _RDF_TYPE, Iri(_ID + "C")), Quad(Iri(_ID + "a"), Iri(_ID + "p"), Literal("-3.5"))]
    (table,) = tables_per_class(graph).values()
    assert b",-3.5\r\n" in table


HARD = (
    "first\r\nsecond", "old\rmac", "\ttab", "\n", "\r", " blank ", "<b>&\"'", "]]>", "\u0085", "\u2028", "\x7f\x9f", "",
    "\\", "\\n", "'''", '""""', "#", "\ufffd\ufeff", "e\u0301", "\U0001f600", "=1+1",
)  # fmt: skip
HARD_NAMES = ("http://a/\u00e9?x=1&y='2'", "urn:x", "http://a/(b)", "http://a/b.c-d_e~f!$*+,;=:@")


def _rdflib_terms(data: bytes, format_: str) -> list[tuple[str, ...]]:
    """What rdflib reads, which has nothing to do with what wrote it."""
    graph = rdflib.Dataset() if format_ in {"trig", "nquads"} else rdflib.Graph()
    with lexical_forms_kept():
        graph.parse(data=data, format=format_)
        return sorted(
            tuple("_" if isinstance(term, rdflib.BNode) else term.n3() for term in triple[:3])
            for triple in (graph.quads() if isinstance(graph, rdflib.Dataset) else graph)
        )


@pytest.mark.filterwarnings("ignore::DeprecationWarning:rdflib")
@pytest.mark.filterwarnings("ignore:Dataset:DeprecationWarning")
def test_whatever_is_written_is_read_back_by_readers_that_are_not_ours() -> None:
    own, name = Iri("http://a/s"), Iri("http://a/d#x")
    values = [Literal(text) for text in HARD] + [Literal(text, language="nb-no") for text in HARD]
    values += [Literal(text, datatype=name) for text in HARD]
    said = [Quad(own, Iri(p), value) for p in ("http://a/p-1", "http://a/\u00e9", "urn:x:y") for value in values]
    said += [Quad(own, Iri("http://a/q"), Iri(each)) for each in HARD_NAMES]
    said += [Quad(BlankNode(label), name, BlankNode("b")) for label in ("0", "1b", "a.b", "x-1")]
    wanted = _rdflib_terms(export_bytes(said, format="nt"), "nt")
    assert len(wanted) == len(said)
    for format_, other in (
        ("ttl", "turtle"),
        ("rdf", "xml"),
        ("trig", "trig"),
        ("jsonld", "json-ld"),
        ("nq", "nquads"),
    ):
        assert _rdflib_terms(export_bytes(said, format=format_), other) == wanted, format_
    document = ET.fromstring(export_bytes(said, format="rdf"))  # noqa: S314  # our own
    assert {each.text or "" for each in document.iter("{http://a/}p-1")} == set(HARD)


def test_answers_are_read_back_by_readers_that_are_not_ours() -> None:
    answer = Solutions(("a", "b"), tuple((Literal(text), Literal(text, language="nb-no")) for text in HARD))
    rows = [(text, text) for text in HARD]
    literals = iter(
        each.text or ""
        for each in ET.fromstring(write_answer(answer, format="xml")).iter(  # noqa: S314
            "{http://www.w3.org/2005/sparql-results#}literal"
        )
    )
    assert list(zip(literals, literals, strict=True)) == rows
    table = csv.reader(io.StringIO(write_answer(answer, format="csv").decode(), newline=""))
    assert [tuple(row) for row in table][1:] == rows
    bindings = json.loads(write_answer(answer, format="json"))["results"]["bindings"]
    assert [(row["a"]["value"], row["b"]["value"]) for row in bindings] == rows
    lines = write_answer(answer, format="tsv").decode().split("\n")[1:-1]
    assert len(lines) == len(rows)
    terms = [f"<a:a> <a:b> {cell} ." for line in lines for cell in line.split("\t")]
    with lexical_forms_kept():
        read = rdflib.Graph().parse(data="\n".join(terms), format="turtle")
        assert {str(each) for each in read.objects()} == set(HARD)


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\uffff"])
def test_a_character_that_xml_cannot_carry_is_told_with_its_statement(character: str) -> None:
    quads = [Quad(Iri("http://a/s"), Iri("http://a/p"), Literal(f"a{character}"))]
    with pytest.raises(ExportError, match=rf"<http://a/s> <http://a/p>: .*U\+{ord(character):04X}"):
        export_bytes(quads, format="rdf")
    rows = ((Literal("x"), None), (Literal("x"), Literal(character)))
    with pytest.raises(ValueError, match='row 2, column "b": '):
        write_answer(Solutions(("a", "b"), rows), format="xml")

"""Terms to integers and back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.errors import ReasoningError
from citygraph.rdf import Triple, parse, serialize
from citygraph.reason.columnar.relations import Columns
from citygraph.reason.columnar.terms import (
    BLANK,
    IRI,
    LITERAL,
    Dictionary,
    encode_ntriples,
    encode_terms,
)

ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
IRIS = st.sampled_from(["<urn:a>", "<http://example.org/s%C3%A3o>", "<http://example.org/brød#x>"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
LITERALS = st.one_of(
    TEXTS.map(lambda text: '"' + "".join(ESCAPES.get(c, c) for c in text) + '"'),
    st.sampled_from(['"01"^^<http://www.w3.org/2001/XMLSchema#integer>', '"x"@nb-NO', '"x"@nb-no', '"a . b"', '""']),
)
LINES = st.tuples(st.one_of(IRIS, st.just("_:x")), IRIS, st.one_of(IRIS, LITERALS, st.sampled_from(["_:x", "_:y"])))


def decoded(columns: Columns, dictionary: Dictionary) -> list[Triple]:
    """The triples behind the columns."""
    ends = [dictionary.terms(c.tolist()) for c in (columns.subjects, columns.predicates, columns.objects)]
    return [Triple(*three) for three in zip(*ends, strict=True)]


@given(st.lists(LINES, max_size=8))
def test_ntriples_come_back_as_the_parser_reads_them(lines: list[tuple[str, str, str]]) -> None:
    data = "".join(f"{s} {p} {o} .\n" for s, p, o in lines).encode()
    dictionary = Dictionary()
    columns = encode_ntriples(data, dictionary)
    expected = [quad.triple for quad in parse(data, format="nt").quads]
    assert decoded(columns, dictionary) == expected


@given(st.lists(LINES, max_size=8))
def test_terms_and_their_text_get_the_same_numbers(lines: list[tuple[str, str, str]]) -> None:
    data = "".join(f"{s} {p} {o} .\n" for s, p, o in lines).encode()
    triples = [quad.triple for quad in parse(data, format="nt").quads]
    one, other = Dictionary(), Dictionary()
    rows = encode_terms(triples, one)
    again = encode_terms([quad.triple for quad in parse(serialize(triples, format="nt"), format="nt").quads], other)
    assert len(rows) == len(again) == len(triples)
    assert decoded(rows, one) == triples


@pytest.mark.parametrize(
    "wrong",
    [
        "<urn:a> <urn:b> .\n",
        "<urn:a> <urn:b> <urn:c>\n",
        "<urn:a> <urn:b> <not an iri> .\n",
        "<relative> <urn:b> <urn:c> .\n",
        '"x" <urn:b> <urn:c> .\n',
        "<urn:a> _:b <urn:c> .\n",
        '<urn:a> <urn:b> "x"y" .\n',
        '<urn:a> <urn:b> "x"^^<relative> .\n',
        '<urn:a> <urn:b> "x\\q" .\n',
        "<urn:a> <urn:b> <urn:c> <urn:d> .\n",
    ],
)
def test_what_is_no_ntriples_is_refused_with_its_place(wrong: str) -> None:
    dictionary = Dictionary()
    before = encode_ntriples(b"<urn:a> <urn:b> <urn:c> .\n", dictionary)
    with pytest.raises(ReasoningError, match=r"Line [23], column"):
        encode_ntriples(b"<urn:a> <urn:b> <urn:new> .\n" + wrong.encode(), dictionary)
    assert len(dictionary) == 3
    assert decoded(before, dictionary)[0].object.value == "urn:c"  # type: ignore[union-attr]


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(ReasoningError):
        encode_ntriples(b'<urn:a> <urn:b> "\xff" .\n', Dictionary())


@pytest.mark.parametrize(
    "layout",
    [
        "# a comment\n<urn:a> <urn:b> <urn:c> .\n",
        "<urn:a>\t<urn:b>  <urn:c>.\n",
        "<urn:a> <urn:b> <urn:c> .\r\n",
        "\n<urn:a> <urn:b> <urn:c> . # end\n",
        "<urn:a> <urn:b> <urn:c> .",
        "<urn:\\u0061> <urn:b> <urn:c> .\n",
    ],
)
def test_other_layouts_mean_the_same(layout: str) -> None:
    dictionary = Dictionary()
    (triple,) = decoded(encode_ntriples(layout.encode(), dictionary), dictionary)
    assert str(triple) == "<urn:a> <urn:b> <urn:c>"


def test_two_spellings_of_one_string_are_one_term() -> None:
    dictionary = Dictionary()
    data = '<urn:a> <urn:b> "é" .\n<urn:a> <urn:b> "\\u00e9"^^<http://www.w3.org/2001/XMLSchema#string> .\n'
    columns = encode_ntriples(data.encode(), dictionary)
    assert columns.objects[0] == columns.objects[1]


def test_blank_nodes_of_two_documents_stay_apart() -> None:
    dictionary = Dictionary()
    one = encode_ntriples(b"_:x <urn:b> <urn:c> .\n", dictionary)
    other = encode_ntriples(b"_:x <urn:b> <urn:d> .\n", dictionary)
    assert one.subjects[0] != other.subjects[0]


def test_kinds_follow_the_terms() -> None:
    dictionary = Dictionary()
    for text in ("<urn:a>", "_:b", '"c"'):
        dictionary.number(text)
    assert dictionary.kinds().tolist() == [IRI, BLANK, LITERAL]
    dictionary.number('"d"@nb')
    assert dictionary.kinds().tolist() == [IRI, BLANK, LITERAL, LITERAL]


def test_no_triples_are_fine() -> None:
    columns = encode_ntriples(b"", Dictionary())
    assert len(columns) == 0
    assert columns.subjects.dtype == np.uint32

"""Which texts a datatype allows, which literals are equal, and which lie outside a datatype."""

from __future__ import annotations

from itertools import product

import pytest

from citygraph.reason.columnar.terms import Dictionary, Values
from citygraph.reason.datatypes import ILL_TYPED, is_datatype, is_inside, value_of

XSD = "http://www.w3.org/2001/XMLSchema#"


def typed(text: str, name: str) -> str:
    """A literal in N-Triples."""
    return f'"{text}"^^<{XSD}{name}>'


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (typed("1", "integer"), typed("+01", "integer")),
        (typed("1", "integer"), typed("1.0", "decimal")),
        (typed("3", "byte"), typed("3", "unsignedLong")),
        (typed("true", "boolean"), typed("1", "boolean")),
        (typed("1e2", "double"), typed("100", "double")),
        (typed("2026-01-01T00:00:00Z", "dateTime"), typed("2025-12-31T24:00:00Z", "dateTime")),
        (typed("2026-01-01T00:00:00Z", "dateTime"), typed("2026-01-01T02:00:00+02:00", "dateTimeStamp")),
        (typed("-0001-03-01T00:00:00.50Z", "dateTime"), typed("-0001-03-01T00:00:00.5Z", "dateTime")),
        (typed("0a", "hexBinary"), typed("0A", "hexBinary")),
        (typed("QQ==", "base64Binary"), typed("Q Q==", "base64Binary")),
        (typed("x", "token"), '"x"'),
        ('"x"@nb-NO', '"x"@nb-no'),
        ('"\\u00e9"', '"é"'),
    ],
)
def test_equal_by_value(one: str, other: str) -> None:
    assert value_of(one) == value_of(other)
    assert value_of(one) is not ILL_TYPED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (typed("1", "integer"), '"1"'),
        (typed("1", "double"), typed("1", "integer")),
        (typed("1", "float"), typed("1", "double")),
        (typed("0.1", "decimal"), typed("0.10000000001", "decimal")),
        (typed("2026-01-01T00:00:00", "dateTime"), typed("2026-01-01T00:00:00Z", "dateTime")),
        (typed("1", "boolean"), typed("1", "integer")),
        ('"x"@nb', '"x"@nn'),
        ('"x"@nb', '"x"'),
    ],
)
def test_different_by_value(one: str, other: str) -> None:
    assert value_of(one) != value_of(other)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1.0", "integer"),
        ("", "integer"),
        ("-1", "nonNegativeInteger"),
        ("0", "positiveInteger"),
        ("256", "unsignedByte"),
        ("1,5", "decimal"),
        ("1e", "double"),
        ("yes", "boolean"),
        ("2026-02-30T00:00:00", "dateTime"),
        ("2026-01-01T24:00:01", "dateTime"),
        ("2026-01-01", "dateTime"),
        ("2026-01-01T00:00:00", "dateTimeStamp"),
        ("abc", "hexBinary"),
        ("a b", "NCName"),
        ("no_NO", "language"),
        ("a  b", "token"),
    ],
)
def test_a_text_that_its_datatype_forbids(text: str, name: str) -> None:
    assert value_of(typed(text, name)) is ILL_TYPED


def test_an_unknown_datatype_says_nothing() -> None:
    assert value_of('"x"^^<urn:unknown>') is None
    assert value_of(typed("not a date", "date")) is None
    assert is_inside('"x"^^<urn:unknown>', f"<{XSD}integer>")
    assert not is_datatype(f"<{XSD}date>")


@pytest.mark.parametrize(
    ("literal", "name", "inside"),
    [
        (typed("3", "byte"), "integer", True),
        (typed("3.0", "decimal"), "integer", True),
        (typed("3.5", "decimal"), "integer", False),
        (typed("-3", "integer"), "nonNegativeInteger", False),
        (typed("3", "integer"), "decimal", True),
        (typed("3", "integer"), "double", False),
        ('"x"', "string", True),
        ('"x"@nb', "string", False),
        ('"a b"', "NCName", False),
        (typed("2026-01-01T00:00:00Z", "dateTime"), "dateTimeStamp", True),
        (typed("2026-01-01T00:00:00", "dateTime"), "dateTimeStamp", False),
    ],
)
def test_inside_a_datatype(literal: str, name: str, *, inside: bool) -> None:
    assert is_inside(literal, f"<{XSD}{name}>") == inside


def test_every_literal_is_a_literal() -> None:
    assert is_inside('"x"@nb', "<http://www.w3.org/2000/01/rdf-schema#Literal>")


def test_twins_are_found_whatever_the_order_they_come_in() -> None:
    spellings = [
        typed("1", "integer"),
        '"x"',
        typed("x", "token"),
        typed("x", "NCName"),
        typed("1.0", "decimal"),
        typed("01", "integer"),
        '"x"@EN',
        '"x"@en',
    ]
    numbers = [text for text in spellings if text.startswith(('"1', '"01'))]
    orders = [spellings, spellings[::-1], spellings[2:] + spellings[:2]]
    for order, at_once in product(orders, (True, False)):
        dictionary = Dictionary()
        values = Values(dictionary)
        for text in order:
            dictionary.number(text)
            if not at_once:
                values.update()
        values.update()
        keys = {text: values.key_of(dictionary.number(text)) for text in spellings}
        assert len({keys[text] for text in numbers}) == 1
        assert keys['"x"'] == keys[typed("x", "token")]
        assert keys['"x"@EN'] == keys['"x"@en'] != keys['"x"']
        assert len(set(keys.values())) == 3
        (one,) = {keys[typed("1", "integer")]}
        assert sorted(values.spellings(one)) == sorted(dictionary.number(text) for text in numbers)

"""Prefixes and names: what is shortened can be made long again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.namespaces import PREFIXES, Curies, compress, expand, is_absolute_iri, prefixes_for
from citygraph.rdf import Iri
from generated import iris


@given(iris())
def test_a_shortened_iri_expands_to_itself(iri: Iri) -> None:
    assert expand(compress(iri.value)) == iri.value


@pytest.mark.parametrize(
    ("text", "iri"),
    [
        ("id:oslo-kommune", "https://w3id.org/citygraph/id/oslo-kommune"),
        ("<http://a/b>", "http://a/b"),
        ("http://a/b", "http://a/b"),
        ("urn:isbn:1", "urn:isbn:1"),
        ("schema://x", "schema://x"),
        ("nothing:here", None),
        ("Oslo", None),
        ("id:a b", None),
        ("<relative>", None),
        ("<http://a/b> . DROP", None),
        ("id:a>", None),
        ("", None),
    ],
)
def test_only_known_prefixes_and_absolute_addresses_are_iris(text: str, iri: str | None) -> None:
    assert expand(text) == iri


@given(iris())
def test_many_are_shortened_as_one_is(iri: Iri) -> None:
    more = {**PREFIXES, "c": PREFIXES["cg"], "oslo": PREFIXES["id"] + "oslo", "": "urn:example:"}
    for prefixes in (PREFIXES, {**PREFIXES, "c": PREFIXES["cg"]}, more):
        curies = Curies(prefixes)
        short = compress(iri.value, prefixes)
        assert curies.of(iri.value) == short
        assert curies.used == (set() if short.startswith("<") else {short.partition(":")[0]})


@given(st.text())
def test_whatever_is_typed_expands_to_an_iri_or_to_nothing(text: str) -> None:
    iri = expand(text)
    assert iri is None or is_absolute_iri(iri)


def test_a_project_has_its_own_things_and_sources_and_our_concepts() -> None:
    prefixes = prefixes_for("https://a.example/")
    assert prefixes["id"] == "https://a.example/id/"
    assert prefixes["source"] == "https://a.example/source/"
    assert prefixes["concept"] == PREFIXES["concept"]
    assert prefixes["cg"] == PREFIXES["cg"]

"""Prefixes and names: what is shortened can be made long again."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.namespaces import PREFIXES, Curies, compress, expand, fold, is_absolute_iri, prefixes_for, slug
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


@given(st.text())
def test_a_slug_is_made_of_small_letters_digits_and_hyphens(text: str) -> None:
    made = slug(text)
    assert re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?)?", made)
    assert slug(made) == made


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MALMÖ", "malmo"),
        ("Østfold", "ostfold"),
        ("Ålesund", "alesund"),
        ("Tromsø  kommune", "tromso kommune"),
        ("O’Neill", "o'neill"),
    ],
)
def test_names_that_people_type_differently_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_a_project_has_its_own_things_and_sources_and_our_concepts() -> None:
    prefixes = prefixes_for("https://a.example/")
    assert prefixes["id"] == "https://a.example/id/"
    assert prefixes["source"] == "https://a.example/source/"
    assert prefixes["concept"] == PREFIXES["concept"]
    assert prefixes["cg"] == PREFIXES["cg"]

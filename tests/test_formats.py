"""The table of formats: one row each, found by name and by ending."""

from __future__ import annotations

import pytest

from citygraph.formats import FORMATS, Kind, by_extension, by_name, names


def test_names_media_types_and_endings_are_unique() -> None:
    for key in ("name", "media_type", "extension"):
        values = [getattr(format_, key) for format_ in FORMATS]
        assert len(values) == len(set(values)), key
    assert all(format_.specification.startswith("https://www.w3.org/TR/") for format_ in FORMATS)


@pytest.mark.parametrize(
    ("ending", "name"),
    [
        (".ttl", "ttl"),
        ("TTL", "ttl"),
        (".owl", "rdf"),
        (".xml", "rdf"),
        (".json", "jsonld"),
        (".jsonld", "jsonld"),
        (".docx", None),
        ("", None),
    ],
)
def test_the_ending_of_a_file_says_what_it_is(ending: str, name: str | None) -> None:
    found = by_extension(ending)
    assert (found.name if found else None) == name


def test_formats_are_listed_by_what_they_carry() -> None:
    assert names(Kind.TRIPLES) == ("ttl", "nt", "rdf")
    assert names(Kind.ROWS) == ("csv", "tsv", "json", "xml")
    assert by_name("nq").kind is Kind.QUADS
    with pytest.raises(KeyError):
        by_name("docx")

"""The table of formats: one row each, found by name and by ending; what an `Accept` header takes, case by case."""

from __future__ import annotations

import pytest

from citygraph.formats import (
    FORMATS,
    GRAPHS,
    HTML,
    ROWS,
    Carries,
    answer_formats,
    by_extension,
    by_name,
    content_type,
    names,
    negotiate,
    takes_gzip,
)
from citygraph.sparql.text import Form


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
    assert names(Carries.TRIPLES) == ("ttl", "nt", "rdf")
    assert names(Carries.ROWS) == ("csv", "tsv", "json", "xml")
    assert by_name("nq").carries is Carries.QUADS
    with pytest.raises(KeyError):
        by_name("docx")


@pytest.mark.parametrize(
    ("header", "offered", "expected"),
    [
        ("", ROWS, ROWS),
        ("  ", ROWS, ROWS),
        ("*/*", ROWS, ROWS),
        ("*/*;q=0", ROWS, ()),
        ("image/png", ROWS, ()),
        # The weights decide, and then our own order.
        ("text/csv, application/sparql-results+json;q=0.9", ROWS, ("csv", "json")),
        ("text/csv;q=0.9, text/tab-separated-values;q=0.9", ROWS, ("csv", "tsv")),
        ("text/tab-separated-values, text/csv", ROWS, ("csv", "tsv")),
        # The most precise range that speaks of a type decides about it, whatever a wider one says.
        ("text/*;q=0.1, text/csv", ROWS, ("csv", "xml", "tsv")),
        ("text/csv;q=0, text/*", ROWS, ("xml", "tsv")),
        ("text/csv;q=0.2, */*;q=0.8", ROWS, ("json", "xml", "tsv", "csv")),
        ("text/turtle;q=0, */*", GRAPHS, GRAPHS[1:]),
        # Other names of the same format.
        ("application/json", ROWS, ("json",)),
        ("application/xml", ROWS, ("xml",)),
        ("application/x-turtle", GRAPHS, ("ttl",)),
        ("text/plain", GRAPHS, ("nt",)),
        ("application/json", GRAPHS, ("jsonld",)),
        ("text/x-nquads", GRAPHS, ("nq",)),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", (HTML, "json"), (HTML, "json")),
        # Letters of either case, parameters that are not ours, and what cannot be read.
        ("TEXT/CSV; Header=present; Q=0.5", ROWS, ("csv",)),
        ("text/csv;q=high", ROWS, ()),
        ("text/csv;q=7, application/json", ROWS, ("json", "csv")),
        ("text/csv;q=-1", ROWS, ()),
        ("text/csv;q=0.1, text/csv;q=0.9, application/json;q=0.5", ROWS, ("csv", "json")),
        ("text/csv;q=0.9, text/csv;q=0.1, application/json;q=0.5", ROWS, ("csv", "json")),
        (",,;q=1,text/csv", ROWS, ("csv",)),
        (",,;;q=x", ROWS, ROWS),
        ("csv", ROWS, ROWS),
    ],
)
def test_the_most_welcome_comes_first(header: str, offered: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert negotiate(header, offered) == expected


def test_a_header_without_end_is_read_up_to_a_point() -> None:
    assert negotiate("x/y," * 1_000 + "text/csv", ROWS) == ()
    assert negotiate("x/y," * 100 + "text/csv", ROWS) == ("csv",)


@pytest.mark.parametrize(
    ("header", "taken"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("", False), ("br", False), ("gzip;q=0, *", False)],
)
def test_an_answer_is_packed_for_those_who_take_it(header: str, *, taken: bool) -> None:
    assert takes_gzip(header) is taken


def test_texts_say_that_they_are_utf_8_and_others_need_not() -> None:
    assert content_type("csv") == "text/csv; charset=utf-8"
    assert content_type("json") == "application/sparql-results+json"


def test_media_types_can_be_offered_as_they_are() -> None:
    pages = ("text/html", "application/xhtml+xml", "text/turtle", "application/ld+json", "application/json")
    assert negotiate("", pages)[0] == "text/html"
    assert negotiate("*/*", pages)[0] == "text/html"
    assert negotiate("application/json", pages) == ("application/json",)
    assert negotiate("application/ld+json, application/json", pages)[0] == "application/ld+json"
    assert negotiate("application/json;q=0.1, text/turtle;q=0.9", pages)[0] == "text/turtle"
    assert negotiate("image/png", pages) == ()


def test_the_files_of_an_answer_follow_from_what_is_asked() -> None:
    assert [each for each in answer_formats(Form.SELECT, ("a",)) if each != "xlsx"] == ["csv", "json", "tsv", "xml"]
    assert "geojson" in answer_formats(Form.SELECT, ("a", "lng", "lat"))
    assert answer_formats(Form.ASK, ()) == ("json", "xml")
    assert answer_formats(Form.DESCRIBE, ()) == answer_formats(Form.CONSTRUCT, ()) == ("ttl", "jsonld", "nt")

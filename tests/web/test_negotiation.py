"""What an `Accept` header takes (RFC 9110, 12.5.1), case by case."""

from __future__ import annotations

import pytest

from citygraph.web.negotiation import GRAPHS, HTML, ROWS, accepted, content_type, takes_gzip


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
    ],
)
def test_the_most_welcome_comes_first(header: str, offered: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert accepted(header, offered) == expected


def test_a_header_without_end_is_read_up_to_a_point() -> None:
    assert accepted("x/y," * 1_000 + "text/csv", ROWS) == ()
    assert accepted("x/y," * 100 + "text/csv", ROWS) == ("csv",)


@pytest.mark.parametrize(
    ("header", "taken"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("*", True), ("", False), ("br", False), ("gzip;q=0, *", False)],
)
def test_an_answer_is_packed_for_those_who_take_it(header: str, *, taken: bool) -> None:
    assert takes_gzip(header) is taken


def test_texts_say_that_they_are_utf_8_and_others_need_not() -> None:
    assert content_type("csv") == "text/csv; charset=utf-8"
    assert content_type("json") == "application/sparql-results+json"

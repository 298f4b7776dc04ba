"""What a document may not do to the reader."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph.documents import DocumentBounds, problems_of

_SMALL = DocumentBounds(size=100_000, depth=5)


def _codes(text: str, format_: str, bounds: DocumentBounds = _SMALL) -> list[str]:
    return [problem.code for problem in problems_of(text.encode(), format_, bounds)]


@pytest.mark.parametrize("format_", ["ttl", "jsonld", "rdf", "nt"])
def test_a_large_file_is_refused_whatever_it_holds(format_: str) -> None:
    (problem,) = problems_of(b"x" * 1_001, format_, DocumentBounds(1_000, 5))
    assert problem.code == "file-too-large"
    assert problem.values == {"size": "1,001", "limit": "1,000"}
    assert not list(problems_of(b"", format_, DocumentBounds(1_000, 5)))


@pytest.mark.parametrize(
    ("text", "deep"), [("[" * 5 + "]" * 5, False), ("[" * 6 + "]" * 6, True), ("[]" * 50, False), ("(" * 6, True)]
)
def test_brackets_of_turtle_are_counted(text: str, deep: bool) -> None:  # noqa: FBT001  # a column of the table
    assert _codes(text, "ttl") == (["too-deep"] if deep else [])


@pytest.mark.parametrize(
    "quoted",
    ['"((((((("', "'((((((('", '"""(((\n((("""', "'''((((((('''", "<http://a/((((((()>", "# (((((((", '"\\"((((((("'],
)
def test_brackets_in_strings_iris_and_comments_do_not_count(quoted: str) -> None:
    assert not _codes(f"<http://a/s> <http://a/p> {quoted} .", "ttl")


@pytest.mark.parametrize("before", [r"ex:a\#b ", r"ex:a\'b ", r"<http://a/\u0041#b> ", r"ex:a\(b "])
def test_nothing_hides_behind_a_mark_in_a_name(before: str) -> None:
    assert _codes(f"<http://a/s> {before} ((((((", "ttl") == ["too-deep"]
    assert not _codes(f"<http://a/s> {before} (((((", "ttl")


def test_the_line_of_the_first_bracket_too_many_is_given() -> None:
    (problem,) = problems_of(b"[\n[\n[\n[\n[\n[\n", "ttl", _SMALL)
    assert problem.line == 6


@given(
    st.recursive(
        st.none() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_as_deep_as_it_is(value: object) -> None:
    def depth(each: object) -> int:
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    assert ("too-deep" in _codes(json.dumps(value), "jsonld")) == (depth(value) > 5)


@pytest.mark.parametrize(
    "context",
    [
        '"https://a.example/"',
        '["https://a.example/"]',
        '[{"a": "http://b/"}, "https://a.example/"]',
        '{"@import": "https://a.example/"}',
        '{"a": {"@id": "http://b/", "@context": "https://a.example/"}}',
    ],
)
def test_a_context_on_the_web_is_found_at_any_level(context: str) -> None:
    for text in (f'{{"@context": {context}}}', f'[{{"a": [{{"@context": {context}}}]}}]'):
        (problem,) = problems_of(text.encode(), "jsonld", DocumentBounds(1_000, 50))
        assert (problem.code, problem.values) == ("remote-context", {"address": "https://a.example/"})


def test_a_context_in_the_file_is_fine() -> None:
    assert not _codes('{"@context": {"a": "http://b/"}, "a": "https://a.example/"}', "jsonld")


def test_an_escaped_key_hides_no_context() -> None:
    assert _codes('{"\\u0040context": "https://a.example/"}', "jsonld") == ["remote-context"]


@pytest.mark.parametrize(
    "declaration",
    ["<!ENTITY a '&b;'>", "<!ENTITY a '<b/>'>", "<!ENTITY % a 'b'>", "<!ENTITY a SYSTEM 'file:///etc/passwd'>"],
)
def test_an_entity_is_refused_where_it_is_declared(declaration: str) -> None:
    (problem,) = problems_of(f"<!DOCTYPE x [\n{declaration}\n]><x/>".encode(), "rdf", _SMALL)
    assert (problem.code, problem.line, problem.values) == ("entity-declaration", 2, {"entity": "a"})


def test_xml_is_as_deep_as_it_is() -> None:
    assert not _codes("<a>" * 5 + "</a>" * 5, "rdf")
    assert _codes("<a>" * 6 + "</a>" * 6, "rdf") == ["too-deep"]


@pytest.mark.parametrize(
    ("text", "format_"), [("<x", "rdf"), ("{", "jsonld"), ("\0", "rdf"), ("[1,", "jsonld"), ('{"a": 1e999}', "jsonld")]
)
def test_what_is_not_well_formed_is_left_to_the_parser(text: str, format_: str) -> None:
    assert not _codes(text, format_)

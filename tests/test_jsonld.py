"""What a JSON-LD parser drops without a word is found, with its path and its line; and nothing else is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citygraph.jsonld import dropped
from citygraph.rdf import parse, serialize

_CONTEXT = {
    "ex": "http://e/", "name": "http://e/name", "link": {"@id": "ex:link", "@type": "@id"}, "none": None,
    "kind": {"@id": "ex:kind", "@type": "@vocab"}, "id": "@id", "type": "@type", "all": "@graph",
    "lost": "foaf:lost", "said": {"@id": "ex:said", "@container": "@language"}, "by": {"@id": "ex:by", "@container": "@index"},
    "raw": {"@id": "ex:raw", "@type": "@json"}, "inner": {"@id": "ex:inner", "@context": {"deep": "ex:deep"}},
    "Typed": {"@id": "ex:Typed", "@context": {"own": "ex:own"}},
}  # fmt: skip


@pytest.mark.parametrize(("node", "place", "says"), [
    ({"@id": "north"}, "@id", "is no whole address"), ({"id": "http://e/a b"}, "id", "is no valid address"),
    ({"founded": "1998"}, "founded", "what the key 'founded' is"), ({"none": "x"}, "none", "means nothing"),
    ({"link": "north"}, "link", "is no whole address"), ({"link": ["http://e/a", "b c"]}, "link[1]", "is no whole address"),
    ({"kind": "north"}, "kind", "is no whole address"), ({"type": ["ex:A", "City"]}, "type", "'City' is no whole"),
    ({"_:b": "x"}, "_:b", "cannot be a property"), ({"ex:a b": "x"}, "ex:a b", "is no valid address"), ({"@foo": 1}, "@foo", "@foo"),
    ({"name": {"@value": "x", "@language": "norsk språk"}}, "name.@language", "is no language"),
    ({"said": {"nynorsk!": "x"}}, "said.nynorsk!", "is no language"), ({"inner": {"deep": "x", "other": 1}}, "inner.other", "other"),
    ({"@reverse": {"other": {"id": "ex:b"}}}, "@reverse.other", "other"), ({"link": {"id": "b"}}, "link.id", "no whole address"),
    ({"name": {"@list": ["a", {"id": "b"}]}}, "name.@list[1].id", "no whole address"), ({"all": ["free"]}, "all[0]", "by itself"),
    ({"lost": "x"}, "lost", "what the prefix foaf: is"), ({"foaf:name": "x"}, "foaf:name", "what the prefix foaf: is"), ({"type": "skos:Concept"}, "type", "what the prefix skos: is"),
    ({"all": [{"@value": "free"}]}, "all[0]", "by itself"), ({"link": {"type": "Typed", "own": 1, "link": {"own": 1}}}, "link.link.own", "own"),
])  # fmt: skip
def test_what_is_dropped_is_told_with_its_path_and_line(node: dict[str, object], place: str, says: str) -> None:
    document = {"@context": _CONTEXT, "ex:p": {"@id": "ex:a", **node}}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (found,) = dropped(text)
    assert (found.place, says in found.why) == (f"ex:p.{place}", True)
    key = place.rpartition(".")[2].partition("[")[0]
    assert json.dumps(key, ensure_ascii=False) in "\n".join(text.splitlines()[max(found.line - 4, 0) : found.line])


@pytest.mark.parametrize("node", [
    {"name": ["x", None, {"@value": 1, "@type": "ex:d"}]}, {"said": {"nb": "x", "@none": ["y"]}}, {"raw": {"any": [{"thing": 1}]}},
    {"by": {"any": "x"}}, {"inner": {"deep": "x"}}, {"type": "Typed", "own": 1}, {"link": "_:b"}, {"@nest": {"name": "x"}},
    {"@context": {"@vocab": "http://v/"}, "founded": 1}, {"@context": {"@base": "http://b/"}, "link": "north"}, {"all": [{"name": "x"}]},
    {"@included": [{"id": "ex:b", "name": "x"}]}, {"name": {}}, {"@index": "x"}, {"http://e/whole": "x"}, {"kind": "name"},
])  # fmt: skip
def test_what_becomes_a_statement_is_not_told(node: dict[str, object]) -> None:
    assert dropped(json.dumps({"@context": _CONTEXT, "ex:p": {"@id": "ex:a", **node}})) == []


def test_the_same_key_is_told_once_and_counted() -> None:
    nodes = [{"@id": f"http://e/{number}", "founded": number} for number in range(50)]
    (found,) = dropped(json.dumps(nodes))
    assert (found.place, found.count, "50 times in all" in found.told) == ("[0].founded", 50, True)


def test_no_json_and_what_we_write_drop_nothing() -> None:
    assert dropped("{") == []
    quads = parse(b'<http://e/a> <http://e/b> "x"@nb , <http://e/c> , [ a <http://e/D> ] .', format="ttl").quads
    assert dropped(serialize(quads, format="jsonld").decode()) == []


_WORDS = st.sampled_from(["ex:a", "name", "link", "north", "none", "http://e/x", "kind", "Typed"])
_VALUES = st.recursive(
    _WORDS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "type"]), _WORDS, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "link", "north", "none", "ex:p"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["name", "link", "kind", "north", "none", "ex:p", "inner"]), _VALUES, max_size=4)
)
def test_a_parser_that_is_given_a_base_and_a_vocabulary_finds_more_exactly_where_something_was_dropped(
    node: dict[str, object],
) -> None:
    plain = json.dumps({"@context": _CONTEXT, "id": "ex:a", **node})
    whole = {**_CONTEXT, "@vocab": "http://dropped/", "@base": "http://dropped/", "none": "http://dropped/none"}
    more = parse(json.dumps({"@context": whole, "id": "ex:a", **node}).encode(), format="jsonld").quads
    assert bool(dropped(plain)) == any("http://dropped/" in str(quad) for quad in more)

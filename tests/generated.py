"""Generated RDF for properties: awkward literals, blank nodes, any order."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Subject, Term, Triple

__all__ = ["GRAPHS", "blank_nodes", "flat_triples", "iris", "literals", "plain_literals", "quads", "triples"]

_XSD: Final = PREFIXES["xsd"]
GRAPHS: Final = tuple(Iri(f"https://w3id.org/citygraph/graph/data/{name}.ttl") for name in ("one", "two"))

_SLUGS = st.sampled_from(["oslo-kommune", "m-1", "a.b", "a-", "x_y", "1986", "å", "a%20b", "a,b", "end.", "", "a(b)"])
_NAMESPACES = st.sampled_from(
    [PREFIXES[name] for name in ("id", "cg", "schema", "country")] + ["urn:example:", "http://a.example/p?q=1#"]
)
_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(
        ['"', "'", '"""', "'''", "\\", "\n", "\r\n", "\t", "\b\f", "\0", "# no comment", "a\\", 'a"', "\x7f", "\x85", "\u2028", "\ufeff", "🏙", "x" * 5_000, "@en", "^^", " ; . ", "\\u0041"]
    ),
)  # fmt: skip
_XML_TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc", "Cn"]), max_size=20)
_TYPED = st.sampled_from(
    [
        Literal(text, datatype=Iri(_XSD + kind))
        for kind, text in (
            ("integer", "1"), ("integer", "01"), ("integer", "+1"), ("integer", "-0"), ("decimal", "1.50"), ("decimal", ".5"),
            ("double", "1e0"), ("double", "1.0E+3"), ("double", "INF"), ("boolean", "true"), ("boolean", "1"),
            ("date", "2020-11-05"), ("date", "2020-11-05Z"), ("date", "2020-02-30"), ("gYear", "1986"), ("gYear", "0986"),
            ("gYearMonth", "2020-11"), ("dateTime", "2020-11-05T24:00:00"), ("duration", "P5Y"), ("anyURI", "http://a b"),
        )
    ]
)  # fmt: skip
_LANGUAGES = st.sampled_from(["nb", "en", "nn-NO", "sv", "zh-Hans-CN", "x-own"])


def iris() -> st.SearchStrategy[Iri]:
    """IRIs with and without a prefix, with local names that need brackets."""
    return st.builds(lambda space, slug: Iri(space + slug), _NAMESPACES, _SLUGS)


def predicates() -> st.SearchStrategy[Iri]:
    """Properties that RDF/XML can write too."""
    names = ["rdf:type", "skos:prefLabel", "schema:name", "cg:asOf", "org:member"]
    return st.sampled_from([Iri(PREFIXES[p] + n) for p, n in (name.split(":") for name in names)])


def literals() -> st.SearchStrategy[Literal]:
    """Literals of every kind, their lexical forms as odd as people write them."""
    return st.one_of(
        st.builds(Literal, _TEXT), st.builds(lambda text, tag: Literal(text, language=tag), _TEXT, _LANGUAGES), _TYPED
    )


def plain_literals() -> st.SearchStrategy[Literal]:
    """Literals that XML can carry: no control characters."""
    tagged = st.builds(lambda text, tag: Literal(text, language=tag), _XML_TEXT, _LANGUAGES)
    return st.one_of(st.builds(Literal, _XML_TEXT), tagged, _TYPED)


def blank_nodes() -> st.SearchStrategy[BlankNode]:
    """A few blank nodes, so that they meet."""
    return st.builds(lambda number: BlankNode(f"n{number}"), st.integers(0, 4))


def _triples(subjects: st.SearchStrategy[Subject], objects: st.SearchStrategy[Term]) -> st.SearchStrategy[list[Triple]]:
    return st.lists(st.builds(Triple, subjects, predicates(), objects), max_size=12)


def flat_triples() -> st.SearchStrategy[list[Triple]]:
    """Triples without blank nodes, as in our data."""
    return _triples(iris(), st.one_of(iris(), literals()))


def triples(*, for_xml: bool = False) -> st.SearchStrategy[list[Triple]]:
    """Triples with blank nodes on both sides, cycles included."""
    values = plain_literals() if for_xml else literals()
    return _triples(st.one_of(iris(), blank_nodes()), st.one_of(iris(), blank_nodes(), values))


def quads(*, for_xml: bool = False) -> st.SearchStrategy[list[Quad]]:
    """The same triples spread over two graphs."""
    names = st.lists(st.sampled_from(GRAPHS), min_size=12, max_size=12)
    return st.builds(
        lambda given, graphs: [
            Quad(t.subject, t.predicate, t.object, graph) for t, graph in zip(given, graphs, strict=False)
        ],
        triples(for_xml=for_xml),
        names,
    )

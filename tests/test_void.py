"""The figures of VoID: counted from quads and by a store alike, and described with an address for each part."""

from __future__ import annotations

from citygraph import Project
from citygraph.messages import Text
from citygraph.rdf import Iri, Literal, Quad
from citygraph.sorted_quads import SortedQuads
from citygraph.store import MemoryStore
from citygraph.void import FIGURES, Figures, figures_from, figures_of, void_triples


def asked(quads: list[Quad], base: str) -> Figures:
    store = MemoryStore(quads)
    bind = {"base": Literal(base)}
    return figures_from(
        {name: store.query(text, bind=bind if "?base" in text else None) for name, text in FIGURES.items()}
    )


def test_quads_and_a_store_give_the_same_figures_of_our_own_graph(this_project: Project) -> None:
    quads, base = this_project.quads(), this_project.config.base
    counted = figures_of(SortedQuads(quads), base=base)
    assert counted == asked(quads, base)
    assert counted.triples == len({quad.triple for quad in quads})
    assert sum(counted.properties.values()) == counted.triples
    assert counted.links["http://www.wikidata.org/"] > 0
    assert any(used.targets for by_property in counted.used.values() for used in by_property.values())


def test_a_triple_in_two_graphs_counts_once_and_a_thing_of_others_is_no_entity() -> None:
    a, b, p = Iri("https://a.example/a"), Iri("https://b.example/b"), Iri("https://a.example/p")
    quads = [Quad(a, p, b, Iri("https://a.example/g")), Quad(a, p, b), Quad(b, p, Literal("x", language="nb"))]
    figures = figures_of(SortedQuads(quads), base="https://a.example/")
    assert (figures.triples, figures.entities) == (2, 1)
    assert figures == asked(quads, "https://a.example/")


def test_each_part_of_a_description_has_an_address_below_the_dataset(this_project: Project) -> None:
    figures = figures_of(SortedQuads(this_project.quads()), base=this_project.config.base)
    triples = void_triples(
        figures, dataset="https://a.example/d", title=Text("Grafen", "The graph"), licence="https://a.example/l",
        base=this_project.config.base, parts=[("stated", Text("oppgitt", "stated"), 1)],
    )  # fmt: skip
    assert {str(each.subject).startswith("<https://a.example/d") for each in triples} == {True}
    assert len(set(triples)) == len(triples)

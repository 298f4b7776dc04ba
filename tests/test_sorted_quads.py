"""Sorted quads: the order of N-Quads, one subject after the other, each statement once."""

from __future__ import annotations

import pytest
from hypothesis import given

from citygraph.rdf import BlankNode, Quad
from citygraph.sorted_quads import SortedQuads
from generated import quads


@given(given_quads=quads())
def test_the_order_is_that_of_the_lines_and_nothing_is_said_twice(given_quads: list[Quad]) -> None:
    found = SortedQuads([*given_quads, *given_quads])
    assert list(found) == sorted(set(given_quads), key=str)
    assert len(found) == len(set(given_quads))
    assert list(found.triples()) == sorted({quad.triple for quad in given_quads}, key=str)


@given(given_quads=quads())
def test_a_subject_has_one_group_with_everything_about_it(given_quads: list[Quad]) -> None:
    found = SortedQuads(given_quads)
    assert [quad for group in found.groups() for quad in group] == list(found)
    assert len({group[0].subject for group in found.groups()}) == found.subjects
    for group, is_blank in zip(found.groups(), found.with_blank_nodes(), strict=True):
        assert len({quad.subject for quad in group}) == 1
        terms = {term for quad in group for term in (quad.subject, quad.object)}
        assert is_blank == any(isinstance(term, BlankNode) for term in terms)


@pytest.mark.slow
@given(given_quads=quads())
def test_each_graph_is_sorted_too(given_quads: list[Quad]) -> None:
    found = SortedQuads(given_quads).by_graph()
    wanted = sorted(set(given_quads), key=lambda quad: (str(quad.graph_name), str(quad)))
    assert [quad for graph in found for quad in graph] == wanted
    assert [list(graph) for graph in found] == [[q for g in graph.groups() for q in g] for graph in found]

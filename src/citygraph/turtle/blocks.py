"""The blocks of a large graph, one after the other: what has no blank node in it is written without a document."""

from __future__ import annotations

from collections.abc import Container, Iterator
from itertools import chain, compress
from typing import Final

from citygraph.namespaces import PREFIXES, Curies
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term
from citygraph.sorted_quads import SortedQuads, distinct_triples
from citygraph.turtle.layout import write_block, write_pairs
from citygraph.turtle.quads import Folding

__all__ = ["blocks_of"]

_TYPE: Final = PREFIXES["rdf"] + "type"


def blocks_of(
    quads: SortedQuads,
    curies: Curies,
    *,
    labels: dict[BlankNode, str],
    shared: Container[BlankNode] = (),
) -> Iterator[str]:
    """The text of each block, as `write_document` writes the document of the same quads.

    Args:
        quads: the graph.
        curies: shortens names, and knows afterwards which prefixes the blocks need.
        labels: the names of blank nodes so far.
        shared: blank nodes that other blocks of the file speak of too.
    """
    blank = quads.with_blank_nodes()
    folding = Folding(chain.from_iterable(compress(quads.groups(), blank)), curies, labels, shared)
    names: dict[str, str] = {}
    for group, is_blank in zip(quads.groups(), blank, strict=True):
        subject = group[0].subject
        if isinstance(subject, Iri):
            yield write_block(folding.block(subject)) if is_blank else _plain(subject, group, curies, names)
    yield from map(write_block, folding.blank_blocks())


def _plain(subject: Iri, group: list[Quad], curies: Curies, names: dict[str, str]) -> str:
    types: list[str] = []
    rest: list[tuple[str, str]] = []
    for triple in distinct_triples(group) if len(group) > 1 else group:
        iri = triple.predicate.value
        name = names.get(iri)
        if name is None:
            name = names[iri] = curies.of(iri)
        text = _text(triple.object, curies)
        if iri == _TYPE:
            types.append(text)
        else:
            rest.append((name, text))
    return write_pairs(curies.of(subject.value), types, rest)


def _text(term: Term, curies: Curies) -> str:
    if isinstance(term, Iri):
        return curies.of(term.value)
    text = str(term)
    if text.endswith(">") and isinstance(term, Literal):
        # The last quotation mark ends the value: a datatype has none.
        end = text.rindex('"') + 1
        return text[:end] + "^^" + curies.of(text[end + 3 : -1])
    return text

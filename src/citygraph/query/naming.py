"""What the things in an answer are called: their labels, and for facts the labels of what they tie together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from citygraph.labels import NAMING_PROPERTIES, PART_PROPERTIES, Labels
from citygraph.rdf import Iri, Term, Triple
from citygraph.results import Solutions
from citygraph.store import Store

__all__ = ["names_of"]

_ABOUT = "SELECT ?thing ?property ?value WHERE { ?thing ?property ?value }"


def names_of(terms: Iterable[Term | None], store: Store, *, prefixes: Mapping[str, str]) -> Labels:
    """The labels of these terms, read from the graph that was asked."""
    triples: list[Triple] = []
    seen: set[Iri] = set()
    waiting = [term for term in dict.fromkeys(terms) if isinstance(term, Iri)]
    while waiting:
        thing = waiting.pop()
        if thing in seen:
            continue
        seen.add(thing)
        answer = store.query(_ABOUT, bind={"thing": _document(thing)})
        for row in answer if isinstance(answer, Solutions) else ():
            property_, value = row["property"], row["value"]
            if not isinstance(property_, Iri) or property_.value not in NAMING_PROPERTIES:
                continue
            triples.append(Triple(_document(thing), property_, value))
            if property_.value in PART_PROPERTIES and isinstance(value, Iri):
                waiting.append(value)
    return Labels(triples, prefixes=prefixes)


def _document(thing: Iri) -> Iri:
    """The document that a passage belongs to, which has the name; anything else is itself."""
    return Iri(thing.value.partition("#char=")[0])

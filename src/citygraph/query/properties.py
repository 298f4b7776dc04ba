"""What a person typed to the one property that is meant: CURIE, IRI, local name or label."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Final

from citygraph.errors import QueryError
from citygraph.labels import reused_labels
from citygraph.matching.names import plain
from citygraph.namespaces import CG, compress
from citygraph.query.entities import expand_iri
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.store import Store

__all__ = ["resolve_property"]

_LABELLED: Final = """
PREFIX owl:  <http://www.w3.org/2002/07/owl#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?property ?label WHERE {
  VALUES ?kind { owl:ObjectProperty owl:DatatypeProperty }
  ?property a ?kind ; rdfs:label ?label .
}
"""
_USED: Final = "SELECT DISTINCT ?property WHERE { ?s ?property ?o }"


def resolve_property(text: str, store: Store, *, prefixes: Mapping[str, str]) -> Iri:
    """The property that `text` names.

    Args:
        text: `cg:participatesIn`, an IRI, `participatesIn`, "deltar i" or "participates in"; `a` is rdf:type.
        store: the graph whose properties are meant.
        prefixes: for CURIEs.

    Raises:
        QueryError: nothing, or more than one thing, is called that; the nearest names are in the message.
    """
    text = text.strip()
    iri = expand_iri("rdf:type" if text == "a" else text, prefixes)
    if iri is not None:
        return Iri(iri)
    names: dict[str, set[str]] = {}
    for known, label in _labels(store):
        for name in (_local(known), label):
            names.setdefault(plain(name), set()).add(known)
    found = names.get(plain(text), set())
    if len(found) > 1:
        # A word of ours goes before the same word of another vocabulary.
        found = {each for each in found if each.startswith(CG)} or found
    if len(found) == 1:
        return Iri(found.pop())
    if found:
        choices = ", ".join(sorted(compress(each, prefixes) for each in found))
        message = f"{text!r} is the name of several properties: {choices}."
        raise QueryError(message, fix="Use one of these short names instead.")
    near = difflib.get_close_matches(plain(text), names, n=3, cutoff=0.5)
    guesses = ", ".join(sorted({compress(each, prefixes) for name in near for each in names[name]}))
    fix = f"Did you mean: {guesses}?" if guesses else "The properties are listed in docs/ontology.md."
    message = f"No property here is called {text!r}."
    raise QueryError(message, fix=fix)


def _local(iri: str) -> str:
    return iri.replace("#", "/").rstrip("/").rpartition("/")[2]


def _labels(store: Store) -> list[tuple[str, str]]:
    """Every property with each of its names: those of the ontology, those reused, those that are only used."""
    found = [
        (row["property"].value, row["label"].value)
        for row in _rows(store, _LABELLED)
        if isinstance(row["property"], Iri) and isinstance(row["label"], Literal)
    ]
    # By custom a class has a capital and a property has none.
    reused = {iri: text for iri, text in reused_labels().items() if _local(iri)[:1].islower()}
    found += [(iri, words) for iri, text in reused.items() for words in (text.nb, text.en)]
    used = [row["property"].value for row in _rows(store, _USED) if isinstance(row["property"], Iri)]
    return [*found, *((iri, _local(iri)) for iri in used)]


def _rows(store: Store, text: str) -> list[dict[str, Term]]:
    answer = store.query(text)
    return list(answer) if isinstance(answer, Solutions) else []

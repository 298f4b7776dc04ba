"""What a person typed to the one thing that is meant: label, slug, CURIE, IRI or Wikidata id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from citygraph.errors import QueryError
from citygraph.matching.names import plain
from citygraph.namespaces import CG, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions
from citygraph.sentences import sentence
from citygraph.store import Store

__all__ = ["Candidate", "NameFinder", "expand_iri", "resolve_entity"]

_WIKIDATA_ID: Final = re.compile(r"Q[1-9]\d{0,10}\Z")
_WIKIDATA: Final = "http://www.wikidata.org/entity/"
_NAMES: Final = """
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?entity ?class ?name WHERE {
  ?entity a ?class ; skos:prefLabel|skos:altLabel|foaf:name ?name .
}
"""
_LINKED: Final = """
SELECT DISTINCT ?entity ?class ?item WHERE {
  ?entity <https://schema.org/sameAs>|<http://www.w3.org/2004/02/skos/core#exactMatch> ?item ; a ?class .
}
"""
_GOVERNS: Final = (
    "SELECT ?authority ?place WHERE { ?authority <https://w3id.org/citygraph/ontology#administers> ?place }"
)
_CITY: Final = CG + "City"
_AUTHORITIES: Final = (PREFIXES["cv"] + "PublicOrganisation", PREFIXES["org"] + "Organization")
_KNOWN: Final = "SELECT ?entity ?class WHERE { ?entity a ?class }"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One thing that a name may mean."""

    iri: str
    name: str


NameFinder: TypeAlias = Callable[[str, str], list[Candidate]]
"""The things whose names come near a text, of a class (an IRI; empty for all): one candidate for each name."""


def resolve_entity(
    text: str, store: Store, *, of_class: str = "", prefixes: Mapping[str, str], names: NameFinder | None = None
) -> Iri:
    """The one thing that `text` names.

    Args:
        text: a label in either language, a slug, a CURIE, an IRI or a Wikidata id.
        store: where the things are.
        of_class: only things of this class (an IRI); empty for all.
        prefixes: the prefixes of the project, for CURIEs and slugs.
        names: what finds the things that a name may mean; without it all names are read from `store`.

    Raises:
        QueryError: nothing is called that, or several things are; the nearest names are in the message.
    """
    text = text.strip()
    try:
        return _resolve(text, store, of_class, prefixes, names)
    except QueryError:
        governed = _authority_of(text, store, of_class, prefixes, names) if of_class in _AUTHORITIES else None
        if governed is None:
            raise
        return governed


def _resolve(text: str, store: Store, of_class: str, prefixes: Mapping[str, str], names: NameFinder | None) -> Iri:
    iri = expand_iri(text, prefixes)
    if iri is None and re.fullmatch(r"[a-z0-9-]+", text):
        iri = expand(f"id:{text}", prefixes)
        if iri is None or not _is_known(iri, store, of_class):
            concept = expand(f"concept:{text}", prefixes)
            iri = concept if concept and _is_known(concept, store, of_class) else iri
    if iri is not None and _is_known(iri, store, of_class):
        return Iri(iri)
    if _WIKIDATA_ID.match(text) or (iri or "").startswith(_WIKIDATA):
        return _one(text, _linked_to(text if iri is None else iri.removeprefix(_WIKIDATA), store, of_class), prefixes)
    named = names(text, of_class) if names else _names(store, of_class)
    wanted = plain(text)
    exact = {candidate.iri: candidate for candidate in named if wanted and plain(candidate.name) == wanted}
    if exact:
        return _one(text, list(exact.values()), prefixes)
    raise _unknown(text, named, prefixes)


def expand_iri(text: str, prefixes: Mapping[str, str]) -> str | None:
    """What `expand` makes of a text, as long as it is an IRI in every part (RFC 3987): no `%%`, no `https://[`."""
    iri = expand(text, prefixes)
    try:
        return iri and Iri(iri).value
    except ValueError:
        return None


def _is_known(iri: str, store: Store, of_class: str) -> bool:
    classes = {row["class"].value for row in _rows(_KNOWN, store, entity=Iri(iri)) if isinstance(row["class"], Iri)}
    return of_class in classes if of_class else bool(classes)


def _authority_of(
    text: str, store: Store, of_class: str, prefixes: Mapping[str, str], names: NameFinder | None
) -> Iri | None:
    """The one authority that governs the place that `text` names: people say Oslo and mean Oslo kommune."""
    try:
        place = _resolve(text, store, _CITY, prefixes, names)
    except QueryError:
        return None
    found = {row["authority"] for row in _rows(_GOVERNS, store, place=place)}
    known = [each for each in found if isinstance(each, Iri) and _is_known(each.value, store, of_class)]
    return known[0] if len(known) == 1 else None


def _names(store: Store, of_class: str) -> list[Candidate]:
    rows = _rows(_NAMES, store, **({"class": Iri(of_class)} if of_class else {}))
    return [
        Candidate(row["entity"].value, row["name"].value)
        for row in rows
        if isinstance(row["entity"], Iri) and isinstance(row["name"], Literal)
    ]


def _linked_to(wikidata_id: str, store: Store, of_class: str) -> list[Candidate]:
    found = _rows(_LINKED, store, item=Iri(_WIKIDATA + wikidata_id))
    entities = {row["entity"].value for row in found if not of_class or row["class"].value == of_class}
    return [Candidate(iri, wikidata_id) for iri in sorted(entities)]


def _rows(text: str, store: Store, **bind: Iri) -> list[dict[str, Iri]]:
    answer = store.query(text, bind=bind)
    return list(answer) if isinstance(answer, Solutions) else []  # type: ignore[arg-type]  # the columns are IRIs


def _one(text: str, candidates: list[Candidate], prefixes: Mapping[str, str]) -> Iri:
    if not candidates:
        raise _unknown(text, [], prefixes)
    if len(candidates) > 1:
        choices = ", ".join(sorted(compress(candidate.iri, prefixes) for candidate in candidates))
        raise QueryError(sentence("question.several", text=text, choices=choices), fix=sentence("next.short_names"))
    return Iri(candidates[0].iri)


def _unknown(text: str, named: list[Candidate], prefixes: Mapping[str, str]) -> QueryError:
    by_name = {plain(candidate.name): candidate for candidate in named}
    slugs = {candidate.iri.rpartition("/")[2]: candidate for candidate in named}
    near = difflib.get_close_matches(plain(text), [*by_name, *slugs], n=5, cutoff=0.5)
    found = dict.fromkeys((by_name.get(name) or slugs[name]) for name in near)
    unique = list({candidate.iri: candidate for candidate in found}.values())[:3]
    guesses = ", ".join(f"{candidate.name} ({compress(candidate.iri, prefixes)})" for candidate in unique)
    fix = sentence("next.mean", guesses=guesses) if guesses else sentence("next.members")
    return QueryError(sentence("question.nothing", text=text), fix=fix)

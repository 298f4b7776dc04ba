"""What things are called: the label of an IRI in the reader's language, from a set of triples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from citygraph.messages import LANGUAGES, Text, text, texts
from citygraph.namespaces import PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.sources import Excerpt, excerpt_range

__all__ = [
    "LABEL_PROPERTIES",
    "NAMING_PROPERTIES",
    "PART_PROPERTIES",
    "Labels",
    "column_words",
    "passage_label",
    "reused_labels",
]

LABEL_PROPERTIES: Final = tuple(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("skos", "prefLabel"),
        ("foaf", "name"),
        ("rdfs", "label"),
        ("dct", "title"),
    )
)
"""Where a label is looked for, the best first."""

# A fact has no name of its own; the things it ties together name it.
_PARTS: Final = {
    PREFIXES[prefix] + name: position
    for position, (prefix, name) in enumerate(
        (
            ("org", "member"),
            ("org", "organization"),
            ("org", "role"),
            ("schema", "observationAbout"),
            ("schema", "measuredProperty"),
            ("rdf", "subject"),
            ("rdf", "predicate"),
            ("rdf", "object"),
            ("cg", "listOf"),
            ("cg", "listKind"),
        )
    )
}

PART_PROPERTIES: Final = frozenset(_PARTS)
"""What a fact ties together, which names it."""
NAMING_PROPERTIES: Final = frozenset({*LABEL_PROPERTIES, *_PARTS})
"""Every property that a name is made from."""


@cache
def reused_labels() -> dict[str, Text]:
    """What the interface calls the terms of other vocabularies, by IRI."""
    return {expand(curie) or curie: words for curie, words in texts("reused_labels").items()}


def column_words() -> Mapping[str, Text]:
    """What the interface calls the columns of answers, by the name of the variable."""
    return texts("column_words")


def passage_label(document: str, excerpt: Excerpt, language: str) -> str:
    """What a passage of a document is called that has this name."""
    words = text("interface.passage").in_language(language)
    return words.format(document=document, start=excerpt.start, end=excerpt.end)


class Labels:
    """The labels of everything some triples speak about."""

    def __init__(self, triples: Iterable[Triple | Quad] = (), *, prefixes: Mapping[str, str] = PREFIXES) -> None:
        """Read the labels out of `triples`."""
        self._prefixes = prefixes
        self._found: dict[str, dict[str, tuple[int, str]]] = {}
        self._parts: dict[str, dict[int, Term]] = {}
        rank = {iri: position for position, iri in enumerate(LABEL_PROPERTIES)}
        for triple in triples:
            if (
                isinstance(triple.object, Literal)
                and triple.predicate.value in rank
                and isinstance(triple.subject, Iri)
            ):
                by_language = self._found.setdefault(triple.subject.value, {})
                entry = (rank[triple.predicate.value], triple.object.value)
                language = triple.object.language or ""
                if language not in by_language or entry < by_language[language]:
                    by_language[language] = entry
            elif triple.predicate.value in _PARTS and isinstance(triple.subject, Iri):
                parts = self._parts.setdefault(triple.subject.value, {})
                parts.setdefault(_PARTS[triple.predicate.value], triple.object)

    def of(self, term: Term | str, language: str) -> str:
        """The label in `language`, else in the other language, else without one, else a CURIE; a literal's value."""
        if isinstance(term, Literal):
            return term.value
        iri = term.value if isinstance(term, Iri) else str(term)
        by_language = self._found.get(iri, {})
        for candidate in (language, *LANGUAGES, ""):
            if candidate in by_language:
                return by_language[candidate][1]
        if by_language:
            return by_language[min(by_language)][1]
        if iri in reused_labels():
            return reused_labels()[iri].in_language(language)
        excerpt = excerpt_range(iri)
        if excerpt is not None and excerpt.source in self._found:
            return passage_label(self.of(excerpt.source, language), excerpt, language)
        return compress(iri, self._prefixes)

    def describe(self, term: Term | str | None, language: str) -> str:
        """The label, or for a fact without one the labels of what it ties together: "Viken – Metrex – member"."""
        if term is None:
            return ""
        iri = term.value if isinstance(term, Iri) else str(term)
        parts = self._parts.get(iri)
        if iri in self._found or not parts:
            return self.of(term, language)
        return " – ".join(self.of(part, language) for _, part in sorted(parts.items(), key=lambda item: item[0]))

    def __contains__(self, iri: str) -> bool:
        """Whether there is any label for this IRI."""
        return iri in self._found

"""What things are called: which class gets which word, and the label of an IRI in the reader's language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from citygraph.messages import LANGUAGES, Text, text, texts
from citygraph.namespaces import CONCEPT, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.sources import Anchor, anchor_of

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
            ("cg", "relationKind"),
            ("cg", "listOf"),
            ("cg", "listKind"),
            ("dct", "spatial"),
            ("cg", "listRole"),
            ("cg", "asOf"),
        )
    )
}

_PREDICATE, _KIND = _PARTS[PREFIXES["rdf"] + "predicate"], _PARTS[PREFIXES["cg"] + "relationKind"]
_OF_A_LIST, _DAY = _PARTS[PREFIXES["cg"] + "listOf"], _PARTS[PREFIXES["cg"] + "asOf"]

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


def place_label(document: str, anchor: Anchor, language: str) -> str:
    """What a place in a document is called that has this name."""
    return f"{document}, {anchor.words.in_language(language)}"


class Labels:
    """The labels of everything some triples speak about."""

    def __init__(self, triples: Iterable[Triple | Quad] = (), *, prefixes: Mapping[str, str] = PREFIXES) -> None:
        """Read the labels out of `triples`."""
        self._prefixes = prefixes
        self._found: dict[str, dict[str, tuple[int, str]]] = {}
        self._parts: dict[str, dict[int, Term]] = {}
        rank = {iri: position for position, iri in enumerate(LABEL_PROPERTIES)}
        for triple in triples:
            property_ = triple.predicate.value
            if property_ not in rank and property_ not in _PARTS:
                continue
            subject, value = triple.subject, triple.object
            if not isinstance(subject, Iri):
                continue
            if property_ in rank and isinstance(value, Literal):
                by_language = self._found.setdefault(subject.value, {})
                entry = (rank[property_], value.value)
                language = value.language or ""
                if language not in by_language or entry < by_language[language]:
                    by_language[language] = entry
            elif property_ in _PARTS:
                self._parts.setdefault(subject.value, {}).setdefault(_PARTS[property_], value)
        self._lists = Counter(frozenset(parts.items()) for parts in self._parts.values() if _OF_A_LIST in parts)

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
        anchor = anchor_of(iri)
        if anchor is not None and anchor.source in self._found:
            return place_label(self.of(anchor.source, language), anchor, language)
        return compress(iri, self._prefixes)

    def describe(self, term: Term | str | None, language: str) -> str:
        """The label, or for a fact without one the labels of what it ties together: "Viken – Metrex – member"."""
        if term is None:
            return ""
        iri = term.value if isinstance(term, Iri) else str(term)
        parts = self._parts.get(iri)
        if iri in self._found or not parts:
            return self.of(term, language)
        # A relation goes by its kind.
        if _KIND in parts:
            parts = {n: parts[_KIND] if n == _PREDICATE else part for n, part in parts.items() if n != _KIND}
        # The day is part of the name of a list, of which there are many, and of no other fact.
        told = [part for n, part in sorted(parts.items()) if n != _DAY or _OF_A_LIST in parts]
        words = [self.of(part, language) for part in told]
        if self._lists[frozenset(parts.items())] > 1:
            # Two lists of one day: what their names do not tell apart, their addresses do.
            words.append(iri.rpartition("/")[2])
        return " – ".join(words)

    def name(self, iri: str, language: str) -> str:
        """What a thing is called, a fact by what it ties together; empty when nothing but its CURIE could be said."""
        words = self.describe(iri, language)
        return "" if words == compress(iri, self._prefixes) else words

    def __contains__(self, iri: str) -> bool:
        """Whether there is any label for this IRI."""
        return iri in self._found


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of page: the word in its address, and the classes that belong to it.

    `stem` begins the local names of its IRIs and is left out of the address: `id:place-oslo` is `/city/oslo`.
    """

    name: str
    classes: tuple[str, ...] = ()
    stem: str = ""
    schema_type: str = "Thing"

    @property
    def one(self) -> Text:
        """What people call one of them."""
        return text(f"kinds.{self.name}.one")

    @property
    def many(self) -> Text:
        """What people call several of them."""
        return text(f"kinds.{self.name}.many")


KINDS: Final = (
    Kind("network", ("cg:CityNetwork",),
         schema_type="Organization"),
    Kind("city", ("cg:City",), "place-", "City"),
    Kind("country", ("cg:Country",), schema_type="Country"),
    Kind("place",
         ("cg:Region", "cg:Place"), "place-", "AdministrativeArea"),
    Kind("authority", ("cv:PublicOrganisation",),
         schema_type="GovernmentOrganization"),
    Kind("person", ("foaf:Person",), "person-", "Person"),
    Kind("working-group",
         ("cg:WorkingGroup",), schema_type="Organization"),
    Kind("body",
         ("cg:GoverningBody", "cg:Secretariat", "org:OrganizationalUnit"), schema_type="Organization"),
    Kind("role", ("org:Role",), "role-", "Role"),
    Kind("document", ("foaf:Document",),
         schema_type="CreativeWork"),
    Kind("theme", schema_type="DefinedTerm"),
    Kind("concept", ("skos:Concept", "skos:ConceptScheme"),
         schema_type="DefinedTerm"),
    Kind("organization",
         ("org:Organization", "foaf:Group"), schema_type="Organization"),
    Kind("record"),
)  # fmt: skip
FALLBACK: Final = KINDS[-1]
_COUNTRY: Final = PREFIXES["country"]
_BY_NAME: Final = {kind.name: kind for kind in KINDS}
THEME: Final = _BY_NAME["theme"]
_BY_CLASS: Final = {
    expand(curie, PREFIXES) or curie: (position, kind)
    for position, kind in enumerate(KINDS)
    for curie in kind.classes
}  # fmt: skip


def kind_named(name: str) -> Kind | None:
    """The kind with this word in its address, or `None`."""
    return _BY_NAME.get(name)


def kind_of(classes: Collection[str], *, is_theme: bool = False) -> Kind:
    """The kind of a thing of these classes: the one that says most; a record when none says anything."""
    found = [_BY_CLASS[class_] for class_ in classes if class_ in _BY_CLASS]
    kind = min(found, key=lambda each: each[0])[1] if found else FALLBACK
    return THEME if is_theme and kind.name in {"concept", "record"} else kind


def local_name(iri: str, base: str) -> str:
    """The part of an IRI that its page is named by; empty when the IRI is not one of the graph's own."""
    for namespace in (f"{base}id/", f"{base}source/", f"{base}concept/", CONCEPT):
        if iri.startswith(namespace):
            return iri[len(namespace) :]
    return iri[len(_COUNTRY) :].lower() if iri.startswith(_COUNTRY) else ""


def slug_of(iri: str, kind: Kind, base: str) -> str:
    """The last part of the address of an entity's page."""
    name = local_name(iri, base)
    return name[len(kind.stem) :] if kind.stem and name.startswith(kind.stem) and name != kind.stem else name

"""The controlled vocabularies of catalogue records: their terms, and the background that validators need."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Literal, Triple

EUA: Final = "http://publications.europa.eu/resource/authority/"
IANA: Final = "https://www.iana.org/assignments/media-types/"
W3C_IANA: Final = "https://www.w3.org/ns/iana/media-types/"
MEDIA_TYPES: Final = frozenset({
    "application/geo+json", "application/gzip", "application/json", "application/ld+json", "application/n-quads",
    "application/n-triples", "application/rdf+xml", "application/sparql-query", "application/trig", "application/xml",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/zip", "text/csv", "text/html",
    "text/turtle",
})  # fmt: skip
"""The media types that a record of ours may name."""

_KEYS: Final = frozenset({"namespace", "scheme", "type", "open", "codes"})
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_DCT, _SKOS = PREFIXES["dct"], PREFIXES["skos"]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One scheme: its terms by code, further codes, and the form of still further terms when it is open."""

    name: str
    namespace: str
    scheme: str
    type: str
    terms: Mapping[str, Text]
    codes: frozenset[str] = frozenset()
    open: str = ""

    def iri(self, code: str) -> str:
        """The IRI of a code; an IRI stays what it is."""
        return code if "://" in code else self.namespace + code

    def has(self, iri: str) -> bool:
        """Whether the IRI is a term of this scheme."""
        if not iri.startswith(self.namespace):
            return False
        code = iri[len(self.namespace) :]
        return code in self.terms or code in self.codes or bool(self.open and re.fullmatch(self.open, code))

    def label(self, iri: str) -> Text:
        """What the term is called; its code when it has no name here."""
        code = iri.removeprefix(self.namespace)
        return self.terms.get(code, Text.of(code))


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Every scheme by its short name."""
    raw = tomllib.loads(files(__package__).joinpath("vocabularies.toml").read_text(encoding="utf-8"))
    return MappingProxyType({
        name: Vocabulary(
            name=name,
            namespace=table["namespace"],
            scheme=table["scheme"],
            type=table.get("type", ""),
            terms={code: Text(*words) for code, words in table.items() if code not in _KEYS},
            codes=frozenset(table.get("codes", "").split()),
            open=table.get("open", ""),
        )
        for name, table in raw.items()
    })  # fmt: skip


def vocabulary_of(iri: str) -> Vocabulary | None:
    """The scheme that has this term."""
    return next((each for each in vocabularies().values() if each.has(iri)), None)


def background(record: Iterable[Triple]) -> list[Triple]:
    """What a validator must know about the terms that a record uses; loaded beside it, never written into it."""
    triples: dict[Triple, None] = {}
    used = {each.object.value for each in record if isinstance(each.object, Iri)}
    schemes = {each.scheme: each for each in vocabularies().values()}
    for iri in sorted(used):
        found = vocabulary_of(iri)
        if found is not None:
            triples |= dict.fromkeys([*_term(iri, found), *_scheme(found)])
        if iri in schemes:
            triples |= dict.fromkeys(_scheme(schemes[iri]))
        for namespace in (IANA, W3C_IANA):
            if iri.removeprefix(namespace) in MEDIA_TYPES and iri.startswith(namespace):
                triples[Triple(Iri(iri), _TYPE, Iri(_DCT + "MediaType"))] = None
    return list(triples)


def _term(iri: str, vocabulary: Vocabulary) -> Iterator[Triple]:
    term = Iri(iri)
    yield Triple(term, _TYPE, Iri(_SKOS + "Concept"))
    if vocabulary.type:
        yield Triple(term, _TYPE, Iri(vocabulary.type))
    yield Triple(term, Iri(_SKOS + "inScheme"), Iri(vocabulary.scheme))
    label = vocabulary.label(iri)
    for language in LANGUAGES:
        yield Triple(term, Iri(_SKOS + "prefLabel"), Literal(label.in_language(language), language=language))


def _scheme(vocabulary: Vocabulary) -> Iterator[Triple]:
    scheme = Iri(vocabulary.scheme)
    yield Triple(scheme, _TYPE, Iri(_SKOS + "ConceptScheme"))
    yield Triple(scheme, Iri(_DCT + "title"), Literal(vocabulary.name, language="en"))

"""The controlled vocabularies of catalogue records: their terms, what people write for them, what validators must know.

A term is found by its code, its address or its name (`find_term`): `CC_BY_4_0`, `CC BY 4.0` and the address of the
licence itself are one. What is found is one term of one table and never a guess; `near_terms` has the guesses.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from citygraph.matching.names import countries, country_code, fold
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

_KEYS: Final = frozenset({"namespace", "scheme", "type", "open", "codes", "old", "places"})
_DCT, _SKOS = PREFIXES["dct"], PREFIXES["skos"]
_VCARD: Final = "http://www.w3.org/2006/vcard/ns#"
_BELOW: Final = tuple(
    Triple(Iri(namespace + each), Iri(PREFIXES["rdfs"] + "subClassOf"), Iri(namespace + above))
    for namespace, above, below in (
        (_VCARD, "Kind", "Group Individual Location Organization"),
        (PREFIXES["foaf"], "Agent", "Group Organization Person"),
        (_DCT, "MediaType", "FileFormat"),
        (_DCT, "MediaTypeOrExtent", "MediaType"),
        (_DCT, "RightsStatement", "LicenseDocument"),
    )
    for each in below.split()
)
_UNITS: Final = {"kommune": ("kommune", "municipality"), "fylke": ("fylke", "fylkeskommune", "county")}
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")


@dataclass(frozen=True)
class Vocabulary:
    """One scheme: its terms by code, further codes, and the form of still further terms when it is open."""

    name: str
    namespace: str
    scheme: str
    type: str
    terms: Mapping[str, Text]
    codes: frozenset[str] = frozenset()
    open: str = ""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What people write for a code, its own spelling first; of a code that nobody is to use any more nothing."""

    @cached_property
    def written(self) -> Mapping[str, frozenset[str]]:
        """The codes that a name or an address can mean, by its `_key`."""
        written: dict[str, set[str]] = {}
        for code, words in self.words.items():
            for each in words:
                written.setdefault(_address(each) if "://" in each else _key(each), set()).add(code)
        return {key: frozenset(each) for key, each in written.items()}

    def iri(self, code: str) -> str:
        """The IRI of a code; an IRI stays what it is."""
        return code if "://" in code else self.namespace + code

    def has(self, iri: str) -> bool:
        """Whether the IRI is a term of this scheme."""
        if not iri.startswith(self.namespace):
            return False
        return self._has_code(iri[len(self.namespace) :])

    def _has_code(self, code: str) -> bool:
        return code in self.terms or code in self.codes or bool(self.open and re.fullmatch(self.open, code))

    def find(self, text: str) -> frozenset[str]:
        """The codes of the terms that a code, a name or an address can mean: one, none, or several of one name."""
        if "://" not in text:
            known = self._has_code(text) and not text.isdecimal()
            return frozenset({text}) if known else self.written.get(_key(text), frozenset())
        begin, bare = _any_scheme(self.namespace), _any_scheme(text)
        for code in (bare[len(begin) :], bare[len(begin) :].rstrip("/")) if bare.startswith(begin) else ():
            if self._has_code(code):
                return frozenset({code})
        return self.written.get(_address(text), frozenset())

    def label(self, iri: str) -> Text:
        """What the term is called; its code when it has no name here."""
        code = iri.removeprefix(self.namespace)
        return self.terms.get(code, Text.of(code))


@cache
def vocabularies() -> Mapping[str, Vocabulary]:
    """Every scheme by its short name."""
    raw = tomllib.loads(files(__package__).joinpath("vocabularies.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: _vocabulary(name, table) for name, table in raw.items()})


def _vocabulary(name: str, table: Mapping[str, Any]) -> Vocabulary:
    named: dict[str, list[str]] = {code: each for code, each in table.items() if code not in _KEYS}
    named |= _places(table.get("places", {}))
    codes, old = frozenset(table.get("codes", "").split()), table.get("old", "").split()
    words: dict[str, Sequence[str]] = {
        code: (code, code.removeprefix("tema/"), *named.get(code, ())) for code in (*named, *codes) if code not in old
    }
    if name == "country":
        for country in countries().values():
            if country.alpha3 in named or country.alpha3 in codes:
                words[country.alpha3] = (*words.get(country.alpha3, ()), *country.names)
    return Vocabulary(
        name=name,
        namespace=table["namespace"],
        scheme=table["scheme"],
        type=table.get("type", ""),
        terms={code: Text(*each[:2]) for code, each in named.items()},
        codes=codes,
        open=table.get("open", ""),
        words=words,
    )


def _places(blocks: Mapping[str, str]) -> dict[str, list[str]]:
    """The terms of `places`, with the names that people use for units of their kind."""
    found: dict[str, list[str]] = {}
    for kind, block in blocks.items():
        for each in " ".join(block.split()).split("; "):
            name, _, number = each.rpartition(" ")
            ways = [f"{name} {word}" for word in _UNITS[kind.partition("/")[0]]]
            found[kind + number] = [name, name, *ways]
    return found


def _key(text: str) -> str:
    """A name as names of terms are compared: without case, accents and marks; a mark between digits stays."""
    return re.sub(r"(?<!\d)[\W_]+|[\W_]+(?!\d)", "", re.sub(r"(?<=\d)[\W_]+(?=\d)", ".", fold(text))) + "".join(
        re.findall(r"\+", text)
    )


def _any_scheme(address: str) -> str:
    return re.sub(r"\Ahttps?://(www\.)?", "", address, flags=re.IGNORECASE)


def _address(text: str) -> str:
    """An address as addresses of terms are compared: whatever its scheme, and for any page of a Creative Commons licence."""
    bare = _any_scheme(text).rstrip("/")
    return re.sub(r"/(deed|legalcode)(\.[\w-]+)?\Z", "", bare) if bare.startswith("creativecommons.org/") else bare


TABLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "place": ("country", "continent", "place", "administrative-unit", "geonames"),
    }
)
"""What is one table to people and several to portals."""


def tables_of(name: str) -> tuple[Vocabulary, ...]:
    """The vocabularies of a name of `TABLES`, or the one of that name."""
    return tuple(vocabularies()[each] for each in TABLES.get(name, (name,)))


def find_term(table: str, text: str) -> tuple[str, ...]:
    """The addresses of the terms that a code, a name or an address can mean: one, none, or several of one name.

    >>> find_term("frequency", "hvert kvartal"), find_term("place", "NO"), find_term("licence", "CC BY")
    (('http://publications.europa.eu/resource/authority/frequency/QUARTERLY',), \
('http://publications.europa.eu/resource/authority/country/NOR',), ())
    """
    for each in tables_of(table):
        found = each.find(text.strip())
        if not found and each.name == "country" and len(text.strip()) == len("NO"):
            found = each.find(countries()[code].alpha3) if (code := country_code(text)) else found
        if found:
            return tuple(sorted(map(each.iri, found)))
    return ()


def near_terms(table: str, text: str, *, most: int = 3) -> list[tuple[Text, str]]:
    """The terms whose code or name comes nearest, each with its name and its code."""
    codes = {key: (each, code) for each in tables_of(table) for key, found in each.written.items() for code in found}
    near = difflib.get_close_matches(_key(text), codes, n=2 * most, cutoff=0.5)
    found = dict.fromkeys((each.label(each.iri(code)), code) for each, code in map(codes.__getitem__, near))
    return list(found)[:most]


def vocabulary_of(iri: str) -> Vocabulary | None:
    """The scheme that has this term."""
    return next((each for each in vocabularies().values() if each.has(iri)), None)


def background(record: Iterable[Triple]) -> list[Triple]:
    """What a validator must know about the terms that a record uses; loaded beside it, never written into it.

    That is what its codes are, and which classes are others by their own ontologies, as the profiles' imports say: a
    `vcard:Organization` is a `vcard:Kind`, and a `foaf:Organization` a `foaf:Agent`.
    """
    triples: dict[Triple, None] = dict.fromkeys(_BELOW)
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

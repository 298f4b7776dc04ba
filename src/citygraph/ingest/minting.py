"""New things: names for them that nobody has yet, and the triples that describe them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from citygraph.ingest.countries import alpha3, country_label
from citygraph.ingest.gazetteer import Asked, Body, is_homonym, is_region_name
from citygraph.matching.names import exonyms, read_name
from citygraph.namespaces import CG, PREFIXES, fold, slug
from citygraph.rdf import Iri, Literal, Triple

__all__ = [
    "Mint",
    "bare_name",
    "country_iri",
    "describe_authority",
    "describe_country",
    "describe_network",
    "describe_place",
    "iri_triple",
    "text_triple",
]

_LONGEST: Final = 90
_SKOS, _SCHEMA, _XSD = PREFIXES["skos"], PREFIXES["schema"], PREFIXES["xsd"]
_TYPE: Final = PREFIXES["rdf"] + "type"
_SOURCE: Final = PREFIXES["prov"] + "wasDerivedFrom"
# "Kansas City" is its name and no decoration, and so is the last word of "Cape Town".
_PART_OF_NAME: Final = frozenset({"city", "town", "by", "stadt", "stad", "dome", "council"})


class Mint:
    """Gives names that are free; the same list gives the same names."""

    def __init__(self, base: str, taken: set[str]) -> None:
        """`taken` are the addresses that are in use; what is given out joins them."""
        self._things = base + "id/"
        self._taken = taken
        self._labels: set[tuple[str, str]] = set()

    def know(self, body: Body) -> None:
        """A body whose label another must not bear."""
        self._labels.add((body.kind, fold(body.name)))

    def body(self, asked: Asked) -> Body:
        """A new city or region, with two free names and a label that tells it apart."""
        kind = "region" if is_region_name(asked.name) else "city"
        bare = asked.name if kind == "region" else bare_name(asked.name)
        stem = _stem(bare, asked.country)
        label = f"{bare} ({asked.qualifier})" if asked.qualifier else bare
        apart = f"{asked.country}-{asked.region or asked.qualifier}".lower()
        region = asked.region.upper() if len(asked.region) <= len("NSW") else asked.region.title()
        if region and not asked.qualifier and (is_homonym(fold(bare)) or (kind, fold(label)) in self._labels):
            label = f"{bare} ({region})"
        if (kind, fold(label)) in self._labels:
            label = f"{label}, {country_label(asked.country, 'en')}"
        apart = slug(apart)
        self._labels.add((kind, fold(label)))
        authority = stem if kind == "region" else f"city-of-{stem}"
        return Body(
            authority=self.free(authority, apart),
            place=self.free(f"place-{stem}", apart),
            name=label,
            country=asked.country,
            kind=kind,
            qualifier=asked.qualifier,
            region=asked.region,
            point=asked.point,
            is_new=True,
        )

    def network(self, name: str) -> str:
        """A new network."""
        return self.free(_stem(name, ""), "network")

    def free(self, stem: str, apart: str) -> str:
        """An address that nobody has: the stem, else with what tells it apart, else with a number."""
        for number in range(1, 100_000):
            tried = (stem, f"{stem}-{apart}", f"{stem}-{apart}-{number}")[min(number - 1, 2)]
            iri = self._things + (tried if len(tried) <= _LONGEST else _shortened(tried))
            if iri not in self._taken:
                self._taken.add(iri)
                return iri
        message = f"no free name for {stem}"
        raise AssertionError(message)


def _shortened(text: str) -> str:
    return f"{text[: _LONGEST - 9].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _stem(name: str, country: str) -> str:
    """The name in the letters of an address; for other alphabets a name in Latin letters that we know, else a hash."""
    plain = slug(name)
    letters = sum(letter.isalpha() for letter in name)
    if len(plain.replace("-", "")) * 2 >= letters:
        return plain
    known = next((each for each in exonyms(read_name(name).core, frozenset({country})) if each.isascii()), "")
    return slug(known) or f"{country.lower() or 'x'}-{hashlib.sha256(fold(name).encode()).hexdigest()[:10]}"


def bare_name(name: str) -> str:
    """The name of the place without the words for its authority, in its own letters.

    >>> bare_name("Ville de Évry"), bare_name("Stockholms stad"), bare_name("Kansas City"), bare_name("City of Bergen")
    ('Évry', 'Stockholm', 'Kansas City', 'Bergen')
    """
    form = read_name(name)
    if form.core == form.folded or not form.core:
        return name
    words, folded, core = name.replace("’", "'").split(), form.folded.split(), form.core.split()
    if len(words) != len(folded):
        return name
    for place in range(len(folded) - len(core) + 1):
        if folded[place : place + len(core)] == core:
            behind = folded[place + len(core) :]
            if not place and behind and behind[-1] in _PART_OF_NAME and not form.nominative:
                return name
            kept = " ".join(words[place : place + len(core)])
            return kept[: len(form.nominative) - len(form.core)] if form.nominative and kept[-1:].isalpha() else kept
    return name


def iri_triple(subject: str, predicate: str, object_: str) -> Triple:
    """A statement about two things; an address that is none is a mistake of ours and raises ValueError."""
    return Triple(Iri(subject), Iri(predicate), Iri(object_))


def text_triple(subject: str, predicate: str, text: str, language: str = "", *, kind: str = "") -> Triple:
    """A statement with a text in a language, or a value of an XML Schema type."""
    if language:
        return Triple(Iri(subject), Iri(predicate), Literal(text, language=language))
    return Triple(Iri(subject), Iri(predicate), Literal(text, datatype=Iri(_XSD + kind)) if kind else Literal(text))


def _labels(iri: str, nb: str, en: str) -> Iterator[Triple]:
    yield text_triple(iri, _SKOS + "prefLabel", nb, "nb")
    yield text_triple(iri, _SKOS + "prefLabel", en, "en")


def country_iri(code: str) -> str:
    """The country in the authority table of the EU."""
    return PREFIXES["country"] + alpha3(code)


def describe_country(code: str, source: str) -> Iterator[Triple]:
    """A country that the graph does not have yet."""
    iri = country_iri(code)
    yield iri_triple(iri, _TYPE, CG + "Country")
    yield from _labels(iri, country_label(code, "nb"), country_label(code, "en"))
    yield text_triple(iri, _SKOS + "notation", code)
    yield iri_triple(iri, _SOURCE, source)


def describe_place(body: Body, written: str, region: str, source: str) -> Iterator[Triple]:
    """A place.

    Args:
        body: what it is.
        written: the name as the list writes it.
        region: the state or province as the list writes it.
        source: the row that names it first.
    """
    yield iri_triple(body.place, _TYPE, CG + ("Region" if body.kind == "region" else "City"))
    yield from _labels(body.place, body.name, body.name)
    yield iri_triple(body.place, CG + "inCountry", country_iri(body.country))
    if region:
        yield text_triple(body.place, _SKOS + "altLabel", f"{bare_name(written)}, {region}", "en")
    if body.point:
        for name, value in zip(("latitude", "longitude"), body.point, strict=True):
            yield text_triple(body.place, _SCHEMA + name, _decimal(value), kind="decimal")
    yield iri_triple(body.place, _SOURCE, source)


def describe_authority(body: Body, source: str) -> Iterator[Triple]:
    """The authority that governs a place."""
    yield iri_triple(body.authority, _TYPE, PREFIXES["cv"] + "PublicOrganisation")
    yield iri_triple(body.authority, _TYPE, PREFIXES["org"] + "Organization")
    nb, en = (body.name, body.name) if body.kind == "region" else (f"{body.name} kommune", f"City of {body.name}")
    yield from _labels(body.authority, nb, en)
    yield iri_triple(body.authority, CG + "administers", body.place)
    yield iri_triple(body.authority, _SOURCE, source)


def describe_network(iri: str, name: str, source: str) -> Iterator[Triple]:
    """A network that the graph does not have yet."""
    yield iri_triple(iri, _TYPE, CG + "CityNetwork")
    yield from _labels(iri, name, name)
    yield iri_triple(iri, _SOURCE, source)


def _decimal(value: float) -> str:
    text = f"{value:.6f}".rstrip("0")
    return text + "0" if text.endswith(".") else text

"""HTML for people: the landing page with its schema.org description, and the documentation of the ontology."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from citygraph.jsonld import in_a_page
from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text, texts
from citygraph.namespaces import PREFIXES, compress
from citygraph.publish.catalog import Catalog
from citygraph.rdf import Iri, Literal, Quad
from citygraph.vocabularies import vocabulary_of

_OWL, _RDFS, _SKOS = PREFIXES["owl"], PREFIXES["rdfs"], PREFIXES["skos"]
_CLASSES: Final = frozenset({_OWL + "Class", _RDFS + "Class"})
_PROPERTIES: Final = frozenset({
    _OWL + "ObjectProperty", _OWL + "DatatypeProperty", _OWL + "AnnotationProperty", PREFIXES["rdf"] + "Property",
})  # fmt: skip
_FACTS: Final = (
    ("kind_of", _RDFS + "subClassOf"),
    ("kind_of", _RDFS + "subPropertyOf"),
    ("from", _RDFS + "domain"),
    ("to", _RDFS + "range"),
)
_DEFINITIONS: Final = (_SKOS + "definition", _RDFS + "comment", PREFIXES["dct"] + "description", _SKOS + "scopeNote")


def schema_org(catalog: Catalog, language: str) -> dict[str, Any]:
    """The dataset as search engines read it (schema.org, Dataset)."""
    dataset = catalog.dataset
    document: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": dataset.iri,
        "name": dataset.title.in_language(language),
        "description": dataset.description.in_language(language)[:5_000],
        "url": catalog.site,
        "identifier": dataset.identifier,
        "license": catalog.licence,
        **({"dateModified": dataset.modified} if dataset.modified else {}),
        **({"version": dataset.version} if dataset.version else {}),
        "keywords": list(dataset.keywords.get(language, ())),
        "inLanguage": [language, *(each for each in LANGUAGES if each != language)],
        "isAccessibleForFree": True,
        "distribution": [
            {
                "@type": "DataDownload",
                "name": each.title.in_language(language),
                "contentUrl": each.url,
                "encodingFormat": each.media_type,
                "contentSize": f"{each.byte_size} B",
            }
            for each in dataset.distributions
        ],
    }
    if catalog.answers:
        document["hasPart"] = [
            {
                "@type": "Dataset",
                "@id": each.iri,
                "name": each.title.in_language(language),
                "description": each.description.in_language(language)[:5_000],
                "license": catalog.licence,
            }
            for each in catalog.answers
        ]
    if dataset.issued:
        document["datePublished"] = dataset.issued
    if catalog.publisher is not None:
        agent = {
            "@type": "Organization",
            "@id": catalog.publisher.iri,
            "name": catalog.publisher.name.in_language(language),
        }
        document |= {"publisher": agent, "creator": agent}
    if dataset.spatial:
        document["spatialCoverage"] = [
            {"@type": "Place", "@id": iri, "name": _term(iri, language)} for iri in dataset.spatial
        ]
    if all(dataset.period):
        document["temporalCoverage"] = "/".join(dataset.period)
    return document


def _term(iri: str, language: str) -> str:
    vocabulary = vocabulary_of(iri)
    return vocabulary.label(iri).in_language(language) if vocabulary is not None else iri


def landing_page(
    catalog: Catalog, language: str, *, tables: Sequence[str], catalogs: Sequence[str], site: str = ""
) -> str:
    """The first page of the folder, complete without scripts; the addresses in it are relative.

    `site` is the first page of the site for people, when the folder has one.
    """
    return _rendered(
        "landing.html",
        language,
        other="index.html" if language == "en" else "en.html",
        catalog=catalog,
        tables=tables,
        catalogs=catalogs,
        site=site,
        term=lambda iri: _term(iri, language),
        # Nothing is left in it that HTML gives a meaning to.
        described=Markup(in_a_page(schema_org(catalog, language))),  # noqa: S704
    )


@dataclass(frozen=True, slots=True)
class _OntologyTerm:
    """A class, property or code as its page shows it; `facts` are links by the key of what they are."""

    iri: str
    curie: str
    anchor: str
    label: str
    definition: str
    facts: list[tuple[str, list[tuple[str, str]]]]


class _Ontology:
    """The terms of an ontology in one language."""

    def __init__(self, quads: Sequence[Quad], language: str, prefixes: Mapping[str, str]) -> None:
        self._language, self._prefixes = language, prefixes
        self._labels = Labels(quads, prefixes=prefixes)
        self._about: dict[str, dict[str, list[Iri | Literal]]] = defaultdict(lambda: defaultdict(list))
        for quad in quads:
            if isinstance(quad.subject, Iri) and isinstance(quad.object, Iri | Literal):
                self._about[quad.subject.value][quad.predicate.value].append(quad.object)

    def of(self, *types: str) -> list[_OntologyTerm]:
        """The terms of these types, by label."""
        wanted, type_ = set(types), PREFIXES["rdf"] + "type"
        found = [iri for iri, pairs in self._about.items() if wanted & {t.value for t in pairs.get(type_, [])}]
        return [self._term(iri) for iri in sorted(found, key=lambda iri: (self._label(iri).casefold(), iri))]

    def schemes(self) -> list[tuple[_OntologyTerm, list[_OntologyTerm]]]:
        """Each code list with its codes."""
        members: dict[str, list[_OntologyTerm]] = defaultdict(list)
        for term in self.of(_SKOS + "Concept"):
            for each in self._about[term.iri].get(_SKOS + "inScheme", []):
                members[each.value].append(term)
        return [(scheme, members[scheme.iri]) for scheme in self.of(_SKOS + "ConceptScheme")]

    def _term(self, iri: str) -> _OntologyTerm:
        pairs = self._about[iri]
        facts = [
            (key, [self._link(each) for each in sorted(values, key=str)])
            for key, name in _FACTS
            if (values := [each for each in pairs.get(name, []) if isinstance(each, Iri)])
        ]
        definitions = [each for name in _DEFINITIONS for each in pairs.get(name, []) if isinstance(each, Literal)]
        said = {each.language or "": each.value for each in reversed(definitions)}
        definition = next((said[each] for each in (self._language, *LANGUAGES, "") if each in said), "")
        return _OntologyTerm(iri, compress(iri, self._prefixes), self._anchor(iri), self._label(iri), definition, facts)

    def _link(self, iri: Iri) -> tuple[str, str]:
        return f"#{self._anchor(iri.value)}" if iri.value in self._about else iri.value, self._label(iri.value)

    def _label(self, iri: str) -> str:
        return self._labels.of(iri, self._language)

    def _anchor(self, iri: str) -> str:
        return compress(iri, self._prefixes).strip("<>").replace(":", "-")


def ontology_page(quads: Iterable[Quad], language: str, *, title: Text, prefixes: Mapping[str, str]) -> str:
    """Every class, property and code of the ontology, with its name, its definition and where it belongs."""
    ontology = _Ontology(list(quads), language, prefixes)
    return _rendered(
        "ontology.html",
        language,
        other="nb.html" if language == "en" else "en.html",
        title=title,
        classes=ontology.of(*_CLASSES),
        properties=ontology.of(*_PROPERTIES),
        schemes=ontology.schemes(),
    )


def _rendered(template: str, language: str, **values: object) -> str:
    words = {key.removeprefix("pages."): each.in_language(language) for key, each in texts("publish").items()}
    return (
        _environment()
        .get_template(template)
        .render(language=language, words=words, say=lambda each: each.in_language(language), **values)
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("citygraph.publish"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

"""HTML for people: the landing page with its schema.org description, and the documentation of the ontology."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from citygraph.labels import Labels
from citygraph.messages import LANGUAGES, Text
from citygraph.namespaces import PREFIXES, compress
from citygraph.publish.catalog import Catalog
from citygraph.publish.vocabulary import vocabulary_of
from citygraph.rdf import Iri, Literal, Quad

__all__ = ["landing_page", "ontology_page", "schema_org"]

_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1a1a1a;background:#fff}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;"
    "vertical-align:top}td.n{text-align:right}code{overflow-wrap:anywhere}a{color:#00529b}dt{font-weight:600}"
    "h3{margin-bottom:0}nav{float:right}"
)
_WORDS: Final = {
    "files": Text("Filer", "Files"),
    "file": Text("Fil", "File"),
    "format": Text("Format", "Format"),
    "size": Text("Byte", "Bytes"),
    "about": Text("Om dataene", "About the data"),
    "publisher": Text("Utgiver", "Publisher"),
    "contact": Text("Kontakt", "Contact"),
    "licence": Text("Lisens", "Licence"),
    "modified": Text("Sist endret", "Last changed"),
    "period": Text("Tidsrom", "Period"),
    "ontology": Text("Begreper", "Vocabulary"),
    "catalogue": Text("Katalogen for dataportaler", "The catalogue for data portals"),
    "classes": Text("Klasser", "Classes"),
    "properties": Text("Egenskaper", "Properties"),
    "concepts": Text("Kodelister", "Code lists"),
    "kind_of": Text("Er en", "Is a"),
    "from": Text("Gjelder", "Describes"),
    "to": Text("Verdi", "Value"),
    "other": Text("In English", "På norsk"),
    "tables": Text("Tabeller, én for hver klasse", "Tables, one for each class"),
    "services": Text("Tjenester", "Services"),
    "site": Text(
        "Utforsk grafen: sider, søk, spørsmål med svar", "Explore the graph: pages, search, questions with answers"
    ),
}
_OWL, _RDFS, _SKOS = PREFIXES["owl"], PREFIXES["rdfs"], PREFIXES["skos"]
_CLASSES: Final = frozenset({_OWL + "Class", _RDFS + "Class"})
_PROPERTIES: Final = frozenset({
    _OWL + "ObjectProperty", _OWL + "DatatypeProperty", _OWL + "AnnotationProperty", PREFIXES["rdf"] + "Property",
})  # fmt: skip
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
        "dateModified": dataset.modified,
        "version": dataset.version,
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

    def words(key: str) -> str:
        return escape(_WORDS[key].in_language(language))

    dataset = catalog.dataset
    facts = []
    if catalog.publisher is not None:
        facts.append((words("publisher"), escape(catalog.publisher.name.in_language(language))))
    if catalog.contact is not None:
        address = catalog.contact.email or catalog.contact.url
        facts.append((words("contact"), _link(address, catalog.contact.name.in_language(language))))
    facts += [
        (words("licence"), _link(catalog.licence, _term(catalog.licence, language))),
        (words("modified"), escape(dataset.modified)),
    ]
    if any(dataset.period):
        facts.append((words("period"), escape(" – ".join(dataset.period))))
    rows = [
        (
            _link(each.url.removeprefix(catalog.site), each.title.in_language(language)),
            escape(_term(each.format, language)),
            f"{each.byte_size:,}".replace(",", " "),
        )
        for described in catalog.datasets
        for each in described.distributions
    ]
    other = "nb" if language == "en" else "en"
    body = [
        f"<nav>{_link('index.html' if other == 'nb' else 'en.html', _WORDS['other'].in_language(language))}</nav>",
        f"<h1>{escape(dataset.title.in_language(language))}</h1>",
        f"<p>{escape(dataset.description.in_language(language))}</p>",
        *([f"<p><strong>{_link(site, _WORDS['site'].in_language(language))}</strong></p>"] if site else []),
        f"<h2>{words('about')}</h2><dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in facts)}</dl>",
        f"<p>{_link(f'ontology/{language}.html', _WORDS['ontology'].in_language(language))}</p>",
        f"<h2>{words('files')}</h2>",
        _table((words("file"), words("format"), words("size")), rows),
        f"<h2>{words('tables')}</h2>",
        _list(_link(path, path.rpartition("/")[2]) for path in tables),
        f"<h2>{words('catalogue')}</h2>",
        _list(_link(path, path.rpartition("/")[2]) for path in catalogs),
    ]
    if catalog.services:
        items = (_link(each.endpoint, each.title.in_language(language)) for each in catalog.services)
        body += [f"<h2>{words('services')}</h2>", _list(items)]
    # A text inside <script> may not hold the end of the element.
    described = json.dumps(schema_org(catalog, language), ensure_ascii=False, indent=1).replace("</", "<\\/")
    head = [f'<script type="application/ld+json">\n{described}\n</script>']
    head += [
        f'<link rel="alternate" type="text/turtle" href="{escape(path)}">' for path in catalogs if path.endswith(".ttl")
    ]
    head.append('<link rel="describedby" type="text/turtle" href="void.ttl">')
    return _page(dataset.title.in_language(language), language, head, body)


def ontology_page(quads: Iterable[Quad], language: str, *, title: Text, prefixes: Mapping[str, str]) -> str:
    """Every class, property and code of the ontology, with its name, its definition and where it belongs."""
    given = list(quads)
    about: dict[str, dict[str, list[Iri | Literal]]] = defaultdict(lambda: defaultdict(list))
    for quad in given:
        if isinstance(quad.subject, Iri) and isinstance(quad.object, Iri | Literal):
            about[quad.subject.value][quad.predicate.value].append(quad.object)
    labels = Labels(given, prefixes=prefixes)

    def words(key: str) -> str:
        return escape(_WORDS[key].in_language(language))

    def of(*types: str) -> list[str]:
        wanted = set(types)
        type_ = PREFIXES["rdf"] + "type"
        found = [iri for iri, pairs in about.items() if wanted & {t.value for t in pairs.get(type_, [])}]
        return sorted(found, key=lambda iri: (labels.of(iri, language).casefold(), iri))

    def entry(iri: str, level: str = "h3") -> str:
        pairs = about[iri]
        definition = _in_language([each for name in _DEFINITIONS for each in pairs.get(name, [])], language)
        rows = [
            (words(key), ", ".join(_thing(each, about, labels, language, prefixes) for each in sorted(values, key=str)))
            for key, name in (
                ("kind_of", _RDFS + "subClassOf"),
                ("kind_of", _RDFS + "subPropertyOf"),
                ("from", _RDFS + "domain"),
                ("to", _RDFS + "range"),
            )
            if (values := [each for each in pairs.get(name, []) if isinstance(each, Iri)])
        ]
        facts = "".join(f"<dt>{key}</dt><dd>{value}</dd>" for key, value in rows)
        return (
            f'<{level} id="{_anchor(iri, prefixes)}">{escape(labels.of(iri, language))}</{level}>'
            f"<p><code>{escape(iri)}</code></p><p>{escape(definition)}</p>{f'<dl>{facts}</dl>' if facts else ''}"
        )

    body = [
        f"<nav>{_link('nb.html' if language == 'en' else 'en.html', _WORDS['other'].in_language(language))}</nav>",
        f"<h1>{escape(title.in_language(language))}: {words('ontology')}</h1>",
        f"<h2>{words('classes')}</h2>",
        *map(entry, of(*_CLASSES)),
        f"<h2>{words('properties')}</h2>",
        *map(entry, of(*_PROPERTIES)),
        f"<h2>{words('concepts')}</h2>",
    ]
    members: dict[str, list[str]] = defaultdict(list)
    for iri in of(_SKOS + "Concept"):
        for each in about[iri].get(_SKOS + "inScheme", []):
            members[each.value].append(iri)
    for scheme in of(_SKOS + "ConceptScheme"):
        rows = [
            (
                f'<span id="{_anchor(iri, prefixes)}">{escape(labels.of(iri, language))}</span>',
                f"<code>{escape(compress(iri, prefixes))}</code>",
                escape(_in_language([each for name in _DEFINITIONS for each in about[iri].get(name, [])], language)),
            )
            for iri in members[scheme]
        ]
        body += [entry(scheme), _table((), rows)]
    return _page(f"{title.in_language(language)}: {_WORDS['ontology'].in_language(language)}", language, [], body)


def _thing(
    each: Iri | Literal, about: Mapping[str, object], labels: Labels, language: str, prefixes: Mapping[str, str]
) -> str:
    name = labels.of(each, language)
    target = f"#{_anchor(each.value, prefixes)}" if each.value in about else each.value
    return _link(target, name)


def _anchor(iri: str, prefixes: Mapping[str, str]) -> str:
    return escape(compress(iri, prefixes).strip("<>").replace(":", "-"))


def _in_language(values: Iterable[Iri | Literal], language: str) -> str:
    found = {each.language or "": each.value for each in reversed(list(values)) if isinstance(each, Literal)}
    return next((found[each] for each in (language, *LANGUAGES, "") if each in found), "")


def _link(target: str, name: str) -> str:
    return f'<a href="{escape(target)}">{escape(name)}</a>'


def _list(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    first = f"<thead><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr></thead>" if head else ""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>{first}<tbody>\n{lines}</tbody></table>"


def _page(title: str, language: str, head: Sequence[str], body: Sequence[str]) -> str:
    return "\n".join([
        "<!DOCTYPE html>",
        f'<html lang="{language}">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        *head,
        "</head>",
        "<body>",
        # The way to the other language stands before what the page is about.
        body[0],
        "<main>",
        *body[1:],
        "</main>",
        "</body>",
        "</html>",
        "",
    ])  # fmt: skip

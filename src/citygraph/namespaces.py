"""Prefixes and IRIs: the namespaces we use, and CURIEs expanded and compressed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

BASE: Final = "https://w3id.org/citygraph/"
CG: Final = BASE + "ontology#"
CONCEPT: Final = BASE + "concept/"

PREFIXES: Final[Mapping[str, str]] = {
    "adms": "http://www.w3.org/ns/adms#",
    "bibo": "http://purl.org/ontology/bibo/",
    "cg": CG,
    "cgs": BASE + "shapes#",
    "concept": CONCEPT,
    "country": "http://publications.europa.eu/resource/authority/country/",
    "csvw": "http://www.w3.org/ns/csvw#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "id": BASE + "id/",
    "oa": "http://www.w3.org/ns/oa#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "source": BASE + "source/",
    "time": "http://www.w3.org/2006/time#",
    "vann": "http://purl.org/vocab/vann/",
    "void": "http://rdfs.org/ns/void#",
    "wd": "http://www.wikidata.org/entity/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

RDF_TYPE: Final = PREFIXES["rdf"] + "type"
XSD_STRING: Final = PREFIXES["xsd"] + "string"

# RFC 3987 section 2.2 in outline: a scheme, then no character that would end an IRI in Turtle or SPARQL.
_ABSOLUTE_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`]*\Z")
_LOCAL_NAME = re.compile(r"[A-Za-z0-9_](?:[\w.-]*[\w-])?\Z")
_NAMESPACE_AND_NAME = re.compile(r"(.*[^\w.-])([A-Za-z0-9_](?:[\w.-]*[\w-])?)\Z", re.DOTALL)


def is_absolute_iri(text: str) -> bool:
    """Whether `text` can stand between `<` and `>` as an absolute IRI."""
    return _ABSOLUTE_IRI.match(text) is not None


def prefixes_for(base: str) -> dict[str, str]:
    """All prefixes, with `id:` and `source:` following the base IRI of one project.

    Roles, codes and indicators (`concept:`) belong to the vocabulary and keep our namespace in every
    project, so that two cities mean the same by "associated partner".
    """
    return {**PREFIXES, "id": base + "id/", "source": base + "source/"}


def expand(text: str, prefixes: Mapping[str, str] = PREFIXES) -> str | None:
    """The IRI behind a CURIE (`id:oslo-kommune`), an IRI in angle brackets or a bare absolute IRI.

    `None` when the prefix is not known and the text is no absolute IRI.
    """
    if text.startswith("<") and text.endswith(">"):
        inner = text[1:-1]
        return inner if is_absolute_iri(inner) else None
    prefix, colon, local = text.partition(":")
    if colon and prefix in prefixes and not local.startswith("//"):
        iri = prefixes[prefix] + local
        return iri if is_absolute_iri(iri) else None
    return text if is_absolute_iri(text) and ("://" in text or text.startswith("urn:")) else None


def compress(iri: str, prefixes: Mapping[str, str] = PREFIXES) -> str:
    """The shortest CURIE for an IRI, else the IRI in angle brackets."""
    return min(_candidates(iri, prefixes), key=len, default=f"<{iri}>")


def _candidates(iri: str, prefixes: Mapping[str, str]) -> Iterator[str]:
    for prefix, namespace in prefixes.items():
        if iri.startswith(namespace) and _LOCAL_NAME.match(iri[len(namespace) :]):
            yield f"{prefix}:{iri[len(namespace) :]}"


class Curies:
    """`compress` for many IRIs with the same prefixes: the namespace is looked up and not searched for.

    `used` are the prefixes of the CURIEs that were given.
    """

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        """Sort the prefixes by their namespaces."""
        self._prefixes = prefixes
        self._prefix_of: dict[str, str] = {}
        for prefix, namespace in prefixes.items():
            if len(prefix) < len(self._prefix_of.get(namespace, prefix + " ")):
                self._prefix_of[namespace] = prefix
        # A namespace that ends inside a name, as `http://a/b_`, is not found by cutting at the last mark.
        self._cut = all(re.search(r"[^\w.-]\Z", namespace) for namespace in prefixes.values())
        self.used: set[str] = set()

    def of(self, iri: str) -> str:
        """The shortest CURIE for an IRI, else the IRI in angle brackets."""
        if not self._cut:
            text = compress(iri, self._prefixes)
            if not text.startswith("<"):
                self.used.add(text.partition(":")[0])
            return text
        match = _NAMESPACE_AND_NAME.match(iri)
        if match is None:
            return f"<{iri}>"
        prefix = self._prefix_of.get(match[1])
        if prefix is None:
            return f"<{iri}>"
        self.used.add(prefix)
        return f"{prefix}:{match[2]}"

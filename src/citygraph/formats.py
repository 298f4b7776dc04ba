"""RDF and result formats: name, media type, file extension, specification."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["FORMATS", "Format", "Kind", "by_extension", "by_name", "names"]


class Kind(StrEnum):
    """What a format can carry."""

    TRIPLES = "triples"
    QUADS = "quads"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write triples, quads or rows."""

    name: str
    title: str
    media_type: str
    extension: str
    kind: Kind
    specification: str


FORMATS: Final = (
    Format("ttl", "Turtle", "text/turtle", "ttl", Kind.TRIPLES, "https://www.w3.org/TR/turtle/"),
    Format("nt", "N-Triples", "application/n-triples", "nt", Kind.TRIPLES, "https://www.w3.org/TR/n-triples/"),
    Format("rdf", "RDF/XML", "application/rdf+xml", "rdf", Kind.TRIPLES, "https://www.w3.org/TR/rdf-syntax-grammar/"),
    Format("jsonld", "JSON-LD", "application/ld+json", "jsonld", Kind.QUADS, "https://www.w3.org/TR/json-ld11/"),
    Format("nq", "N-Quads", "application/n-quads", "nq", Kind.QUADS, "https://www.w3.org/TR/n-quads/"),
    Format("trig", "TriG", "application/trig", "trig", Kind.QUADS, "https://www.w3.org/TR/trig/"),
    Format("csv", "CSV", "text/csv", "csv", Kind.ROWS, "https://www.w3.org/TR/sparql11-results-csv-tsv/"),
    Format("tsv", "TSV", "text/tab-separated-values", "tsv", Kind.ROWS,
           "https://www.w3.org/TR/sparql11-results-csv-tsv/"),
    Format("json", "SPARQL Results JSON", "application/sparql-results+json", "srj", Kind.ROWS,
           "https://www.w3.org/TR/sparql11-results-json/"),
    Format("xml", "SPARQL Results XML", "application/sparql-results+xml", "srx", Kind.ROWS,
           "https://www.w3.org/TR/rdf-sparql-XMLres/"),
)  # fmt: skip

_BY_NAME: Final = {format_.name: format_ for format_ in FORMATS}
_EXTENSIONS: Final = {format_.extension: format_ for format_ in FORMATS} | {
    "xml": _BY_NAME["rdf"],
    "owl": _BY_NAME["rdf"],
    "json": _BY_NAME["jsonld"],
}


def by_name(name: str) -> Format:
    """The format of that short name.

    Raises:
        KeyError: there is no such format.
    """
    return _BY_NAME[name]


def by_extension(extension: str) -> Format | None:
    """The format a file with that ending is read as (`.ttl` or `ttl`), or `None`."""
    return _EXTENSIONS.get(extension.lstrip(".").lower())


def names(*kinds: Kind) -> tuple[str, ...]:
    """The short names of all formats of those kinds, in the order of the table."""
    return tuple(format_.name for format_ in FORMATS if format_.kind in kinds)

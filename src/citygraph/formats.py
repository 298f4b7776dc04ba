"""RDF and result formats: name, media type, file extension, specification; which of them a reader wants most."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from citygraph.sparql.text import Form


class Carries(StrEnum):
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
    carries: Carries
    specification: str


FORMATS: Final = (
    Format("ttl", "Turtle", "text/turtle", "ttl", Carries.TRIPLES, "https://www.w3.org/TR/turtle/"),
    Format("nt", "N-Triples", "application/n-triples", "nt", Carries.TRIPLES, "https://www.w3.org/TR/n-triples/"),
    Format("rdf", "RDF/XML", "application/rdf+xml", "rdf", Carries.TRIPLES, "https://www.w3.org/TR/rdf-syntax-grammar/"),
    Format("jsonld", "JSON-LD", "application/ld+json", "jsonld", Carries.QUADS, "https://www.w3.org/TR/json-ld11/"),
    Format("nq", "N-Quads", "application/n-quads", "nq", Carries.QUADS, "https://www.w3.org/TR/n-quads/"),
    Format("trig", "TriG", "application/trig", "trig", Carries.QUADS, "https://www.w3.org/TR/trig/"),
    Format("csv", "CSV", "text/csv", "csv", Carries.ROWS, "https://www.w3.org/TR/sparql11-results-csv-tsv/"),
    Format("tsv", "TSV", "text/tab-separated-values", "tsv", Carries.ROWS,
           "https://www.w3.org/TR/sparql11-results-csv-tsv/"),
    Format("json", "SPARQL Results JSON", "application/sparql-results+json", "srj", Carries.ROWS,
           "https://www.w3.org/TR/sparql11-results-json/"),
    Format("xml", "SPARQL Results XML", "application/sparql-results+xml", "srx", Carries.ROWS,
           "https://www.w3.org/TR/rdf-sparql-XMLres/"),
)  # fmt: skip

HTML: Final = "html"
ROWS: Final = ("json", "xml", "csv", "tsv")
"""What the SPARQL endpoint can write rows in, the most useful first."""
GRAPHS: Final = ("ttl", "nt", "jsonld", "rdf", "nq", "trig")
"""What the SPARQL endpoint can write graphs in, the most useful first."""
ANSWER_FORMATS: Final = ("csv", "xlsx", "json", "geojson", "tsv", "xml", "ttl", "jsonld", "nt")
"""What the answers to saved questions can be had in; see `answer_formats`."""
LATITUDE: Final = ("latitude", "lat")
LONGITUDE: Final = ("longitude", "long", "lon", "lng")

_MEDIA_TYPES: Final = {format_.name: format_.media_type for format_ in FORMATS} | {
    HTML: "text/html",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
}
_ALIASES: Final = {
    "json": ("application/json",),
    "xml": ("application/xml", "text/xml"),
    "ttl": ("application/x-turtle", "text/rdf+n3"),
    "rdf": ("application/xml", "text/xml"),
    "jsonld": ("application/json",),
    "nt": ("text/plain",),
    "nq": ("text/x-nquads",),
}
_LONGEST_HEADER: Final = 2_000
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


def names(*kinds: Carries) -> tuple[str, ...]:
    """The short names of all formats of those kinds, in the order of the table."""
    return tuple(format_.name for format_ in FORMATS if format_.carries in kinds)


def media_type(name: str) -> str:
    """The media type of a format, of `html`, `xlsx` or `geojson`, without parameters.

    Raises:
        KeyError: there is no such format.
    """
    return _MEDIA_TYPES[name]


def content_type(name: str) -> str:
    """The value of `Content-Type`; texts say that they are UTF-8.

    Raises:
        KeyError: there is no such format.
    """
    plain = _MEDIA_TYPES[name]
    return f"{plain}; charset=utf-8" if plain.startswith("text/") else plain


def answer_formats(form: Form, columns: Sequence[str]) -> tuple[str, ...]:
    """The files that can carry the answer to a query of this form, in the order a page offers them."""
    match form:
        case Form.ASK:
            return ("json", "xml")
        case Form.CONSTRUCT | Form.DESCRIBE:
            return ("ttl", "jsonld", "nt")
        case Form.SELECT:
            workbook = ("xlsx",) if importlib.util.find_spec("xlsxwriter") is not None else ()
            on_a_map = ("geojson",) if place_in(columns) is not None else ()
            return ("csv", *workbook, "json", *on_a_map, "tsv", "xml")


def place_in(columns: Sequence[str]) -> tuple[int, int] | None:
    """Where the latitude and the longitude stand among the columns, when both are there."""
    latitude = next((columns.index(name) for name in LATITUDE if name in columns), None)
    longitude = next((columns.index(name) for name in LONGITUDE if name in columns), None)
    return (latitude, longitude) if latitude is not None and longitude is not None else None


@lru_cache(maxsize=512)
def negotiate(accept: str, offered: Sequence[str]) -> tuple[str, ...]:
    """Those of `offered` that an `Accept` header takes, the most welcome first (RFC 9110, 12.5.1).

    Args:
        accept: the header; one in which nothing can be read takes everything, as if it were not there. Only its first
            two thousand characters are read.
        offered: names of formats, or media types, in a tuple; their order decides a tie.

    >>> negotiate("text/csv;q=0.5, application/json", ROWS)
    ('json', 'csv')
    >>> negotiate("", ROWS)
    ('json', 'xml', 'csv', 'tsv')
    >>> negotiate("text/*", ("application/json", "text/html"))
    ('text/html',)
    """
    wanted = {media_range: weight for media_range, weight in _read_header(accept).items() if "/" in media_range}
    if not wanted:
        return tuple(offered)
    ranked = []
    for place, name in enumerate(offered):
        # The precise name of a format says more about it than an alias that several share.
        found = [each for each in (_weight(wanted, type_) for type_ in _types_of(name)) if each is not None]
        if found and max(found)[1] > 0:
            ranked.append((-max(found)[1], place, name))
    return tuple(name for _, _, name in sorted(ranked))


@lru_cache(maxsize=128)
def takes_more_keys(accept: str) -> bool:
    """Whether an answer in JSON may have a key that the SPARQL results format lacks.

    Readers that are strict about it refuse the whole answer; they ask for the format by its name.
    """
    return media_type("json") not in accept.lower()


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a header `Accept-Encoding` takes gzip."""
    wanted = _read_header(accept_encoding)
    return wanted.get("gzip", wanted.get("*", 0.0)) > 0


def _types_of(name: str) -> tuple[str, ...]:
    return (name,) if "/" in name else (_MEDIA_TYPES[name], *_ALIASES.get(name, ()))


def _read_header(header: str) -> dict[str, float]:
    """Media ranges with their weights; what cannot be read counts as not there."""
    wanted: dict[str, float] = {}
    for part in header[:_LONGEST_HEADER].split(","):
        media_range, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        if media_range:
            wanted[media_range] = max(weight, wanted.get(media_range, 0.0))
    return wanted


def _weight(wanted: dict[str, float], media_type: str) -> tuple[int, float] | None:
    """How precisely the header speaks of this media type, and how much it wants it."""
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    for precision, media_range in zip((3, 2, 1), ranges, strict=True):
        if media_range in wanted:
            return precision, wanted[media_range]
    return None

"""Which files can carry the answer to a question, and what they are called on the web."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from typing import Final

from citygraph.results import Answer, Graph, Solutions
from citygraph.sparql import Form

__all__ = ["MEDIA_TYPES", "formats_of", "formats_of_form", "place_in"]

MEDIA_TYPES: Final = {
    "json": "application/sparql-results+json",
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "xml": "application/sparql-results+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "ttl": "text/turtle; charset=utf-8",
    "nt": "application/n-triples",
    "jsonld": "application/ld+json",
}
_LATITUDE, _LONGITUDE = ("latitude", "lat"), ("longitude", "long", "lon", "lng")


def formats_of(answer: Answer | None, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The files that can carry an answer of this shape, in the order a page offers them."""
    if isinstance(answer, Graph):
        return ("ttl", "jsonld", "nt")
    if answer is not None and not isinstance(answer, Solutions):
        return ("json", "xml")
    has_workbook = importlib.util.find_spec("xlsxwriter") is not None
    on_earth = place_in(columns) is not None
    return ("csv", *(("xlsx",) if has_workbook else ()), "json", *(("geojson",) if on_earth else ()), "tsv", "xml")


def formats_of_form(form: Form, columns: tuple[str, ...]) -> tuple[str, ...]:
    """The files that can carry the answer to a query of this form, before it is asked."""
    match form:
        case Form.SELECT:
            return formats_of(None, columns)
        case Form.ASK:
            return ("json", "xml")
        case _:
            return ("ttl", "jsonld", "nt")


def place_in(columns: Sequence[str]) -> tuple[int, int] | None:
    """Where the latitude and the longitude stand among the columns, when both are there."""
    latitude = next((columns.index(name) for name in _LATITUDE if name in columns), None)
    longitude = next((columns.index(name) for name in _LONGITUDE if name in columns), None)
    return (latitude, longitude) if latitude is not None and longitude is not None else None

"""The search page and its twin."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from citygraph.kinds import FALLBACK, Kind
from citygraph.store.name_index import Hit
from citygraph.web.files import json_response
from citygraph.web.reading import Reading
from citygraph.web.rendering import Page

__all__ = ["FIRST", "find", "nearest", "search_json", "search_page"]

_TO_THE_LETTER: Final = 0.79
_MOST: Final = 50
# What people look for most often; a concept of the same name comes after the city.
FIRST: Final = ("network", "city", "authority", "country", "place", "person", "working-group", "body")
"""The kinds in the order in which equally good hits come."""


def find(reading: Reading, text: str, *, kind: str = "", most: int = _MOST) -> list[tuple[Hit, Kind]]:
    """What a text may mean, the best first; mere records have no names of their own and are left out."""
    found = [(hit, reading.kinds[hit.iri]) for hit in reading.search(text, most=200)]
    wanted = [(hit, each) for hit, each in found if each != FALLBACK and kind in {"", each.name}]
    order = {name: position for position, name in enumerate(FIRST)}
    wanted.sort(key=lambda pair: (-round(pair[0].score, 2), order.get(pair[1].name, len(order)), -pair[0].score))
    return wanted[:most]


def nearest(reading: Reading, text: str, *, most: int = 5) -> list[Hit]:
    """The names that come nearest to the last part of an address that leads nowhere."""
    return [hit for hit, _ in find(reading, text.replace("-", " "), most=most)]


class _Asked:
    def __init__(self, request: Request, reading: Reading) -> None:
        self._reading = reading
        self.text = request.query_params.get("q", "").strip()[:200]
        self.kind = request.query_params.get("kind", "")[:40]

    @cached_property
    def hits(self) -> list[tuple[Hit, Kind]]:
        return find(self._reading, self.text, kind=self.kind) if self.text else []


def search_page(request: Request) -> Response:
    """`/search?q=`: what is called that, or nearly that."""
    page = Page(request)
    asked = _Asked(request, page.reading)
    rows = [
        {
            "href": page.urls.entity(hit.iri),
            "name": page.reading.label(hit.iri, page.language),
            "matched": hit.name,
            "kind": kind.one.in_language(page.language),
        }
        for hit, kind in asked.hits
    ]
    kinds = [(kind.name, kind.many.in_language(page.language), count) for kind, count in page.reading.counts()]
    near = bool(rows) and asked.hits[0][0].score <= _TO_THE_LETTER
    return page.render("search.html", text=asked.text, chosen=asked.kind, rows=rows, kinds=kinds, near=near)


def search_json(request: Request) -> Response:
    """The same for programs."""
    page = Page(request)
    asked = _Asked(request, page.reading)
    results = [
        {
            "iri": hit.iri,
            "name": {language: page.reading.label(hit.iri, language) for language in ("nb", "en")},
            "matched": hit.name,
            "kind": kind.name,
            "score": round(hit.score, 3),
            "page": page.urls.entity(hit.iri),
        }
        for hit, kind in asked.hits
    ]
    return json_response(request, {"query": asked.text, "results": results})

"""Content negotiation: what an `Accept` header takes, the most welcome first (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from citygraph.formats import FORMATS

__all__ = ["GRAPHS", "HTML", "ROWS", "accepted", "content_type", "takes_gzip"]

HTML: Final = "html"
_MEDIA_TYPES: Final = {each.name: each.media_type for each in FORMATS} | {HTML: "text/html"}
_ALIASES: Final = {
    "json": ("application/json",),
    "xml": ("application/xml", "text/xml"),
    "ttl": ("application/x-turtle", "text/rdf+n3"),
    "rdf": ("application/xml", "text/xml"),
    "jsonld": ("application/json",),
    "nt": ("text/plain",),
    "nq": ("text/x-nquads",),
}
ROWS: Final = ("json", "xml", "csv", "tsv")
GRAPHS: Final = ("ttl", "nt", "jsonld", "rdf", "nq", "trig")
_MOST: Final = 2_000


def content_type(format: str) -> str:  # noqa: A002
    """The value of `Content-Type`; texts say that they are UTF-8."""
    media_type = _MEDIA_TYPES[format]
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


@lru_cache(maxsize=512)
def accepted(header: str, offered: Sequence[str]) -> tuple[str, ...]:
    """The formats among `offered` that the header takes, the most welcome first; our order decides a tie.

    >>> accepted("text/csv;q=0.5, application/json", ROWS)
    ('json', 'csv')
    >>> accepted("", ROWS)
    ('json', 'xml', 'csv', 'tsv')
    """
    if not header.strip():
        return tuple(offered)
    wanted = _read(header[:_MOST])
    ranked = []
    for place, name in enumerate(offered):
        found = [_weight(wanted, media_type) for media_type in (_MEDIA_TYPES[name], *_ALIASES.get(name, ()))]
        # The precise name of a format says more about it than an alias that several share.
        named = [each for each in found if each is not None]
        if named and max(named)[1] > 0:
            best = max(named)
            ranked.append((-best[1], place, name))
    return tuple(name for _, _, name in sorted(ranked))


def _read(header: str) -> dict[str, float]:
    """Media ranges with their weights; what cannot be read counts as not there."""
    wanted: dict[str, float] = {}
    for part in header.split(","):
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


@lru_cache(maxsize=128)
def takes_gzip(header: str) -> bool:
    """Whether `Accept-Encoding` takes gzip."""
    wanted = _read(header[:_MOST])
    return wanted.get("gzip", wanted.get("*", 0.0)) > 0

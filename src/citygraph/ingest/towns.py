"""In which countries a well-known city lies, by its names: from the list of exonyms and a list of our own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from citygraph.matching.names import homonyms, other_names, read_name

__all__ = ["known_countries", "spellings"]


def _lines() -> Iterator[tuple[str, list[str]]]:
    text = files("citygraph.ingest").joinpath("city_countries.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line[:1] not in {"", "#"}:
            country, *names = line.split()
            yield country, [name.replace("_", " ") for name in names]


def spellings() -> list[str]:
    """The well-known cities as their countries write them."""
    return [name for _, names in _lines() for name in names]


@cache
def _by_name() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for country, names in _lines():
        for name in names:
            found[read_name(name).core].add(country)
    return {name: frozenset(countries) for name, countries in found.items()}


def known_countries(core: str) -> frozenset[str]:
    """In which countries our own lists of well-known cities have this name; nothing for names that several bear.

    >>> sorted(known_countries("oslo")), sorted(known_countries("munich")), sorted(known_countries("valencia"))
    (['NO'], ['DE'], [])
    """
    if core in homonyms():
        return frozenset()
    return _by_name().get(core, frozenset()) | {city[:2] for city in other_names(core)}

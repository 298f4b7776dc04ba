"""A catalogue in pages: which datasets stand on which, and the links from page to page in the terms of Hydra.

The terms are those of Hydra Core (<https://www.hydra-cg.com/spec/latest/core/>, section 5.4), and beside each the older
one that harvesters of before 2015 follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.namespaces import PREFIXES
from citygraph.publish.catalog import Catalog, DcatDataset
from citygraph.rdf import Iri, Literal, Triple

__all__ = ["HYDRA", "Page", "link_triples", "page_name", "pages_of"]

HYDRA: Final = "http://www.w3.org/ns/hydra/core#"
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_INTEGER: Final = Iri(PREFIXES["xsd"] + "integer")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number from 1, of how many, with its datasets, of how many."""

    number: int
    of: int
    datasets: Sequence[DcatDataset]
    total: int


def pages_of(catalog: Catalog, size: int) -> list[Page]:
    """The datasets of a catalogue in pages of at most `size`, the graph first; one page when they fit."""
    datasets = catalog.datasets
    parts = [datasets[start : start + size] for start in range(0, len(datasets), size)]
    return [Page(number, len(parts), part, len(datasets)) for number, part in enumerate(parts, 1)]


def page_name(profile: str, number: int, format_: str) -> str:
    """The name of a page's file: the first has that of the catalogue, for it is the one that a portal is told of."""
    return f"{profile}.{format_}" if number == 1 else f"{profile}-{number}.{format_}"


def link_triples(catalog: Catalog, page: Page, profile: str, format_: str) -> list[Triple]:
    """The links of one page to the others of its format; none when it is the only one.

    A harvester reads every page in the format of the first, so a page of Turtle leads to a page of Turtle.
    """
    if page.of == 1:
        return []
    here = Iri(_address(catalog, profile, page.number, format_))
    total = Literal(str(page.total), datatype=_INTEGER)
    found = [
        Triple(Iri(catalog.iri), _TYPE, Iri(f"{HYDRA}Collection")),
        Triple(Iri(catalog.iri), Iri(f"{HYDRA}view"), here),
        Triple(Iri(catalog.iri), Iri(f"{HYDRA}totalItems"), total),
        Triple(here, _TYPE, Iri(f"{HYDRA}PartialCollectionView")),
        Triple(here, _TYPE, Iri(f"{HYDRA}PagedCollection")),
        Triple(here, Iri(f"{HYDRA}totalItems"), total),
    ]
    numbers = {"first": 1, "previous": page.number - 1, "next": page.number + 1, "last": page.of}
    for word, number in numbers.items():
        if 1 <= number <= page.of:
            there = Iri(_address(catalog, profile, number, format_))
            found += [Triple(here, Iri(f"{HYDRA}{name}"), there) for name in (word, f"{word}Page")]
    return found


def _address(catalog: Catalog, profile: str, number: int, format_: str) -> str:
    return f"{catalog.site}catalog/{page_name(profile, number, format_)}"

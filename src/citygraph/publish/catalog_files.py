"""The catalogue's files in a published folder: every profile in every format, in pages when it is large."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.publish.catalog import Catalog
from citygraph.publish.folder import NewFolder
from citygraph.publish.page_links import PageFile, follow_pages, without_links
from citygraph.publish.paging import HYDRA, link_triples, page_name, pages_of
from citygraph.publish.profiles import PROFILES
from citygraph.publish.record import NAMESPACES, write_record
from citygraph.rdf import Quad, Triple, canonical_hash, parse

__all__ = ["CATALOG_FORMATS", "read_back", "write_catalogs"]

CATALOG_FORMATS: Final = ("ttl", "rdf", "jsonld")
_FOLDER: Final = "catalog"
Put = Callable[[str, Iterable[Triple], str, Mapping[str, str]], None]


def write_catalogs(catalog: Catalog, put: Put, *, page_size: int) -> list[str]:
    """Write the catalogue in every profile and format; the paths that portals are told of, the first page of each.

    Args:
        catalog: the description.
        put: writes triples to a path in a format, with prefixes.
        page_size: datasets on one page, in a profile whose harvesters follow pages.
    """
    paths = []
    for name, profile in PROFILES.items():
        pages = pages_of(catalog, page_size if profile.paged else len(catalog.datasets))
        prefixes = {**NAMESPACES, "hydra": HYDRA} if len(pages) > 1 else NAMESPACES
        for page in pages:
            record = write_record(catalog, profile, datasets=page.datasets)
            for format_ in CATALOG_FORMATS:
                path = f"{_FOLDER}/{page_name(name, page.number, format_)}"
                put(path, [*record, *link_triples(catalog, page, name, format_)], format_, prefixes)
        paths += [f"{_FOLDER}/{page_name(name, 1, format_)}" for format_ in CATALOG_FORMATS]
    return paths


def read_back(folder: NewFolder, name: str) -> tuple[list[PageFile], list[Finding]]:
    """The pages of one profile as they stand in the folder, followed from the first; the other formats say the same.

    The pages returned are those of Turtle, by their paths in the folder.
    """
    chains, findings = {}, list[Finding]()
    for format_ in CATALOG_FORMATS:

        def read(file: str, format_: str = format_) -> PageFile | None:
            path = f"{_FOLDER}/{file}"
            return _read(folder, path, format_) if path in folder else None

        first = _read(folder, f"{_FOLDER}/{page_name(name, 1, format_)}", format_)
        chains[format_], wrong = follow_pages(first, read)
        findings += wrong
    pages = chains[CATALOG_FORMATS[0]]
    for format_, others in chains.items():
        if len(others) != len(pages):
            findings.append(finding("publish-lost", file=others[-1].name, place=others[-1].name))
        findings += [
            finding("publish-lost", file=other.name, place=other.name)
            for page, other in zip(pages, others, strict=False)
            if format_ != CATALOG_FORMATS[0] and _hash(page) != _hash(other)
        ]
    return pages, findings


def _read(folder: NewFolder, path: str, format_: str) -> PageFile:
    return PageFile(path, [quad.triple for quad in parse(folder.read(path), format=format_).quads])


def _hash(page: PageFile) -> str:
    return canonical_hash(Quad(each.subject, each.predicate, each.object) for each in without_links(page.record))

"""A catalogue in pages: which datasets stand on which, and the links from page to page in the terms of Hydra.

The terms are those of Hydra Core (<https://www.hydra-cg.com/spec/latest/core/>, section 5.4), and beside each the older
one that harvesters of before 2015 follow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.messages import Text
from citygraph.namespaces import PREFIXES
from citygraph.publish.catalog import Catalog, DcatDataset
from citygraph.publish.folder import NewFolder
from citygraph.publish.record import NAMESPACES, PROFILES, write_record
from citygraph.rdf import Iri, Literal, Quad, Triple, canonical_hash, parse

HYDRA: Final = "http://www.w3.org/ns/hydra/core#"
_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_INTEGER: Final = Iri(PREFIXES["xsd"] + "integer")


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """One page: its number from 1, of how many, with its datasets, of how many."""

    number: int
    of: int
    datasets: Sequence[DcatDataset]
    total: int


def pages_of(catalog: Catalog, size: int) -> list[CatalogPage]:
    """The datasets of a catalogue in pages of at most `size`, the graph first; one page when they fit."""
    datasets = catalog.datasets
    parts = [datasets[start : start + size] for start in range(0, len(datasets), size)]
    return [CatalogPage(number, len(parts), part, len(datasets)) for number, part in enumerate(parts, 1)]


def page_name(profile: str, number: int, format_: str) -> str:
    """The name of a page's file: the first has that of the catalogue, for it is the one that a portal is told of."""
    return f"{profile}.{format_}" if number == 1 else f"{profile}-{number}.{format_}"


def link_triples(catalog: Catalog, page: CatalogPage, profile: str, format_: str) -> list[Triple]:
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


# -- the pages followed, as a harvester does -------------------------------------------------------

_DATASET: Final = Iri(PREFIXES["dcat"] + "Dataset")
_PAGES: Final = tuple(Iri(HYDRA + name) for name in ("PartialCollectionView", "PagedCollection"))
# Python reads no number of more than 4,300 digits.
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_FILE_NAME: Final = re.compile(r"\w[\w.\-]*")


@dataclass(frozen=True, slots=True)
class PageFile:
    """One page as it was read: the name of its file, and its triples."""

    name: str
    record: Sequence[Triple]


@dataclass(frozen=True, slots=True)
class _Links:
    """What a page says of itself and the others; an address is empty, and the total -1, when it does not say."""

    here: str
    next: tuple[str, ...]
    previous: str
    first: str
    last: str
    total: int


def follow_pages(first: PageFile, read: Callable[[str], PageFile | None]) -> tuple[list[PageFile], list[Finding]]:
    """All pages from the first one on, and what is wrong with their links.

    A page is looked for beside the first, under the name at the end of its address.

    Args:
        first: the page to begin with; for a catalogue without pages it is the whole.
        read: the page in the file of this name; `None` when there is no such file.
    """
    pages, findings, wanted = [first], list[Finding](), ""
    read_before = {first.name.rpartition("/")[2]}
    while links := _links_of(pages[-1].record):
        name = pages[-1].name
        if wanted and links.here != wanted:
            findings.append(_broken(name, *_other_address(wanted, links.here)))
        if len(links.next) > 1:
            findings.append(_broken(name, *_two_next_pages(links.next)))
        if not links.next:
            break
        wanted = links.next[0]
        found = _name_beside(links.here, wanted)
        if not found:
            findings.append(finding("publish-pages-elsewhere", file=name, value=wanted, page=links.here, next=wanted))
            break
        if found in read_before:
            findings.append(_broken(name, *_in_a_circle(wanted)))
            break
        following = read(found)
        if following is None:
            findings.append(_broken(name, *_not_there(wanted)))
            break
        pages.append(following)
        read_before.add(found)
        if _links_of(following.record) is None:
            findings.append(_broken(found, *_no_page(wanted)))
    return pages, [*findings, *_contradictions(pages, whole=not findings)]


def lost_page(file: str) -> Finding:
    """A page that no other page leads to."""
    return _broken(file, "ingen side viser til den", "no page leads to it")


def without_links(record: Iterable[Triple]) -> list[Triple]:
    """A page without what it says of itself and the others: the same in every format."""
    return [
        each
        for each in record
        if not each.predicate.value.startswith(HYDRA)
        and not (each.predicate == _TYPE and isinstance(each.object, Iri) and each.object.value.startswith(HYDRA))
    ]


def _links_of(record: Sequence[Triple]) -> _Links | None:
    """The links of the page that the record says it is, read as ckanext-dcat does; `None` when it is no page."""
    found = {each.subject for kind in _PAGES for each in record if each.predicate == _TYPE and each.object == kind}
    if not found:
        return None
    here = min(found, key=str)
    about: dict[str, list[str]] = {}
    for each in record:
        if each.subject == here and isinstance(each.object, Iri | Literal):
            about.setdefault(each.predicate.value.removeprefix(HYDRA), []).append(each.object.value)

    def of(word: str) -> list[str]:
        return sorted(set(about.get(word) or about.get(f"{word}Page") or []))

    def one(word: str) -> str:
        return next(iter(of(word)), "")

    total = one("totalItems")
    return _Links(
        here=here.value if isinstance(here, Iri) else "",
        next=tuple(of("next")),
        previous=one("previous"),
        first=one("first"),
        last=one("last"),
        total=int(total) if _NUMBER.fullmatch(total) else -1,
    )


def _name_beside(here: str, there: str) -> str:
    """The name of the file at `there` when it lies in the folder of `here`, else nothing."""
    folder, name = here.rpartition("/")[0], there.rpartition("/")[2]
    return name if there == f"{folder}/{name}" and _FILE_NAME.fullmatch(name) else ""


def _contradictions(pages: Sequence[PageFile], *, whole: bool) -> Iterator[Finding]:
    """What the pages say of each other that is not so; what needs all of them is looked at when `whole`."""
    links = [each for page in pages if (each := _links_of(page.record))]
    for before, after, page in zip(links, links[1:], pages[1:], strict=False):
        if after.previous and after.previous != before.here:
            yield _broken(page.name, *_wrong_page("previous", after.previous, before.here))
    from_the_first = bool(links) and not links[0].previous
    for each, page in zip(links, pages, strict=False):
        if from_the_first and each.first and each.first != links[0].here:
            yield _broken(page.name, *_wrong_page("first", each.first, links[0].here))
        if whole and each.last and each.last != links[-1].here:
            yield _broken(page.name, *_wrong_page("last", each.last, links[-1].here))
    seen: dict[str, str] = {}
    for page in pages:
        for dataset in sorted({str(t.subject) for t in page.record if t.predicate == _TYPE and t.object == _DATASET}):
            if dataset in seen:
                yield _broken(page.name, *_twice(dataset, seen[dataset]))
            seen.setdefault(dataset, page.name)
    if whole and from_the_first:
        for each, page in zip(links, pages, strict=False):
            if each.total not in {-1, len(seen)}:
                yield _broken(page.name, *_wrong_total(each.total, len(seen)))


def _broken(file: str, nb: str, en: str) -> Finding:
    return finding("publish-pages", file=file, problem=Text(nb, en))


def _not_there(page: str) -> tuple[str, str]:
    return f"den neste siden, {page}, finnes ikke", f"the next page, {page}, is not there"


def _in_a_circle(page: str) -> tuple[str, str]:
    return f"den neste siden, {page}, er lest før", f"the next page, {page}, has been read before"


def _no_page(page: str) -> tuple[str, str]:
    return f"{page} sier ikke at den er en side", f"{page} does not say that it is a page"


def _two_next_pages(pages: Sequence[str]) -> tuple[str, str]:
    names = ", ".join(pages)
    return f"den har flere neste sider: {names}", f"it has more next pages than one: {names}"


def _other_address(wanted: str, here: str) -> tuple[str, str]:
    return f"siden på {wanted} sier at den er {here}", f"the page at {wanted} says that it is {here}"


def _wrong_page(word: str, said: str, found: str) -> tuple[str, str]:
    name = {"previous": "forrige", "first": "første", "last": "siste"}[word]
    return f"{name} side er {found}, ikke {said}", f"the {word} page is {found}, not {said}"


def _twice(dataset: str, page: str) -> tuple[str, str]:
    return f"{dataset} står også i {page}", f"{dataset} stands in {page} too"


def _wrong_total(said: int, found: int) -> tuple[str, str]:
    return f"den sier at katalogen har {said} datasett; den har {found}", (
        f"it says that the catalogue has {said} datasets; it has {found}"
    )


CATALOG_FORMATS: Final = ("ttl", "rdf", "jsonld")
# -- the catalogue's files: every profile in every format ------------------------------------------

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

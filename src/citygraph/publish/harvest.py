"""What the harvester of data.norge.no does to a record, and what it would stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from citygraph.findings import Finding, finding
from citygraph.language import Text
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri, Triple

__all__ = ["check_harvest", "closure_of", "not_xml_names", "terms_by_dataset"]

_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_DCAT: Final = PREFIXES["dcat"]
_MOST: Final = 20_000
"""Triples that one dataset may drag along; a record of ours has some twenty for each file."""
_LINKED_BY: Final = {
    "Distribution": (f"{_DCAT}distribution", "http://www.w3.org/ns/adms#sample"),
    "DataService": (f"{_DCAT}service", f"{_DCAT}accessService"),
    "CatalogRecord": (f"{_DCAT}record",),
}
"""What a harvester reaches these through; a thing that nothing links to is lost on the way."""
_XML_NAME_AT_END: Final = re.compile(r"[^\W\d][\w.\-]*\Z")


def check_harvest(record: Sequence[Triple], *, base: str, file: str = "") -> list[Finding]:
    """The conditions of the harvester that a record breaks.

    Args:
        record: the triples of the catalogue.
        base: the address that the graph's own names begin with; none of them may be dragged in.
        file: where the record stands.
    """
    return [finding("publish-harvest", file=file, problem=problem) for problem in _problems(record, base)]


def _problems(record: Sequence[Triple], base: str) -> Iterator[Text]:
    catalogs, datasets = _of_class(record, "Catalog"), _of_class(record, "Dataset")
    if not catalogs:
        yield Text("det finnes ingen dcat:Catalog", "there is no dcat:Catalog")
    if not datasets:
        yield Text("det finnes ingen dcat:Dataset", "there is no dcat:Dataset")
    for node in sorted(map(str, {*catalogs, *datasets, *_of_class(record, "DatasetSeries")})):
        if node.startswith("_:"):
            yield Text(f"{node} har ingen adresse og blir strøket", f"{node} has no address and is dropped")
    linked = {each.object for each in record if each.predicate.value == _DCAT + "dataset"}
    for dataset in datasets:
        if dataset not in linked:
            yield Text(f"{dataset} er ikke koblet til katalogen", f"{dataset} is not linked from the catalogue")
    yield from _lost(record)
    for iri in sorted(_iris(record)):
        if re.match(r"https?://(www\.)?example\.com(/|\Z)", iri) or "://" not in iri.replace("mailto:", "mailto://"):
            yield Text(f"{iri} er ingen absolutt adresse", f"{iri} is no absolute address")
    for name in not_xml_names(record):
        yield Text(f"{name} kan ikke skrives som RDF/XML", f"{name} cannot be written as RDF/XML")
    by_subject = _by_subject(record)
    for dataset in datasets:
        yield from _dragged_in(by_subject, dataset, set(datasets), base)


def _lost(record: Sequence[Triple]) -> Iterator[Text]:
    for class_, links in _LINKED_BY.items():
        reached = {each.object for each in record if each.predicate.value in links}
        for thing in _of_class(record, class_):
            if thing not in reached:
                yield Text(f"ingenting viser til {thing}", f"nothing links to {thing}")


def _dragged_in(
    by_subject: Mapping[object, Sequence[Triple]], dataset: object, datasets: set[object], base: str
) -> Iterator[Text]:
    closure = _closure(by_subject, dataset, datasets)
    if len(closure) > _MOST:
        yield Text(
            f"{dataset} drar med seg {len(closure)} påstander", f"{dataset} drags {len(closure)} statements along"
        )
    own = (CG, f"{base}id/", f"{base}graph/", f"{base}source/")
    for iri in sorted(iri for iri in _iris(closure) if iri.startswith(own)):
        yield Text(f"{iri} er en del av grafen og drar den med seg", f"{iri} is part of the graph and drags it along")


def closure_of(record: Iterable[Triple], dataset: object, *, others: set[object]) -> list[Triple]:
    """What the harvester takes as the graph of one dataset: all that can be reached, except other datasets."""
    return _closure(_by_subject(record), dataset, others)


def terms_by_dataset(record: Iterable[Triple]) -> dict[str, set[str]]:
    """Each dataset with everything that it leads to, other datasets left out; all as N-Triples write them."""
    given = list(record)
    by_subject, datasets = _by_subject(given), set(_of_class(given, "Dataset"))
    return {
        str(dataset): {
            str(term)
            for each in _closure(by_subject, dataset, datasets)
            for term in (each.subject, each.object)
            if term == dataset or term not in datasets
        }
        for dataset in datasets
    }


def _by_subject(record: Iterable[Triple]) -> dict[object, list[Triple]]:
    found: dict[object, list[Triple]] = {}
    for each in record:
        found.setdefault(each.subject, []).append(each)
    return found


def _closure(by_subject: Mapping[object, Sequence[Triple]], dataset: object, others: set[object]) -> list[Triple]:
    waiting, seen, found = [dataset], {dataset}, []
    while waiting:
        for triple in by_subject.get(waiting.pop(), []):
            found.append(triple)
            if triple.object not in seen and triple.object not in others:
                seen.add(triple.object)
                waiting.append(triple.object)
    return found


def not_xml_names(triples: Iterable[Triple]) -> list[str]:
    """The predicates that cannot be written as RDF/XML (its section 2.2 wants an XML name at their end)."""
    predicates = {each.predicate.value for each in triples}
    return sorted(name for name in predicates if not _XML_NAME_AT_END.search(name))


def _of_class(record: Iterable[Triple], name: str) -> list[object]:
    class_ = Iri(_DCAT + name)
    return sorted({each.subject for each in record if each.predicate == _TYPE and each.object == class_}, key=str)


def _iris(record: Iterable[Triple]) -> set[str]:
    return {
        term.value for each in record for term in (each.subject, each.predicate, each.object) if isinstance(term, Iri)
    }

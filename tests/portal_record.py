"""A record small enough to break in every way, and what the tests ask of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Final

from citygraph.config import read_config
from citygraph.messages import Text
from citygraph.publish.catalog import Catalog, Item, catalog_of
from citygraph.publish.record import NAMESPACES, PROFILES, write_record
from citygraph.rdf import Iri, Triple
from citygraph.saved_query import read_saved_query
from conftest import ROOT

__all__ = ["BASE", "ITEMS", "TYPE", "catalog", "iri", "many", "record", "subjects"]

BASE: Final = "https://w3id.org/citygraph/"
ITEMS: Final = (
    Item(
        "data/graph.ttl", Text.of("Turtle"), Text("Hele grafen", "The whole graph"), "RDF_TURTLE", "text/turtle", 1234
    ),
    Item("queries/members.csv", Text("Medlemmer", "Members"), Text("Hvem?", "Who?"), "CSV", "text/csv", 99, "members"),
)
_FORMATS: Final = {
    "csv": ("CSV", "text/csv"),
    "geojson": ("GEOJSON", "application/geo+json"),
    "xlsx": ("XLSX", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def iri(curie: str) -> Iri:
    prefix, _, local = curie.partition(":")
    return Iri(NAMESPACES[prefix] + local)


TYPE: Final = iri("rdf:type")


@cache
def catalog() -> Catalog:
    config = read_config(ROOT)
    return catalog_of(config, ITEMS, period=("1986-01-01", "2020-11-05"), modified=date(2026, 11, 23))


@cache
def many(answers: int) -> Catalog:
    """The same with the answers to some questions as datasets of their own, each as a table, a map and a workbook."""
    config = read_config(ROOT).having("publish.query_datasets", value=True)
    first = read_saved_query(ROOT / "queries" / "members.rq")
    queries = [
        replace(first, name=f"question-{n}", title=Text(f"Spørsmål {n}", f"Question {n}"))
        for n in range(1, answers + 1)
    ]
    items = [
        Item(f"queries/{each.name}.{ending}", each.title, each.question, file_type, media_type, 99, each.name)
        for each in queries
        for ending, (file_type, media_type) in _FORMATS.items()
    ]
    return catalog_of(
        config, [ITEMS[0], *items], period=("1986-01-01", "2020-11-05"), modified=date(2026, 11, 23), queries=queries
    )


@cache
def record(profile: str) -> tuple[Triple, ...]:
    return tuple(write_record(catalog(), PROFILES[profile]))


def subjects(triples: Iterable[Triple], class_: str) -> list[Iri]:
    return sorted(
        {t.subject for t in triples if t.predicate == TYPE and t.object == iri(class_) and isinstance(t.subject, Iri)},
        key=str,
    )

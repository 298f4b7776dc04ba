"""How often each class, property and graph is used: the figures of VoID and of the service description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from citygraph.rdf import Iri, Literal
from citygraph.results import Answer, Solutions

__all__ = ["COUNT_QUERIES", "Counts", "Used", "counts_of"]

_TARGETS: Final = """
SELECT ?class ?property ?target (COUNT(*) AS ?n) WHERE { ?s a ?class ; ?property ?o . ?o a ?target }
GROUP BY ?class ?property ?target
"""
_DATATYPES: Final = """
SELECT ?class ?property ?datatype (COUNT(*) AS ?n) WHERE {
  ?s a ?class ; ?property ?o .
  BIND(DATATYPE(?o) AS ?datatype)
  FILTER(BOUND(?datatype))
}
GROUP BY ?class ?property ?datatype
"""
_WIKIDATA: Final = """
SELECT (COUNT(*) AS ?n) WHERE {
  ?s <https://schema.org/sameAs> ?o .
  FILTER(STRSTARTS(STR(?o), "http://www.wikidata.org/"))
}
"""
COUNT_QUERIES: Final = (
    "SELECT (COUNT(*) AS ?n) (COUNT(DISTINCT ?s) AS ?subjects) WHERE { ?s ?p ?o }",
    "SELECT ?class (COUNT(*) AS ?n) WHERE { ?s a ?class } GROUP BY ?class",
    "SELECT ?property (COUNT(*) AS ?n) WHERE { ?s ?property ?o } GROUP BY ?property",
    "SELECT ?class ?property (COUNT(*) AS ?n) WHERE { ?s a ?class ; ?property ?o } GROUP BY ?class ?property",
    _TARGETS,
    _DATATYPES,
    "SELECT ?graph (COUNT(*) AS ?n) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph",
    _WIKIDATA,
)


@dataclass(slots=True)
class Used:
    """How one property is used by the things of one class."""

    triples: int = 0
    targets: dict[str, int] = field(default_factory=dict)
    datatypes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of one version."""

    triples: int
    entities: int
    classes: dict[str, int]
    properties: dict[str, int]
    used: dict[str, dict[str, Used]]
    graphs: dict[str, int]
    wikidata: int


def counts_of(answers: Sequence[Answer]) -> Counts:
    """The answers to `COUNT_QUERIES`, in their order, as figures."""
    rows = [list(answer) if isinstance(answer, Solutions) else [] for answer in answers]
    total, classes, properties, pairs, targets, datatypes, graphs, links = rows
    used: dict[str, dict[str, Used]] = {}
    for row in pairs:
        used.setdefault(_name(row["class"]), {})[_name(row["property"])] = Used(_number(row["n"]))
    for found, column in ((targets, "target"), (datatypes, "datatype")):
        for row in found:
            each = used.get(_name(row["class"]), {}).get(_name(row["property"]))
            if each is not None and isinstance(row[column], Iri):
                (each.targets if column == "target" else each.datatypes)[_name(row[column])] = _number(row["n"])
    return Counts(
        triples=_number(total[0]["n"]),
        entities=_number(total[0]["subjects"]),
        classes={_name(row["class"]): _number(row["n"]) for row in classes if isinstance(row["class"], Iri)},
        properties={_name(row["property"]): _number(row["n"]) for row in properties},
        used={name: each for name, each in used.items() if name},
        graphs={_name(row["graph"]): _number(row["n"]) for row in graphs},
        wikidata=_number(links[0]["n"]),
    )


def _name(term: object) -> str:
    return term.value if isinstance(term, Iri) else ""


def _number(term: object) -> int:
    return int(term.value) if isinstance(term, Literal) else 0

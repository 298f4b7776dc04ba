"""How often each class, property and graph is used: the figures of VoID and of the service description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from citygraph.rdf import Iri, Literal
from citygraph.results import Answer, Solutions
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore
from citygraph.store.process import Version

__all__ = ["Counting", "Counts", "Used"]

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
_QUERIES: Final = (
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


class Counting:
    """The figures of the version that was asked about last, counted once."""

    def __init__(self, open_pool: Callable[[Version], Pool]) -> None:
        """Nothing is counted yet.

        Args:
            open_pool: gives a pool of one worker, not started, that has the time to count a version.
        """
        self._open_pool = open_pool
        self._lock = asyncio.Lock()
        self._counted: tuple[Version, Counts] | None = None

    async def of(self, version: Version) -> Counts:
        """The figures of a version.

        Raises:
            StoreError: it cannot be counted in the time there is.
        """
        async with self._lock:
            if self._counted is None or self._counted[0] != version:
                pool = self._open_pool(version)
                await pool.start()
                try:
                    store = AskedStore(pool, asyncio.get_running_loop())
                    rows = [await asyncio.to_thread(store.query, text) for text in _QUERIES]
                finally:
                    await pool.close(patience=0)
                self._counted = version, _counts_of(rows)
            return self._counted[1]


def _counts_of(answers: Sequence[Answer]) -> Counts:
    """The answers to `_QUERIES`, in their order, as figures."""
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

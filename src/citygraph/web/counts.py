"""How often each class, property and graph is used: the figures of VoID and of the service description."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from citygraph.rdf import Iri, Literal
from citygraph.results import Answer, Solutions
from citygraph.store.pool import Pool
from citygraph.store.pool_store import AskedStore
from citygraph.store.versions import Version
from citygraph.void import FIGURES, Figures, figures_from

__all__ = ["Counting", "Counts"]

_GRAPHS: Final = "SELECT ?graph (COUNT(*) AS ?n) WHERE { GRAPH ?graph { ?s ?p ?o } } GROUP BY ?graph"


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of one version, and the triples of each named graph."""

    figures: Figures
    graphs: dict[str, int]


class Counting:
    """The figures of the version that was asked about last, counted once."""

    def __init__(self, open_pool: Callable[[Version], Pool], *, base: str) -> None:
        """A counter that counts a version when it is asked about it.

        Args:
            base: the address that the graph's own names begin with.
            open_pool: gives a pool of one worker, not started, that has the time to count a version.
        """
        self._open_pool, self._base = open_pool, base
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
                    base = {"base": Literal(self._base)}
                    answers = {
                        name: await asyncio.to_thread(store.query, text, bind=base if "?base" in text else None)
                        for name, text in FIGURES.items()
                    }
                    graphs = await asyncio.to_thread(store.query, _GRAPHS)
                finally:
                    await pool.close(patience=0)
                self._counted = version, Counts(figures_from(answers), _by_graph(graphs))
            return self._counted[1]


def _by_graph(answer: Answer) -> dict[str, int]:
    rows = answer if isinstance(answer, Solutions) else ()
    pairs = ((row.get("graph"), row.get("n")) for row in rows)
    return {name.value: int(n.value) for name, n in pairs if isinstance(name, Iri) and isinstance(n, Literal)}

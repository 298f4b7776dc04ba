"""A store in this process that takes SPARQL updates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyoxigraph

from citygraph.errors import QueryError, StoreError
from citygraph.rdf import Iri, Literal, Quad, Term

__all__ = ["UpdatableStore"]


class UpdatableStore:
    """Named graphs in memory; nothing from outside is ever run here."""

    def __init__(self, quads: Iterable[Quad] = ()) -> None:
        """A store that holds `quads`, in the graphs they name and nowhere else."""
        self._store = pyoxigraph.Store()
        self._store.bulk_extend(quads)

    def __len__(self) -> int:
        """How many quads there are."""
        return len(self._store)

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads."""
        self._store.extend(quads)

    def update(self, text: str) -> None:
        """Run one SPARQL update.

        Raises:
            QueryError: the text is no valid update.
            StoreError: the engine failed.
        """
        try:
            self._store.update(text)
        except SyntaxError as error:
            message = f"The update is not valid SPARQL: {error.msg}."
            raise QueryError(message) from error
        except (RuntimeError, OSError) as error:
            message = f"The store failed: {error}."
            raise StoreError(message) from error

    def number(self, text: str) -> int:
        """The one number that a SELECT of ours gives in its column `?n`.

        Raises:
            QueryError: the text is no valid query.
        """
        ((found,),) = self.rows(text, ("n",))
        return int(found.value) if isinstance(found, Literal) else 0

    def rows(self, text: str, columns: Sequence[str]) -> Iterator[tuple[Term | None, ...]]:
        """The rows of one SELECT of ours, in the columns named.

        Raises:
            QueryError: the text is no valid query.
        """
        try:
            found = self._store.query(text)
        except SyntaxError as error:
            message = f"The query is not valid SPARQL: {error.msg}."
            raise QueryError(message) from error
        if isinstance(found, pyoxigraph.QuerySolutions):
            for row in found:
                yield tuple(row[column] for column in columns)

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """The quads of one named graph, or all of them."""
        return self._store.quads_for_pattern(None, None, None, graph_name)

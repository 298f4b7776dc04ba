"""What every store offers: load, quads, query, close; and one query for each of many bindings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from citygraph.rdf import Iri, Quad, Term
from citygraph.results import Answer

__all__ = ["Store"]


class Store(Protocol):
    """A set of named graphs, and a default graph that holds each of their triples once."""

    def load(self, quads: Iterable[Quad]) -> None:
        """Add quads to their graphs and their triples to the default graph.

        Raises:
            StoreError: the store cannot be written.
        """

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """The quads of one named graph, or of all named graphs; literals as the engine spells them."""

    def query(
        self,
        text: str,
        *,
        bind: Mapping[str, Term] | None = None,
        graphs: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Answer:
        """The answer to one SPARQL query.

        Args:
            text: SPARQL 1.1; updates and SERVICE are refused.
            bind: values for variables that the query projects; terms, never text.
            graphs: ask the union of these named graphs instead of the default graph.
            prefixes: prefixes that the text may use without declaring them.
            timeout: seconds until the deadline.
            most_rows: more rows, or triples, than this are refused: a cut answer would look whole.

        Raises:
            QueryError: the text is no valid query, or reaches for the network.
            StoreTimeout: the deadline passed.
            StoreError: the engine failed.
        """

    def close(self) -> None:
        """Give back files and memory; the store is not used afterwards."""

"""A version that a SPARQL server holds, asked as if it lay here: the same names, the same answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from citygraph.errors import QueryError, SnapshotError, StoreError
from citygraph.messages import sentence
from citygraph.rdf import Iri, Quad, Term, serialize
from citygraph.results import Answer, Graph, Solutions
from citygraph.sparql.text import Form, check_values, counting, read_query, solutions_of, with_prefixes, with_values
from citygraph.store.server.connection import Connection
from citygraph.store.server.loading import read_lines
from citygraph.store.server.renaming import Dataset, Renaming
from citygraph.store.snapshot import Manifest, Snapshot

FINDINGS: Final = Iri("urn:citygraph:findings")
"""What the build had to say, as JSON, beside the manifest of a load."""

# Servers that cut answers without a word cut at a thousand rows or more.
_COUNTED_FROM: Final = 1_000
# So many solutions may make fewer triples, which are each there once.
_GRAPH_COUNTED_FROM: Final = 100


class ServedSnapshot(Snapshot):
    """One version as a server holds it; what the files state is read from the sealed copy here when there is one."""

    def __init__(self, connection: Connection, renaming: Renaming, manifest: Manifest, folder: Path) -> None:
        """A version under the names of one load.

        Args:
            connection: the server.
            renaming: the names of its graphs there.
            manifest: what it holds.
            folder: where its sealed copy lies, if this machine has one.
        """
        self.folder, self.manifest = folder, manifest
        self._connection, self._renaming = connection, renaming
        self._copy = _copy_of(folder, manifest.snapshot_id)
        self._findings: list[dict[str, object]] | None = None

    @property
    def load_id(self) -> str:
        """The name of the load that is asked."""
        return self._renaming.load_id

    def findings(self) -> list[dict[str, object]]:
        """See `Snapshot.findings`; from the server when this machine did not build the version.

        Raises:
            StoreError: the server did not answer.
        """
        if self._copy is not None:
            return self._copy.findings()
        if self._findings is None:
            graph, load = Iri(f"{self.manifest.base}versions"), Iri(f"{self.manifest.base}version/{self.load_id}")
            rows = self._connection.rows(f"SELECT ?text WHERE {{ GRAPH {graph} {{ {load} {FINDINGS} ?text }} }}")
            self._findings = json.loads(rows[0]["text"].value) if rows else []  # type: ignore[union-attr]
        return self._findings

    def asserted(self) -> tuple[Quad, ...]:
        """What the files state and holds on the day; without a sealed copy here as the server spells it.

        Raises:
            StoreError: the server did not give every statement.
        """
        if self._copy is not None:
            return self._copy.asserted()
        return tuple(quad for name in self.manifest.asserted_graphs for quad in self.quads(Iri(name)))

    def inferred(self) -> tuple[Quad, ...]:
        """What was derived; without a sealed copy here as the server spells it.

        Raises:
            StoreError: the server did not give every statement.
        """
        if self._copy is not None:
            return self._copy.inferred()
        return tuple(self.quads(Iri(self.manifest.inferred_graph)))

    def lifted(self) -> tuple[Quad, ...]:
        """What does not hold on the day; without a sealed copy here as the server spells it.

        Raises:
            StoreError: the server did not give every statement.
        """
        if self._copy is not None:
            return self._copy.lifted()
        return tuple(quad for name in self.manifest.lifted_graphs for quad in self.quads(Iri(name)))

    def lines(self) -> Iterator[bytes]:
        """See `Snapshot.lines`; without a sealed copy here as the server spells it.

        Raises:
            StoreError: the server did not give every statement.
        """
        if self._copy is not None:
            return self._copy.lines()
        return iter(serialize((*self.asserted(), *self.inferred(), *self.lifted()), format="nq").split(b"\n")[:-1])

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """See `Store.quads`; read from the server and counted.

        Raises:
            StoreError: the server did not give every statement.
        """
        for name in self._renaming.graphs if graph_name is None else (graph_name,):
            here = partial(self._renaming.quads_here, graph=name)
            yield from read_lines(self._connection, self._renaming.graph_there(name), here)

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
        """See `Store.query`."""
        return self.ask(text, bind=bind, graphs=graphs, prefixes=prefixes, timeout=timeout, most_rows=most_rows)

    def ask(
        self,
        text: str,
        *,
        bind: Mapping[str, Term] | None = None,
        graphs: Sequence[Iri] | None = None,
        named: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        base: str = "",
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Answer:
        """As `query`, with the graphs that `GRAPH` reaches, all of the version without them, and a base address.

        Raises:
            QueryError: as for `Store.query`.
            StoreTimeout: the deadline passed.
            StoreError: the server did not answer whole.
        """
        whole = with_prefixes(text, prefixes or {})
        query = read_query(whole)
        there, dataset = self._renaming.query_there(whole, graphs, named, base=base)
        check_values(query, bind or ())
        there = with_values(there, {name: [self._renaming.there(term)] for name, term in (bind or {}).items()})
        answer = self._connection.store.ask(
            there, values={}, graphs=dataset.default, named=dataset.named, timeout=timeout, most_rows=most_rows
        ).answer
        if isinstance(answer, Graph):
            if most_rows is not None and len(answer.triples) > most_rows:
                message = sentence("snapshots.triples", most=most_rows)
                raise QueryError(message, fix=sentence("next.less_or_rows"))
            if query.form is Form.CONSTRUCT and len(answer.triples) >= _GRAPH_COUNTED_FROM:
                self._check_solutions(there, dataset, timeout)
            here = (self._renaming.quad_here(triple, None).triple for triple in answer.triples)
            return Graph(tuple(dict.fromkeys(here)))
        if not isinstance(answer, Solutions):
            return answer
        self._check_whole(there, answer, dataset, timeout)
        # The text's order of columns is what its author means.
        columns = tuple(name for name in query.columns if name in answer.columns) if query.star else answer.columns
        rows = answer.project(columns).rows
        return Solutions(columns, tuple(tuple(map(self._cell, row)) for row in rows))

    def close(self) -> None:
        """See `Store.close`; the connection belongs to the project."""

    def _cell(self, term: Term | None) -> Term | None:
        return None if term is None else self._renaming.here(term)

    def _check_solutions(self, text: str, dataset: Dataset, timeout: float | None) -> None:
        """See that the server gives as many solutions as it counts: Virtuoso cuts a graph without any sign."""
        select = solutions_of(text)
        counted = counting(select) if select else None
        if select is None or counted is None:
            return
        number = self._connection.number(counted, dataset.default, dataset.named, timeout)
        if number < _COUNTED_FROM:
            return
        rows = self._connection.store.ask(
            select, values={}, graphs=dataset.default, named=dataset.named, timeout=timeout
        ).answer
        if isinstance(rows, Solutions) and len(rows) != number:
            raise self._cut(number, len(rows))

    def _cut(self, number: int, there: int) -> StoreError:
        message = sentence("snapshots.counts_answer", host=self._connection.host, wanted=number, given=there)
        return StoreError(message, fix=sentence("snapshots.cuts_long"))

    def _check_whole(self, text: str, answer: Solutions, dataset: Dataset, timeout: float | None) -> None:
        """Let the server count a long answer too: some cut it and say nothing."""
        if len(answer) < _COUNTED_FROM:
            return
        counted = counting(text)
        if counted is None:
            return
        number = self._connection.number(counted, dataset.default, dataset.named, timeout)
        if number != len(answer):
            message = sentence("snapshots.counts_answer", host=self._connection.host, wanted=number, given=len(answer))
            raise StoreError(message, fix=sentence("snapshots.cuts_long"))


def _copy_of(folder: Path, snapshot_id: str) -> Snapshot | None:
    """The sealed copy in that folder, when there is a whole one."""
    try:
        found = Snapshot(folder)
    except SnapshotError:
        return None
    return found if found.snapshot_id == snapshot_id else None

"""The versions of one project on a server: loaded beside the old one, counted, switched to, asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from itertools import chain
from pathlib import Path

from citygraph.errors import StoreError
from citygraph.store.capabilities import Capabilities
from citygraph.store.connection import Connection
from citygraph.store.lines import split_quad
from citygraph.store.loading import Loader
from citygraph.store.renaming import Renaming
from citygraph.store.served import ServedSnapshot
from citygraph.store.snapshot import Snapshot
from citygraph.store.versions import Versions, renaming_of

__all__ = ["HeldVersions"]

Progress = Callable[[str, int, int], None]


class HeldVersions:
    """What `Snapshots` is for folders, for a server; the folder beside it holds the sealed copies of this machine."""

    def __init__(
        self,
        connection: Connection,
        base: str,
        folder: Path,
        *,
        chunk: int = 100_000,
        known: Capabilities | None = None,
    ) -> None:
        """The versions of the project with that base address.

        Args:
            connection: the server.
            base: what the names of the project begin with.
            folder: where this machine keeps what it built.
            chunk: statements in one request while loading, at most.
            known: what `citygraph doctor` found out about the server.
        """
        self.connection = connection
        self.versions = Versions(connection, base)
        self._base, self._folder, self._chunk, self._known = base, folder, chunk, known
        self._last: ServedSnapshot | None = None
        self.seen = ""
        self._next_glance = 0.0

    def loader(self) -> Loader:
        """What fills graphs on this server, in the way that it is known to take them."""
        return Loader(self.connection, chunk=self._chunk, known=self._known)

    def ready(self) -> None:
        """See that the server answers, lets us in and takes updates, before anything is worked out for it.

        Raises:
            StoreError: it does not.
        """
        self.versions.probe()

    def current(self) -> ServedSnapshot | None:
        """The version in use; nothing before the first one.

        Raises:
            SnapshotError: it was made by another version of citygraph.
            StoreError: the server did not answer.
        """
        load_id = self.versions.current()
        return self._open(load_id) if load_id else None

    def glance(self, *, every: float = 2.0) -> str:
        """Which load is in use, asked of the server at most once in so many seconds.

        Raises:
            StoreError: the server did not answer.
        """
        now = time.monotonic()
        if now >= self._next_glance:
            self._next_glance = now + every
            self.seen = self.versions.current()
        return self.seen

    def _open(self, load_id: str) -> ServedSnapshot:
        """A load as a version to ask; a load never changes, so the last one opened is opened once."""
        if self._last is None or self._last.load_id != load_id:
            manifest = self.versions.manifest(load_id)
            folder = self._folder / manifest.snapshot_id
            self._last = ServedSnapshot(self.connection, renaming_of(manifest, load_id), manifest, folder)
        return self._last

    def use(self, snapshot: Snapshot, *, fresh: bool = False, progress: Progress | None = None) -> ServedSnapshot:
        """Serve a sealed version: load it unless the server has it whole, count it, then switch with one update.

        Until the switch, and after any failure, the version before is served.

        Args:
            snapshot: the version.
            fresh: load it even if the server has it.
            progress: told of each graph.

        Raises:
            StoreError: the server failed or has another number of statements than it was sent.
        """
        known = None if fresh else self._whole(snapshot.snapshot_id)
        load_id = known or self._load(snapshot, progress or _silent)
        self.versions.use(load_id)
        return self._open(load_id)

    def prune(self, keep: int) -> None:
        """Remove what is old or was broken off; see `Versions.prune`.

        Raises:
            StoreError: the server did not do it.
        """
        self.versions.prune(keep)

    def _whole(self, snapshot_id: str) -> str:
        """A load of that version that is whole, counted again; empty when there is none."""
        for each in self.versions.all():
            if each.snapshot_id == snapshot_id and each.issued:
                renaming = renaming_of(self.versions.manifest(each.load_id), each.load_id)
                if self.connection.count(renaming.merged) == each.triples:
                    return each.load_id
        return ""

    def _load(self, snapshot: Snapshot, say: Progress) -> str:
        manifest = snapshot.manifest
        renaming = self.versions.begin(manifest, snapshot.findings())
        try:
            triples = self._fill(snapshot, renaming, say)
            self._check_dataset(renaming, triples)
            self.versions.finish(renaming.load_id, triples)
        except StoreError:
            # A server that fails may not even take this; then a later build removes what was begun here.
            with suppress(StoreError):
                self.versions.forget(renaming.load_id)
            raise
        return renaming.load_id

    def _fill(self, snapshot: Snapshot, renaming: Renaming, say: Progress) -> int:
        """Every graph under its own name, and all of them merged; the number of merged statements."""
        loader = self.loader()
        graphs: dict[bytes, list[bytes]] = {str(name).encode(): [] for name in renaming.graphs}
        try:
            for line in snapshot.lines():
                statement, name = split_quad(line)
                if name:
                    graphs[name].append(renaming.line_there(statement))
        except ValueError as error:
            message = f"The graph cannot be loaded: {error}."
            raise StoreError(message, fix="Say it without RDF 1.2, or leave store.engine at embedded.") from error
        for done, (graph, lines) in enumerate(zip(renaming.graphs, graphs.values(), strict=True)):
            say("load-server", done, len(graphs) + 1)
            loader.fill_lines(renaming.graph_there(graph), lines)
        say("load-server", len(graphs), len(graphs) + 1)
        return loader.fill_lines(renaming.merged, chain.from_iterable(graphs.values()))

    def _check_dataset(self, renaming: Renaming, triples: int) -> None:
        """See that the server asks the graphs that it is told to ask, and no others.

        Raises:
            StoreError: it does not.
        """
        merged = renaming.merged
        seen = self.connection.number("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }", (merged,), (merged,))
        by_name = "SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }"
        named = self.connection.number(by_name, (merged,), (merged,))
        if seen != triples or named != triples:
            message = f"{self.connection.host} does not keep to the graphs that a query names (default-graph-uri)."
            raise StoreError(message, fix="Use another server: answers of this one would mix versions.")


def _silent(what: str, done: int, total: int) -> None:
    del what, done, total

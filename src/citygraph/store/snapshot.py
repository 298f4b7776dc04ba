"""One sealed snapshot, open for reading."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyoxigraph

from citygraph.errors import SnapshotError
from citygraph.rdf import Iri, Quad, Term, parse
from citygraph.results import Answer
from citygraph.store.manifest import read_manifest
from citygraph.store.oxigraph import answer

__all__ = ["ASSERTED_FILE", "FINDINGS_FILE", "INFERRED_FILE", "Snapshot"]

ASSERTED_FILE: Final = "asserted.nq"
INFERRED_FILE: Final = "inferred.nq"
FINDINGS_FILE: Final = "findings.json"
"""What the files state, what follows, and what the build had to say, in the folder of a snapshot."""
_LINE_END: Final = b" .\n"


class Snapshot:
    """A sealed snapshot, open for reading; a `Store` that refuses to be loaded."""

    def __init__(self, folder: Path) -> None:
        """Open the snapshot in `folder`.

        Raises:
            SnapshotError: it is not whole, or was built by another version of the program.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        self._store: pyoxigraph.Store | None = None

    @property
    def snapshot_id(self) -> str:
        """The name of this version of the graph."""
        return self.manifest.snapshot_id

    @property
    def asserted_graphs(self) -> list[Iri]:
        """The named graphs that hold what the files state."""
        return [Iri(name) for name in self.manifest.asserted_graphs]

    def findings(self) -> list[dict[str, object]]:
        """What the build had to say about the data, as it was written down."""
        return list(json.loads((self.folder / FINDINGS_FILE).read_text(encoding="utf-8")))

    def asserted(self) -> tuple[Quad, ...]:
        """What the files state, lexical forms as written there."""
        return self._read_quads(ASSERTED_FILE)

    def inferred(self) -> tuple[Quad, ...]:
        """What was derived, lexical forms as in the files."""
        return self._read_quads(INFERRED_FILE)

    def lines(self) -> Iterator[bytes]:
        """What the files state, then what was derived, as lines of N-Quads; see `citygraph.store.lines`.

        Raises:
            SnapshotError: a file was cut.
        """
        for name in (ASSERTED_FILE, INFERRED_FILE):
            with (self.folder / name).open("rb") as file:
                for line in file:
                    if not line.endswith(_LINE_END):
                        message = f"{self.folder / name} ends in the middle of a statement."
                        raise SnapshotError(message, fix="Build it again: citygraph build --fresh")
                    yield line[:-1]

    def load(self, quads: Iterable[Quad]) -> None:
        """Refused: a snapshot never changes."""
        del quads
        message = f"The snapshot {self.snapshot_id} is sealed."
        raise SnapshotError(message, fix="Change the files and run: citygraph build")

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """See `Store.quads`."""
        for quad in self._open().quads_for_pattern(None, None, None, graph_name):
            if isinstance(quad.graph_name, Iri):
                yield quad

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
        return answer(
            self._open(), text, bind=bind, graphs=graphs, prefixes=prefixes, timeout=timeout, most_rows=most_rows
        )

    def close(self) -> None:
        """See `Store.close`."""
        self._store = None

    def _open(self) -> pyoxigraph.Store:
        if self._store is None:
            try:
                self._store = pyoxigraph.Store.read_only(str(self.folder / "store"))
            except OSError as error:
                message = f"The snapshot {self.folder} cannot be opened: {error}."
                raise SnapshotError(message, fix="Build it again: citygraph build --fresh") from error
        return self._store

    def _read_quads(self, name: str) -> tuple[Quad, ...]:
        parsed = parse((self.folder / name).read_bytes(), format="nq")
        if parsed.problems:
            message = f"{self.folder / name} is damaged in line {parsed.problems[0].line}."
            raise SnapshotError(message, fix="Build it again: citygraph build --fresh")
        return parsed.quads

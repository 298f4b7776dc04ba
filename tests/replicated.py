"""Two small versions of a graph, a mirror, and the machine that pulls from it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citygraph.rdf import Iri, Literal, Quad
from citygraph.store import Manifest, Snapshot, SnapshotBuilder, Snapshots
from citygraph.store.mirror import Mirror, MirrorFolder
from citygraph.store.transfer import Sent, pull, push

BASE = "https://example.org/replicated/"
ONE, TWO = "0000000000000001", "0000000000000002"


def silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""
    del what, done, total


def sealed(folder: Path, name: str, *, base: str = BASE, size: int = 100) -> Snapshot:
    """A version with `size` statements, each of which names it."""
    graph = Iri(f"{base}graph/data")
    quads = [Quad(Iri(f"{base}id/{i}"), Iri(f"{base}is"), Literal(f"{name} {i}"), graph) for i in range(size)]
    manifest = Manifest(
        snapshot_id=name, citygraph_version="0", base=base, as_of="2020-11-05", engine="columnar", files={},
        asserted_graphs=[graph.value], inferred_graph=f"{base}graph/inferred/2020-11-05",
        counts={"asserted": size, "inferred": 0},
    )  # fmt: skip
    with SnapshotBuilder(folder) as builder:
        return Snapshot(builder.seal(manifest, asserted=quads, inferred=[], findings=[], replace=True))


@dataclass
class Replicas:
    """The machine that builds, the mirror, and the machine that serves."""

    built: Snapshots
    mirror: MirrorFolder
    served: Snapshots

    def push(self, name: str = ONE, *, keep: int = 5, size: int = 100) -> Sent:
        """Build a version and push it."""
        return push(sealed(self.built.folder, name, size=size), self.mirror, keep=keep, told=silent)

    def pull(
        self, mirror: Mirror | None = None, *, name: str = "", fresh: bool = False, most_bytes: int = 1 << 40
    ) -> Sent:
        """Pull a version and use it."""
        sent, folder = pull(
            mirror or self.mirror, self.served, base=BASE, most_bytes=most_bytes, told=silent, snapshot_id=name, fresh=fresh
        )  # fmt: skip
        self.served.use(folder)
        return sent

    def in_use(self) -> str:
        """The version that would be served."""
        current = self.served.current()
        return current.snapshot_id if current else ""

    def file_of(self, path: str, name: str = ONE) -> Path:
        """Where the mirror keeps a file of a version; `path` is how it begins."""
        listed = self.mirror.index().get(name)
        assert listed is not None
        if not path:
            return self.mirror.folder / "objects" / listed.contents[:2] / listed.contents[2:]
        files = self.mirror.contents(listed, base=BASE).files
        sha256 = next(each.sha256 for each in files if each.path.startswith(path))
        return self.mirror.folder / "objects" / sha256[:2] / sha256[2:]

    def edit_index(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Write the index anew, as somebody else might."""
        path = self.mirror.folder / "index.json"
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")

"""Two small versions of a graph, a mirror, and the machine that pulls from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citygraph.rdf import Iri, Literal, Quad
from citygraph.store import Manifest, Snapshot, SnapshotBuilder, Snapshots
from citygraph.store.mirror import Mirror, MirrorFolder
from citygraph.store.transfer import Moved, pull, push

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

    def push(self, name: str = ONE, *, keep: int = 5, size: int = 100) -> Moved:
        """Build a version and push it."""
        return push(sealed(self.built.folder, name, size=size), self.mirror, keep=keep, told=silent)

    def pull(
        self, mirror: Mirror | None = None, *, name: str = "", fresh: bool = False, most_bytes: int = 1 << 40
    ) -> Moved:
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

    def archive(self, name: str = ONE) -> Path:
        """Where the mirror keeps a version."""
        return self.mirror.folder / f"{name}.tar"

    def replace_archive(self, data: bytes, name: str = ONE) -> None:
        """An archive that somebody else wrote, and an index that fits it."""
        self.archive(name).write_bytes(data)
        sha256 = hashlib.sha256(data).hexdigest()
        self.edit_index(lambda index: index["snapshots"][-1].update(sha256=sha256, size=len(data)))

    def edit_index(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Write the index anew, as somebody else might."""
        path = self.mirror.folder / "index.json"
        document = json.loads(path.read_bytes())
        change(document)
        path.write_text(json.dumps(document), encoding="utf-8")


def in_old_layout(mirror: Path, snapshot: Snapshot) -> Callable[[str], Path]:
    """A mirror as older programs wrote it; what says where a file lies there, and the list of files for ""."""
    objects = mirror / "objects"

    def put(data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        (objects / sha256[:2]).mkdir(parents=True, exist_ok=True)
        (objects / sha256[:2] / sha256[2:]).write_bytes(data)
        return sha256

    files = [
        {
            "path": path.relative_to(snapshot.folder).as_posix(),
            "size": path.stat().st_size,
            "sha256": put(path.read_bytes()),
        }
        for path in sorted(snapshot.folder.rglob("*"))
        if path.is_file() and not path.name.startswith("LO")
    ]
    document = {"format": 1, "snapshot_id": snapshot.snapshot_id, "base": snapshot.manifest.base, "files": files}
    data = json.dumps(document).encode()
    listed = {
        "snapshot_id": snapshot.snapshot_id, "contents": put(data), "contents_size": len(data),
        "size": sum(int(str(each["size"])) for each in files), "as_of": "2020-11-05", "statements": 100, "pushed": "2026-01-01",
    }  # fmt: skip
    index = {"format": 1, "base": snapshot.manifest.base, "current": snapshot.snapshot_id, "snapshots": [listed]}
    (mirror / "index.json").write_text(json.dumps(index), encoding="utf-8")

    def where(path: str) -> Path:
        index = json.loads((mirror / "index.json").read_bytes())
        sha256 = str(index["snapshots"][0]["contents"])
        if path:
            names = json.loads((objects / sha256[:2] / sha256[2:]).read_bytes())["files"]
            sha256 = next(str(each["sha256"]) for each in names if each["path"].startswith(path))
        return objects / sha256[:2] / sha256[2:]

    return where

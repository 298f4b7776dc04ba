"""A snapshot in the making: built aside, sealed, and given its name in one move."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import pyoxigraph

from citygraph.errors import SnapshotError
from citygraph.rdf import Quad, serialize
from citygraph.store.directory import DIRECTORY_FILE
from citygraph.store.directory_file import write_directory
from citygraph.store.manifest import MANIFEST_FILE, Manifest
from citygraph.store.snapshot import ASSERTED_FILE, FINDINGS_FILE, INFERRED_FILE
from citygraph.store.snapshots import BROKEN_OFF, aside_of, move_into_place

__all__ = ["SnapshotBuilder"]


class SnapshotBuilder:
    """A snapshot in the making, in a folder of its own that nobody serves.

    As a context manager it throws the folder away unless `seal` was called.
    """

    def __init__(self, build_folder: Path) -> None:
        """Start a snapshot below `build_folder`.

        Raises:
            SnapshotError: the folder cannot be made.
        """
        try:
            build_folder.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=BROKEN_OFF, dir=build_folder))
        except OSError as error:
            message = f"Cannot write in {build_folder}: {error.strerror}."
            raise SnapshotError(message, fix="Check that the folder may be written and the disk has room.") from error

    def __enter__(self) -> Self:
        """Nothing more to do: the folder exists."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not sealed."""
        for folder in (self.folder, aside_of(self.folder)):
            shutil.rmtree(folder, ignore_errors=True)

    def seal(
        self,
        manifest: Manifest,
        *,
        asserted: Sequence[Quad],
        inferred: Sequence[Quad],
        findings: Sequence[Mapping[str, object]],
        replace: bool = False,
        with_directory: bool = True,
    ) -> Path:
        """Write everything, the manifest last, and give the folder its name; the path of the sealed snapshot.

        With `replace` a snapshot of the same name makes way; without it the one that is there is used. The
        directory is what pages name things from; a version that only answers questions needs none.

        Raises:
            SnapshotError: the disk is full or the folder cannot be written; nothing is left behind.
        """
        target = self.folder.parent / manifest.snapshot_id
        try:
            self._write_store([*asserted, *inferred])
            if with_directory:
                file = self.folder / DIRECTORY_FILE
                write_directory(file, chain(asserted, inferred), base=manifest.base, findings=len(findings))
            (self.folder / ASSERTED_FILE).write_bytes(serialize(asserted, format="nq"))
            (self.folder / INFERRED_FILE).write_bytes(serialize(inferred, format="nq"))
            _write_json(self.folder / FINDINGS_FILE, list(findings))
            # mkdtemp makes folders that only their owner reads; a snapshot is for every reader.
            self.folder.chmod(0o755)
            _write_json(self.folder / MANIFEST_FILE, asdict(manifest))
            return move_into_place(self.folder, target, replace=replace)
        except OSError as error:
            message = f"The snapshot cannot be written to {target.parent}: {error.strerror or error}."
            fix = "Make room on the disk and run it again; the previous version is still in use."
            raise SnapshotError(message, fix=fix) from error

    def _write_store(self, quads: Sequence[Quad]) -> None:
        store = pyoxigraph.Store(str(self.folder / "store"))
        store.bulk_extend(quads)
        # The default graph holds every triple once: the engine's own union of graphs counts repeats.
        store.bulk_extend(Quad(*triple) for triple in dict.fromkeys((q.subject, q.predicate, q.object) for q in quads))
        store.flush()
        store.optimize()


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")

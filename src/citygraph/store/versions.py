"""The snapshots of one project: immutable folders, listed, swapped in with one rename, pruned.

```
build/
  3f9c2ab7d10e4f52/      store/ (pyoxigraph)  directory.sqlite  asserted.nq  inferred.nq  findings.json  manifest.json
  current -> 3f9c2ab7d10e4f52
```

A snapshot is named by a hash of everything that went into it, so the same input gives the same name.
The manifest is written last: a folder without one is a build that was broken off, and is thrown away.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from citygraph.errors import SnapshotError
from citygraph.store.snapshot import BROKEN_OFF, MANIFEST_FILE, Snapshot, aside_of, move_into_place, read_manifest

__all__ = ["Snapshots", "Version"]

_CURRENT: Final = "current"


class Snapshots:
    """The snapshots of one project: which there are, and which one is in use."""

    def __init__(self, build_folder: Path) -> None:
        """The snapshots below `build_folder`, which need not exist yet."""
        self.folder = build_folder
        self._opened: tuple[object, Snapshot] | None = None

    def get(self, snapshot_id: str) -> Snapshot | None:
        """The whole snapshot of that name, or `None`."""
        try:
            return Snapshot(self.folder / snapshot_id)
        except SnapshotError:
            return None

    def current(self) -> Snapshot | None:
        """The snapshot in use, or `None` before the first build; opened once as long as it is the same.

        Raises:
            SnapshotError: the link points to a folder that is not a whole snapshot.
        """
        link = self.folder / _CURRENT
        if link.is_symlink() and not link.exists():
            self._restore(link.readlink().name)
        if not link.is_symlink():
            return None
        folder = link.resolve()
        seen = _identity(folder)
        if self._opened is None or seen is None or self._opened[0] != seen:
            self._opened = seen, Snapshot(folder)
        return self._opened[1]

    def _restore(self, name: str) -> None:
        """Put back the version that a build broken off between two renames had moved aside."""
        for aside in self.folder.glob(f"{BROKEN_OFF}*-old"):
            if (aside / MANIFEST_FILE).is_file() and read_manifest(aside).snapshot_id == name:
                aside.rename(self.folder / name)
                return

    def whole(self) -> list[Snapshot]:
        """The whole snapshots, the newest last."""
        if not self.folder.is_dir():
            return []
        folders = [path for path in self.folder.iterdir() if path.name[0] != "." and not path.is_symlink()]
        found = [snapshot for path in folders if (snapshot := self.get(path.name)) is not None]
        return sorted(found, key=lambda each: (each.folder / MANIFEST_FILE).stat().st_mtime)

    def adopt(self, folder: Path, snapshot_id: str) -> Path:
        """Give a whole folder that lies beside the snapshots its name; one of that name makes way.

        Raises:
            OSError: it cannot be moved.
        """
        moved = move_into_place(folder, self.folder / snapshot_id, replace=True)
        shutil.rmtree(aside_of(folder), ignore_errors=True)
        return moved

    def use(self, folder: Path) -> None:
        """Point to another snapshot: readers see the old one or the new one, never half of either.

        Raises:
            SnapshotError: the link cannot be written.
        """
        new = self.folder / f"{_CURRENT}.{os.getpid()}.new"
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(folder.name)
            new.replace(self.folder / _CURRENT)
        except OSError as error:
            message = f"Cannot switch to the new snapshot in {self.folder}: {error.strerror}."
            raise SnapshotError(message, fix="The previous version is still in use.") from error

    def prune(self, keep: int) -> None:
        """Remove all but the current snapshot and the `keep` newest, and what broken-off builds left."""
        if not self.folder.is_dir():
            return
        link = self.folder / _CURRENT
        current = link.resolve().name if link.is_symlink() else ""
        folders = [path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]
        whole = [path for path in folders if (path / MANIFEST_FILE).is_file()]
        whole.sort(key=lambda path: (path / MANIFEST_FILE).stat().st_mtime, reverse=True)
        for path in whole[keep:]:
            if path.name != current:
                shutil.rmtree(path, ignore_errors=True)
        for path in folders:
            if path.name.startswith(BROKEN_OFF) and not _in_use(path):
                shutil.rmtree(path, ignore_errors=True)
        # The archive of a pull that was broken off.
        for path in self.folder.glob(f"{BROKEN_OFF}*.tar*"):
            if path.is_file() and not _in_use(path):
                path.unlink(missing_ok=True)


def _identity(folder: Path) -> object:
    """What tells a snapshot from another, a fresh build of the same name included; `None` when it is not whole."""
    try:
        found = (folder / MANIFEST_FILE).stat()
    except OSError:
        return None
    return folder, found.st_ino, found.st_mtime_ns


def _in_use(folder: Path) -> bool:
    """Whether another build or pull may still be writing there: touched within the last hour."""
    newest = max((path.lstat().st_mtime for path in [folder, *folder.rglob("*")]), default=0.0)
    return newest > _now(folder.parent) - 3600


def _now(folder: Path) -> float:
    """The clock of the file system, which is the one that time stamps are compared with."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot as the pool serves it; built afresh under the same name it is another version."""

    folder: Path
    snapshot_id: str
    number: int = 0

"""A mirror: a folder that snapshots are pushed to and pulled from, every file stored once under its hash.

```
mirror/
  index.json             which snapshots there are, and which one is in use; moved into place last
  objects/3f/9c2ab7…     every file, and every list of files, named by its SHA-256
```
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

from citygraph.errors import SnapshotError
from citygraph.store.arriving import Damaged, From, is_there, no_link, receive, write_durably
from citygraph.store.contents import Contents, Index, Listed, Piece, open_regular, read_contents, read_index, written

__all__ = ["INDEX", "MOST_INDEX_BYTES", "Mirror", "MirrorFolder", "locked", "object_path", "reading"]

INDEX: Final = "index.json"
MOST_INDEX_BYTES: Final = 16_000_000
"""An index, or a list of files, is refused when it is larger."""
_LOCK: Final = ".lock"
_READ: Final = 1024 * 1024
_ANY_SIZE: Final = 1 << 63


def object_path(sha256: str) -> str:
    """Where in a mirror the file with this hash lies.

    >>> object_path("3f9c2ab7")
    'objects/3f/9c2ab7'
    """
    return f"objects/{sha256[:2]}/{sha256[2:]}"


class Mirror(Protocol):
    """Something that snapshots can be pulled from."""

    @property
    def name(self) -> str:
        """Its folder or address, for people."""
        ...

    def index(self) -> Index:
        """Which snapshots there are.

        Raises:
            SnapshotError: there is no mirror, or it cannot be read.
        """
        ...

    def fetch(self, piece: Piece, target: Path) -> None:
        """Bring one file to `target`, verified; an interrupted transfer goes on where it stopped.

        Raises:
            SnapshotError: the mirror does not have it, or has it damaged.
            OSError: `target` cannot be written.
        """
        ...


class MirrorFolder:
    """A mirror in a folder of this machine, or of a network drive."""

    def __init__(self, folder: Path) -> None:
        """The mirror in `folder`, which need not exist yet."""
        self.folder = folder

    @property
    def name(self) -> str:
        """See `Mirror.name`."""
        return str(self.folder)

    def index(self) -> Index:
        """See `Mirror.index`."""
        path = self.folder / INDEX
        try:
            with open_regular(path) as file:
                data = file.read(MOST_INDEX_BYTES + 1)
        except FileNotFoundError as error:
            message = f"There are no snapshots in {self.folder}."
            raise SnapshotError(message, fix="Push one there first: citygraph snapshot push DIR") from error
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}."
            raise SnapshotError(message, fix="Check that the folder is there and that you may read it.") from error
        if len(data) > MOST_INDEX_BYTES:
            message = f"{path} has more than {MOST_INDEX_BYTES:,} bytes."
            raise SnapshotError(message, fix="Check that this is the folder that citygraph snapshot push wrote.")
        return read_index(data, where=str(self.folder))

    def fetch(self, piece: Piece, target: Path) -> None:
        """See `Mirror.fetch`."""
        path = self.folder / object_path(piece.sha256)
        no_link(path.parent.parent)
        no_link(path.parent)
        again = "Push the snapshot again from the machine that built it: citygraph snapshot push DIR"
        try:
            with open_regular(path):
                pass
        except OSError as error:
            why = "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
            message = f"{path} ({piece.path}) {why}."
            raise SnapshotError(message, fix=again) from error
        try:
            receive(piece, target, reading(path))
        except Damaged as error:
            message = f"{path} ({piece.path}) is damaged: {error}."
            raise SnapshotError(message, fix=again) from error

    def contents(self, listed: Listed, *, base: str) -> Contents:
        """The files of one snapshot, as the mirror lists them.

        Raises:
            SnapshotError: the list is missing or damaged.
        """
        path = self.folder / object_path(listed.contents)
        message = f"{path} (the list of files of {listed.snapshot_id}) is damaged."
        piece = Piece("", min(listed.contents_size, MOST_INDEX_BYTES), listed.contents)
        if not is_there(piece, path):
            raise SnapshotError(message, fix="Push that snapshot again.")
        with open_regular(path) as file:
            data = file.read(MOST_INDEX_BYTES)
        return read_contents(data, listed, base=base, where=self.name, most_bytes=_ANY_SIZE)

    def put(self, piece: Piece, read: From, *, whose: str) -> bool:
        """Store one file under its hash; whether it had to be written, because it was not there or was damaged.

        Raises:
            SnapshotError: the bytes are not those that `piece` describes; `whose` says where they came from.
            OSError: the folder cannot be written.
        """
        path = self.folder / object_path(piece.sha256)
        for folder in (self.folder / "objects", path.parent):
            no_link(folder)
        if is_there(piece, path):
            return False
        try:
            receive(piece, path, read)
        except Damaged as error:
            message = f"{whose} changed while it was read: {error}."
            raise SnapshotError(message, fix="Build it again, and push then: citygraph build --fresh") from error
        return True

    def put_index(self, index: Index) -> None:
        """Make this the index; readers see the old one or the new one.

        Raises:
            OSError: the folder cannot be written.
        """
        write_durably(self.folder / INDEX, written(index))

    def remove_unused(self, used: set[str]) -> int:
        """Remove the files that no snapshot uses, by hash, and what interrupted pushes left; how many they were."""
        removed = 0
        for path in sorted((self.folder / "objects").glob("*/*")):
            if path.parent.name + path.name not in used and not path.parent.is_symlink():
                path.unlink(missing_ok=True)
                removed += 1
        return removed

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else pushes meanwhile.

        Raises:
            SnapshotError: somebody is pushing right now, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"Cannot write in {self.folder}: {error.strerror}."
            raise SnapshotError(message, fix="Check that the folder may be written.") from error
        with locked(self.folder / _LOCK, f"Another push to {self.folder} is going on."):
            yield


@contextmanager
def locked(path: Path, message: str) -> Iterator[None]:
    """Hold the lock file at `path`; the lock goes with the process, however that ends.

    Raises:
        SnapshotError: somebody else holds it (then with this message), or the file system has no locks.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        cannot = f"{path} cannot be written: {error.strerror}."
        raise SnapshotError(cannot, fix="Check that the folder may be written.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SnapshotError(message, fix="Try again when it is done.") from error
        except OSError as error:
            cannot = f"{path} cannot be locked: {error.strerror}."
            raise SnapshotError(cannot, fix="Use a folder on a file system with locks.") from error
        yield
    finally:
        os.close(descriptor)


def reading(path: Path) -> From:
    """The bytes of a plain file of this machine, from a position on."""

    def read(start: int) -> Iterator[bytes]:
        with open_regular(path) as file:
            file.seek(start)
            while data := file.read(_READ):
                yield data

    return read

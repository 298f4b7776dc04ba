"""What a snapshot is made of: its files by name, size and hash, as one small document that is read with suspicion."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from citygraph.errors import SnapshotError
from citygraph.store.snapshot import MANIFEST_FILE

__all__ = [
    "FORMAT",
    "Contents",
    "Index",
    "Listed",
    "Piece",
    "contents_of",
    "is_snapshot_id",
    "open_regular",
    "read_contents",
    "read_index",
    "written",
]

FORMAT: Final = 1
_READ: Final = 1024 * 1024
_MOST_FILES: Final = 20_000
_MOST_SNAPSHOTS: Final = 10_000
_LONGEST_PATH: Final = 200
# No part of a path begins with a dot, so none of them is `.` or `..`, and nothing hidden is brought along.
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/){0,3}[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SNAPSHOT_ID: Final = re.compile(r"[0-9a-f]{16}")
# What the engine notes about its own run: it differs on every machine, and nobody reads it from a snapshot.
_OWN_NOTES: Final = re.compile(r"store/(?:LOCK|LOG(?:\.old\.\d+)?)")
_AGAIN: Final = "Push it again from the machine that built it: citygraph snapshot push"


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: where it lies in the snapshot, how many bytes it has, and their SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """Every file of one snapshot, in the order of their paths."""

    snapshot_id: str
    base: str
    files: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """The bytes of all files together."""
        return sum(piece.size for piece in self.files)


@dataclass(frozen=True, slots=True)
class Listed:
    """One snapshot in the index of a mirror.

    `contents` and `contents_size` are the hash and the bytes of the document that lists its files, `size` the
    bytes of those files; `pushed` is an instant in UTC (ISO 8601).
    """

    snapshot_id: str
    contents: str
    contents_size: int
    size: int
    as_of: str
    statements: int
    pushed: str


@dataclass(frozen=True, slots=True)
class Index:
    """Which snapshots of which graph a mirror holds, the oldest push first, and which one is in use."""

    base: str
    current: str = ""
    snapshots: tuple[Listed, ...] = ()

    def get(self, snapshot_id: str) -> Listed | None:
        """The snapshot of that name, or `None`."""
        return next((each for each in self.snapshots if each.snapshot_id == snapshot_id), None)


def is_snapshot_id(text: str) -> bool:
    """Whether this can be the name of a snapshot: sixteen hexadecimal digits, so never `current` or a path."""
    return bool(_SNAPSHOT_ID.fullmatch(text))


def contents_of(folder: Path, snapshot_id: str, base: str) -> Contents:
    """The files of a sealed snapshot with their hashes.

    Raises:
        SnapshotError: something in it is no plain file, has a name that no snapshot has, or cannot be read.
    """
    pieces = []
    for path in sorted(_walk(folder)):
        if not _OWN_NOTES.fullmatch(path):
            if not _is_path(path):
                message = f"{folder / path} does not belong in a snapshot."
                raise SnapshotError(message, fix="Remove it, or build again: citygraph build --fresh")
            with open_regular(folder / path) as file:
                size, sha256 = _measured(file)
            pieces.append(Piece(path, size, sha256))
    return Contents(snapshot_id, base, tuple(pieces))


def written(document: Contents | Index) -> bytes:
    """The document as it is stored; the same document gives the same bytes."""
    value = {"format": FORMAT, **asdict(document)}
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def read_contents(data: bytes, listed: Listed, *, base: str, where: str, most_bytes: int) -> Contents:
    """The files that a mirror says a snapshot has.

    Raises:
        SnapshotError: it is not such a document, is about something else, or names a path or size that is refused.
    """
    name = f"The list of files of {listed.snapshot_id} in {where}"
    raw = _document(data, name)
    files = raw.get("files")
    if not isinstance(files, list) or not 0 < len(files) <= _MOST_FILES:
        message = f"{name} has no files, or more than {_MOST_FILES:,}."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR")
    pieces = tuple(_piece(each, name) for each in files)
    contents = Contents(str(raw.get("snapshot_id")), str(raw.get("base")), pieces)
    if (contents.snapshot_id, contents.base) != (listed.snapshot_id, base):
        message = f"{name} is about the snapshot {contents.snapshot_id[:80]} of the graph {contents.base[:200]}."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR")
    paths = {piece.path for piece in pieces}
    folders = {piece.path[:i] for piece in pieces for i, letter in enumerate(piece.path) if letter == "/"}
    if len(paths) < len(pieces) or paths & folders or MANIFEST_FILE not in paths:
        message = f"{name} names a file twice, or not {MANIFEST_FILE}."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR")
    if contents.size > most_bytes:
        message = f"The snapshot {listed.snapshot_id} has {contents.size:,} bytes; at most {most_bytes:,} are taken."
        raise SnapshotError(message, fix="If that is right, raise limits.snapshot in graph.toml.")
    return contents


def read_index(data: bytes, *, where: str) -> Index:
    """Which snapshots a mirror holds.

    Raises:
        SnapshotError: it is not such a document.
    """
    name = f"The index of {where}"
    raw = _document(data, name)
    listed = raw.get("snapshots")
    if not isinstance(listed, list) or len(listed) > _MOST_SNAPSHOTS:
        message = f"{name} does not list snapshots."
        raise SnapshotError(message, fix="Check that this is the folder that citygraph snapshot push wrote.")
    index = Index(str(raw.get("base")), str(raw.get("current")), tuple(_listed(each, name) for each in listed))
    if index.current and index.get(index.current) is None:
        message = f"{name} says that {index.current[:80]} is in use, and does not list it."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR")
    return index


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A plain file, open for reading; a symbolic link, a pipe or a device is refused before it is read.

    Raises:
        SnapshotError: it is no plain file.
        OSError: it is not there or may not be read.
    """
    if path.is_symlink():
        message = f"{path} is a symbolic link, and a snapshot has plain files alone."
        raise SnapshotError(message, fix="Put the file itself there.")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            message = f"{path} is no plain file."
            raise SnapshotError(message, fix="Remove it, and push the snapshot again.")
        yield file


def _walk(folder: Path, below: str = "") -> Iterator[str]:
    with os.scandir(folder / below) as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder, f"{path}/")
            else:
                yield path


def _measured(file: BinaryIO) -> tuple[int, str]:
    hashed, size = hashlib.sha256(), 0
    while data := file.read(_READ):
        hashed.update(data)
        size += len(data)
    return size, hashed.hexdigest()


def _is_path(path: str) -> bool:
    return len(path) <= _LONGEST_PATH and bool(_PATH.fullmatch(path))


def _document(data: bytes, name: str) -> Mapping[str, Any]:
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = f"{name} is damaged: it is not the JSON that citygraph writes."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        message = f"{name} was written by another version of citygraph."
        raise SnapshotError(message, fix="Install the same version on both machines.")
    return raw


def _piece(raw: object, name: str) -> Piece:
    path, size, sha256 = (raw.get(key) for key in ("path", "size", "sha256")) if isinstance(raw, dict) else (None,) * 3
    if not isinstance(path, str) or not _is_path(path):
        message = f"{name} names the path {str(path)[:80]!r}, which lies outside of a snapshot."
        raise SnapshotError(message, fix="Do not use this mirror until you know who wrote that.")
    if type(size) is not int or size < 0 or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        message = f"{name} does not say the size and the hash of {path}."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR")
    return Piece(path, size, sha256)


def _listed(raw: object, name: str) -> Listed:
    try:
        listed = Listed(**raw) if isinstance(raw, dict) else None
    except TypeError:
        listed = None
    texts = (listed.snapshot_id, listed.contents, listed.as_of, listed.pushed) if listed else ()
    numbers = (listed.contents_size, listed.size, listed.statements) if listed else ()
    if (
        listed is None
        or not all(isinstance(each, str) and len(each) <= _LONGEST_PATH and each.isprintable() for each in texts)
        or not all(type(each) is int and each >= 0 for each in numbers)
        or not is_snapshot_id(listed.snapshot_id)
        or not _SHA256.fullmatch(listed.contents)
    ):
        message = f"{name} lists something that is no snapshot."
        raise SnapshotError(message, fix=f"{_AGAIN} DIR")
    return listed

"""A snapshot as one archive: packed the same each time, received under a name of its own, unpacked with suspicion.

An archive is a plain tar of regular files with short names, the manifest last: what `tar` of any machine reads. Of
what somebody else wrote nothing but that is taken, so no link, device, sparse file or long header is ever followed.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from citygraph.errors import SnapshotError
from citygraph.files import sync_folder
from citygraph.messages import sentence
from citygraph.store.snapshot import MANIFEST_FILE

_READ: Final = 1024 * 1024
_BLOCK: Final = 512
_MOST_FILES: Final = 20_000
# What fits into the header of a tar. No part begins with a dot, so none is `.` or `..`, and nothing hidden comes along.
_LONGEST_PATH: Final = 100
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/){0,3}[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
# What the engine notes about its own run: it differs on every machine, and nobody reads it from a snapshot.
_OWN_NOTES: Final = re.compile(r"store/(?:LOCK|LOG(?:\.old\.\d+)?)")

From: TypeAlias = Callable[[int], Iterator[bytes]]
"""The bytes of a file from a position on."""


class Damaged(Exception):  # noqa: N818  # named by what it is; the callers say whose file it was
    """What arrived is not the file that was promised; the text says in what way."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a mirror or of a snapshot: its path there, how many bytes it has, and their SHA-256."""

    path: str
    size: int
    sha256: str


def is_path(path: object) -> bool:
    """Whether a file of a snapshot may lie there: never outside of its folder, never hidden."""
    return isinstance(path, str) and len(path) <= _LONGEST_PATH and bool(_PATH.fullmatch(path))


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A plain file, open for reading; a symbolic link, a pipe or a device is refused before it is read.

    Raises:
        SnapshotError: it is no plain file.
        OSError: it is not there or may not be read.
    """
    if path.is_symlink():
        message = sentence("snapshots.link_inside", path=path)
        raise SnapshotError(message, fix=sentence("snapshots.put_file"))
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            message = sentence("snapshots.no_plain", path=path)
            raise SnapshotError(message, fix=sentence("snapshots.remove_and_push"))
        yield file


def reading(path: Path) -> From:
    """The bytes of a plain file of this machine, from a position on."""

    def read(start: int) -> Iterator[bytes]:
        with open_regular(path) as file:
            file.seek(start)
            while data := file.read(_READ):
                yield data

    return read


# -- one file on its way ------------------------------------------------------------------------------


def receive(piece: Piece, target: Path, read: From) -> None:
    """Bring a file to `target`, which appears only when it is whole, on the disk, and has the right hash.

    What an interrupted call left is gone on with; when it turns out to be of no use, everything is read again.

    Raises:
        Damaged: the bytes do not have the size and hash of `piece`.
        SnapshotError: something else than a plain file is in the way.
        OSError: the disk is full or cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name.removeprefix('.')}.part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        begun = os.fstat(descriptor).st_size
        try:
            try:
                _fill(file, piece, read)
            except Damaged:
                if not begun:
                    raise
                # The beginning may have been of another file, or lost when the machine stopped.
                file.truncate(0)
                _fill(file, piece, read)
        except Damaged:
            part.unlink(missing_ok=True)
            raise
        file.flush()
        os.fsync(descriptor)
    part.replace(target)
    sync_folder(target.parent)


def _fill(file: BinaryIO, piece: Piece, read: From) -> None:
    """Hash what is there, append the rest, and hold both against the piece."""
    hashed, size = hashlib.sha256(), 0
    file.seek(0)
    while data := file.read(_READ):
        hashed.update(data)
        size += len(data)
    for data in read(size) if size < piece.size else ():
        size += len(data)
        if size > piece.size:
            break
        file.write(data)
        hashed.update(data)
    if size != piece.size:
        if size > piece.size:
            message = sentence("snapshots.too_long", size=piece.size)
        else:
            message = sentence("snapshots.other_size", has=size, size=piece.size)
        raise Damaged(message)
    if hashed.hexdigest() != piece.sha256:
        message = sentence("snapshots.other_hash")
        raise Damaged(message)


def is_there(piece: Piece, target: Path) -> bool:
    """Whether the whole file lies at `target` already; every byte of it is looked at.

    Raises:
        SnapshotError: something else than a plain file is in the way.
    """
    try:
        with open_regular(target) as file:
            if os.fstat(file.fileno()).st_size != piece.size:
                return False
            hashed = hashlib.sha256()
            while data := file.read(_READ):
                hashed.update(data)
    except FileNotFoundError:
        return False
    return hashed.hexdigest() == piece.sha256


# -- a folder and its archive -------------------------------------------------------------------------


def pack(folder: Path, name: str, write: Callable[[bytes], object]) -> Piece:
    """Write the archive of a sealed snapshot; the same files give the same bytes.

    Args:
        folder: the snapshot.
        name: what the archive is called.
        write: takes the bytes.

    Raises:
        SnapshotError: something in it is no plain file, has a name that no snapshot has, or cannot be read.
    """
    hashed, total = hashlib.sha256(), 0

    def put(data: bytes) -> None:
        nonlocal total
        hashed.update(data)
        total += len(data)
        write(data)

    for path in sorted(_walk(folder), key=lambda each: (each == MANIFEST_FILE, each)):
        if _OWN_NOTES.fullmatch(path):
            continue
        if not is_path(path):
            message = sentence("snapshots.not_of_it", path=folder / path)
            raise SnapshotError(message, fix=sentence("snapshots.remove_or_build"))
        with open_regular(folder / path) as file:
            member = tarfile.TarInfo(path)
            member.size = left = os.fstat(file.fileno()).st_size
            put(member.tobuf(tarfile.GNU_FORMAT))
            while left and (data := file.read(min(_READ, left))):
                put(data)
                left -= len(data)
            if left:
                message = sentence("snapshots.changed", path=folder / path)
                raise SnapshotError(message, fix=sentence("snapshots.build_then_push"))
            put(b"\0" * (-member.size % _BLOCK))
    put(b"\0" * 2 * _BLOCK)
    return Piece(name, total, hashed.hexdigest())


def _walk(folder: Path, below: str = "") -> Iterator[str]:
    with os.scandir(folder / below) as entries:
        for entry in entries:
            path = f"{below}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(folder, f"{path}/")
            else:
                yield path


def unpack(archive: Path, folder: Path) -> None:
    """Write the files of an archive into an empty folder and bring them to the disk.

    Raises:
        SnapshotError: it is no archive, is cut, or holds something that is no file of a snapshot.
        OSError: the disk is full or cannot be written.
    """
    seen: set[str] = set()
    inner: set[str] = set()
    with open_regular(archive) as file:
        while (header := file.read(_BLOCK)).strip(b"\0"):
            member = _member(header, archive)
            path = member.name
            folders = {path[:place] for place, letter in enumerate(path) if letter == "/"}
            if path in seen or path in inner or folders & seen or len(seen) >= _MOST_FILES:
                message = sentence("snapshots.many_files", name=archive.name, most=_MOST_FILES)
                raise SnapshotError(message, fix=sentence("snapshots.who_wrote"))
            seen.add(path)
            inner |= folders
            _write(file, member, folder / path, archive)
    if MANIFEST_FILE not in seen:
        message = sentence("snapshots.no_manifest_in", name=archive.name, file=MANIFEST_FILE)
        raise SnapshotError(message, fix=sentence("snapshots.push_from_there"))
    for written in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(written)


def _member(header: bytes, archive: Path) -> tarfile.TarInfo:
    """The header of one file, read by itself: what makes `tarfile` read on, or follow something, is refused."""
    try:
        member = tarfile.TarInfo.frombuf(header, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
        message = sentence("snapshots.no_archive", name=archive.name)
        raise SnapshotError(message, fix=sentence("snapshots.push_from_there")) from error
    if not is_path(member.name):
        message = sentence("snapshots.path_outside", name=archive.name, path=member.name[:80])
        raise SnapshotError(message, fix=sentence("snapshots.who_wrote"))
    if member.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or member.size < 0:
        message = sentence("snapshots.holds_odd", name=archive.name, path=member.name)
        raise SnapshotError(message, fix=sentence("snapshots.who_wrote"))
    return member


def _write(file: BinaryIO, member: tarfile.TarInfo, target: Path, archive: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    left = member.size
    with os.fdopen(descriptor, "wb") as written:
        while left and (data := file.read(min(_READ, left))):
            written.write(data)
            left -= len(data)
        written.flush()
        os.fsync(descriptor)
    padding = -member.size % _BLOCK
    if left or len(file.read(padding)) != padding:
        message = sentence("snapshots.cut", name=archive.name, path=member.name)
        raise SnapshotError(message, fix=sentence("snapshots.push_from_there"))

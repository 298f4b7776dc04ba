"""One file on its way: under a name of its own until its hash is right, going on where it was broken off."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from citygraph.errors import SnapshotError
from citygraph.store.contents import Piece, open_regular

__all__ = ["Damaged", "From", "is_there", "no_link", "receive", "write_durably"]

_READ: Final = 1024 * 1024
_PART: Final = ".part"

From: TypeAlias = Callable[[int], Iterator[bytes]]
"""The bytes of a file from a position on."""


class Damaged(Exception):  # noqa: N818  # named by what it is; the callers say whose file it was
    """What arrived is not the file that was promised; the text says in what way."""


def receive(piece: Piece, target: Path, read: From) -> None:
    """Bring a file to `target`, which appears only when it is whole, on the disk, and has the right hash.

    What an interrupted call left is gone on with; when it turns out to be of no use, everything is read again.

    Raises:
        Damaged: the bytes do not have the size and hash of `piece`.
        SnapshotError: something else than a plain file is in the way.
        OSError: the disk is full or cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}{_PART}")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "r+b") as file:
        begun = os.fstat(descriptor).st_size
        try:
            _fill(file, piece, read)
        except Damaged:
            if not begun:
                part.unlink(missing_ok=True)
                raise
            # The beginning may have been of another file, or lost when the machine stopped.
            file.truncate(0)
            try:
                _fill(file, piece, read)
            except Damaged:
                part.unlink(missing_ok=True)
                raise
        file.flush()
        os.fsync(descriptor)
    part.replace(target)
    _sync_folder(target.parent)


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


def write_durably(path: Path, data: bytes) -> None:
    """Write a small file so that a reader sees the old one or the new one, also after a power cut.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    _sync_folder(path.parent)


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
        has = f"more than {piece.size:,}" if size > piece.size else f"{size:,}"
        message = f"it has {has} bytes and should have {piece.size:,}"
        raise Damaged(message)
    if hashed.hexdigest() != piece.sha256:
        message = "its hash is another one"
        raise Damaged(message)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def no_link(path: Path) -> None:
    """Refuse to go through a symbolic link.

    Raises:
        SnapshotError: `path` is one.
    """
    if path.is_symlink():
        message = f"{path} is a symbolic link."
        raise SnapshotError(message, fix="Put a folder of its own there.")

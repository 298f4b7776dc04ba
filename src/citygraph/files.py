"""Files written beside their place and moved: a reader sees the old file or the new one."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citygraph.errors import ExportError

__all__ = ["locked", "write_file"]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else who asks for it changes the files of `folder` meanwhile; the folder is made when needed.

    Raises:
        ExportError: the folder cannot be made or opened.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror or error}."
        raise ExportError(message, fix="Check that the folder may be written.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # Closing gives the lock back.
        os.close(descriptor)


def write_file(path: Path, data: bytes) -> None:
    """Write `data` to `path`, making its folder when needed.

    Raises:
        ExportError: the place cannot be written; whatever stood there is untouched.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        # mkstemp makes files that only their owner reads; these are for others.
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        message = f"{path} cannot be written: {error.strerror or error}."
        raise ExportError(message, fix="Check that the folder may be written and the disk has room.") from error

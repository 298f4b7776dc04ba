"""A sealed version, opened for reading: a small one as a copy in memory, a large one where it lies on disk.

The engine reads its indexes in memory about three times as fast as those on disk, where each entry is copied out of
a block and decoded; beyond some hundred thousand statements a copy for each process costs more than that is worth.
"""

from __future__ import annotations

from pathlib import Path

import pyoxigraph

from citygraph.errors import SnapshotError
from citygraph.store.manifest import read_manifest

__all__ = ["is_small", "open_on_disk", "open_version"]


def open_version(folder: Path, *, most_in_memory: int) -> pyoxigraph.Store:
    """The quads of the version in `folder`, in memory when it has at most so many statements.

    Raises:
        OSError: the store cannot be opened.
    """
    store = open_on_disk(folder)
    if not is_small(folder, most_in_memory):
        return store
    copy = pyoxigraph.Store()
    # In the order of the indexes, so that every process gives the rows of an answer in the same order.
    copy.bulk_extend(store)
    return copy


def open_on_disk(folder: Path) -> pyoxigraph.Store:
    """The quads of the version in `folder` where they lie.

    Raises:
        OSError: the store cannot be opened.
    """
    return pyoxigraph.Store.read_only(str(folder / "store"))


def is_small(folder: Path, most: int) -> bool:
    """Whether a version has at most so many statements; one that does not say so has not."""
    try:
        return sum(read_manifest(folder).counts.values()) <= most
    except SnapshotError:
        return False

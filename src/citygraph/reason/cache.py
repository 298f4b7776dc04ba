"""Encoded columns kept by the hash of their file, so that a build after one edit reads one file anew."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from citygraph.reason.encode import Columns, Dictionary

__all__ = ["FORMAT", "cache_file", "load_columns", "save_columns"]

FORMAT: Final = 1
"""Part of every name: a file written by another version is simply not found."""


def cache_file(folder: Path, data: bytes) -> Path:
    """Where the columns of a document are kept."""
    return folder / f"{hashlib.sha256(data).hexdigest()}.columns{FORMAT}.npz"


def save_columns(path: Path, columns: Columns, dictionary: Dictionary) -> None:
    """Write the columns with the terms they use, numbered from zero; the file appears when it is whole."""
    rows = np.concatenate((columns.subjects, columns.predicates, columns.objects))
    used, local = np.unique(rows, return_inverse=True)
    texts = dictionary.texts()
    arena = b"\n".join([texts[number] for number in used.tolist()])
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("wb") as file:
        np.savez(file, terms=np.frombuffer(arena, np.uint8), rows=local.reshape(-1).astype(np.uint32))
    new.replace(path)


def load_columns(path: Path, dictionary: Dictionary) -> Columns | None:
    """The columns of a file with the numbers of this dictionary; None when there is nothing usable."""
    try:
        with path.open("rb") as file, np.load(file) as kept:
            arena, rows = kept["terms"].tobytes(), kept["rows"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    # A term in N-Triples has no line break of its own.
    numbers = dictionary.extend(arena.split(b"\n") if arena else ())
    if len(rows) % 3 or (len(rows) and int(rows.max()) >= len(numbers)):
        return None
    final = numbers[rows]
    size = len(final) // 3
    return Columns(final[:size], final[size : 2 * size], final[2 * size :])

"""The manifest of a snapshot: what it holds and what it was made from, written last and read first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from citygraph.errors import SnapshotError

__all__ = ["MANIFEST_FILE", "Manifest", "manifest_of", "read_manifest"]

MANIFEST_FILE: Final = "manifest.json"
"""Its name in the folder of a snapshot; a folder without it is a build that was broken off."""
_FORMAT: Final = 2
_AGAIN: Final = "Build it again: citygraph build"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a sealed snapshot holds, and what it was made from."""

    snapshot_id: str
    citygraph_version: str
    base: str
    as_of: str
    engine: str
    files: Mapping[str, str]
    asserted_graphs: Sequence[str]
    inferred_graph: str
    counts: Mapping[str, int]
    format: int = _FORMAT
    git_commit: str = field(default="")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the snapshot in a folder.

    Raises:
        SnapshotError: there is none, it cannot be read, or another version of the program wrote it.
    """
    try:
        raw = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = f"There is no whole snapshot in {folder}."
        raise SnapshotError(message, fix=_AGAIN) from error
    except (OSError, ValueError) as error:
        message = f"The manifest of the snapshot {folder} cannot be read: {error}."
        raise SnapshotError(message, fix=_AGAIN) from error
    return manifest_of(raw, str(folder))


def manifest_of(raw: object, place: str) -> Manifest:
    """A manifest out of JSON.

    Args:
        raw: what stood there.
        place: where it stood, for the message.

    Raises:
        SnapshotError: it was written by another version of the program, or is none.
    """
    if not isinstance(raw, dict) or raw.get("format") != _FORMAT:
        message = f"The snapshot {place} was built by another version of citygraph."
        raise SnapshotError(message, fix=_AGAIN)
    try:
        return Manifest(**raw)
    except TypeError as error:
        message = f"The manifest of the snapshot {place} does not name what it should."
        raise SnapshotError(message, fix=_AGAIN) from error

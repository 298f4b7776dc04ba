"""A snapshot from one machine to another: pushed to a mirror, pulled from it, verified on both sides."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from citygraph.errors import SnapshotError
from citygraph.store.arriving import is_there, no_link
from citygraph.store.contents import (
    Contents,
    Index,
    Listed,
    Piece,
    contents_of,
    is_snapshot_id,
    read_contents,
    written,
)
from citygraph.store.mirror import INDEX, MOST_INDEX_BYTES, Mirror, MirrorFolder, locked, reading
from citygraph.store.snapshot import BROKEN_OFF, MANIFEST_FILE, Snapshot
from citygraph.store.versions import Snapshots

__all__ = ["Sent", "Told", "pull", "push"]

Told = Callable[[str, int, int], None]
"""Told of progress: what, and how many bytes of how many."""
_PULLING: Final = f"{BROKEN_OFF}pull-"
_LIST: Final = ".contents.json"
_STILL: Final = "The previous version is still in use."


class Sent:
    """What a transfer came to: the snapshot, its files, and how much of them had to be moved.

    `switched` says whether another snapshot is in use there now; `dropped` are older snapshots that left the mirror because their list of files was damaged.
    """

    def __init__(self, snapshot_id: str, files: int = 0, size: int = 0) -> None:
        """Nothing has been moved yet; `size` is in bytes."""
        self.snapshot_id, self.files, self.size = snapshot_id, files, size
        self.moved_files = self.moved_bytes = 0
        self.switched = False
        self.dropped: list[str] = []

    def add(self, piece: Piece) -> None:
        """One more file was moved."""
        self.moved_files += 1
        self.moved_bytes += piece.size


def push(snapshot: Snapshot, mirror: MirrorFolder, *, keep: int, told: Told) -> Sent:
    """Put a snapshot into a mirror and make it the one in use there.

    Every file that is in the mirror already is read and hashed: a damaged one is replaced.

    Args:
        snapshot: what to push.
        mirror: where to; made when it is not there.
        keep: how many snapshots stay in the mirror, the newest pushes first.
        told: told of progress.

    Raises:
        SnapshotError: the mirror is of another graph or cannot be written, or a file is not what it should be.
    """
    manifest = snapshot.manifest
    if not is_snapshot_id(manifest.snapshot_id):
        message = f"{manifest.snapshot_id!r} is no name of a snapshot."
        raise SnapshotError(message, fix="Build it again: citygraph build --fresh")
    with mirror.changing():
        index = _index_for(mirror, manifest.base)
        try:
            contents = contents_of(snapshot.folder, manifest.snapshot_id, manifest.base)
            sent = _put_all(contents, snapshot.folder, mirror, told)
            document = written(contents)
            listing = Piece("the list of files", len(document), hashlib.sha256(document).hexdigest())
            mirror.put(listing, lambda start: iter([document[start:]]), whose=listing.path)
            listed = Listed(
                snapshot_id=contents.snapshot_id,
                contents=listing.sha256,
                contents_size=listing.size,
                size=contents.size,
                as_of=manifest.as_of,
                statements=sum(manifest.counts.values()),
                pushed=datetime.now(tz=UTC).isoformat(timespec="seconds"),
            )
            others = [each for each in index.snapshots if each.snapshot_id != listed.snapshot_id]
            kept, used = _kept(mirror, manifest.base, [*others, listed][-max(keep, 1) :], sent)
            mirror.put_index(Index(manifest.base, listed.snapshot_id, kept))
            mirror.remove_unused(used)
            sent.switched = index.current != listed.snapshot_id
        except OSError as error:
            message = f"The snapshot cannot be pushed to {mirror.name}: {error.strerror or error}."
            fix = "Make room there and run it again: it goes on where it stopped."
            raise SnapshotError(message, fix=fix) from error
    return sent


def pull(
    mirror: Mirror,
    snapshots: Snapshots,
    *,
    base: str,
    most_bytes: int,
    told: Told,
    snapshot_id: str = "",
    fresh: bool = False,
) -> tuple[Sent, Path]:
    """Bring a snapshot from a mirror, whole and verified; its folder, which is not in use yet.

    Args:
        mirror: where from.
        snapshots: where to.
        base: the address that the names of this graph begin with; a mirror of another graph is refused.
        most_bytes: a larger snapshot is refused.
        told: told of progress.
        snapshot_id: which one; the one in use there without it.
        fresh: bring it also when a snapshot of that name is here.

    Raises:
        SnapshotError: it is not there, is of another graph, is damaged, or cannot be written.
    """
    try:
        snapshots.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"Cannot write in {snapshots.folder}: {error.strerror}."
        raise SnapshotError(message, fix="Check that the folder may be written.") from error
    with locked(snapshots.folder / ".pull.lock", f"Another pull to {snapshots.folder} is going on."):
        index = mirror.index()
        _same_graph(index, base, mirror.name)
        listed = _wanted(index, snapshot_id, mirror.name)
        here = snapshots.get(listed.snapshot_id)
        if here is not None and not fresh:
            return Sent(listed.snapshot_id), here.folder
        try:
            return _bring(mirror, listed, snapshots, base=base, most_bytes=most_bytes, told=told)
        except OSError as error:
            message = f"The snapshot cannot be written to {snapshots.folder}: {error.strerror or error}."
            fix = f"Make room on the disk and run it again: it goes on where it stopped. {_STILL}"
            raise SnapshotError(message, fix=fix) from error


def _bring(
    mirror: Mirror, listed: Listed, snapshots: Snapshots, *, base: str, most_bytes: int, told: Told
) -> tuple[Sent, Path]:
    """Fetch every file into a folder that nobody serves, then give it its name."""
    folder = snapshots.folder / f"{_PULLING}{listed.snapshot_id}"
    no_link(folder)
    folder.mkdir(exist_ok=True)
    contents = _contents(mirror, listed, folder, base=base, most_bytes=most_bytes)
    _remove_others(folder, contents)
    sent = Sent(contents.snapshot_id, len(contents.files), contents.size)
    waiting = [piece for piece in contents.files if not is_there(piece, folder / piece.path)]
    _room_for(sum(piece.size for piece in waiting), snapshots.folder)
    # The manifest is what makes a snapshot whole, so it comes last.
    for piece in sorted(waiting, key=lambda each: each.path == MANIFEST_FILE):
        for parent in (folder / piece.path).relative_to(folder).parents:
            no_link(folder / parent)
        told("transfer", sent.moved_bytes, contents.size)
        mirror.fetch(piece, folder / piece.path)
        sent.add(piece)
    _check_opens(folder, contents)
    return sent, snapshots.adopt(folder, contents.snapshot_id)


def _contents(mirror: Mirror, listed: Listed, folder: Path, *, base: str, most_bytes: int) -> Contents:
    if listed.contents_size > MOST_INDEX_BYTES:
        message = f"The list of files of {listed.snapshot_id} in {mirror.name} has {listed.contents_size:,} bytes."
        raise SnapshotError(message, fix=f"At most {MOST_INDEX_BYTES:,} are read; check who wrote that mirror.")
    path = folder / _LIST
    mirror.fetch(Piece("the list of files", listed.contents_size, listed.contents), path)
    data = path.read_bytes()
    path.unlink()
    return read_contents(data, listed, base=base, where=mirror.name, most_bytes=most_bytes)


def _remove_others(folder: Path, contents: Contents) -> None:
    """Nothing may come along that the list does not name; begun files of it stay."""
    named = {folder / piece.path for piece in contents.files}
    begun = {path.with_name(f".{path.name}.part") for path in named}
    for path in folder.rglob("*"):
        if path.is_symlink() or (not path.is_dir() and path not in named | begun):
            path.unlink()


def _room_for(size: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        message = f"The snapshot needs {size:,} bytes, and {folder} has {free:,} left."
        raise SnapshotError(message, fix=f"Make room on the disk and run it again. {_STILL}")


def _check_opens(folder: Path, contents: Contents) -> None:
    """A snapshot whose bytes are right may still be of another version of the program, or not what it is called."""
    called = ""
    try:
        snapshot = Snapshot(folder)
        called = snapshot.snapshot_id
        snapshot.findings()
        next(snapshot.quads(), None)
        snapshot.close()
        usable = (called, snapshot.manifest.base) == (contents.snapshot_id, contents.base)
    except SnapshotError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (OSError, ValueError, RecursionError):
        usable = False
    if not usable:
        shutil.rmtree(folder, ignore_errors=True)
        message = f"The snapshot that is listed as {contents.snapshot_id} cannot be used, or is {called[:80]!r}."
        raise SnapshotError(message, fix=f"Build and push it again. {_STILL}")


def _put_all(contents: Contents, folder: Path, mirror: MirrorFolder, told: Told) -> Sent:
    sent, done = Sent(contents.snapshot_id, len(contents.files), contents.size), 0
    for piece in contents.files:
        told("transfer", done, contents.size)
        path = folder / piece.path
        if mirror.put(piece, reading(path), whose=str(path)):
            sent.add(piece)
        done += piece.size
    return sent


def _index_for(mirror: MirrorFolder, base: str) -> Index:
    """The index as it is, or an empty one for a mirror that is new."""
    if not os.path.lexists(mirror.folder / INDEX):
        return Index(base)
    index = mirror.index()
    _same_graph(index, base, mirror.name)
    return index


def _same_graph(index: Index, base: str, where: str) -> None:
    if index.base != base:
        message = f"{where} holds the graph {index.base[:200]}, and this is {base}."
        raise SnapshotError(message, fix="Use a mirror of its own for each graph.")


def _wanted(index: Index, snapshot_id: str, where: str) -> Listed:
    wanted = snapshot_id or index.current
    listed = index.get(wanted)
    if listed is None:
        message = f"There is no snapshot {wanted[:80]} in {where}." if wanted else f"{where} holds no snapshot."
        raise SnapshotError(message, fix="See which there are: citygraph snapshot list")
    return listed


def _kept(mirror: MirrorFolder, base: str, listed: list[Listed], sent: Sent) -> tuple[tuple[Listed, ...], set[str]]:
    """The snapshots that stay and the hashes of what they need; one whose list of files is damaged cannot stay."""
    kept: list[Listed] = []
    used: set[str] = set()
    for each in listed:
        try:
            contents = mirror.contents(each, base=base)
        except SnapshotError:
            sent.dropped.append(each.snapshot_id)
            continue
        kept.append(each)
        used |= {each.contents, *(piece.sha256 for piece in contents.files)}
    return tuple(kept), used

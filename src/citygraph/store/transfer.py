"""A snapshot from one machine to another: pushed to a mirror, pulled from it, verified on both sides."""

from __future__ import annotations

import os
import re
import shutil
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from citygraph.errors import SnapshotError
from citygraph.messages import reason_of, sentence
from citygraph.namespaces import PREFIXES
from citygraph.store.archive import Piece, is_path, is_there, unpack
from citygraph.store.directory import DIRECTORY_FILE, Directory
from citygraph.store.mirror import (
    INDEX,
    MOST_INDEX_BYTES,
    OLD_FOLDER,
    OLD_FORMAT,
    Index,
    Listed,
    Mirror,
    MirrorFolder,
    Told,
    alone,
    no_link,
    read_document,
)
from citygraph.store.snapshot import BROKEN_OFF, INTERNAL, MANIFEST_FILE, Snapshot, Snapshots, open_to_readers

_MOST_FILES: Final = 20_000
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_SNAPSHOT_ID: Final = re.compile(r"[0-9a-f]{16}")
_AGAIN: Final = sentence("snapshots.push_again")
_SUSPICIOUS: Final = sentence("snapshots.who_wrote")


@dataclass(frozen=True, slots=True)
class Moved:
    """What a push or a pull came to.

    `new` says whether another version is in use there now than before; `size` are the bytes of its archive, and
    `moved_bytes` those that had to be written: 0 when it was there. `dropped` are versions that left the mirror
    because they were missing or cut, or in the layout of an older program.
    """

    snapshot_id: str
    size: int = 0
    moved_bytes: int = 0
    new: bool = False
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version of the graph, here or in a mirror; `size` is in bytes, `pushed` empty for one that is here."""

    snapshot_id: str
    in_use: bool
    as_of: str
    statements: int
    size: int
    pushed: str = ""


def push(snapshot: Snapshot, mirror: MirrorFolder, *, keep: int, told: Told) -> Moved:
    """Put a snapshot into a mirror and make it the one in use there.

    A damaged archive of this snapshot is replaced; another one that is missing or cut leaves the mirror.

    Args:
        snapshot: what to push.
        mirror: where to; made when it is not there.
        keep: how many snapshots stay in the mirror, the newest pushes first.
        told: told of progress.

    Raises:
        SnapshotError: the mirror is of another graph or cannot be written, or a file is not what it should be.
    """
    manifest = snapshot.manifest
    if not _SNAPSHOT_ID.fullmatch(manifest.snapshot_id):
        message = sentence("snapshots.no_name", name=manifest.snapshot_id)
        raise SnapshotError(message, fix=sentence("snapshots.build_fresh"))
    with mirror.changing(is_private=manifest.edition == INTERNAL):
        index = _index_for(mirror, manifest.base)
        try:
            piece, is_new = mirror.put(snapshot, index.get(manifest.snapshot_id), told)
            listed = Listed(
                snapshot_id=manifest.snapshot_id,
                sha256=piece.sha256,
                size=piece.size,
                as_of=manifest.as_of,
                statements=sum(manifest.counts.values()),
                pushed=datetime.now(tz=UTC).isoformat(timespec="seconds"),
            )
            others = [each for each in index.snapshots if each.snapshot_id != listed.snapshot_id]
            stay = [each for each in others if _is_whole(each, mirror)]
            kept = tuple([*stay, listed][-max(keep, 1) :])
            mirror.put_index(Index(manifest.base, listed.snapshot_id, kept))
        except OSError as error:
            message = sentence("snapshots.cannot_push", name=mirror.name, why=reason_of(error))
            raise SnapshotError(message, fix=sentence("snapshots.make_room_there")) from error
    dropped = tuple(each.snapshot_id for each in others if each not in stay)
    moved = piece.size if is_new else 0
    return Moved(piece.path.removesuffix(".tar"), piece.size, moved, index.current != listed.snapshot_id, dropped)


def _is_whole(listed: Listed, mirror: MirrorFolder) -> bool:
    """Whether its archive lies there with the size that it should have; a pull looks at every byte."""
    try:
        found = (mirror.folder / listed.archive.path).lstat()
    except OSError:
        return False
    return not listed.list_size and stat.S_ISREG(found.st_mode) and found.st_size == listed.size


def _index_for(mirror: MirrorFolder, base: str) -> Index:
    """The index as it is, or an empty one for a mirror that is new."""
    if not os.path.lexists(mirror.folder / INDEX):
        return Index(base)
    index = mirror.index()
    _same_graph(index, base, mirror.name)
    return index


def _same_graph(index: Index, base: str, where: str) -> None:
    if index.base != base:
        message = sentence("snapshots.other_graph", where=where, theirs=index.base[:200], ours=base)
        raise SnapshotError(message, fix=sentence("snapshots.own_mirror"))


def pull(
    mirror: Mirror,
    snapshots: Snapshots,
    *,
    base: str,
    most_bytes: int,
    told: Told,
    snapshot_id: str = "",
    fresh: bool = False,
) -> tuple[Moved, Path]:
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
        message = sentence("snapshots.cannot_write", folder=snapshots.folder, why=reason_of(error))
        raise SnapshotError(message, fix=sentence("snapshots.check_writable")) from error
    with alone(snapshots.folder / ".pull.lock", f"Another pull to {snapshots.folder} is going on."):
        index = mirror.index()
        _same_graph(index, base, mirror.name)
        listed = _wanted(index, snapshot_id, mirror.name)
        here = snapshots.get(listed.snapshot_id)
        # One whose names another release wrote is of no use here, and the mirror may have it anew.
        if here is not None and here.is_whole and not fresh:
            return Moved(listed.snapshot_id), here.folder
        if max(listed.size, listed.list_size) > most_bytes:
            message = sentence("snapshots.too_large", name=listed.snapshot_id, size=listed.size, most=most_bytes)
            raise SnapshotError(message, fix=sentence("snapshots.raise_limit"))
        try:
            folder = _bring(mirror, listed, snapshots.folder, told)
            _check_opens(folder, listed, base)
            return Moved(listed.snapshot_id, listed.size, listed.size), snapshots.adopt(folder, listed.snapshot_id)
        except OSError as error:
            message = sentence("snapshots.cannot_put", folder=snapshots.folder, why=reason_of(error))
            fix = sentence("snapshots.goes_on")
            raise SnapshotError(message, fix=fix) from error


def _wanted(index: Index, snapshot_id: str, where: str) -> Listed:
    wanted = snapshot_id or index.current
    listed = index.get(wanted)
    if listed is None:
        message = (
            sentence("snapshots.not_in", name=wanted[:80], where=where) if wanted else f"{where} holds no snapshot."
        )
        raise SnapshotError(message, fix=sentence("snapshots.see_list"))
    return listed


def _bring(mirror: Mirror, listed: Listed, below: Path, told: Told) -> Path:
    """Bring a snapshot into a folder that nobody serves: its archive first, then what that holds."""
    folder = below / f"{BROKEN_OFF}pull-{listed.snapshot_id}"
    no_link(folder)
    shutil.rmtree(folder, ignore_errors=True)
    archive = folder.with_name(f"{folder.name}.tar")
    # The archive and its files lie on the disk side by side for a moment.
    _room_for(2 * listed.size, below)
    # Others may read it when it is known to be for them.
    folder.mkdir(mode=0o700)
    if listed.list_size:
        _bring_objects(mirror, listed, folder, told)
        return folder
    if not is_there(listed.archive, archive):
        mirror.fetch(listed.archive, archive, told)
    try:
        unpack(archive, folder)
    except SnapshotError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        archive.unlink(missing_ok=True)
    return folder


def _room_for(size: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        message = sentence("snapshots.no_room", size=size, folder=folder, free=free)
        raise SnapshotError(message, fix=sentence("snapshots.room_still"))


def _check_opens(folder: Path, listed: Listed, base: str) -> None:
    """A snapshot whose bytes are right may still be of another version of the program, or not what it is called."""
    called = ""
    try:
        snapshot = Snapshot(folder)
        called = snapshot.snapshot_id
        snapshot.findings()
        next(snapshot.quads(), None)
        snapshot.close()
        if (folder / DIRECTORY_FILE).is_file():
            _check_names(folder, listed.snapshot_id)
        usable = (called, snapshot.manifest.base) == (listed.snapshot_id, base)
        open_to_readers(folder, snapshot.manifest)
    except SnapshotError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except (OSError, ValueError, RecursionError):
        usable = False
    if not usable:
        shutil.rmtree(folder, ignore_errors=True)
        message = sentence("snapshots.called_other", name=listed.snapshot_id, called=called[:80])
        raise SnapshotError(message, fix=sentence("snapshots.build_push"))


def _check_names(folder: Path, snapshot_id: str) -> None:
    """Stop before pages would have no names: in another release they may be written otherwise.

    Raises:
        SnapshotError: they are, or they are damaged.
    """
    try:
        Directory(folder, PREFIXES).close()
    except SnapshotError as error:
        message = sentence("store.names_of_another", name=snapshot_id)
        raise SnapshotError(message, fix=sentence("store.same_release")) from error


# -- the older layout ---------------------------------------------------------------------------------


def _bring_objects(mirror: Mirror, listed: Listed, folder: Path, told: Told) -> None:
    """Bring each file of a snapshot from under its hash, the manifest last."""
    if listed.list_size > MOST_INDEX_BYTES:
        message = sentence("snapshots.list_large", version=listed.snapshot_id, name=mirror.name, size=listed.list_size)
        raise SnapshotError(message, fix=sentence("snapshots.at_most", most=MOST_INDEX_BYTES))
    path = folder / ".contents.json"
    mirror.fetch(_object(listed.sha256, listed.list_size), path, told)
    name = f"The list of files of {listed.snapshot_id} in {mirror.name}"
    files = read_document(path.read_bytes(), name, OLD_FORMAT).get("files")
    path.unlink()
    if not isinstance(files, list) or not 0 < len(files) <= _MOST_FILES:
        message = sentence("snapshots.files_number", name=name, most=_MOST_FILES)
        raise SnapshotError(message, fix=_AGAIN)
    pieces = [_old_piece(each, name) for each in files]
    paths = {piece.path for piece in pieces}
    folders = {piece.path[:i] for piece in pieces for i, letter in enumerate(piece.path) if letter == "/"}
    if len(paths) < len(pieces) or paths & folders or MANIFEST_FILE not in paths:
        message = sentence("snapshots.file_twice", name=name, file=MANIFEST_FILE)
        raise SnapshotError(message, fix=_AGAIN)
    if sum(piece.size for piece in pieces) != listed.size:
        message = sentence("snapshots.other_files", name=name)
        raise SnapshotError(message, fix=_AGAIN)
    for piece in sorted(pieces, key=lambda each: each.path == MANIFEST_FILE):
        mirror.fetch(_object(piece.sha256, piece.size), folder / piece.path, told)
        (folder / piece.path).chmod(0o644)


def _object(sha256: str, size: int) -> Piece:
    return Piece(f"{OLD_FOLDER}/{sha256[:2]}/{sha256[2:]}", size, sha256)


def _old_piece(raw: object, name: str) -> Piece:
    path, size, sha256 = (raw.get(key) for key in ("path", "size", "sha256")) if isinstance(raw, dict) else (None,) * 3
    if not is_path(path):
        message = sentence("snapshots.path_outside", name=name, path=str(path)[:80])
        raise SnapshotError(message, fix=_SUSPICIOUS)
    if type(size) is not int or size < 0 or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        message = sentence("snapshots.no_size", name=name, path=path)
        raise SnapshotError(message, fix=_AGAIN)
    return Piece(str(path), size, sha256)


def versions_here(snapshots: Snapshots, *, in_use: str) -> list[VersionInfo]:
    """The versions on this machine, the newest last; `in_use` is the name of the one in use."""
    found = []
    for each in snapshots.whole():
        manifest = each.manifest
        size = sum(path.stat().st_size for path in each.folder.rglob("*") if path.is_file())
        name, statements = manifest.snapshot_id, sum(manifest.counts.values())
        found.append(VersionInfo(name, name == in_use, manifest.as_of, statements, size))
    return found


def versions_there(mirror: Mirror) -> list[VersionInfo]:
    """The versions in a mirror, the newest last.

    Raises:
        SnapshotError: the mirror is not there, or cannot be read.
    """
    index = mirror.index()
    return [
        VersionInfo(each.snapshot_id, each.snapshot_id == index.current, each.as_of, each.statements, each.size, each.pushed)
        for each in index.snapshots
    ]  # fmt: skip

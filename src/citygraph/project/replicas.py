"""The versions of the graph on several machines: pushed to a mirror by the one that builds, pulled by those that serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citygraph.errors import SnapshotError
from citygraph.project.pipeline import Pipeline, Progress, silent
from citygraph.store import Snapshot

if TYPE_CHECKING:
    from citygraph.store.mirror import Mirror

__all__ = ["Moved", "VersionInfo", "pull_version", "push_version", "versions_in"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a push or a pull came to.

    `new` says whether another version is in use there now than before; `size` are the bytes of its archive, and
    `moved_bytes` those that had to be written: 0 when it was there. `dropped` are versions that left the mirror
    because they were missing or cut, or in the layout of an older program.
    """

    snapshot_id: str
    new: bool
    size: int
    moved_bytes: int
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


def push_version(pipeline: Pipeline, mirror: Path, snapshot_id: str, progress: Progress | None) -> Moved:
    """Put a version (the one in use without `snapshot_id`) into a mirror folder; see `Project.push_snapshot`.

    Raises:
        SnapshotError: there is no such version, or the mirror is of another graph or cannot be written.
    """
    from citygraph.store.mirror import MirrorFolder  # noqa: PLC0415  # needed here alone, as below
    from citygraph.store.transfer import push  # noqa: PLC0415

    version = _version_named(pipeline, snapshot_id)
    keep = pipeline.config.number("store.keep")
    sent = push(version, MirrorFolder(mirror), keep=keep, told=progress or silent)
    return Moved(sent.snapshot_id, sent.switched, sent.size, sent.moved_bytes, sent.dropped)


def pull_version(
    pipeline: Pipeline, mirror: str | Path, snapshot_id: str, *, fresh: bool, progress: Progress | None
) -> Moved:
    """Bring a version from a mirror and put it to use; see `Project.pull_snapshot`.

    Raises:
        SnapshotError: it is not there, is of another graph, is damaged or too large; the version in use stays.
    """
    from citygraph.store.transfer import pull  # noqa: PLC0415

    before, config = _in_use(pipeline), pipeline.config
    sent, folder = pull(
        _mirror(mirror), pipeline.snapshots, base=config.base, most_bytes=config.number("limits.snapshot"),
        told=progress or silent, snapshot_id=snapshot_id, fresh=fresh,
    )  # fmt: skip
    pipeline.snapshots.use(folder)
    pipeline.snapshots.prune(config.number("store.keep"))
    return Moved(sent.snapshot_id, sent.snapshot_id != before, sent.size, sent.moved_bytes)


def versions_in(pipeline: Pipeline, mirror: str | Path | None) -> list[VersionInfo]:
    """The versions in a mirror, or without one those that are here; the newest last.

    Raises:
        SnapshotError: the mirror is not there, or cannot be read.
    """
    if mirror is None:
        in_use = _in_use(pipeline)
        return [_version(each, in_use) for each in pipeline.snapshots.whole()]
    index = _mirror(mirror).index()
    return [
        VersionInfo(each.snapshot_id, each.snapshot_id == index.current, each.as_of, each.statements, each.size, each.pushed)
        for each in index.snapshots
    ]  # fmt: skip


def _version_named(pipeline: Pipeline, snapshot_id: str) -> Snapshot:
    if not snapshot_id:
        return pipeline.snapshot()
    found = next((each for each in pipeline.snapshots.whole() if each.snapshot_id == snapshot_id), None)
    if found is None:
        message = f"There is no version {snapshot_id[:80]} in {pipeline.snapshots.folder}."
        raise SnapshotError(message, fix="See which there are: citygraph snapshot list")
    return found


def _in_use(pipeline: Pipeline) -> str:
    current = pipeline.current_or_none()
    return current.snapshot_id if current else ""


def _mirror(mirror: str | Path) -> Mirror:
    from citygraph.store.mirror import MirrorAddress, MirrorFolder  # noqa: PLC0415

    return MirrorFolder(mirror) if isinstance(mirror, Path) else MirrorAddress(mirror)


def _version(snapshot: Snapshot, in_use: str) -> VersionInfo:
    manifest = snapshot.manifest
    size = sum(path.stat().st_size for path in snapshot.folder.rglob("*") if path.is_file())
    statements = sum(manifest.counts.values())
    return VersionInfo(manifest.snapshot_id, manifest.snapshot_id == in_use, manifest.as_of, statements, size)

"""The versions of the graph on several machines: pushed to a mirror by the one that builds, pulled by those that serve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citygraph.errors import SnapshotError
from citygraph.project.folder import Progress, silent
from citygraph.project.linking import Linking
from citygraph.store import Snapshot

if TYPE_CHECKING:
    from citygraph.store.mirror import Mirror

__all__ = ["Moved", "Replicating", "Version"]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a push or a pull came to.

    `new` says whether another version is in use there now than before; `moved_bytes` of `size` bytes had to be
    written, the others were there. `dropped` are versions that left the mirror because they were damaged.
    """

    snapshot_id: str
    new: bool
    files: int
    size: int
    moved_files: int
    moved_bytes: int
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the graph, here or in a mirror; `size` is in bytes, `pushed` empty for one that is here."""

    snapshot_id: str
    in_use: bool
    as_of: str
    statements: int
    size: int
    pushed: str = ""


class Replicating(Linking):
    """A project whose versions move between machines."""

    def push_snapshot(self, mirror: Path, *, snapshot_id: str = "", progress: Progress | None = None) -> Moved:
        """Put a version into the mirror in the folder `mirror`, and make it the one in use there.

        Only files that are not there yet are written; each is verified. As many versions stay in the mirror
        as `store.keep` in graph.toml says.

        Args:
            mirror: the folder; made when it is not there.
            snapshot_id: which version; the one in use without it.
            progress: told of the bytes.

        Raises:
            SnapshotError: there is no such version, or the mirror is of another graph or cannot be written.
        """
        from citygraph.store.mirror import MirrorFolder  # noqa: PLC0415  # needed here alone, as below
        from citygraph.store.transfer import push  # noqa: PLC0415

        place = MirrorFolder(mirror)
        sent = push(self._version(snapshot_id), place, keep=self.config.number("store.keep"), told=progress or silent)
        return Moved(
            sent.snapshot_id, sent.switched, sent.files, sent.size, sent.moved_files, sent.moved_bytes,
            tuple(sent.dropped),
        )  # fmt: skip

    def pull_snapshot(
        self, mirror: str | Path, *, snapshot_id: str = "", fresh: bool = False, progress: Progress | None = None
    ) -> Moved:
        """Bring a version from a mirror and put it to use; a running server picks it up.

        The version is switched only when every file is here and has the right hash.

        Args:
            mirror: a folder, or the address (http or https) at which a file server shows it.
            snapshot_id: which version; the one in use there without it.
            fresh: bring it also when a version of that name is here.
            progress: told of the bytes.

        Raises:
            SnapshotError: it is not there, is of another graph, is damaged or too large; the version in use stays.
        """
        from citygraph.store.transfer import pull  # noqa: PLC0415

        before = self._in_use()
        sent, folder = pull(
            _mirror(mirror), self.snapshots, base=self.config.base, most_bytes=self.config.number("limits.snapshot"),
            told=progress or silent, snapshot_id=snapshot_id, fresh=fresh,
        )  # fmt: skip
        self.snapshots.use(folder)
        self.snapshots.prune(self.config.number("store.keep"))
        return Moved(
            sent.snapshot_id, sent.snapshot_id != before, sent.files, sent.size, sent.moved_files, sent.moved_bytes
        )

    def versions(self, mirror: str | Path | None = None) -> list[Version]:
        """The versions in a mirror, or without one those that are here; the newest last.

        Raises:
            SnapshotError: the mirror is not there, or cannot be read.
        """
        if mirror is None:
            in_use = self._in_use()
            return [_version(each, in_use) for each in self.snapshots.whole()]
        index = _mirror(mirror).index()
        return [
            Version(each.snapshot_id, each.snapshot_id == index.current, each.as_of, each.statements, each.size, each.pushed)
            for each in index.snapshots
        ]  # fmt: skip

    def _version(self, snapshot_id: str) -> Snapshot:
        if not snapshot_id:
            return self.snapshot()
        found = next((each for each in self.snapshots.whole() if each.snapshot_id == snapshot_id), None)
        if found is None:
            message = f"There is no version {snapshot_id[:80]} in {self.snapshots.folder}."
            raise SnapshotError(message, fix="See which there are: citygraph snapshot list")
        return found

    def _in_use(self) -> str:
        current = self._current_or_none()
        return current.snapshot_id if current else ""


def _mirror(mirror: str | Path) -> Mirror:
    from citygraph.store.mirror import MirrorFolder  # noqa: PLC0415

    if isinstance(mirror, Path):
        return MirrorFolder(mirror)
    from citygraph.store.mirror_http import MirrorAddress  # noqa: PLC0415  # the HTTP client is needed here alone

    return MirrorAddress(mirror)


def _version(snapshot: Snapshot, in_use: str) -> Version:
    manifest = snapshot.manifest
    size = sum(path.stat().st_size for path in snapshot.folder.rglob("*") if path.is_file())
    statements = sum(manifest.counts.values())
    return Version(manifest.snapshot_id, manifest.snapshot_id == in_use, manifest.as_of, statements, size)

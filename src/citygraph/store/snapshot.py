"""One version of a graph as a sealed folder: its manifest, the folder open for reading, and a folder in the making.

A snapshot is read from disk where it lies, or copied into memory when it is small: the engine reads its indexes in
memory about three times as fast as those on disk, where each entry is copied out of a block and decoded; beyond some
hundred thousand statements a copy for each process costs more than that is worth.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyoxigraph

from citygraph.errors import ExportError, SnapshotError
from citygraph.files import locked, replace_file
from citygraph.graphs import LIFTED, lifted_graph
from citygraph.messages import reason_of, sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Quad, Term, parse, serialize
from citygraph.results import Answer
from citygraph.store.directory import DIRECTORY_FILE, Directory, former_names, write_directory
from citygraph.store.memory import answer

MANIFEST_FILE: Final = "manifest.json"
"""Its name in the folder of a snapshot; a folder without it is a build that was broken off."""
_FORMAT: Final = 3
_AGAIN: Final = sentence("snapshots.build_again")
ASSERTED_FILE: Final = "asserted.nq"
INFERRED_FILE: Final = "inferred.nq"
LIFTED_FILE: Final = "lifted.nq"
FINDINGS_FILE: Final = "findings.json"
"""What the files state and what follows on the day, what does not hold then, and what the build had to say."""
_LINE_END: Final = b" .\n"
PUBLIC: Final = "public"
INTERNAL: Final = "internal"
"""The editions of a graph that has internal files: without them, and with them."""
BROKEN_OFF: Final = ".building-"
"""How the folders of snapshots in the making begin."""
_HELD: Final = f"{BROKEN_OFF}held-"
"""How the folder of a build begins that holds its lock: without one its process has gone."""
_ASIDE: Final = "-old"


# -- the manifest -------------------------------------------------------------------------------------


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
    lifted_graphs: Sequence[str] = ()
    """The graphs of what does not hold on the day (`graphs.LIFTED`), outside the default graph."""
    format: int = _FORMAT
    git_commit: str = field(default="")
    pinned: bool = False
    """Whether somebody has said which day it holds for; else it is the day of the build, and readers ask for theirs."""
    edition: str = ""
    """`internal` when internal files are in it, `public` when they were left out, empty when there are none."""
    questions: Mapping[str, str] = field(default_factory=dict)
    """Of the public edition: the SHA-256 of each question that gave nothing internal away."""

    def to_json(self) -> dict[str, object]:
        """The manifest as it is stored; without internal files it is one that programs before editions read."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value or name not in {"edition", "questions"}}


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the snapshot in a folder.

    Raises:
        SnapshotError: there is none, it cannot be read, or another version of the program wrote it.
    """
    try:
        raw = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = sentence("snapshots.not_whole", folder=folder)
        raise SnapshotError(message, fix=_AGAIN) from error
    except (OSError, ValueError) as error:
        message = sentence("snapshots.manifest", folder=folder, why=error)
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
        message = sentence("snapshots.of_other_release", place=place)
        raise SnapshotError(message, fix=_AGAIN)
    try:
        return Manifest(**raw)
    except TypeError as error:
        message = sentence("snapshots.manifest_lacks", place=place)
        raise SnapshotError(message, fix=_AGAIN) from error


# -- open for reading ---------------------------------------------------------------------------------


class Snapshot:
    """A sealed snapshot, open for reading; a `Store` that refuses to be loaded."""

    def __init__(self, folder: Path) -> None:
        """Open the snapshot in `folder`.

        Raises:
            SnapshotError: it is not whole, or was built by another version of the program.
        """
        self.folder = folder
        self.manifest = read_manifest(folder)
        self._store: pyoxigraph.Store | None = None

    @property
    def snapshot_id(self) -> str:
        """The name of this version of the graph."""
        return self.manifest.snapshot_id

    @property
    def asserted_graphs(self) -> list[Iri]:
        """The named graphs that hold what the files state."""
        return [Iri(name) for name in self.manifest.asserted_graphs]

    def findings(self) -> list[dict[str, object]]:
        """What the build had to say about the data, as it was written down."""
        return list(json.loads((self.folder / FINDINGS_FILE).read_text(encoding="utf-8")))

    @property
    def lifted_graphs(self) -> list[Iri]:
        """The named graphs that hold what does not hold on the day, by `graphs.LIFTED`."""
        return [Iri(name) for name in self.manifest.lifted_graphs]

    def asserted(self) -> tuple[Quad, ...]:
        """What the files state and holds on the day, lexical forms as written there."""
        return self._read_quads(ASSERTED_FILE)

    def lifted(self) -> tuple[Quad, ...]:
        """What does not hold on the day, stated and derived, in its graphs."""
        return self._read_quads(LIFTED_FILE)

    def of_day(self, *, inferred_alone: bool = False) -> tuple[Quad, ...]:
        """What holds on the day, stated and derived, or what was derived alone."""
        return (*(() if inferred_alone else self.asserted()), *self.inferred())

    def stated(self) -> tuple[Quad, ...]:
        """All that the files state, whatever the day; what does not hold on it is in a graph of its own."""
        name = lifted_graph(self.manifest.base, LIFTED[0])
        of_other_times = [quad for quad in self.lifted() if quad.graph_name == name]
        return (*self.asserted(), *of_other_times)

    def inferred(self) -> tuple[Quad, ...]:
        """What was derived, lexical forms as in the files."""
        return self._read_quads(INFERRED_FILE)

    def lines(self) -> Iterator[bytes]:
        """What the files state, what was derived, and what does not hold, as lines of N-Quads; see `citygraph.store.server.renaming`.

        Raises:
            SnapshotError: a file was cut.
        """
        for name in (ASSERTED_FILE, INFERRED_FILE, LIFTED_FILE):
            with (self.folder / name).open("rb") as file:
                for line in file:
                    if not line.endswith(_LINE_END):
                        message = sentence("snapshots.ends_early", path=self.folder / name)
                        raise SnapshotError(message, fix=sentence("snapshots.build_fresh"))
                    yield line[:-1]

    def load(self, quads: Iterable[Quad]) -> None:
        """Refused: a snapshot never changes."""
        del quads
        message = sentence("snapshots.sealed")
        raise SnapshotError(message, fix=sentence("snapshots.change_files"))

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """See `Store.quads`."""
        for quad in self._open().quads_for_pattern(None, None, None, graph_name):
            if isinstance(quad.graph_name, Iri):
                yield quad

    def query(
        self,
        text: str,
        *,
        bind: Mapping[str, Term] | None = None,
        graphs: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Answer:
        """See `Store.query`."""
        return answer(
            self._open(), text, bind=bind, graphs=graphs, prefixes=prefixes, timeout=timeout, most_rows=most_rows
        )

    def close(self) -> None:
        """See `Store.close`."""
        self._store = None

    @property
    def is_whole(self) -> bool:
        """Whether everything that a version is made of is still there, its store opens, and its names are read here."""
        try:
            open_on_disk(self.folder)
            Directory(self.folder, PREFIXES).close()
        except (OSError, SnapshotError):
            return False
        return all(
            (self.folder / name).is_file() for name in (ASSERTED_FILE, INFERRED_FILE, LIFTED_FILE, FINDINGS_FILE)
        )

    def _open(self) -> pyoxigraph.Store:
        if self._store is None:
            try:
                self._store = pyoxigraph.Store.read_only(str(self.folder / "store"))
            except OSError as error:
                message = sentence("snapshots.cannot_open", folder=self.folder, why=error)
                raise SnapshotError(message, fix=sentence("snapshots.build_fresh")) from error
        return self._store

    def _read_quads(self, name: str) -> tuple[Quad, ...]:
        parsed = parse((self.folder / name).read_bytes(), format="nq")
        if parsed.problems:
            message = sentence("snapshots.damaged_line", path=self.folder / name, line=parsed.problems[0].line)
            raise SnapshotError(message, fix=sentence("snapshots.build_fresh"))
        return parsed.quads


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


# -- in the making ------------------------------------------------------------------------------------

PRIVATE: Final = 0o640
PRIVATE_FOLDER: Final = 0o750
"""How files with something internal in them, and their folders, may be read: by their owner and the group."""


def open_to_readers(folder: Path, manifest: Manifest) -> None:
    """Let others read a finished snapshot, which only its owner could: everybody, or the group when it is internal.

    Raises:
        OSError: the permissions cannot be changed.
    """
    if manifest.edition == INTERNAL:
        for path in folder.rglob("*"):
            path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE)
    folder.chmod(PRIVATE_FOLDER if manifest.edition == INTERNAL else 0o755)


def aside_of(folder: Path) -> Path:
    """Where a snapshot lies for the moment between two renames, while this folder takes its name."""
    return folder.with_name(f"{folder.name}{_ASIDE}")


def move_into_place(folder: Path, target: Path, *, replace: bool) -> Path:
    """Give a finished folder the name of its snapshot."""
    if replace and target.exists():
        target.rename(aside_of(folder))
    if _is_whole(target):
        # Another build of the same input was faster; its folder is as good as ours.
        return target
    shutil.rmtree(target, ignore_errors=True)
    try:
        folder.rename(target)
    except OSError:
        if not _is_whole(target):
            raise
    return target


def _is_whole(folder: Path) -> bool:
    try:
        read_manifest(folder)
    except SnapshotError:
        return False
    return True


class SnapshotBuilder:
    """A snapshot in the making, in a folder of its own that nobody serves.

    As a context manager it throws the folder away unless `seal` was called.
    """

    def __init__(self, build_folder: Path) -> None:
        """Start a snapshot below `build_folder`.

        Raises:
            SnapshotError: the folder cannot be made.
        """
        self._lock = ExitStack()
        try:
            build_folder.mkdir(parents=True, exist_ok=True)
            self.folder = Path(tempfile.mkdtemp(prefix=BROKEN_OFF, dir=build_folder))
            with suppress(ExportError):
                self._lock.enter_context(locked(self.folder))
                self.folder = self.folder.rename(build_folder / self.folder.name.replace(BROKEN_OFF, _HELD, 1))
        except OSError as error:
            message = sentence("snapshots.cannot_write", folder=build_folder, why=reason_of(error))
            raise SnapshotError(message, fix=sentence("snapshots.check_room")) from error

    def __enter__(self) -> Self:
        """The folder exists already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not sealed."""
        for folder in (self.folder, aside_of(self.folder)):
            shutil.rmtree(folder, ignore_errors=True)
        self._lock.close()

    def seal(
        self,
        manifest: Manifest,
        *,
        asserted: Sequence[Quad],
        inferred: Sequence[Quad],
        lifted: Sequence[Quad] = (),
        findings: Sequence[Mapping[str, object]],
        replace: bool = False,
    ) -> Path:
        """Write everything, the manifest last, and give the folder its name; the path of the sealed snapshot.

        `asserted` is what the files state and holds, `lifted` what does not, see `graphs.LIFTED`. With `replace` a
        snapshot of the same name makes way; without it the one that is there is used. The directory is what pages name
        things from.

        Raises:
            SnapshotError: the disk is full or the folder cannot be written; nothing is left behind.
        """
        target = self.folder.parent / manifest.snapshot_id
        try:
            self._write_store(asserted, inferred, lifted)
            quads = chain(asserted, inferred, former_names(lifted))
            write_directory(self.folder / DIRECTORY_FILE, quads, base=manifest.base, findings=len(findings))
            (self.folder / ASSERTED_FILE).write_bytes(serialize(asserted, format="nq"))
            (self.folder / INFERRED_FILE).write_bytes(serialize(inferred, format="nq"))
            (self.folder / LIFTED_FILE).write_bytes(serialize(lifted, format="nq"))
            _write_json(self.folder / FINDINGS_FILE, list(findings))
            _write_json(self.folder / MANIFEST_FILE, manifest.to_json())
            open_to_readers(self.folder, manifest)
            return move_into_place(self.folder, target, replace=replace)
        except OSError as error:
            message = sentence("snapshots.cannot_put", folder=target.parent, why=reason_of(error))
            fix = sentence("snapshots.make_room")
            raise SnapshotError(message, fix=fix) from error

    def _write_store(self, asserted: Sequence[Quad], inferred: Sequence[Quad], lifted: Sequence[Quad]) -> None:
        store = pyoxigraph.Store(str(self.folder / "store"))
        store.bulk_extend(chain(asserted, inferred, lifted))
        # The default graph holds every triple once, which the engine sees to: its own union of graphs counts repeats.
        store.bulk_extend(Quad(*quad.triple) for quad in chain(asserted, inferred))
        store.flush()
        store.optimize()


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


_CURRENT: Final = "current"
_LAST_BUILD: Final = ".last-build.json"


class Snapshots:
    """The snapshots of one project: which there are, and which one is in use."""

    def __init__(self, build_folder: Path, *, links: Sequence[str] = (_CURRENT,)) -> None:
        """The snapshots below `build_folder`, which need not exist yet.

        Args:
            build_folder: where they lie.
            links: what names the one in use: the first of these links that is there. The first is the one that is set.
        """
        self.folder = build_folder
        self._links = [build_folder / name for name in links]
        self._opened: tuple[object, Snapshot] | None = None

    @property
    def link(self) -> Path:
        """The link to the snapshot in use, which may not be there."""
        return next((each for each in self._links if each.is_symlink()), self._links[-1])

    def get(self, snapshot_id: str) -> Snapshot | None:
        """The whole snapshot of that name, or `None`."""
        try:
            return Snapshot(self.folder / snapshot_id)
        except SnapshotError:
            return None

    def current(self) -> Snapshot | None:
        """The snapshot in use, or `None` before the first build; opened once as long as it is the same.

        Raises:
            SnapshotError: the link points to a folder that is not a whole snapshot.
        """
        link = self.link
        if link.is_symlink() and not link.exists():
            self._restore(link.readlink().name)
        if not link.is_symlink():
            return None
        folder = link.resolve()
        seen = _identity(folder)
        if self._opened is None or seen is None or self._opened[0] != seen:
            self._opened = seen, Snapshot(folder)
        return self._opened[1]

    def _restore(self, name: str) -> None:
        """Put back the version that a build broken off between two renames had moved aside."""
        for aside in self.folder.glob(f"{BROKEN_OFF}*{_ASIDE}"):
            if (aside / MANIFEST_FILE).is_file() and read_manifest(aside).snapshot_id == name:
                aside.rename(self.folder / name)
                return

    def whole(self) -> list[Snapshot]:
        """The whole snapshots, the newest last."""
        if not self.folder.is_dir():
            return []
        folders = [path for path in self.folder.iterdir() if path.name[0] != "." and not path.is_symlink()]
        found = [snapshot for path in folders if (snapshot := self.get(path.name)) is not None]
        return sorted(found, key=lambda each: (each.folder / MANIFEST_FILE).stat().st_mtime)

    def adopt(self, folder: Path, snapshot_id: str) -> Path:
        """Give a whole folder that lies beside the snapshots its name; one of that name makes way.

        Raises:
            OSError: it cannot be moved.
        """
        moved = move_into_place(folder, self.folder / snapshot_id, replace=True)
        shutil.rmtree(aside_of(folder), ignore_errors=True)
        return moved

    def use(self, folder: Path) -> None:
        """Point to another snapshot: readers see the old one or the new one, never half of either.

        Raises:
            SnapshotError: the link cannot be written.
        """
        link = self._links[0]
        new = link.with_name(f"{link.name}.{os.getpid()}.new")
        try:
            new.unlink(missing_ok=True)
            new.symlink_to(folder.name)
            new.replace(link)
        except OSError as error:
            message = sentence("snapshots.cannot_switch", folder=self.folder, why=reason_of(error))
            raise SnapshotError(message, fix=sentence("snapshots.still")) from error

    def note_build(self, *, ok: bool) -> None:
        """Remember how a build ended, for whoever watches the graph; where nothing can be written nothing is."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            note = json.dumps({"at": round(time.time()), "ok": ok}) + "\n"
            replace_file(self.folder / _LAST_BUILD, note.encode())

    def last_build(self) -> dict[str, Any]:
        """When the last build ended (`at`, seconds since 1970) and whether it passed (`ok`); empty when nobody knows."""
        with suppress(OSError, ValueError):
            noted = json.loads((self.folder / _LAST_BUILD).read_text(encoding="utf-8"))
            return {"at": float(noted["at"]), "ok": noted["ok"] is True}
        return {}

    def prune(self, keep: int) -> None:
        """Remove all but the snapshots that a link names and the `keep` newest, and what broken-off builds left."""
        if not self.folder.is_dir():
            return
        in_use = {path.readlink().name for path in self.folder.iterdir() if path.is_symlink()}
        folders = [path for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]
        whole = [path for path in folders if (path / MANIFEST_FILE).is_file()]
        whole.sort(key=lambda path: (path / MANIFEST_FILE).stat().st_mtime, reverse=True)
        for path in whole[keep:]:
            if path.name not in in_use:
                shutil.rmtree(path, ignore_errors=True)
        for path in folders:
            if path.name.startswith(BROKEN_OFF) and not _in_use(path):
                shutil.rmtree(path, ignore_errors=True)
        # The archive of a pull that was broken off.
        for path in self.folder.glob(f"{BROKEN_OFF}*.tar*"):
            if path.is_file() and not _in_use(path):
                path.unlink(missing_ok=True)


def _identity(folder: Path) -> object:
    """What tells a snapshot from another, a fresh build of the same name included; `None` when it is not whole."""
    try:
        found = (folder / MANIFEST_FILE).stat()
    except OSError:
        return None
    return folder, found.st_ino, found.st_mtime_ns


def _in_use(folder: Path) -> bool:
    """Whether another build or pull may still be writing there: it holds its lock, or wrote within the last hour."""
    if folder.name.startswith(_HELD) and not folder.name.endswith(_ASIDE):
        try:
            with locked(folder, wait=False):
                return False
        except BlockingIOError:
            return True
        except ExportError:
            # No locks here: its age has to tell.
            pass
    newest = max((path.lstat().st_mtime for path in [folder, *folder.rglob("*")]), default=0.0)
    return newest > _now(folder.parent) - 3600


def _now(folder: Path) -> float:
    """The clock of the file system, which is the one that time stamps are compared with."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


@dataclass(frozen=True, slots=True)
class Version:
    """A snapshot as the pool serves it; built afresh under the same name it is another version."""

    folder: Path
    snapshot_id: str
    number: int = 0

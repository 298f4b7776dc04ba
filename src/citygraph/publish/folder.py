"""A folder written beside its place and moved when it is whole: a reader sees the old one or the new one."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from citygraph.errors import PublishError
from citygraph.files import locked
from citygraph.messages import reason_of, sentence

CHECKSUMS: Final = "SHA256SUMS"
"""The last file that is written: the hash of each other one."""
JOURNAL: Final = "SHA256SUMS.publishing"
"""The same for the old files and the new ones, as long as some of each may be there."""
_MARK: Final = "catalog/quality.ttl"
"""Every published folder has it; checksums without it were made by somebody else."""
_GIT: Final = ".git"
_LINE: Final = re.compile(r"([0-9a-f]{64})  (.+)", re.ASCII)
_SHOWN: Final = 5


@dataclass
class _Standing:
    """What stands in a folder; paths are relative to it, and links are named, not followed.

    `known` are the files that earlier runs wrote, whether or not they are still there; `closed` is what must stay in
    any case, repositories and folders that cannot be looked into.
    """

    known: set[str] = field(default_factory=set)
    ours: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    closed: set[str] = field(default_factory=set)

    @property
    def foreign(self) -> list[str]:
        """What no run of ours wrote, and the folders that hold nothing of ours; sorted."""
        parents = {parent for name in self.known for parent in _parents(name)}
        return sorted(self.others | self.closed | (self.folders - parents))


def check_target(target: Path, shown: Path) -> None:
    """Say early that a folder cannot be published to.

    Args:
        target: the folder, links resolved.
        shown: the folder as it was named.

    Raises:
        PublishError: it is a file, or holds something and no checksums of ours.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise PublishError(sentence("files.is_file", path=shown), fix=sentence("files.new_folder"))
    try:
        names = {path.name for path in target.iterdir()}
    except OSError as error:
        raise _unreadable(shown, error) from error
    if names - {_GIT} and not _is_ours(target):
        raise PublishError(sentence("files.not_ours", path=shown), fix=sentence("files.empty_folder"))


def _unreadable(path: object, error: OSError) -> PublishError:
    message = sentence("files.cannot_read", path=path, why=reason_of(error))
    return PublishError(message, fix=sentence("files.may_read"))


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What placing a folder would do to the files in its place, and how many it would leave as they are."""

    come: tuple[str, ...]
    change: tuple[str, ...]
    leave: tuple[str, ...]
    same: int

    def to_json(self) -> dict[str, object]:
        """As `publish --plan --format json` gives it."""
        return {"come": self.come, "change": self.change, "leave": self.leave, "same": self.same}


def plan_folder(new: Path, target: Path, sums: Mapping[str, str], *, prune: bool = False) -> FilePlan:
    """What `place_folder` would do; nothing is written.

    Args:
        new: the folder.
        target: the place, which need not exist.
        sums: the hash of each new file by its path.
        prune: see `place_folder`.

    Raises:
        PublishError: something that is not ours stands in the way, or the place cannot be read.
    """
    check_target(target, target)
    if not target.exists():
        return FilePlan(tuple(sorted(sums)), (), (), 0)
    try:
        return _Placing(new, target, sums).plan(prune=prune)
    except OSError as error:
        raise _unreadable(error.filename or target, error) from error


def place_folder(new: Path, target: Path, sums: Mapping[str, str], *, prune: bool = False) -> tuple[str, ...]:
    """Move a finished folder to its place.

    Args:
        new: the folder, on the same disk, with its checksums; it is gone or emptied afterwards.
        target: the place, links resolved.
        sums: the hash of each new file by its path.
        prune: also remove what no run of ours wrote, but for `.git`.

    Returns:
        What was removed of that, sorted.

    Raises:
        PublishError: something that is not ours stands in the way, and nothing was changed; or the disk refused.
        ExportError: the folder cannot be locked.
    """
    try:
        check_target(target, target)
        if not target.exists() or not any(target.iterdir()):
            new.rename(target)
            return ()
        with locked(target):
            standing = _survey(target)
            if not standing.foreign and not _closed_folder(target, standing.folders) and _exchange(new, target):
                return ()
            return _Placing(new, target, sums).run(prune=prune)
    except OSError as error:
        message = sentence("files.cannot_replace", path=error.filename or target, why=reason_of(error))
        raise PublishError(message, fix=sentence("files.publish_again")) from error


def _exchange(new: Path, target: Path) -> bool:
    """Put `new` where `target` stands, unless a file of somebody else came into it meanwhile."""
    beside = Path(tempfile.mkdtemp(prefix=".publish-", dir=target.parent))
    old = beside / target.name
    try:
        target.rename(old)
        try:
            if _survey(old).foreign:
                old.rename(target)
                return False
            new.rename(target)
        except BaseException:
            # Ctrl-C included: the place must not stay empty.
            if not target.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        # Not emptied: what could not be put back is still in it.
        with suppress(OSError):
            beside.rmdir()
    return True


class _Placing:
    """One folder put into another, file by file."""

    def __init__(self, new: Path, target: Path, sums: Mapping[str, str]) -> None:
        self._new, self._target, self._names = new, target, sorted(sums)
        self._lines = _lines_of(sums)
        self._standing = _survey(target)
        self._pruned: list[str] = []

    def run(self, *, prune: bool) -> tuple[str, ...]:
        """Change nothing when something is in the way; else everything, in an order that can break off anywhere."""
        self._refuse(prune=prune)
        stale = self._standing.ours - {*self._names, CHECKSUMS, JOURNAL}
        before = [line for name in (CHECKSUMS, JOURNAL) for line in _read_lines(self._target / name)]
        (self._new / JOURNAL).write_text("".join(sorted({*before, *self._lines})), encoding="utf-8")
        (self._new / JOURNAL).replace(self._target / JOURNAL)
        self._pruned += self._standing.others & {CHECKSUMS, JOURNAL}
        wanted, parents = set(self._names), {parent for name in self._names for parent in _parents(name)}
        # A file of the old run where the new one has a folder, or the other way round, goes first.
        blocking = {name for name in stale if name in parents or wanted.intersection(_parents(name))}
        if prune:
            blocking |= {name for name in self._in_the_way() if name not in self._standing.folders}
            blocking |= {name for name in self._standing.others if wanted.intersection(_parents(name))}
        self._remove(blocking - {CHECKSUMS, JOURNAL})
        self._remove_folders({name for name in self._standing.folders if name in wanted or _under(name, wanted)})
        for name in self._names:
            (self._target / name).parent.mkdir(parents=True, exist_ok=True)
            (self._new / name).replace(self._target / name)
        (self._new / CHECKSUMS).replace(self._target / CHECKSUMS)
        self._remove(stale - blocking)
        self._remove_folders({parent for name in stale for parent in _parents(name)})
        if prune:
            self._remove(self._standing.others - blocking - {CHECKSUMS, JOURNAL})
            self._remove_folders(self._standing.folders)
        (self._target / JOURNAL).unlink()
        return tuple(sorted(self._pruned))

    def plan(self, *, prune: bool) -> FilePlan:
        """What `run` would do."""
        self._refuse_what_is_in_the_way(prune=prune)
        standing, own = self._standing, {CHECKSUMS, JOURNAL}
        there = (standing.ours | standing.others if prune else standing.ours) - own
        old = {name for name in self._names if name in there}
        lines = set(self._lines)
        change = [name for name in sorted(old) if lines.isdisjoint(_lines_of_file(self._target, name))]
        come = [name for name in self._names if name not in old]
        return FilePlan(tuple(come), tuple(change), tuple(sorted(there - old)), len(old) - len(change))

    def _refuse(self, *, prune: bool) -> None:
        self._refuse_what_is_in_the_way(prune=prune)
        touched = {*self._names, *self._standing.ours, *(self._standing.others if prune else ())}
        folders = {parent for name in touched for parent in _parents(name)} & self._standing.folders
        if closed := _closed_folder(self._target, folders):
            raise PublishError(sentence("files.may_not_write", path=closed), fix=sentence("files.who_owns"))

    def _refuse_what_is_in_the_way(self, *, prune: bool) -> None:
        found = self._in_the_way()
        if prune:
            found = [name for name in found if _holds(name, self._standing.closed)]
        if found:
            some = ", ".join(found[:_SHOWN]) + (", …" if len(found) > _SHOWN else "")
            message = sentence("files.in_the_way", path=self._target, some=some)
            raise PublishError(message, fix=sentence("files.move_away" if prune else "files.move_or_prune"))

    def _in_the_way(self) -> list[str]:
        """Where the run would write over something that is not ours, or through a link."""
        standing = self._standing
        foreign = set(standing.foreign)
        inside = {parent for each in foreign for parent in _parents(each)} | (foreign & standing.folders)
        blocked = standing.others | standing.closed
        found: set[str] = set()
        for name in (*self._names, CHECKSUMS, JOURNAL):
            found |= {each for each in (*_parents(name), name) if each in blocked}
            if name in standing.folders and name in inside:
                found.add(name)
        return sorted(found)

    def _remove(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            (self._target / name).unlink(missing_ok=True)
            if name in self._standing.others:
                self._pruned.append(name)

    def _remove_folders(self, names: Iterable[str]) -> None:
        """Those that are empty, the deepest first."""
        for name in sorted(names, reverse=True):
            path = self._target / name
            if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
                path.rmdir()


def _closed_folder(target: Path, folders: Iterable[str]) -> Path | None:
    """The first of the folder and these below it in which we may not remove what is there; nothing when we may in all."""
    places = (target / folder for folder in ("", *sorted(folders)))
    return next((each for each in places if not os.access(each, os.W_OK | os.X_OK)), None)


def _survey(folder: Path) -> _Standing:
    """Everything below `folder`. A file that the journal alone names is ours while it has the hash named there."""
    found = _Standing()
    sums = _read_lines(folder / CHECKSUMS)
    found.known = {path for line in sums if (path := _path_of(line))}
    journal = set(_read_lines(folder / JOURNAL))
    found.known |= {path for line in journal if (path := _path_of(line)) and line in _lines_of_file(folder, path)}
    if sums:
        found.known.add(CHECKSUMS)
    if journal:
        found.known.add(JOURNAL)
    _look(folder, "", found)
    return found


def _look(folder: Path, below: str, found: _Standing) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = f"{below}{entry.name}"
            if entry.name.lower() == _GIT:
                found.closed.add(name)
            elif entry.is_dir(follow_symlinks=False):
                try:
                    _look(folder / entry.name, f"{name}/", found)
                except PermissionError:
                    found.closed.add(name)
                else:
                    found.folders.add(name)
            else:
                (found.ours if name in found.known else found.others).add(name)


def _is_ours(folder: Path) -> bool:
    """Whether a run of ours finished there, or began to."""
    return any(_path_of(line) == _MARK for name in (CHECKSUMS, JOURNAL) for line in _read_lines(folder / name))


def _read_lines(path: Path) -> list[str]:
    """The lines of a file of checksums, none when it is anything else: a link, or a file with one other line in it."""
    if path.is_symlink() or not path.is_file():
        return []
    lines = [f"{line}\n" for line in path.read_bytes().decode("utf-8", "replace").split("\n") if line]
    return lines if all(_path_of(line) for line in lines) else []


def _path_of(line: str) -> str:
    """The path in a line of checksums; nothing when it is none, or leads out of the folder or into a repository."""
    match = _LINE.fullmatch(line.rstrip("\n"))
    parts = match[2].split("/") if match is not None else []
    return "" if match is None or {"", ".", ".."}.intersection(parts) or _in_git(parts) else match[2]


def _in_git(parts: Iterable[str]) -> bool:
    return any(part.lower() == _GIT for part in parts)


def _lines_of(sums: Mapping[str, str]) -> list[str]:
    return [f"{sums[name]}  {name}\n" for name in sorted(sums)]


def _lines_of_file(folder: Path, name: str) -> list[str]:
    """The line that checksums have for a file; none when there is no such file, or a link on the way to it."""
    if any((folder / each).is_symlink() for each in (*_parents(name), name)) or not (folder / name).is_file():
        return []
    return _lines_of({name: hashlib.sha256((folder / name).read_bytes()).hexdigest()})


def _parents(name: str) -> list[str]:
    return [parent.as_posix() for parent in PurePosixPath(name).parents if parent.name]


def _under(name: str, names: set[str]) -> bool:
    return not names.isdisjoint(_parents(name))


def _holds(name: str, others: Iterable[str]) -> bool:
    return any(each == name or each.startswith(f"{name}/") for each in others)


_PIECE: Final = 1_000_000


class _Summed(io.RawIOBase):
    """A file that knows its size and its hash when it has been written."""

    def __init__(self, folder: Path, name: str) -> None:
        self._name, self.size, self.sum = name, 0, hashlib.sha256()
        with _told(name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            self._file = (folder / name).open("wb")

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # what is written are bytes
        with _told(self._name):
            self._file.write(data)
        self.sum.update(data)
        self.size += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            with _told(self._name):
                self._file.close()
        super().close()


def _unwritable(path: object, error: OSError) -> PublishError:
    message = sentence("files.cannot_write", path=path, why=reason_of(error))
    return PublishError(message, fix=sentence("files.check_room"))


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _unwritable(name, error) from error


class NewFolder:
    """A folder that is being written; used in a `with`, and gone afterwards unless it was moved to its place."""

    def __init__(self, target: Path | None) -> None:
        """Start a folder that is to replace `target`; without one it is only looked at.

        Raises:
            PublishError: something else than a published folder stands there.
        """
        self._target = target.resolve() if target is not None else None
        if target is not None and self._target is not None:
            check_target(self._target, target)
        try:
            if self._target is not None:
                self._target.parent.mkdir(parents=True, exist_ok=True)
            beside = self._target.parent if self._target is not None else None
            self.path = Path(tempfile.mkdtemp(prefix=".publish-", dir=beside))
        except OSError as error:
            raise _unwritable(target, error) from error
        self._sums: dict[str, str] = {}
        # zlib and hashlib let other threads work meanwhile.
        self._packer = ThreadPoolExecutor(1, thread_name_prefix="gzip")
        self._packed: dict[str, Future[_Summed]] = {}
        self.sizes: dict[str, int] = {}

    def __enter__(self) -> Self:
        """The folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever was not moved to its place is thrown away."""
        self._packer.shutdown(cancel_futures=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, path: str, data: bytes) -> int:
        """Write one file; its size.

        Raises:
            PublishError: it cannot be written.
        """
        with self.open(path) as file:
            file.write(data)
        return len(data)

    @contextmanager
    def open(self, path: str, *, gzip: bool = False) -> Iterator[BinaryIO]:
        """A file to write piece by piece; with `gzip` it is packed afterwards into a second one with `.gz` at its end.

        Packing goes on beside the caller's work. When the caller fails, the file is gone.

        Raises:
            PublishError: it cannot be written.
        """
        file = _Summed(self.path, path)
        try:
            with file:
                yield cast("BinaryIO", file)
        except BaseException:
            # Whatever it was, Ctrl-C included: half a file must not stay, and the error goes on.
            (self.path / path).unlink(missing_ok=True)
            raise
        self._keep(path, file)
        if gzip:
            self._packed[f"{path}.gz"] = self._packer.submit(self._pack, path)

    def add(self, path: str) -> None:
        """Take up a file that another program has written into the folder."""
        with _told(path), (self.path / path).open("rb") as file:
            self._sums[path] = hashlib.file_digest(file, "sha256").hexdigest()
            self.sizes[path] = (self.path / path).stat().st_size

    def _keep(self, path: str, file: _Summed) -> None:
        self._sums[path], self.sizes[path] = file.sum.hexdigest(), file.size

    def _pack(self, path: str) -> _Summed:
        """A gzip file without a time or a name in it, so that the same data give the same file."""
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        with _told(path), (self.path / path).open("rb") as source, _Summed(self.path, f"{path}.gz") as file:
            while data := source.read(_PIECE):
                file.write(packer.compress(data))
            file.write(packer.flush())
        return file

    def _finish(self) -> None:
        """Wait until everything is packed."""
        while self._packed:
            path, packed = self._packed.popitem()
            self._keep(path, packed.result())

    def read(self, path: str) -> bytes:
        """The bytes of a file that has been written."""
        if path in self._packed:
            self._finish()
        return (self.path / path).read_bytes()

    def __contains__(self, path: object) -> bool:
        """Whether a file has been written."""
        return path in self._sums or path in self._packed

    def __iter__(self) -> Iterator[str]:
        """The paths of all files, sorted."""
        return iter(sorted([*self._sums, *self._packed]))

    def seal(self) -> dict[str, str]:
        """Write the checksums, in the form that `sha256sum --check` reads; the hash of each file by its path."""
        self._finish()
        lines = [f"{self._sums[name]}  {name}\n" for name in sorted(self._sums)]
        (self.path / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
        return dict(self._sums)

    def plan(self, target: Path, *, prune: bool = False) -> FilePlan:
        """What it would do to put the sealed folder at `target`; see `plan_folder`."""
        return plan_folder(self.path, target.resolve(), self._sums, prune=prune)

    def move(self, *, prune: bool = False) -> tuple[str, ...]:
        """Put the sealed folder in its place: what earlier runs wrote there is replaced, anything else stays.

        Args:
            prune: also remove what no run wrote, but for `.git`.

        Returns:
            What was removed of that, sorted.

        Raises:
            PublishError: it cannot be moved, or something that is not ours is in the way; then nothing was changed.
        """
        if self._target is None:
            return ()
        # mkdtemp makes folders that only their owner reads; this one is for a web server.
        self.path.chmod(0o755)
        return place_folder(self.path, self._target, self._sums, prune=prune)

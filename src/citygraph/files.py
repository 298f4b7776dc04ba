"""Files of this machine: written whole and at once, locked against a second writer, and read as git has them.

A reader sees the old file or the new one, never half of either, also after a power cut. What a project was in a
revision is what `git archive` gives of it.
"""

from __future__ import annotations

import fcntl
import io
import os
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import TYPE_CHECKING, Final

from citygraph.errors import ConfigError, ExportError
from citygraph.messages import Text, reason_of, sentence, text

if TYPE_CHECKING:
    import tarfile

_PARTS_OF_A_PROJECT: Final = ("graph.toml", "ontology", "data", "queries")
_MOST_LINKS: Final = 10
_GIT: Final = 120  # seconds; on a busy machine, and for a large archive


def write_file(path: Path, data: bytes, *, is_private: bool = False) -> None:
    """Write `data` to `path`, making its folder when needed; see `replace_file`.

    Args:
        path: the file.
        data: what it is to hold.
        is_private: let nobody but its owner and the group read the file, and the folder if it is made.

    Raises:
        ExportError: the place cannot be written; whatever stood there is untouched.
    """
    try:
        path.parent.mkdir(mode=0o750 if is_private else 0o777, parents=True, exist_ok=True)
        replace_file(path, data, most=0o640 if is_private else 0o777)
    except OSError as error:
        raise _cannot_write(path, error) from error


def write_files(contents: Mapping[Path, bytes | None]) -> None:
    """Write several files, making their folders when needed: all of them beside their places, and then move each, in order.

    One without bytes goes. A disk that is full, or a folder that may not be written, is met before the first is moved.

    Raises:
        ExportError: a place cannot be written; what stood in any of them stands there.
    """
    staged: dict[Path, Path] = {}
    moved: dict[Path, bytes | None] = {}
    path = Path()
    try:
        for path, data in contents.items():
            if data is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                staged[path] = _stage(path, data)
        for path in contents:
            moved[path] = path.read_bytes() if path.is_file() else None
            if path in staged:
                staged[path].replace(path)
            else:
                path.unlink(missing_ok=True)
    except OSError as error:
        _put_back(moved)
        raise _cannot_write(path, error) from error
    except BaseException:
        # Whatever it was, Ctrl-C included: half of them must not stay, and the error goes on.
        _put_back(moved)
        raise
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
    for folder in {path.parent for path in moved}:
        sync_folder(folder)


def _put_back(moved: Mapping[Path, bytes | None]) -> None:
    """The last first, and no further than it goes: then the first of them are new and the others old, as after a break."""
    with suppress(OSError):
        for path, before in reversed([*moved.items()]):
            if before is None and path.is_file():
                path.unlink()
            elif before is not None and (not path.is_file() or path.read_bytes() != before):
                replace_file(path, before)


def _cannot_write(path: Path, error: OSError) -> ExportError:
    message = sentence("files.cannot_write", path=path, why=reason_of(error))
    return ExportError(message, fix=sentence("files.check_room"))


def replace_file(path: Path, data: bytes, *, most: int = 0o777) -> None:
    """Write `data` under a name of its own in the folder of `path`, bring it to the disk, and rename it.

    A file that stood there keeps its permissions; a new one can be read by everybody. Neither has more than `most`. A
    symbolic link that stood there is replaced, never written through.

    Raises:
        OSError: the folder does not exist or cannot be written, or the disk is full; what stood there is untouched.
    """
    temporary = _stage(path, data, most=most)
    try:
        temporary.replace(path)
    except BaseException:
        # Whatever it was, Ctrl-C included: the half file must not stay, and the error goes on.
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _stage(path: Path, data: bytes, *, most: int = 0o777) -> Path:
    """Write `data` under a name of its own in the folder of `path`, with the permissions that it is to have there."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            # mkstemp makes files that only their owner reads; these are for others.
            os.fchmod(descriptor, most & (path.stat().st_mode if path.is_file() else 0o644))
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        # Whatever it was, Ctrl-C included: the half file must not stay, and the error goes on.
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, so that a rename in it outlives a power cut.

    Raises:
        OSError: it is no folder, or it cannot be read.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def end_inside(path: Path, folder: Path) -> str | None:
    """Where a path ends when all links are followed, from `folder` on; nothing when that is outside."""
    end, top = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    return end.relative_to(top).as_posix() if end.is_relative_to(top) else None


def read_inside(path: Path, folder: Path) -> tuple[bytes, str] | None:
    """The bytes of a plain file, and where it lies when all links are followed, from `folder` on.

    One opened file decides both, so that a link may change meanwhile. Nothing when it is no plain file, lies outside,
    or is not the one that the path leads to.

    Raises:
        OSError: it cannot be opened or read.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        opened, end = os.fstat(descriptor), end_inside(path, folder)
        if end is None or not stat.S_ISREG(opened.st_mode):
            return None
        if not os.path.samestat(opened, os.lstat(os.path.join(os.path.realpath(folder), end))):  # noqa: PTH118
            return None
        return file.read(), end


@contextmanager
def locked(place: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of `place` meanwhile; it goes with the process, however that ends.

    Args:
        place: a folder, made when needed, or a lock file (a name that begins with a dot) in a folder that exists.
        wait: whether to wait for somebody else who holds it.

    Raises:
        ExportError: the place cannot be made or opened, or its file system has no locks.
        BlockingIOError: somebody else holds the lock, without `wait`.
    """
    try:
        if place.name.startswith(".") and not place.is_dir():
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        else:
            place.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        message = sentence("files.cannot_write", path=place, why=reason_of(error))
        raise ExportError(message, fix=sentence("files.check_folder")) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise
        except OSError as error:
            message = sentence("files.cannot_lock", path=place, why=reason_of(error))
            raise ExportError(message, fix=sentence("files.use_locks")) from error
        yield
    finally:
        # Closing gives the lock back.
        os.close(descriptor)


def git(folder: Path, *arguments: str) -> bytes | None:
    """What git prints when it is asked in `folder`; `None` when it refuses.

    Outside a checkout it is `None` too, and no process is started.

    Raises:
        ConfigError: there is no git on this machine, or it does not answer in minutes.
    """
    done = _run_git(folder, *arguments)
    return done.stdout if done is not None and done.returncode == 0 else None


def _run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    place = folder.resolve()
    if "GIT_DIR" not in os.environ and not any((each / ".git").exists() for each in (place, *place.parents)):
        return None
    try:
        return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, check=False, timeout=_GIT)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(
            sentence("files.no_git", folder=folder, why=error), fix=sentence("files.install_git")
        ) from error


def _reason_of_git(folder: Path, *arguments: str) -> Text:
    """What git itself says to these arguments, which it refuses; where there is no checkout, that."""
    done = _run_git(folder, *arguments)
    if done is None:
        return text("files.no_checkout")
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return Text.of(said[0].removeprefix("fatal: ") if said else f"git {arguments[0]}: {done.returncode}")


def extract_revision(project: Path, revision: str, target: Path) -> None:
    """Write the project's files as of the git revision `revision` into `target`.

    Raises:
        ConfigError: the project is not in a git checkout, the revision is not known there, or a file of it is a link
            to something that is no file of the revision.
        ExportError: a file cannot be written.
    """
    commit = git(project, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    # Inside a sub-folder `git archive` gives that sub-folder alone, which is the project.
    archive = commit and git(project, "archive", "--format=tar", commit.decode().strip())
    if not archive:
        why = _reason_of_git(project, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        message = sentence("files.no_revision", revision=revision, project=project, why=why)
        shallow = git(project, "rev-parse", "--is-shallow-repository") == b"true\n"
        raise ConfigError(message, fix=sentence("files.fetch_history" if shallow else "files.name_revision"))
    import tarfile  # noqa: PLC0415  # few commands read a revision

    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        # Not `extractall`: how it treats names that lead elsewhere depends on the patch of Python (3.11.4).
        members = {normpath(member.name): member for member in tar.getmembers() if not member.isdir()}
        for path in members:
            if path.split("/")[0] in _PARTS_OF_A_PROJECT:
                content = _content(tar, members, path, revision)
                try:
                    (target / path).parent.mkdir(parents=True, exist_ok=True)
                    (target / path).write_bytes(content)
                except OSError as error:
                    raise _cannot_write(target / path, error) from error


def _content(tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo], path: str, revision: str) -> bytes:
    """The bytes of a file, or of the one that a link leads to."""
    place = path
    for _ in range(_MOST_LINKS):
        member = members.get(place)
        if member is None or not member.issym():
            break
        place = normpath(join(dirname(place), member.linkname))
    file = tar.extractfile(member) if member is not None and member.isreg() else None
    if file is None:
        message = sentence("files.link", path=path, revision=revision, place=place)
        raise ConfigError(message, fix=sentence("files.no_link"))
    return file.read()

"""A mirror: a folder that snapshots are pushed to and pulled from, each of them one archive with its hash.

```
mirror/
  index.json                      which snapshots there are, and which one is in use; moved into place last
  3f9c2ab7d10e4f52.tar            the files of a snapshot
  3f9c2ab7d10e4f52.tar.sha256     its hash, for `sha256sum -c`
```

In an older layout each file lay in `objects/` under its hash, beside a list of the files of each snapshot; snapshots
are still pulled from such a mirror, and the next push replaces them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol, TypeVar
from urllib.parse import urlsplit

from citygraph.errors import ExportError, SnapshotError
from citygraph.files import locked, replace_file
from citygraph.http import (
    AGENT,
    RETRIED,
    Deadline,
    DeadlinePassed,
    HttpClient,
    Policy,
    TryAgain,
    patiently,
    retry_after,
)
from citygraph.messages import reason_of, sentence
from citygraph.store.archive import Damaged, From, Piece, is_there, open_regular, pack, reading, receive
from citygraph.store.snapshot import INTERNAL, PRIVATE, PRIVATE_FOLDER, Snapshot

if TYPE_CHECKING:
    import httpx

Told = Callable[[str, int, int], None]
"""Told of progress: what, and how many bytes of how many."""
INDEX: Final = "index.json"
MOST_INDEX_BYTES: Final = 16_000_000
"""An index, or a list of files, is refused when it is larger."""
_FORMAT: Final = 2
OLD_FORMAT: Final = 1
"""The layout before archives."""
OLD_FOLDER: Final = "objects"
_MOST_SNAPSHOTS: Final = 10_000
_LONGEST_TEXT: Final = 200
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
# So never `current`, or a path.
_SNAPSHOT_ID: Final = re.compile(r"[0-9a-f]{16}")
_AGAIN: Final = sentence("snapshots.push_again")
_OK: Final = 200
_PARTIAL: Final = 206
_MISSING: Final = frozenset({404, 410})
_REDIRECTS: Final = range(300, 400)
_SILENCE: Final = 30.0
_SLOWEST: Final = 50_000
"""Bytes a second that a transfer must reach on average; a slower one is given up."""
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)", re.ASCII)
# A packed answer would have other bytes than the ones that were hashed, and no positions to go on from.
_HEADERS: Final = {"User-Agent": AGENT, "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
_Result = TypeVar("_Result")


# -- the index ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """One snapshot in the index: the hash and the bytes of its archive, and when it was pushed (UTC, ISO 8601).

    In the older layout (`list_size` is not 0) the hash is that of the list of its files, and `size` is that of the
    files together.
    """

    snapshot_id: str
    sha256: str
    size: int
    as_of: str
    statements: int
    pushed: str
    list_size: int = 0

    @property
    def archive(self) -> Piece:
        """Its archive in the mirror."""
        return Piece(f"{self.snapshot_id}.tar", self.size, self.sha256)


@dataclass(frozen=True, slots=True)
class Index:
    """Which snapshots of which graph a mirror holds, the oldest push first, and which one is in use."""

    base: str
    current: str = ""
    snapshots: tuple[Listed, ...] = ()

    def get(self, snapshot_id: str) -> Listed | None:
        """The snapshot of that name, or `None`."""
        return next((each for each in self.snapshots if each.snapshot_id == snapshot_id), None)

    def to_bytes(self) -> bytes:
        """The document as it is stored; the same index gives the same bytes."""
        value: dict[str, Any] = {"format": _FORMAT, **asdict(self)}
        for each in value["snapshots"]:
            del each["list_size"]
        return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def read_index(data: bytes, *, where: str) -> Index:
    """Which snapshots a mirror holds.

    Raises:
        SnapshotError: it is not such a document.
    """
    name = f"The index of {where}"
    raw = read_document(data, name, _FORMAT, OLD_FORMAT)
    listed = raw.get("snapshots")
    if not isinstance(listed, list) or len(listed) > _MOST_SNAPSHOTS:
        message = sentence("snapshots.no_list", name=name)
        raise SnapshotError(message, fix=sentence("snapshots.check_mirror"))
    is_old = raw["format"] == OLD_FORMAT
    snapshots = tuple(_listed(each, name, is_old=is_old) for each in listed)
    index = Index(str(raw.get("base")), str(raw.get("current")), snapshots)
    if index.current and index.get(index.current) is None:
        message = sentence("snapshots.current_unlisted", name=name, version=index.current[:80])
        raise SnapshotError(message, fix=_AGAIN)
    return index


def read_document(data: bytes, name: str, *formats: int) -> Mapping[str, Any]:
    """A document of one of these formats; `name` is what it is called in messages.

    Raises:
        SnapshotError: it is none.
    """
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        message = sentence("snapshots.not_our_json", name=name)
        raise SnapshotError(message, fix=_AGAIN) from error
    if not isinstance(raw, dict) or raw.get("format") not in formats:
        message = sentence("snapshots.other_release", name=name)
        raise SnapshotError(message, fix=sentence("snapshots.same_release"))
    return raw


def _listed(raw: object, name: str, *, is_old: bool) -> Listed:
    listed = None
    if isinstance(raw, dict) and "list_size" not in raw:
        values = dict(raw)
        if is_old:
            values.update(sha256=values.pop("contents", None), list_size=values.pop("contents_size", None))
        try:
            listed = Listed(**values)
        except TypeError:
            listed = None
    texts = (listed.snapshot_id, listed.sha256, listed.as_of, listed.pushed) if listed else ()
    numbers = (listed.size, listed.statements, listed.list_size) if listed else ()
    if (
        listed is None
        or not all(isinstance(each, str) and len(each) <= _LONGEST_TEXT and each.isprintable() for each in texts)
        or not all(type(each) is int and each >= 0 for each in numbers)
        or not _SNAPSHOT_ID.fullmatch(listed.snapshot_id)
        or not _SHA256.fullmatch(listed.sha256)
    ):
        message = sentence("snapshots.lists_odd", name=name)
        raise SnapshotError(message, fix=_AGAIN)
    return listed


# -- where it lies ------------------------------------------------------------------------------------


class Mirror(Protocol):
    """Something that snapshots can be pulled from."""

    @property
    def name(self) -> str:
        """Its folder or address, for people."""
        ...

    def index(self) -> Index:
        """Which snapshots there are.

        Raises:
            SnapshotError: there is no mirror, or it cannot be read.
        """
        ...

    def fetch(self, piece: Piece, target: Path, told: Told) -> None:
        """Bring one file of the mirror to `target`, verified; an interrupted transfer goes on where it stopped.

        Raises:
            SnapshotError: the mirror does not have it, or has it damaged.
            OSError: `target` cannot be written.
        """
        ...


class MirrorFolder:
    """A mirror in a folder of this machine, or of a network drive."""

    def __init__(self, folder: Path) -> None:
        """The mirror in `folder`, which need not exist yet."""
        self.folder = folder

    @property
    def name(self) -> str:
        """See `Mirror.name`."""
        return str(self.folder)

    def index(self) -> Index:
        """See `Mirror.index`."""
        path = self.folder / INDEX
        try:
            with open_regular(path) as file:
                data = file.read(MOST_INDEX_BYTES + 1)
        except FileNotFoundError as error:
            message = sentence("snapshots.none_in", folder=self.folder)
            raise SnapshotError(message, fix=sentence("snapshots.push_first")) from error
        except OSError as error:
            message = sentence("snapshots.cannot_read", path=path, why=reason_of(error))
            raise SnapshotError(message, fix=sentence("snapshots.check_readable")) from error
        if len(data) > MOST_INDEX_BYTES:
            message = sentence("snapshots.large", path=path, most=MOST_INDEX_BYTES)
            raise SnapshotError(message, fix=sentence("snapshots.check_mirror"))
        return read_index(data, where=str(self.folder))

    def fetch(self, piece: Piece, target: Path, told: Told) -> None:
        """See `Mirror.fetch`."""
        path = self.folder / piece.path
        for folder in path.relative_to(self.folder).parents:
            no_link(self.folder / folder if folder.name else path)
        try:
            with open_regular(path):
                pass
        except OSError as error:
            is_missing = isinstance(error, FileNotFoundError)
            message = sentence(
                f"snapshots.{'missing' if is_missing else 'cannot_read'}", path=path, why=reason_of(error)
            )
            raise SnapshotError(message, fix=_AGAIN) from error
        try:
            receive(piece, target, _telling(reading(path), piece, told))
        except Damaged as error:
            message = sentence("snapshots.damaged", path=path, why=error.args[0])
            raise SnapshotError(message, fix=_AGAIN) from error

    def put(self, snapshot: Snapshot, known: Listed | None, told: Told) -> tuple[Piece, bool]:
        """Store the archive of a snapshot unless the right one is there; the archive, and whether it was written.

        Raises:
            SnapshotError: the snapshot holds something that no snapshot has.
            OSError: the folder cannot be written.
        """
        name = f"{snapshot.snapshot_id}.tar"
        path = self.folder / name
        if known is not None and not known.list_size:
            piece = pack(snapshot.folder, name, len)
            if piece == known.archive and is_there(piece, path):
                return piece, False
        mode = PRIVATE if snapshot.manifest.edition == INTERNAL else 0o644
        part = self.folder / f".{name}.part"
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                piece = pack(snapshot.folder, name, _writing(file, snapshot.folder, told))
                file.flush()
                os.fsync(descriptor)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        replace_file(self.folder / f"{name}.sha256", f"{piece.sha256}  {name}\n".encode())
        return piece, True

    def put_index(self, index: Index) -> None:
        """Make this the index, and remove what it does not name; readers see the old one or the new one.

        Raises:
            OSError: the folder cannot be written.
        """
        replace_file(self.folder / INDEX, index.to_bytes())
        for path in self.folder.iterdir():
            snapshot_id, dot, _ = path.name.lstrip(".").partition(".tar")
            if dot and _SNAPSHOT_ID.fullmatch(snapshot_id) and index.get(snapshot_id) is None:
                path.unlink(missing_ok=True)
        old = self.folder / OLD_FOLDER
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)

    @contextmanager
    def changing(self, *, is_private: bool = False) -> Iterator[None]:
        """Nobody else pushes meanwhile; a folder that is made for it is the group's alone when `is_private` is set.

        Raises:
            SnapshotError: somebody is pushing right now, or the folder cannot be written.
        """
        try:
            self.folder.mkdir(mode=PRIVATE_FOLDER if is_private else 0o777, parents=True, exist_ok=True)
        except OSError as error:
            message = sentence("snapshots.cannot_write", folder=self.folder, why=reason_of(error))
            raise SnapshotError(message, fix=sentence("snapshots.check_writable")) from error
        with alone(self.folder / ".lock", f"Another push to {self.folder} is going on."):
            yield


def _writing(file: BinaryIO, folder: Path, told: Told) -> Callable[[bytes], None]:
    """What writes an archive of that folder, and tells of progress."""
    total = sum(path.lstat().st_size for path in folder.rglob("*"))

    def write(data: bytes) -> None:
        told("transfer", min(file.tell(), total), total)
        file.write(data)

    return write


def _telling(read: From, piece: Piece, told: Told) -> From:
    """The same bytes, with progress told of them."""

    def read_and_tell(start: int) -> Iterator[bytes]:
        done = start
        for data in read(start):
            told("transfer", min(done, piece.size), piece.size)
            done += len(data)
            yield data

    return read_and_tell


@contextmanager
def alone(lock: Path, message: str) -> Iterator[None]:
    """Hold a lock file; the lock goes with the process, however that ends.

    Raises:
        SnapshotError: somebody else holds it (then with this message), or the file system has no locks.
    """
    try:
        with locked(lock, wait=False):
            yield
    except BlockingIOError as error:
        raise SnapshotError(message, fix=sentence("snapshots.when_done")) from error
    except ExportError as error:
        raise SnapshotError(error.message, fix=error.fix) from error


def no_link(path: Path) -> None:
    """Refuse to go through a symbolic link.

    Raises:
        SnapshotError: `path` is one.
    """
    if path.is_symlink():
        message = sentence("snapshots.is_link", path=path)
        raise SnapshotError(message, fix=sentence("snapshots.put_own"))


class MirrorAddress:
    """A mirror that a file server shows at one address."""

    def __init__(self, address: str, *, policy: Policy | None = None) -> None:
        """The mirror at `address`; what follows the path, or a name and password, has no place in it.

        Raises:
            SnapshotError: it is no such address.
        """
        try:
            parts = urlsplit(address)
            fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            fine = False
        if not fine or not address.isascii() or not address.isprintable() or " " in address:
            message = sentence("snapshots.no_address", address=address)
            raise SnapshotError(message, fix=sentence("snapshots.write_like"))
        if parts.query or parts.fragment or "@" in parts.netloc:
            message = sentence("snapshots.plain_address", address=f"{parts.scheme}://{parts.hostname}{parts.path}")
            raise SnapshotError(message, fix=sentence("snapshots.write_like"))
        self._address = address if address.endswith("/") else f"{address}/"
        given = policy or Policy(contact="", timeout=60.0, patience=300.0)
        self._policy = replace(given, retries_broken=True, silence=_SILENCE)
        self._client = HttpClient(self._policy, headers=_HEADERS)

    @property
    def name(self) -> str:
        """See `Mirror.name`."""
        return self._address

    def index(self) -> Index:
        """See `Mirror.index`."""

        def attempt(deadline: Deadline) -> bytes:
            data = b""
            for piece in self._from(INDEX, 0, deadline):
                data += piece
                if len(data) > MOST_INDEX_BYTES:
                    message = sentence("snapshots.large", path=f"{self._address}{INDEX}", most=MOST_INDEX_BYTES)
                    raise SnapshotError(message, fix=sentence("snapshots.check_address"))
            return data

        return read_index(self._patiently(attempt, self._policy, INDEX), where=self._address)

    def fetch(self, piece: Piece, target: Path, told: Told) -> None:
        """See `Mirror.fetch`."""
        seconds = self._policy.timeout + piece.size / _SLOWEST
        policy = replace(self._policy, timeout=seconds, patience=seconds + self._policy.patience)

        def attempt(deadline: Deadline) -> None:
            receive(piece, target, _telling(lambda start: self._from(piece.path, start, deadline), piece, told))

        try:
            self._patiently(attempt, policy, piece.path)
        except Damaged as error:
            message = sentence("snapshots.damaged", path=f"{self._address}{piece.path}", why=error.args[0])
            fix = sentence("snapshots.push_again")
            raise SnapshotError(message, fix=fix) from error

    def _patiently(self, attempt: Callable[[Deadline], _Result], policy: Policy, what: str) -> _Result:
        """The result, asked for again while the server is only busy, and every failure as a sentence."""
        again = "Run it again later: it goes on where it stopped, and the previous version is still in use."
        try:
            return patiently(attempt, policy)
        except TryAgain as error:
            message = sentence("snapshots.no_answer", address=self._address, what=what, why=error.reason)
            raise SnapshotError(message, fix=again) from error
        except DeadlinePassed as error:
            message = sentence("snapshots.late", address=self._address, what=what, seconds=policy.timeout)
            raise SnapshotError(message, fix=again) from error

    def _from(self, path: str, start: int, deadline: Deadline) -> Iterator[bytes]:
        """The bytes of a file from a position on, also from a server that only sends whole files."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._client.open("GET", self._address + path, deadline, headers=headers) as answer:
            self._check(answer, path, start)
            skip = start
            if answer.status_code == _PARTIAL:
                match = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
                if match is None or int(match[1]) > start:
                    message = sentence("snapshots.other_part")
                    raise TryAgain(message)
                skip = start - int(match[1])
            for data in answer.iter_raw():
                deadline.check()
                if skip < len(data):
                    yield data[skip:]
                skip = max(0, skip - len(data))

    def _check(self, answer: httpx.Response, path: str, start: int) -> None:
        """See that the answer is a plain file.

        Raises:
            TryAgain: the server is busy.
            SnapshotError: it is anything else.
        """
        status, url = answer.status_code, self._address + path
        if status in RETRIED:
            message = sentence("snapshots.answers", status=status)
            raise TryAgain(message, retry_after(answer.headers))
        if status in _REDIRECTS:
            message = sentence(
                "snapshots.elsewhere", url=url, status=status, place=answer.headers.get("location", "")[:200]
            )
            raise SnapshotError(message, fix=sentence("snapshots.real_address"))
        if status in _MISSING:
            message = sentence("snapshots.not_there", url=url, status=status)
            raise SnapshotError(message, fix=sentence("snapshots.check_or_push"))
        if status != _OK and not (status == _PARTIAL and start):
            message = sentence("snapshots.unreadable", url=url, status=status)
            raise SnapshotError(message, fix=sentence("snapshots.check_access"))
        packed = answer.headers.get("content-encoding", "identity").strip().lower()
        if packed not in {"", "identity"}:
            message = sentence("snapshots.packed", url=url, how=packed[:40])
            raise SnapshotError(message, fix=sentence("snapshots.no_packing"))


def open_mirror(place: str | Path) -> Mirror:
    """The mirror in a folder, or at an address where a file server shows it."""
    return MirrorFolder(place) if isinstance(place, Path) else MirrorAddress(place)

"""A folder written beside its place and moved when it is whole: a reader sees the old one or the new one."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from citygraph.errors import PublishError
from citygraph.publish.placing import CHECKSUMS, check_target, place_folder

__all__ = ["NewFolder"]

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


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{name} cannot be written: {error.strerror or error}."
        raise PublishError(message, fix="Check that the folder may be written and the disk has room.") from error


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
            message = f"{target} cannot be written: {error.strerror or error}."
            raise PublishError(message, fix="Check that the folder may be written and the disk has room.") from error
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

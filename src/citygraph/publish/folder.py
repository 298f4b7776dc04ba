"""A folder written beside its place and moved when it is whole: a reader sees the old one or the new one."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from citygraph.errors import PublishError

__all__ = ["CHECKSUMS", "NewFolder", "gzipped"]

CHECKSUMS: Final = "SHA256SUMS"
"""The last file that is written; a folder with it is one of ours."""


def gzipped(data: bytes) -> bytes:
    """The bytes as a gzip file without a time or a name in it, so that the same data give the same file."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


class NewFolder:
    """A folder that is being written; used in a `with`, and gone afterwards unless it was moved to its place."""

    def __init__(self, target: Path | None) -> None:
        """Start a folder that is to replace `target`; without one it is only looked at.

        Raises:
            PublishError: something else than a published folder stands there.
        """
        self._target = target.resolve() if target is not None else None
        if self._target is not None and self._target.exists():
            if not self._target.is_dir():
                message = f"{target} is a file."
                raise PublishError(message, fix="Name a folder that does not exist yet.")
            if any(self._target.iterdir()) and not (self._target / CHECKSUMS).is_file():
                message = f"{target} holds files that citygraph publish did not write."
                raise PublishError(message, fix="Name another folder, or empty this one: it would be replaced.")
        try:
            if self._target is not None:
                self._target.parent.mkdir(parents=True, exist_ok=True)
            beside = self._target.parent if self._target is not None else None
            self.path = Path(tempfile.mkdtemp(prefix=".publish-", dir=beside))
        except OSError as error:
            message = f"{target} cannot be written: {error.strerror or error}."
            raise PublishError(message, fix="Check that the folder may be written and the disk has room.") from error
        self._sums: dict[str, str] = {}
        self.sizes: dict[str, int] = {}

    def __enter__(self) -> Self:
        """The folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whatever was not moved to its place is thrown away."""
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, path: str, data: bytes, *, gzip: bool = False) -> int:
        """Write one file, and with `gzip` a second one with `.gz` at its end; the size of the first.

        Raises:
            PublishError: it cannot be written.
        """
        files = {path: data} | ({f"{path}.gz": gzipped(data)} if gzip else {})
        for name, content in files.items():
            place = self.path / name
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
            except OSError as error:
                message = f"{name} cannot be written: {error.strerror or error}."
                raise PublishError(
                    message, fix="Check that the folder may be written and the disk has room."
                ) from error
            self._sums[name] = hashlib.sha256(content).hexdigest()
            self.sizes[name] = len(content)
        return len(data)

    def read(self, path: str) -> bytes:
        """The bytes of a file that has been written."""
        return (self.path / path).read_bytes()

    def __contains__(self, path: object) -> bool:
        """Whether a file has been written."""
        return path in self._sums

    def __iter__(self) -> Iterator[str]:
        """The paths of all files, sorted."""
        return iter(sorted(self._sums))

    def seal(self) -> dict[str, str]:
        """Write the checksums, in the form that `sha256sum --check` reads; the hash of each file by its path."""
        lines = [f"{self._sums[name]}  {name}\n" for name in sorted(self._sums)]
        (self.path / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
        return dict(self._sums)

    def move(self) -> None:
        """Put the folder in its place; the one that stood there goes away last.

        Raises:
            PublishError: it cannot be moved; what stood there stays.
        """
        if self._target is None:
            return
        # mkdtemp makes folders that only their owner reads; this one is for a web server.
        self.path.chmod(0o755)
        old = self._target.with_name(f".{self._target.name}.old")
        try:
            shutil.rmtree(old, ignore_errors=True)
            if self._target.exists():
                self._target.rename(old)
            try:
                self.path.rename(self._target)
            except OSError:
                if old.exists():
                    old.rename(self._target)
                raise
            shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            message = f"{self._target} cannot be replaced: {error.strerror or error}."
            raise PublishError(message, fix="Check that no other program holds the folder.") from error

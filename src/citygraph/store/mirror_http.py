"""A mirror behind a plain file server: only read, only from the address that was named, bounded in time and size."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx

from citygraph.errors import SnapshotError
from citygraph.http import (
    RETRIED,
    Deadline,
    DeadlinePassed,
    Policy,
    TooLarge,
    TryAgain,
    patiently,
    retry_after,
    whole_body,
)
from citygraph.store.arriving import Damaged, receive
from citygraph.store.contents import Index, Piece, read_index
from citygraph.store.mirror import INDEX, MOST_INDEX_BYTES, object_path
from citygraph.version import __version__

__all__ = ["MirrorAddress"]

_OK: Final = 200
_PARTIAL: Final = 206
_MISSING: Final = frozenset({404, 410})
_REDIRECTS: Final = range(300, 400)
_SILENCE: Final = 30.0
_SLOWEST: Final = 50_000
"""Bytes a second that a transfer must reach on average; a slower one is given up."""
_READ: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{1,18}/(?:\d{1,18}|\*)", re.ASCII)
_HEADERS: Final = {
    "User-Agent": f"citygraph/{__version__} (https://w3id.org/citygraph/)",
    # A packed answer would have other bytes than the ones that were hashed, and no positions to go on from.
    "Accept-Encoding": "identity",
}
_Result = TypeVar("_Result")


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
            message = f"{address!r} is no address of a file server."
            raise SnapshotError(message, fix="Write it like https://files.example.org/graph/")
        if parts.query or parts.fragment or "@" in parts.netloc:
            message = f"The address {parts.scheme}://{parts.hostname}{parts.path} may have no name, password, ? or #."
            raise SnapshotError(message, fix="Write it like https://files.example.org/graph/")
        self._address = address if address.endswith("/") else f"{address}/"
        self._policy = policy or Policy(contact="", timeout=60.0, patience=300.0)

    @property
    def name(self) -> str:
        """See `Mirror.name`."""
        return self._address

    def index(self) -> Index:
        """See `Mirror.index`."""

        def attempt(deadline: Deadline) -> bytes:
            with _Download(self._address + INDEX, deadline) as answer:
                return whole_body(_Pieces(answer.iter_raw(_READ)), deadline, MOST_INDEX_BYTES)

        return read_index(self._patiently(attempt, self._policy, INDEX), where=self._address)

    def fetch(self, piece: Piece, target: Path) -> None:
        """See `Mirror.fetch`."""
        url = self._address + object_path(piece.sha256)
        seconds = self._policy.timeout + piece.size / _SLOWEST
        policy = Policy(
            contact="", timeout=seconds, patience=seconds + self._policy.patience, attempts=self._policy.attempts,
            first_wait=self._policy.first_wait, sleep=self._policy.sleep,
        )  # fmt: skip

        def attempt(deadline: Deadline) -> None:
            receive(piece, target, lambda start: _from(url, start, deadline))

        try:
            self._patiently(attempt, policy, piece.path)
        except Damaged as error:
            message = f"{url} ({piece.path}) is damaged: {error}."
            fix = "Push the snapshot again from the machine that built it: citygraph snapshot push DIR"
            raise SnapshotError(message, fix=fix) from error

    def _patiently(self, attempt: Callable[[Deadline], _Result], policy: Policy, what: str) -> _Result:
        """The result, asked for again while the server is only busy, and every failure as a sentence."""
        again = "Run it again later: it goes on where it stopped, and the previous version is still in use."
        try:
            return patiently(attempt, policy)
        except TryAgain as error:
            message = f"{self._address} does not answer now ({what}): {error.reason}."
            raise SnapshotError(message, fix=again) from error
        except DeadlinePassed as error:
            message = f"{self._address} did not send {what} within {policy.timeout:.0f} seconds."
            raise SnapshotError(message, fix=again) from error
        except TooLarge as error:
            message = f"{self._address}{INDEX} has more than {MOST_INDEX_BYTES:,} bytes."
            raise SnapshotError(message, fix="Check that the address is that of a mirror.") from error


class _Pieces:
    """An iterator of bytes as something that is read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def read(self, size: int, /) -> bytes:
        """The next piece, however long; empty at the end."""
        del size
        return next(self._pieces, b"")


class _Download:
    """One request whose answer is a plain file; every other answer is an error."""

    def __init__(self, url: str, deadline: Deadline, start: int = 0) -> None:
        self._url, self._deadline, self._start = url, deadline, start
        self._client = httpx.Client(
            headers={**_HEADERS, **({"Range": f"bytes={start}-"} if start else {}), "Cache-Control": "no-cache"},
            timeout=max(min(_SILENCE, deadline.left), 0.01),
            follow_redirects=False,
        )
        self._stream = self._client.stream("GET", url)

    def __enter__(self) -> httpx.Response:
        try:
            self._deadline.check()
            answer = self._stream.__enter__()
        except httpx.HTTPError as error:
            self._client.close()
            raise TryAgain(str(error) or type(error).__name__) from error
        except DeadlinePassed:
            self._client.close()
            raise
        try:
            self._check(answer)
        except BaseException:
            # Whatever it was, Ctrl-C included: nobody will leave this `with`, so the connection is given back here.
            self._stream.__exit__(None, None, None)
            self._client.close()
            raise
        return answer

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self._stream.__exit__(None, None, None)
        self._client.close()
        if isinstance(error, httpx.HTTPError):
            raise TryAgain(str(error) or type(error).__name__) from error

    def _check(self, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in RETRIED:
            message = f"it answers {status}"
            raise TryAgain(message, retry_after(answer.headers))
        if status in _REDIRECTS:
            message = f"{self._url} leads elsewhere ({status} to {answer.headers.get('location', 'nowhere')[:200]!r})."
            raise SnapshotError(message, fix="Name the address where the files really are.")
        if status in _MISSING:
            message = f"{self._url} is not there ({status})."
            raise SnapshotError(message, fix="Check the address; push again if it is an object that is missing.")
        if status != _OK and not (status == _PARTIAL and self._start):
            message = f"{self._url} cannot be read: the server answers {status}."
            raise SnapshotError(message, fix="Check the address, and that the server lets this machine read it.")
        packed = answer.headers.get("content-encoding", "identity").strip().lower()
        if packed not in {"", "identity"}:
            message = f"{self._url} comes packed with {packed[:40]!r}, which was not asked for."
            raise SnapshotError(message, fix="Turn compression off for these files on the file server.")


def _from(url: str, start: int, deadline: Deadline) -> Iterator[bytes]:
    """The bytes of a file from a position on, also from a server that only sends whole files."""
    with _Download(url, deadline, start) as answer:
        skip = start
        if answer.status_code == _PARTIAL:
            match = _RANGE.fullmatch(answer.headers.get("content-range", "").strip())
            if match is None or int(match[1]) > start:
                message = "it sends another part than was asked for"
                raise TryAgain(message)
            skip = start - int(match[1])
        for data in answer.iter_raw(_READ):
            deadline.check()
            if skip < len(data):
                yield data[skip:]
            skip = max(0, skip - len(data))

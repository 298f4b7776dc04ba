"""How we behave towards servers of others: who we are, when we give up, how long we wait, what we remember."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Protocol, TypeVar

from citygraph.errors import ConfigError, ExportError
from citygraph.files import write_file
from citygraph.version import VERSION

__all__ = [
    "RETRIED",
    "Deadline",
    "DeadlinePassed",
    "DiskCache",
    "Headers",
    "Policy",
    "TooLarge",
    "TryAgain",
    "cache_folder",
    "decoded",
    "one_at_a_time",
    "patiently",
    "retry_after",
    "whole_body",
]

RETRIED: Final = frozenset({429, 502, 503, 504})
"""The answers that mean "not now"."""
_PIECE: Final = 64 * 1024
_Result = TypeVar("_Result")


class DeadlinePassed(Exception):  # noqa: N818  # named by what happened; the callers turn it into their own error
    """The time for one answer is used up."""


class TooLarge(Exception):  # noqa: N818
    """The answer is larger than we take."""


class TryAgain(Exception):  # noqa: N818
    """The server cannot answer now; `wait` is what it asks for in seconds, if it says so."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        """Why, and how long the server wants us to wait."""
        super().__init__(reason)
        self.reason = reason
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Policy:
    """How one kind of server is asked.

    Args:
        contact: who can be written to, a mail or web address; sent with every request.
        timeout: seconds until one answer must be whole, counted from before the connection.
        patience: seconds for all attempts and waits together.
        attempts: how often one question is asked at most.
        most_bytes: a larger answer, unpacked, is refused.
        first_wait: seconds before the second attempt when the server names none; doubled each time.
        pause: seconds between two requests to the same server.
        cache: where answers are kept; nowhere without it.
        retried: the answers after which an attempt is made again.
    """

    contact: str
    timeout: float = 60.0
    patience: float = 180.0
    attempts: int = 4
    most_bytes: int = 64_000_000
    first_wait: float = 1.0
    pause: float = 0.0
    cache: DiskCache | None = None
    retried: frozenset[int] = RETRIED
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def user_agent(self) -> str:
        """Program, version, project address and contact.

        Raises:
            ConfigError: there is no contact; Wikidata refuses clients that do not say who they are.
        """
        contact = self.contact.strip()
        if not contact or not contact.isprintable() or not contact.isascii():
            message = "Servers of others are only asked with a contact address, and graph.toml has none."
            raise ConfigError(message, fix='Add to graph.toml: [wikidata] contact = "you@your-city.example"')
        return f"citygraph/{VERSION} (https://w3id.org/citygraph/; {contact})"


class Deadline:
    """A point in time after which nothing more is waited for."""

    def __init__(self, seconds: float) -> None:
        """The clock starts now."""
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, never below 0."""
        return max(0.0, self._end - time.monotonic())

    def check(self) -> None:
        """Go on only before the deadline.

        Raises:
            DeadlinePassed: it is too late.
        """
        if not self.left:
            raise DeadlinePassed


class Headers(Protocol):
    """The headers of an answer, whichever library read them."""

    def get(self, name: str, /) -> str | None:
        """The value of a header."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def whole_body(response: _Readable, deadline: Deadline, most_bytes: int) -> bytes:
    """The body read in pieces, so that a slow drip cannot outlast the deadline.

    Raises:
        DeadlinePassed: it took too long.
        TooLarge: it has more than `most_bytes`.
    """
    # http.client has read1, which gives what is there instead of waiting for a full piece.
    read = getattr(response, "read1", response.read)
    pieces: list[bytes] = []
    size = 0
    while True:
        deadline.check()
        piece = read(_PIECE)
        if not piece:
            # A connection that is cut at the deadline looks like the end of the body.
            deadline.check()
            return b"".join(pieces)
        size += len(piece)
        if size > most_bytes:
            raise TooLarge
        pieces.append(piece)


def decoded(body: bytes, encoding: str, most_bytes: int) -> bytes:
    """The body without its `Content-Encoding`, refused when it unpacks to more than `most_bytes`.

    Raises:
        ValueError: it is not packed as it says, or the packing is cut.
        TooLarge: it unpacks to too much.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        case "deflate":
            unpacker = zlib.decompressobj()
        case other:
            message = f"the answer is packed with {other}, which was not asked for"
            raise ValueError(message)
    try:
        plain = unpacker.decompress(body, most_bytes + 1)
    except zlib.error as error:
        message = "the answer is not packed as it says"
        raise ValueError(message) from error
    if len(plain) > most_bytes:
        raise TooLarge
    if not unpacker.eof:
        message = "the packed answer is cut"
        raise ValueError(message)
    return plain


def retry_after(headers: Headers, now: datetime | None = None) -> float | None:
    """The seconds that `Retry-After` asks for, written as a number or as a date (RFC 9110, 10.2.3).

    >>> retry_after({"Retry-After": "7"})
    7.0
    """
    text = str(headers.get("Retry-After") or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(tz=UTC))).total_seconds())


def patiently(attempt: Callable[[Deadline], _Result], policy: Policy) -> _Result:
    """The result of `attempt`, which is made again after a wait when it raises `TryAgain`.

    Raises:
        TryAgain: all attempts failed, or the wait would be longer than our patience; `wait` says how long.
        DeadlinePassed: one attempt took too long.
    """
    whole = Deadline(policy.patience)
    for number in range(1, policy.attempts + 1):
        try:
            return attempt(Deadline(min(policy.timeout, whole.left)))
        except TryAgain as again:
            # Half fixed, half chance: many clients that were refused together do not come back together.
            own = policy.first_wait * 2 ** (number - 1) * (0.5 + random.random() / 2)  # noqa: S311
            wait = max(again.wait + random.random() * policy.first_wait if again.wait is not None else 0.0, own)  # noqa: S311
            if number == policy.attempts or wait >= whole.left:
                raise
            policy.sleep(wait)
    message = "at least one attempt is made"
    raise AssertionError(message)


_gates: dict[str, threading.Lock] = {}
_last: dict[str, float] = {}
_gates_lock = threading.Lock()


@contextmanager
def one_at_a_time(server: str, pause: float = 0.0, *, patience: float = -1) -> Iterator[None]:
    """Nobody else in this process asks `server` meanwhile, and `pause` seconds lie between two requests.

    Raises:
        DeadlinePassed: others have been asking for `patience` seconds; without it the wait has no end.
    """
    with _gates_lock:
        gate = _gates.setdefault(server, threading.Lock())
    if not gate.acquire(timeout=patience):
        raise DeadlinePassed
    try:
        rest = pause - (time.monotonic() - _last.get(server, -pause))
        if rest > 0:
            time.sleep(rest)
        try:
            yield
        finally:
            _last[server] = time.monotonic()
    finally:
        gate.release()


@dataclass(frozen=True, slots=True)
class DiskCache:
    """Answers on disk by what was asked; an answer older than `most_age` seconds counts as missing."""

    folder: Path
    most_age: float

    def get(self, *asked: str) -> bytes | None:
        """The kept answer, if it is young enough and whole."""
        path = self._path(asked)
        try:
            if time.time() - path.stat().st_mtime > self.most_age:
                return None
            return gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error):
            return None

    def put(self, body: bytes, *asked: str) -> None:
        """Keep an answer; a disk that cannot be written only costs the memory of it."""
        try:
            write_file(self._path(asked), gzip.compress(body, mtime=0))
        except ExportError:
            return

    def age(self, *asked: str) -> float | None:
        """How many seconds ago the answer was kept; nothing when it is not there."""
        try:
            return max(0.0, time.time() - self._path(asked).stat().st_mtime)
        except OSError:
            return None

    def _path(self, asked: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\0".join(asked).encode()).hexdigest()
        return self.folder / name[:2] / f"{name}.gz"


def cache_folder() -> Path:
    """Where answers of other servers are kept: below the user's cache, never in the project."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "citygraph" / "answers"

"""Heads of requests that came before: what the parser found in their headers holds for the same bytes again.

A program that asks one query after the other sends the same headers each time, and only the address differs. Bytes
that the parser has read once as the headers of an ordinary GET need not be read again; whatever differs by one byte
goes to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

__all__ = ["Known", "KnownHeads", "address_of", "ordinary"]

_MOST: Final = 64
_LONGEST: Final = 2_000
_LONGEST_REQUEST: Final = 16_000
_START: Final = re.compile(rb"GET (/[!\"$-~]*+) HTTP/1\.1\r\n")
"""A request line whose address has printable ASCII alone, and no fragment."""
_HEADERS: Final = re.compile(rb"(?:[^\r\n]++\r\n)++\r\n")
# With these a request means more than its address says, or comes from somebody else than its connection.
_NEEDS_MORE: Final = frozenset({
    b"if-none-match", b"connection", b"upgrade", b"expect", b"transfer-encoding", b"content-length",
    b"x-forwarded-for", b"authorization", b"range",
})  # fmt: skip
_KEPT_OPEN: Final = (b"connection", b"keep-alive")
"""What most programs send, although HTTP/1.1 means it anyway."""


def ordinary(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str] | None:
    """The values of `Accept` and `Accept-Encoding`; `None` when a header asks for something else."""
    given = {b"accept": b"", b"accept-encoding": b""}
    for name, value in headers:
        if (name in _NEEDS_MORE and (name, value) != _KEPT_OPEN) or given.get(name):
            return None
        if name in given:
            given[name] = value
    return given[b"accept"].decode("latin-1"), given[b"accept-encoding"].decode("latin-1")


class Known(NamedTuple):
    """A request whose headers came before: its address, its headers, and what `ordinary` says of them."""

    address: bytes
    headers: bytes
    said: tuple[str, str]


def address_of(data: bytes, headers: bytes) -> bytes | None:
    """The address of a request with just these headers."""
    start = _START.match(data)
    return start[1] if start is not None and data[start.end() :] == headers else None


class KnownHeads:
    """The headers of ordinary requests, as bytes, and what they say."""

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._known: dict[bytes, tuple[str, str]] = {}

    def read(self, data: bytes) -> Known | None:
        """What is known of these bytes, when they are one request with headers that came before."""
        start = _START.match(data) if len(data) <= _LONGEST_REQUEST else None
        if start is None:
            return None
        headers = data[start.end() :]
        said = self._known.get(headers)
        return None if said is None else Known(start[1], headers, said)

    def learn(self, data: bytes, said: tuple[str, str]) -> None:
        """The parser has read `data`, and `ordinary` has said this of its headers."""
        start = _START.match(data)
        if start is None or not _HEADERS.fullmatch(data, start.end()) or len(data) - start.end() > _LONGEST:
            # More than one head, or none of the plain kind.
            return
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        self._known[data[start.end() :]] = said

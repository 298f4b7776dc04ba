"""The fast path: a GET of a query that was answered before, or is a lookup, is answered as soon as its head is read.

Such an answer needs no task, no ASGI scope and no worker. Every other request goes the ordinary way, which gives the
same rows to the same queries; `serve.fast = false` sends all of them there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple

from citygraph.formats import ROWS, negotiate, takes_gzip
from citygraph.web.app import AccessLog
from citygraph.web.requests import head_bytes, network_of
from citygraph.web.service import Service
from citygraph.web.sparql_protocol import (
    WholeAnswer,
    cache_key,
    etag_matches,
    etag_of,
    not_modified_headers,
    plain_query,
    whole_answer,
)

_JSON: Final = ("json",)
_READ: Final = (b"accept", b"accept-encoding", b"if-none-match", b"x-forwarded-for")
# With these a request has more to it than its address and the headers above.
_MORE: Final = frozenset({b"upgrade", b"expect", b"transfer-encoding", b"content-length"})


class FastAnswer(NamedTuple):
    """An answer as it goes over the wire: its head, all but the date and the empty line, and its body."""

    head: bytes
    body: bytes


class FastPath:
    """Answers out of the cache and out of the index of lookups; used from the thread of the event loop."""

    def __init__(self, service: Service, log: AccessLog, endpoints: Collection[bytes]) -> None:
        """The fast path of one site.

        Args:
            service: whose cache and lookups are asked.
            log: gets a line for each answer.
            endpoints: the paths under which queries are answered.
        """
        self._service, self._log, self._endpoints = service, log, frozenset(endpoints)

    def answer(
        self, target: bytes, headers: Iterable[tuple[bytes, bytes]], address: str, *, is_proxy: bool
    ) -> FastAnswer | None:
        """The answer to a GET; `None` leaves it to the ordinary way.

        Args:
            target: the address as it stands in the request line.
            headers: all headers, their names in lower case.
            address: whom the connection is with.
            is_proxy: whether that is a proxy, whose `X-Forwarded-For` is believed.
        """
        path, _, query_string = target.partition(b"?")
        read = _read(headers) if path in self._endpoints else None
        if read is None:
            return None
        accept, encoding, condition, forwarded = read
        if is_proxy and forwarded:
            if "," in forwarded or forwarded.startswith("[") or forwarded.count(":") == 1:
                # More than one address, or one with a port: the ordinary way takes them apart.
                return None
            address = forwarded
        key = cache_key(path, query_string, accept, encoding)
        kept = self._service.cache.get(key) or self._look_up(key)
        if kept is None:
            return None
        if condition and etag_matches(kept.etag, condition):
            head, body, status = head_bytes(not_modified_headers(kept.headers), b"304 Not Modified"), b"", 304
        else:
            head, body, status = kept.head, kept.body, 200
        self._log.add_fast(network_of(address), path, status=status, size=len(body))
        return FastAnswer(head, body)

    def _look_up(self, key: tuple[bytes, bytes, str, str]) -> WholeAnswer | None:
        """The answer to a lookup, in the cache from now on; `None` for every other query."""
        lookups = self._service.lookups
        # The version and the very object: they were opened together.
        if lookups is None or lookups.version is not self._service.pool.version:
            return None
        _, query_string, accept, encoding = key
        text = plain_query(query_string) if negotiate(accept, ROWS)[:1] == _JSON else None
        found = None if text is None else lookups.answer(text, gzip=takes_gzip(encoding))
        if found is None:
            return None
        head, body = found
        asked = b"%s\n%s\n%s" % (query_string, accept.encode(), encoding.encode())
        kept = whole_answer(head, etag_of(lookups.version.snapshot_id, asked), body)
        self._service.cache.put(key, kept, size=len(asked))
        return kept


def _read(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, str, str, str] | None:
    """The values of the headers of `_READ`; `None` when one of them is repeated, or a header asks for more."""
    given = dict.fromkeys(_READ, b"")
    for name, value in headers:
        if name in _MORE or given.get(name):
            return None
        if name in given:
            given[name] = value
    accept, encoding, condition, forwarded = given.values()
    return (
        accept.decode("latin-1"),
        encoding.decode("latin-1"),
        condition.decode("latin-1"),
        forwarded.decode("latin-1").strip(),
    )

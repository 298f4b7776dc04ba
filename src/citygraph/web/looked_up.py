"""The answer to a lookup, ready for the wire: the same bytes wherever it is worked out."""

from __future__ import annotations

from typing import Final

from citygraph.formats import ROWS, negotiate, takes_gzip
from citygraph.store.lookup import Lookups
from citygraph.web.cache import Cache, Kept
from citygraph.web.sparql_request import read_plain
from citygraph.web.sparql_response import etag_of, kept_of

__all__ = ["key_of", "look_up"]

_JSON: Final = ("json",)


def key_of(path: bytes, query_string: bytes, accept: str, encoding: str) -> tuple[bytes, bytes, str, str]:
    """What the answer to a GET is remembered by."""
    return path, query_string, accept, encoding


def look_up(lookups: Lookups, cache: Cache, key: tuple[bytes, bytes, str, str]) -> Kept | None:
    """The answer to a GET whose query is a lookup, kept in the cache from now on; `None` for every other one."""
    _, query_string, accept, encoding = key
    text = read_plain(query_string) if negotiate(accept, ROWS)[:1] == _JSON else None
    found = None if text is None else lookups.answer(text, gzip=takes_gzip(encoding))
    if found is None:
        return None
    head, body = found
    asked = b"%s\n%s\n%s" % (query_string, accept.encode(), encoding.encode())
    kept = kept_of(head, etag_of(lookups.version.snapshot_id, asked), body)
    cache.put(key, kept, size=len(asked))
    return kept

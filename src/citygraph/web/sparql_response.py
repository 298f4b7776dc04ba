"""The answer to a SPARQL query on its way out: its ETag, its headers, whole, not modified or gathered."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from starlette.types import Scope, Send

from citygraph.formats import content_type
from citygraph.sentences import sentence
from citygraph.store.protocol import Head
from citygraph.store.reply import Reply
from citygraph.web.cache import Kept
from citygraph.web.headers import wire
from citygraph.web.refusal import Refusal
from citygraph.web.requests import header

__all__ = [
    "etag_of", "headers_of", "is_among", "kept_of", "key_of", "matches", "not_modified", "send_gathered", "send_not_modified",
    "send_whole",
]  # fmt: skip

_MOST_FOR_HTTP_1_0: Final = 16_000_000


def key_of(path: bytes, query_string: bytes, accept: str, encoding: str) -> tuple[bytes, bytes, str, str]:
    """What the answer to a GET is remembered by."""
    return path, query_string, accept, encoding


def etag_of(snapshot_id: str, data: bytes) -> str:
    """The version of the graph and what was asked of it, in which formats: the same answer, byte for byte."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    return f'"{snapshot_id}-{digest}"'


def matches(scope: Scope, etag: str) -> bool:
    """RFC 9110, 13.1.2: the comparison is weak, so that a proxy that compresses may mark a tag as weak."""
    given = header(scope, b"if-none-match")
    return bool(given) and is_among(etag, given)


def is_among(etag: str, condition: str) -> bool:
    """Whether the value of `If-None-Match` names this tag."""
    return any(each.strip().removeprefix("W/") == etag for each in condition.split(","))


def headers_of(format: str, encoding: str, etag: str) -> list[tuple[bytes, bytes]]:  # noqa: A002
    """The headers of a good answer; without an ETag nobody keeps it."""
    headers = [
        (b"vary", b"Accept, Accept-Encoding"),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", b"ETag, Retry-After"),
        (b"cache-control", b"no-cache" if etag else b"no-store"),
    ]
    if format:
        headers.append((b"content-type", content_type(format).encode()))
    if encoding:
        headers.append((b"content-encoding", encoding.encode()))
    if etag:
        headers.append((b"etag", etag.encode()))
    return headers


def kept_of(head: Head, etag: str, body: bytes) -> Kept:
    """A whole answer with its length, ready for the wire."""
    headers, start = _start(head.format, head.encoding, bool(etag))
    length = b"%d" % len(body)
    if not etag:
        return Kept([*headers, (b"content-length", length)], body, "", b"%scontent-length: %s\r\n" % (start, length))
    tag = etag.encode()
    whole = b"%setag: %s\r\ncontent-length: %s\r\n" % (start, tag, length)
    return Kept([*headers, (b"etag", tag), (b"content-length", length)], body, etag, whole)


@lru_cache(maxsize=64)
def _start(format: str, encoding: str, has_etag: bool) -> tuple[list[tuple[bytes, bytes]], bytes]:  # noqa: A002, FBT001  # by place, for the cache
    """The headers that all answers of one kind share, and how they go over the wire."""
    headers = [pair for pair in headers_of(format, encoding, "-" if has_etag else "") if pair[0] != b"etag"]
    return headers, wire(headers)


async def send_whole(kept: Kept, scope: Scope, send: Send) -> None:
    """Send a whole answer; of a HEAD its headers alone."""
    body = b"" if scope["method"] == "HEAD" else kept.body
    await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
    await send({"type": "http.response.body", "body": body})


def not_modified(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers for whoever has the answer already (RFC 9110, 15.4.5)."""
    left_out = {b"content-length", b"content-type", b"content-encoding"}
    return [(name, value) for name, value in headers if name not in left_out]


async def send_not_modified(headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """Say that whoever asks has the answer already."""
    await send({"type": "http.response.start", "status": 304, "headers": not_modified(headers)})
    await send({"type": "http.response.body", "body": b""})


async def send_gathered(reply: Reply, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """HTTP/1.0 has no chunks, so that a cut answer would look whole: it is sent with its length, or not at all.

    Raises:
        Refusal: it is too long for that.
        StoreError: the answer broke off.
    """
    data = bytearray()
    async for piece in reply.pieces():
        data += piece
        if len(data) > _MOST_FOR_HTTP_1_0:
            raise Refusal(400, sentence("endpoint.too_long"), sentence("endpoint.newer_http"))
    headers.append((b"content-length", b"%d" % len(data)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(data)})

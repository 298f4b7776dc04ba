"""The SPARQL 1.1 Protocol without its endpoint: a request as it is read, an answer as it is sent, and those that are kept.

Whatever would change the graph is refused while the request is read. A whole answer is made once, with the bytes of
its head, so that it can be given again from the cache with nothing done to it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote_plus

from starlette.types import Scope, Send

from citygraph.formats import GRAPHS, ROWS, content_type, media_type, negotiate
from citygraph.messages import sentence
from citygraph.namespaces import is_absolute_iri
from citygraph.query.account import header_text
from citygraph.query.names import UnknownTerm
from citygraph.results import with_key
from citygraph.store.protocol import Head
from citygraph.values import did_you_mean
from citygraph.web.requests import Refusal, head_bytes, header

# -- a request ----------------------------------------------------------------------------------------

_FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
READ_ONLY: Final = "endpoint.read_only"
HOW_TO_CHANGE: Final = "next.change_files"
_MOST_PARAMETERS: Final = 200
_LONGEST_PLAIN: Final = 6_000
_FREQUENT: Final = (("+", " "), *((f"%{ord(each):02X}", each) for each in ' ?<>{}:#"/=@'))
"""What queries are full of; a pass for each of them takes half the time that a general decoder takes."""
FORMAT_PARAMETERS: Final = ("format", "output", "results")
"""What clients say instead of `Accept` or beside it; SPARQLWrapper sends all three."""
_PARAMETERS: Final = ("query", "default-graph-uri", "named-graph-uri", "as_of", *FORMAT_PARAMETERS, "lang")
_FORMAT_NAMES: Final = {
    "json": "application/json",
    "xml": "application/xml",
    **{name: media_type(name) for name in (*ROWS, *GRAPHS) if name not in {"json", "xml"}},
    **dict.fromkeys(("turtle", "n3"), media_type("ttl")),
    "json-ld": media_type("jsonld"),
    "rdf+xml": media_type("rdf"),
}
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True)
class SparqlRequest:
    """What one request asks: a query, or nothing, which asks what this service is."""

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    accept: str = ""
    """What `Accept` would say, when a parameter names a format."""
    as_of: str = ""
    """The day that is asked about, as it was written."""


def read_get(scope: Scope) -> SparqlRequest:
    """SPARQL 1.1 Protocol, 2.1.1: everything stands in the address.

    Raises:
        Refusal: it asks for a change, or cannot be read.
    """
    plain = plain_query(scope["query_string"])
    return _asked(_pairs(scope["query_string"]), ()) if plain is None else SparqlRequest(plain)


@lru_cache(maxsize=16)
def plain_query(query_string: bytes) -> str | None:
    """The query of an address that has nothing else; `None` when there is more to it, or it cannot be read.

    Most addresses are of this kind, and each is read twice when its query needs a worker.
    """
    name, _, value = query_string.partition(b"=")
    if name != b"query" or b"&" in value or len(value) > _LONGEST_PLAIN:
        return None
    try:
        text = value.decode("ascii")
        for escaped, character in _FREQUENT:
            text = text.replace(escaped, character)
        # What is left begins another escape, or none at all: then the order of the passes would matter.
        return unquote_plus(value.decode("ascii"), errors="strict") if "%" in text else text
    except UnicodeError:
        return None


def read_post(scope: Scope, body: bytes) -> SparqlRequest:
    """SPARQL 1.1 Protocol, 2.1.2 and 2.1.3: a form, or the query itself.

    Raises:
        Refusal: it asks for a change, or cannot be read.
    """
    media_type, _, rest = header(scope, b"content-type").partition(";")
    media_type = media_type.strip().lower()
    charset = rest.lower().partition("charset=")[2].strip(' "').partition(";")[0]
    if charset not in {"", "utf-8", "utf8"}:
        raise Refusal(415, sentence("endpoint.charset", charset=charset), sentence("endpoint.send_plain_utf"))
    if header(scope, b"content-encoding").lower() not in {"", "identity"}:
        raise Refusal(415, sentence("endpoint.compressed"), sentence("endpoint.send_plain"))
    if media_type == "application/sparql-update":
        raise Refusal(403, sentence(READ_ONLY), sentence(HOW_TO_CHANGE))
    in_address = _pairs(scope["query_string"])
    if media_type == _FORM:
        asked = _asked(_pairs(body), in_address)
        if asked.query is None:
            raise Refusal(400, sentence("endpoint.no_query"), sentence("endpoint.send_query"))
        return asked
    if media_type != _QUERY:
        what = media_type or sentence("endpoint.no_media_type")
        fix = sentence("endpoint.send_types", one=_QUERY, other=_FORM)
        raise Refusal(415, sentence("endpoint.media_type", what=what), fix)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, sentence("endpoint.not_utf")) from error
    return _asked([("query", text), *(pair for pair in in_address if pair[0] != "query")], ())


def _pairs(data: bytes) -> list[tuple[str, str]]:
    """Names and values, decoded once: what is decoded twice is another IRI."""
    if not data:
        return []
    try:
        return parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise Refusal(400, sentence("endpoint.parameters"), sentence("endpoint.send_encoded")) from error


def _asked(pairs: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> SparqlRequest:
    given: dict[str, list[str]] = {}
    for name, value in (*pairs, *more):
        given.setdefault(name, []).append(value)
    if "update" in given:
        raise Refusal(403, sentence(READ_ONLY), sentence(HOW_TO_CHANGE))
    refuse_unknown(given, _PARAMETERS)
    queries = given.get("query", [])
    if len(queries) > 1:
        raise Refusal(400, sentence("endpoint.queries"), sentence("endpoint.send_one"))
    # A form whose field was left empty names no graph.
    default, named = ([each for each in given.get(f"{kind}-graph-uri", ()) if each] for kind in ("default", "named"))
    days = {each.strip() for each in given.get("as_of", ())} - {""}
    if len(days) > 1:
        raise Refusal(400, sentence("endpoint.days"), sentence("endpoint.one_day"))
    if not queries and pairs and (default or named or days):
        raise Refusal(400, sentence("endpoint.no_query"), sentence("endpoint.send_query"))
    for iri in (*default, *named):
        if not is_absolute_iri(iri):
            raise Refusal(400, sentence("endpoint.no_graph", iri=iri), sentence("endpoint.in_full"))
    return SparqlRequest(
        queries[0] if queries else None, tuple(default), tuple(named), _accept_of(given), "".join(days)
    )


def refuse_unknown(given: Iterable[str], known: Sequence[str]) -> None:
    """Stop at a parameter that would have no effect.

    Raises:
        Refusal: there is one; the nearest of those that are known is named.
    """
    for name in given:
        if name not in known:
            shown = name[:_LONGEST_NAME]
            fix = sentence("endpoint.it_has", names=", ".join(known))
            raise Refusal(400, sentence("endpoint.no_parameter", name=shown, guess=did_you_mean(shown, known)), fix)


def _accept_of(given: Mapping[str, Sequence[str]]) -> str:
    """The media type that the parameters for a format name, in a word or in full; nothing when there are none."""
    # Who writes a media type into an address forgets that + is a blank there.
    named = {value.strip().lower().replace(" ", "+") for name in FORMAT_PARAMETERS for value in given.get(name, ())}
    wanted = {_FORMAT_NAMES.get(value, value) for value in named if value}
    if len(wanted) > 1:
        raise Refusal(400, sentence("endpoint.formats"), sentence("endpoint.one_format"))
    accept = "".join(wanted)
    if accept and not ("/" in accept and (negotiate(accept, ROWS) or negotiate(accept, GRAPHS))):
        fix = sentence("endpoint.ask_for", formats=", ".join((*ROWS, *GRAPHS)))
        raise Refusal(400, sentence("endpoint.unknown_format", name=accept[:_LONGEST_NAME]), fix)
    return accept


# -- an answer ----------------------------------------------------------------------------------------

_MOST_FOR_HTTP_1_0: Final = 16_000_000


def etag_of(snapshot_id: str, data: bytes) -> str:
    """The version of the graph and what was asked of it, in which formats: the same answer, byte for byte."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    return f'"{snapshot_id}-{digest}"'


def is_not_modified(scope: Scope, etag: str) -> bool:
    """RFC 9110, 13.1.2: the comparison is weak, so that a proxy that compresses may mark a tag as weak."""
    given = header(scope, b"if-none-match")
    return bool(given) and etag_matches(etag, given)


def etag_matches(etag: str, condition: str) -> bool:
    """Whether the value of `If-None-Match` names this tag."""
    return any(each.strip().removeprefix("W/") == etag for each in condition.split(","))


def answer_headers(format: str, encoding: str, etag: str) -> list[tuple[bytes, bytes]]:  # noqa: A002
    """The headers of a good answer; without an ETag nobody keeps it."""
    headers = [
        (b"vary", b"Accept, Accept-Encoding"),
        (b"access-control-allow-origin", b"*"),
        (b"access-control-expose-headers", b"Citygraph-Unknown, ETag, Link, Location, Retry-After"),
        (b"cache-control", b"no-cache" if etag else b"no-store"),
    ]
    if format:
        headers.append((b"content-type", content_type(format).encode()))
    if encoding:
        headers.append((b"content-encoding", encoding.encode()))
    if etag:
        headers.append((b"etag", etag.encode()))
    return headers


async def send_whole(kept: WholeAnswer, scope: Scope, send: Send) -> None:
    """Send a whole answer; of a HEAD its headers alone."""
    body = b"" if scope["method"] == "HEAD" else kept.body
    await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
    await send({"type": "http.response.body", "body": body})


def not_modified_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers for whoever has the answer already (RFC 9110, 15.4.5)."""
    left_out = {b"content-length", b"content-type", b"content-encoding"}
    return [(name, value) for name, value in headers if name not in left_out]


async def send_not_modified(headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """Say that whoever asks has the answer already."""
    await send({"type": "http.response.start", "status": 304, "headers": not_modified_headers(headers)})
    await send({"type": "http.response.body", "body": b""})


async def send_gathered(pieces: AsyncIterator[bytes], headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """HTTP/1.0 has no chunks, so that a cut answer would look whole: it is sent with its length, or not at all.

    Raises:
        Refusal: it is too long for that.
        StoreError: the answer broke off.
    """
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) > _MOST_FOR_HTTP_1_0:
            raise Refusal(400, sentence("endpoint.too_long"), sentence("endpoint.newer_http"))
    headers.append((b"content-length", b"%d" % len(data)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(data)})


# -- terms that nobody knows ----------------------------------------------------------------------------


def unknown_header(told: Iterable[UnknownTerm]) -> tuple[bytes, bytes]:
    """The terms of a query that stand nowhere, as a list of RFC 9651."""
    items = []
    for each in told:
        near = [
            f"near{f'-{place}' if place > 1 else ''}={header_text(word)}" for place, word in enumerate(each.near, 1)
        ]
        items.append(";".join([header_text(each.written), f"line={each.line}", f"column={each.column}", *near]))
    return b"citygraph-unknown", ", ".join(items).encode()


def with_unknown(start: bytes, told: Iterable[UnknownTerm]) -> bytes:
    """The start of an answer in JSON with the terms that stand nowhere, under a key of their own."""
    said = [{"term": each.written, "line": each.line, "column": each.column, "near": each.near} for each in told]
    return with_key(start, "unknown", said)


# -- answers that are kept ----------------------------------------------------------------------------

_OVERHEAD = 1_000
_LARGEST_SHARE = 8


class WholeAnswer(NamedTuple):
    """A whole answer, ready to be sent."""

    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: str
    head: bytes = b""
    """Status line and headers as they go over the wire, all but the date and the empty line."""


def whole_answer(head: Head, etag: str, body: bytes, more: Sequence[tuple[bytes, bytes]] = ()) -> WholeAnswer:
    """A whole answer with its length, ready for the wire, and with `more` headers of its own."""
    headers, start = _shared_head(head.format, head.encoding, bool(etag))
    if more:
        headers, start = [*headers, *more], start + b"".join(b"%s: %s\r\n" % pair for pair in more)
    length = b"%d" % len(body)
    if not etag:
        return WholeAnswer(
            [*headers, (b"content-length", length)], body, "", b"%scontent-length: %s\r\n" % (start, length)
        )
    tag = etag.encode()
    whole = b"%setag: %s\r\ncontent-length: %s\r\n" % (start, tag, length)
    return WholeAnswer([*headers, (b"etag", tag), (b"content-length", length)], body, etag, whole)


@lru_cache(maxsize=64)
def _shared_head(format: str, encoding: str, has_etag: bool) -> tuple[list[tuple[bytes, bytes]], bytes]:  # noqa: A002, FBT001  # by place, for the cache
    """The headers that all answers of one kind share, and how they go over the wire."""
    headers = [pair for pair in answer_headers(format, encoding, "-" if has_etag else "") if pair[0] != b"etag"]
    return headers, head_bytes(headers)


def cache_key(path: bytes, query_string: bytes, accept: str, encoding: str) -> tuple[bytes, bytes, str, str]:
    """What the answer to a GET is remembered by."""
    return path, query_string, accept, encoding


class Cache:
    """Whole answers by what was asked, within a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        """An empty cache."""
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, WholeAnswer] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self.size = 0

    def get(self, key: Hashable) -> WholeAnswer | None:
        """The answer to the same question, if it is still here."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def put(self, key: Hashable, kept: WholeAnswer, *, size: int) -> None:
        """Keep an answer; `size` is the length of its key."""
        total = len(kept.body) + size + _OVERHEAD
        if total > self._most // _LARGEST_SHARE or key in self._kept:
            return
        self._kept[key] = kept
        self._sizes[key] = total
        self.size += total
        while self.size > self._most:
            oldest, _ = self._kept.popitem(last=False)
            self.size -= self._sizes.pop(oldest)

    def clear(self) -> None:
        """Forget everything: another version of the graph is in use."""
        self._kept.clear()
        self._sizes.clear()
        self.size = 0

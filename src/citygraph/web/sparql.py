"""SPARQL 1.1 Protocol, the query half: GET, form POST and direct POST; whatever would change the graph is refused."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import parse_qsl, unquote_plus

from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from citygraph.errors import CitygraphError
from citygraph.namespaces import is_absolute_iri
from citygraph.sentences import sentence
from citygraph.store.asking import Question
from citygraph.store.reply import Reply
from citygraph.web.cache import Kept
from citygraph.web.headers import wire
from citygraph.web.negotiation import GRAPHS, HTML, ROWS, accepted, content_type, takes_gzip
from citygraph.web.refusal import BrokenAnswer, Refusal, refusal_of
from citygraph.web.requests import client_of, header, read_body
from citygraph.web.service import Service
from citygraph.web.service_description import describe

__all__ = ["ALLOWED", "SparqlEndpoint", "key_of"]

ALLOWED: Final = "GET, HEAD, POST, OPTIONS"
_FORM: Final = "application/x-www-form-urlencoded"
_QUERY: Final = "application/sparql-query"
_READ_ONLY: Final = "The graph is only read here: its files in git are the source of truth."
_HOW_TO_CHANGE: Final = "Change the files in data/ and run: citygraph build"
_MOST_PARAMETERS: Final = 200
_MOST_FOR_HTTP_1_0: Final = 16_000_000
_WATCH_AFTER: Final = 0.05
_LONGEST_LOOKUP: Final = 6_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What one request asks: a query, or nothing, which asks what this service is."""

    query: str | None
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


class SparqlEndpoint:
    """The endpoint, as an ASGI application."""

    def __init__(self, service: Service) -> None:
        """An endpoint that asks the workers of `service`."""
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, receive, send)
        except Refusal as refusal:
            await refusal(scope, receive, send)
        except CitygraphError as error:
            await refusal_of(error)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        key: tuple[object, ...]
        if method in {"GET", "HEAD"}:
            key = key_of(scope["raw_path"], scope["query_string"], *_wanted(scope))
            if await self._answer_at_once(key, scope, send):
                return
            # SPARQL 1.1 Protocol, 2.1.1: everything stands in the address.
            asked = _asked(_pairs(scope["query_string"]), ())
        elif method == "POST":
            body = await read_body(scope, receive, self._service.limits.body, self._service.limits.patience)
            key = (header(scope, b"content-type"), body, scope["query_string"], *_wanted(scope))
            if await self._answer_at_once(key, scope, send):
                return
            asked = _read_post(scope, body)
        elif method == "OPTIONS":
            await Response(status_code=204, headers={"Allow": ALLOWED, **_preflight()})(scope, receive, send)
            return
        else:
            raise Refusal(405, _READ_ONLY, _HOW_TO_CHANGE, {"Allow": ALLOWED})
        if asked.query is None:
            await self._describe(scope, receive, send)
        else:
            await self._run(asked, key, scope, receive, send)

    def at_once(self, key: tuple[object, ...]) -> Kept | None:
        """The answer to a GET that needs no worker, by what it is remembered by; `None` for every other one."""
        service = self._service
        lookups, (_, query_string, accept, encoding) = service.lookups, cast("tuple[bytes, bytes, str, str]", key)
        if lookups is None or lookups.version != service.pool.version:
            return None
        name, _, value = query_string.partition(b"=")
        if name != b"query" or b"&" in value or len(value) > _LONGEST_LOOKUP:
            return None
        try:
            text = unquote_plus(value.decode("ascii"), errors="strict")
            question = self._question(_Asked(text), accept, encoding)
        except (UnicodeError, Refusal):
            return None
        found = lookups.answer(question)
        if found is None:
            return None
        head, body = found
        data = question.to_bytes()
        etag = _etag(lookups.version.snapshot_id, data)
        kept = _kept(_headers(head.format, head.encoding, etag), body, etag)
        service.cache.put(key, kept, size=len(data))
        return kept

    async def _answer_at_once(self, key: tuple[object, ...], scope: Scope, send: Send) -> bool:
        """Whether it was answered: again, or without a worker."""
        kept = self._service.cache.get(key)
        if kept is None and scope["method"] != "POST":
            kept = self.at_once(key)
        if kept is None:
            return False
        if _matches(scope, kept.etag):
            await _send_not_modified(kept.headers, send)
        else:
            await _send_whole(kept, scope, send)
        return True

    async def _describe(self, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = accepted(header(scope, b"accept"), (*GRAPHS, HTML))
        if not wanted:
            raise Refusal(406, "The description of this service is RDF.", f"Ask for one of: {', '.join(GRAPHS)}.")
        if wanted[0] == HTML:
            editor = f"{scope.get('root_path', '')}/editor"
            await RedirectResponse(editor, 303, headers={"Vary": "Accept"})(scope, receive, send)
            return
        data = await describe(self._service, scope, format=wanted[0])
        headers = {"Content-Type": content_type(wanted[0]), "Vary": "Accept", "Access-Control-Allow-Origin": "*"}
        await Response(data, headers=headers)(scope, receive, send)

    async def _run(self, asked: _Asked, key: tuple[object, ...], scope: Scope, receive: Receive, send: Send) -> None:
        accept, encoding = key[-2:]
        question = self._question(asked, str(accept), str(encoding))
        pool = self._service.pool
        data = question.to_bytes()
        etag = _etag(pool.version.snapshot_id, data)
        if _matches(scope, etag):
            await _send_not_modified(_headers("", "", etag), send)
            return
        number = pool.version
        reply = pool.ask(question, client=client_of(scope), data=data)
        # Whoever goes away gives back the worker; answers that come at once are not worth the watching.
        watch = _Watch(receive, lambda: pool.give_up(reply))
        try:
            await reply.begun
            headers = _headers(reply.head.format, reply.head.encoding, etag if reply.head.cacheable else "")
            if reply.snapshot_id != number.snapshot_id:
                headers = _headers(reply.head.format, reply.head.encoding, "")
            if reply.is_whole:
                kept = _kept(headers, reply.take(), etag)
                if reply.head.cacheable and pool.version == number and reply.snapshot_id == number.snapshot_id:
                    self._service.cache.put(key, kept, size=len(data))
                await _send_whole(kept, scope, send)
            elif scope["http_version"] == "1.0":
                await _send_gathered(reply, headers, send)
            else:
                await self._stream(reply, headers, scope, send)
        finally:
            watch.stop()
            pool.give_up(reply)

    def _question(self, asked: _Asked, accept: str, encoding: str) -> Question:
        text = asked.query or ""
        most = self._service.limits.bounds.query_size
        if len(text) > most:
            raise Refusal(413, sentence("limit.size", size=len(text), most=most), sentence("next.less_at_once"))
        rows, graph = accepted(accept, ROWS), accepted(accept, GRAPHS)
        if not rows and not graph:
            message = "No format that was asked for can carry an answer."
            raise Refusal(406, message, f"Ask for one of: {', '.join((*ROWS, *GRAPHS))}.")
        chosen = bool(asked.default_graphs or asked.named_graphs)
        return Question(
            text,
            rows=rows,
            graph=graph,
            default_graphs=asked.default_graphs if chosen else None,
            named_graphs=asked.named_graphs if chosen else None,
            gzip=takes_gzip(encoding),
        )

    async def _stream(self, reply: Reply, headers: list[tuple[bytes, bytes]], scope: Scope, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            async for piece in reply.pieces():
                async with asyncio.timeout(self._service.limits.patience):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except (CitygraphError, TimeoutError) as error:
            scope.get("citygraph.abort", _nothing)()
            raise BrokenAnswer(str(error)) from error
        await send({"type": "http.response.body", "body": b""})


def _nothing() -> None:
    """Servers other than ours have no way to drop a connection; they break the body when an error comes up."""


class _Watch:
    """Someone at the door while a query runs: when the client goes away, so does the query."""

    def __init__(self, receive: Receive, give_up: object) -> None:
        self._receive, self._give_up = receive, give_up
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._start)

    def _start(self) -> None:
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self._give_up()  # type: ignore[operator]  # a callback without arguments

    def stop(self) -> None:
        """The answer is out, or there is none."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


# -- reading ------------------------------------------------------------------------------------------


def _read_post(scope: Scope, body: bytes) -> _Asked:
    """SPARQL 1.1 Protocol, 2.1.2 and 2.1.3: a form, or the query itself."""
    media_type, _, rest = header(scope, b"content-type").partition(";")
    media_type = media_type.strip().lower()
    charset = rest.lower().partition("charset=")[2].strip(' "').partition(";")[0]
    if charset not in {"", "utf-8", "utf8"}:
        raise Refusal(415, f"The charset {charset} is not read here.", "Send UTF-8.")
    if header(scope, b"content-encoding").lower() not in {"", "identity"}:
        raise Refusal(415, "A compressed request is not read here.", "Send it as it is.")
    if media_type == "application/sparql-update":
        raise Refusal(403, _READ_ONLY, _HOW_TO_CHANGE)
    in_address = _pairs(scope["query_string"])
    if media_type == _FORM:
        asked = _asked(_pairs(body), in_address)
        if asked.query is None:
            raise Refusal(400, "The request has no query.", "Give it in the parameter: query")
        return asked
    if media_type != _QUERY:
        what = media_type or "a body without Content-Type"
        raise Refusal(415, f"{what} is not read here.", f"Send {_QUERY} or {_FORM}.")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, "The query is not UTF-8.") from error
    return _asked([("query", text), *(pair for pair in in_address if pair[0] != "query")], ())


def _pairs(data: bytes) -> list[tuple[str, str]]:
    """Names and values, decoded once: what is decoded twice is another IRI."""
    if not data:
        return []
    try:
        return parse_qsl(data.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise Refusal(400, "The parameters cannot be read.", "Names and values are UTF-8, percent-encoded.") from error


def _asked(pairs: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> _Asked:
    given: dict[str, list[str]] = {}
    for name, value in (*pairs, *more):
        given.setdefault(name, []).append(value)
    if "update" in given:
        raise Refusal(403, _READ_ONLY, _HOW_TO_CHANGE)
    queries = given.get("query", [])
    if len(queries) > 1:
        raise Refusal(400, "The request has more than one query.", "Ask one at a time.")
    if not queries and pairs and "query" not in given and _has_body(pairs, more):
        raise Refusal(400, "The request has no query.", "Give it in the parameter: query")
    default, named = given.get("default-graph-uri", []), given.get("named-graph-uri", [])
    for iri in (*default, *named):
        if not is_absolute_iri(iri):
            raise Refusal(400, f"{iri!r} is not the address of a graph.", "Write it in full.")
    return _Asked(queries[0] if queries else None, tuple(default), tuple(named))


def _has_body(pairs: Sequence[tuple[str, str]], more: Sequence[tuple[str, str]]) -> bool:
    """Whether something was asked that only a query makes sense of."""
    return any(name in {"default-graph-uri", "named-graph-uri"} for name, _ in (*pairs, *more))


# -- answering ----------------------------------------------------------------------------------------


def _preflight() -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Methods": ALLOWED,
        "Access-Control-Allow-Headers": "Accept, Content-Type, If-None-Match",
        "Access-Control-Max-Age": "86400",
    }


def key_of(path: bytes, query_string: bytes, accept: str, encoding: str) -> tuple[object, ...]:
    """What a GET is remembered by."""
    return path, query_string, accept, encoding


def _wanted(scope: Scope) -> tuple[str, str]:
    """The values of `Accept` and `Accept-Encoding`, found in one go: every query asks for them."""
    accept: list[bytes] = []
    encoding: list[bytes] = []
    for name, value in scope["headers"]:
        if name == b"accept":
            accept.append(value)
        elif name == b"accept-encoding":
            encoding.append(value)
    return b", ".join(accept).decode("latin-1"), b", ".join(encoding).decode("latin-1")


def _etag(snapshot_id: str, data: bytes) -> str:
    """The version of the graph and what was asked of it, in which formats: the same answer, byte for byte."""
    digest = hashlib.blake2b(data, digest_size=12).hexdigest()
    return f'"{snapshot_id}-{digest}"'


def _matches(scope: Scope, etag: str) -> bool:
    """RFC 9110, 13.1.2: the comparison is weak, so that a proxy that compresses may mark a tag as weak."""
    given = header(scope, b"if-none-match")
    return bool(given) and any(each.strip().removeprefix("W/") == etag for each in given.split(","))


def _headers(format: str, encoding: str, etag: str) -> list[tuple[bytes, bytes]]:  # noqa: A002
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


def _kept(headers: list[tuple[bytes, bytes]], body: bytes, etag: str) -> Kept:
    headers.append((b"content-length", b"%d" % len(body)))
    return Kept(headers, body, etag, wire(headers))


async def _send_whole(kept: Kept, scope: Scope, send: Send) -> None:
    """Straight to the wire when the server can do that, else as every answer."""
    body = b"" if scope["method"] == "HEAD" else kept.body
    straight = scope.get("citygraph.wire")
    if straight is not None and straight(kept.wire, body):
        return
    await send({"type": "http.response.start", "status": 200, "headers": kept.headers})
    await send({"type": "http.response.body", "body": body})


async def _send_not_modified(headers: list[tuple[bytes, bytes]], send: Send) -> None:
    left_out = {b"content-length", b"content-type", b"content-encoding"}
    kept = [(name, value) for name, value in headers if name not in left_out]
    await send({"type": "http.response.start", "status": 304, "headers": kept})
    await send({"type": "http.response.body", "body": b""})


async def _send_gathered(reply: Reply, headers: list[tuple[bytes, bytes]], send: Send) -> None:
    """HTTP/1.0 has no chunks, so that a cut answer would look whole: it is sent with its length, or not at all."""
    data = bytearray()
    async for piece in reply.pieces():
        data += piece
        if len(data) > _MOST_FOR_HTTP_1_0:
            raise Refusal(400, "The answer is too long for HTTP/1.0.", "Ask with HTTP/1.1.")
    headers.append((b"content-length", b"%d" % len(data)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": bytes(data)})

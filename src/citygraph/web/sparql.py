"""The SPARQL endpoint: a query by GET, form or direct POST, asked of the workers; and whole graphs by their names.

SPARQL 1.1 Protocol, the query half, and SPARQL 1.1 Graph Store Protocol, the reading half; how a request is read and an
answer sent stands in `sparql_protocol`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qsl, urlencode

from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from citygraph.errors import CitygraphError, SnapshotError
from citygraph.formats import GRAPHS, HTML, ROWS, content_type, media_type, negotiate, takes_gzip, takes_more_keys
from citygraph.messages import sentence
from citygraph.namespaces import is_absolute_iri
from citygraph.query.names import UnknownTerm, told_unknown
from citygraph.store.pool import Pool
from citygraph.store.protocol import Question
from citygraph.web.description import describe, graph_formats
from citygraph.web.pages.graph import kept_version
from citygraph.web.requests import BrokenAnswer, Refusal, client_of, header, other_day, preflight, read_body, refusal_of
from citygraph.web.service import Service
from citygraph.web.sparql_protocol import (
    FORMAT_PARAMETERS,
    HOW_TO_CHANGE,
    READ_ONLY,
    SparqlRequest,
    answer_headers,
    cache_key,
    etag_of,
    is_not_modified,
    read_get,
    read_post,
    refuse_unknown,
    send_gathered,
    send_not_modified,
    send_whole,
    unknown_header,
    whole_answer,
    with_unknown,
)

_METHODS: Final = "GET, HEAD, POST, OPTIONS"
_WATCH_AFTER: Final = 0.05


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
            key = cache_key(scope["raw_path"], scope["query_string"], *_wanted(scope))
            if await self._answer_again(key, scope, send):
                return
            asked = read_get(scope)
        elif method == "POST":
            body = await read_body(scope, receive, self._service.limits.body, self._service.limits.patience)
            key = (header(scope, b"content-type"), body, scope["query_string"], *_wanted(scope))
            if await self._answer_again(key, scope, send):
                return
            asked = read_post(scope, body)
        elif method == "OPTIONS":
            await preflight(_METHODS)(scope, receive, send)
            return
        else:
            raise Refusal(405, sentence(READ_ONLY), sentence(HOW_TO_CHANGE), {"Allow": _METHODS})
        if asked.query is None:
            await self._describe(asked.accept, scope, receive, send)
        else:
            await self._run(asked, key, scope, receive, send)

    async def _answer_again(self, key: tuple[object, ...], scope: Scope, send: Send) -> bool:
        """Whether it was answered, because it was answered before."""
        kept = self._service.cache.get(key)
        if kept is None:
            return False
        if is_not_modified(scope, kept.etag):
            await send_not_modified(kept.headers, send)
        else:
            await send_whole(kept, scope, send)
        return True

    async def _describe(self, accept: str, scope: Scope, receive: Receive, send: Send) -> None:
        wanted = graph_formats(accept or header(scope, b"accept"), HTML)
        if wanted[0] == HTML:
            editor = f"{scope.get('root_path', '')}/editor"
            await RedirectResponse(editor, 303, headers={"Vary": "Accept"})(scope, receive, send)
            return
        data = await describe(self._service, scope, format=wanted[0])
        headers = {"Content-Type": content_type(wanted[0]), "Vary": "Accept", "Access-Control-Allow-Origin": "*"}
        await Response(data, headers=headers)(scope, receive, send)

    async def _run(
        self, asked: SparqlRequest, key: tuple[object, ...], scope: Scope, receive: Receive, send: Send
    ) -> None:
        accept, encoding = key[-2:]
        question = self._question(asked, asked.accept or str(accept), str(encoding))
        as_of = other_day(asked.as_of, self._service.manifest.as_of)
        pool, leave = await self._service.pool_of(as_of, client_of(scope))
        try:
            await self._ask(pool, leave, question, () if as_of else key, scope, receive, send)
        finally:
            leave()

    async def _ask(  # one request, and what has been made of it
        self, pool: Pool, leave: Callable[[], None], question: Question, key: tuple[object, ...], scope: Scope,
        receive: Receive, send: Send,
    ) -> None:  # fmt: skip
        """Ask these workers; the answer is kept under its key if it has one, and the turn ends with the answer."""
        data = question.to_bytes()
        etag = etag_of(pool.version.snapshot_id, data)
        if is_not_modified(scope, etag):
            await send_not_modified(answer_headers("", "", etag), send)
            return
        number = pool.version
        reply = pool.ask(question, client=client_of(scope), data=data)
        # Whoever takes an answer slowly keeps nobody from that day.
        reply.when_over = leave
        # Whoever goes away gives back the worker; answers that come at once are not worth the watching.
        watch = _Watch(receive, lambda: pool.give_up(reply))
        try:
            await reply.begun
            if not reply.head.cacheable or reply.snapshot_id != number.snapshot_id:
                etag = ""
            told = await asyncio.to_thread(self._told, question.text, reply.head.unknown) if reply.head.unknown else ()
            in_json = bool(told) and reply.head.format == "json" and question.takes_more_keys
            more = [unknown_header(told)] if told else []
            if reply.is_whole:
                body = reply.take()
                kept = whole_answer(reply.head, etag, with_unknown(body, told) if in_json else body, more)
                if etag and key and pool.version == number:
                    self._service.cache.put(key, kept, size=len(data))
                await send_whole(kept, scope, send)
                return
            headers = [*answer_headers(reply.head.format, reply.head.encoding, etag), *more]
            pieces = _with_unknown(reply.pieces(), told) if in_json else reply.pieces()
            if scope["http_version"] == "1.0":
                await send_gathered(pieces, headers, send)
            else:
                await self._stream(pieces, headers, scope, send)
        finally:
            watch.stop()
            pool.give_up(reply)

    def _told(self, text: str, missing: Sequence[str]) -> Sequence[UnknownTerm]:
        """What is told of the terms of a query that stand nowhere; a version without a directory has no nearest ones."""
        project = self._service.project
        vocabulary: Sequence[str] = ()
        with suppress(SnapshotError):
            vocabulary = kept_version(project, self._service.snapshot, self._service.memory).directory.vocabulary
        return told_unknown(text, missing, prefixes=project.prefixes, vocabulary=vocabulary)

    def _question(self, asked: SparqlRequest, accept: str, encoding: str) -> Question:
        text = asked.query or ""
        most = self._service.limits.bounds.query_size
        if len(text) > most:
            raise Refusal(413, sentence("limit.size", size=len(text), most=most), sentence("next.less_at_once"))
        rows, graph = negotiate(accept, ROWS), negotiate(accept, GRAPHS)
        if not rows and not graph:
            formats = ", ".join(map(media_type, (*ROWS, *GRAPHS)))
            raise Refusal(406, sentence("endpoint.no_format"), sentence("endpoint.ask_for", formats=formats))
        chosen = bool(asked.default_graphs or asked.named_graphs)
        return Question(
            text,
            rows=rows,
            graph=graph,
            default_graphs=asked.default_graphs if chosen else None,
            named_graphs=asked.named_graphs if chosen else None,
            gzip=takes_gzip(encoding),
            tells_unknown=True,
            takes_more_keys=takes_more_keys(accept),
        )

    async def _stream(
        self, pieces: AsyncIterator[bytes], headers: list[tuple[bytes, bytes]], scope: Scope, send: Send
    ) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            async for piece in pieces:
                async with asyncio.timeout(self._service.limits.patience):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except (CitygraphError, TimeoutError) as error:
            scope.get("citygraph.break_off", _nothing)(is_taken=not isinstance(error, TimeoutError))
            raise BrokenAnswer(str(error)) from error
        await send({"type": "http.response.body", "body": b""})


async def _with_unknown(pieces: AsyncIterator[bytes], told: Sequence[UnknownTerm]) -> AsyncIterator[bytes]:
    """The pieces of an answer in JSON, its start `with_unknown`."""
    is_first = True
    async for piece in pieces:
        yield with_unknown(piece, told) if is_first else piece
        is_first = False


def _nothing(*, is_taken: bool) -> None:
    """Servers other than ours have no way to drop a connection; they break the body when an error comes up."""


class _Watch:
    """Gives a query up when its client goes away while it runs."""

    def __init__(self, receive: Receive, give_up: Callable[[], None]) -> None:
        self._receive, self._give_up = receive, give_up
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._start)

    def _start(self) -> None:
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self._give_up()

    def stop(self) -> None:
        """Watch no longer: the answer is out, or there is none."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()


# -- answering ----------------------------------------------------------------------------------------


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


# -- whole graphs -------------------------------------------------------------------------------------

_ALL: Final = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"
_GRAPH_METHODS: Final = "GET, HEAD, OPTIONS"


class GraphStore:
    """One graph of the version in use as a document, as an ASGI application: `?default` or `?graph=IRI`."""

    def __init__(self, service: Service, endpoint: SparqlEndpoint) -> None:
        """A graph store that asks `endpoint`."""
        self._service, self._endpoint = service, endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: the endpoint does, asked for a whole graph."""
        try:
            parameters = {"query": _ALL} | self._graph(scope)
        except Refusal as refusal:
            await refusal(scope, receive, send)
            return
        await self._endpoint({**scope, "query_string": urlencode(parameters).encode()}, receive, send)

    def _graph(self, scope: Scope) -> dict[str, str]:
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"}:
            raise Refusal(405, sentence(READ_ONLY), sentence(HOW_TO_CHANGE), {"Allow": _GRAPH_METHODS})
        try:
            given = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=10))
        except ValueError as error:
            raise Refusal(400, sentence("endpoint.parameters"), sentence("endpoint.send_graph")) from error
        refuse_unknown(given, ("default", "graph", "as_of", *FORMAT_PARAMETERS, "lang"))
        formats = {name: given[name] for name in ("as_of", *FORMAT_PARAMETERS) if name in given}
        if "default" in given or scope["method"] == "OPTIONS":
            return formats
        manifest = self._service.manifest
        graph = given.get("graph", "")
        if not is_absolute_iri(graph):
            raise Refusal(400, sentence("endpoint.which_graph"), sentence("endpoint.send_graph"))
        if graph not in {*manifest.asserted_graphs, manifest.inferred_graph, *manifest.lifted_graphs}:
            raise Refusal(404, sentence("endpoint.no_such_graph"), sentence("endpoint.see_graphs"))
        return {"default-graph-uri": graph} | formats

"""The site: its route table on one screen, what happens around every request, and a line in the log for each answer."""

from __future__ import annotations

import asyncio
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, TextIO
from urllib.parse import unquote_to_bytes

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citygraph.errors import CitygraphError, StoreError
from citygraph.messages import sentence, text
from citygraph.web.description import WellKnownVoid
from citygraph.web.limits import limits_of
from citygraph.web.pages.home import routes as page_routes
from citygraph.web.pages.i18n import choose_language
from citygraph.web.pages.page import is_gone, refusal_page
from citygraph.web.reconcile.service import routes as reconciliation_routes
from citygraph.web.requests import (
    PUBLIC_URL,
    REFUSED,
    BrokenAnswer,
    Refusal,
    add_headers,
    client_of,
    has_host,
    header,
    is_host_of,
    no_host,
    other_host,
    preflight,
    respond_to_error,
)
from citygraph.web.service import Service
from citygraph.web.sparql import GraphStore, SparqlEndpoint
from citygraph.web.status import Metrics, health, metrics, warnings_of

_FLUSH_AFTER: Final = 0.2
_MOST_WAITING: Final = 64
_EVENT: Final = 2
_quoted: Final = encode_basestring
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class AccessLog:
    """Lines that leave together, so that writing them costs an answer nothing."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """A log on `stream`, else on stderr."""
        self.metrics = Metrics()
        self._stream = stream or sys.stderr
        self._entries: list[tuple[Any, ...]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, scope: Scope, *, status: int, size: int, began: float) -> None:
        """One answer: `began` is what `time.perf_counter` said when the request came."""
        took = time.perf_counter() - began
        self.metrics.answered(scope["path"].removeprefix(scope.get("root_path", "")), status, took)
        if REFUSED in scope:
            self.metrics.refused(scope[REFUSED])
        self._keep((time.time(), client_of(scope), scope["method"], scope["path"], status, size, took * 1000))

    def add_fast(self, client: str, path: bytes, *, status: int, size: int) -> None:
        """One answer of the fast path, which takes no time worth naming."""
        self.metrics.answered("/sparql", status, 0.0)
        self._keep((time.time(), client, "GET", path.decode("latin-1"), status, size, 0.0))

    def say(self, event: str, **values: object) -> None:
        """Something that is not an answer: a start, an error of ours."""
        self._keep((time.time(), event, values))

    def _keep(self, entry: tuple[Any, ...]) -> None:
        self._entries.append(entry)
        if len(self._entries) >= _MOST_WAITING:
            # Thousands of lines at once would keep everybody waiting for milliseconds.
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_FLUSH_AFTER, self.flush)

    def flush(self) -> None:
        """Write what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        entries, self._entries = self._entries, []
        if entries:
            self._stream.write("".join(_line(*entry) for entry in entries))
            self._stream.flush()


def _line(when: float, *rest: Any) -> str:  # noqa: ANN401  # an answer, or an event with its values
    """One line: an answer by client, method, path, status, bytes and milliseconds, or an event."""
    moment = f"{_second(int(when))}.{int(when * 1000) % 1000:03}Z"
    if len(rest) == _EVENT:
        return _encode({"time": moment, "event": rest[0], **rest[1]}) + "\n"
    client, method, path, status, size, took = rest
    return (
        f'{{"time":"{moment}","client":{_quoted(client)},"method":"{method}","path":{_quoted(path)},'
        f'"status":{status},"bytes":{size},"ms":{took:.2f}}}\n'
    )


@lru_cache(maxsize=8)
def _second(when: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when))


if TYPE_CHECKING:
    from citygraph.project import Project

    # The pages that write need much that nobody else does.
    from citygraph.web.desk.pages import Desk
    from citygraph.web.pages.review import LinkReview


_BROKEN: Final = 499
_NOT_FOUND, _GONE = 404, 410
_ENDPOINTS: Final = (b"/sparql", b"/sparql/")
_PRIVATE: Final = frozenset({"review", "desk"})
"""How the addresses begin of pages that hold a secret."""
_PROBED: Final = frozenset({"/health", "/metrics"})
"""What is asked for by address, by whatever watches the server."""
_OWN_METHODS: Final = frozenset({"reconcile", "graph-store", "review", "desk"})
"""How the addresses begin that say for themselves which methods they take."""


def _routes(service: Service, sparql: SparqlEndpoint, review: LinkReview | None, desk: Desk | None) -> list[BaseRoute]:
    """Every address of the site."""
    return [
        Route("/sparql", sparql),
        Route("/sparql/", sparql),
        Route("/graph-store", GraphStore(service, sparql)),
        Route("/.well-known/void", WellKnownVoid(service)),
        Route("/void.ttl", WellKnownVoid(service)),
        Route("/health", health),
        Route("/metrics", metrics),
        *reconciliation_routes,
        *(review.routes if review else ()),
        *(desk.routes if desk else ()),
        *page_routes,
    ]


def create_site(
    project: Project,
    *,
    workers: int | None = None,
    root_path: str = "",
    review: LinkReview | None = None,
    desk: Desk | None = None,
    show_restricted: bool = False,
) -> Site:
    """The site of one project, as an ASGI application.

    Args:
        project: the project; it must be built.
        workers: processes that answer queries; the number in graph.toml without it.
        root_path: the path that a proxy puts in front of ours, whether it strips it or not.
        review: the page on which a person decides about links, when the operator wants it.
        desk: the pages on which a person adds and changes facts, likewise.
        show_restricted: show the text of documents that are not for everybody to readers on this machine.
    """
    service = Service(project, limits_of(project.config, workers=workers))
    sparql = SparqlEndpoint(service)
    app = Starlette(
        routes=_routes(service, sparql, review, desk),
        exception_handlers={
            CitygraphError: respond_to_error,
            HTTPException: _http_error,
            Refusal: _refused,
            Exception: _http_error,
        },
    )
    app.state.project, app.state.service = project, service
    app.state.show_restricted, app.state.memory, app.state.desk = show_restricted, service.memory, desk
    return Site(app, service, sparql, root_path=root_path)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    keys = {404: "request.nothing_here", 405: "request.method"}
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return _refusal_response(request, Refusal(status, sentence(keys.get(status, "request.wrong")), "", headers))


async def _refused(request: Request, error: Exception) -> Response:
    return _refusal_response(request, error if isinstance(error, Refusal) else Refusal(500, sentence("request.wrong")))


def _refusal_response(request: Request, refusal: Refusal) -> Response:
    """A page for whoever asks for pages, else the body for programs."""
    accept = request.headers.get("accept", "")
    try:
        if "text/html" in accept:
            return refusal_page(request, refusal)
        if refusal.status == _NOT_FOUND and is_gone(request):
            refusal = Refusal(_GONE, sentence("request.gone"))
    except StoreError:
        # Without a version there is nothing to make a page from.
        pass
    finally:
        request.scope[REFUSED] = refusal.code
    return refusal.response(accept, choose_language(request).language)


async def live(
    start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]], receive: Receive, send: Send
) -> None:
    """Answer the lifespan events of ASGI with these two; an error that we know of at the start is told to the server."""
    await receive()
    try:
        await start()
    except (CitygraphError, OSError) as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await stop()
    await send({"type": "lifespan.shutdown.complete"})


class Site:
    """The application with its start and stop, its prefix, its headers and its log."""

    def __init__(self, app: Starlette, service: Service, sparql: SparqlEndpoint, *, root_path: str = "") -> None:
        """A site that is not started; the lifespan events of ASGI start and stop it.

        Args:
            app: the pages.
            service: what the site shares.
            sparql: the endpoint, which is asked past the route table.
            root_path: the path that a proxy puts in front of ours.
        """
        self.app, self.service, self.log = app, service, AccessLog()
        # What the start cannot know, and a request shows.
        app.state.noticed, app.state.connections, app.state.metrics = set(), {}, self.log.metrics
        self._root = "/" + root_path.strip("/") if root_path.strip("/") else ""
        self._public = str(service.project.config.values["serve.public_url"]).rstrip("/")
        self.hosts = service.limits.hosts
        self.open_requests = 0
        self._open_pages: Counter[str] = Counter()
        # A proxy may leave its prefix in or take it out.
        self.endpoints = (*_ENDPOINTS, *(self._root.encode() + each for each in _ENDPOINTS if self._root))
        # Queries are most of the traffic of an endpoint: they go there directly, past the table.
        self._endpoint_of: dict[str, ASGIApp] = {"/sparql": sparql, "/sparql/": sparql}

    def take_over(self, before: Site) -> None:
        """Go on with the log and the figures of the site before; this one has been started."""
        self.log = before.log
        self.app.state.metrics = before.app.state.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start, stop, or answer one request."""
        if scope["type"] == "http":
            self.open_requests += 1
            try:
                await self._respond(scope, receive, send)
            finally:
                self.open_requests -= 1
        elif scope["type"] == "lifespan":
            await live(self.start, self.stop, receive, send)

    async def start(self) -> None:
        """Open the version in use, and say so in the log.

        Raises:
            SnapshotError: nothing has been built, or it cannot be opened.
        """
        await self.service.start()
        version = self.service.pool.version
        warnings = warnings_of(self.service)
        self.log.say("start", snapshot=version.snapshot_id, **self.service.pool.state, warnings=warnings)

    async def stop(self) -> None:
        """Finish what is being answered, and write the log to its end."""
        await self.service.stop()
        self.log.say("stop")
        self.log.flush()

    def _path_below_prefix(self, scope: Scope) -> str:
        """The path below our prefix; the prefix itself goes where Starlette and the pages look for it."""
        path: str = scope["path"]
        if self._root:
            if path == self._root or path.startswith(self._root + "/"):
                path = path[len(self._root) :] or "/"
            scope["root_path"] = self._root
            scope["path"] = self._root + path
        return path

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        path = self._path_below_prefix(scope)
        status, size = _BROKEN, 0

        async def send_and_count(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                message["headers"] = add_headers(headers, is_readable=self._is_readable(scope, path, headers))
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            if self._public:
                scope[PUBLIC_URL] = self._public
            await self._ask(path, scope, receive, send_and_count)
        except Refusal as refusal:
            await refusal(scope, receive, send_and_count)
        except BrokenAnswer:
            status = _BROKEN
            raise
        except Exception as error:  # nothing may end the server, and the log says what it was
            self.log.say("error", path=path, what=_traceback(error))
            if status != _BROKEN:
                raise BrokenAnswer(str(error)) from error
            await Refusal(500, sentence("request.wrong"))(scope, receive, send_and_count)
        finally:
            self.log.add(scope, status=status, size=size, began=began)

    async def _ask(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """The answer to one request; a `Refusal` where it names no host of ours."""
        self._notice(scope)
        if not has_host(scope):
            raise no_host()
        if self.hosts and path not in _PROBED and not is_host_of(scope, self.hosts):
            raise other_host()
        direct = self._endpoint_of.get(path)
        await (direct(scope, receive, send) if direct is not None else self._page(path, scope, receive, send))

    def _notice(self, scope: Scope) -> None:
        """See that readers come through a proxy while nothing says under which name: addresses are what they claim."""
        if self._public or self.hosts or "any_host" in self.app.state.noticed:
            return
        if header(scope, b"x-forwarded-for"):
            self.app.state.noticed.add("any_host")
            self.log.say("warning", code="any_host", what=text("cli.serve.warnings.any_host").en)

    def _is_readable(self, scope: Scope, path: str, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether the scripts of other sites may read an answer.

        They may read all that is asked for with GET; not the page that holds a secret, and no page with texts that only
        readers on this machine are shown, since their own browsers would be the ones to fetch it.
        """
        if scope["method"] not in {"GET", "HEAD", "OPTIONS"} or path.split("/")[1] in _PRIVATE:
            return False
        is_page = any(name.lower() == b"content-type" and value.startswith(b"text/html") for name, value in headers)
        return not (is_page and self.app.state.show_restricted)

    async def _page(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """A page: each one holds a thread while it waits, so nobody has more of them than of queries."""
        if scope["method"] == "OPTIONS" and path.split("/")[1] not in _OWN_METHODS:
            await preflight("GET, HEAD, OPTIONS")(scope, receive, send)
            return
        if not _is_utf8(scope):
            raise Refusal(400, sentence("endpoint.parameters"), sentence("endpoint.send_encoded"))
        client, most = client_of(scope), self.service.limits.share.per_client
        if self._open_pages[client] >= most:
            message, fix = sentence("busy.pages", count=most), sentence("next.wait_for_page")
            scope["app"] = self.app
            await _refusal_response(Request(scope), Refusal(503, message, fix, {"Retry-After": "2"}))(
                scope, receive, send
            )
            return
        self._open_pages[client] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._open_pages[client] -= 1
            if not self._open_pages[client]:
                del self._open_pages[client]


def _is_utf8(scope: Scope) -> bool:
    """Whether the address, once decoded, is UTF-8, as every page writes its own."""
    try:
        unquote_to_bytes(scope.get("raw_path", b"") + scope["query_string"]).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _traceback(error: Exception) -> Sequence[str]:
    """An error of ours as lines for the log."""
    return [line for part in traceback.format_exception(error) for line in part.rstrip().splitlines()][-30:]

"""The server: uvicorn, with connections that a client who is slow, greedy or nonsensical cannot hold on to.

What is promised of a connection, whatever its client does: a request arrives within `serve.patience` seconds, with at
most 64 kB of headers and as much of address, an answer is taken at a thousand bytes a second or more, and one address
has a quarter of `serve.connections` at most. Whoever breaks it loses the connection and nobody else does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import struct
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, cast

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from citygraph.errors import CitygraphError
from citygraph.messages import Sentence, sentence
from citygraph.web.app import Site, live
from citygraph.web.desk.access import PEER
from citygraph.web.fast import FastPath
from citygraph.web.limits import Limits
from citygraph.web.requests import BrokenAnswer, error_body, has_host, is_host_of, network_of, trusted_by

_KEEP_ALIVE: Final = 15
_LONGEST_HEAD: Final = 512_000
_LONGEST_HEADERS: Final = 65_536
_OWN_FILES: Final = 512
"""Descriptors beside those of connections: pipes to processes, files of the version, listening sockets."""
_SLOWEST: Final = 1_000
"""Bytes per second of an answer that a client must take, or its connection ends."""
_MOST_FAST: Final = 8
"""Requests behind each other that are answered on the fast path before another connection has its turn."""
_SPACES: Final = 2
"""In a request line."""
_COMPLETE: Final = cast(
    "RequestResponseCycle", SimpleNamespace(response_complete=True, disconnected=False, message_event=asyncio.Event())
)
"""What uvicorn finds as the last cycle of a connection on which it has answered nothing itself."""


class ClientConnections:
    """What the connections of one server share: their limits, how many each address has open, and the fast path."""

    def __init__(self, limits: Limits, fast: FastPath | None) -> None:
        """The connections within these limits, none of them open; without `fast` every request goes the ordinary way."""
        self.open: Counter[str] = Counter()
        self.refused: Callable[[str], None] = lambda _: None
        self._date_headers: list[tuple[bytes, bytes]] | None = None
        self._date = b""
        self.keep_to(limits, fast)

    def keep_to(self, limits: Limits, fast: FastPath | None) -> None:
        """Other limits and another fast path from now on; what is open stays open."""
        self.fast = fast
        self.patience, self.hosts = limits.patience, limits.hosts
        self.is_proxy = trusted_by(limits.trusted_proxies)
        self.most_each = max(limits.connections // 4, 16)
        # A proxy has one address for all of its clients; what has not shown yet that it is one leaves room for others.
        self.most_silent = max(limits.connections - self.most_each, self.most_each)

    def date_of(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The headers that uvicorn gives every answer, as they go over the wire; it makes a new list each second."""
        if headers is not self._date_headers:
            self._date_headers = headers
            self._date = b"".join(b"%s: %s\r\n" % pair for pair in headers)
        return self._date


class ClientConnection(HttpToolsProtocol):
    """One connection: counted, with a deadline for each head and for each part of an answer.

    `on_headers_complete` is where a request goes one way or the other: refused, answered on the fast path, or given to
    the application as uvicorn does it. tests/web/test_uvicorn_parts.py names the parts of uvicorn that this leans on.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _head_size = _head_slack = 0
    _address = ""
    _is_proxy = False
    _counted = ""
    _is_known = False
    _reading_timer: asyncio.TimerHandle | None = None
    _unread = 0
    _answered_fast = 0
    _newest = b""

    def __init__(self, shared: ClientConnections, **more: Any) -> None:  # noqa: ANN401  # what uvicorn gives a protocol
        """A connection among those of `shared`, not open yet."""
        super().__init__(**more)
        self._shared = shared
        self._cycles: deque[RequestResponseCycle] = deque()

    # -- its beginning and its end --------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """It is open; one more than its address may have is closed at once."""
        super().connection_made(transport)
        shared = self._shared
        self._address = self.client[0] if self.client else ""
        self._is_proxy = shared.is_proxy(self._address)
        self._count_as(network_of(self._address))
        if shared.open[self._counted] > (shared.most_silent if self._is_proxy else shared.most_each):
            shared.refused("request.connections")
            transport.abort()
            return
        self._start_head_timer()
        self._reading_timer = self.loop.call_later(shared.patience, self._check_reading)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, from whichever side."""
        if self._reading_timer is not None:
            self._reading_timer.cancel()
        self._count_as("")
        self._stop_head_timer()
        # uvicorn tells only the last of several requests behind each other that nobody waits for its answer.
        self.pipeline.clear()
        for cycle in self._cycles:
            cycle.disconnected = not cycle.response_complete
            cycle.message_event.set()
        super().connection_lost(exc)

    def _count_as(self, name: str) -> None:
        """Count it under this name, and no longer under the one before."""
        open_ = self._shared.open
        if self._counted:
            open_[self._counted] -= 1
            if open_[self._counted] <= 0:
                del open_[self._counted]
        self._counted = name
        if name:
            open_[name] += 1

    def _is_one_too_many(self) -> bool:
        """Whether somebody at the address of a proxy who asks for himself has too many connections; looked at once."""
        if self._is_known or not self._is_proxy:
            return False
        self._is_known = True
        if any(name == b"x-forwarded-for" for name, _ in self.headers):
            # A proxy, which says who asks, and has limits of its own.
            self._count_as("")
            return False
        self._count_as(f"{network_of(self._address)} itself")
        return self._shared.open[self._counted] > self._shared.most_each

    # -- a request ------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes of a request: asyncio gives them."""
        if self.transport.is_closing():
            return
        self._answered_fast = 0
        if self._head_timer is not None:
            self._head_size += len(data)
            if self._head_size > _LONGEST_HEAD:
                self._refuse(431, sentence("request.head"))
                return
        self._newest = data
        super().data_received(data)
        self._newest = b""
        if (
            self._head_timer is not None
            and self._head_size - self._head_slack > len(self.url or b"") + _LONGEST_HEADERS
        ):
            self._refuse(431, sentence("request.head"))
            return
        # Most heads come whole; for the rest of one that did not, and for one that has yet to begin, there is a deadline.
        if self._is_idle and self.timeout_keep_alive_task is None and not self.transport.is_closing():
            self._start_head_timer(len(data))

    @property
    def _is_idle(self) -> bool:
        """Whether everything that was asked is answered."""
        return self.cycle is None or self.cycle.response_complete

    def on_headers_complete(self) -> None:
        """The parser has the head of a request: refuse it, answer it on the fast path, or begin the ordinary way."""
        self._stop_head_timer()
        if self.transport.is_closing():
            self.cycle = self.cycle or _COMPLETE
        elif sum(len(name) + len(value) for name, value in self.headers) > _LONGEST_HEADERS:
            self._refuse(431, sentence("request.head"))
            self.cycle = self.cycle or _COMPLETE
        elif self._is_one_too_many():
            self._refuse(503, sentence("request.connections"))
            self.cycle = self.cycle or _COMPLETE
        elif not self._answer_fast():
            self._begin()

    def _begin(self) -> None:
        """Have the application answer."""
        super().on_headers_complete()
        while self._cycles and self._cycles[0].response_complete:
            self._cycles.popleft()
        self._cycles.append(self.cycle)
        # The task that answers has not run yet, so it finds this.
        cast("dict[str, Any]", self.scope)["citygraph.break_off"] = self._break_off

    def _answer_fast(self) -> bool:
        """Whether the request could be answered with nothing around it."""
        fast = self._shared.fast
        is_free = self._is_idle and not self.pipeline and not self.flow.write_paused
        if fast is None or not is_free or self._answered_fast >= _MOST_FAST or self.parser.get_method() != b"GET":
            return False
        scope = cast("Scope", self.scope)
        if not has_host(scope) or (self._shared.hosts and not is_host_of(scope, self._shared.hosts)):
            return False
        found = fast.answer(self.url, self.headers, self._address, is_proxy=self._is_proxy)
        if found is None:
            return False
        self._answered_fast += 1
        keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
        closing = b"" if keep_alive else b"connection: close\r\n"
        date = self._shared.date_of(self.server_state.default_headers)
        self.transport.write(b"%s%s%s\r\n%s" % (found.head, date, closing, found.body))
        self.cycle = self.cycle or _COMPLETE
        if not keep_alive:
            self.transport.close()
        self.on_response_complete()
        return True

    def _start_head_timer(self, size: int = 0) -> None:
        """Give the client its time for a head, of which so many bytes are here; not anew while it is running."""
        if self._head_timer is None:
            # Other requests may stand before the head in these bytes.
            self._head_size = self._head_slack = size
            self._head_timer = self.loop.call_later(self._shared.patience, self._head_timeout)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timeout(self) -> None:
        self._head_timer = None
        self._refuse(408, sentence("request.too_slow", seconds=self._shared.patience))

    def send_400_response(self, msg: str) -> None:
        """What uvicorn says when it cannot read a request."""
        del msg
        self._refuse(400, sentence("request.unencoded" if _is_unencoded(self._newest) else "request.not_http"))

    def _refuse(self, status: int, why: Sentence) -> None:
        """Say why in both languages, since nothing says which one is read, and end the connection."""
        if not self.transport.is_closing():
            data = error_body(status, [why, why.nb], why.key)
            head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n"
            # A script of another site is told too, whatever it asked for.
            head += "access-control-allow-origin: *\r\nconnection: close\r\n\r\n"
            self.transport.write(head.encode() + data)
            self.transport.close()
            self._shared.refused(why.key)

    # -- an answer ------------------------------------------------------------------------------------

    def _break_off(self, *, is_taken: bool) -> None:
        """End the connection in the middle of an answer, with what is on its way to the client if the client takes it."""
        if is_taken:
            self.transport.abort()
        else:
            _reset(self.transport)

    def resume_writing(self) -> None:
        """The client takes its answer again."""
        self._unread = 0
        super().resume_writing()

    def _check_reading(self) -> None:
        """End the connection when its client does not take its answer; one closed politely waits for that without end."""
        waiting = self.transport.get_write_buffer_size() and _unread(self.transport)
        if self._unread and waiting > max(self._unread - _SLOWEST * self._shared.patience, 0):
            _reset(self.transport)
            return
        self._unread = waiting
        self._reading_timer = self.loop.call_later(self._shared.patience, self._check_reading)


def _is_unencoded(data: bytes) -> bool:
    """Whether a request begins with an address that holds what none can (RFC 3986, 2): space, or a letter beyond ASCII."""
    line = data.partition(b"\n")[0].rstrip()
    return line.endswith((b" HTTP/1.1", b" HTTP/1.0")) and (line.count(b" ") > _SPACES or not line.isascii())


def _unread(transport: asyncio.Transport) -> int:
    """The bytes that the other side has not taken, those that wait in the kernel included.

    The kernel takes more only when a third of its room is free, and that can be most of a megabyte (tcp(7)).
    """
    size = transport.get_write_buffer_size()
    with contextlib.suppress(ImportError, OSError):
        import fcntl  # noqa: PLC0415  # POSIX alone has it
        import termios  # noqa: PLC0415

        waiting = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
        size += int.from_bytes(waiting, sys.byteorder)
    return size


def _reset(transport: asyncio.Transport) -> None:
    """End a connection whose other side takes nothing: what waits in the kernel is thrown away too."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


# -- uvicorn ------------------------------------------------------------------------------------------


class _Quiet(logging.Filter):
    """Nothing but errors of ours: no broken answer, which our own log tells, and none that the end of the server cut."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        is_meant = isinstance(error, BrokenAnswer | asyncio.CancelledError) or "graceful shutdown" in str(record.msg)
        return not is_meant and record.levelno > logging.WARNING


class _Server(uvicorn.Server):
    """A server that says where it is, and ends with success when it is asked to end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None], reload: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready, self._reload = ready, reload

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; the port may be one that the machine has chosen."""
        await super().startup(sockets)
        if self.started:
            # At a terminal it says that the terminal is gone.
            if hasattr(signal, "SIGHUP") and not (sys.stdin and sys.stdin.isatty()):
                with contextlib.suppress(NotImplementedError, RuntimeError):
                    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)
            self._ready(self.servers[0].sockets[0].getsockname()[1])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully at SIGTERM and SIGINT; at the second one at once."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


class Serving:
    """The site that is served, and the one that takes its place when the settings are read again."""

    def __init__(self, site: Site, again: Callable[[], Site] | None) -> None:
        """The first site; `again` makes the next one from the settings as they are then."""
        limits = site.service.limits
        self.site, self._again = site, again
        self.connections = ClientConnections(limits, None)
        self.config = uvicorn.Config(
            self,
            http=cast("type[asyncio.Protocol]", partial(ClientConnection, self.connections)),
            loop="auto",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            # What the client is called is read below, by settings that may change.
            proxy_headers=False,
        )
        self._changing: asyncio.Task[None] | None = None
        self._keep_to(site)

    def _keep_to(self, site: Site) -> None:
        limits = site.service.limits
        self._app = ProxyHeadersMiddleware(site, trusted_hosts=limits.trusted_proxies)  # type: ignore[arg-type]  # ASGI
        fast = FastPath(site.service, site.log, site.endpoints) if limits.fast else None
        self.connections.keep_to(limits, fast)
        self.connections.refused = site.log.metrics.refused
        site.app.state.connections = self.connections.open
        self.config.limit_concurrency = _room_for(limits.connections)
        # Workers have five seconds of it to end, and the machine one.
        self.config.timeout_graceful_shutdown = max(min(int(limits.share.timeout) + 5, limits.stopping - 6), 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start, stop, or answer one request."""
        if scope["type"] == "lifespan":
            await live(self._start, self._stop, receive, send)
        else:
            scope[PEER] = scope.get("client")
            await self._app(scope, receive, send)  # type: ignore[arg-type]  # ASGI

    async def _start(self) -> None:
        await self.site.start()

    async def _stop(self) -> None:
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
        await self.site.stop()

    def reload(self) -> None:
        """Read the settings again (SIGHUP); while that is being done another wish for it is one too many."""
        if self._again is not None and (self._changing is None or self._changing.done()):
            self._changing = asyncio.get_running_loop().create_task(self._change(self._again))

    async def _change(self, again: Callable[[], Site]) -> None:
        """Serve by the settings as they are now; settings that are wrong leave everything as it was, and are told."""
        before = self.site
        try:
            after = await asyncio.to_thread(again)
            await after.service.start()
        except (CitygraphError, OSError) as error:
            before.log.say("reload-failed", what=str(error))
            return
        after.take_over(before)
        self.site = after
        self._keep_to(after)
        after.log.say("reload", snapshot=after.service.pool.version.snapshot_id, **after.service.pool.state)
        until = time.monotonic() + before.service.limits.share.timeout + 5
        try:
            while before.open_requests and time.monotonic() < until:  # noqa: ASYNC110  # once, at a wish of the operator
                await asyncio.sleep(0.05)
        finally:
            await before.service.stop()


def _room_for(connections: int) -> int:
    """So many connections, or as many as the machine has descriptors for: beyond those nobody could connect."""
    try:
        import resource  # noqa: PLC0415  # POSIX alone has it
    except ImportError:
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OWN_FILES
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return connections if soft == resource.RLIM_INFINITY else max(min(connections, soft - _OWN_FILES), 16)


def run(
    site: Site, *, host: str, port: int, ready: Callable[[int], None], again: Callable[[], Site] | None = None
) -> bool:
    """Serve until SIGTERM or SIGINT; whether the site could be started.

    Args:
        site: the application.
        host: the address to listen at.
        port: the port; 0 leaves the choice to the machine.
        ready: is told the port as soon as requests are taken.
        again: makes the site anew from the settings as they are then, at SIGHUP.
    """
    logging.getLogger("uvicorn.error").addFilter(_Quiet())
    serving = Serving(site, again)
    serving.config.host, serving.config.port = host, port
    server = _Server(serving.config, ready, serving.reload)
    server.run()
    return server.started

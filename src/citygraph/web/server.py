"""uvicorn with manners: clients that are slow, too many or nonsensical cost a connection and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import struct
import sys
from collections import Counter, deque
from collections.abc import Iterator
from functools import partial
from typing import Any, Final, cast

import uvicorn
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from citygraph.web.app import Site
from citygraph.web.known_heads import KnownHeads, ordinary
from citygraph.web.refusal import BrokenAnswer, body
from citygraph.web.requests import has_host, network_of, trusted_by

__all__ = ["run"]

_LONGEST_HEAD: Final = 512_000
_KEEP_ALIVE: Final = 15
_MOST_AT_ONCE: Final = 8
"""Requests behind each other that are answered before anybody else has a turn."""
_SLOWEST: Final = 1_000
"""Bytes per second of an answer that a client must take, or its connection ends."""


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


class _Quiet(logging.Filter):
    """A broken answer is meant to break; our own log says so already."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, BrokenAnswer) and record.levelno > logging.WARNING


def _bounded(site: Site) -> type[HttpToolsProtocol]:  # noqa: C901  # one class, with the limits it keeps to
    """The protocol of one server: its patience with a request, and how many connections one address may have."""
    limits, log = site.service.limits, site.log
    patience, most, trusted = limits.patience, limits.connections, limits.trusted_proxies
    open_connections: Counter[str] = Counter()
    is_proxy, most_each = trusted_by(trusted), max(most // 4, 16)
    # A proxy has one address for all of its clients; what has not shown yet that it is one leaves room for others.
    most_silent = max(most - most_each, most_each)
    known_heads = KnownHeads()
    dated: list[tuple[bytes, bytes]] | None = None
    date = b""

    class Bounded(HttpToolsProtocol):
        """A connection whose requests come in bounded time and size."""

        _head_timer: asyncio.TimerHandle | None = None
        _head_size = 0
        _address = ""
        _counted = ""
        _is_known = False
        _is_ordinary = False
        _is_answered = False
        _is_tried = False
        _look_timer: asyncio.TimerHandle | None = None
        _unread = 0
        _answered_at_once = 0
        _answered_last = 0.0
        _is_between = True
        """Whether the parser has no part of a request."""
        _alone: bytes | None = None
        """What came when nothing was left of what came before."""

        def __init__(self, *arguments: Any, **more: Any) -> None:  # noqa: ANN401  # what uvicorn gives a protocol
            super().__init__(*arguments, **more)
            self._cycles: deque[RequestResponseCycle] = deque()

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._address = self.client[0] if self.client else ""
            self._count_as(network_of(self._address))
            if open_connections[self._counted] > (most_silent if is_proxy(self._address) else most_each):
                transport.abort()
                return
            self._expect_head()
            self._look_timer = self.loop.call_later(patience, self._look)

        def connection_lost(self, exc: Exception | None) -> None:
            if self._look_timer is not None:
                self._look_timer.cancel()
            self._count_as("")
            self._head_is_here()
            # uvicorn tells only the last of several requests behind each other that nobody waits for its answer.
            self.pipeline.clear()
            for cycle in self._cycles:
                cycle.disconnected = not cycle.response_complete
                cycle.message_event.set()
            super().connection_lost(exc)

        def _count_as(self, name: str) -> None:
            if self._counted:
                open_connections[self._counted] -= 1
                if open_connections[self._counted] <= 0:
                    del open_connections[self._counted]
            self._counted = name
            if name:
                open_connections[name] += 1

        def _is_one_too_many(self) -> bool:
            """Whether somebody at the address of a proxy who asks for himself has too many connections; looked at once."""
            if self._is_known or not is_proxy(self._address):
                return False
            self._is_known = True
            if any(name == b"x-forwarded-for" for name, _ in self.headers):
                # A proxy, which says who asks, and has limits of its own.
                self._count_as("")
                return False
            self._count_as(f"{network_of(self._address)} itself")
            return open_connections[self._counted] > most_each

        def resume_writing(self) -> None:
            self._unread = 0
            super().resume_writing()

        def _look(self) -> None:
            """Whether the client takes its answer; a connection that is closed politely waits for that without end."""
            unread = self.transport.get_write_buffer_size() and _unread(self.transport)
            if self._unread and unread > max(self._unread - _SLOWEST * patience, 0):
                _reset(self.transport)
                return
            self._unread = unread
            self._look_timer = self.loop.call_later(patience, self._look)

        def _expect_head(self) -> None:
            self._head_size = 0
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(patience, self._too_slow)

        def _head_is_here(self) -> None:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None

        def _too_slow(self) -> None:
            self._head_timer = None
            self._refuse(408, f"The request took longer than {patience:g} seconds.")

        def _refuse(self, status: int, message: str) -> None:
            if not self.transport.is_closing():
                data = body(status, [message])
                head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(data)}"
                self.transport.write(head.encode() + b"\r\nconnection: close\r\n\r\n" + data)
                self.transport.close()

        def send_400_response(self, msg: str) -> None:
            del msg
            self._refuse(400, "This is not a valid HTTP request.")

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            self._answered_at_once, self._is_tried = 0, False
            self._alone = data if self._is_between else None
            # The first request of a connection shows who asks.
            if self._is_between and self._is_ordinary and self._is_free():
                asked = known_heads.read(data)
                if asked is not None and self._give(asked[0], *asked[1]):
                    return
            if self.cycle is None or self.cycle.response_complete:
                self._expect_head() if self._head_timer is None else None
            if self._head_timer is not None:
                self._head_size += len(data)
                if self._head_size > _LONGEST_HEAD:
                    self._refuse(431, "The address or the headers of the request are too long.")
                    return
            super().data_received(data)

        def on_headers_complete(self) -> None:
            self._head_is_here()
            if self._is_one_too_many():
                self._is_answered = True
                self._refuse(503, "This address has too many connections open.")
                return
            self._is_ordinary = True
            self._is_answered = self._answer_at_once()
            if self._is_answered:
                return
            super().on_headers_complete()
            while self._cycles and self._cycles[0].response_complete:
                self._cycles.popleft()
            self._cycles.append(self.cycle)
            # The task that answers has not run yet, so it finds these.
            scope = cast("dict[str, Any]", self.scope)
            scope["citygraph.tried"] = self._is_tried
            scope["citygraph.abort"] = self.transport.abort
            scope["citygraph.wire"] = partial(self._write, self.cycle)

        def on_body(self, body: bytes) -> None:
            if not self._is_answered:
                super().on_body(body)

        def on_message_complete(self) -> None:
            self._is_between, self._is_tried = True, False
            if not self._is_answered:
                super().on_message_complete()

        def on_message_begin(self) -> None:
            self._is_between = False
            super().on_message_begin()

        def _is_free(self) -> bool:
            """Whether nothing is being answered here, so that the next answer may be written."""
            return (
                (self.cycle is None or self.cycle.response_complete)
                and not self.pipeline
                and not self.flow.write_paused
            )

        def _answer_at_once(self) -> bool:
            """Whether a query that was answered before, or is very small, could be answered without anything around it."""
            if (
                self._is_tried
                or self._answered_at_once >= _MOST_AT_ONCE
                or not self._is_free()
                or self.parser.get_method() != b"GET"
            ):
                return False
            said = ordinary(self.headers)
            if said is None or not self.parser.should_keep_alive() or self.parser.get_http_version() != "1.1":
                return False
            if not has_host(cast("Scope", self.scope)):
                return False
            if self._alone is not None:
                known_heads.learn(self._alone, said)
            return self._give(self.url, *said)

        def _give(self, address: bytes, accept: str, encoding: str) -> bool:
            """Whether the answer was there, or so cheap that it is now, and has been written."""
            self._is_tried = True
            path, _, query_string = address.partition(b"?")
            kept = site.at_once(path, query_string, accept, encoding)
            if kept is None or not kept.wire:
                return False
            self.transport.write(b"%s%s\r\n%s" % (kept.wire, self._date(), kept.body))
            self._answered_at_once += 1
            self._answered_last = self.loop.time()
            if self.timeout_keep_alive_task is None:
                self.timeout_keep_alive_handler()
            log.add_again(self._address, path, len(kept.body))
            return True

        def timeout_keep_alive_handler(self) -> None:
            """After the last answer a connection stays open for a while; the timer is not set anew for each of them."""
            left = self._answered_last + self.timeout_keep_alive - self.loop.time()
            if left > 0:
                self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
            else:
                super().timeout_keep_alive_handler()

        def _date(self) -> bytes:
            nonlocal dated, date
            # uvicorn makes a new list of them each second.
            if self.server_state.default_headers is not dated:
                dated = self.server_state.default_headers
                date = b"".join(b"%s: %s\r\n" % pair for pair in dated)
            return date

        def _write(self, cycle: RequestResponseCycle, head: bytes, data: bytes) -> bool:
            """Whether a whole answer could be written as it is; otherwise it goes the way of every answer."""
            if self.flow.write_paused or cycle.disconnected or cycle.response_started:
                return False
            cycle.response_started = cycle.response_complete = True
            closing = b"" if cycle.keep_alive else b"connection: close\r\n"
            self.transport.write(b"%s%s%s\r\n%s" % (head, self._date(), closing, data))
            cast("dict[str, Any]", cycle.scope)["citygraph.sent"] = len(data)
            cycle.message_event.set()
            if not cycle.keep_alive:
                self.transport.close()
            cycle.on_response()
            return True

    return Bounded


class _Server(uvicorn.Server):
    """A server that ends with success when it is asked to end."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop gracefully at SIGTERM and SIGINT; at the second one at once."""
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def run(site: Site, *, host: str, port: int) -> bool:
    """Serve until SIGTERM or SIGINT; whether the site could be started."""
    limits = site.service.limits
    logging.getLogger("uvicorn.error").addFilter(_Quiet())
    config = uvicorn.Config(
        site,
        host=host,
        port=port,
        http=_bounded(site),
        loop="auto",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(limits.share.timeout) + 5,
        proxy_headers=True,
        forwarded_allow_ips=limits.trusted_proxies,
    )
    server = _Server(config)
    server.run()
    return server.started

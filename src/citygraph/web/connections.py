"""A connection with manners: clients that are slow, too many or nonsensical cost a connection and nothing else."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from functools import partial
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from citygraph.sentences import Sentence, sentence
from citygraph.web.limits import Limits
from citygraph.web.refusal import body
from citygraph.web.requests import network_of, trusted_by
from citygraph.web.sockets import reset, unread

__all__ = ["BoundedConnection", "ConnectionLimits"]

_LONGEST_HEAD: Final = 512_000
_SLOWEST: Final = 1_000
"""Bytes per second of an answer that a client must take, or its connection ends."""


class ConnectionLimits:
    """What the connections of one server share: its patience, and how many each address may have and has."""

    def __init__(self, limits: Limits) -> None:
        """Nobody is there yet."""
        self.patience = limits.patience
        self.open: Counter[str] = Counter()
        self.dated: list[tuple[bytes, bytes]] | None = None
        self.date = b""
        self.is_proxy = trusted_by(limits.trusted_proxies)
        self.most_each = max(limits.connections // 4, 16)
        # A proxy has one address for all of its clients; what has not shown yet that it is one leaves room for others.
        self.most_silent = max(limits.connections - self.most_each, self.most_each)


class BoundedConnection(HttpToolsProtocol):
    """A connection whose requests come in bounded time and size, and whose answers are taken in bounded time."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_size = 0
    _address = ""
    _counted = ""
    _is_known = False
    _look_timer: asyncio.TimerHandle | None = None
    _unread = 0

    def __init__(self, shared: ConnectionLimits, **more: Any) -> None:  # noqa: ANN401  # what uvicorn gives a protocol
        """A connection within these limits, not open yet."""
        super().__init__(**more)
        self._shared = shared
        self._cycles: deque[RequestResponseCycle] = deque()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody has come, perhaps one too many: asyncio says so."""
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        self._count_as(network_of(self._address))
        shared = self._shared
        if shared.open[self._counted] > (shared.most_silent if shared.is_proxy(self._address) else shared.most_each):
            transport.abort()
            return
        self._expect_head()
        self._look_timer = self.loop.call_later(self._shared.patience, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended, from whichever side."""
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
            self._shared.open[self._counted] -= 1
            if self._shared.open[self._counted] <= 0:
                del self._shared.open[self._counted]
        self._counted = name
        if name:
            self._shared.open[name] += 1

    def _is_one_too_many(self) -> bool:
        """Whether somebody at the address of a proxy who asks for himself has too many connections; looked at once."""
        if self._is_known or not self._shared.is_proxy(self._address):
            return False
        self._is_known = True
        if any(name == b"x-forwarded-for" for name, _ in self.headers):
            # A proxy, which says who asks, and has limits of its own.
            self._count_as("")
            return False
        self._count_as(f"{network_of(self._address)} itself")
        return self._shared.open[self._counted] > self._shared.most_each

    def resume_writing(self) -> None:
        """The client takes its answer again."""
        self._unread = 0
        super().resume_writing()

    def _look(self) -> None:
        """Whether the client takes its answer; a connection that is closed politely waits for that without end."""
        waiting = self.transport.get_write_buffer_size() and unread(self.transport)
        if self._unread and waiting > max(self._unread - _SLOWEST * self._shared.patience, 0):
            reset(self.transport)
            return
        self._unread = waiting
        self._look_timer = self.loop.call_later(self._shared.patience, self._look)

    def _expect_head(self) -> None:
        self._head_size = 0
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._shared.patience, self._too_slow)

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        self._refuse(408, sentence("request.too_slow", seconds=self._shared.patience))

    def _refuse(self, status: int, why: Sentence) -> None:
        """Say why in both languages, since nothing says which one is read, and end the connection."""
        if not self.transport.is_closing():
            data = body(status, [why, why.nb], why.key)
            head = f"HTTP/1.1 {status} Refused\r\ncontent-type: application/json\r\ncontent-length: {len(data)}"
            self.transport.write(head.encode() + b"\r\nconnection: close\r\n\r\n" + data)
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """What uvicorn says when it cannot read a request."""
        del msg
        self._refuse(400, sentence("request.not_http"))

    def data_received(self, data: bytes) -> None:
        """Bytes of a request: asyncio gives them."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            self._expect_head() if self._head_timer is None else None
        if self._head_timer is not None:
            self._head_size += len(data)
            if self._head_size > _LONGEST_HEAD:
                self._refuse(431, sentence("request.head"))
                return
        super().data_received(data)

    def _is_let_in(self) -> bool:
        """Whether a request, whose head is here, may be answered; when not, it has been told so."""
        self._head_is_here()
        if self._is_one_too_many():
            self._refuse(503, sentence("request.connections"))
            return False
        return True

    def _begin(self) -> None:
        """Begin the answer of the application."""
        super().on_headers_complete()
        while self._cycles and self._cycles[0].response_complete:
            self._cycles.popleft()
        self._cycles.append(self.cycle)
        # The task that answers has not run yet, so it finds these.
        scope = cast("dict[str, Any]", self.scope)
        scope["citygraph.abort"] = self.transport.abort
        scope["citygraph.wire"] = partial(self._write, self.cycle)

    def _date(self) -> bytes:
        shared = self._shared
        # uvicorn makes a new list of them each second.
        if self.server_state.default_headers is not shared.dated:
            shared.dated = self.server_state.default_headers
            shared.date = b"".join(b"%s: %s\r\n" % pair for pair in shared.dated)
        return shared.date

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

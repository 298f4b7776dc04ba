"""Queries that are answered at once: from the cache, or out of an index, without anything around them.

A connection that asks one such query after the other is given to a front, a process on another processor, for as
long as it asks nothing else.
"""

from __future__ import annotations

from typing import Any, Final, cast

from starlette.types import Scope

from citygraph.web.app import Site
from citygraph.web.connections import BoundedConnection, ConnectionLimits
from citygraph.web.fronts import Fronts
from citygraph.web.known_heads import Known, KnownHeads, ordinary
from citygraph.web.requests import has_host

__all__ = ["FastConnection", "FastPath"]

_MOST_AT_ONCE: Final = 8
"""Requests behind each other that are answered before anybody else has a turn."""
_MANY: Final = 32
"""Lookups in a row after which more of them are expected."""


class FastPath(ConnectionLimits):
    """What these connections share besides: the site, the heads that came before, and who asks many lookups."""

    def __init__(self, site: Site) -> None:
        """The fast path of one site."""
        super().__init__(site.service.limits)
        self.site, self.heads = site, KnownHeads()
        self.busy: set[FastConnection] = set()

    @property
    def fronts(self) -> Fronts | None:
        """The processes that take connections."""
        return self.site.service.fronts


class FastConnection(BoundedConnection):
    """A connection on which small queries are answered at once."""

    _is_between = True
    """Whether the parser has no part of a request."""
    _is_ordinary = False
    """Whether a first request has shown who asks."""
    _is_answered = False
    _is_tried = False
    _is_away = False
    _alone: bytes | None = None
    """What came when nothing was left of what came before."""
    _answered_at_once = 0
    _answered_last = 0.0
    _in_a_row = 0

    def __init__(self, shared: FastPath, **more: Any) -> None:  # noqa: ANN401  # what uvicorn gives a protocol
        """A connection within these limits, not open yet."""
        super().__init__(shared, **more)
        self._shared: FastPath = shared

    def connection_lost(self, exc: Exception | None) -> None:
        """See `BoundedConnection.connection_lost`."""
        self._shared.busy.discard(self)
        if self._is_away and self._shared.fronts is not None:
            self._shared.fronts.drop(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a request, most often all of it."""
        if self.transport.is_closing():
            return
        self._answered_at_once, self._is_tried = 0, False
        self._alone = data if self._is_between else None
        if self._is_between and self._is_ordinary and self._is_free():
            known = self._shared.heads.read(data)
            if known is not None and self._give(known.address, *known.said):
                self._head_is_here()
                if self._in_a_row >= _MANY:
                    self._ask_a_front(known)
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """The parser has the first byte of a request."""
        self._is_between = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser has the head of a request."""
        self._is_answered = True
        if not self._is_let_in():
            return
        self._is_ordinary = True
        self._is_answered = self._answer_at_once()
        if not self._is_answered:
            self._in_a_row = 0
            self._shared.busy.discard(self)
            self._begin()
            cast("dict[str, Any]", self.scope)["citygraph.tried"] = self._is_tried

    def on_body(self, body: bytes) -> None:
        """The parser has a part of a body."""
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser has all of a request."""
        self._is_between, self._is_tried = True, False
        if not self._is_answered:
            super().on_message_complete()

    def _is_free(self) -> bool:
        """Whether nothing is being answered here, so that the next answer may be written."""
        return (self.cycle is None or self.cycle.response_complete) and not self.pipeline and not self.flow.write_paused

    def _answer_at_once(self) -> bool:
        """Whether a query that was answered before, or is very small, could be answered without anything around it."""
        if self._is_tried or self._answered_at_once >= _MOST_AT_ONCE or not self._is_free():
            return False
        said = ordinary(self.headers) if self.parser.get_method() == b"GET" else None
        if said is None or not self.parser.should_keep_alive() or self.parser.get_http_version() != "1.1":
            return False
        if not has_host(cast("Scope", self.scope)):
            return False
        if self._alone is not None:
            self._shared.heads.learn(self._alone, said)
        return self._give(self.url, *said)

    def _give(self, address: bytes, accept: str, encoding: str) -> bool:
        """Whether the answer was there, or so cheap that it is now, and has been written."""
        self._is_tried = True
        path, _, query_string = address.partition(b"?")
        kept = self._shared.site.at_once(path, query_string, accept, encoding)
        if kept is None or not kept.wire:
            return False
        self.transport.write(b"%s%s\r\n%s" % (kept.wire, self._date(), kept.body))
        self._answered_at_once += 1
        self._in_a_row += 1
        self._answered_last = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_handler()
        self._shared.site.log.add_again(self._address, path, len(kept.body))
        return True

    def timeout_keep_alive_handler(self) -> None:
        """After the last answer a connection stays open for a while; the timer is not set anew for each of them."""
        left = self._answered_last + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)
        else:
            super().timeout_keep_alive_handler()

    # -- at a front -----------------------------------------------------------------------------------

    def _ask_a_front(self, known: Known) -> None:
        """Give this connection to a front, when one has no more of them than there are here."""
        self._in_a_row = 0
        shared = self._shared
        shared.busy.discard(self)
        if shared.fronts is None or self.transport.get_write_buffer_size():
            return
        # Nothing may be read here from the moment on at which it is counted what was.
        self.flow.pause_reading()
        if shared.fronts.take(self, self._address, known.headers, known.said, at_home=len(shared.busy)):
            self._is_away = True
            self._unset_keepalive_if_required()
        else:
            self.flow.resume_reading()
            shared.busy.add(self)

    def descriptor(self) -> int:
        """See `Given.descriptor`."""
        return int(self.transport.get_extra_info("socket").fileno())

    def go_on(self, unsent: bytes, data: bytes) -> None:
        """See `Given.go_on`."""
        self._is_away = False
        if self.transport.is_closing():
            return
        self.transport.write(unsent)
        self._answered_last = self.loop.time()
        self.timeout_keep_alive_handler()
        self.flow.resume_reading()
        if data:
            self.data_received(data)

    def leave(self) -> None:
        """See `Given.leave`."""
        self._is_away = False
        self.transport.close()

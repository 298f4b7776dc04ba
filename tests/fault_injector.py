"""A proxy on loopback in front of a real server that breaks chosen requests: cut, delay, refuse, reset, lose."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from loopback import Handler, LoopbackServer, listening
from misbehaving import Answer, Asked, send
from patience import PATIENCE

# RFC 9110, 7.6.1: what one connection says about itself is not passed on.
_OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade", "te", "trailer"}
_OWN_HEADERS = {*_OF_ONE_CONNECTION, "content-type", "date", "server"}


@dataclass
class Fault:
    """What goes wrong, and with which requests.

    Args:
        method: only requests of this method; empty for all.
        holds: only requests that have this text in their address, query included, or in their body.
        skip: how many of the requests that fit go through unharmed first.
        times: how many are broken after that; all without it.
        status: refuse with this status instead of asking the server.
        retry_after: the header `Retry-After` of a refusal.
        text: the body of a refusal.
        delay: seconds to wait before the server is asked.
        cut_answer: send this many bytes of the answer's body, announce all of them, and close.
        cut_request: hand on only this many bytes of the request's body, then close both connections.
        answer: answer so instead of asking the server.
        reset: reset the connection before the server is asked.
        lose_answer: let the server do its work, then reset the connection instead of answering.
    """

    method: str = ""
    holds: str = ""
    skip: int = 0
    times: int | None = None
    status: int = 0
    retry_after: str = ""
    text: str = "refused on purpose"
    delay: float = 0.0
    cut_answer: int | None = None
    cut_request: int | None = None
    answer: Answer | None = None
    reset: bool = False
    lose_answer: bool = False
    seen: int = field(default=0, init=False)
    done: int = field(default=0, init=False)

    def hits(self, asked: Asked) -> bool:
        """Whether this request is broken; counts it."""
        if self.method and asked.method != self.method:
            return False
        if self.holds and self.holds not in asked.path and self.holds.encode() not in asked.body:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times is not None and self.done >= self.times):
            return False
        self.done += 1
        return True


class FaultInjector:
    """The proxy: its address, what it shall break, and every request that came."""

    def __init__(self, address: str, target: str) -> None:
        self.address = address
        self.target = urlsplit(target)
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.lock = threading.Lock()

    def through(self, url: str) -> str:
        """The same address of the server behind, through the proxy."""
        parts = urlsplit(url)
        assert (parts.hostname, parts.port) == (self.target.hostname, self.target.port), url
        return self.address + url.partition(parts.netloc)[2]

    def will(self, *faults: Fault) -> None:
        """Break these from now on, the first one that fits each request; without any, break nothing."""
        with self.lock:
            self.faults = list(faults)

    def next(self, asked: Asked) -> Fault:
        """What happens to this request."""
        with self.lock:
            self.asked.append(asked)
            return next((fault for fault in self.faults if fault.hits(asked)), Fault())


class _Server(LoopbackServer):
    injector: FaultInjector


class _Handler(Handler):
    server: _Server

    behind = ""

    def version_string(self) -> str:
        """What the server behind calls itself, once it has answered: a proxy passes that on."""
        return self.behind or super().version_string()

    def respond(self) -> None:
        """Pass on, or break."""
        asked = Asked(self.command, self.path, dict(self.headers.items()), self.body())
        fault = self.server.injector.next(asked)
        time.sleep(fault.delay)
        if fault.reset:
            return self._reset()
        if fault.status:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            return send(self, Answer(fault.text.encode(), fault.status, "text/plain", headers))
        if fault.answer is not None:
            return send(self, fault.answer)
        answer = self._asked_behind(asked, fault)
        if answer is None or fault.lose_answer:
            return self._reset()
        if fault.cut_answer is not None:
            answer.announce = len(answer.body)
            answer.body = answer.body[: fault.cut_answer]
        return send(self, answer)

    def _asked_behind(self, asked: Asked, fault: Fault) -> Answer | None:
        """What the server behind answers; nothing when it closes the connection."""
        target = self.server.injector.target
        assert target.hostname
        behind = http.client.HTTPConnection(target.hostname, target.port, timeout=PATIENCE)
        try:
            behind.putrequest(asked.method, asked.path, skip_host=True, skip_accept_encoding=True)
            for name, value in asked.headers.items():
                if name.lower() not in _OF_ONE_CONNECTION:
                    behind.putheader(name, value)
            if asked.body or asked.method in {"POST", "PUT", "PATCH"}:
                behind.putheader("Content-Length", str(len(asked.body)))
            behind.putheader("Connection", "close")
            behind.endheaders()
            behind.send(asked.body[: fault.cut_request])
            if fault.cut_request is not None:
                return None
            response = behind.getresponse()
            body = response.read()
            self.behind = response.getheader("Server") or ""
        except (OSError, http.client.HTTPException):
            return None
        finally:
            behind.close()
        headers = {name: value for name, value in response.getheaders() if name.lower() not in _OWN_HEADERS}
        length = response.getheader("Content-Length")
        is_head = asked.method == "HEAD" and length is not None
        return Answer(
            body,
            response.status,
            response.getheader("Content-Type") or "",
            headers,
            announce=int(length or 0) if is_head else None,
        )

    def _reset(self) -> None:
        """Close so that the other side sees a reset and not an end."""
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        self.close_connection = True


@contextmanager
def fault_injector(target: str) -> Iterator[FaultInjector]:
    """The proxy in front of the server at `target`, any address of it, until the block ends."""
    with listening(_Server(("127.0.0.1", 0), _Handler)) as server:
        server.injector = FaultInjector(server.address, target)
        yield server.injector

"""SPARQLWrapper with one deadline for everything and no redirects."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.request
from functools import partial
from typing import Any

from SPARQLWrapper import SPARQLWrapper

from citygraph.http_policy import Deadline

__all__ = ["Wrapper"]


class Wrapper(SPARQLWrapper):
    """SPARQLWrapper that follows no redirect and knows one deadline for everything.

    SPARQLWrapper 2.0.0 takes its timeout for each read of the socket and turns a redirected POST into a GET.
    """

    deadline: Deadline
    watch: threading.Timer | None = None

    def _query(self) -> tuple[http.client.HTTPResponse, str]:
        watch = _Watch()
        opener = urllib.request.build_opener(_NoRedirect, _Http(watch), _Https(watch))
        timer = threading.Timer(self.deadline.left, watch.cut)
        timer.daemon = True
        timer.start()
        request = self._createRequest()
        self.watch = timer
        return opener.open(request, timeout=max(self.deadline.left, 0.01)), self.returnFormat


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other; the caller says what it means."""

    def redirect_request(self, *_: object) -> None:
        """Nothing is asked anew."""
        return


class _Watch:
    """The sockets of one request, cut at its deadline however slowly the other side drips."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []

    def add(self, sock: socket.socket) -> None:
        self._sockets.append(sock)

    def cut(self) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                # Closing would not wake up whoever reads; this does.
                sock.shutdown(socket.SHUT_RDWR)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, http.client.HTTPConnection, self._watch), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_connection, http.client.HTTPSConnection, self._watch), req)


def _connection(
    kind: type[http.client.HTTPConnection],
    watch: _Watch,
    host: str,
    **options: Any,  # noqa: ANN401  # as urllib gives them
) -> http.client.HTTPConnection:
    connection = kind(host, **options)
    connect = connection.connect

    def watched() -> None:
        connect()
        watch.add(connection.sock)

    connection.connect = watched  # type: ignore[method-assign]
    return connection

"""SPARQLWrapper with one deadline for everything and no redirects: how the servers of others are asked."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from SPARQLWrapper import JSON, POST, TURTLE, SPARQLWrapper

from citygraph.errors import QueryError
from citygraph.exchange import Exchange
from citygraph.http import Deadline, DeadlinePassed, Headers, TooLarge, decoded, whole_body
from citygraph.messages import sentence
from citygraph.rdf import Iri
from citygraph.sparql.text import Form

_MOST_DETAIL: Final = 300
_BAD_REQUEST: Final = 400
_Graphs: TypeAlias = tuple[Sequence[Iri], Sequence[Iri]]


def send(
    exchange: Exchange, text: str, form: Form, graphs: _Graphs, deadline: Deadline, *, accept: str
) -> tuple[bytes, Headers, str]:
    """Send one query once (see `endpoint.Send`).

    Raises:
        DeadlinePassed, TooLarge, TryAgain: see `http.patiently`.
        QueryError: the server does not accept the query.
        StoreError: it cannot be reached, refuses, or cuts the answer.
    """
    wrapper = _wrapper(exchange, text, form, graphs, deadline)
    # Set last, and each exactly once: SPARQLWrapper's own Accept is a list of five types.
    wrapper.addCustomHttpHeader("Accept", accept)
    wrapper.addCustomHttpHeader("Accept-Encoding", "gzip")
    try:
        response = wrapper.query().response
        with response:
            body = whole_body(response, deadline, exchange.policy.most_bytes)
        # http.client's read1 says nothing when fewer bytes come than were announced.
        if response.length:
            raise exchange.cut()
        return body, response.headers, response.headers.get("Content-Encoding") or ""
    except urllib.error.HTTPError as error:
        raise _refusal(exchange, error, deadline) from error
    except http.client.IncompleteRead as error:
        deadline.check()
        raise exchange.cut() from error
    except TimeoutError as error:
        raise DeadlinePassed from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        # The watch closes the connection at the deadline, and that looks like any other broken connection.
        deadline.check()
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, TimeoutError):
            raise DeadlinePassed from error
        raise exchange.unreachable(reason) from error
    finally:
        if wrapper.watch:
            wrapper.watch.cancel()


def _wrapper(exchange: Exchange, text: str, form: Form, graphs: _Graphs, deadline: Deadline) -> _Wrapper:
    wrapper = _Wrapper(exchange.address, agent=exchange.user_agent)
    wrapper.deadline = deadline
    wrapper.setMethod(POST)
    wrapper.setReturnFormat(JSON if form in {Form.SELECT, Form.ASK} else TURTLE)
    wrapper.setOnlyConneg(onlyConneg=True)
    for name, chosen in zip(("default-graph-uri", "named-graph-uri"), graphs, strict=True):
        for graph in chosen:
            wrapper.addParameter(name, graph.value)
    wrapper.setQuery(text)
    # SPARQLWrapper 2.0.0 takes `>#CONSTRUCT` at the end of a line for the form of the query.
    wrapper.queryType = form.value
    return wrapper


def _refusal(exchange: Exchange, error: urllib.error.HTTPError, deadline: Deadline) -> Exception:
    """What an answer that is not 200 means; SPARQLWrapper has words of its own for a few of them only."""
    with error:
        try:
            raw = whole_body(error, deadline, 100_000)
            detail = decoded(raw, error.headers.get("Content-Encoding", ""), 100_000).decode(errors="replace")
        except (OSError, ValueError, TooLarge, DeadlinePassed, http.client.HTTPException):
            detail = ""
    plain = "" if "<" in detail else ": " + " ".join(detail.split())[:_MOST_DETAIL]
    if error.code == _BAD_REQUEST:
        return QueryError(sentence("servers.refused_query", host=exchange.host, detail=plain))
    elsewhere = sentence("snapshots.final_address")
    return exchange.refusal(error.code, error.headers, elsewhere=elsewhere, detail=plain)


class _Wrapper(SPARQLWrapper):
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
        """Follow none."""
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

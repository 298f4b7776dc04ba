"""Any SPARQL 1.1 server, through SPARQLWrapper: one deadline, retries, no redirects, typed terms, whole answers."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias, cast

from SPARQLWrapper import JSON, POST, TURTLE, SPARQLWrapper

from citygraph.errors import QueryError, StoreError, StoreTimeout
from citygraph.exchange import Exchange
from citygraph.http import (
    Deadline,
    DeadlinePassed,
    Headers,
    Policy,
    TooLarge,
    decoded,
    media_type_of,
    whole_body,
)
from citygraph.rdf import Iri, Literal, Quad, Term, parse
from citygraph.results import Answer, Graph, Solutions, Truth, read_json_answer
from citygraph.sparql.text import Form, QueryText, read_query
from citygraph.sparql.values import every_combination

__all__ = ["AnswerCut", "Dated", "Graphs", "RemoteStore", "accepted_type", "check_values", "with_prefixes"]

_ROWS_TYPE: Final = "application/sparql-results+json"
_GRAPH_TYPE: Final = "application/n-triples"
_JSON_TYPES: Final = frozenset({_ROWS_TYPE, "application/json"})
_GRAPH_TYPES: Final = frozenset({_GRAPH_TYPE, "text/plain"})
# Virtuoso says with these that it stopped before the end (its anytime queries, and its limit of rows).
_SHORTENED_STATE: Final = "S1TAT"
_MOST_DETAIL: Final = 300
_BAD_REQUEST: Final = 400
# Virtuoso answers ASK in JSON with one row of this column.
_ASKED: Final = "__ASK_RETVAL"
Graphs: TypeAlias = tuple[Sequence[Iri], Sequence[Iri]]
"""The graphs that a query is asked of: merged into the default graph, and by name."""


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


class AnswerCut(StoreError):  # noqa: N818  # named by what happened
    """The server gives no more than `most` rows, and there may be more."""

    def __init__(self, message: str, most: int) -> None:
        """The sentence, and the number."""
        super().__init__(message, fix="Ask for less at a time, or raise the limit of the server (ResultSetMaxRows).")
        self.most = most


@dataclass(frozen=True, slots=True)
class Dated:
    """An answer, and when the server gave it: before now when it was kept."""

    answer: Answer
    at: datetime


class RemoteStore:
    """A server that is asked, and never written to."""

    def __init__(self, endpoint: str, policy: Policy, *, alone: bool = True) -> None:
        """A server at `endpoint`.

        Args:
            endpoint: where it takes queries.
            policy: how it is asked.
            alone: one question at a time, as servers of others want it.

        Raises:
            ConfigError: the policy has no contact.
            StoreError: the address is not one of the web.
        """
        self._exchange = Exchange(
            endpoint, policy, what="a SPARQL server", failure=StoreError, late=StoreTimeout, alone=alone
        )
        self.endpoint, self.host = endpoint, self._exchange.host

    def load(self, quads: Iterable[Quad]) -> None:
        """Never done.

        Raises:
            StoreError: a server of others is read, not written.
        """
        del quads
        message = f"{self.endpoint} is only read."
        raise StoreError(message)

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """See `Store.quads`."""
        text = "SELECT ?s ?p ?o ?g WHERE { GRAPH ?g { ?s ?p ?o } }"
        answer = self.query(text, bind={"g": graph_name} if graph_name else None)
        for row in cast("Solutions", answer):
            yield Quad(*(row[name] for name in "spog"))  # type: ignore[arg-type]  # the server's terms fit

    def query(
        self,
        text: str,
        *,
        bind: Mapping[str, Term] | None = None,
        graphs: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Answer:
        """See `Store.query`."""
        several = {name: [term] for name, term in (bind or {}).items()}
        return self.ask(
            text, values=several, graphs=graphs, prefixes=prefixes, timeout=timeout, most_rows=most_rows
        ).answer

    def ask(
        self,
        text: str,
        *,
        values: Mapping[str, Sequence[Term]],
        graphs: Sequence[Iri] | None = None,
        named: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Dated:
        """As `query`, with several values for a variable at once and the graphs that `GRAPH` reaches; with its day.

        Values are terms in a `VALUES` block behind the query; each variable is a column, and of `GROUP BY`
        when there is one, or the block would not reach it.
        """
        whole = with_prefixes(text, prefixes or {})
        query = read_query(whole)
        if query.uses_service:
            message = "SERVICE would make that server ask another one, and we could not say what came back."
            raise QueryError(message, fix="Ask each server by itself.")
        check_values(query, values)
        if values:
            whole += f"\n{every_combination(values)}"
        chosen = (tuple(graphs or ()), tuple(named or ()))
        asked = (query.form.value, whole, *(e.value for e in chosen[0]), *(f"named {e.value}" for e in chosen[1]))
        fetched = self._exchange.ask(asked, partial(self._attempt, whole, query.form, chosen), timeout=timeout)
        answer = self._answer(fetched.body, query.form)
        size = len(answer.rows) if isinstance(answer, Solutions) else 0
        if most_rows is not None and size > most_rows:
            message = f"The answer has more than {most_rows:,} rows."
            raise QueryError(message, fix="Add LIMIT, or raise limits.rows in graph.toml.")
        return Dated(answer, fetched.at)

    def close(self) -> None:
        """See `Store.close`; nothing is kept open."""

    # -- one question ---------------------------------------------------------------------------------

    def _attempt(self, text: str, form: Form, graphs: Graphs, deadline: Deadline) -> bytes:
        wrapper = Wrapper(self.endpoint, agent=self._exchange.user_agent)
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
        # Set last, and each exactly once: SPARQLWrapper's own Accept is a list of five types.
        wrapper.addCustomHttpHeader("Accept", accepted_type(form))
        wrapper.addCustomHttpHeader("Accept-Encoding", "gzip")
        try:
            response = wrapper.query().response
            with response:
                body = whole_body(response, deadline, self._exchange.policy.most_bytes)
            # http.client's read1 says nothing when fewer bytes come than were announced.
            plain = self._checked(body, response.headers, form, cut=bool(response.length))
            # What cannot be read is not worth keeping.
            self._answer(plain, form)
            return plain  # noqa: TRY300  # what follows is what may go wrong above
        except urllib.error.HTTPError as error:
            raise self._refusal(error, deadline) from error
        except http.client.IncompleteRead as error:
            deadline.check()
            raise self._exchange.cut() from error
        except TimeoutError as error:
            raise DeadlinePassed from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            # The watch closes the connection at the deadline, and that looks like any other broken connection.
            deadline.check()
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise DeadlinePassed from error
            raise self._exchange.unreachable(reason) from error
        finally:
            if wrapper.watch:
                wrapper.watch.cancel()

    def _refusal(self, error: urllib.error.HTTPError, deadline: Deadline) -> Exception:
        """What an answer that is not 200 means; SPARQLWrapper has words of its own for a few of them only."""
        with error:
            try:
                raw = whole_body(error, deadline, 100_000)
                detail = decoded(raw, error.headers.get("Content-Encoding", ""), 100_000).decode(errors="replace")
            except (OSError, ValueError, TooLarge, DeadlinePassed, http.client.HTTPException):
                detail = ""
        plain = "" if "<" in detail else ": " + " ".join(detail.split())[:_MOST_DETAIL]
        if error.code == _BAD_REQUEST:
            return QueryError(f"{self.host} does not accept the query{plain}")
        elsewhere = "Write the final address of the server into graph.toml."
        return self._exchange.refusal(error.code, error.headers, elsewhere=elsewhere, detail=plain)

    def _checked(self, body: bytes, headers: Headers, form: Form, *, cut: bool) -> bytes:
        """The body when it is what was asked for, unpacked.

        Raises:
            StoreError: it is of another type, badly packed, or shortened.
        """
        if cut:
            raise self._exchange.cut()
        content_type = headers.get("Content-Type") or ""
        if media_type_of(content_type) not in (_JSON_TYPES if form in {Form.SELECT, Form.ASK} else _GRAPH_TYPES):
            raise self._exchange.wrong_type(content_type, _wanted(form))
        most = headers.get("X-SPARQL-MaxRows") or ""
        if headers.get("X-SQL-State") == _SHORTENED_STATE:
            message = f"{self.host} stopped before the answer was whole ({headers.get('X-SQL-Message') or 'S1TAT'})."
            raise StoreError(message, fix="Ask for less at a time.")
        try:
            plain = decoded(body, headers.get("Content-Encoding") or "", self._exchange.policy.most_bytes)
        except ValueError as error:
            raise self._exchange.badly_packed(error) from error
        if most.isdigit() and form is Form.SELECT:
            answer = self._answer(plain, form)
            if isinstance(answer, Solutions) and len(answer) >= int(most):
                message = f"{self.host} gives at most {most} rows, and this answer has reached that number."
                raise AnswerCut(message, int(most))
        return plain

    def _answer(self, body: bytes, form: Form) -> Answer:
        try:
            if form in {Form.SELECT, Form.ASK}:
                read = read_json_answer(body)
                return _truth(read) if form is Form.ASK else read
            parsed = parse(body, format="nt", most_problems=1)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._exchange.cut(wanted=_wanted(form)) from error
        if parsed.problems:
            raise self._exchange.cut(wanted=_wanted(form), detail=parsed.problems[0].message)
        return Graph(tuple(dict.fromkeys(quad.triple for quad in parsed.quads)))


def accepted_type(form: Form) -> str:
    """The one media type that an answer to this form of query is asked for in."""
    return _ROWS_TYPE if form in {Form.SELECT, Form.ASK} else _GRAPH_TYPE


def _truth(answer: Solutions | Truth) -> Truth:
    """The yes or no to an ASK, which Virtuoso writes as a row, or as none."""
    if isinstance(answer, Truth):
        return answer
    if answer.columns == (_ASKED,) and not answer.rows:
        return Truth(value=False)
    value = answer.rows[0][0] if answer.columns == (_ASKED,) and len(answer) == 1 else None
    if not isinstance(value, Literal):
        message = "an ASK is answered with yes or no"
        raise TypeError(message)
    return Truth(value.value in {"1", "true"})


def _wanted(form: Form) -> str:
    return "SPARQL results in JSON" if form in {Form.SELECT, Form.ASK} else "N-Triples"


def with_prefixes(text: str, prefixes: Mapping[str, str]) -> str:
    """The query with the prefixes declared that it may use without declaring them."""
    lines = [f"PREFIX {name}: {Iri(iri)}\n" for name, iri in prefixes.items() if f"{name}:" in text]
    return "".join(lines) + text


def check_values(query: QueryText, names: Iterable[str]) -> None:
    """See that each variable that gets a value is a column, and of `GROUP BY` when there is one.

    Raises:
        QueryError: one is not, and its value would not reach every row.
    """
    for name in names:
        if query.form is Form.SELECT and name not in query.columns:
            message = f"The parameter ?{name} is not a column of the answer."
            raise QueryError(message, fix=f"Write it behind SELECT: SELECT ?{name} …")
        if query.grouped is not None and name not in query.grouped:
            message = f"The parameter ?{name} is missing in GROUP BY."
            raise QueryError(message, fix=f"Write: GROUP BY ?{name} …")

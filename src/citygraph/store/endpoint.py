"""Any SPARQL 1.1 server as a store that is read: one deadline, retries, no redirects, typed terms, whole answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias, cast

from citygraph.errors import QueryError, StoreError, StoreTimeout
from citygraph.exchange import Exchange
from citygraph.http import (
    Deadline,
    Headers,
    Policy,
    decoded,
    media_type_of,
)
from citygraph.messages import sentence
from citygraph.rdf import Iri, Literal, Quad, Term, parse
from citygraph.results import Answer, Graph, Solutions, Truth, read_json_answer
from citygraph.sparql.text import Form, check_values, every_combination, read_query, with_prefixes

_ROWS_TYPE: Final = "application/sparql-results+json"
_GRAPH_TYPE: Final = "application/n-triples"
_JSON_TYPES: Final = frozenset({_ROWS_TYPE, "application/json"})
_GRAPH_TYPES: Final = frozenset({_GRAPH_TYPE, "text/plain"})
# Virtuoso says with these that it stopped before the end (its anytime queries, and its limit of rows).
_SHORTENED_STATE: Final = "S1TAT"
# Virtuoso answers ASK in JSON with one row of this column.
_ASKED: Final = "__ASK_RETVAL"
Graphs: TypeAlias = tuple[Sequence[Iri], Sequence[Iri]]
"""The graphs that a query is asked of: merged into the default graph, and by name."""
Send: TypeAlias = Callable[[str, Form, Graphs, Deadline], tuple[bytes, Headers, str]]
"""Sends a query of that form once: the body of the answer, its headers, and how the body is still packed."""


class AnswerCut(StoreError):  # noqa: N818  # named by what happened
    """The server gives no more than `most` rows, and there may be more."""

    def __init__(self, message: str, most: int) -> None:
        """The sentence, and the number."""
        super().__init__(message, fix=sentence("snapshots.less_or_rows"))
        self.most = most


@dataclass(frozen=True, slots=True)
class Dated:
    """An answer, and when the server gave it: before now when it was kept."""

    answer: Answer
    at: datetime


class RemoteStore:
    """A server that is asked, and never written to."""

    def __init__(self, endpoint: str, policy: Policy, *, alone: bool = True, send: Send | None = None) -> None:
        """A server at `endpoint`.

        Args:
            endpoint: where it takes queries.
            policy: how it is asked.
            alone: one question at a time, as servers of others want it.
            send: sends one query once; SPARQLWrapper does without it.

        Raises:
            ConfigError: the policy has no contact.
            StoreError: the address is not one of the web.
        """
        self._exchange = Exchange(
            endpoint, policy, what="a SPARQL server", failure=StoreError, late=StoreTimeout, alone=alone
        )
        self.endpoint, self.host = endpoint, self._exchange.host
        self._send = send or self._through_wrapper

    def load(self, quads: Iterable[Quad]) -> None:
        """Never done.

        Raises:
            StoreError: a server of others is read, not written.
        """
        del quads
        message = sentence("snapshots.read_only", address=self.endpoint)
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
            message = sentence("snapshots.service_there")
            raise QueryError(message, fix=sentence("snapshots.ask_each"))
        check_values(query, values)
        if values:
            whole += f"\n{every_combination(values)}"
        chosen = (tuple(graphs or ()), tuple(named or ()))
        asked = (query.form.value, whole, *(e.value for e in chosen[0]), *(f"named {e.value}" for e in chosen[1]))
        fetched = self._exchange.ask(asked, partial(self._attempt, whole, query.form, chosen), timeout=timeout)
        answer = self._answer(fetched.body, query.form)
        size = len(answer.rows) if isinstance(answer, Solutions) else 0
        if most_rows is not None and size > most_rows:
            message = sentence("limit.rows", most=most_rows)
            raise QueryError(message, fix=sentence("next.less_or_rows"))
        return Dated(answer, fetched.at)

    def close(self) -> None:
        """See `Store.close`; nothing is kept open."""

    # -- one question ---------------------------------------------------------------------------------

    def _attempt(self, text: str, form: Form, graphs: Graphs, deadline: Deadline) -> bytes:
        body, headers, encoding = self._send(text, form, graphs, deadline)
        plain = self._checked(body, headers, encoding, form)
        # What cannot be read is not worth keeping.
        self._answer(plain, form)
        return plain

    def _through_wrapper(self, text: str, form: Form, graphs: Graphs, deadline: Deadline) -> tuple[bytes, Headers, str]:
        from citygraph.store.wrapper import send  # noqa: PLC0415  # SPARQLWrapper imports rdflib, a tenth of a second

        return send(self._exchange, text, form, graphs, deadline, accept=accepted_type(form))

    def _checked(self, body: bytes, headers: Headers, encoding: str, form: Form) -> bytes:
        """The body when it is what was asked for, unpacked.

        Raises:
            StoreError: it is of another type, badly packed, or shortened.
        """
        content_type = headers.get("Content-Type") or ""
        if media_type_of(content_type) not in (_JSON_TYPES if form in {Form.SELECT, Form.ASK} else _GRAPH_TYPES):
            raise self._exchange.wrong_type(content_type, _wanted(form))
        most = headers.get("X-SPARQL-MaxRows") or ""
        if headers.get("X-SQL-State") == _SHORTENED_STATE:
            message = sentence("snapshots.stopped", host=self.host, why=headers.get("X-SQL-Message") or "S1TAT")
            raise StoreError(message, fix=sentence("snapshots.less"))
        try:
            plain = decoded(body, encoding, self._exchange.policy.most_bytes)
        except ValueError as error:
            raise self._exchange.badly_packed(error) from error
        if most.isdigit() and form is Form.SELECT:
            answer = self._answer(plain, form)
            if isinstance(answer, Solutions) and len(answer) >= int(most):
                message = sentence("snapshots.most_rows", host=self.host, most=most)
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

"""Any SPARQL 1.1 server, through SPARQLWrapper: deadline, retries, one redirect rule, typed terms, whole answers."""

from __future__ import annotations

import http.client
import urllib.error
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.message import Message
from functools import partial
from typing import Final, cast
from urllib.parse import urlsplit

from SPARQLWrapper import JSON, POST, TURTLE

from citygraph.errors import QueryError, StoreError, StoreTimeout
from citygraph.http_policy import (
    RETRIED,
    Deadline,
    DeadlinePassed,
    Policy,
    TooLarge,
    TryAgain,
    decoded,
    one_at_a_time,
    patiently,
    retry_after,
    whole_body,
)
from citygraph.rdf import BlankNode, Iri, Quad, Term, Triple, parse
from citygraph.results import Answer, Graph, Solutions
from citygraph.sparql import Form, read_query
from citygraph.store.json_answer import read_json_answer
from citygraph.store.wrapper import Wrapper

__all__ = ["RemoteStore"]

_ROWS_TYPE: Final = "application/sparql-results+json"
_GRAPH_TYPE: Final = "application/n-triples"
_JSON_TYPES: Final = frozenset({_ROWS_TYPE, "application/json"})
_GRAPH_TYPES: Final = frozenset({_GRAPH_TYPE, "text/plain"})
# Virtuoso says with these that it stopped before the end (its anytime queries, and its limit of rows).
_SHORTENED_STATE: Final = "S1TAT"
_MOST_DETAIL: Final = 300
_BAD_REQUEST: Final = 400
_REDIRECTS: Final = range(300, 400)


class RemoteStore:
    """A server that is asked, and never written to."""

    def __init__(self, endpoint: str, policy: Policy) -> None:
        """A server at `endpoint`.

        Raises:
            ConfigError: the policy has no contact.
            StoreError: the address is not one of the web.
        """
        parts = urlsplit(endpoint)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{endpoint!r} is not the address of a SPARQL server."
            raise StoreError(message, fix="An address begins with https:// or http://.")
        self.endpoint = endpoint
        self.host = parts.netloc
        self._policy = policy
        self._user_agent = policy.user_agent()

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
        return self.ask(text, values=several, graphs=graphs, prefixes=prefixes, timeout=timeout, most_rows=most_rows)

    def ask(
        self,
        text: str,
        *,
        values: Mapping[str, Sequence[Term]],
        graphs: Sequence[Iri] | None = None,
        prefixes: Mapping[str, str] | None = None,
        timeout: float | None = None,
        most_rows: int | None = None,
    ) -> Answer:
        """As `query`, with several values for a variable at once.

        Values are terms in a `VALUES` block behind the query; each variable is a column, and of `GROUP BY`
        when there is one, or the block would not reach it.
        """
        whole = _with_prefixes(text, prefixes or {})
        query = read_query(whole)
        if query.uses_service:
            message = "SERVICE would make that server ask another one, and we could not say what came back."
            raise QueryError(message, fix="Ask each server by itself.")
        for name in values:
            if query.form is Form.SELECT and name not in query.columns:
                message = f"The parameter ?{name} is not a column of the answer."
                raise QueryError(message, fix=f"Write it behind SELECT: SELECT ?{name} …")
            if query.grouped is not None and name not in query.grouped:
                message = f"The parameter ?{name} is missing in GROUP BY."
                raise QueryError(message, fix=f"Write: GROUP BY ?{name} …")
        whole += "".join(f"\n{_values_block(name, terms)}" for name, terms in values.items())
        body = self._fetch(whole, query.form, graphs or (), timeout)
        answer = self._answer(body, query.form)
        size = len(answer.rows) if isinstance(answer, Solutions) else 0
        if most_rows is not None and size > most_rows:
            message = f"The answer has more than {most_rows:,} rows."
            raise QueryError(message, fix="Add LIMIT, or raise limits.rows in graph.toml.")
        return answer

    def close(self) -> None:
        """See `Store.close`; nothing is kept open."""

    # -- one question ---------------------------------------------------------------------------------

    def _fetch(self, text: str, form: Form, graphs: Sequence[Iri], timeout: float | None) -> bytes:
        asked = (self.endpoint, form.value, text, *(each.value for each in graphs))
        cache = self._policy.cache
        kept = cache.get(*asked) if cache else None
        if kept is not None:
            return kept
        seconds = self._policy.timeout if timeout is None else timeout
        attempt = partial(self._attempt, text, form, graphs)
        try:
            with one_at_a_time(self.host, self._policy.pause):
                body = patiently(lambda whole: attempt(Deadline(min(seconds, whole.left))), self._policy)
        except DeadlinePassed as error:
            message = f"{self.host} did not answer whole within {seconds:g} seconds."
            raise StoreTimeout(message, fix="Ask for less, or try again later.") from error
        except TooLarge as error:
            message = f"The answer of {self.host} is larger than {self._policy.most_bytes:,} bytes."
            raise StoreError(message, fix="Ask for less at a time.") from error
        except TryAgain as error:
            message = f"{self.host} does not answer now: {error.reason}."
            wait = f" in {error.wait:.0f} seconds" if error.wait else " later"
            raise StoreError(message, fix=f"Try again{wait}; what was answered before is kept.") from error
        # What cannot be read is not worth keeping.
        self._answer(body, form)
        if cache:
            cache.put(body, *asked)
        return body

    def _attempt(self, text: str, form: Form, graphs: Sequence[Iri], deadline: Deadline) -> bytes:
        wrapper = Wrapper(self.endpoint, agent=self._user_agent)
        wrapper.deadline = deadline
        wrapper.setMethod(POST)
        wrapper.setReturnFormat(JSON if form in {Form.SELECT, Form.ASK} else TURTLE)
        wrapper.setOnlyConneg(onlyConneg=True)
        for graph in graphs:
            wrapper.addParameter("default-graph-uri", graph.value)
        wrapper.setQuery(text)
        # Set last, and each exactly once: SPARQLWrapper's own Accept is a list of five types.
        wrapper.addCustomHttpHeader("Accept", _ROWS_TYPE if form in {Form.SELECT, Form.ASK} else _GRAPH_TYPE)
        wrapper.addCustomHttpHeader("Accept-Encoding", "gzip")
        try:
            response = wrapper.query().response
            with response:
                body = whole_body(response, deadline, self._policy.most_bytes)
            # http.client's read1 says nothing when fewer bytes come than were announced.
            return self._checked(body, response.headers, form, cut=bool(response.length))
        except urllib.error.HTTPError as error:
            raise self._refusal(error, deadline) from error
        except http.client.IncompleteRead as error:
            deadline.check()
            message = f"{self.host} cut the answer."
            raise StoreError(message, fix="Try again; nothing was kept.") from error
        except TimeoutError as error:
            raise DeadlinePassed from error
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            # The watch closes the connection at the deadline, and that looks like any other broken connection.
            deadline.check()
            reason = getattr(error, "reason", None) or error
            if isinstance(reason, TimeoutError):
                raise DeadlinePassed from error
            message = f"{self.host} cannot be reached: {reason}."
            raise StoreError(message, fix="Check the address and the connection.") from error
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
        if error.code in RETRIED:
            return TryAgain(f"HTTP {error.code}", retry_after(error.headers))
        if error.code in _REDIRECTS:
            message = f"{self.host} sends the question elsewhere (HTTP {error.code}), and a POST is not sent on."
            return StoreError(message, fix="Write the final address of the server into graph.toml.")
        plain = "" if "<" in detail else ": " + " ".join(detail.split())[:_MOST_DETAIL]
        if error.code == _BAD_REQUEST:
            return QueryError(f"{self.host} does not accept the query{plain}")
        fix = "Check wikidata.contact in graph.toml." if error.code == http.client.FORBIDDEN else ""
        return StoreError(f"{self.host} answered HTTP {error.code}{plain}", fix=fix)

    def _checked(self, body: bytes, headers: Message, form: Form, *, cut: bool) -> bytes:
        """The body when it is what was asked for, unpacked.

        Raises:
            StoreError: it is of another type, badly packed, or shortened.
        """
        if cut:
            message = f"{self.host} cut the answer."
            raise StoreError(message, fix="Try again; nothing was kept.")
        media_type = (headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if media_type not in (_JSON_TYPES if form in {Form.SELECT, Form.ASK} else _GRAPH_TYPES):
            what = "a web page" if "html" in media_type else media_type or "something without a type"
            message = f"{self.host} answered with {what} instead of {_wanted(form)}."
            raise StoreError(message, fix="Check the address; a page to log in or an error page looks like this.")
        most = headers.get("X-SPARQL-MaxRows") or ""
        if headers.get("X-SQL-State") == _SHORTENED_STATE:
            message = f"{self.host} stopped before the answer was whole ({headers.get('X-SQL-Message') or 'S1TAT'})."
            raise StoreError(message, fix="Ask for less at a time.")
        try:
            plain = decoded(body, headers.get("Content-Encoding") or "", self._policy.most_bytes)
        except ValueError as error:
            message = f"{self.host}: {error}."
            raise StoreError(message, fix="Try again; nothing was kept.") from error
        if most.isdigit() and form is Form.SELECT:
            answer = self._answer(plain, form)
            if isinstance(answer, Solutions) and len(answer) >= int(most):
                message = f"{self.host} gives at most {most} rows, and this answer has reached that number."
                raise StoreError(message, fix="Ask for less at a time.")
        return plain

    def _answer(self, body: bytes, form: Form) -> Answer:
        try:
            if form in {Form.SELECT, Form.ASK}:
                return read_json_answer(body)
            parsed = parse(body, format="nt", most_problems=1)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            message = f"{self.host} cut the answer, or it is not {_wanted(form)}."
            raise StoreError(message, fix="Try again; nothing was kept.") from error
        if parsed.problems:
            message = f"{self.host} cut the answer, or it is not {_wanted(form)}: {parsed.problems[0].message}"
            raise StoreError(message, fix="Try again; nothing was kept.")
        return Graph(tuple(dict.fromkeys(quad.triple for quad in parsed.quads)))


def _wanted(form: Form) -> str:
    return "SPARQL results in JSON" if form in {Form.SELECT, Form.ASK} else "N-Triples"


def _with_prefixes(text: str, prefixes: Mapping[str, str]) -> str:
    lines = [f"PREFIX {name}: {Iri(iri)}\n" for name, iri in prefixes.items() if f"{name}:" in text]
    return "".join(lines) + text


def _values_block(name: str, terms: Sequence[Term]) -> str:
    """A `VALUES` block; terms write themselves, escaped, so that no value can become query text."""
    if any(isinstance(term, BlankNode | Triple) for term in terms):
        message = "only IRIs and literals can be sent to a server"
        raise ValueError(message)
    return f"VALUES ?{name} {{ {' '.join(str(term) for term in terms)} }}"

"""One SPARQL 1.1 server that we may write to: queries, updates, whole graphs, each tried again while that can help.

Who we are to it (basic, digest or a bearer token) comes from the environment and nowhere else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

import httpx

from citygraph.errors import ConfigError, QueryError, StoreError, StoreTimeout
from citygraph.http import (
    RETRIED,
    Deadline,
    DeadlinePassed,
    Headers,
    HttpClient,
    HttpReply,
    Policy,
    TooLarge,
    TryAgain,
    patiently,
    retry_after,
)
from citygraph.messages import sentence
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.sparql.text import Form
from citygraph.store.endpoint import Graphs, RemoteStore, accepted_type

_DONE: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)
# What a server says that has no Graph Store Protocol, or not this part of it.
_NOT_OFFERED: Final = frozenset({404, 405, 415, 501})
_TOO_LARGE: Final = 413
_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_BAD_REQUEST: Final = 400
# Loading a chunk twice, or running a rule twice, gives the same graph: so even 500 may be tried again.
_AGAIN: Final = RETRIED | {408, 500}
_MOST_DETAIL: Final = 300
# By what a server calls itself, what it takes beside the graph so that it loads without a transaction. A chunk that
# it took by half is nothing new: it is sent again, and the graph is counted before anybody is shown it.
# A small request is quicker with one: every load without writes and syncs files of its own.
_UNLOGGED_FROM: Final = 200_000  # bytes
_UNLOGGED: Final[Mapping[str, Mapping[str, str]]] = {"oxigraph": {"no_transaction": ""}}
_TRIPLES: Final = "application/n-triples"
# Virtuoso says SR186 with status 500 or 403 to a user without the role SPARQL_UPDATE.
_NO_RIGHT: Final = re.compile(r"read.?only|permission|not allowed|denied|SR186", re.IGNORECASE)
_HOW_TO_LOG_IN: Final = "Set the user name and the password of the server in the environment; docs/remote.md says how."
USER: Final = "CITYGRAPH_ENDPOINT_USER"
PASSWORD: Final = "CITYGRAPH_ENDPOINT_PASSWORD"  # noqa: S105  # the name of a variable
TOKEN: Final = "CITYGRAPH_ENDPOINT_TOKEN"  # noqa: S105


class NotOffered(StoreError):  # noqa: N818  # the server's own word for it is Not Implemented
    """The server has no Graph Store Protocol at that address, or not for this; there is another way."""


class TooMuchAtOnce(StoreError):  # noqa: N818  # HTTP calls it Content Too Large
    """The server takes less in one request."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where one server takes queries, updates and whole graphs; without `graph_store` graphs go as updates."""

    query: str
    update: str = ""
    graph_store: str = ""


class Connection:
    """A server by its addresses; every request has a deadline, and everything sent may be sent twice."""

    def __init__(self, addresses: Addresses, policy: Policy, login: httpx.Auth | None = None) -> None:
        """The addresses are looked at; nothing is sent.

        Raises:
            StoreError: an address is not one of the web.
        """
        self.addresses = replace(addresses, update=addresses.update or addresses.query)
        self.policy = replace(policy, retried=_AGAIN, cache=None, retries_broken=True)
        self.store = RemoteStore(addresses.query, self.policy, alone=False, send=self._ask)
        self.host = urlsplit(addresses.query).netloc
        self.login = login
        self._product = ""
        self._client = HttpClient(self.policy, auth=login, uses_proxy=False)

    # -- asking ---------------------------------------------------------------------------------------

    def rows(self, text: str) -> list[dict[str, Term]]:
        """The rows of a SELECT of ours.

        Raises:
            StoreError: the server did not answer whole.
        """
        answer = self.store.query(text)
        return list(answer) if isinstance(answer, Solutions) else []

    def number(
        self, text: str, graphs: Sequence[Iri] = (), named: Sequence[Iri] = (), timeout: float | None = None
    ) -> int:
        """The one number that a SELECT gives in its column `?n`.

        Raises:
            StoreError: it is not one number; Virtuoso gives no row when its time is up.
        """
        answer = self.store.ask(text, values={}, graphs=graphs, named=named, timeout=timeout).answer
        rows = list(answer) if isinstance(answer, Solutions) else []
        value = rows[0].get("n") if len(rows) == 1 else None
        if not isinstance(value, Literal) or not value.value.isdigit():
            message = sentence("snapshots.no_number", host=self.host)
            raise StoreError(message, fix=sentence("snapshots.raise_time"))
        return int(value.value)

    def count(self, graph: Iri) -> int:
        """How many statements a graph holds.

        Raises:
            StoreError: the server did not say.
        """
        return self.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}")

    # -- writing --------------------------------------------------------------------------------------

    def update(self, text: str) -> None:
        """Run one update (SPARQL 1.1 Protocol, 2.2.1: as a form, which every server takes).

        Raises:
            StoreError: it was not run, or nobody knows.
        """
        self._send("POST", self.addresses.update, data={"update": text})

    def add(self, graph: Iri, triples: bytes) -> None:
        """Add statements to a graph, which need not exist (Graph Store Protocol, 5.5).

        Args:
            graph: its name.
            triples: N-Triples in UTF-8.

        Raises:
            NotOffered: the server has no such protocol.
            TooMuchAtOnce: the body is larger than it takes.
            StoreError: they were not added, or nobody knows.
        """
        if not self.addresses.graph_store:
            message = sentence("snapshots.takes_none", host=self.host)
            raise NotOffered(message)
        more = _UNLOGGED.get(self._product, {}) if len(triples) >= _UNLOGGED_FROM else {}
        self._send(
            "POST",
            self.addresses.graph_store,
            params={"graph": graph.value, **more},
            content=triples,
            headers={"Content-Type": _TRIPLES},
        )

    def fetch(self, graph: Iri) -> bytes:
        """A whole graph as N-Triples (Graph Store Protocol, 5.2).

        Raises:
            NotOffered: the server has no such protocol, or answers with something else.
            StoreError: it did not come whole.
        """
        if not self.addresses.graph_store:
            message = sentence("snapshots.gives_none", host=self.host)
            raise NotOffered(message)
        return self._triples(
            self._send("GET", self.addresses.graph_store, params={"graph": graph.value}, headers={"Accept": _TRIPLES})
        )

    def construct(self, text: str) -> bytes:
        """What a CONSTRUCT of ours gives, as N-Triples; a server may cut it without a sign, so count.

        Raises:
            NotOffered: the server answers with something else.
            StoreError: it did not come whole.
        """
        return self._triples(
            self._send("POST", self.addresses.query, data={"query": text}, headers={"Accept": _TRIPLES})
        )

    def _triples(self, reply: HttpReply) -> bytes:
        media_type = reply.media_type
        if media_type not in {_TRIPLES, "text/plain"}:
            message = sentence("snapshots.gives_as", host=self.host, what=media_type or sentence("servers.no_type"))
            raise NotOffered(message)
        return reply.body

    def drop(self, graphs: Sequence[Iri]) -> None:
        """Remove graphs; one that is not there is removed already.

        Raises:
            StoreError: one of them may still be there.
        """
        for graph in graphs:
            self.update(f"DROP SILENT GRAPH {graph}")

    # -- one request ----------------------------------------------------------------------------------

    def _ask(self, text: str, form: Form, graphs: Graphs, deadline: Deadline) -> tuple[bytes, Headers, str]:
        """One attempt at one question (SPARQL 1.1 Protocol, 2.1.2), with the same login, several at a time."""
        data: dict[str, str | Sequence[str]] = {"query": text}
        for name, chosen in zip(("default-graph-uri", "named-graph-uri"), graphs, strict=True):
            if chosen:
                data[name] = [graph.value for graph in chosen]
        reply = self._attempt(
            "POST", self.addresses.query, deadline, data=data, headers={"Accept": accepted_type(form)}
        )
        return reply.body, reply.headers, ""

    def _send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        def attempt(deadline: Deadline) -> HttpReply:
            return self._attempt(method, url, deadline, params=params, data=data, content=content, headers=headers)

        try:
            return patiently(attempt, self.policy)
        except DeadlinePassed as error:
            message = sentence("snapshots.not_finished", host=self.host, seconds=self.policy.timeout)
            raise StoreTimeout(message, fix=sentence("snapshots.raise_timeout")) from error
        except TooLarge as error:
            message = sentence("snapshots.answer_large", host=self.host, most=self.policy.most_bytes)
            raise StoreError(message, fix=sentence("snapshots.less")) from error
        except TryAgain as error:
            message = sentence("snapshots.silent", host=self.host, why=error.reason)
            raise StoreError(message, fix=sentence("snapshots.see_server")) from error

    def _attempt(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str | Sequence[str]] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpReply:
        reply = self._client.send(method, url, deadline, params=params, data=data, content=content, headers=headers)
        # RFC 9110, 10.2.4: a product, then a stroke and its version.
        self._product = (reply.headers.get("Server") or "").partition("/")[0].lower()
        if reply.status in _DONE:
            return reply
        raise self._refusal(reply, url)

    def _refusal(self, reply: HttpReply, url: str) -> Exception:
        """What an answer that is no success means."""
        text = reply.body.decode(errors="replace")
        detail = "" if "<html" in text.lower() else " ".join(text.split())[:_MOST_DETAIL]
        tail = f": {detail}" if detail else ""
        code = reply.status
        if code == _UNAUTHORIZED:
            message = sentence("snapshots.login", host=self.host)
            return StoreError(message, fix=_HOW_TO_LOG_IN)
        if code == _FORBIDDEN or _NO_RIGHT.search(detail):
            message = sentence("snapshots.no_right", host=self.host, code=code, tail=tail)
            return StoreError(message, fix=sentence("snapshots.give_right"))
        if code in self.policy.retried:
            return TryAgain(f"HTTP {code}{tail}", retry_after(reply.headers))
        if code in _REDIRECTS:
            message = sentence("snapshots.redirects", host=self.host, code=code)
            return StoreError(message, fix=sentence("snapshots.final_address"))
        if code in _NOT_OFFERED:
            return NotOffered(
                sentence("snapshots.nothing_at", host=self.host, path=urlsplit(url).path, code=code, tail=tail)
            )
        if code == _TOO_LARGE:
            return TooMuchAtOnce(
                sentence("snapshots.takes_less", host=self.host), fix=sentence("snapshots.lower_chunk")
            )
        if code == _BAD_REQUEST:
            return QueryError(sentence("snapshots.not_accepted", host=self.host, tail=tail))
        return StoreError(sentence("snapshots.status", host=self.host, code=code, tail=tail))


# -- who we are ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with a password, or a token, or nothing; secrets are in no representation of it."""

    user: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Credentials:
        """What `CITYGRAPH_ENDPOINT_USER` and `…_PASSWORD`, or `CITYGRAPH_ENDPOINT_TOKEN`, hold.

        Raises:
            ConfigError: both are set, one half is missing, or a token could not stand in a header.
        """
        user, password, token = (environment.get(name, "") for name in (USER, PASSWORD, TOKEN))
        if token and (user or password):
            message = sentence("snapshots.both_set", token=TOKEN, user=USER)
            raise ConfigError(message, fix=sentence("snapshots.unset", token=TOKEN, user=USER, password=PASSWORD))
        if bool(user) != bool(password):
            missing = PASSWORD if user else USER
            message = sentence("snapshots.not_set", name=missing)
            raise ConfigError(message, fix=sentence("snapshots.set_too", name=missing))
        if not (token.isascii() and token.isprintable()) or " " in token:
            message = sentence("snapshots.odd_token", token=TOKEN)
            raise ConfigError(message, fix=sentence("snapshots.copy_token"))
        return cls(user, password, token)

    def __bool__(self) -> bool:
        """Whether there is anything to show to a server."""
        return bool(self.user or self.token)

    def auth(self) -> httpx.Auth | None:
        """For `auth=` of httpx, one for all requests to one server: a digest is worked out once and used again."""
        if self.token:
            return _Bearer(self.token)
        return _AsAsked(self.user, self.password) if self.user else None


class _Bearer(httpx.Auth):
    """A token in every request (RFC 6750, 2.1)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class _AsAsked(httpx.Auth):
    """Basic or digest, whichever the server asks for (RFC 7617, RFC 7616); nothing before it has asked."""

    def __init__(self, user: str, password: str) -> None:
        self._digest = httpx.DigestAuth(user, password)
        self._basic = httpx.BasicAuth(user, password)
        self._chosen: httpx.Auth | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._chosen is not None:
            yield from self._chosen.auth_flow(request)
            return
        response = yield request
        schemes = {each.split(" ")[0].lower() for each in response.headers.get_list("www-authenticate")}
        if response.status_code != httpx.codes.UNAUTHORIZED or not schemes & {"digest", "basic"}:
            return
        self._chosen = self._digest if "digest" in schemes else self._basic
        flow = self._chosen.auth_flow(request)
        again = next(flow)
        if self._chosen is self._basic:
            yield again
            return
        # Its first step is the request without a digest, and that one has been sent and answered.
        yield flow.send(response)

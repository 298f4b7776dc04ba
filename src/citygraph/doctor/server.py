"""The server under examination: requests to its three addresses, our graphs there, and how a probe may end."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlsplit

from citygraph.http import (
    Broken,
    Deadline,
    DeadlinePassed,
    HttpClient,
    HttpReply,
    Policy,
    TooLarge,
    one_at_a_time,
    retry_after,
)
from citygraph.messages import Sentence, Text, sentence, text
from citygraph.rdf import Iri, Literal
from citygraph.results import Solutions, read_json_answer
from citygraph.store.server.capabilities import CapabilityValue

if TYPE_CHECKING:
    import httpx

Fact: TypeAlias = CapabilityValue
ROWS_TYPE: Final = "application/sparql-results+json"
NTRIPLES: Final = "application/n-triples"
BASE: Final = "urn:citygraph:probe:"
"""How the names of all our graphs begin."""
S: Final = f"<{BASE}s>"
"""The subject of the triples that the probes write."""
P: Final = f"<{BASE}p>"
"""Their property."""
_MOST_WAIT: Final = 30.0
_MOST_WAITS: Final = 2
_MOST_DETAIL: Final = 200
_ROUNDS: Final = 3
_SECONDS: Final = 30.0


# -- how a probe may end ------------------------------------------------------------------------------


class ProbeEnd(Exception):  # noqa: N818  # it ends a probe, not the program
    """A probe did not end well; `seen` says what the server did."""

    def __init__(self, seen: str) -> None:
        """What the server did, or what is missing."""
        super().__init__(seen)
        self.seen = seen


class Deviates(ProbeEnd):
    """The server answered otherwise than it should."""


class Refused(ProbeEnd):
    """The server said that it does not do this."""


class NotTried(ProbeEnd):
    """Something that this probe needs is missing."""


class NoAnswer(ProbeEnd):
    """The server did not answer, or not to the end."""


def saying(key: str, **values: object) -> Sentence:
    """What was seen, in both languages."""
    return sentence(f"doctor.seen.{key}", **values)


def saying_count(what: str, found: int, wanted: int) -> Sentence:
    """Something happened, and a graph has another number of triples than it should."""
    return saying("graph_count", what=what, found=found, wanted=wanted)


# -- requests -----------------------------------------------------------------------------------------


class ProbeClient:
    """Asks one server; each probe gets its time anew with `begin`."""

    def __init__(self, policy: Policy, auth: httpx.Auth | None, *, is_here: bool = True) -> None:
        """A client that behaves as `policy` says; a proxy named in the environment is for servers elsewhere.

        Raises:
            ConfigError: the policy has no contact.
        """
        self._policy = policy
        # Each request on a connection of its own: what a server does wrong after one answer is not found in the next.
        headers = {"Accept-Encoding": "identity", "Connection": "close"}
        self._http = HttpClient(policy, headers=headers, auth=auth, uses_proxy=not is_here)
        self._seconds = policy.timeout
        self._deadline = Deadline(policy.timeout)
        self.server = ""
        """What the server says it is, from its header `Server`."""

    def begin(self, seconds: float | None = None) -> None:
        """Give the next probe its time, from now on."""
        self._seconds = self._policy.timeout if seconds is None else seconds
        self._deadline = Deadline(self._seconds)

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str | Sequence[str]] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        beginning: int = 0,
    ) -> HttpReply:
        """One request; a server that says "not now" is given the time it asks for, twice.

        Args:
            method: of HTTP.
            url: where to; a query in it is kept.
            params: more for the query of the address.
            form: sent as a form.
            body: sent as it is.
            headers: besides those that say who we are.
            beginning: read so many bytes of the body and let go of the rest.

        Raises:
            NoAnswer: it did not answer within the deadline, or not to the end.
            Refused: it still says "not now".
        """
        for waits in range(_MOST_WAITS + 1):
            with one_at_a_time(urlsplit(url).netloc, self._policy.pause):
                reply = self._once(method, url, params, form, body, headers, beginning)
            self.server = reply.headers.get("server") or self.server
            wait = retry_after(reply.headers)
            is_busy = reply.status == HTTPStatus.TOO_MANY_REQUESTS or (
                reply.status == HTTPStatus.SERVICE_UNAVAILABLE and wait is not None
            )
            if not is_busy:
                return reply
            wait = self._policy.first_wait if wait is None else wait
            if waits == _MOST_WAITS or wait > _MOST_WAIT:
                break
            self._policy.sleep(wait)
            # The wait was the server's wish, and is not taken from the time of its answer.
            self._deadline = Deadline(self._seconds)
        raise Refused(saying("wait", status=reply.status, seconds=f"{wait:g}"))

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        form: Mapping[str, str | Sequence[str]] | None,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        beginning: int,
    ) -> HttpReply:
        try:
            return self._http.send(
                method,
                url,
                self._deadline,
                params=params,
                data=form,
                content=body,
                headers=headers,
                beginning=beginning,
            )
        except DeadlinePassed as error:
            seconds = round(self._seconds)
            raise NoAnswer(saying("late_one" if seconds == 1 else "late", seconds=seconds)) from error
        except TooLarge as error:
            raise NoAnswer(saying("large", most=self._policy.most_bytes)) from error
        except Broken as error:
            seen = saying("cut") if error.cut else saying("no_connection", reason=error.reason)
            raise NoAnswer(seen) from error


class ProbeGraphs:
    """The names of the graphs that one run may write, noted before anything is written to them."""

    def __init__(self) -> None:
        """Names that no other run has: they begin with a number drawn now."""
        self.base = f"{BASE}{secrets.token_hex(8)}"
        self.names: list[str] = []

    def new(self, name: str) -> str:
        """The IRI of a graph; from now on it is removed at the end."""
        iri = f"{self.base}:{name}"
        if iri not in self.names:
            self.names.append(iri)
        return iri


@dataclass
class ExaminedServer:
    """One examination while it goes on: the addresses, and the capabilities that were found so far."""

    client: ProbeClient
    query: str
    update: str
    graph_store: str
    can_write: bool
    rows_to_ask: int
    graphs: ProbeGraphs = field(default_factory=ProbeGraphs)
    facts: dict[str, Fact] = field(default_factory=dict)

    def ask(
        self,
        query: str,
        *,
        how: str = "",
        accept: str = ROWS_TYPE,
        default_graphs: Sequence[str] = (),
        timeout: str = "",
    ) -> HttpReply:
        """A query with one type to answer in: as a form by POST, or as a `body`, or by `get`."""
        headers = {"Accept": accept}
        if how == "get":
            return self.client.send("GET", self.query, params={"query": query}, headers=headers)
        if how == "body":
            headers["Content-Type"] = "application/sparql-query"
            return self.client.send("POST", self.query, body=query.encode(), headers=headers)
        form: dict[str, str | Sequence[str]] = {"query": query}
        if default_graphs:
            form["default-graph-uri"] = list(default_graphs)
        if timeout:
            form["timeout"] = timeout
        return self.client.send("POST", self.query, form=form, headers=headers)

    def count(self, pattern: str, *, default_graphs: Sequence[str] = ()) -> int:
        """How often a pattern is found, as the server counts."""
        return number_of(self.ask(f"SELECT (COUNT(*) AS ?n) {{ {pattern} }}", default_graphs=default_graphs))

    def size(self, graph: str) -> int:
        """How many triples a named graph has."""
        return self.count(f"GRAPH {Iri(graph)} {{ ?s ?p ?o }}")

    @property
    def updates_work(self) -> bool:
        """Whether a way to send updates was found to work."""
        return bool(self.facts.get("update_form") or self.facts.get("update_direct"))

    def send_update(self, update: str, *, how: str = "") -> HttpReply:
        """An update, in the way that was found to work unless one is chosen: `form` or `body`.

        Raises:
            NotTried: there is no address for updates, or no way to send one works.
        """
        if not self.update:
            raise NotTried(saying("no_updates"))
        if not how and not self.updates_work:
            raise NotTried(saying("updates_fail"))
        if how == "form" or (not how and self.facts.get("update_form")):
            return self.client.send("POST", self.update, form={"update": update})
        headers = {"Content-Type": "application/sparql-update"}
        return self.client.send("POST", self.update, body=update.encode(), headers=headers)

    def store(self, method: str, graph: str, body: bytes | None = None) -> HttpReply:
        """One request of the Graph Store Protocol about a named graph.

        Raises:
            NotTried: the address is not known.
        """
        # Virtuoso answers 406 to a PUT that would rather have its empty answer in another type.
        headers = {"Accept": NTRIPLES} if method in {"GET", "HEAD"} else {}
        headers |= {"Content-Type": NTRIPLES} if body is not None else {}
        return self.client.send(method, self.store_address, params={"graph": graph}, body=body, headers=headers)

    @property
    def store_address(self) -> str:
        """Where the graph store is.

        Raises:
            NotTried: nobody knows.
        """
        if not self.graph_store:
            raise NotTried(saying("no_store"))
        return self.graph_store

    def fill(self, graph: str, triples: Iterable[str]) -> None:
        """Put triples, each a line of N-Triples, into a graph of ours.

        Raises:
            NotTried: no way to write works.
            Refused: the server does not take them.
        """
        lines = "\n".join(triples)
        if self.updates_work:
            good(self.send_update(f"INSERT DATA {{ GRAPH {Iri(graph)} {{\n{lines}\n}} }}"))
        elif self.facts.get("graph_store_put"):
            good(self.store("PUT", graph, lines.encode()))
        else:
            raise NotTried(saying("nothing_written"))


# -- answers ------------------------------------------------------------------------------------------


def is_good(reply: HttpReply) -> bool:
    """Whether the server says that it worked."""
    return HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES


def good(reply: HttpReply) -> HttpReply:
    """The reply, when it says that it worked.

    Raises:
        Refused: it says that it did not.
    """
    if is_good(reply):
        return reply
    said = text("doctor.seen.wants_user") if reply.status == HTTPStatus.UNAUTHORIZED else _excerpt(reply)
    raise Refused(saying("status_said" if said else "status", status=reply.status, said=said))


def _excerpt(reply: HttpReply) -> str:
    """The beginning of a message in plain text, on one line; nothing of a web page."""
    if "html" in reply.media_type or reply.body.lstrip()[:1] == b"<":
        return ""
    # Many servers repeat the query behind their message.
    plain = reply.body[:2_000].decode(errors="replace").partition("SPARQL query:")[0]
    plain = "".join(letter for letter in " ".join(plain.split()) if letter.isprintable())
    return plain if len(plain) <= _MOST_DETAIL else plain[:_MOST_DETAIL].rpartition(" ")[0] + " …"


def said_type(reply: HttpReply) -> str | Text:
    """The media type of an answer, or that it has none."""
    return reply.media_type or text("doctor.seen.no_type")


def rows_of(reply: HttpReply) -> Solutions:
    """The rows of an answer in JSON.

    Raises:
        Refused: the server said no.
        Deviates: it is something else, or only a part.
    """
    state = good(reply).headers.get("x-sql-state")
    if state:
        raise Deviates(saying("part", state=state))
    return read_rows(reply)


def read_rows(reply: HttpReply) -> Solutions:
    """The rows as they are, whether whole or not.

    Raises:
        Deviates: it is no table in JSON.
    """
    if reply.media_type not in {ROWS_TYPE, "application/json"}:
        raise Deviates(saying("other_type", type=said_type(reply), wanted=ROWS_TYPE))
    try:
        answer = read_json_answer(reply.body)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        key = "broken_json" if isinstance(error, json.JSONDecodeError) else "not_json"
        raise Deviates(saying(key)) from error
    if not isinstance(answer, Solutions):
        raise Deviates(saying("yes_or_no"))
    return answer


def number_of(reply: HttpReply) -> int:
    """The one whole number of an answer.

    Raises:
        Refused: the server said no.
        Deviates: it is something else.
    """
    found = rows_of(reply).rows
    term = found[0][0] if len(found) == 1 and found[0] else None
    if not isinstance(term, Literal) or not term.value.lstrip("-").isdigit():
        raise Deviates(saying("no_number"))
    return int(term.value)


# -- our graphs taken away ----------------------------------------------------------------------------


def clean_up(server: ExaminedServer) -> list[str]:
    """Remove every graph of this run, and name those that are still there."""
    left = list(server.graphs.names)
    for _ in range(_ROUNDS):
        _drop(server, left)
        left = _remaining(server, left)
        if not left:
            break
        for graph in left:
            _delete(server, graph)
        left = _remaining(server, left)
        if not left:
            break
    return left


def _drop(server: ExaminedServer, graphs: list[str]) -> None:
    server.client.begin(_SECONDS)
    try:
        server.send_update(" ;\n".join(f"DROP SILENT GRAPH {Iri(graph)}" for graph in graphs))
    except ProbeEnd:
        return  # what is left is looked for afterwards


def _delete(server: ExaminedServer, graph: str) -> None:
    """One graph, by every way in: one of them has let us write it, whatever it said about that."""
    for how in ("form", "body"):
        server.client.begin(_SECONDS)
        try:
            if is_good(server.send_update(f"DROP SILENT GRAPH {Iri(graph)}", how=how)):
                break
        except ProbeEnd:
            continue
    server.client.begin(_SECONDS)
    try:
        server.store("DELETE", graph)
    except ProbeEnd:
        return


def _remaining(server: ExaminedServer, graphs: list[str]) -> list[str]:
    """Those that still hold something; all of them when the server does not say."""
    names = " ".join(str(Iri(graph)) for graph in graphs)
    server.client.begin(_SECONDS)
    try:
        found = rows_of(server.ask(f"SELECT DISTINCT ?g {{ VALUES ?g {{ {names} }} GRAPH ?g {{ ?s ?p ?o }} }}"))
    except ProbeEnd:
        return graphs
    return sorted({term.value for row in found.rows for term in row if isinstance(term, Iri | Literal)})

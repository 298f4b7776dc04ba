"""A question that needs another server: asked here first, there with the values found, and joined here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from citygraph.errors import ConfigError, QueryError, StoreError, StoreTimeout
from citygraph.http import Deadline, Policy
from citygraph.messages import sentence
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple
from citygraph.results import Row, Solutions
from citygraph.saved_query import SavedQuery
from citygraph.sparql.service import ServiceBlock
from citygraph.sparql.text import values_block
from citygraph.store import MemoryStore, Store
from citygraph.store.endpoint import Dated, RemoteStore

# RDF 1.1 Concepts, 3.5: a blank node of another graph gets a name that nobody else uses.
_SKOLEM: Final = "urn:citygraph:genid:"


class FederatedService(Protocol):
    """Another server, or what stands in for it."""

    @property
    def address(self) -> str:
        """Where the answer comes from, to be shown to people."""

    def ask(self, text: str, variable: str, values: Sequence[Term], *, timeout: float, most_rows: int) -> Dated:
        """The rows of a query whose variable has one of these values.

        Raises:
            StoreError: it does not answer, or not whole.
            QueryError: it does not accept the query, or gives too many rows.
        """


@dataclass(frozen=True, slots=True)
class RemoteService:
    """A server that is asked politely, and whose answers are kept."""

    address: str
    policy: Policy

    def ask(self, text: str, variable: str, values: Sequence[Term], *, timeout: float, most_rows: int) -> Dated:
        """See `Service.ask`."""
        store = RemoteStore(self.address, replace(self.policy, timeout=timeout, patience=timeout))
        return store.ask(text, values={variable: values}, most_rows=most_rows)


class ExtractService:
    """An extract in a file that answers in place of its server."""

    def __init__(self, path: Path, triples: Sequence[Triple]) -> None:
        """The statements of the extract at `path`."""
        self.address = path.name
        self._at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
        graph = Iri("urn:citygraph:extract")
        self._store = MemoryStore(Quad(each.subject, each.predicate, each.object, graph) for each in triples)

    def ask(self, text: str, variable: str, values: Sequence[Term], *, timeout: float, most_rows: int) -> Dated:
        """See `Service.ask`."""
        block = values_block([variable], [[each] for each in values])
        return Dated(self._store.query(f"{text}\n{block}", timeout=timeout, most_rows=most_rows), self._at)


@dataclass(frozen=True, slots=True)
class Federation:
    """Which servers may be asked, and how much.

    Args:
        open: the service of a name or address in a header.
        batch: values in one request.
        most_values: more values than this are refused.
        most_rows: more rows than this are refused.
        timeout: seconds for all requests of one question together.
    """

    open: Callable[[str], FederatedService]
    batch: int = 100
    most_values: int = 2_000
    most_rows: int = 100_000
    timeout: float = 60.0


@dataclass(frozen=True, slots=True)
class Federated:
    """Where the columns of an answer come from that do not come from this graph.

    Args:
        service: the name of the server in the header of the question.
        address: where it was asked; the name of the file when an extract stood in for it.
        columns: the columns that come from there alone.
        computed: the columns that were worked out with it.
        fetched: when the oldest part of the answer was given; nothing when nothing was asked.
        values: about how many things it was asked.
        failure: why the columns are empty, when the server did not answer and the question can do without.
    """

    service: str
    address: str
    columns: tuple[str, ...]
    computed: tuple[str, ...] = ()
    fetched: datetime | None = None
    values: int = 0
    failure: str = ""


def _no_service(service: str) -> FederatedService:
    """No server may be asked.

    Raises:
        ConfigError: always.
    """
    message = sentence("questions.federation.nobody", service=service)
    raise ConfigError(message, fix=sentence("questions.federation.command"))


NOBODY: Final = Federation(_no_service)
"""No other server is asked."""


def ask_service(
    query: SavedQuery,
    block: ServiceBlock,
    store: Store,
    bound: Mapping[str, Term],
    federation: Federation,
    **bounds: float | None,
) -> tuple[str, Federated]:
    """The question with the server's answer in the place of its SERVICE block, and what was asked.

    Raises:
        QueryError: there are too many values, or the server does not accept the query.
        ConfigError: the server may not be asked.
        StoreError: the server does not answer whole, and the question says that it must.
    """
    values = _values(block, store, bound, federation, **bounds)
    source = _federated(query, block, address=block.service)
    try:
        service = federation.open(block.service)
        source = replace(source, address=service.address, values=len(values))
        rows, oldest = _rows(block, service, values, federation)
    except (StoreError, ConfigError) as error:
        if not block.silent:
            words = {"name": query.name, "address": source.address, "why": error.message}
            message = sentence("questions.federation.needs", **words)
            raise type(error)(message, fix=error.fix) from error
        # SPARQL 1.1 Federated Query, 2.3: SILENT joins the rest with one solution that binds nothing.
        return block.filled(query.text, "{ }"), replace(source, failure=error.message)
    return block.filled(query.text, f"{{ {values_block(block.wanted, rows)} }}"), replace(source, fetched=oldest)


def _federated(query: SavedQuery, block: ServiceBlock, *, address: str) -> Federated:
    theirs = set(block.wanted) - {block.joined}
    computed = tuple(name for name in query.columns if name not in theirs | block.before)
    return Federated(block.service, address, tuple(name for name in query.columns if name in theirs), computed)


def _values(
    block: ServiceBlock, store: Store, bound: Mapping[str, Term], federation: Federation, **bounds: float | None
) -> Sequence[Term]:
    answer = store.query(block.keys_query(sorted(bound)), bind=bound, **bounds)  # type: ignore[arg-type]  # timeout, most_rows
    found = {row[block.joined]: None for row in answer if block.joined in row} if isinstance(answer, Solutions) else {}
    values = sorted((each for each in found if isinstance(each, Iri | Literal)), key=str)
    if len(values) > federation.most_values:
        message = sentence("questions.federation.many", service=block.service, count=len(values))
        raise QueryError(message, fix=sentence("questions.federation.most", most=federation.most_values))
    return values


def _rows(
    block: ServiceBlock, service: FederatedService, values: Sequence[Term], federation: Federation
) -> tuple[list[Row], datetime | None]:
    deadline = Deadline(federation.timeout)
    rows: list[Row] = []
    times: list[datetime] = []
    for start in range(0, len(values), federation.batch):
        if not deadline.left:
            message = sentence("questions.federation.slow", address=service.address, seconds=federation.timeout)
            raise StoreTimeout(message, fix=sentence("questions.federation.again"))
        batch, most = values[start : start + federation.batch], federation.most_rows
        dated = service.ask(block.service_query(), block.joined, batch, timeout=deadline.left, most_rows=most)
        if isinstance(dated.answer, Solutions):
            given = dated.answer.project(block.wanted)
            rows += (tuple(_named(term) for term in row) for row in given.rows)
        times.append(dated.at)
        if len(rows) > most:
            message = sentence("questions.federation.rows", address=service.address, most=most)
            raise QueryError(message, fix=sentence("questions.federation.less"))
    return rows, min(times, default=None)


def _named(term: Term | None) -> Term | None:
    return Iri(_SKOLEM + term.value) if isinstance(term, BlankNode) else term

"""Ask a version of the graph: saved questions, any SPARQL, and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from citygraph import load, query
from citygraph.errors import ConfigError, QueryError
from citygraph.http_policy import DiskCache, Policy, cache_folder
from citygraph.query import Answered, ExtractService, Federation, RemoteService, Service
from citygraph.rdf import Iri, Literal, Term, Triple
from citygraph.results import Answer, Solutions
from citygraph.saved_query import SavedQuery
from citygraph.sparql import read_query
from citygraph.store import MemoryStore

if TYPE_CHECKING:
    from citygraph.reason.explain import Explainer
    from citygraph.reason.explanation import Explanation


from citygraph.project.building import Building
from citygraph.project.folder import PARTS, Progress

__all__ = ["Asking"]

_WIKIDATA: Final = "wikidata"
_DAY: Final = 86_400
_PAUSE: Final = 0.1


class Asking(Building):
    """A project that answers questions and explains its answers."""

    def queries(self) -> list[SavedQuery]:
        """The saved queries, by name.

        Raises:
            QueryError: one of them breaks a rule of its header.
        """
        return query.find_queries(self.folder / "queries")

    def query(
        self,
        name: str,
        values: Mapping[str, str] | None = None,
        *,
        as_of: date | None = None,
        cite: bool = False,
        extract: Path | None = None,
        ask_others: bool = True,
        progress: Progress | None = None,
    ) -> Answered:
        """The answer to a saved query.

        Args:
            name: the name of its file.
            values: what was typed for each parameter.
            as_of: the world on that day; the version's own day without it.
            cite: each row carries its sources, and whether it is stated or derived.
            extract: a file that answers in place of Wikidata when the question needs it.
            ask_others: whether the question may ask the server that its header names.
            progress: told when reasoning for another day is needed.

        Raises:
            QueryError: there is no such query, or a parameter is wrong.
            ConfigError: the question needs another server that may not be asked.
            StoreTimeout: the deadline passed.
            StoreError: another server that the question needs does not answer.
        """
        saved = query.get_query(self.folder / "queries", name)
        snapshot = self.snapshot(as_of=as_of, progress=progress)
        return query.run_query(
            saved,
            snapshot,
            values=values or {},
            prefixes=self.prefixes,
            asserted_graphs=snapshot.asserted_graphs if cite else None,
            timeout=self.config.number("limits.timeout"),
            most_rows=self.config.number("limits.rows"),
            federation=self.federation(extract) if ask_others else None,
        )

    def federation(self, extract: Path | None = None) -> Federation:
        """Whom saved questions may ask: Wikidata, or an extract of it, and the endpoints that graph.toml lists."""
        number, values = self.config.number, self.config.values
        listed = str(values["federation.extract"])
        path = extract or (self.folder / listed if listed else None)

        def open_service(name: str) -> Service:
            if name == _WIKIDATA and path is not None:
                from citygraph.link import read_extract_triples  # noqa: PLC0415  # its HTTP client takes time

                return ExtractService(path, read_extract_triples(path))
            if name != _WIKIDATA and name not in values["federation.endpoints"]:
                message = f"graph.toml does not allow questions to ask {name}."
                raise ConfigError(message, fix=f'Add to graph.toml: [federation] endpoints = ["{name}"]')
            address = str(values["wikidata.endpoint"]) if name == _WIKIDATA else name
            return RemoteService(address, self.policy())

        return Federation(
            open_service,
            batch=number("federation.batch"),
            most_values=number("federation.values"),
            most_rows=number("limits.rows"),
            timeout=number("federation.timeout"),
        )

    def policy(self) -> Policy:
        """How servers of others are asked, and for how long their answers are used again."""
        days = (self.today - self.config.duration("wikidata.keep").before(self.today)).days
        cache = DiskCache(cache_folder(), days * _DAY)
        return Policy(contact=str(self.config.values["wikidata.contact"]), pause=_PAUSE, cache=cache)

    def sparql(self, text: str, *, as_of: date | None = None, progress: Progress | None = None) -> Answer:
        """The answer to any SPARQL query; the project's prefixes need not be declared.

        Raises:
            QueryError: it is not valid SPARQL, or reaches for the network.
            StoreTimeout: the deadline passed.
        """
        number = self.config.number
        read_query(text, most_characters=number("limits.query_size"), deepest=number("limits.query_depth"))
        snapshot = self.snapshot(as_of=as_of, progress=progress)
        return snapshot.query(
            text, prefixes=self.prefixes, timeout=number("limits.timeout"), most_rows=number("limits.rows")
        )

    def explain(
        self, subject: str, predicate: str, object_: str, *, as_of: date | None = None, every: bool = False
    ) -> Explanation:
        """Why a statement holds on a day, or why it does not, down to files and passages.

        Args:
            subject: a label, slug, CURIE, IRI or Wikidata id.
            predicate: a CURIE, an IRI, a local name or a label.
            object_: as the subject; a text in quotation marks, or one that names nothing, is a literal.
            as_of: the reference date; the project's own without it.
            every: all proofs of which nothing can be left out, not only the shortest.

        Raises:
            QueryError: the subject or the property is not known, or is the name of several.
            ReasoningError: the reasoner stopped before it was done.
        """
        explainer, store = self.explainer(as_of=as_of)
        thing = query.resolve_entity(subject, store, prefixes=self.prefixes)
        property_ = query.resolve_property(predicate, store, prefixes=self.prefixes)
        value = self._value(object_, thing, property_, store)
        return explainer.explain(Triple(thing, property_, value), every=every)

    def explain_row(self, answered: Answered, number: int, *, as_of: date | None = None) -> list[Explanation]:
        """Why each statement behind one row of an answer holds; the rows count from 1.

        Raises:
            QueryError: there is no such row, or it counts several things together.
        """
        explainer, _ = self.explainer(as_of=as_of)
        statements = query.statements_behind(answered, number, self.snapshot(as_of=as_of), prefixes=self.prefixes)
        return [explainer.explain(statement) for statement in statements]

    def explainer(self, *, as_of: date | None = None) -> tuple[Explainer, MemoryStore]:
        """What explains statements of the files as they are, and the graph to look names up in."""
        from citygraph import reason  # noqa: PLC0415
        from citygraph.reason.explain import Explainer  # noqa: PLC0415

        graphs = load.load_files(self.config).graphs
        day = reason.reference_date(self.config, graphs, as_of=as_of, today=self.today)
        return Explainer(graphs, self.config, as_of=day), MemoryStore(graphs.quads(*PARTS))

    def _value(self, text: str, subject: Iri, property_: Iri, store: MemoryStore) -> Term:
        """The object that is meant: a thing of that name, else the literal the graph has there, else a new one."""
        if not text.startswith('"'):
            try:
                return query.resolve_entity(text, store, prefixes=self.prefixes)
            except QueryError as error:
                if "several" in error.message:
                    raise
        plain = text.strip('"')
        answer = store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", bind={"s": subject, "p": property_})
        there = [row["o"] for row in answer if isinstance(row["o"], Literal)] if isinstance(answer, Solutions) else []
        return next((each for each in there if each.value == plain), Literal(plain))

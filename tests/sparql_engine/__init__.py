"""The rules compiled to `INSERT … WHERE` and run on an embedded SPARQL store: one more engine to differ from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from citygraph.rdf import Iri, Quad, Term, Triple
from citygraph.reason.closure import Atom, Budget, Contradiction, FixedClosure, RuleBook, keep
from citygraph.reason.rules import SAME
from citygraph.reason.specialise import is_schema, specialise
from citygraph.reason.sql import LIST_PREDICATES, with_stated_contradictions, without_repeats
from sparql_engine.fixpoint import Server, run_to_fixpoint
from sparql_engine.names import GraphNames, Names
from sparql_engine.rules import facts, relation, update_list, updates
from sparql_engine.store import UpdatableStore
from sparql_engine.violations import Equal, Violations

__all__ = ["RuleStore", "close", "updates"]


class RuleStore(Server, Protocol):
    """A store that takes triples and gives back what the rules made of them."""

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads to the graphs that they name."""

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """The quads of one named graph."""
        ...


def close(
    triples: Iterable[Triple],
    *,
    budget: Budget | None = None,
    store: RuleStore | None = None,
    names: GraphNames | None = None,
) -> FixedClosure:
    """Everything that follows from these triples by OWL 2 RL, for graphs of some ten thousand triples.

    Args:
        triples: what is asserted.
        budget: how much may be derived.
        store: an empty store to run the rules on; the embedded one without it.
        names: the graphs to use there.

    Raises:
        ReasoningError: the budget was used up.
    """
    graph = _Graph(
        triples,
        Budget() if budget is None else budget,
        UpdatableStore() if store is None else store,
        names or GraphNames(),
    )
    graph.run()
    return FixedClosure(tuple(graph.inferred()), tuple(graph.contradictions()))


class _Graph:
    """One graph in a store, its literals and blank nodes under names that SPARQL leaves alone."""

    def __init__(self, triples: Iterable[Triple], budget: Budget, store: RuleStore, graphs: GraphNames) -> None:
        self.budget = budget
        self._graphs, self._names = graphs, Names()
        self.book = RuleBook((), (), (), {})
        self.asserted = set(triples)
        self._store = store
        self._store.add(self._names.quad(triple, graphs.asserted) for triple in self.asserted)
        self._derived: tuple[Triple, ...] = ()
        self._texts = {_texts(triple) for triple in self.asserted}
        self._learned: set[tuple[str, str, str]] = set()
        self._learned_equal = False

    def run(self) -> None:
        """Run the rules to the fixpoint; the ontology is read again as long as the data changes it."""
        present = {relation(Atom(*each)) or "" for each in self._texts}
        while self._learn():
            equality = f"<{SAME[1:-1]}>" in {p for _, p, _ in self._texts} or any(
                rule.head is not None and rule.head.predicate == SAME for rule in self.book.rules
            )
            names = {"asserted": self._graphs.asserted, "inferred": self._graphs.inferred}
            rules = update_list(
                self._names.spelled_book(self.book),
                values=self._graphs.values if self._names.twins else "",
                equality=equality,
                word=self._names.word,
                **names,
            )
            for text in facts(self.book, word=self._names.word, **names):
                self._store.update(text)
            run_to_fixpoint(
                self._store, rules, inferred=self._graphs.inferred, present=present, most=self.budget.derived
            )
            self._derived = tuple(self._names.triple(quad) for quad in self._store.quads(Iri(self._graphs.inferred)))

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter."""
        return (triple for triple in self._derived if triple not in self.asserted and keep(triple))

    def contradictions(self) -> Iterator[Contradiction]:
        """Every violation of a contradiction rule."""
        equal = Equal(self._all_texts())
        found = Violations(self._store, self._graphs, self._names, self._texts, equal).of(self.book)
        told = list(without_repeats(found, representative=equal.first, is_asserted=self._texts.__contains__))
        if not told:
            return
        terms = {
            str(term): term for t in (*self.asserted, *self._derived) for term in (t.subject, t.predicate, t.object)
        }
        for rule, premises in told:
            yield Contradiction(rule.name, _triples(premises, terms), _triples(rule.axioms, terms))

    def _all_texts(self) -> set[tuple[str, str, str]]:
        return self._texts.union(map(_texts, self._derived))

    # -- rules ----------------------------------------------------------------------------------

    def _learn(self) -> bool:
        """Make the rules from the axioms that are known. Whether there are axioms not learned from before."""
        # A cell that got the equals of its member as members too would be no list any more.
        everything = self._all_texts()
        axioms = {
            triple
            for triple in everything
            if is_schema(triple) and (triple[1] not in LIST_PREDICATES or triple in self._texts)
        }
        first = Equal(everything).first
        equal = any(first(term) != term for triple in axioms for term in triple)
        if self.book.equality and equal == self._learned_equal and axioms <= self._learned | self.book.schema.keys():
            return False
        self._learned, self._learned_equal = self._learned | axioms, equal
        self.book = with_stated_contradictions(specialise(self._learned, representatives=equal), self._texts)
        self._store.add(self._names.values(self._graphs.values))
        return True


def _texts(triple: Triple) -> tuple[str, str, str]:
    return str(triple.subject), str(triple.predicate), str(triple.object)


def _triples(texts: Iterable[tuple[str, str, str]], terms: dict[str, Term]) -> tuple[Triple, ...]:
    def term(text: str) -> Term:
        return terms.get(text) or Iri(text[1:-1])

    return tuple(Triple(term(s), term(p), term(o)) for s, p, o in texts)  # type: ignore[arg-type]

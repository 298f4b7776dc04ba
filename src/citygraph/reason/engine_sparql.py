"""The same rules as `INSERT … WHERE` on a SPARQL 1.1 store, the embedded one or a server, to the fixpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from citygraph.rdf import BlankNode, Iri, Literal, Quad, Subject, Term, Triple
from citygraph.reason.axioms import is_schema
from citygraph.reason.closure import Atom, Budget, Contradiction, FixedClosure, FlatRule, RuleBook, is_variable
from citygraph.reason.datatypes import ILL_TYPED, Value, is_inside, value_of
from citygraph.reason.rule_text import SAME
from citygraph.reason.sparql_fixpoint import Server, run_to_fixpoint
from citygraph.reason.sparql_rules import (
    BLANK,
    SPELLING,
    bodies,
    facts,
    pattern,
    relation,
    skolem,
    update_list,
    updates,
)
from citygraph.reason.specialise import specialise
from citygraph.reason.tidy import keep
from citygraph.reason.told import LIST_PREDICATES, Violation, tell_once, with_names
from citygraph.store.updatable import UpdatableStore

__all__ = ["GraphNames", "RuleStore", "close", "updates"]

_LITERAL: Final = Iri("urn:citygraph:literal")


class RuleStore(Server, Protocol):
    """A store that takes triples and gives back what the rules made of them."""

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads to the graphs that they name."""

    def quads(self, graph_name: Iri | None = None) -> Iterator[Quad]:
        """The quads of one named graph."""
        ...


@dataclass(frozen=True, slots=True)
class GraphNames:
    """The IRIs of the three graphs that the rules work on."""

    asserted: str = "urn:citygraph:asserted"
    inferred: str = "urn:citygraph:inferred"
    values: str = "urn:citygraph:values"


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
    """One graph in a store, its literals and blank nodes as names that SPARQL leaves alone.

    A store would turn `"01"^^xsd:integer` into `1`, and the text of an update cannot name a blank node.
    """

    def __init__(self, triples: Iterable[Triple], budget: Budget, store: RuleStore, names: GraphNames) -> None:
        self.budget = budget
        self._names = names
        self.book = RuleBook((), (), (), {})
        self._literals: dict[str, int] = {}
        self._terms: list[Term] = []
        self.asserted = set(triples)
        self._store = store
        self._store.add(self._quad(triple, names.asserted) for triple in self.asserted)
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
            names = {"asserted": self._names.asserted, "inferred": self._names.inferred}
            rules = update_list(
                self._spelled_book(),
                values=self._names.values if self._twins else "",
                equality=equality,
                word=self._word,
                **names,
            )
            for text in facts(self.book, word=self._word, **names):
                self._store.update(text)
            run_to_fixpoint(
                self._store, rules, inferred=self._names.inferred, present=present, most=self.budget.derived
            )
            self._derived = tuple(self._triple(quad) for quad in self._store.quads(Iri(self._names.inferred)))

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter."""
        return (triple for triple in self._derived if triple not in self.asserted and keep(triple))

    def contradictions(self) -> Iterator[Contradiction]:
        """Every violation of a contradiction rule."""
        self._equal = _Equal(self._all_texts())
        told = tell_once(self._violations(), representative=self._equal.first, is_asserted=self._texts.__contains__)
        terms = {
            str(term): term for t in (*self.asserted, *self._derived) for term in (t.subject, t.predicate, t.object)
        }
        for rule, premises in told:
            yield Contradiction(rule.name, _triples(premises, terms), _triples(rule.axioms, terms))

    # -- names ----------------------------------------------------------------------------------

    def _number(self, text: str, term: Term) -> int:
        number = self._literals.setdefault(text, len(self._literals))
        if number == len(self._terms):
            self._terms.append(term)
        return number

    def _quad(self, triple: Triple, graph: str) -> Quad:
        subject = self._name(triple.subject)
        return Quad(subject, triple.predicate, self._name(triple.object), Iri(graph))  # type: ignore[arg-type]

    def _name(self, term: Term) -> Subject | Literal:
        if isinstance(term, Iri):
            return term
        if isinstance(term, BlankNode):
            return Iri(BLANK + term.value)
        return Literal(str(self._number(str(term), term)), datatype=_LITERAL)

    def _term(self, term: Term) -> Term:
        if isinstance(term, Literal):
            return self._terms[int(term.value)]
        if isinstance(term, Iri) and term.value.startswith(BLANK):
            return BlankNode(term.value.removeprefix(BLANK))
        return term

    def _triple(self, quad: Quad) -> Triple:
        """The triple behind a quad."""
        return Triple(self._term(quad.subject), quad.predicate, self._term(quad.object))  # type: ignore[arg-type]

    def _word(self, text: str) -> str:
        """A constant of a rule in an update."""
        if not text.startswith('"'):
            return skolem(text)
        return str(Literal(str(self._literals[text]), datatype=_LITERAL)) if text in self._literals else text

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
        first = _Equal(everything).first
        equal = any(first(term) != term for triple in axioms for term in triple)
        if self.book.equality and equal == self._learned_equal and axioms <= self._learned | self.book.schema.keys():
            return False
        self._learned, self._learned_equal = self._learned | axioms, equal
        self.book = with_names(specialise(self._learned, representatives=equal), self._texts)
        self._store.add(
            Quad(
                Iri(f"urn:citygraph:value:{i}"),
                Iri(SPELLING[1:-1]),
                self._name(self._terms[n]),
                Iri(self._names.values),
            )
            for i, group in enumerate(self._twins)
            for n in group
        )
        return True

    @cached_property
    def _twins(self) -> list[list[int]]:
        """The groups of literals that are spelled differently and have one value; rules make no new literals."""
        groups: dict[Value, list[int]] = defaultdict(list)
        for text, number in self._literals.items():
            value = value_of(text)
            if value is not None and value is not ILL_TYPED:
                groups[value].append(number)
        return [group for group in groups.values() if len(group) > 1]

    def _spelled_book(self) -> RuleBook:
        rules = tuple(one for rule in self.book.rules for one in self._spelled(rule))
        return RuleBook(rules, self.book.contradictions, self.book.equality, self.book.schema)

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """The literals that have a twin, each with all spellings of its value."""
        texts = list(self._literals)
        return {texts[n]: [texts[m] for m in group] for group in self._twins for n in group}

    def _spelled(self, rule: FlatRule) -> list[FlatRule]:
        """The rule once for every spelling of the literals in its body."""
        groups = self._spellings
        variants = [rule]
        for i, atom in enumerate(rule.body):
            if atom.object in groups:
                variants = [
                    FlatRule(
                        v.name,
                        v.head,
                        (*v.body[:i], Atom(atom.subject, atom.predicate, text), *v.body[i + 1 :]),
                        v.axioms,
                        v.check,
                    )
                    for v in variants
                    for text in groups[atom.object]
                ]
        return variants

    # -- contradictions -------------------------------------------------------------------------

    def _violations(self) -> Iterator[Violation]:
        for rule in self.book.contradictions:
            if rule.check is not None and rule.check.kind == "ill-typed":
                yield from ((rule, (t,)) for t in sorted(self._texts) if value_of(t[2]) is ILL_TYPED)
                continue
            for variant in self._spelled(rule):
                yield from self._matches(variant)

    def _matches(self, rule: FlatRule) -> Iterator[Violation]:
        """The premises of each match of one rule whose conditions hold."""
        joined = [atom for atom in rule.body if atom.predicate != SAME]
        for body, extra in bodies(joined, self._names.values if self._twins else ""):
            columns = list(dict.fromkeys(name[1:] for atom in body for name in atom.variables()))
            graphs = self._names.asserted, self._names.inferred
            where = " ".join([*(pattern(a, f"?g{i}", *graphs, self._word) for i, a in enumerate(body)), *extra])
            # ASK would do without variables; one column of our own serves both.
            text = f"SELECT DISTINCT {' '.join('?' + c for c in columns) or '(1 AS ?one)'} WHERE {{ {where} }}"
            for row in self._store.rows(text, columns or ["one"]):
                values = {
                    f"?{c}": str(self._term(term)) for c, term in zip(columns, row, strict=False) if term is not None
                }
                premises = tuple(_filled(atom, values) for atom in body)
                values |= {a.object: p[2] for a, p in zip(joined, premises, strict=True) if is_variable(a.object)}
                equal = tuple(_filled(atom, values) for atom in rule.body if atom.predicate == SAME)
                if not all(self._equal.first(s) == self._equal.first(o) for s, _, o in equal):
                    continue
                if self._meets_check(rule, values):
                    yield rule, (*premises, *equal)

    @staticmethod
    def _meets_check(rule: FlatRule, values: dict[str, str]) -> bool:
        check = rule.check
        if check is None:
            return True
        literal = values[check.terms[0]]
        if not literal.startswith('"'):
            return False
        if check.kind == "outside":
            datatype = check.terms[1]
            return (
                not literal.endswith(f"^^{datatype}")
                and value_of(literal) is not ILL_TYPED
                and not is_inside(literal, datatype)
            )
        other = values[check.terms[1]]
        # Each pair is found twice, once each way round.
        if not other.startswith('"') or literal > other:
            return False
        one, two = value_of(literal), value_of(other)
        return None not in (one, two) and ILL_TYPED not in (one, two) and one != two


class _Equal:
    """Which terms are equal, by the `owl:sameAs` triples of a closure."""

    def __init__(self, triples: Iterable[tuple[str, str, str]]) -> None:
        self._first: dict[str, str] = {}
        for s, p, o in triples:
            if p == SAME and not o.startswith('"'):
                for one, other in ((s, o), (o, s)):
                    self._first[one] = min(self._first.get(one, one), other)

    def first(self, term: str) -> str:
        """The first of all terms equal to this one; the closure names each pair."""
        return self._first.get(term, term)


def _filled(atom: Atom, values: dict[str, str]) -> tuple[str, str, str]:
    return (
        values.get(atom.subject, atom.subject),
        values.get(atom.predicate, atom.predicate),
        values.get(atom.object, atom.object),
    )


def _texts(triple: Triple) -> tuple[str, str, str]:
    return str(triple.subject), str(triple.predicate), str(triple.object)


def _triples(texts: Iterable[tuple[str, str, str]], terms: dict[str, Term]) -> tuple[Triple, ...]:
    def term(text: str) -> Term:
        return terms.get(text) or Iri(text[1:-1])

    return tuple(Triple(term(s), term(p), term(o)) for s, p, o in texts)  # type: ignore[arg-type]

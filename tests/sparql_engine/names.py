"""Terms under names that SPARQL leaves alone, and rules once for every spelling of a value.

A store would turn `"01"^^xsd:integer` into `1`, and the text of an update cannot name a blank node.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from citygraph.rdf import BlankNode, Iri, Literal, Quad, Subject, Term, Triple
from citygraph.reason.closure import Atom, FlatRule, RuleBook
from citygraph.reason.datatypes import ILL_TYPED, LiteralValue, value_of
from sparql_engine.rules import BLANK, SPELLING, skolem

__all__ = ["GraphNames", "Names"]

_LITERAL: Final = Iri("urn:citygraph:literal")


@dataclass(frozen=True, slots=True)
class GraphNames:
    """The IRIs of the three graphs that the rules work on."""

    asserted: str = "urn:citygraph:asserted"
    inferred: str = "urn:citygraph:inferred"
    values: str = "urn:citygraph:values"


class Names:
    """The literals of one graph by number; they are numbered first, and rules make no new ones."""

    def __init__(self) -> None:
        """Nothing is numbered yet."""
        self._literals: dict[str, int] = {}
        self._terms: list[Term] = []

    def _number(self, text: str, term: Term) -> int:
        number = self._literals.setdefault(text, len(self._literals))
        if number == len(self._terms):
            self._terms.append(term)
        return number

    def quad(self, triple: Triple, graph: str) -> Quad:
        """A triple in a graph, under these names."""
        subject = self._name(triple.subject)
        return Quad(subject, triple.predicate, self._name(triple.object), Iri(graph))  # type: ignore[arg-type]

    def _name(self, term: Term) -> Subject | Literal:
        if isinstance(term, Iri):
            return term
        if isinstance(term, BlankNode):
            return Iri(BLANK + term.value)
        return Literal(str(self._number(str(term), term)), datatype=_LITERAL)

    def term(self, term: Term) -> Term:
        """The term behind a name."""
        if isinstance(term, Literal):
            return self._terms[int(term.value)]
        if isinstance(term, Iri) and term.value.startswith(BLANK):
            return BlankNode(term.value.removeprefix(BLANK))
        return term

    def triple(self, quad: Quad) -> Triple:
        """The triple behind a quad."""
        return Triple(self.term(quad.subject), quad.predicate, self.term(quad.object))  # type: ignore[arg-type]

    def word(self, text: str) -> str:
        """A constant of a rule in an update."""
        if not text.startswith('"'):
            return skolem(text)
        return str(Literal(str(self._literals[text]), datatype=_LITERAL)) if text in self._literals else text

    # -- spellings of one value ---------------------------------------------------------------------

    def values(self, graph: str) -> list[Quad]:
        """Which literals have one value, by `SPELLING`; nothing when each value has one spelling."""
        return [
            Quad(Iri(f"urn:citygraph:value:{i}"), Iri(SPELLING[1:-1]), self._name(self._terms[n]), Iri(graph))
            for i, group in enumerate(self.twins)
            for n in group
        ]

    @cached_property
    def twins(self) -> list[list[int]]:
        """The groups of literals that are spelled differently and have one value."""
        groups: dict[LiteralValue, list[int]] = defaultdict(list)
        for text, number in self._literals.items():
            value = value_of(text)
            if value is not None and value is not ILL_TYPED:
                groups[value].append(number)
        return [group for group in groups.values() if len(group) > 1]

    def spelled_book(self, book: RuleBook) -> RuleBook:
        """The book with its rules once for every spelling of the literals in their bodies."""
        rules = tuple(one for rule in book.rules for one in self.spelled(rule))
        return RuleBook(rules, book.contradictions, book.equality, book.schema)

    @cached_property
    def _spellings(self) -> dict[str, list[str]]:
        """The literals that have a twin, each with all spellings of its value."""
        texts = list(self._literals)
        return {texts[n]: [texts[m] for m in group] for group in self.twins for n in group}

    def spelled(self, rule: FlatRule) -> list[FlatRule]:
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

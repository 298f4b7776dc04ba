"""The words every reasoning engine shares: atoms, flat rules, rule books, contradictions and closures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from citygraph.rdf import Triple

__all__ = [
    "Atom",
    "Budget",
    "Changeable",
    "Check",
    "Closure",
    "Contradiction",
    "FixedClosure",
    "FlatRule",
    "RuleBook",
    "TermText",
    "TripleText",
    "is_variable",
]

TermText: TypeAlias = str
"""A term in N-Triples, such as `<http://example.org/a>` or `"1"^^<…#integer>`; or a variable, such as `?x`."""

TripleText: TypeAlias = tuple[TermText, TermText, TermText]


def is_variable(term: TermText) -> bool:
    """Whether this term of an atom is a variable."""
    return term.startswith("?")


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """One triple pattern of a flat rule; each of the three is a constant or a variable."""

    subject: TermText
    predicate: TermText
    object: TermText

    def variables(self) -> tuple[TermText, ...]:
        """The variables from left to right, each once."""
        return tuple(dict.fromkeys(t for t in (self.subject, self.predicate, self.object) if is_variable(t)))

    def __str__(self) -> str:
        """As a line of N-Triples with variables."""
        return f"{self.subject} {self.predicate} {self.object}"


@dataclass(frozen=True, slots=True, order=True)
class Check:
    """A condition on literals that triples cannot state.

    `kind` is one of

    - `"outside"`: `terms` is (variable, datatype); the literal is not a value of the datatype;
    - `"differ"`: `terms` is two variables; both are literals and their values differ;
    - `"ill-typed"`: `terms` is (variable,); the literal's text is not in the lexical space of its datatype.
    """

    kind: str
    terms: tuple[TermText, ...]


@dataclass(frozen=True, slots=True)
class FlatRule:
    """A rule of OWL 2 RL specialised to one ontology: predicates and classes are constants.

    `head` is None when the rule concludes a contradiction. An empty `body` makes `head` a fact.
    `axioms` are the triples of the ontology that the rule came from, in the order of the rule's text;
    `check` is a condition that must hold besides the body.
    """

    name: str
    head: Atom | None
    body: tuple[Atom, ...]
    axioms: tuple[TripleText, ...]
    check: Check | None = None

    def __str__(self) -> str:
        """As `name: head <- body`."""
        head = "contradiction" if self.head is None else str(self.head)
        return f"{self.name}: {head} <- {' , '.join(map(str, self.body))}"


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Everything an engine needs to know about one ontology.

    `rules` conclude triples and `contradictions` conclude that the graph is inconsistent.
    `equality` are the rules of `owl:sameAs`, whose predicates may be variables; an engine that keeps
    representatives does not run them. `schema` are the axioms that the schema rules add, each with
    the name of its rule and the axioms it came from.
    """

    rules: tuple[FlatRule, ...]
    contradictions: tuple[FlatRule, ...]
    equality: tuple[FlatRule, ...]
    schema: dict[TripleText, tuple[str, tuple[TripleText, ...]]]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One reason why a graph cannot be true: the rule, the triples of the data and the axioms."""

    rule: str
    premises: tuple[Triple, ...]
    axioms: tuple[Triple, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """What one closure may use before it stops with a ReasoningError.

    `derived` counts the triples that are added, over representatives, before equality is expanded;
    `megabytes` is the size of the columns alone. Both are looked at between rounds, and a join that would
    be far longer than `derived` is stopped before it is written out.
    """

    derived: int = 200_000_000
    megabytes: int = 12_000


class Closure(Protocol):
    """What follows from a graph, as every engine answers it."""

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Every violation found, in a stable order."""
        ...

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter of `tidy`."""
        ...


@runtime_checkable
class Changeable(Closure, Protocol):
    """A closure that is kept up to date when asserted triples come and go."""

    def insert(self, triples: Iterable[Triple]) -> None:
        """Add asserted triples; the closure is again what a full run would give."""
        ...

    def delete(self, triples: Iterable[Triple]) -> None:
        """Take back asserted triples; the closure is again what a full run would give."""
        ...


@dataclass(frozen=True, slots=True)
class FixedClosure:
    """A closure held as plain triples, for engines that answer with a list."""

    triples: tuple[Triple, ...]
    contradictions: tuple[Contradiction, ...] = ()

    def inferred(self) -> Iterator[Triple]:
        """The triples as given."""
        return iter(self.triples)

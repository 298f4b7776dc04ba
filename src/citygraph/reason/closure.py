"""What every reasoning engine shares: atoms, flat rules, contradictions, closures, and which statements are worth keeping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, TypeAlias, runtime_checkable

from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple

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
    """One reason why a graph cannot be true: the rule, the triples of the data and the axioms.

    Where there are very many, the rest of a rule is one of these without premises, and `more` is how many they are.
    """

    rule: str
    premises: tuple[Triple, ...]
    axioms: tuple[Triple, ...] = ()
    more: int = 0


MOST_TOLD: Final = 1000
"""How many contradictions are told with their statements; the others are counted."""


MOST_AXIOMS: Final = 2_000_000
"""More axioms of the schema rules, or flat rules, than this are not made: they are kept as text, with their reasons."""


_CONTAINER: Final = Path("/sys/fs/cgroup")
_LIMITS: Final = (
    ("memory.max", "memory.current", "memory.stat", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"),
)
"""What a container may use, what it uses, and how much of that are files it has read, which the kernel gives back."""
_SHARE: Final = 3
"""Columns may take one part of so many of the memory that is free: a merge holds the old and the new at once."""
_UNKNOWN: Final = 4 << 30


def free_memory() -> int:
    """How many bytes this process may still take: the least of the machine's, the container's and its own limit."""
    free = [_UNKNOWN]
    with suppress(OSError, ValueError, StopIteration):
        free = [_figure(Path("/proc/meminfo"), "MemAvailable:") << 10]
    for limit, used, details, files in _LIMITS:
        with suppress(OSError, ValueError):
            most, taken = (int((_CONTAINER / each).read_text(encoding="ascii")) for each in (limit, used))
            with suppress(OSError, ValueError, StopIteration):
                taken -= _figure(_CONTAINER / details, files)
            free.append(most - taken)
    with suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415  # not on Windows

        most, _ = resource.getrlimit(resource.RLIMIT_AS)
        if most != resource.RLIM_INFINITY:
            pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
            free.append(most - pages * resource.getpagesize())
    return max(0, min(free))


def _figure(file: Path, name: str) -> int:
    """The number behind a name in a file of lines."""
    lines = map(str.split, file.read_text(encoding="ascii").splitlines())
    return next(int(line[1]) for line in lines if line[:1] == [name])


def _megabytes() -> int:
    return max(_LEAST, (free_memory() >> 20) // _SHARE)


_LEAST: Final = 64


@dataclass(frozen=True, slots=True)
class Budget:
    """What one closure may use before it stops with a ReasoningError.

    `derived` counts the triples that are added, over representatives, before equality is expanded;
    `megabytes` is the size of the columns alone: a third of the memory that is free, unless it is given. Both are
    looked at between rounds, and a join that would be far longer than `derived` is stopped before it is written out.
    """

    derived: int = 200_000_000
    megabytes: int = field(default_factory=_megabytes)

    def written_out(self, size: int) -> int:
        """How many triples a closure of this size may have when equality is written out.

        Groups of equal things are small as a rule; the square of a large one says that something is wrong.
        """
        return min(size + self.derived, _MANY_NAMES * size + _SOME)


_MANY_NAMES: Final = 20
_SOME: Final = 500_000


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


@runtime_checkable
class Complete(Closure, Protocol):
    """A closure that can say everything that the rules conclude, and not only what is worth keeping."""

    def complete(self) -> Iterator[Triple]:
        """The triples that were not asserted, the axiomatic and reflexive ones of the rules too."""
        ...


@dataclass(frozen=True, slots=True)
class FixedClosure:
    """A closure held as plain triples, for engines that answer with a list."""

    triples: tuple[Triple, ...]
    contradictions: tuple[Contradiction, ...] = ()

    def inferred(self) -> Iterator[Triple]:
        """The triples as given."""
        return iter(self.triples)


VOCABULARIES: Final = (
    "http://www.w3.org/2002/07/owl#",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://www.w3.org/2000/01/rdf-schema#",
    "http://www.w3.org/2001/XMLSchema#",
)
_OWL: Final = VOCABULARIES[0]
_RDF: Final = VOCABULARIES[1]
_RDFS: Final = VOCABULARIES[2]
EVERYTHING: Final = frozenset({_OWL + "Thing", _RDFS + "Resource"})

CLASS_PREDICATES: Final = frozenset(
    {
        _RDF + "type",
        _RDFS + "subClassOf",
        _RDFS + "domain",
        _RDFS + "range",
        _OWL + "equivalentClass",
    }
)
"""Predicates whose object is a class; an anonymous class as object says nothing that its axiom does not."""

REFLEXIVE_PREDICATES: Final = frozenset(
    {
        _OWL + "sameAs",
        _OWL + "equivalentClass",
        _OWL + "equivalentProperty",
        _RDFS + "subClassOf",
        _RDFS + "subPropertyOf",
    }
)
"""Predicates that relate everything to itself."""


def keep(triple: Triple) -> bool:
    """Whether an inferred triple says something about the data that a reader did not know.

    Dropped are: literal and blank subjects; anything about the terms of OWL, RDF, RDFS and XSD;
    types and superclasses that are anonymous, `owl:Thing` or `rdfs:Resource`; `x owl:sameAs x` and its kin.
    """
    predicate = triple.predicate.value
    return (
        _keep_subject(triple.subject)
        # A triple term (RDF 1.2) never comes from a rule of OWL 2 RL.
        and isinstance(triple.object, Iri | BlankNode | Literal)
        and not (predicate in CLASS_PREDICATES and _type_is_noise(triple.object))
        and not (triple.subject == triple.object and predicate in REFLEXIVE_PREDICATES)
    )


def _keep_subject(term: Term) -> bool:
    """Whether inferred triples about this term are kept: IRIs outside the four vocabularies."""
    return isinstance(term, Iri) and not term.value.startswith(VOCABULARIES)


def _type_is_noise(term: Term) -> bool:
    """Whether a class says nothing as a type: it is anonymous, or everything belongs to it."""
    return isinstance(term, BlankNode) or (isinstance(term, Iri) and term.value in EVERYTHING)

"""A question put together by choosing: which things, and what must be said of them, each step with one or more ways.

A way is a property with a value, or a dated fact (a membership, an office) with what must be said of that fact. Only what
the graph has can be chosen, and terms write themselves, so nothing that somebody types becomes SPARQL text.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from citygraph.errors import QueryError
from citygraph.messages import LANGUAGES, Text, sentence
from citygraph.namespaces import CG, compress, expand
from citygraph.rdf import Iri, Literal, Term
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery, saved_query_of
from citygraph.sparql.text import values_block
from citygraph.store import Store

Way: TypeAlias = tuple[Iri, ...]
"""A property and its value; or the property of a fact, and pairs of a property of that fact and its value."""
_PAIR: Final = 2
_MOST_STEPS, _MOST_WAYS = 8, 12
_LONGEST: Final = 4000
_PREFIXES: Final = "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>\n"
_CLASSES: Final = (
    "SELECT ?option (COUNT(DISTINCT ?thing) AS ?number) (SAMPLE(?thing) AS ?one) WHERE { ?thing rdf:type ?option } "
    "GROUP BY ?option"
)
_FACTS: Final = (
    "SELECT DISTINCT ?property WHERE { ?property <http://www.w3.org/2000/01/rdf-schema#range> "
    f"<{CG}CurrentMembership> }}"
)
"""The properties that lead to facts that hold on the day."""
_OPTIONS: Final = (
    "SELECT ?option (COUNT(DISTINCT ?thing) AS ?number) (SAMPLE(?value) AS ?one) WHERE {{ {where} "
    "FILTER (isIRI(?value) && ?value != ?thing) }} GROUP BY ?option"
)
_VALUES: Final = (
    "SELECT ?option (COUNT(DISTINCT ?thing) AS ?number) WHERE {{ {named} {where} FILTER (isIRI(?option) && ?option != ?thing) }} "
    "GROUP BY ?option ORDER BY DESC(?number) ?option LIMIT {most}"
)


@dataclass(frozen=True, slots=True)
class BuildOption:
    """What can be chosen next, and how many things are left then; `example` is one thing that it leads to."""

    iri: str
    count: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class BuiltQuestion:
    """Things of a class of which every step holds, in one of its ways."""

    of_class: Iri
    steps: tuple[tuple[Way, ...], ...] = ()

    def without(self, at: int) -> BuiltQuestion:
        """The same without one of its steps."""
        return replace(self, steps=(*self.steps[:at], *self.steps[at + 1 :]))

    def having(self, way: Way, at: int | None = None) -> BuiltQuestion:
        """The same with one more way: as a step of its own, or at a step, where it replaces what it says more of."""
        if at is None or not 0 <= at < len(self.steps):
            return replace(self, steps=(*self.steps, (way,)))
        kept = tuple(each for each in self.steps[at] if way[: len(each)] != each)
        return replace(self, steps=(*self.steps[:at], (*kept, way), *self.steps[at + 1 :]))

    def where(self, write: Callable[[Iri], str] = str) -> str:
        """The pattern of its things, `?thing`; `write` writes the terms."""
        lines = [f"?thing a {write(self.of_class)} ."]
        number = 0
        for ways in self.steps:
            written = []
            for way in ways:
                number += 1
                written.append(_pattern(way, f"?fact{number}", write))
            lines.append(written[0] if len(written) == 1 else " UNION ".join(f"{{ {each} }}" for each in written))
        return "\n  ".join(lines)


def _pattern(way: Way, fact: str, write: Callable[[Iri], str]) -> str:
    if len(way) == _PAIR:
        return f"?thing {write(way[0])} {write(way[1])} ."
    said = " ; ".join(f"{write(name)} {write(value)}" for name, value in zip(way[1::2], way[2::2], strict=True))
    return f"?thing {write(way[0])} {fact} . {fact} {said} ."


# -- reading what an address says ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BuildTerms:
    """What may be chosen at all: the terms of the vocabulary, and whatever the graph knows."""

    vocabulary: Collection[str]
    is_known: Callable[[str], bool]
    facts: frozenset[str]
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def term(self, text: str) -> Iri:
        """The term that a short name or an address in angle brackets stands for.

        Raises:
            QueryError: the graph has none of that name; the nearest are told.
        """
        iri = text[1:-1] if text.startswith("<") else expand(text, self.prefixes)
        if iri and (iri in self.vocabulary or self.is_known(iri)):
            return Iri(iri)
        names = [compress(each, self.prefixes) for each in self.vocabulary]
        near = difflib.get_close_matches(text, names, n=3, cutoff=0.6)
        fix = sentence("next.mean", guesses=", ".join(near)) if near else sentence("built.choose")
        raise QueryError(sentence("built.unknown", text=text[:80]), fix=fix)

    def way(self, text: str) -> Way:
        """A whole way, as `BuildTerms.write` writes it.

        Raises:
            QueryError: it is none.
        """
        way = tuple(self.term(each) for each in text.split())
        whole = len(way) == _PAIR if not way or way[0].value not in self.facts else len(way) > _PAIR and len(way) % 2
        if not whole:
            raise QueryError(sentence("built.no_way", text=text.strip()[:80]), fix=sentence("built.choose"))
        return way

    def write(self, way: Sequence[Iri]) -> str:
        """A way, or its beginning, as an address has it."""
        return " ".join(compress(each.value, self.prefixes) for each in way)


def read_built(show: str, steps: Sequence[str], terms: BuildTerms) -> BuiltQuestion:
    """The question that an address says: a class, and steps whose ways a bar parts.

    Raises:
        QueryError: something in it is no term of the graph, no way, or it is too long.
    """
    if len(steps) > _MOST_STEPS or sum(map(len, steps)) > _LONGEST or any(s.count("|") >= _MOST_WAYS for s in steps):
        raise QueryError(sentence("built.long", steps=_MOST_STEPS, ways=_MOST_WAYS), fix=sentence("built.choose"))
    return BuiltQuestion(terms.term(show), tuple(tuple(terms.way(way) for way in step.split("|")) for step in steps))


# -- what can be chosen next -----------------------------------------------------------------------------


def fact_properties(store: Store) -> frozenset[str]:
    """The properties that lead from a thing to dated facts that hold: the ontology says which."""
    answer = store.query(_FACTS)
    rows = answer if isinstance(answer, Solutions) else ()
    return frozenset(each.value for row in rows if isinstance(each := row["property"], Iri))


def class_options(store: Store) -> list[BuildOption]:
    """Every class that something is of."""
    return _options(store, _CLASSES)


def property_options(question: BuiltQuestion, store: Store) -> list[BuildOption]:
    """What is said of the things that are left."""
    return _options(store, _OPTIONS.format(where=f"{question.where()} ?thing ?option ?value"))


def fact_options(question: BuiltQuestion, begun: Way, store: Store) -> list[BuildOption]:
    """What is said of the dated facts of the things that are left; of those that a way narrows already, more."""
    pattern = f"?thing {begun[0]} ?fact . " if len(begun) == 1 else _pattern(begun, "?fact", str)
    said = {each.value for each in begun[1::2]}
    found = _options(store, _OPTIONS.format(where=f"{question.where()} {pattern} ?fact ?option ?value"))
    return [each for each in found if each.iri not in said]


def value_options(
    question: BuiltQuestion, begun: Way, store: Store, *, most: int, named: Sequence[str] | None = None
) -> list[BuildOption]:
    """The values that a way which ends in a property can end with, those that most things have first.

    Args:
        question: the steps that hold besides.
        begun: the property, or that of a fact with what is said of it already and one property more.
        store: the graph.
        most: how many at most.
        named: only these values.
    """
    if len(begun) == 1:
        pattern = f"?thing {begun[0]} ?option"
    else:
        fact = f"?thing {begun[0]} ?fact . " if len(begun) == _PAIR else _pattern(begun[:-1], "?fact", str)
        pattern = f"{fact} ?fact {begun[-1]} ?option"
    only = values_block(["option"], [[Iri(each)] for each in named]) if named is not None else ""
    return _options(store, _VALUES.format(where=f"{question.where()} {pattern}", named=only, most=most))


def _options(store: Store, query: str) -> list[BuildOption]:
    answer = store.query(_PREFIXES + query)
    found = []
    for row in answer if isinstance(answer, Solutions) else ():
        option, one = row.get("option"), row.get("one")
        if isinstance(option, Iri):
            example = one.value if isinstance(one, Iri) else ""
            found.append(BuildOption(option.value, _number(row.get("number")), example))
    return sorted(found, key=lambda each: (-each.count, each.iri))


def _number(term: Term | None) -> int:
    return int(term.value) if isinstance(term, Literal) else 0


# -- the question as a file ------------------------------------------------------------------------------


def as_saved(question: BuiltQuestion, name: str, title: Text, *, prefixes: Mapping[str, str]) -> SavedQuery:
    """The question as a saved one, whose `text` is that of a file for `queries/`."""
    used: dict[str, str] = {}

    def write(term: Iri) -> str:
        short = compress(term.value, prefixes)
        prefix = short.partition(":")[0]
        # A name that SPARQL would have to escape stays an address.
        if short.startswith("<") or short.endswith("."):
            return str(term)
        used[prefix] = prefixes[prefix]
        return short

    where = question.where(write)
    words = json.dumps
    said = ", ".join(f"{each}: {words(title.in_language(each), ensure_ascii=False)}" for each in LANGUAGES)
    header = [f"#+ title:    {{ {said} }}", f"#+ question: {{ {said} }}", "#+ columns:  [thing]"]
    lines = [*header, *(f"PREFIX {prefix}: <{iri}>" for prefix, iri in sorted(used.items())), ""]
    text = "\n".join(lines) + f"\nSELECT DISTINCT ?thing WHERE {{\n  {where}\n}}\nORDER BY ?thing\n"
    return saved_query_of(name, text)

"""The axioms of an ontology, and every way to read the patterns of a rule off them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Final, TypeAlias

from citygraph.reason.closure import TripleText, is_variable
from citygraph.reason.owl_rl import RULES
from citygraph.reason.rule_text import TYPE, ListPattern, Pattern, expand, number, patterns

__all__ = ["Axioms", "Binding", "Match", "is_schema", "schema_classes", "schema_predicates", "word"]

Binding: TypeAlias = dict[str, "str | tuple[str, ...]"]
Match: TypeAlias = tuple[Binding, tuple[TripleText, ...]]

_FIRST: Final = expand("rdf:first")
_REST: Final = expand("rdf:rest")
_NIL: Final = expand("rdf:nil")
_COUNTS: Final = frozenset({expand("owl:maxCardinality"), expand("owl:maxQualifiedCardinality")})
_WHOLE_NUMBER: Final = re.compile(r'"\+?0*([0-9]+)"\^\^')


@cache
def schema_predicates() -> frozenset[str]:
    """The predicates that make a triple part of the ontology, as the rules name them."""
    named = {p for rule in RULES for _, p, _ in patterns(rule.ontology) if p != TYPE}
    return frozenset(named | {_FIRST, _REST})


@cache
def schema_classes() -> frozenset[str]:
    """The classes that make a type triple part of the ontology."""
    return frozenset(o for rule in RULES for _, p, o in patterns(rule.ontology) if p == TYPE and isinstance(o, str))


def is_schema(triple: TripleText) -> bool:
    """Whether the rules may read this triple as an axiom, or as a part of one."""
    return triple[1] in schema_predicates() or (triple[1] == TYPE and triple[2] in schema_classes())


class Axioms:
    """The triples of an ontology, found by predicate and by either end."""

    def __init__(self, triples: Iterable[TripleText]) -> None:
        self.pairs: dict[str, dict[tuple[str, str], TripleText]] = defaultdict(dict)
        self.objects: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.subjects: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.lists: dict[str, tuple[str, ...]] = {}
        # Sorted, so that the flat rules come in the same order for the same ontology.
        for triple in sorted(set(filter(is_schema, triples))):
            self.add(triple)

    def add(self, triple: TripleText) -> bool:
        """Keep one axiom; whether it is new."""
        s, p, o = triple
        if p in _COUNTS:
            found = _WHOLE_NUMBER.match(o)
            o = number(int(found[1])) if found else o
        pairs = self.pairs[p]
        if (s, o) in pairs:
            return False
        # The number may be spelled differently in the file; the axiom that is cited is the one written.
        pairs[s, o] = triple
        self.objects[p, s].append(o)
        self.subjects[p, o].append(s)
        return True

    def members(self, node: str) -> tuple[str, ...]:
        """The members of a list; empty when the list is cut or goes in a circle."""
        if node not in self.lists:
            found: list[str] = []
            seen: set[str] = set()
            cell = node
            while cell != _NIL and cell not in seen and self.objects.get((_FIRST, cell)):
                seen.add(cell)
                found.append(self.objects[_FIRST, cell][0])
                cell = next(iter(self.objects.get((_REST, cell), ())), "")
            self.lists[node] = tuple(found) if cell == _NIL else ()
        return self.lists[node]

    def match(
        self,
        wanted: tuple[Pattern, ...],
        binding: Binding | None = None,
        *,
        without: AbstractSet[TripleText] = frozenset(),
    ) -> Iterator[Match]:
        """Every way to read the patterns off these axioms, with the axioms used in the order of the patterns."""
        if not wanted:
            yield binding or {}, ()
            return
        first, rest = wanted[0], wanted[1:]
        for bound, triple in self._match_one(first, binding or {}):
            if triple not in without:
                for final, sources in self.match(rest, bound, without=without):
                    yield final, (triple, *sources)

    def _match_one(self, wanted: Pattern, binding: Binding) -> Iterator[tuple[Binding, TripleText]]:
        subject, predicate, object_ = wanted
        s = _value(subject, binding)
        o = None if isinstance(object_, ListPattern) else _value(object_, binding)
        pairs = self.pairs.get(predicate, {})
        if s is not None and o is not None:
            ends = [(s, o)] if (s, o) in pairs else []
        elif s is not None:
            ends = [(s, end) for end in self.objects.get((predicate, s), ())]
        elif o is not None:
            ends = [(start, o) for start in self.subjects.get((predicate, o), ())]
        else:
            ends = list(pairs)
        for start, end in ends:
            bound = binding if s is not None else {**binding, subject: start}
            triple = pairs[start, end]
            if isinstance(object_, ListPattern):
                for names in self._read(object_, end):
                    yield {**bound, **names}, triple
            elif o is not None:
                yield bound, triple
            elif subject != object_:
                yield {**bound, object_: end}, triple

    def _read(self, wanted: ListPattern, node: str) -> Iterator[Binding]:
        members = self.members(node)
        if wanted.starred:
            if members:
                yield {wanted.variables[0]: members}
        elif len(wanted.variables) == 1:
            for member in members:
                yield {wanted.variables[0]: member}
        else:
            one, other = wanted.variables
            for i, member in enumerate(members):
                for later in members[i + 1 :]:
                    yield {one: member, other: later}


def _value(term: str, binding: Binding) -> str | None:
    """A constant or the value of a variable; None while the variable has none."""
    return word(term, binding) if term in binding or not is_variable(term) else None


def word(term: str, binding: Binding) -> str:
    """A constant, or what the ontology put in the place of a variable, or the variable."""
    value = binding.get(term, term)
    if not isinstance(value, str):
        message = f"{term} is a list and cannot stand alone"
        raise TypeError(message)
    return value

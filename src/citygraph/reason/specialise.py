"""The rules of OWL 2 RL specialised to one ontology: flat rules whose predicates and classes are constants.

First the axioms, found by predicate and by either end; then their closure under the schema rules; then every
way to read a rule off them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from typing import Final, NoReturn, TypeAlias

from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.reason.closure import MOST_AXIOMS, Atom, Check, FlatRule, RuleBook, TripleText, is_variable
from citygraph.reason.datatypes import INTEGER_TYPES, is_datatype, wider_integers
from citygraph.reason.rules import CONTRADICTION, RULES, TYPE, ListPattern, Pattern, Rule, expand, number, patterns

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

    def put(self, triple: TripleText) -> None:
        """Keep an axiom that is not there yet, and whose object is no number."""
        s, p, o = triple
        self.pairs[p][s, o] = triple
        self.objects[p, s].append(o)
        self.subjects[p, o].append(s)

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
        for bound, triple in self._match_one(first, binding or {}, without):
            for final, sources in self.match(rest, bound, without=without):
                yield final, (triple, *sources)

    def _match_one(
        self, wanted: Pattern, binding: Binding, without: AbstractSet[TripleText]
    ) -> Iterator[tuple[Binding, TripleText]]:
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
            triple = pairs[start, end]
            if triple in without:
                continue
            bound = binding if s is not None else {**binding, subject: start}
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


Derived: TypeAlias = "dict[TripleText, tuple[str, tuple[TripleText, ...]]]"
"""The axioms that the schema rules add, each with the name of its rule and the axioms it came from."""


@dataclass(frozen=True, slots=True)
class _Order:
    """A relation that is transitive, and the one that says it holds both ways; with the rules that say so."""

    below: str
    equal: str
    through: str
    both: str
    either: str


_ORDERS: Final = (
    _Order(expand("rdfs:subClassOf"), expand("owl:equivalentClass"), "scm-sco", "scm-eqc2", "scm-eqc1"),
    _Order(expand("rdfs:subPropertyOf"), expand("owl:equivalentProperty"), "scm-spo", "scm-eqp2", "scm-eqp1"),
)
_ORDERED: Final = frozenset(name for each in _ORDERS for name in (each.through, each.both, each.either))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A schema rule that reads a new axiom by one of its patterns.

    `needs` are the other patterns that share a term with it: predicate, whether the term stands there as object, and
    which of the new axiom's terms it is. Most axioms fail there, and are looked at no further.
    """

    rule: Rule
    position: int
    needs: tuple[tuple[str, bool, int], ...]


@cache
def _concluded() -> frozenset[str]:
    """The predicates of the axioms that schema rules conclude."""
    return frozenset(p for rule in RULES if not rule.data and rule.name != "cls-oo" for _, p, _ in patterns(rule.head))


def _reading(rule: Rule, position: int) -> _Reading:
    wanted = patterns(rule.ontology)
    subject, _, object_ = wanted[position]
    places = {
        term: place for place, term in ((2, object_), (0, subject)) if isinstance(term, str) and is_variable(term)
    }
    needs = []
    for s, p, o in wanted[:position] + wanted[position + 1 :]:
        needs += [(p, False, places[s])] if s in places else []
        needs += [(p, True, places[o])] if isinstance(o, str) and o in places else []
    return _Reading(rule, position, tuple(needs))


class _SchemaClosure:
    """Adds what the schema rules conclude, each new axiom meeting the rules once.

    The two transitive relations are followed from each of their terms, which takes as long as what comes out of it is
    large: a ring of classes read as a join takes the cube of its length.
    """

    def __init__(self, axioms: Axioms, *, reflexive: bool, most: int) -> None:
        self.axioms = axioms
        self.derived: Derived = {}
        self._reflexive = reflexive
        self._most = most
        self._readings: dict[str, list[_Reading]] = defaultdict(list)
        self._direct: dict[str, dict[str, set[str]]] = {order.below: defaultdict(set) for order in _ORDERS}
        self._followed: list[TripleText] = []
        self._waiting = [triple for pairs in axioms.pairs.values() for triple in pairs.values()]
        mentioned = {end for pairs in axioms.pairs.values() for pair in pairs for end in pair}
        for rule in RULES:
            wanted = (not rule.needs or expand(rule.needs) in mentioned) and (reflexive or not rule.equal)
            if not rule.data and rule.name not in _ORDERED | {"cls-oo"} and wanted:
                read = patterns(rule.ontology)
                # What no schema rule concludes is there from the start, and need not be waited for.
                later = [i for i, (_, predicate, _) in enumerate(read) if predicate in _concluded()]
                for i in later or [0]:
                    self._readings[read[i][1]].append(_reading(rule, i))

    def run(self) -> Derived:
        """What was added."""
        while self._waiting or self._followed:
            followed, self._followed = self._followed, []
            for triple in followed:
                self._meet(triple)
            fresh: dict[str, list[tuple[str, str]]] = {order.below: [] for order in _ORDERS}
            while self._waiting:
                triple = self._waiting.pop()
                self._meet(triple)
                if triple[1] in fresh and triple[2] not in self._direct[triple[1]][triple[0]]:
                    self._direct[triple[1]][triple[0]].add(triple[2])
                    fresh[triple[1]].append((triple[0], triple[2]))
                if triple[1] == _RANGE:
                    self._widen(triple)
                for order in _ORDERS:
                    if triple[1] == order.equal:
                        self._add(order.either, (triple[0], order.below, triple[2]), (triple,))
                        self._add(order.either, (triple[2], order.below, triple[0]), (triple,))
            for order in _ORDERS:
                if fresh[order.below]:
                    self._follow(order, fresh[order.below])
        return self.derived

    def _add(self, rule: str, new: TripleText, sources: tuple[TripleText, ...]) -> None:
        if (self._reflexive or new[0] != new[2]) and new not in self.derived and self.axioms.add(new):
            self.derived[new] = (rule, sources)
            self._waiting.append(new)
            if len(self.derived) > self._most:
                _stop(rule, new, self._most)

    def _meet(self, triple: TripleText) -> None:
        """Every schema rule but those of the orders, over this axiom."""
        axioms = self.axioms
        for reading in self._readings.get(triple[1], ()):
            for predicate, as_object, place in reading.needs:
                if (predicate, triple[place]) not in (axioms.subjects if as_object else axioms.objects):
                    break
            else:
                for new, sources in _conclude(axioms, reading.rule, reading.position, triple):
                    self._add(reading.rule.name, new, sources)

    def _widen(self, triple: TripleText) -> None:
        """The integer datatypes that the values of a property are of, because they are of those of its ranges."""
        ranges = self.axioms.objects.get((_RANGE, triple[0]), ())
        if triple[2] not in INTEGER_TYPES:
            return
        given = [self.axioms.pairs[_RANGE][triple[0], each] for each in ranges if each in INTEGER_TYPES]
        stated = [each for each in given if self.derived.get(each, ("",))[0] != _OWN_RANGE]
        for each in wider_integers([axiom[2] for axiom in stated]):
            self._add(_OWN_RANGE, (triple[0], _RANGE, each), tuple(stated))

    def _follow(self, order: _Order, fresh: list[tuple[str, str]]) -> None:
        """Everything above each term from which one of the fresh pairs can be reached, and who is above each other."""
        below, direct = order.below, self._direct[order.below]
        pairs = self.axioms.pairs[below]
        starts = dict.fromkeys(source for source, _ in fresh)
        for source, _ in fresh:
            starts.update(dict.fromkeys(self.axioms.subjects.get((below, source), ())))
        found = list(fresh)
        for start in starts:
            # A term is looked at once it is known to be above; whoever led there is known to be above already.
            seen = set() if self._reflexive else {start}
            above = [start]
            for middle in above:
                for end in sorted(direct.get(middle, _NOBODY) - seen):
                    seen.add(end)
                    if end != start:
                        above.append(end)
                    if (start, end) not in pairs:
                        new = (start, below, end)
                        self.axioms.put(new)
                        self.derived[new] = (order.through, (pairs[start, middle], pairs[middle, end]))
                        self._followed.append(new)
                        found.append((start, end))
                if len(self.derived) > self._most:
                    _stop(order.through, (start, below, middle), self._most)
        self._both_ways(order, found)

    def _both_ways(self, order: _Order, found: list[tuple[str, str]]) -> None:
        """Of these pairs, those that hold the other way round too."""
        pairs, equal = self.axioms.pairs[order.below], self.axioms.pairs[order.equal]
        for one, other in found:
            if (other, one) in pairs and (self._reflexive or one != other):
                for pair in ((one, other), (other, one)):
                    if pair not in equal:
                        new = (pair[0], order.equal, pair[1])
                        self.axioms.put(new)
                        self.derived[new] = (order.both, (pairs[pair], pairs[pair[::-1]]))
        if len(self.derived) > self._most:
            _stop(order.both, (found[0][0], order.equal, found[0][1]), self._most)


_RANGE: Final = expand("rdfs:range")
_OWN_RANGE: Final = "own-range"
_NOBODY: Final[frozenset[str]] = frozenset()


def _stop(rule: str, axiom: TripleText, most: int) -> NoReturn:
    """Say which rule made too many axioms, and at which term."""
    message = sentence("reasoner.budget.axioms", most=most, rule=rule, name=axiom[0])
    raise ReasoningError(message, fix=sentence("reasoner.budget.look_axioms"))


def _conclude(
    axioms: Axioms, rule: Rule, position: int, triple: TripleText
) -> list[tuple[TripleText, tuple[TripleText, ...]]]:
    """What one schema rule concludes when the pattern at `position` reads this axiom."""
    wanted = patterns(rule.ontology)
    subject, _, object_ = wanted[position]
    start: Binding = {subject: triple[0]}
    if isinstance(object_, str):
        if not is_variable(object_):
            if object_ != triple[2]:
                return []
        elif object_ != subject:
            start[object_] = triple[2]
        elif triple[0] != triple[2]:
            return []
    # The axiom's own pattern stays in: it is found at once, both ends being bound, and keeps the order.
    order = (wanted[position], *wanted[:position], *wanted[position + 1 :])
    found = []
    for binding, sources in axioms.match(order, start):
        placed = (*sources[1 : position + 1], sources[0], *sources[position + 1 :])
        for s, p, o in patterns(rule.head):
            if isinstance(o, str):
                found.append(((word(s, binding), p, word(o, binding)), placed))
    return found


def specialise(triples: Iterable[TripleText], *, representatives: bool = False, most: int = MOST_AXIOMS) -> RuleBook:
    """The flat rules that these triples ask for; triples that are no axioms are passed over.

    With `representatives`, terms stand for all terms equal to them, so that `A ⊑ A` says something.

    The ontology is closed under the schema rules first. An axiom that a data rule would reach step by
    step anyway becomes no rule of its own: `A ⊑ B ⊑ C` gives two flat rules, not three.

    Raises:
        ReasoningError: there would be more than `most` further axioms, or flat rules.
    """
    axioms = Axioms(triples)
    schema = _SchemaClosure(axioms, reflexive=representatives, most=most).run()
    stepwise = {triple for triple, (rule, _) in schema.items() if rule in _STEPWISE}
    flat: dict[tuple[Atom | None, tuple[Atom, ...], Check | None], FlatRule] = {}
    for rule in RULES:
        if not rule.data and rule.name != "cls-oo":
            continue
        for binding, sources in axioms.match(patterns(rule.ontology), without=stepwise):
            for one in _unfold(rule, binding, sources):
                flat.setdefault((one.head, one.body, one.check), one)
            if len(flat) > most:
                _stop(rule.name, sources[0], most)
    kept = _without_idle_thing(list(flat.values()))
    equality = tuple(rule for rule in kept if rule.name in _EQUALITY)
    return RuleBook(
        rules=tuple(rule for rule in kept if rule.head is not None and rule.name not in _EQUALITY),
        contradictions=tuple(rule for rule in kept if rule.head is None),
        equality=equality,
        schema=schema,
    )


_EQUALITY: Final = frozenset({"eq-sym", "eq-trans", "eq-rep-s", "eq-rep-p", "eq-rep-o"})
_STEPWISE: Final = frozenset(rule.name for rule in RULES if rule.step and not rule.equal) | {_OWN_RANGE}
_SUBSUMED: Final = frozenset({"cls-svf1", "cls-maxqc1", "cls-maxqc3"})
_THING: Final = expand("owl:Thing")


def _unfold(rule: Rule, binding: Binding, sources: tuple[TripleText, ...]) -> Iterator[FlatRule]:
    """The flat rules of one reading of the ontology; lists repeat the starred patterns."""
    starred = {name: value for name, value in binding.items() if isinstance(value, tuple)}
    length = len(next(iter(starred.values()))) if starred else 0
    body: dict[Atom, None] = {}
    for pattern in patterns(rule.data):
        repeated = any(isinstance(term, str) and _is_starred(term) for term in pattern)
        for i in range(length) if repeated else (0,):
            body[_atom(pattern, binding, i, length)] = None
    check = rule.check
    if check is not None:
        check = Check(check.kind, tuple(_put(term, binding, 0, length) for term in check.terms))
        if check.kind == "outside" and not is_datatype(check.terms[1]):
            return
    if rule.head == CONTRADICTION:
        yield FlatRule(rule.name, None, tuple(body), sources, check)
        return
    for pattern in patterns(rule.head):
        head = _atom(pattern, binding, 0, length)
        # A literal can be no subject, and a rule that concludes its own premise says nothing.
        if head not in body and not head.subject.startswith('"'):
            yield FlatRule(rule.name, head, tuple(body), sources, check)


def _is_starred(term: str) -> bool:
    return is_variable(term) and term.endswith(("*", "+"))


def _atom(pattern: Pattern, binding: Binding, i: int, length: int) -> Atom:
    s, p, o = pattern
    if isinstance(o, ListPattern):
        message = "A list may stand in the ontology part of a rule only."
        raise TypeError(message)
    return Atom(*(_put(term, binding, i, length) for term in (s, p, o)))


def _put(term: str, binding: Binding, i: int, length: int) -> str:
    """What a term of a rule is in its i-th repetition."""
    if not is_variable(term):
        return term
    if term.endswith("*"):
        members = binding.get(term.removesuffix("*"))
        return members[i] if isinstance(members, tuple) else f"{term[:-1]}{i}"
    if term.endswith("+"):
        return f"{term[:-1]}{i + 1}"
    if term.endswith("$"):
        return f"{term[:-1]}{length}"
    return word(term, binding)


def _without_idle_thing(rules: list[FlatRule]) -> list[FlatRule]:
    """Leave out what only types things as `owl:Thing` when no rule asks for that type."""

    def asks(rule: FlatRule) -> bool:
        return any(atom.predicate == TYPE and atom.object == _THING for atom in rule.body)

    # A filler owl:Thing has a rule of its own that does not ask for the type.
    rules = [rule for rule in rules if not (rule.name in _SUBSUMED and asks(rule))]
    if any(asks(rule) for rule in rules):
        return rules
    return [
        rule
        for rule in rules
        if not (rule.name == "cax-sco" and rule.head is not None and rule.head.object == _THING and rule.axioms[0])
    ]

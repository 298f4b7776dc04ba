"""What the columnar engine knows about one graph at one time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain

import numpy as np

from citygraph.reason.closure import Budget, FlatRule, RuleBook, TripleText
from citygraph.reason.columnar.equality import Equality
from citygraph.reason.columnar.plan import RulePlan, Source, Stratum, make_plan, stratify
from citygraph.reason.columnar.relations import (
    EMPTY_IDS,
    Column,
    Ids,
    Key,
    Mask,
    Relation,
    class_key,
    contains,
    empty_rows,
    high,
    is_property,
    low,
    minus,
    property_key,
    term_of,
    unique,
)
from citygraph.reason.columnar.terms import LITERAL, Dictionary, Values
from citygraph.reason.rules import SAME, TYPE
from citygraph.reason.specialise import schema_classes, schema_predicates, specialise


@dataclass(slots=True)
class ColumnarState:
    """Relations over representatives, and what they were made from.

    `asserted` are the rows of the data and `granted` those of the ontology alone (axioms of the schema
    rules, members of oneOf); both in the terms as written, while `relations` hold representatives only.
    """

    dictionary: Dictionary
    values: Values
    budget: Budget
    asserted: dict[Key, Column]
    granted: dict[Key, Column] = field(default_factory=dict)
    relations: dict[Key, Relation] = field(default_factory=dict)
    equality: Equality = field(default_factory=lambda: Equality(0))
    book: RuleBook = field(default_factory=lambda: RuleBook((), (), (), {}))
    written: RuleBook = field(default_factory=lambda: RuleBook((), (), (), {}))
    plans: tuple[RulePlan, ...] = ()
    links: tuple[RulePlan, ...] = ()
    strata: tuple[Stratum, ...] = ()
    constants: frozenset[int] = frozenset()
    learned: frozenset[TripleText] = frozenset()
    axiom_terms: Ids = field(default_factory=lambda: EMPTY_IDS)
    """Every class, property, thing and list that the axioms speak of, over representatives."""
    learned_equal: bool = False
    """Whether some term of the axioms was equal to another when the rules were made."""
    axiom_keys: frozenset[Key] = frozenset()
    """The relations that hold axioms, over representatives."""
    reads_literals: bool = False
    """Whether some rule has a literal in its body."""
    types_are_pairs: bool = False
    """Whether some rule reads or concludes rdf:type as a property."""
    closing: dict[Key, int] = field(default_factory=dict)
    """How large a relation will be when it holds all that is reached along it."""
    closed: dict[Key, Column] = field(default_factory=dict)
    """The rows of relations that are known to be transitive; other rows may not be."""
    rows: int = 0
    type_term: int = 0
    type_key: Key = 0
    same_key: Key = 0
    schema_keys: tuple[Key, ...] = ()
    """The relations that hold axioms, as the rules name them."""

    def __post_init__(self) -> None:
        """Number the terms that the engine and the rules speak of."""
        self.type_term = self.dictionary.number(TYPE)
        self.type_key = property_key(self.type_term)
        self.same_key = property_key(self.dictionary.number(SAME))
        classes = [class_key(n) for n in map(self.dictionary.number, sorted(schema_classes()))]
        properties = [property_key(n) for n in map(self.dictionary.number, sorted(schema_predicates()))]
        self.schema_keys = (*classes, *properties)

    def copy(self) -> ColumnarState:
        """The same state to be changed on its own; columns are shared, since none is ever changed in place."""
        return replace(
            self,
            asserted=dict(self.asserted),
            relations={key: relation.copy() for key, relation in self.relations.items()},
            equality=self.equality.copy(),
            closing={},
            closed=dict(self.closed),
        )

    def terms(self) -> int:
        """How many terms there are."""
        return len(self.dictionary)

    def source(self) -> Source:
        """What joins read."""
        # A join may be some times longer than what is new in it; it is stopped when it cannot end well.
        return Source(self.relations, self.terms(), 4 * self.budget.derived + (1 << 20))

    def derived(self) -> int:
        """How many triples were added to the asserted ones, over representatives."""
        return self.rows - sum(map(len, self.asserted.values()))

    def literals(self) -> Mask:
        """For every term whether it is a literal."""
        mask: Mask = self.dictionary.kinds() == LITERAL
        return mask

    def relation(self, key: Key) -> Relation:
        """The relation of this name, made when it is new."""
        found = self.relations.get(key)
        if found is None:
            found = self.relations[key] = Relation(empty_rows(key))
        return found

    def put(self, key: Key, rows: Column) -> Column:
        """Add sorted rows to a relation. Returns those that are new."""
        relation = self.relation(key)
        new = minus(rows, relation.rows)
        if len(new):
            relation.add(new)
            self.rows += len(new)
        return new

    def is_based(self, key: Key, rows: Column) -> Mask:
        """For each row over representatives, whether it needs no derivation: it is asserted or granted."""
        based = np.zeros(len(rows), np.bool_)
        origin, spelled = self.equality.expand_each(key, rows)
        for given in (self.asserted, self.granted):
            for other in self.spelled_keys(key):
                if other in given:
                    based[origin[contains(given[other], spelled)]] = True
        return based

    def spelled_keys(self, key: Key) -> list[Key]:
        """The relation itself and those whose class or property is equal to its own."""
        _, members = self.equality.expand(np.array([term_of(key)], np.uint32))
        return [int(member) << 1 | (key & 1) for member in members]

    def mapped_key(self, key: Key) -> Key:
        """The relation that holds the rows of this one, over representatives."""
        return int(self.equality.representatives[term_of(key)]) << 1 | (key & 1)

    def learn(self, triples: frozenset[TripleText]) -> None:
        """Specialise the rules to these axioms and make plans of them."""
        self.learned = triples
        self.axiom_terms = self._terms_of(self.schema_rows())
        self.learned_equal = self.has_equal_axioms()
        self.book = self.written = _specialised(triples, representatives=self.learned_equal)
        if self.learned_equal:
            # Over representatives the axioms join as they should; as written, contradictions keep their names.
            written = {key: self.asserted[key] for key in self.schema_keys if key in self.asserted}
            self.written = _specialised(schema_triples(written, self.dictionary), representatives=False)
            named = dict.fromkeys((*self.written.contradictions, *self.book.contradictions))
            self.book = replace(self.book, contradictions=tuple(named))
        numbers = [self.dictionary.number(term) for rule in self._rules() for term in _constants(rule)]
        self.dictionary.number(TYPE)
        self.equality.grow(self.terms())
        self.values.update()
        representatives = self.equality.representatives
        self.constants = frozenset(representatives[numbers].tolist()) | frozenset(numbers)

        def number(text: str) -> int:
            return int(representatives[self.dictionary.number(text)])

        plans = [make_plan(one, number) for rule in self.book.rules if rule.body for one in self._spelled(rule)]
        self.plans = tuple(plans)
        self.links = tuple(plan for plan in plans if plan.link is not None)
        self.strata = stratify(plan for plan in plans if plan.link is None)
        self.axiom_keys = frozenset(map(self.mapped_key, self.schema_keys))
        self.reads_literals = any(a.object.startswith('"') for rule in self._rules() for a in rule.body)
        self.types_are_pairs = any(self.type_key in (plan.head, *(step.key for step in plan.body)) for plan in plans)
        facts = [(r.head.subject, r.head.predicate, r.head.object) for r in self.book.rules if r.head and not r.body]
        self.granted = self.rows_of([*self.book.schema, *facts])

    def has_equal_axioms(self) -> bool:
        """Whether some term of the axioms is equal to another."""
        return bool(contains(self.equality.grouped(), self.axiom_terms).any())

    def _terms_of(self, rows: dict[Key, Column]) -> Ids:
        parts = [EMPTY_IDS]
        for key, column in rows.items():
            parts += (high(column), low(column)) if is_property(key) else (column,)
        terms: Ids = unique(np.concatenate(parts))
        return terms

    def _rules(self) -> tuple[FlatRule, ...]:
        return self.book.rules + self.book.contradictions

    def _spelled(self, rule: FlatRule) -> list[FlatRule]:
        """The rule once for every spelling of the literals in its body."""
        return spelled_rules(rule, self.dictionary, self.values)

    def rows_of(self, triples: list[TripleText]) -> dict[Key, Column]:
        """Triples in text as rows by relation."""
        found: dict[Key, list[int]] = {}
        numbers = {text: self.dictionary.number(text) for text in dict.fromkeys(chain.from_iterable(triples))}
        for s, p, o in triples:
            if p == TYPE:
                found.setdefault(class_key(numbers[o]), []).append(numbers[s])
            else:
                found.setdefault(property_key(numbers[p]), []).append(numbers[s] << 32 | numbers[o])
        self.equality.grow(self.terms())
        return {key: unique(np.array(rows, empty_rows(key).dtype)) for key, rows in found.items()}

    def schema_rows(self) -> dict[Key, Column]:
        """The axioms over representatives, without those that follow from the others."""
        keys = {self.mapped_key(key) for key in self.schema_keys}
        found = {}
        for key in sorted(keys & self.relations.keys()):
            given = self.granted.get(key)
            rows = self.relations[key].rows
            if given is not None:
                rows = minus(rows, self.equality.map_rows(key, given))
                own = self.asserted.get(key)
                if own is not None:
                    rows = unique(np.concatenate((rows, self.equality.map_rows(key, own))))
            if len(rows):
                found[key] = rows
        return found


def schema_triples(rows: dict[Key, Column], dictionary: Dictionary) -> frozenset[TripleText]:
    """The axioms among rows by relation, as text."""
    found: set[TripleText] = set()
    text = dictionary.text
    for key, column in rows.items():
        name = text(term_of(key))
        if is_property(key):
            ends = zip(high(column).tolist(), low(column).tolist(), strict=True)
            found.update((text(s), name, text(o)) for s, o in ends)
        else:
            found.update((text(s), TYPE, name) for s in column.tolist())
    return frozenset(found)


def spelled_rules(rule: FlatRule, dictionary: Dictionary, values: Values) -> list[FlatRule]:
    """The rule once for every spelling of the literals in its body, so that `"01"` matches `"1"`."""
    variants = [rule]
    for i, atom in enumerate(rule.body):
        if atom.object.startswith('"'):
            spellings = values.spellings(dictionary.number(atom.object))
            if len(spellings) > 1:
                variants = [_with_object(v, i, dictionary.text(n)) for v in variants for n in spellings]
    return variants


def _with_object(rule: FlatRule, place: int, text: str) -> FlatRule:

    atom = replace(rule.body[place], object=text)
    return replace(rule, body=(*rule.body[:place], atom, *rule.body[place + 1 :]))


def _constants(rule: FlatRule) -> list[str]:
    atoms = rule.body if rule.head is None else (rule.head, *rule.body)
    return [t for a in atoms for t in (a.subject, a.predicate, a.object) if not t.startswith("?")]


@lru_cache(maxsize=8)
def _specialised(triples: frozenset[TripleText], *, representatives: bool) -> RuleBook:
    """The rule book of an ontology; a graph is closed far more often than its ontology changes."""
    return specialise(triples, representatives=representatives)

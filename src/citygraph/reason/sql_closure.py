"""The rules as SQL joins over integer triples, round by round to the fixpoint, in any database that can do that."""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from citygraph.errors import ReasoningError
from citygraph.rdf import Triple
from citygraph.reason.axioms import schema_classes, schema_predicates
from citygraph.reason.closure import Budget, Contradiction, FlatRule, RuleBook, TripleText
from citygraph.reason.columns import high, low, pack
from citygraph.reason.encode import Columns, Dictionary
from citygraph.reason.equality import Equality
from citygraph.reason.rule_text import SAME, TYPE
from citygraph.reason.specialise import specialise
from citygraph.reason.sql_codes import NUMBER, Codes
from citygraph.reason.sql_conclusions import conclusions
from citygraph.reason.sql_database import Database
from citygraph.reason.sql_present import NO_CLASS, Present, listed, of_heads
from citygraph.reason.sql_rules import BLANK, KIND, LITERAL, VOCABULARY, Shape, shapes_of, shortened
from citygraph.reason.sql_violations import Violations
from citygraph.reason.state import spelled_rules
from citygraph.reason.tidy import CLASS_PREDICATES, EVERYTHING, REFLEXIVE_PREDICATES
from citygraph.reason.told import LIST_PREDICATES, tell_once, with_names
from citygraph.reason.values import Values

__all__ = ["SqlClosure"]

_TRIPLE: Final = ("s", "p", "o")
_NEW: Final = "SELECT s, p, o, FALSE AS asserted FROM {source} ANTI JOIN (SELECT s, p, o FROM known WHERE {among}) AS k USING (s, p, o)"


class SqlClosure:
    """A closure in a database of its own, which goes when the closure is closed or forgotten."""

    def __init__(self, columns: Columns, dictionary: Dictionary, budget: Budget, database: Database) -> None:
        self.dictionary = dictionary
        self.budget = budget
        self.book = RuleBook((), (), (), {})
        self._values = Values(dictionary)
        self._equality = Equality(0)
        self._shapes: list[Shape] = []
        self._known = Present()
        self._fresh = Present()
        self._added = Present()
        self._axioms: tuple[frozenset[TripleText], frozenset[TripleText]] | None = None
        self._learned: frozenset[TripleText] = frozenset()
        self._learned_equal = False
        self._contradictions: tuple[Contradiction, ...] | None = None
        self._database = database
        self._codes = Codes(dictionary)
        self._load(columns)

    def close(self) -> None:
        """Give back the disk; the closure cannot be asked any more."""
        self._database.close()

    def run(self) -> None:
        """Run all rules to the fixpoint; the ontology is read again as long as the data changes it.

        Raises:
            ReasoningError: a limit was reached, or the disk is full.
        """
        while self._learn():
            self._database.share("fresh", "known")
            self._known, self._fresh = Present(), self._present()
            self._known.add(self._fresh)
            self._merge_equals()
            self._round(everything=True)
            while self._fresh:
                self._round()

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Every violation of a contradiction rule; found when first asked for."""
        if self._contradictions is None:
            rules = [one for rule in self.book.contradictions for one in self._spelled(rule)]
            found = Violations(self._database, self._codes, self._values, self._representative).find(rules, self._known)
            told = tell_once(found, representative=self._representative, is_asserted=self._is_asserted)
            self._contradictions = tuple(
                Contradiction(rule.name, self._triples(premises), self._triples(rule.axioms)) for rule, premises in told
            )
        return self._contradictions

    def size(self) -> int:
        """How many triples the closure has."""
        return self._database.count("known")

    def columns(self) -> Columns:
        """The closure, equality written out, as columns in the memory of this machine."""
        rows = self._database.numbers(f"SELECT s & {NUMBER} AS s, p & {NUMBER} AS p, o & {NUMBER} AS o FROM known")
        return Columns(*(np.asarray(rows[name]).astype(np.uint32) for name in _TRIPLE))

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter."""
        found = f"SELECT s & {NUMBER}, p & {NUMBER}, o & {NUMBER} FROM known WHERE {self._worth_keeping()}"
        for rows in self._database.stream(found):
            terms = self.dictionary.terms(number for row in rows for number in row)
            yield from (Triple(*terms[i : i + 3]) for i in range(0, len(terms), 3))  # type: ignore[arg-type]

    # -- loading --------------------------------------------------------------------------------

    def _load(self, columns: Columns) -> None:
        """Put the asserted triples into `known`, ordered so that a predicate lies together."""
        codes = self._codes.all()
        given = {"s": codes[columns.subjects], "p": codes[columns.predicates], "o": codes[columns.objects]}
        self._database.put("known", given, "SELECT DISTINCT s, p, o, TRUE AS asserted FROM given")
        self._database.fill("equal", ("one", "other"), ())
        self._database.fill("twin", ("literal", "key"), ())
        self._database.share("fresh", "known")
        for table in ("known", "fresh"):
            self._database.view(
                f"{table}_by_value",
                f"SELECT x.s, x.p, x.o, coalesce(w.key, x.o) AS v FROM {table} x LEFT JOIN twin w ON w.literal = x.o",
            )
        self._database.view(
            "first_literals",
            f"SELECT s, p, min(o) AS o FROM known WHERE o >= {LITERAL << KIND} GROUP BY s, p HAVING count(*) > 1",
        )

    # -- the rules ------------------------------------------------------------------------------

    def _learn(self) -> bool:
        """Make the rules from the axioms that are known. Whether there are axioms not learned from before."""
        axioms, asserted = self._schema_triples()
        equal = any(self._representative(term) != term for triple in axioms for term in triple)
        if self.book.equality and equal == self._learned_equal and axioms <= self._learned | self.book.schema.keys():
            return False
        self._learned, self._learned_equal = axioms | self._learned, equal
        self.book = with_names(specialise(self._learned, representatives=equal), asserted)
        self._values.update()
        code_of = self._codes.code_of
        twins = [(code_of(n), code_of(key)) for key, n in _pairs(self._values.twins)]
        self._database.fill("twin", ("literal", "key"), twins)
        rules = [one for rule in self.book.rules if rule.body for one in self._spelled(rule)]
        self._shapes = shapes_of(shortened(rules), self._codes.code, prefix="rules")
        for shape in self._shapes:
            self._database.fill(shape.table, shape.columns, shape.rows)
        facts = [(r.head.subject, r.head.predicate, r.head.object) for r in self.book.rules if r.head and not r.body]
        rows = [tuple(map(self._codes.code, triple)) for triple in (*self.book.schema, *facts)]
        self._database.fill("found", _TRIPLE, sorted(set(rows)))
        self._keep_new("found", " AND ".join(listed("p", {row[1] for row in rows})) or "TRUE")
        return True

    def _spelled(self, rule: FlatRule) -> list[FlatRule]:
        """The rule once for every spelling of the literals in its body."""
        return spelled_rules(rule, self.dictionary, self._values)

    def _schema_triples(self) -> tuple[frozenset[TripleText], frozenset[TripleText]]:
        """The axioms that are known, and those that are asserted; read anew only when the rounds added any."""
        properties = {self._codes.code(term) for term in schema_predicates()}
        classes = {self._codes.code(term) for term in schema_classes()}
        kind = self._codes.code(TYPE)
        if self._axioms is not None and not self._adds_axioms(properties, {(kind, each) for each in classes}):
            return self._axioms
        # A cell that got the equals of its member as members too would be no list any more.
        cells = {self._codes.code(term) for term in LIST_PREDICATES}
        rows = self._database.rows(
            f"SELECT s, p, o, CASE WHEN asserted THEN 1 ELSE 0 END FROM known "
            f"WHERE (p IN ({_comma(properties)}) OR (p = {kind} AND o IN ({_comma(classes)}))) "
            f"AND (asserted OR p NOT IN ({_comma(cells)}))"
        )
        self._axioms = (
            frozenset(self._codes.texts(row[:3])[0] for row in rows),
            frozenset(self._codes.texts(row[:3])[0] for row in rows if row[3]),
        )
        self._added = Present()
        return self._axioms

    def _adds_axioms(self, properties: set[int], types: set[tuple[int, int]]) -> bool:
        """Whether what was added since the axioms were read may be axioms."""
        return any(map(self._added.predicates.get, properties)) or any(map(self._added.keys.get, types))

    def _present(self) -> Present:
        """Which predicates and classes are in `fresh`."""
        kind = f"CASE WHEN p = {self._codes.code(TYPE)} THEN o ELSE {NO_CLASS} END"
        return Present(self._database.rows(f"SELECT p, {kind} AS kind, count(*) AS n FROM fresh GROUP BY p, {kind}"))

    def _round(self, *, everything: bool = False) -> None:
        """Every rule over what the last round added; what is new becomes what the next round looks at."""
        by_value = len(self._values.twins) > 0
        fresh = None if everything else self._fresh
        asked = [
            conclusion
            for shape in self._shapes
            for conclusion in conclusions(shape, fresh, self._known, by_value=by_value)
        ]
        if not asked:
            self._fresh = Present()
            return
        source = f"(SELECT DISTINCT s, p, o FROM ({' UNION ALL '.join(each.text for each in asked)}))"
        self._keep_new(source, of_heads([each.heads for each in asked], type_code=self._codes.code(TYPE)))
        self._merge_equals()

    def _keep_new(self, source: str, among: str) -> None:
        """Make `fresh` what is in `source`, written out over equal terms, and not known yet.

        `among` is a condition on known statements that holds for all that are in `source`.
        """
        new = _NEW.format(source=source, among=among)
        self._database.make("fresh", self._database.at_most(new, self.budget.derived + 1))
        self._check_size("fresh")
        if len(self._equality.cliques):
            self._database.make("found", _EXPANDED.format(table="fresh"))
            self._database.append("fresh", _NEW.format(source="found", among="TRUE"))
            self._database.make("fresh", "SELECT DISTINCT s, p, o, FALSE AS asserted FROM fresh")
        self._database.share("known", "fresh", keep=True)
        self._check_size("known")
        self._count_fresh()

    def _count_fresh(self) -> None:
        self._fresh = self._present()
        self._known.add(self._fresh)
        self._added.add(self._fresh)

    def _check_size(self, table: str) -> None:
        """Stop when a table has more rows than the closure may have."""
        if self._database.count(table) > self.budget.derived:
            self._stop()

    def _merge_equals(self) -> None:
        """Find out who has become equal, and say of each what is known of the others."""
        same, literal = self._codes.code(SAME), LITERAL << KIND
        if not self._fresh.rows(same, None):
            return
        self._equality.grow(len(self.dictionary))
        rows = self._database.numbers(
            f"SELECT s, o FROM fresh WHERE p = {same} AND s <> o AND s < {literal} AND o < {literal}"
        )
        # An empty answer has no type of its own.
        one, other = (np.asarray(rows[name]).astype(np.uint32) & np.uint32(NUMBER) for name in "so")
        pairs = pack(one, other)
        if len(self._equality.merge(pairs)) == 0:
            return
        codes = self._codes.all()
        cliques = self._equality.cliques
        if int((np.bincount(high(cliques)).astype(np.uint64) ** 2).sum()) > self.budget.derived:
            self._stop()
        pairs_of = {"one": codes[high(cliques)], "other": codes[low(cliques)]}
        self._database.put("equal", pairs_of, "SELECT a.other AS one, b.other FROM given a JOIN given b USING (one)")
        expanded = _EXPANDED.format(table="known")
        self._database.make("found", self._database.at_most(expanded, self.budget.derived + 1))
        self._check_size("found")
        self._database.make("more", _NEW.format(source="found", among="TRUE"))
        self._database.share("known", "more", keep=True)
        self._database.share("fresh", "more", keep=True)
        self._check_size("known")
        self._count_fresh()

    def _stop(self) -> None:
        """Say which property grew beyond the budget, and where it is widest."""
        widest = "SELECT {0}, count(*) AS n FROM {1} GROUP BY {0} ORDER BY n DESC, {0} LIMIT 1"
        p, rows = self._database.rows(widest.format("p", "fresh"))[0]
        s, group = self._database.rows(widest.format("s", f"known WHERE p = {p}"))[0]
        message = (
            f"Stopped at more than {self.budget.derived:,} triples: {rows:,} had just been added to {self._codes.text(p)}. "
            f"The largest group has {group:,} rows, at {self._codes.text(s)}."
        )
        raise ReasoningError(message, fix="Look for a value that many things share by mistake, or raise the budget.")

    def _triples(self, texts: tuple[TripleText, ...]) -> tuple[Triple, ...]:
        terms = self.dictionary.terms(self.dictionary.number(t) for triple in texts for t in triple)
        return tuple(Triple(*terms[i : i + 3]) for i in range(0, len(terms), 3))  # type: ignore[arg-type]

    def _representative(self, text: str) -> str:
        number = self.dictionary.number(text)
        if number >= len(self._equality.representatives):
            return text
        return self.dictionary.text(int(self._equality.representatives[number]))

    def _is_asserted(self, triple: TripleText) -> bool:
        s, p, o = map(self._codes.code, triple)
        found = self._database.rows(f"SELECT count(*) FROM known WHERE s = {s} AND p = {p} AND o = {o} AND asserted")
        return bool(found[0][0])

    def _worth_keeping(self) -> str:
        """The filter of `tidy` as a condition."""

        def codes(iris: Iterable[str]) -> str:
            return ", ".join(str(self._codes.code(f"<{iri}>")) for iri in sorted(iris))

        classes, reflexive = codes(CLASS_PREDICATES), codes(REFLEXIVE_PREDICATES)
        anonymous = f"o BETWEEN {BLANK << KIND} AND {(LITERAL << KIND) - 1}"
        return (
            f"NOT asserted AND s < {VOCABULARY << KIND} AND p < {BLANK << KIND} "
            f"AND NOT (p IN ({classes}) AND ({anonymous} OR o IN ({codes(EVERYTHING)}))) "
            f"AND NOT (s = o AND p IN ({reflexive}))"
        )


_EXPANDED: Final = (
    "SELECT DISTINCT coalesce(a.other, x.s) AS s, coalesce(b.other, x.p) AS p, coalesce(c.other, x.o) AS o "
    "FROM {table} x LEFT JOIN equal a ON a.one = x.s LEFT JOIN equal b ON b.one = x.p LEFT JOIN equal c ON c.one = x.o "
    "WHERE a.one IS NOT NULL OR b.one IS NOT NULL OR c.one IS NOT NULL"
)
"""A table's triples about equal terms, once for each way to name them."""


def _pairs(packed: Any) -> list[tuple[int, int]]:  # noqa: ANN401
    return list(zip(high(packed).tolist(), low(packed).tolist(), strict=True))


def _comma(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))

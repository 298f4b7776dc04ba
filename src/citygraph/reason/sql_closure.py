"""Larger than memory: the same rules as SQL joins over integer triples, round by round to the fixpoint."""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from citygraph.errors import ReasoningError
from citygraph.rdf import Quad, Triple
from citygraph.reason.closure import Budget, Contradiction, FlatRule, RuleBook, TripleText
from citygraph.reason.columns import high, low, pack
from citygraph.reason.encode import Columns, Dictionary, encode_terms
from citygraph.reason.equality import Equality
from citygraph.reason.specialise import SAME, TYPE, schema_classes, schema_predicates, specialise
from citygraph.reason.sql_database import NUMBER, Database
from citygraph.reason.sql_rules import BLANK, KIND, LITERAL, VOCABULARY, Shape, shapes_of, shortened
from citygraph.reason.sql_violations import Violations
from citygraph.reason.state import spelled_rules
from citygraph.reason.tidy import CLASS_PREDICATES, EVERYTHING, REFLEXIVE_PREDICATES
from citygraph.reason.told import LIST_PREDICATES, tell_once, with_names
from citygraph.reason.values import Values

__all__ = ["DuckdbClosure", "close"]

_MEMORY: Final = "4GB"


def close(
    asserted: Iterable[Triple] | Iterable[Quad] | Columns,
    *,
    dictionary: Dictionary | None = None,
    budget: Budget | None = None,
    memory_limit: str = _MEMORY,
) -> DuckdbClosure:
    """Everything that follows from these triples by OWL 2 RL; what does not fit in memory goes to disk.

    Args:
        asserted: the triples, as terms or encoded with `dictionary`.
        dictionary: the numbers of the terms; needed with `Columns`, and extended by what the rules speak of.
        budget: limits; a closure that would pass them is stopped.
        memory_limit: what the database may use, such as "1GB"; the terms themselves are kept besides.

    Raises:
        ReasoningError: DuckDB is not installed, a limit was reached, or the disk is full.
    """
    dictionary = Dictionary() if dictionary is None else dictionary
    columns = asserted if isinstance(asserted, Columns) else encode_terms(asserted, dictionary)
    closure = DuckdbClosure(columns, dictionary, Budget() if budget is None else budget, memory_limit)
    closure.run()
    return closure


class DuckdbClosure:
    """A closure in a database file of its own, which goes when the closure is closed or forgotten."""

    def __init__(self, columns: Columns, dictionary: Dictionary, budget: Budget, memory_limit: str) -> None:
        self.dictionary = dictionary
        self.budget = budget
        self.book = RuleBook((), (), (), {})
        self._values = Values(dictionary)
        self._equality = Equality(0)
        self._shapes: list[Shape] = []
        self._learned: frozenset[TripleText] = frozenset()
        self._learned_equal = False
        self._contradictions: tuple[Contradiction, ...] | None = None
        self._database = Database(dictionary, memory_limit)
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
            self._database.sql("CREATE OR REPLACE TABLE fresh AS SELECT s, p, o FROM known")
            self._merge_equals()
            while self._database.one("SELECT count(*) FROM fresh"):
                self._round()

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Every violation of a contradiction rule; found when first asked for."""
        if self._contradictions is None:
            rules = [one for rule in self.book.contradictions for one in self._spelled(rule)]
            found = Violations(self._database, self._values, self._representative).find(rules)
            told = tell_once(found, representative=self._representative, is_asserted=self._is_asserted)
            self._contradictions = tuple(
                Contradiction(rule.name, self._triples(premises), self._triples(rule.axioms)) for rule, premises in told
            )
        return self._contradictions

    def size(self) -> int:
        """How many triples the closure has."""
        return self._database.one("SELECT count(*) FROM known")

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter."""
        cursor = self._database.connection.cursor()
        cursor.execute(f"SELECT s & {NUMBER}, p & {NUMBER}, o & {NUMBER} FROM known WHERE {self._worth_keeping()}")
        while rows := cursor.fetchmany(10_000):
            terms = self.dictionary.terms(number for row in rows for number in row)
            yield from (Triple(*terms[i : i + 3]) for i in range(0, len(terms), 3))  # type: ignore[arg-type]

    # -- loading --------------------------------------------------------------------------------

    def _load(self, columns: Columns) -> None:
        """Put the asserted triples into `known`, ordered so that a predicate lies together."""
        codes = self._database.codes()
        given = {"s": codes[columns.subjects], "p": codes[columns.predicates], "o": codes[columns.objects]}
        self._database.put("known", given, "SELECT DISTINCT s, p, o, TRUE AS asserted FROM given")
        self._database.sql("CREATE TABLE equal (one UINTEGER, other UINTEGER)")
        self._database.sql("CREATE TABLE twin (literal UINTEGER, key UINTEGER)")
        self._database.sql("CREATE TABLE outside (n UINTEGER, literal UINTEGER)")
        for table in ("known", "fresh"):
            self._database.sql("CREATE TABLE IF NOT EXISTS fresh (s UINTEGER, p UINTEGER, o UINTEGER)")
            self._database.sql(
                f"CREATE VIEW {table}_by_value AS SELECT x.s, x.p, x.o, coalesce(w.key, x.o) AS v "
                f"FROM {table} x LEFT JOIN twin w ON w.literal = x.o"
            )
        self._database.sql(
            "CREATE VIEW first_literals AS SELECT s, p, min(o) AS o FROM known "
            f"WHERE o >= {LITERAL << KIND} GROUP BY s, p HAVING count(*) > 1"
        )

    # -- the rules ------------------------------------------------------------------------------

    def _learn(self) -> bool:
        """Make the rules from the axioms that are known. Whether there are axioms not learned from before."""
        axioms = self._schema_triples()
        equal = any(self._representative(term) != term for triple in axioms for term in triple)
        if self.book.equality and equal == self._learned_equal and axioms <= self._learned | self.book.schema.keys():
            return False
        self._learned, self._learned_equal = axioms | self._learned, equal
        self.book = with_names(
            specialise(self._learned, representatives=equal), self._schema_triples(only_asserted=True)
        )
        self._values.update()
        self._database.fill(
            "twin", [(self._database.code_of(n), self._database.code_of(key)) for key, n in _pairs(self._values.twins)]
        )
        rules = [one for rule in self.book.rules if rule.body for one in self._spelled(rule)]
        self._shapes = shapes_of(shortened(rules), self._database.code, prefix="rules")
        for shape in self._shapes:
            self._database.sql(shape.table_of_rules())
        facts = [(r.head.subject, r.head.predicate, r.head.object) for r in self.book.rules if r.head and not r.body]
        rows = [tuple(map(self._database.code, triple)) for triple in (*self.book.schema, *facts)]
        self._database.sql("CREATE OR REPLACE TABLE found (s UINTEGER, p UINTEGER, o UINTEGER)")
        self._database.fill("found", sorted(set(rows)))
        self._keep_new("found")
        return True

    def _spelled(self, rule: FlatRule) -> list[FlatRule]:
        """The rule once for every spelling of the literals in its body."""
        return spelled_rules(rule, self.dictionary, self._values)

    def _schema_triples(self, *, only_asserted: bool = False) -> frozenset[TripleText]:
        predicates = ", ".join(str(self._database.code(term)) for term in sorted(schema_predicates()))
        classes = ", ".join(str(self._database.code(term)) for term in sorted(schema_classes()))
        # A cell that got the equals of its member as members too would be no list any more.
        cells = ", ".join(str(self._database.code(term)) for term in sorted(LIST_PREDICATES))
        rows = self._database.sql(
            f"SELECT s, p, o FROM known WHERE (p IN ({predicates}) OR (p = {self._database.code(TYPE)} AND o IN ({classes}))) "
            f"AND (asserted OR {'FALSE' if only_asserted else f'p NOT IN ({cells})'})"
        ).fetchall()
        return frozenset(self._database.texts(row)[0] for row in rows)

    def _round(self) -> None:
        """Every rule over what the last round added; what is new becomes what the next round looks at."""
        by_value = len(self._values.twins) > 0
        statements = [statement for shape in self._shapes for statement in shape.conclusions(by_value=by_value)]
        if not statements:
            self._database.sql("DELETE FROM fresh")
            return
        longest = self.budget.derived + 1
        union = " UNION ALL ".join(statements)
        self._database.sql(f"CREATE OR REPLACE TABLE found AS SELECT DISTINCT s, p, o FROM ({union}) LIMIT {longest}")
        self._check_size("found")
        self._keep_new("found")
        self._merge_equals()

    def _keep_new(self, source: str) -> None:
        """Make `fresh` what is in `source`, written out over equal terms, and not known yet."""
        self._database.sql(
            f"CREATE OR REPLACE TABLE fresh AS SELECT s, p, o FROM {source} ANTI JOIN known USING (s, p, o)"
        )
        if len(self._equality.cliques):
            self._database.sql(f"CREATE OR REPLACE TABLE found AS {_EXPANDED.format(table='fresh')}")
            self._database.sql("INSERT INTO fresh SELECT s, p, o FROM found ANTI JOIN known USING (s, p, o)")
            self._database.sql("CREATE OR REPLACE TABLE fresh AS SELECT DISTINCT s, p, o FROM fresh")
        self._database.sql("INSERT INTO known SELECT s, p, o, FALSE FROM fresh")
        self._check_size("known")

    def _check_size(self, table: str) -> None:
        """Stop when a table has more rows than the closure may have."""
        if self._database.one(f"SELECT count(*) FROM {table}") > self.budget.derived:
            self._stop()

    def _merge_equals(self) -> None:
        """Find out who has become equal, and say of each what is known of the others."""
        self._equality.grow(len(self.dictionary))
        rows = self._database.sql(
            "SELECT s, o FROM fresh WHERE p = $same AND s <> o AND s < $literal AND o < $literal",
            {"same": self._database.code(SAME), "literal": LITERAL << KIND},
        ).fetchnumpy()
        # An empty answer has no type of its own.
        one, other = (np.asarray(rows[name]).astype(np.uint32) & np.uint32(NUMBER) for name in "so")
        pairs = pack(one, other)
        if len(self._equality.merge(pairs)) == 0:
            return
        codes = self._database.codes()
        cliques = self._equality.cliques
        if int((np.bincount(high(cliques)).astype(np.uint64) ** 2).sum()) > self.budget.derived:
            self._stop()
        pairs_of = {"one": codes[high(cliques)], "other": codes[low(cliques)]}
        self._database.put("equal", pairs_of, "SELECT a.other AS one, b.other FROM given a JOIN given b USING (one)")
        self._database.sql(
            f"CREATE OR REPLACE TABLE found AS {_EXPANDED.format(table='known')} LIMIT {self.budget.derived + 1}"
        )
        self._check_size("found")
        self._database.sql("CREATE OR REPLACE TABLE more AS SELECT s, p, o FROM found ANTI JOIN known USING (s, p, o)")
        self._database.sql("INSERT INTO known SELECT s, p, o, FALSE FROM more")
        self._database.sql("INSERT INTO fresh SELECT s, p, o FROM more")
        self._check_size("known")

    def _stop(self) -> None:
        """Say which property grew beyond the budget, and where it is widest."""
        p, rows = self._database.sql(
            "SELECT p, count(*) FROM fresh GROUP BY p ORDER BY count(*) DESC, p LIMIT 1"
        ).fetchall()[0]
        s, group = self._database.sql(
            "SELECT s, count(*) FROM known WHERE p = $p GROUP BY s ORDER BY count(*) DESC, s LIMIT 1", {"p": p}
        ).fetchall()[0]
        message = (
            f"Stopped at more than {self.budget.derived:,} triples: {rows:,} had just been added to {self._database.text(p)}. "
            f"The largest group has {group:,} rows, at {self._database.text(s)}."
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
        s, p, o = map(self._database.code, triple)
        found = self._database.sql(
            "SELECT count(*) FROM known WHERE s = $s AND p = $p AND o = $o AND asserted", {"s": s, "p": p, "o": o}
        ).fetchall()
        return bool(found[0][0])

    def _worth_keeping(self) -> str:
        """The filter of `tidy` as a condition."""

        def codes(iris: Iterable[str]) -> str:
            return ", ".join(str(self._database.code(f"<{iri}>")) for iri in sorted(iris))

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

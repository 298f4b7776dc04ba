"""Larger than memory: the same rules as SQL joins over integer triples, round by round to the fixpoint."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from citygraph.errors import ReasoningError
from citygraph.rdf import Quad, Triple
from citygraph.reason.closure import Budget, Contradiction, FlatRule, RuleBook, TripleText
from citygraph.reason.columns import Ids, high, low, pack
from citygraph.reason.encode import BLANK, LITERAL, Columns, Dictionary, encode_terms
from citygraph.reason.equality import Equality
from citygraph.reason.specialise import SAME, TYPE, schema_classes, schema_predicates, specialise
from citygraph.reason.sql_rules import BLANK as BLANK_KIND
from citygraph.reason.sql_rules import LITERAL as LITERAL_KIND
from citygraph.reason.sql_rules import VOCABULARY, Shape, shapes_of, shortened
from citygraph.reason.state import spelled_rules
from citygraph.reason.tidy import CLASS_PREDICATES, EVERYTHING, REFLEXIVE_PREDICATES, VOCABULARIES
from citygraph.reason.told import LIST_PREDICATES, Violation, tell_once, with_names
from citygraph.reason.values import Values

if TYPE_CHECKING:
    import duckdb

__all__ = ["DuckdbClosure", "close"]

_KIND: Final = 30
_NUMBER: Final = (1 << _KIND) - 1
_MEMORY: Final = "4GB"
_INSTALL: Final = "Install it with: pip install 'citygraph[duckdb]'"


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
        self._folder = tempfile.TemporaryDirectory(prefix="citygraph-")
        self._connection = _open(Path(self._folder.name), memory_limit)
        self._finalizer = weakref.finalize(self, _discard, self._connection, self._folder)
        self._load(columns)

    def close(self) -> None:
        """Give back the disk; the closure cannot be asked any more."""
        self._finalizer()

    def run(self) -> None:
        """Run all rules to the fixpoint; the ontology is read again as long as the data changes it.

        Raises:
            ReasoningError: a limit was reached, or the disk is full.
        """
        while self._learn():
            self._sql("CREATE OR REPLACE TABLE fresh AS SELECT s, p, o FROM known")
            self._merge_equals()
            while self._one("SELECT count(*) FROM fresh"):
                self._round()

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Every violation of a contradiction rule; found when first asked for."""
        if self._contradictions is None:
            told = tell_once(
                self._violations(), representative=self._representative, is_asserted=self._is_asserted
            )
            self._contradictions = tuple(
                Contradiction(rule.name, self._triples(premises), self._triples(rule.axioms)) for rule, premises in told
            )
        return self._contradictions

    def size(self) -> int:
        """How many triples the closure has."""
        return self._one("SELECT count(*) FROM known")

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter."""
        cursor = self._connection.cursor()
        cursor.execute(f"SELECT s & {_NUMBER}, p & {_NUMBER}, o & {_NUMBER} FROM known WHERE {self._worth_keeping()}")  # noqa: S608
        while rows := cursor.fetchmany(10_000):
            terms = self.dictionary.terms(number for row in rows for number in row)
            yield from (Triple(*terms[i : i + 3]) for i in range(0, len(terms), 3))  # type: ignore[arg-type]

    def count_inferred(self) -> int:
        """How many triples `inferred` gives."""
        return self._one(f"SELECT count(*) FROM known WHERE {self._worth_keeping()}")  # noqa: S608

    # -- loading --------------------------------------------------------------------------------

    def _load(self, columns: Columns) -> None:
        """Put the asserted triples into `known`, ordered so that a predicate lies together."""
        codes = self._codes()
        self._connection.register(
            "given", {"s": codes[columns.subjects], "p": codes[columns.predicates], "o": codes[columns.objects]}
        )
        self._sql("CREATE TABLE known AS SELECT DISTINCT s, p, o, TRUE AS asserted FROM given")
        self._connection.unregister("given")
        self._sql("CREATE TABLE equal (one UINTEGER, other UINTEGER)")
        self._sql("CREATE TABLE twin (literal UINTEGER, key UINTEGER)")
        self._sql("CREATE TABLE outside (n UINTEGER, literal UINTEGER)")
        for table in ("known", "fresh"):
            self._sql("CREATE TABLE IF NOT EXISTS fresh (s UINTEGER, p UINTEGER, o UINTEGER)")
            self._sql(
                f"CREATE VIEW {table}_by_value AS SELECT x.s, x.p, x.o, coalesce(w.key, x.o) AS v "  # noqa: S608
                f"FROM {table} x LEFT JOIN twin w ON w.literal = x.o"
            )
        self._sql(
            "CREATE VIEW first_literals AS SELECT s, p, min(o) AS o FROM known "
            f"WHERE o >= {LITERAL_KIND << _KIND} GROUP BY s, p HAVING count(*) > 1"
        )

    def _codes(self) -> Ids:
        """For every term its number with its kind in the highest bits."""
        kinds = self.dictionary.kinds()
        starts = tuple(f"<{prefix}".encode() for prefix in VOCABULARIES)
        codes = np.arange(len(kinds), dtype=np.uint32)
        codes |= (kinds == LITERAL).astype(np.uint32) * np.uint32(LITERAL_KIND << _KIND)
        codes |= (kinds == BLANK).astype(np.uint32) * np.uint32(BLANK_KIND << _KIND)
        texts = self.dictionary.texts()
        vocabulary = np.fromiter((text.startswith(starts) for text in texts), np.bool_, len(texts))
        return codes | vocabulary.astype(np.uint32) * np.uint32(VOCABULARY << _KIND)

    def _code(self, text: str) -> int:
        """The number of one term, with its kind."""
        kind = {"_": BLANK_KIND, '"': LITERAL_KIND}.get(text[0], 0)
        if text.startswith(tuple(f"<{prefix}" for prefix in VOCABULARIES)):
            kind = VOCABULARY
        return self.dictionary.number(text) | kind << _KIND

    def _text(self, code: int) -> str:
        return self.dictionary.text(code & _NUMBER)

    def _texts(self, codes: tuple[int, ...]) -> tuple[TripleText, ...]:
        texts = [self._text(code) for code in codes]
        return tuple((texts[i], texts[i + 1], texts[i + 2]) for i in range(0, len(texts), 3))

    def _triples(self, texts: tuple[TripleText, ...]) -> tuple[Triple, ...]:
        terms = self.dictionary.terms(self.dictionary.number(t) for triple in texts for t in triple)
        return tuple(Triple(*terms[i : i + 3]) for i in range(0, len(terms), 3))  # type: ignore[arg-type]

    # -- the rules ------------------------------------------------------------------------------

    def _learn(self) -> bool:
        """Make the rules from the axioms that are known. Whether there are axioms not learned from before."""
        axioms = self._schema_triples()
        equal = any(self._representative(term) != term for triple in axioms for term in triple)
        if self.book.equality and equal == self._learned_equal and axioms <= self._learned | self.book.schema.keys():
            return False
        self._learned, self._learned_equal = axioms | self._learned, equal
        self.book = with_names(specialise(self._learned, representatives=equal), self._schema_triples(only_asserted=True))
        self._values.update()
        self._fill("twin", [(self._code_of(n), self._code_of(key)) for key, n in _pairs(self._values.twins)])
        rules = [one for rule in self.book.rules if rule.body for one in self._spelled(rule)]
        self._shapes = shapes_of(shortened(rules), self._code, prefix="rules")
        for shape in self._shapes:
            self._sql(shape.table_of_rules())
        facts = [(r.head.subject, r.head.predicate, r.head.object) for r in self.book.rules if r.head and not r.body]
        rows = [tuple(map(self._code, triple)) for triple in (*self.book.schema, *facts)]
        self._sql("CREATE OR REPLACE TABLE found (s UINTEGER, p UINTEGER, o UINTEGER)")
        self._fill("found", sorted(set(rows)))
        self._keep_new("found")
        return True

    def _spelled(self, rule: FlatRule) -> list[FlatRule]:
        """The rule once for every spelling of the literals in its body."""
        return spelled_rules(rule, self.dictionary, self._values)

    def _code_of(self, number: int) -> int:
        return self._code(self.dictionary.text(number))

    def _schema_triples(self, *, only_asserted: bool = False) -> frozenset[TripleText]:
        predicates = ", ".join(str(self._code(term)) for term in sorted(schema_predicates()))
        classes = ", ".join(str(self._code(term)) for term in sorted(schema_classes()))
        # A cell that got the equals of its member as members too would be no list any more.
        cells = ", ".join(str(self._code(term)) for term in sorted(LIST_PREDICATES))
        rows = self._sql(
            f"SELECT s, p, o FROM known WHERE (p IN ({predicates}) OR (p = {self._code(TYPE)} AND o IN ({classes}))) "  # noqa: S608
            f"AND (asserted OR {'FALSE' if only_asserted else f'p NOT IN ({cells})'})"
        ).fetchall()
        return frozenset(self._texts(row)[0] for row in rows)

    def _round(self) -> None:
        """Every rule over what the last round added; what is new becomes what the next round looks at."""
        by_value = len(self._values.twins) > 0
        statements = [statement for shape in self._shapes for statement in shape.conclusions(by_value=by_value)]
        if not statements:
            self._sql("DELETE FROM fresh")
            return
        longest = self.budget.derived + 1
        union = " UNION ALL ".join(statements)
        self._sql(f"CREATE OR REPLACE TABLE found AS SELECT DISTINCT s, p, o FROM ({union}) LIMIT {longest}")  # noqa: S608
        self._keep_new("found")
        self._merge_equals()

    def _keep_new(self, source: str) -> None:
        """Make `fresh` what is in `source`, written out over equal terms, and not known yet."""
        self._sql(f"CREATE OR REPLACE TABLE fresh AS SELECT s, p, o FROM {source} ANTI JOIN known USING (s, p, o)")  # noqa: S608
        if len(self._equality.cliques):
            self._sql(f"CREATE OR REPLACE TABLE found AS {_EXPANDED.format(table='fresh')}")
            self._sql("INSERT INTO fresh SELECT s, p, o FROM found ANTI JOIN known USING (s, p, o)")
            self._sql("CREATE OR REPLACE TABLE fresh AS SELECT DISTINCT s, p, o FROM fresh")
        self._add_fresh()

    def _add_fresh(self) -> None:
        self._sql("INSERT INTO known SELECT s, p, o, FALSE FROM fresh")
        if self.size() > self.budget.derived:
            self._stop()

    def _merge_equals(self) -> None:
        """Find out who has become equal, and say of each what is known of the others."""
        self._equality.grow(len(self.dictionary))
        rows = self._sql(
            "SELECT s, o FROM fresh WHERE p = $same AND s <> o AND s < $literal AND o < $literal",
            {"same": self._code(SAME), "literal": LITERAL_KIND << _KIND},
        ).fetchnumpy()
        # An empty answer has no type of its own.
        one, other = (np.asarray(rows[name]).astype(np.uint32) & np.uint32(_NUMBER) for name in "so")
        pairs = pack(one, other)
        if len(self._equality.merge(pairs)) == 0:
            return
        codes = self._codes()
        cliques = self._equality.cliques
        if int((np.bincount(high(cliques)).astype(np.uint64) ** 2).sum()) > self.budget.derived:
            self._stop()
        self._connection.register("cliques", {"one": codes[high(cliques)], "other": codes[low(cliques)]})
        self._sql("CREATE OR REPLACE TABLE equal AS SELECT a.other AS one, b.other FROM cliques a JOIN cliques b USING (one)")
        self._connection.unregister("cliques")
        self._sql(f"CREATE OR REPLACE TABLE found AS {_EXPANDED.format(table='known')} LIMIT {self.budget.derived + 1}")
        self._sql("CREATE OR REPLACE TABLE more AS SELECT s, p, o FROM found ANTI JOIN known USING (s, p, o)")
        self._sql("INSERT INTO known SELECT s, p, o, FALSE FROM more")
        self._sql("INSERT INTO fresh SELECT s, p, o FROM more")
        if self.size() > self.budget.derived:
            self._stop()

    def _stop(self) -> None:
        """Say which property grew beyond the budget, and where it is widest."""
        p, rows = self._sql("SELECT p, count(*) FROM fresh GROUP BY p ORDER BY count(*) DESC, p LIMIT 1").fetchall()[0]
        s, group = self._sql(
            "SELECT s, count(*) FROM known WHERE p = $p GROUP BY s ORDER BY count(*) DESC, s LIMIT 1", {"p": p}
        ).fetchall()[0]
        message = (
            f"Stopped at more than {self.budget.derived:,} triples: {rows:,} had just been added to {self._text(p)}. "
            f"The largest group has {group:,} rows, at {self._text(s)}."
        )
        raise ReasoningError(message, fix="Look for a value that many things share by mistake, or raise the budget.")

    # -- contradictions -------------------------------------------------------------------------

    def _violations(self) -> Iterator[Violation]:
        rules = [one for rule in self.book.contradictions for one in self._spelled(rule)]
        for rule in rules:
            if rule.check is not None and rule.check.kind == "ill-typed":
                yield from self._ill_typed(rule)
            elif all(atom.predicate == SAME and not atom.variables() for atom in rule.body):
                if all(self._representative(a.subject) == self._representative(a.object) for a in rule.body):
                    yield rule, tuple((a.subject, a.predicate, a.object) for a in rule.body)
        joined = [rule for rule in rules if rule.check is None or rule.check.kind != "ill-typed"]
        by_value = len(self._values.twins) > 0
        for shape in shapes_of(joined, self._code, prefix="contradictions"):
            self._sql(shape.table_of_rules())
            if shape.form.check and shape.form.check[0] == "outside":
                self._look_outside(shape, joined)
            for row in self._sql(shape.violations(by_value=by_value)).fetchall():
                rule = joined[row[0]]
                if self._meets_check(rule, row[1:]):
                    yield rule, (*self._texts(row[1:]), *self._equal_premises(rule, row[1:]))

    def _ill_typed(self, rule: FlatRule) -> Iterator[Violation]:
        bad = ", ".join(str(self._code_of(number)) for number in self._values.ill_typed)
        if bad:
            for row in self._sql(f"SELECT s, p, o FROM known WHERE asserted AND o IN ({bad})").fetchall():  # noqa: S608
                yield rule, self._texts(row)

    def _look_outside(self, shape: Shape, rules: list[FlatRule]) -> None:
        """Put the literals that are no values of the datatype into `outside`, rule by rule."""
        ill_typed = set(self._values.ill_typed)
        bad = []
        for n, code in self._sql(shape.literals_to_check()).fetchall():
            check = rules[n].check
            number = code & _NUMBER
            # Ill-typed literals have a rule of their own; one written with this very datatype is inside otherwise.
            if check and number not in ill_typed and self._values.outside(number, check.terms[1]):
                bad.append((n, code))
        self._fill("outside", bad)

    def _meets_check(self, rule: FlatRule, codes: tuple[int, ...]) -> bool:
        if rule.check is None or rule.check.kind != "differ":
            return True
        return self._values.differ(codes[-4] & _NUMBER, codes[-1] & _NUMBER)

    def _equal_premises(self, rule: FlatRule, codes: tuple[int, ...]) -> Iterator[TripleText]:
        """The atoms of a rule that say `owl:sameAs`, with the terms of the other premises."""
        joined = [atom for atom in rule.body if atom.predicate != SAME]
        values: dict[str, str] = {}
        for atom, (s, p, o) in zip(joined, self._texts(codes), strict=True):
            values |= {atom.subject: s, atom.predicate: p, atom.object: o}
        for atom in rule.body:
            if atom.predicate == SAME:
                yield values.get(atom.subject, atom.subject), SAME, values.get(atom.object, atom.object)

    def _representative(self, text: str) -> str:
        number = self.dictionary.number(text)
        if number >= len(self._equality.representatives):
            return text
        return self.dictionary.text(int(self._equality.representatives[number]))

    def _is_asserted(self, triple: TripleText) -> bool:
        s, p, o = map(self._code, triple)
        found = self._sql(
            "SELECT count(*) FROM known WHERE s = $s AND p = $p AND o = $o AND asserted", {"s": s, "p": p, "o": o}
        ).fetchall()
        return bool(found[0][0])

    # -- the database ---------------------------------------------------------------------------

    def _worth_keeping(self) -> str:
        """The filter of `tidy` as a condition."""

        def codes(iris: Iterable[str]) -> str:
            return ", ".join(str(self._code(f"<{iri}>")) for iri in sorted(iris))

        classes, reflexive = codes(CLASS_PREDICATES), codes(REFLEXIVE_PREDICATES)
        anonymous = f"o BETWEEN {BLANK_KIND << _KIND} AND {(LITERAL_KIND << _KIND) - 1}"
        return (
            f"NOT asserted AND s < {VOCABULARY << _KIND} AND p < {BLANK_KIND << _KIND} "
            f"AND NOT (p IN ({classes}) AND ({anonymous} OR o IN ({codes(EVERYTHING)}))) "
            f"AND NOT (s = o AND p IN ({reflexive}))"
        )

    def _fill(self, table: str, rows: list[tuple[int, ...]]) -> None:
        """Replace the rows of a table."""
        self._sql(f"DELETE FROM {table}")  # noqa: S608
        if rows:
            values = ", ".join(f"({', '.join(map(str, row))})" for row in rows)
            self._sql(f"INSERT INTO {table} VALUES {values}")  # noqa: S608

    def _one(self, text: str) -> int:
        return int(self._sql(text).fetchall()[0][0])

    def _sql(self, text: str, values: dict[str, int] | None = None) -> Any:  # noqa: ANN401  # a DuckDB result
        import duckdb  # noqa: PLC0415

        try:
            return self._connection.execute(text, values)
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            reason = str(error).partition("\n")[0]
            message = f"The database of the reasoner has no room left: {reason}"
            raise ReasoningError(message, fix="Make room on the disk, or raise reason.memory_limit.") from error


_EXPANDED: Final = (
    "SELECT DISTINCT coalesce(a.other, x.s) AS s, coalesce(b.other, x.p) AS p, coalesce(c.other, x.o) AS o "
    "FROM {table} x LEFT JOIN equal a ON a.one = x.s LEFT JOIN equal b ON b.one = x.p LEFT JOIN equal c ON c.one = x.o "
    "WHERE a.one IS NOT NULL OR b.one IS NOT NULL OR c.one IS NOT NULL"
)
"""A table's triples about equal terms, once for each way to name them."""


def _open(folder: Path, memory_limit: str) -> duckdb.DuckDBPyConnection:
    try:
        import duckdb  # noqa: PLC0415  # an extra of its own
    except ImportError as error:
        message = "The engine duckdb needs the package duckdb, which is not installed."
        raise ReasoningError(message, fix=_INSTALL) from error
    settings = {
        "memory_limit": memory_limit,
        "temp_directory": str(folder / "spilled"),
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
    }
    try:
        return duckdb.connect(str(folder / "closure.duckdb"), config=settings)
    except duckdb.Error as error:
        message = f"The database of the reasoner cannot be opened: {str(error).partition(chr(10))[0]}"
        raise ReasoningError(message, fix='Write the limit as a number and a unit: memory_limit = "4GB".') from error


def _discard(connection: duckdb.DuckDBPyConnection, folder: tempfile.TemporaryDirectory[str]) -> None:
    connection.close()
    folder.cleanup()


def _pairs(packed: Any) -> list[tuple[int, int]]:  # noqa: ANN401
    return list(zip(high(packed).tolist(), low(packed).tolist(), strict=True))

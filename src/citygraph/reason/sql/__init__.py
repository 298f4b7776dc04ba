"""The rules as SQL joins over numbered triples, round by round to the fixpoint, in a database that can do that.

Read in this order:

- `compiler`: flat rules to SQL, one statement for each shape of rule;
- this file: what is asked of a database, the rounds, equality, and the contradictions;
- `duckdb`, `spark`: the two databases.
"""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.rdf import Triple
from citygraph.reason.closure import (
    CLASS_PREDICATES,
    EVERYTHING,
    MOST_TOLD,
    REFLEXIVE_PREDICATES,
    Budget,
    Contradiction,
    FlatRule,
    RuleBook,
    TripleText,
)
from citygraph.reason.columnar.equality import Equality
from citygraph.reason.columnar.relations import Columns, Ids, high, low, pack
from citygraph.reason.columnar.state import spelled_rules
from citygraph.reason.columnar.terms import Dictionary, Values
from citygraph.reason.rules import SAME, TYPE, expand
from citygraph.reason.specialise import schema_classes, schema_predicates, specialise
from citygraph.reason.sql.compiler import (
    BLANK_KIND,
    KIND,
    LITERAL_KIND,
    NO_CLASS,
    NUMBER,
    VOCABULARY_KIND,
    Codes,
    Present,
    Row,
    RuleShape,
    conclusions,
    listed,
    literals_to_check,
    of_heads,
    reading,
    shapes_of,
    shortened,
    violations,
)

__all__ = ["LIST_PREDICATES", "SqlClosure", "Violation", "with_stated_contradictions", "without_repeats"]


class Database(Protocol):
    """Tables of codes. Queries are made of numbers and of names written in these modules; no term comes near them.

    They are in the words that DuckDB and Spark share, but for `ANTI JOIN`, which each writes its own way. Where a
    query is asked for, the name of a table stands for all its rows, which the database need not copy.
    Every method raises a ReasoningError when there is no room left, or the database is lost.
    """

    def put(self, table: str, columns: Mapping[str, Ids], query: str = "given") -> None:
        """Make a table, or make it anew, by a query that reads `given`, which has these columns."""
        ...

    def make(self, table: str, query: str, *, most: int | None = None) -> None:
        """Make a table, or make it anew, of what the query answers, the old table perhaps.

        `most` is how many rows are of any use: a database that can stop there cheaply does.
        """
        ...

    def append(self, table: str, query: str) -> None:
        """Add what the query answers to a table."""
        ...

    def view(self, name: str, query: str) -> None:
        """Give a name to a query, which is asked of the tables as they are whenever the name is used."""
        ...

    def count(self, table: str) -> int:
        """How many rows a table has."""
        ...

    def rows(self, query: str) -> list[Row]:
        """The answer of a query that has few rows."""
        ...

    def numbers(self, query: str) -> dict[str, NDArray[Any]]:
        """The answer of a query as columns of numbers, by name."""
        ...

    def stream(self, query: str) -> Iterator[list[Row]]:
        """The answer of a query in pieces."""
        ...

    def close(self) -> object:
        """Give everything back; the database cannot be asked any more."""
        ...


def fill(database: Database, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
    """Make a table with these columns of a few rows."""
    numbers = np.array(rows, np.uint32).reshape(len(rows), len(names))
    database.put(table, dict(zip(names, np.ascontiguousarray(numbers.T), strict=True)))


LIST_PREDICATES: Final = frozenset({expand("rdf:first"), expand("rdf:rest")})
"""What lists are made of. Only lists that somebody wrote are read."""

Violation: TypeAlias = tuple[FlatRule, tuple[TripleText, ...]]
"""A rule that concludes a contradiction, and premises that match its body."""


_TRIPLE: Final = ("s", "p", "o")
_SPELLINGS: Final = 20
_NEW: Final = "SELECT s, p, o, FALSE AS asserted FROM {source} ANTI JOIN (SELECT s, p, o FROM known WHERE {among}) AS k USING (s, p, o)"
_EXPANDED: Final = (
    "SELECT DISTINCT coalesce(a.other, x.s) AS s, coalesce(b.other, x.p) AS p, coalesce(c.other, x.o) AS o "
    "FROM {table} x LEFT JOIN equal a ON a.one = x.s LEFT JOIN equal b ON b.one = x.p LEFT JOIN equal c ON c.one = x.o "
    "WHERE a.one IS NOT NULL OR b.one IS NOT NULL OR c.one IS NOT NULL"
)
"""A table's triples about equal terms, once for each way to name them."""


class SqlClosure:
    """A closure in a database of its own, which goes when the closure is closed or forgotten."""

    def __init__(self, columns: Columns, dictionary: Dictionary, budget: Budget, database: Database) -> None:
        self.dictionary = dictionary
        self.budget = budget
        self.book = RuleBook((), (), (), {})
        self._values = Values(dictionary)
        self._equality = Equality(0)
        self._shapes: list[RuleShape] = []
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
            self._database.make("fresh", "known")
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
            # In several spellings, of which one is told.
            read = islice(found, _SPELLINGS * MOST_TOLD)
            once = without_repeats(read, representative=self._representative, is_asserted=self._is_asserted)
            more = Counter(rule.name for rule, _ in chain(once[MOST_TOLD:], found))
            self._contradictions = (
                *(Contradiction(r.name, self._triples(p), self._triples(r.axioms)) for r, p in once[:MOST_TOLD]),
                *(Contradiction(name, (), more=count) for name, count in more.items()),
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
        fill(self._database, "equal", ("one", "other"), ())
        fill(self._database, "twin", ("literal", "key"), ())
        self._database.make("fresh", "known")
        for table in ("known", "fresh"):
            self._database.view(
                f"{table}_by_value",
                f"SELECT x.s, x.p, x.o, coalesce(w.key, x.o) AS v FROM {table} x LEFT JOIN twin w ON w.literal = x.o",
            )
        self._database.view(
            "first_literals",
            f"SELECT s, p, min(o) AS o FROM known WHERE o >= {LITERAL_KIND << KIND} GROUP BY s, p HAVING count(*) > 1",
        )

    # -- the rules ------------------------------------------------------------------------------

    def _learn(self) -> bool:
        """Make the rules from the axioms that are known. Whether there are axioms not learned from before."""
        axioms, asserted = self._schema_triples()
        equal = any(self._representative(term) != term for triple in axioms for term in triple)
        if self.book.equality and equal == self._learned_equal and axioms <= self._learned | self.book.schema.keys():
            return False
        self._learned, self._learned_equal = axioms | self._learned, equal
        self.book = with_stated_contradictions(specialise(self._learned, representatives=equal), asserted)
        self._values.update()
        code_of = self._codes.code_of
        twins = [(code_of(n), code_of(key)) for key, n in _pairs(self._values.twins)]
        fill(self._database, "twin", ("literal", "key"), twins)
        rules = [one for rule in self.book.rules if rule.body for one in self._spelled(rule)]
        self._shapes = shapes_of(shortened(rules), self._codes.code, prefix="rules")
        for shape in self._shapes:
            fill(self._database, shape.table, shape.columns, shape.rows)
        facts = [(r.head.subject, r.head.predicate, r.head.object) for r in self.book.rules if r.head and not r.body]
        rows = [tuple(map(self._codes.code, triple)) for triple in (*self.book.schema, *facts)]
        fill(self._database, "found", _TRIPLE, sorted(set(rows)))
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
        self._database.make("fresh", new, most=self.budget.derived + 1)
        self._check_size("fresh")
        if len(self._equality.cliques):
            self._database.make("found", _EXPANDED.format(table="fresh"))
            self._database.append("fresh", _NEW.format(source="found", among="TRUE"))
            self._database.make("fresh", "SELECT DISTINCT s, p, o, FALSE AS asserted FROM fresh")
        self._database.append("known", "fresh")
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
        same, literal = self._codes.code(SAME), LITERAL_KIND << KIND
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
        most = self.budget.written_out(self._database.count("known"))
        if int((np.bincount(high(cliques)).astype(np.uint64) ** 2).sum()) > most:
            self._stop(most)
        pairs_of = {"one": codes[high(cliques)], "other": codes[low(cliques)]}
        self._database.put("equal", pairs_of, "SELECT a.other AS one, b.other FROM given a JOIN given b USING (one)")
        expanded = _EXPANDED.format(table="known")
        self._database.make("found", expanded, most=most + 1)
        if self._database.count("found") > most:
            self._stop(most)
        self._database.make("more", _NEW.format(source="found", among="TRUE"))
        self._database.append("known", "more")
        self._database.append("fresh", "more")
        self._check_size("known")
        self._count_fresh()

    def _stop(self, most: int | None = None) -> None:
        """Say which property grew beyond the budget, and where it is widest."""
        widest = "SELECT {0}, count(*) AS n FROM {1} GROUP BY {0} ORDER BY n DESC, {0} LIMIT 1"
        p, rows = self._database.rows(widest.format("p", "fresh"))[0]
        s, group = self._database.rows(widest.format("s", f"known WHERE p = {p}"))[0]
        limit = sentence("reasoner.budget.triples", most=self.budget.derived if most is None else most)
        message = sentence("reasoner.budget.stopped_round", limit=limit, rows=rows, name=self._codes.text(p))
        message = sentence("reasoner.budget.group", message=message, rows=group, name=self._codes.text(s))
        raise ReasoningError(message, fix=sentence("reasoner.budget.look"))

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
        anonymous = f"o BETWEEN {BLANK_KIND << KIND} AND {(LITERAL_KIND << KIND) - 1}"
        return (
            f"NOT asserted AND s < {VOCABULARY_KIND << KIND} AND p < {BLANK_KIND << KIND} "
            f"AND NOT (p IN ({classes}) AND ({anonymous} OR o IN ({codes(EVERYTHING)}))) "
            f"AND NOT (s = o AND p IN ({reflexive}))"
        )


def _pairs(packed: Any) -> list[tuple[int, int]]:  # noqa: ANN401
    return list(zip(high(packed).tolist(), low(packed).tolist(), strict=True))


def _comma(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


class Violations:
    """Looks for violations; Python looks at the literals, the database does the rest."""

    def __init__(self, database: Database, codes: Codes, values: Values, first: Callable[[str], str]) -> None:
        """`first` gives of several equal terms always the same one."""
        self._database = database
        self._codes = codes
        self._values = values
        self._first = first

    def find(self, rules: Sequence[FlatRule], known: Present) -> Iterator[Violation]:
        """The premises of every match of these rules, in all spellings of equal terms; `known` is what there is."""
        for rule in rules:
            if rule.check is not None and rule.check.kind == "ill-typed":
                yield from self._ill_typed(rule)
            elif self._makes_constants_equal(rule):
                yield rule, tuple((a.subject, a.predicate, a.object) for a in rule.body)
        joined = [rule for rule in rules if rule.check is None or rule.check.kind != "ill-typed"]
        by_value = len(self._values.twins) > 0
        for shape in shapes_of(joined, self._codes.code, prefix="contradictions"):
            shape.rows = reading(shape, known)
            if not shape.rows:
                continue
            fill(self._database, shape.table, shape.columns, shape.rows)
            if shape.form.check and shape.form.check[0] == "outside":
                self._look_outside(shape, joined)
            for row in self._database.rows(violations(shape, by_value=by_value)):
                rule = joined[row[0]]
                if self._meets_check(rule, row[1:]):
                    yield rule, (*self._codes.texts(row[1:]), *self._equal_premises(rule, row[1:]))

    def _makes_constants_equal(self, rule: FlatRule) -> bool:
        """Whether the rule speaks of nothing but named terms that must not be equal, and they are."""
        return all(
            atom.predicate == SAME and not atom.variables() and self._first(atom.subject) == self._first(atom.object)
            for atom in rule.body
        )

    def _ill_typed(self, rule: FlatRule) -> Iterator[Violation]:
        bad = ", ".join(str(self._codes.code_of(number)) for number in self._values.ill_typed)
        if bad:
            for row in self._database.rows(f"SELECT s, p, o FROM known WHERE asserted AND o IN ({bad})"):
                yield rule, self._codes.texts(row)

    def _look_outside(self, shape: RuleShape, rules: list[FlatRule]) -> None:
        """Put the literals that are no values of the datatype into `outside`, rule by rule."""
        ill_typed = set(self._values.ill_typed)
        bad = []
        for n, code in self._database.rows(literals_to_check(shape)):
            check = rules[n].check
            number = code & NUMBER
            # Ill-typed literals have a rule of their own; one written with this very datatype is inside otherwise.
            if check and number not in ill_typed and self._values.outside(number, check.terms[1]):
                bad.append((n, code))
        fill(self._database, "outside", ("n", "literal"), bad)

    def _meets_check(self, rule: FlatRule, codes: tuple[int, ...]) -> bool:
        if rule.check is None or rule.check.kind != "differ":
            return True
        return self._values.differ(codes[-4] & NUMBER, codes[-1] & NUMBER)

    def _equal_premises(self, rule: FlatRule, codes: tuple[int, ...]) -> Iterator[TripleText]:
        """The atoms of a rule that say `owl:sameAs`, with the terms of the other premises."""
        joined = [atom for atom in rule.body if atom.predicate != SAME]
        values: dict[str, str] = {}
        for atom, (s, p, o) in zip(joined, self._codes.texts(codes), strict=True):
            values |= {atom.subject: s, atom.predicate: p, atom.object: o}
        for atom in rule.body:
            if atom.predicate == SAME:
                yield values.get(atom.subject, atom.subject), SAME, values.get(atom.object, atom.object)


def without_repeats(
    violations: Iterable[Violation], *, representative: Callable[[str], str], is_asserted: Callable[[TripleText], bool]
) -> list[Violation]:
    """One of the violations that differ only in which of several equal terms they name, in a stable order."""
    best: dict[tuple[str, frozenset[TripleText]], tuple[tuple[int, int, tuple[TripleText, ...]], Violation]] = {}
    for rule, premises in violations:
        key = (rule.name, frozenset((representative(s), representative(p), representative(o)) for s, p, o in premises))
        # Stated before derived; what is said of a pair of equals counts less than what is said of them.
        unsaid = sum(not is_asserted(triple) for triple in premises if triple[1] != SAME)
        equal = sum(_distance(triple, is_asserted) for triple in premises if triple[1] == SAME)
        rank = (unsaid, equal, premises)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, (rule, premises))
    return [violation for _, violation in best.values()]


def with_stated_contradictions(book: RuleBook, stated: Iterable[TripleText]) -> RuleBook:
    """The book with the contradictions of the axioms as stated besides: equal classes make different rules alike."""
    named = specialise(stated)
    return replace(book, contradictions=tuple(dict.fromkeys((*named.contradictions, *book.contradictions))))


def _distance(equal: TripleText, is_asserted: Callable[[TripleText], bool]) -> int:
    """How far a statement of equality is from what people wrote; `x owl:sameAs x` says least."""
    s, p, o = equal
    return 0 if is_asserted(equal) else 2 if s == o else 1 - is_asserted((o, p, s))

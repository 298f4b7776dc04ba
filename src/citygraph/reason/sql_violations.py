"""Every violation of a contradiction rule in a database of numbered triples."""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from citygraph.reason.closure import FlatRule, TripleText
from citygraph.reason.rule_text import SAME
from citygraph.reason.sql_codes import NUMBER, Codes
from citygraph.reason.sql_conclusions import reading
from citygraph.reason.sql_database import Database
from citygraph.reason.sql_present import Present
from citygraph.reason.sql_rules import Shape, shapes_of
from citygraph.reason.told import Violation
from citygraph.reason.values import Values

__all__ = ["Violations"]


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
            self._database.fill(shape.table, shape.columns, shape.rows)
            if shape.form.check and shape.form.check[0] == "outside":
                self._look_outside(shape, joined)
            for row in self._database.rows(shape.violations(by_value=by_value)):
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

    def _look_outside(self, shape: Shape, rules: list[FlatRule]) -> None:
        """Put the literals that are no values of the datatype into `outside`, rule by rule."""
        ill_typed = set(self._values.ill_typed)
        bad = []
        for n, code in self._database.rows(shape.literals_to_check()):
            check = rules[n].check
            number = code & NUMBER
            # Ill-typed literals have a rule of their own; one written with this very datatype is inside otherwise.
            if check and number not in ill_typed and self._values.outside(number, check.terms[1]):
                bad.append((n, code))
        self._database.fill("outside", ("n", "literal"), bad)

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

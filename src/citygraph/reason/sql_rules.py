"""Flat rules as SQL over a table of numbered triples: one statement for each shape of rule, not for each rule.

Rules that differ in their constants only have one shape; their constants are the rows of a table that the
statement joins. Everything in the text is a number or a name made here: no term ever comes near it.
"""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from citygraph.reason.closure import Atom, Check, FlatRule, is_variable
from citygraph.reason.rule_text import SAME, TYPE
from citygraph.reason.sql_present import listed

__all__ = [
    "BLANK",
    "FIRST_LITERAL",
    "KIND",
    "LITERAL",
    "OWN_IRI",
    "VOCABULARY",
    "Form",
    "Place",
    "Places",
    "Shape",
    "all_of",
    "constants_of",
    "shapes_of",
    "shortened",
    "value_of",
    "valued",
    "values_of",
]

KIND: Final = 30
"""How many bits a term's number has; the two above say what kind of term it is."""

OWN_IRI: Final = 0
VOCABULARY: Final = 1
BLANK: Final = 2
LITERAL: Final = 3
"""The kinds. They stand in the highest bits, so that a test for one is a comparison."""

FIRST_LITERAL: Final = LITERAL << KIND
"""The smallest code of a literal."""
_MOST_RULES: Final = 20_000
_LINKING: Final = frozenset({"prp-fp", "prp-ifp", "prp-key", "cls-maxc2", "cls-maxqc3", "cls-maxqc4"})
"""Rules that make two things equal; whoever has both as literals is not their business."""

Place: TypeAlias = "str"
"""What stands in a place of an atom: `v0`, `v1` … for variables, `c0`, `c1` … for constants, or a number."""
Places: TypeAlias = tuple[Place, Place, Place]


@dataclass(frozen=True, slots=True)
class Form:
    """A rule without its constants."""

    head: Places | None
    body: tuple[Places, ...]
    equal: tuple[tuple[Place, Place], ...]
    links: bool
    check: tuple[str, tuple[Place, ...]] | None


@dataclass(slots=True)
class Shape:
    """Rules of one form, and the statements that look for what contradicts them; `sql_conclusions` has the others.

    `rows` are the table that they read: for each rule its place in the list that was given, then its constants.
    """

    form: Form
    table: str
    rows: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of `rows`."""
        return ("n", *(f"c{i}" for i in range(len(self.rows[0]) - 1)))

    def literals_to_check(self) -> str:
        """The literals that a rule with the check `outside` would have looked at: `n` and `literal`."""
        names, conditions = self._joined(["known"] * len(self.form.body), by_value=False)
        literal = names.of(self._checked()[0])
        conditions.append(f"{literal} >= {FIRST_LITERAL}")
        return f"SELECT DISTINCT r.n, {literal} AS literal {names.source} WHERE {all_of(conditions)}"

    def violations(self, *, by_value: bool) -> str:
        """The number of the rule and its premises, three columns for each."""
        tables = ["known"] * len(self.form.body)
        kind = self.form.check[0] if self.form.check else ""
        if kind == "differ":
            # The first literal of each subject beside each other one; all pairs would be the square of the group.
            tables[-2] = "first_literals"
        names, conditions = self._joined(tables, by_value=by_value and kind != "differ")
        if kind == "outside":
            conditions.append(f"(r.n, {names.of(self._checked()[0])}) IN (SELECT n, literal FROM outside)")
        if kind == "differ":
            one, other = map(names.of, self._checked())
            conditions += [f"{other} >= {FIRST_LITERAL}", f"{other} <> {one}"]
        for one, other in self.form.equal:
            a, b = names.of(one), names.of(other)
            conditions.append(f"({a} = {b} OR EXISTS (SELECT 1 FROM equal e WHERE e.one = {a} AND e.other = {b}))")
        premises = ", ".join(f"a{i}.s, a{i}.p, a{i}.o" for i in range(len(self.form.body)))
        return f"SELECT r.n, {premises} {names.source} WHERE {all_of(conditions)}"

    def _checked(self) -> tuple[Place, ...]:
        if self.form.check is None:
            message = "this shape has no check"
            raise ValueError(message)
        return self.form.check[1]

    def _joined(self, tables: Sequence[str], *, by_value: bool) -> tuple[_Names, list[str]]:
        """The FROM clause over these tables, where each variable is found, and the conditions of the join."""
        by_key = valued(self.form.body) if by_value else frozenset()
        sources, conditions = [f"{self.table} AS r"], []
        columns: dict[Place, str] = {}
        for i, (table, atom) in enumerate(zip(tables, self.form.body, strict=True)):
            sources.append(f"{table}_by_value AS a{i}" if atom[2] in by_key else f"{table} AS a{i}")
            conditions += constants_of(f"a{i}", atom, self.rows)
            for column, place in zip("spo", atom, strict=True):
                here = f"a{i}.{'v' if column == 'o' and place in by_key else column}"
                if not place.startswith("v"):
                    conditions.append(f"{here} = {'r.' if place.startswith('c') else ''}{place}")
                elif place in columns:
                    conditions.append(f"{here} = {columns[place]}")
                else:
                    columns[place] = here
        return _Names(columns, f"FROM {', '.join(sources)}"), conditions


@dataclass(frozen=True, slots=True)
class _Names:
    """Where the variables of a statement are found, and its FROM clause."""

    columns: dict[Place, str]
    source: str

    def of(self, place: Place) -> str:
        """The column of a variable or constant; a number as it is."""
        return self.columns.get(place) or (f"r.{place}" if place.startswith("c") else place)


def shapes_of(rules: Iterable[FlatRule], number: Callable[[str], int], *, prefix: str) -> list[Shape]:
    """The shapes of some rules with a body; the tables of their constants are named `prefix` and a number.

    The atoms of a contradiction that say `owl:sameAs` are no part of the join: equality is looked up.
    """
    found: dict[Form, Shape] = {}
    for n, rule in enumerate(rules):
        form, constants = _form(rule, number)
        if form.body:
            shape = found.setdefault(form, Shape(form, f"{prefix}_{len(found)}"))
            shape.rows.append((n, *constants))
    return list(found.values())


def shortened(rules: Sequence[FlatRule]) -> list[FlatRule]:
    """The rules and, beside them, what rules with one premise conclude one after the other: each saves a round."""
    found = {(rule.head, rule.body): rule for rule in rules}
    single = [rule for rule in rules if rule.head is not None and len(rule.body) == 1]
    readers: dict[str, list[FlatRule]] = defaultdict(list)
    for rule in single:
        readers[rule.body[0].predicate].append(rule)
    waiting = list(single)
    while waiting and len(found) < _MOST_RULES:
        first = waiting.pop()
        if first.head is None:
            continue
        for second in readers.get(first.head.predicate, ()):
            both = _one_after_other(first, second)
            if both is not None and both.head not in both.body and (both.head, both.body) not in found:
                found[both.head, both.body] = both
                waiting.append(both)
    return list(found.values())


def _one_after_other(first: FlatRule, second: FlatRule) -> FlatRule | None:
    """The rule that concludes at once what the second concludes from the first."""
    if first.head is None or second.head is None:
        return None
    values: dict[str, str] = {}
    pairs = zip(_terms(second.body[0]), _terms(first.head), strict=True)
    for wanted, given in pairs:
        if (values.setdefault(wanted, given) if is_variable(wanted) else wanted) != given:
            return None
    head = Atom(*(values.get(term, term) for term in _terms(second.head)))
    # What lies between must be a triple too: its subject may not be a literal.
    between = first.head.subject
    if is_variable(between) and between not in {first.body[0].subject, head.subject}:
        return None
    return FlatRule(second.name, head, first.body, first.axioms + second.axioms)


def _terms(atom: Atom) -> tuple[str, str, str]:
    return atom.subject, atom.predicate, atom.object


def _form(rule: FlatRule, number: Callable[[str], int]) -> tuple[Form, list[int]]:
    variables: dict[str, str] = {}
    constants: dict[str, str] = {}

    def place(term: str) -> Place:
        if is_variable(term):
            return variables.setdefault(term, f"v{len(variables)}")
        # rdf:type is in most rules; as a constant of the text it lets the planner see what it scans.
        return str(number(term)) if term == TYPE else constants.setdefault(term, f"c{len(constants)}")

    def places(atom: Atom) -> Places:
        return place(atom.subject), place(atom.predicate), place(atom.object)

    joined = [atom for atom in rule.body if rule.head is not None or atom.predicate != SAME]
    body = tuple(map(places, joined))
    equal = tuple((place(a.subject), place(a.object)) for a in rule.body if rule.head is None and a.predicate == SAME)
    head = None if rule.head is None else places(rule.head)
    links = rule.name in _LINKING
    form = Form(head, body, equal, links, _check(rule.check, place))
    return form, [number(term) for term in constants]


def _check(check: Check | None, place: Callable[[str], Place]) -> tuple[str, tuple[Place, ...]] | None:
    if check is None or check.kind == "ill-typed":
        return None
    # The datatype is no column: Python looks at the literals.
    return check.kind, tuple(place(term) for term in check.terms if is_variable(term))


def valued(body: tuple[Places, ...]) -> frozenset[Place]:
    """The variables that stand as object in two atoms and nowhere as subject: they are compared by value."""
    objects = Counter(o for _, _, o in body if o.startswith("v"))
    subjects = {s for s, _, _ in body}
    return frozenset(name for name, times in objects.items() if times > 1 and name not in subjects)


def value_of(place: Place, row: tuple[int, ...]) -> int | None:
    """The number that stands in a place in one rule; None for a variable."""
    if place.startswith("v"):
        return None
    return row[1 + int(place[1:])] if place.startswith("c") else int(place)


def values_of(place: Place, rows: Sequence[tuple[int, ...]]) -> frozenset[int] | None:
    """The numbers that stand in a place in some rules; None for a variable."""
    found = [value_of(place, row) for row in rows]
    numbers = frozenset(number for number in found if number is not None)
    return None if None in found else numbers


def constants_of(name: str, atom: Places, rows: Sequence[tuple[int, ...]]) -> list[str]:
    """What the join with the constants says too, said once more where the scan of the table sees it."""
    found: list[str] = []
    for column, place in zip("spo", atom, strict=True):
        if place.startswith("c"):
            found += listed(f"{name}.{column}", values_of(place, rows) or ())
    return found


def all_of(conditions: Sequence[str]) -> str:
    """The condition that all of these hold."""
    return " AND ".join(conditions) or "TRUE"

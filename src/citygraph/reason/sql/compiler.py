"""Flat rules to SQL over a table of numbered triples: one statement for each shape of rule, not for each rule.

Rules that differ in their constants only have one shape; their constants are the rows of a table that the
statement joins. Rules that would find nothing, as far as the predicates and classes that are present tell, are
left out. Everything in the text is a number or a name made here: no term ever comes near it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from citygraph.reason.closure import Atom, Check, FlatRule, is_variable
from citygraph.reason.rules import SAME, TYPE

__all__ = [
    "BLANK_KIND",
    "KIND",
    "LITERAL_KIND",
    "NO_CLASS",
    "VOCABULARY_KIND",
    "Heads",
    "Present",
    "Row",
    "RuleShape",
    "conclusions",
    "listed",
    "of_heads",
    "reading",
    "shapes_of",
    "shortened",
]

NO_CLASS: Final = -1
"""Stands where a class would stand, for statements that are not about `rdf:type`."""

_MOST_LISTED: Final = 1_000
"""More numbers than this are not written into a condition."""


class Present:
    """How many statements a table has of each predicate, and of each class for `rdf:type`."""

    def __init__(self, rows: Iterable[tuple[int, ...]] = ()) -> None:
        """The rows are predicates, classes (or `NO_CLASS`) and counts."""
        self.keys: Counter[tuple[int, int]] = Counter()
        self.predicates: Counter[int] = Counter()
        for predicate, kind, count in rows:
            self.keys[predicate, kind] += count
            self.predicates[predicate] += count

    def __bool__(self) -> bool:
        """Whether there is any statement."""
        return bool(self.predicates)

    def add(self, other: Present) -> None:
        """Count the statements of another table too."""
        self.keys.update(other.keys)
        self.predicates.update(other.predicates)

    def rows(self, predicate: int | None, kind: int | None) -> int:
        """How many statements have this predicate and this class; None asks for any."""
        if predicate is None:
            return self.predicates.total()
        return self.predicates[predicate] if kind is None else self.keys[predicate, kind]


@dataclass(frozen=True, slots=True)
class Heads:
    """What a statement may conclude: the predicates, and the classes it gives; None where it may be any."""

    predicates: frozenset[int] | None
    classes: frozenset[int] | None

    @classmethod
    def of(cls, predicates: frozenset[int] | None, objects: frozenset[int] | None, *, is_type: bool) -> Heads:
        """The heads of rules with these predicates; the objects are classes if the predicate is `rdf:type`."""
        return cls(predicates, objects if is_type else frozenset())


def of_heads(heads: Collection[Heads], *, type_code: int) -> str:
    """A condition that lets pass every statement that one of these may conclude."""
    predicates: set[int] = set()
    classes: set[int] | None = set()
    for each in heads:
        if each.predicates is None:
            return "TRUE"
        predicates |= each.predicates
        classes = None if classes is None or each.classes is None else classes | each.classes
    conditions = listed("p", predicates)
    if classes is not None and type_code in predicates:
        conditions += [f"(p <> {type_code} OR {each})" for each in listed("o", classes)]
    return " AND ".join(conditions) or "TRUE"


def listed(column: str, numbers: Collection[int]) -> list[str]:
    """The condition that a column has one of these numbers; none where they are too many to write down."""
    if len(numbers) > _MOST_LISTED or not numbers:
        return []
    return [f"{column} IN ({', '.join(map(str, sorted(numbers)))})"]


# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it


KIND: Final = 30
"""How many bits a term's number has; the two above say what kind of term it is."""

VOCABULARY_KIND: Final = 1
BLANK_KIND: Final = 2
LITERAL_KIND: Final = 3
"""The kinds. They stand in the highest bits, so that a test for one is a comparison."""

FIRST_LITERAL: Final = LITERAL_KIND << KIND
"""The smallest code of a literal."""
_MOST_RULES: Final = 20_000
_LINKING: Final = frozenset({"prp-fp", "prp-ifp", "prp-key", "cls-maxc2", "cls-maxqc3", "cls-maxqc4"})
"""Rules that make two things equal; whoever has both as literals is not their business."""

Row: TypeAlias = tuple[int, ...]

Place: TypeAlias = "str"
"""What stands in a place of an atom: `v0`, `v1` … for variables, `c0`, `c1` … for constants, or a number."""
Places: TypeAlias = tuple[Place, Place, Place]


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule without its constants."""

    head: Places | None
    body: tuple[Places, ...]
    equal: tuple[tuple[Place, Place], ...]
    links: bool
    check: tuple[str, tuple[Place, ...]] | None


@dataclass(slots=True)
class RuleShape:
    """Rules of one form, and the statements that look for what contradicts them; `sql_conclusions` has the others.

    `rows` are the table that they read: for each rule its place in the list that was given, then its constants.
    """

    form: RuleForm
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


def shapes_of(rules: Iterable[FlatRule], number: Callable[[str], int], *, prefix: str) -> list[RuleShape]:
    """The shapes of some rules with a body; the tables of their constants are named `prefix` and a number.

    The atoms of a contradiction that say `owl:sameAs` are no part of the join: equality is looked up.
    """
    found: dict[RuleForm, RuleShape] = {}
    for n, rule in enumerate(rules):
        form, constants = _form(rule, number)
        if form.body:
            shape = found.setdefault(form, RuleShape(form, f"{prefix}_{len(found)}"))
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


def _form(rule: FlatRule, number: Callable[[str], int]) -> tuple[RuleForm, list[int]]:
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
    form = RuleForm(head, body, equal, links, _check(rule.check, place))
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


# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it


_FEW: Final = 200_000
"""So many new statements may be sent to every worker."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A statement that asks for what follows, in the columns `s`, `p` and `o`, and what that may be about."""

    text: str
    heads: Heads


def conclusions(shape: RuleShape, fresh: Present | None, known: Present, *, by_value: bool) -> list[Conclusion]:
    """One statement for each atom of the body that may be new.

    Args:
        shape: the rules.
        fresh: what the last round added to the table `fresh`; None when that has everything known.
        known: what is in the table `known`.
        by_value: whether literals are compared by what they say.
    """
    head, body = shape.form.head, shape.form.body
    if head is None:
        return []
    found = []
    # Where everything is new, the first atom is; the other statements would find the same again.
    for new in range(1 if fresh is None else len(body)):
        rows = [row for row in shape.rows if _may_match(body, row, new, fresh or known, known)]
        if rows:
            few = len(body) > 1 and fresh is not None and _matching(body[new], rows, fresh) <= _FEW
            found.append(_Joined(shape, new, rows, by_value=by_value).conclusion(head, few=few))
    return found


def reading(shape: RuleShape, known: Present) -> list[Row]:
    """The rules of a shape that may find something in the table `known`."""
    return [row for row in shape.rows if _may_match(shape.form.body, row, 0, known, known)]


class _Joined:
    """The new statements that some rules of a shape may read, as `x`, joined with the known ones for the other atoms."""

    def __init__(self, shape: RuleShape, new: int, rows: list[Row], *, by_value: bool) -> None:
        self._form = shape.form
        self._new = new
        self._rows = rows
        self._by_value = valued(shape.form.body) if by_value else frozenset[Place]()
        self._constants = shape.columns[1:]
        self._columns: dict[Place, str] = {name: f"x.{name}" for name in self._constants}
        self._sources = [self._read(shape)]
        self._conditions: list[str] = []
        for i in _connected(shape.form.body, new):
            self._join(i)

    def conclusion(self, head: Places, *, few: bool) -> Conclusion:
        """The statement; with `few` what is new is to be sent to where the rest lies."""
        subject, predicate, object_ = map(self._name, head)
        conditions = [*self._conditions]
        if _is_guarded(self._form):
            conditions.append(f"{subject} < {FIRST_LITERAL}")
        if self._form.links:
            conditions += [f"{object_} < {FIRST_LITERAL}", f"{subject} <> {object_}"]
        # To DuckDB, which sees for itself, this is a remark.
        hint = "/*+ BROADCAST(x) */ " if few else ""
        text = f"SELECT {hint}{subject} AS s, {predicate} AS p, {object_} AS o FROM {', '.join(self._sources)}"
        heads = Heads.of(values_of(head[1], self._rows), values_of(head[2], self._rows), is_type=head[1].isdigit())
        return Conclusion(f"{text} WHERE {all_of(conditions)}", heads)

    def _read(self, shape: RuleShape) -> str:
        """The new statements, each beside the constants of a rule that may read it."""
        atom = shape.form.body[self._new]
        conditions = constants_of("a", atom, self._rows)
        if len(self._rows) < len(shape.rows):
            conditions += listed("r.n", {row[0] for row in self._rows})
        for column, place in zip("spo", atom, strict=True):
            if not place.startswith("v"):
                conditions.append(f"a.{column} = {f'r.{place}' if place.startswith('c') else place}")
        names = ", ".join((*(f"r.{name}" for name in self._constants), "a.*"))
        return f"(SELECT {names} FROM {shape.table} AS r, {self._table('fresh', atom)} AS a WHERE {all_of(conditions)}) AS x"

    def _join(self, i: int) -> None:
        """Take in an atom: where its variables are found, and what it must have in common with those before."""
        atom = self._form.body[i]
        name = "x" if i == self._new else f"a{i}"
        if i != self._new:
            self._sources.append(f"{self._table('known', atom)} AS {name}")
            self._conditions += constants_of(name, atom, self._rows)
        for column, place in zip("spo", atom, strict=True):
            here = f"{name}.{'v' if column == 'o' and place in self._by_value else column}"
            if place.startswith("v") and place not in self._columns:
                self._columns[place] = here
            elif place.startswith("v") or i != self._new:
                self._conditions.append(f"{here} = {self._name(place)}")

    def _table(self, name: str, atom: Places) -> str:
        return f"{name}_by_value" if atom[2] in self._by_value else name

    def _name(self, place: Place) -> str:
        """The column of a variable or constant; a number as it is."""
        return self._columns.get(place, place)


def _is_guarded(form: RuleForm) -> bool:
    """Whether the subject of the head may turn out to be a literal."""
    return form.head is not None and form.head[0].startswith("v") and form.head[0] not in {s for s, _, _ in form.body}


def _may_match(body: tuple[Places, ...], row: Row, new: int, fresh: Present, known: Present) -> bool:
    """Whether a rule finds anything at all, as far as the predicates and classes tell."""
    return all((fresh if i == new else known).rows(*_key(atom, row)) for i, atom in enumerate(body))


def _matching(atom: Places, rows: list[Row], fresh: Present) -> int:
    """At most how many new statements the rules read, a statement counted once for each rule."""
    return sum(fresh.rows(*_key(atom, row)) for row in rows)


def _key(atom: Places, row: Row) -> tuple[int | None, int | None]:
    """The predicate that an atom asks for in one rule, and the class where that is `rdf:type`."""
    # No other predicate stands in the form as a number.
    return value_of(atom[1], row), value_of(atom[2], row) if atom[1].isdigit() else None


def _connected(body: tuple[Places, ...], first: int) -> list[int]:
    """The atoms of a body, beginning with one, each after one that it shares a variable with, where there is any."""
    order, left = [first], [i for i in range(len(body)) if i != first]
    while left:
        bound = {place for i in order for place in body[i] if place.startswith("v")}
        following = max(left, key=lambda i: (len(bound.intersection(body[i])), -i))
        order.append(following)
        left.remove(following)
    return order

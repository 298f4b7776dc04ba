"""Flat rules to SQL over a table of numbered triples: one statement for each shape of rule, not for each rule.

Rules that differ in their constants only have one shape; their constants are the rows of a table that the
statement joins. Rules that would find nothing, as far as the predicates and classes that are present tell, are
left out. Everything in the text is a number or a name made here: no term ever comes near it.
"""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from citygraph.reason.closure import VOCABULARIES, Atom, Check, FlatRule, TripleText, is_variable
from citygraph.reason.columnar.relations import Ids
from citygraph.reason.columnar.terms import BLANK, LITERAL, Dictionary
from citygraph.reason.rules import SAME, TYPE

KIND: Final = 30
"""How many bits a term's number has; the two above say what kind of term it is."""
NUMBER: Final = (1 << KIND) - 1
"""The bits of a code that are the number of the term."""

VOCABULARY_KIND: Final = 1
BLANK_KIND: Final = 2
LITERAL_KIND: Final = 3
"""The kinds. They stand in the highest bits, so that a test for one is a comparison."""

_KINDS: Final = {"_": BLANK_KIND, '"': LITERAL_KIND}
FIRST_LITERAL: Final = LITERAL_KIND << KIND
"""The smallest code of a literal."""
_MOST_RULES: Final = 20_000
_LINKING: Final = frozenset({"prp-fp", "prp-ifp", "prp-key", "cls-maxc2", "cls-maxqc3", "cls-maxqc4"})
"""Rules that make two things equal; whoever has both as literals is not their business."""

Row: TypeAlias = tuple[int, ...]

Place: TypeAlias = "str"
"""What stands in a place of an atom: `v0`, `v1` … for variables, `c0`, `c1` … for constants, or a number."""
Places: TypeAlias = tuple[Place, Place, Place]

_FEW: Final = 200_000
"""So many new statements may be sent to every worker."""

NO_CLASS: Final = -1
"""Stands where a class would stand, for statements that are not about `rdf:type`."""

_MOST_LISTED: Final = 1_000
"""More numbers than this are not written into a condition."""


class Codes:
    """The codes of the terms in one dictionary, both ways."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    def all(self) -> Ids:
        """For every term, by its number, the number with its kind in the highest bits."""
        kinds = self._dictionary.kinds()
        starts = tuple(f"<{prefix}".encode() for prefix in VOCABULARIES)
        codes = np.arange(len(kinds), dtype=np.uint32)
        codes |= (kinds == LITERAL).astype(np.uint32) * np.uint32(LITERAL_KIND << KIND)
        codes |= (kinds == BLANK).astype(np.uint32) * np.uint32(BLANK_KIND << KIND)
        texts = self._dictionary.texts()
        vocabulary = np.fromiter((text.startswith(starts) for text in texts), np.bool_, len(texts))
        return codes | vocabulary.astype(np.uint32) * np.uint32(VOCABULARY_KIND << KIND)

    def code(self, text: str) -> int:
        """The code of one term; a term that is new gets its number."""
        kind = _KINDS.get(text[0], 0)
        if text.startswith(tuple(f"<{prefix}" for prefix in VOCABULARIES)):
            kind = VOCABULARY_KIND
        return self._dictionary.number(text) | kind << KIND

    def code_of(self, number: int) -> int:
        """The code of a term by its number."""
        return self.code(self._dictionary.text(number))

    def text(self, code: int) -> str:
        """The term behind a code."""
        return self._dictionary.text(code & NUMBER)

    def texts(self, codes: tuple[int, ...]) -> tuple[TripleText, ...]:
        """The triples behind three codes each."""
        texts = [self.text(code) for code in codes]
        return tuple((texts[i], texts[i + 1], texts[i + 2]) for i in range(0, len(texts), 3))


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
    """Rules of one form: `rows` are the table that their statement reads, named `table`.

    A row is the place of a rule in the list that was given, then its constants.
    """

    form: RuleForm
    table: str
    rows: list[Row] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns of `rows`."""
        return ("n", *(f"c{i}" for i in range(len(self.rows[0]) - 1)))


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
            join = _Join(shape, rows, by_value=by_value, new=new)
            found.append(_conclusion(join, head, few=few))
    return found


def reading(shape: RuleShape, known: Present) -> list[Row]:
    """The rules of a shape that may find something in the table `known`."""
    return [row for row in shape.rows if _may_match(shape.form.body, row, 0, known, known)]


def violations(shape: RuleShape, *, by_value: bool) -> str:
    """The statement that gives the number of a violated rule and its premises, three columns for each."""
    form = shape.form
    kind, checked = form.check or ("", ())
    # The first literal of each subject beside each other one; all pairs would be the square of the group.
    tables = {len(form.body) - 2: "first_literals"} if kind == "differ" else {}
    join = _Join(shape, shape.rows, by_value=by_value and kind != "differ", tables=tables)
    if kind == "outside":
        join.conditions.append(f"(r.n, {join.of(checked[0])}) IN (SELECT n, literal FROM outside)")
    if kind == "differ":
        one, other = map(join.of, checked)
        join.conditions += [f"{other} >= {FIRST_LITERAL}", f"{other} <> {one}"]
    for one, other in form.equal:
        a, b = join.of(one), join.of(other)
        join.conditions.append(f"({a} = {b} OR EXISTS (SELECT 1 FROM equal e WHERE e.one = {a} AND e.other = {b}))")
    premises = ", ".join(f"a{i}.s, a{i}.p, a{i}.o" for i in range(len(form.body)))
    return f"SELECT r.n, {premises} {join.source()}"


def literals_to_check(shape: RuleShape) -> str:
    """The statement that gives the literals that rules with the check `outside` look at: `n` and `literal`."""
    join = _Join(shape, shape.rows, by_value=False)
    literal = join.of(shape.form.check[1][0]) if shape.form.check else ""
    join.conditions.append(f"{literal} >= {FIRST_LITERAL}")
    return f"SELECT DISTINCT r.n, {literal} AS literal {join.source()}"


def _conclusion(join: _Join, head: Places, *, few: bool) -> Conclusion:
    """The statement; with `few` what is new is to be sent to where the rest lies."""
    form = join.shape.form
    subject, predicate, object_ = map(join.of, head)
    if _is_guarded(form):
        join.conditions.append(f"{subject} < {FIRST_LITERAL}")
    if form.links:
        join.conditions += [f"{object_} < {FIRST_LITERAL}", f"{subject} <> {object_}"]
    # To DuckDB, which sees for itself, this is a remark.
    hint = "/*+ BROADCAST(x) */ " if few else ""
    heads = Heads.of(values_of(head[1], join.rows), values_of(head[2], join.rows), is_type=head[1].isdigit())
    return Conclusion(f"SELECT {hint}{subject} AS s, {predicate} AS p, {object_} AS o {join.source()}", heads)


class _Join:
    """What matches the bodies of some rules of a shape: the tables, the conditions, and where each variable is found.

    The statements of atom i are `a{i}`. With `new`, those of that atom are the new ones, as `x`, which bring the
    constants of each rule that may read them; without it the constants are those of `r`, the rules.
    """

    def __init__(
        self,
        shape: RuleShape,
        rows: Sequence[Row],
        *,
        by_value: bool,
        new: int | None = None,
        tables: Mapping[int, str] | None = None,
    ) -> None:
        """Join the atoms; `tables` says which of them are read from another table than `known`."""
        self.shape = shape
        self.rows = rows
        self.conditions: list[str] = []
        self._new = new
        self._by_value = valued(shape.form.body) if by_value else frozenset[Place]()
        self._tables = tables or {}
        beside = "r" if new is None else "x"
        self._columns: dict[Place, str] = {name: f"{beside}.{name}" for name in shape.columns[1:]}
        self._sources = [f"{shape.table} AS r" if new is None else self._new_statements(shape.form.body[new])]
        for i in range(len(shape.form.body)) if new is None else _connected(shape.form.body, new):
            self._take_in(i)

    def of(self, place: Place) -> str:
        """The column of a variable or constant; a number as it is."""
        return self._columns.get(place, place)

    def source(self) -> str:
        """The end of the statement, from FROM on."""
        return f"FROM {', '.join(self._sources)} WHERE {all_of(self.conditions)}"

    def _new_statements(self, atom: Places) -> str:
        """The new statements, each beside the constants of a rule that may read it."""
        conditions = constants_of("a", atom, self.rows)
        if len(self.rows) < len(self.shape.rows):
            conditions += listed("r.n", {row[0] for row in self.rows})
        for column, place in zip("spo", atom, strict=True):
            if not place.startswith("v"):
                conditions.append(f"a.{column} = {f'r.{place}' if place.startswith('c') else place}")
        names = ", ".join((*(f"r.{name}" for name in self.shape.columns[1:]), "a.*"))
        new = self._table("fresh", atom)
        return f"(SELECT {names} FROM {self.shape.table} AS r, {new} AS a WHERE {all_of(conditions)}) AS x"

    def _take_in(self, i: int) -> None:
        """Take in an atom: where its variables are found, and what it must have in common with those before."""
        atom = self.shape.form.body[i]
        name = "x" if i == self._new else f"a{i}"
        if i != self._new:
            self._sources.append(f"{self._table(self._tables.get(i, 'known'), atom)} AS {name}")
            self.conditions += constants_of(name, atom, self.rows)
        for column, place in zip("spo", atom, strict=True):
            here = f"{name}.{'v' if column == 'o' and place in self._by_value else column}"
            if place.startswith("v") and place not in self._columns:
                self._columns[place] = here
            elif place.startswith("v") or i != self._new:
                self.conditions.append(f"{here} = {self.of(place)}")

    def _table(self, name: str, atom: Places) -> str:
        return f"{name}_by_value" if atom[2] in self._by_value else name


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

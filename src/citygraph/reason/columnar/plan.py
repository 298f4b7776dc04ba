"""A flat rule in numbers, the order of the rules, and the body of one evaluated, atom by atom.

A plan says which relations a rule reads, in what order, and what it concludes. A stratum is a strongly connected
group of relations; strata run each before those that read it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from citygraph.reason.closure import Atom, FlatRule, is_variable
from citygraph.reason.columnar.relations import (
    Column,
    Ids,
    Key,
    Mask,
    Relation,
    class_key,
    high,
    is_property,
    low,
    pack,
    property_key,
    repeat_ranges,
)
from citygraph.reason.rules import SAME, TYPE

Argument: TypeAlias = "str | int"
"""A variable, or the number of a constant."""

NO_HEAD: Final = -1


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One atom: a relation and what stands in its one or two places."""

    key: Key
    arguments: tuple[Argument, ...]

    def variables(self) -> frozenset[str]:
        """The variables of this atom."""
        return frozenset(a for a in self.arguments if isinstance(a, str))


@dataclass(frozen=True, slots=True)
class Link:
    """A rule that makes things equal when they agree: `half` is its body for one of the two things.

    All things `linked` that agree on `group` are equal, so each is linked to the first of its group;
    to write out every pair would take the square of the group.
    """

    linked: str
    group: tuple[str, ...]
    half: tuple[PlanStep, ...]
    rest: tuple[tuple[PlanStep, ...], ...]
    seeded: tuple[PlanStep, ...]
    """The half in the order of evaluation when the group has values."""


@dataclass(frozen=True, slots=True, eq=False)
class RulePlan:
    """A flat rule over numbered terms.

    `guarded` says that the subject of the head may turn out to be a literal and must be looked at.
    """

    rule: FlatRule
    head: Key
    arguments: tuple[Argument, ...]
    body: tuple[PlanStep, ...]
    guarded: bool
    link: Link | None
    rest: tuple[tuple[PlanStep, ...], ...]
    """For each atom to start with, the others in the order of evaluation."""
    from_head: tuple[PlanStep, ...]
    """The body in the order of evaluation when the head has values."""

    @property
    def is_transitive(self) -> bool:
        """Whether the rule says that its relation is transitive, and nothing else."""
        if len(self.body) != 2 or any(step.key != self.head for step in self.body):  # noqa: PLR2004  # x to y to z
            return False
        (x, y), (y2, z) = (step.arguments for step in self.body)
        return y == y2 and self.arguments == (x, z) and len({x, y, z}) == 3 and isinstance(y, str)  # noqa: PLR2004

    def head_step(self) -> PlanStep:
        """The head as an atom to start from."""
        return PlanStep(self.head, self.arguments)


def make_plan(rule: FlatRule, number: Callable[[str], int]) -> RulePlan:
    """The plan of one rule; `number` gives the number of a constant (or of what it is equal to)."""
    body = tuple(_step(atom, number) for atom in rule.body)
    if rule.head is None:
        return RulePlan(rule, NO_HEAD, (), body, guarded=False, link=None, rest=_rests(body), from_head=body)
    head = _step(rule.head, number)
    subject = rule.head.subject
    as_subject = any(subject == atom.subject for atom in rule.body)
    link = _link(rule, number) if rule.head.predicate == SAME else None
    return RulePlan(
        rule,
        head.key,
        head.arguments,
        body,
        guarded=not as_subject and is_variable(subject),
        link=link,
        rest=_rests(body),
        from_head=order_steps(body, head.variables()),
    )


def _rests(body: tuple[PlanStep, ...]) -> tuple[tuple[PlanStep, ...], ...]:
    return tuple(order_steps(body[:i] + body[i + 1 :], step.variables()) for i, step in enumerate(body))


def order_steps(steps: tuple[PlanStep, ...], bound: Iterable[str]) -> tuple[PlanStep, ...]:
    """The atoms in the order of evaluation, given the variables that have values already.

    An atom whose variables all have values only filters, so it comes first; one that shares none comes last.
    """
    known = set(bound)
    waiting = list(steps)
    ordered = []
    while waiting:
        best = min(waiting, key=lambda step: _cost(step, known))
        waiting.remove(best)
        ordered.append(best)
        known |= best.variables()
    return tuple(ordered)


def _cost(step: PlanStep, known: set[str]) -> int:
    missing = len(step.variables() - known)
    if missing == 0:
        return 0
    return 1 if missing < len(step.arguments) else 2


def _step(atom: Atom, number: Callable[[str], int]) -> PlanStep:
    def place(term: str) -> Argument:
        return term if is_variable(term) else number(term)

    if atom.predicate == TYPE and not is_variable(atom.object):
        return PlanStep(class_key(number(atom.object)), (place(atom.subject),))
    return PlanStep(property_key(number(atom.predicate)), (place(atom.subject), place(atom.object)))


def _link(rule: FlatRule, number: Callable[[str], int]) -> Link | None:
    """The half of a body that says the same of both ends of the head, if there is one."""
    if rule.head is None:
        return None
    one, other = rule.head.subject, rule.head.object
    if not (is_variable(one) and is_variable(other)) or one == other:
        return None

    def mirrored(atom: Atom) -> Atom:
        names = {one: other}
        return Atom(names.get(atom.subject, atom.subject), atom.predicate, names.get(atom.object, atom.object))

    half = [atom for atom in rule.body if other not in atom.variables()]
    rest = {atom for atom in rule.body if other in atom.variables()}
    if {mirrored(atom) for atom in half if one in atom.variables()} != rest:
        return None
    group = dict.fromkeys(name for atom in half for name in atom.variables() if name != one)
    steps = tuple(_step(atom, number) for atom in half)
    return Link(one, tuple(group), steps, _rests(steps), order_steps(steps, group))


@dataclass(frozen=True, slots=True)
class Stratum:
    """Relations that depend on each other, and the rules that conclude them.

    `plain` rules read none of these relations and run once; `recursive` ones run until nothing is new.
    """

    keys: frozenset[Key]
    plain: tuple[RulePlan, ...]
    recursive: tuple[RulePlan, ...]


def stratify(plans: Iterable[RulePlan]) -> tuple[Stratum, ...]:
    """The rules in strata; every stratum reads only itself and earlier ones."""
    plans = tuple(plans)
    edges: dict[Key, set[Key]] = defaultdict(set)
    by_head: dict[Key, list[RulePlan]] = defaultdict(list)
    for plan in plans:
        by_head[plan.head].append(plan)
        for step in plan.body:
            edges[step.key].add(plan.head)
    strata = []
    for keys in reversed(list(components(edges, [*edges, *by_head]))):
        mine = [plan for key in sorted(keys) for plan in by_head.get(key, ())]
        reads = [(plan, any(step.key in keys for step in plan.body)) for plan in mine]
        recursive = tuple(plan for plan, inside in reads if inside)
        plain = tuple(plan for plan, inside in reads if not inside)
        if mine:
            strata.append(Stratum(frozenset(keys), plain, recursive))
    return tuple(strata)


def components(edges: Mapping[int, set[int]], nodes: Iterable[int]) -> Iterator[set[int]]:
    """The strongly connected components, each before those that lead to it.

    Tarjan's algorithm without recursion, since a chain of classes may be thousands long.
    """
    order: dict[Key, int] = {}
    lowest: dict[Key, int] = {}
    stack: list[Key] = []
    on_stack: set[Key] = set()
    for root in nodes:
        if root in order:
            continue
        order[root] = lowest[root] = len(order)
        stack.append(root)
        on_stack.add(root)
        work = [(root, iter(sorted(edges.get(root, ()))))]
        while work:
            node, following = work[-1]
            descended = False
            for other in following:
                if other not in order:
                    order[other] = lowest[other] = len(order)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(sorted(edges.get(other, ())))))
                    descended = True
                    break
                if other in on_stack:
                    lowest[node] = min(lowest[node], order[other])
            if descended:
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                lowest[parent] = min(lowest[parent], lowest[node])
            if lowest[node] == order[node]:
                component: set[Key] = set()
                while node not in component:
                    component.add(stack[-1])
                    on_stack.discard(stack.pop())
                yield component


@dataclass(frozen=True, slots=True)
class Bindings:
    """Rows of values: one column for each variable, all of one length."""

    columns: Mapping[str, Ids]
    rows: int

    def filtered(self, mask: Mask) -> Bindings:
        """The rows where the mask is true."""
        kept = int(np.count_nonzero(mask))
        if kept == self.rows:
            return self
        return Bindings({name: column[mask] for name, column in self.columns.items()}, kept)

    def column(self, argument: Argument) -> Ids:
        """The values of a variable, or a constant for every row."""
        if isinstance(argument, str):
            return self.columns[argument]
        return np.full(self.rows, argument, np.uint32)


UNIT = Bindings({}, 1)
"""Where a body begins: nothing is known, one way so far."""


@dataclass(frozen=True, slots=True)
class Source:
    """What bodies read: the relations, how many terms there are, and how long a table may get."""

    relations: Mapping[Key, Relation]
    terms: int
    longest: int


def scan(step: PlanStep, rows: Column) -> Bindings:
    """One atom over rows of its own relation, for example over those that are new."""
    if not is_property(step.key):
        (argument,) = step.arguments
        if isinstance(argument, str):
            return Bindings({argument: rows}, len(rows))
        return Bindings({}, int((rows == argument).any()))
    subject, object_ = step.arguments
    left, right = high(rows), low(rows)
    mask: Mask | None = None
    if not isinstance(subject, str):
        mask = left == subject
    if not isinstance(object_, str):
        other = right == object_
        mask = other if mask is None else mask & other
    if isinstance(subject, str) and subject == object_:
        mask = left == right
    if mask is not None:
        left, right = left[mask], right[mask]
    columns: dict[str, Ids] = {}
    if isinstance(subject, str):
        columns[subject] = left
    if isinstance(object_, str):
        columns[object_] = right
    return Bindings(columns, len(left))


_PIECE: Final = 1 << 22
"""A table that gets longer than this is cut, and each piece goes on by itself."""


def extend(table: Bindings, steps: Iterable[PlanStep], source: Source) -> Bindings:
    """The table after each atom: rows that fit stay, variables that were open get their values."""
    for step in steps:
        if table.rows == 0:
            return table
        relation = source.relations.get(step.key)
        if relation is None or len(relation) == 0:
            return Bindings(table.columns, 0)
        table = _extend_one(table, step, relation, source)
    return table


def extend_in_pieces(table: Bindings, steps: tuple[PlanStep, ...], source: Source) -> Iterator[Bindings]:
    """The table after each atom, in pieces that are each made when the last one has been seen to."""
    for place, step in enumerate(steps):
        relation = source.relations.get(step.key)
        if table.rows == 0 or relation is None or len(relation) == 0:
            return
        cuts = _cuts(table, step, relation, source)
        if cuts:
            for start, end in pairwise(cuts):
                cut = Bindings({name: column[start:end] for name, column in table.columns.items()}, end - start)
                piece = _extend_one(cut, step, relation, source)
                yield from extend_in_pieces(piece, steps[place + 1 :], source)
            return
        table = _extend_one(table, step, relation, source)
    if table.rows:
        yield table


def _cuts(table: Bindings, step: PlanStep, relation: Relation, source: Source) -> list[int]:
    """Where to cut a table that this atom would make too long; nowhere as a rule."""
    if table.rows < 2 or table.rows * len(relation) <= _PIECE:  # noqa: PLR2004  # one row cannot be cut
        return []
    known = [not isinstance(a, str) or a in table.columns for a in step.arguments]
    if all(known):
        return []
    if not any(known):
        longer = np.full(table.rows, len(relation))
    else:
        _, _, longer = relation.ranges(table.column(step.arguments[known[1]]), source.terms, by_object=known[1])
    lengths = np.cumsum(longer)
    total = int(lengths[-1])
    if total <= _PIECE:
        return []
    if total > source.longest:
        term = table.column(step.arguments[known[1]])[int(np.argmax(longer))] if any(known) else None
        _refuse(step, total, term, int(longer.max()), source.longest)
    places = np.searchsorted(lengths, np.arange(_PIECE, total, _PIECE))
    return [0, *np.unique(places[(places > 0) & (places < table.rows)]).tolist(), table.rows]


def _extend_one(table: Bindings, step: PlanStep, relation: Relation, source: Source) -> Bindings:
    known = [not isinstance(a, str) or a in table.columns for a in step.arguments]
    if all(known):
        columns = [table.column(a) for a in step.arguments]
        wanted = columns[0] if len(columns) == 1 else pack(columns[0], columns[1])
        return table.filtered(relation.holds(wanted, source.terms))
    if not any(known):
        return _cross(table, scan(step, relation.rows), step, source)
    by_object = known[1]
    wanted = table.column(step.arguments[by_object])
    opened = step.arguments[not by_object]
    pairs, starts, counts = relation.ranges(wanted, source.terms, by_object=by_object)
    total = int(counts.sum())
    if total > source.longest:
        _refuse(step, total, wanted[int(np.argmax(counts))], int(counts.max()), source.longest)
    places = repeat_ranges(starts, counts, total)
    found = low(pairs[places])
    if total == table.rows and (counts == 1).all():
        return Bindings({**table.columns, str(opened): found}, total)
    repeated = {name: np.repeat(column, counts) for name, column in table.columns.items()}
    return Bindings({**repeated, str(opened): found}, total)


def _cross(table: Bindings, other: Bindings, step: PlanStep, source: Source) -> Bindings:
    """Every row with every row; only at the beginning, or for a body that falls apart."""
    if not table.columns and table.rows == 1:
        return other
    rows = table.rows * other.rows
    if rows > source.longest:
        _refuse(step, rows, None, other.rows, source.longest)
    left = {name: np.repeat(column, other.rows) for name, column in table.columns.items()}
    right = {name: np.tile(column, table.rows) for name, column in other.columns.items()}
    return Bindings({**left, **right}, rows)


class TooLongError(Exception):
    """A join would be longer than the budget; the engine turns this into words."""

    def __init__(self, step: PlanStep, rows: int, term: int | None, group: int, longest: int) -> None:
        super().__init__(rows)
        self.step = step
        self.rows = rows
        self.term = term
        self.group = group
        self.longest = longest


def _refuse(step: PlanStep, rows: int, term: Column | None, group: int, longest: int) -> None:
    raise TooLongError(step, rows, None if term is None else int(term), group, longest)

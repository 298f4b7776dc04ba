"""Evaluating the body of a rule: a table of variables, made longer or shorter by one atom after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from citygraph.reason.columnar.plan import Argument, PlanStep
from citygraph.reason.columnar.relations import (
    Column,
    Ids,
    Key,
    Mask,
    Relation,
    high,
    is_property,
    low,
    pack,
    repeat_ranges,
)

__all__ = ["UNIT", "Bindings", "Source", "TooLongError", "extend", "scan"]


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

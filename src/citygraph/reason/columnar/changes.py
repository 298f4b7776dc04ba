"""Insertion and deletion: the closure after a change, exactly as a full run would give it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

import numpy as np

from citygraph.reason.columnar.equality import rows_of
from citygraph.reason.columnar.fixpoint import close_fully, concluded, evaluate, ontology_changed, run, too_long
from citygraph.reason.columnar.plan import RulePlan, TooLongError, extend, scan
from citygraph.reason.columnar.relations import (
    Column,
    Columns,
    Ids,
    Key,
    contains,
    group,
    high,
    merge,
    minus,
    take_out,
    unique,
)
from citygraph.reason.columnar.state import ColumnarState

_SHARE: Final = 8
"""When more than one row in so many depends on what is deleted, a full run is faster."""


def insert(state: ColumnarState, columns: Columns) -> ColumnarState:
    """The closure with these triples asserted too. The state given stays as it was."""
    before, state = state, state.copy()
    state.equality.grow(state.terms())
    new_twins = state.values.update()
    delta: dict[Key, Column] = {}
    ontology = False
    for key, column in group(columns, state.type_term).items():
        rows = minus(column, state.asserted[key]) if key in state.asserted else column
        if len(rows) == 0:
            continue
        state.asserted[key] = merge(state.asserted[key], rows) if key in state.asserted else rows
        ontology = ontology or key in state.axiom_keys
        mapped = state.mapped_key(key)
        new = state.put(mapped, state.equality.map_rows(key, rows))
        if len(new):
            delta[mapped] = unique(np.concatenate((delta[mapped], new))) if mapped in delta else new
    if ontology or (new_twins and state.reads_literals):
        return _afresh(state)
    return _followed_up(before, state, delta)


def delete(state: ColumnarState, columns: Columns) -> ColumnarState:
    """The closure without these assertions; what they were the only reason for goes too.

    The state given stays as it was. Everything that may depend on the deleted triples is taken out first,
    then what is still asserted or follows in one step from the rest is put back and followed up. A group
    of equal terms whose reason may be gone is dissolved, and found again if another reason is left.
    """
    before, state = state, state.copy()
    seeds: dict[Key, Column] = {}
    for key, column in group(columns, state.type_term).items():
        rows = state.asserted.get(key)
        gone = column[:0] if rows is None else column[contains(rows, column)]
        if rows is None or len(gone) == 0:
            continue
        state.asserted[key] = take_out(rows, gone)
        mapped = state.mapped_key(key)
        mine = state.equality.map_rows(key, gone)
        seeds[mapped] = unique(np.concatenate((seeds[mapped], mine))) if mapped in seeds else mine
    if not seeds:
        return state
    if not state.axiom_keys.isdisjoint(seeds) or state.types_are_pairs:
        return _afresh(state)
    loss = _Loss(state)
    if not loss.follow(seeds):
        return _afresh(state)
    return _followed_up(before, state, loss.put_back())


def _followed_up(before: ColumnarState, state: ColumnarState, delta: dict[Key, Column]) -> ColumnarState:
    """The fixpoint after a change; from nothing when the axioms are not those of the state before."""
    if not run(state, delta):
        return _afresh(state)
    if state.has_equal_axioms() != state.learned_equal:
        return _afresh(state)
    touched = any(_rows(state, key) is not _rows(before, key) for key in state.axiom_keys)
    return _afresh(state) if touched and ontology_changed(state) else state


def _rows(state: ColumnarState, key: Key) -> Column | None:
    relation = state.relations.get(key)
    return None if relation is None else relation.rows


def _afresh(state: ColumnarState) -> ColumnarState:
    return close_fully(state.asserted, state.dictionary, state.values, state.budget)


class _Loss:
    """The rows that may depend on what was deleted, over the relations as they were."""

    def __init__(self, state: ColumnarState) -> None:
        self.state = state
        self.gone: dict[Key, Column] = {}
        self.dissolved: Ids = np.empty(0, np.uint32)
        self._readers: dict[Key, list[tuple[RulePlan, int]]] = defaultdict(list)
        for plan in state.plans:
            for i, step in enumerate(plan.body if plan.link is None else plan.link.half):
                self._readers[step.key].append((plan, i))

    def follow(self, seeds: dict[Key, Column]) -> bool:
        """Collect everything downstream of these rows. False when a full run is the better way."""
        state = self.state
        doubtful = [high(seeds[state.same_key])] if state.same_key in seeds else []
        waiting = {key: [rows] for key, rows in seeds.items()}
        while waiting or doubtful:
            for key, rows in self._dissolve(doubtful).items():
                waiting.setdefault(key, []).append(rows)
            candidates: dict[Key, list[Column]] = defaultdict(list)
            doubtful = []
            for key, rows in self._take(waiting).items():
                for plan, i in self._readers.get(key, ()):
                    self._consequences(plan, i, rows, candidates, doubtful)
            waiting = {key: [self._unbased(key, parts)] for key, parts in candidates.items()}
            waiting = {key: parts for key, parts in waiting.items() if len(parts[0])}
            if sum(map(len, self.gone.values())) * _SHARE > state.rows:
                return False
            named = {int(r) for column in doubtful for r in np.unique(column)}
            if any(r in state.constants or r << 1 in state.relations or r << 1 | 1 in state.relations for r in named):
                return False
        return True

    def _take(self, waiting: dict[Key, list[Column]]) -> dict[Key, Column]:
        """What of the waiting rows is new to the loss; it belongs to the loss from now on."""
        taken = {}
        for key, parts in waiting.items():
            relation = self.state.relations.get(key)
            if relation is None:
                continue
            rows = unique(parts[0] if len(parts) == 1 else np.concatenate(parts))
            rows = rows[contains(relation.rows, rows)]
            have = self.gone.get(key)
            rows = rows if have is None else minus(rows, have)
            if len(rows):
                self.gone[key] = rows if have is None else merge(have, rows)
                taken[key] = rows
        return taken

    def _unbased(self, key: Key, parts: Iterable[Column]) -> Column:
        """The rows that have no reason of their own: not asserted, not granted."""
        relation = self.state.relations.get(key)
        rows = unique(np.concatenate(list(parts)))
        if relation is None:
            return rows[:0]
        rows = rows[contains(relation.rows, rows)]
        return rows[~self.state.is_based(key, rows)]

    def _consequences(
        self, plan: RulePlan, i: int, rows: Column, candidates: dict[Key, list[Column]], doubtful: list[Ids]
    ) -> None:
        state = self.state
        if plan.link is None:
            found = evaluate(plan, state, first=i, rows=rows, whole=True)
            if found is None or len(found) == 0:
                return
            if plan.head == state.same_key:
                doubtful.append(state.equality.representatives[high(found)])
            else:
                candidates[plan.head].append(found)
            return
        try:
            table = extend(scan(plan.link.half[i], rows), plan.link.rest[i], state.source())
        except TooLongError as stopped:
            raise too_long(state, plan, stopped) from None
        if table.rows:
            doubtful.append(table.columns[plan.link.linked])

    def _dissolve(self, doubtful: list[Ids]) -> dict[Key, Column]:
        """Every row that mentions a group of equal terms whose reason may be gone."""
        if not doubtful:
            return {}
        grouped = self.state.equality.grouped()
        named = unique(np.concatenate(doubtful))
        named = minus(named[contains(grouped, named)], self.dissolved)
        if len(named) == 0:
            return {}
        self.dissolved = merge(self.dissolved, named)
        terms = self.state.terms()
        return {key: rows_of(relation, named, terms) for key, relation in self.state.relations.items() if len(relation)}

    def put_back(self) -> dict[Key, Column]:
        """Take the loss out of the relations, then put back what still holds. Returns what was put back."""
        state = self.state
        for key, rows in self.gone.items():
            state.relations[key].remove(rows)
            state.rows -= len(rows)
        # A lost row over a dissolved group stands for a row of each of its members.
        groups = state.equality.only(self.dissolved)
        state.equality.dissolve(self.dissolved)
        lost = {key: unique(groups.expand_rows(key, rows)) for key, rows in self.gone.items()}
        back: dict[Key, list[Column]] = defaultdict(list)
        for key, rows in lost.items():
            back[key].append(rows[state.is_based(key, rows)])
        for plan in state.plans:
            if plan.link is None and plan.head in lost and plan.head != state.same_key:
                try:
                    table = extend(scan(plan.head_step(), lost[plan.head]), plan.from_head, state.source())
                except TooLongError as stopped:
                    raise too_long(state, plan, stopped) from None
                found = concluded(plan, table, state)
                if found is not None:
                    back[plan.head].append(found)
        delta = {}
        for key, parts in back.items():
            rows = state.put(key, unique(np.concatenate(parts)))
            if len(rows):
                delta[key] = rows
        return delta

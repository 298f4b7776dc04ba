"""owl:sameAs by representatives: who is equal to whom, why, and what that does to the relations.

Things become equal by statement, or because they agree on something: a functional property, a key, a cardinality
of one.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from citygraph.reason.columnar.plan import UNIT, Bindings, Link, PlanStep, Source, extend, scan
from citygraph.reason.columnar.relations import (
    EMPTY_IDS,
    EMPTY_PAIRS,
    Column,
    Ids,
    Key,
    Mask,
    Pairs,
    Places,
    Relation,
    firsts,
    high,
    is_property,
    low,
    merge,
    minus,
    pack,
    repeat_ranges,
    take_out,
    unique,
)
from citygraph.reason.columnar.terms import Values

_FEW: int = 256
"""Up to this many merged terms their rows are looked up; for more, all rows are looked at."""


class Equality:
    """For every term its representative: the smallest number among the terms equal to it."""

    def __init__(self, terms: int) -> None:
        self.representatives: Ids = np.arange(terms, dtype=np.uint32)
        self.cliques: Pairs = np.empty(0, np.uint64)
        """(representative, member) of every group of two or more, the representative included; sorted."""
        self.grown: Ids = EMPTY_IDS
        """The representatives of the groups that the last merge made or made larger; sorted."""
        self._grouped: Ids | None = None

    def copy(self) -> Equality:
        """The same groups to be changed on their own."""
        other = Equality(0)
        other.representatives, other.cliques = self.representatives, self.cliques
        other._grouped = self._grouped
        return other

    def only(self, representatives: Ids) -> Equality:
        """These groups alone."""
        other = Equality(0)
        other.representatives = self.representatives
        other.cliques = self.cliques[np.isin(high(self.cliques), representatives)]
        return other

    def grow(self, terms: int) -> None:
        """Make room for new terms, each equal to itself only."""
        have = len(self.representatives)
        if terms > have:
            more = np.arange(have, terms, dtype=np.uint32)
            self.representatives = np.concatenate((self.representatives, more))

    def merge(self, pairs: Pairs) -> Ids:
        """Make both sides of each pair equal. Returns the representatives that are none any more, sorted."""
        reps = self.representatives
        left, right = reps[high(pairs)], reps[low(pairs)]
        apart = left != right
        if not apart.any():
            return EMPTY_IDS
        terms, places = np.unique(np.concatenate((left[apart], right[apart])), return_inverse=True)
        labels = _components(places[: len(places) // 2], places[len(places) // 2 :], len(terms))
        lost: Ids = terms[labels != np.arange(len(terms))]
        bounds = terms.astype(np.uint64) << np.uint64(32)
        starts = np.searchsorted(self.cliques, bounds)
        counts = np.searchsorted(self.cliques, bounds | np.uint64(0xFFFFFFFF), side="right") - starts
        places = repeat_ranges(starts, counts, int(counts.sum()))
        old = self.cliques[places]
        members = np.concatenate((terms, low(old)))
        grown = np.concatenate((terms[labels], np.repeat(terms[labels], counts)))
        reps = reps.copy()
        reps[members] = grown
        self.representatives = reps
        self._set_cliques(merge(take_out(self.cliques, old), unique(pack(grown, members))))
        self.grown = unique(terms[labels])
        return lost

    def dissolve(self, representatives: Ids) -> Ids:
        """Make the members of these groups equal to themselves only. Returns all these members."""
        inside = np.isin(high(self.cliques), representatives)
        members = low(self.cliques[inside])
        self.representatives = self.representatives.copy()
        self.representatives[members] = members
        self._set_cliques(self.cliques[~inside])
        return members

    def _set_cliques(self, cliques: Pairs) -> None:
        self.cliques = cliques
        self._grouped = None

    def grouped(self) -> Ids:
        """The representatives of groups of two or more."""
        if self._grouped is None:
            self._grouped = unique(high(self.cliques))
        return self._grouped

    def map_rows(self, key: Key, rows: Column) -> Column:
        """Rows with every term replaced by its representative, sorted, each once."""
        if len(self.cliques) == 0:
            return rows
        reps = self.representatives
        if not is_property(key):
            return unique(reps[rows])
        return unique(pack(reps[high(rows)], reps[low(rows)]))

    def expand(self, terms: Ids) -> tuple[Places | None, Ids]:
        """Each term replaced by all terms equal to it.

        Returns for each row of the answer the row it came from (None when nothing changed), and the answer.
        """
        heads = high(self.cliques)
        starts = np.searchsorted(heads, terms)
        counts = np.searchsorted(heads, terms, side="right") - starts
        if not counts.any():
            return None, terms
        alone = counts == 0
        counts[alone] = 1
        total = int(counts.sum())
        origin = np.repeat(np.arange(len(terms)), counts)
        places = repeat_ranges(starts, counts, total)
        from_alone = alone[origin]
        members = low(self.cliques)
        answer = terms[origin]
        answer[~from_alone] = members[places[~from_alone]]
        return origin, answer

    def expand_each(self, key: Key, rows: Column) -> tuple[Places, Column]:
        """Rows with every term replaced by all terms equal to it, and the row each one came from."""
        origin = np.arange(len(rows))
        if not is_property(key):
            first, members = self.expand(rows)
            return (origin if first is None else first), members
        left, right = high(rows), low(rows)
        first, left = self.expand(left)
        if first is not None:
            origin, right = first, right[first]
        second, right = self.expand(right)
        if second is not None:
            origin, left = origin[second], left[second]
        return origin, pack(left, right)

    def expand_rows(self, key: Key, rows: Column) -> Column:
        """Rows with every term replaced by all terms equal to it, sorted."""
        if len(self.cliques) == 0 or len(rows) == 0:
            return rows
        origin, expanded = self.expand_each(key, rows)
        return rows if len(origin) == len(rows) else np.sort(expanded)


def rewrite(relations: dict[Key, Relation], lost: Ids, equality: Equality, terms: int) -> dict[Key, Column]:
    """Replace merged terms in all rows by their representatives. Returns the rows that are new in each relation."""
    reps = equality.representatives
    few = len(lost) <= _FEW
    flags = np.zeros(0 if few else terms, np.bool_)
    if not few:
        flags[lost] = True
    new: dict[Key, Column] = {}
    for key, relation in relations.items():
        if len(relation) == 0:
            continue
        gone = rows_of(relation, lost, terms) if few else _flagged(relation, flags)
        if len(gone) == 0:
            continue
        changed = unique(reps[gone] if not is_property(key) else pack(reps[high(gone)], reps[low(gone)]))
        relation.remove(gone)
        changed = minus(changed, relation.rows)
        if len(changed):
            relation.add(changed)
            new[key] = changed
    return new


def rows_of(relation: Relation, wanted: Ids, terms: int) -> Column:
    """The rows that mention one of a few terms, given sorted; sorted."""
    if relation.rows.dtype == np.uint32:
        return wanted[relation.holds(wanted, terms)]
    parts = []
    for by_object in (False, True):
        pairs, starts, counts = relation.ranges(wanted, terms, by_object=by_object)
        total = int(counts.sum())
        if total:
            found = pairs[repeat_ranges(starts, counts, total)]
            parts.append((found << np.uint64(32)) | (found >> np.uint64(32)) if by_object else found)
    return unique(np.concatenate(parts)) if parts else relation.rows[:0]


def _flagged(relation: Relation, flags: Column) -> Column:
    rows = relation.rows
    if rows.dtype == np.uint32:
        return rows[flags[rows]]
    return rows[flags[high(rows)] | flags[low(rows)]]


def _components(left: Places, right: Places, size: int) -> Places:
    """For each node the smallest node it is connected with: labels to the minimum, then pointer jumping."""
    labels = np.arange(size)
    while True:
        one, other = labels[left], labels[right]
        smaller, larger = np.minimum(one, other), np.maximum(one, other)
        if np.array_equal(smaller, larger):
            return labels
        np.minimum.at(labels, larger, smaller)
        while True:
            jumped = labels[labels]
            if np.array_equal(jumped, labels):
                break
            labels = jumped


def link_groups(
    link: Link, source: Source, literals: Mask, values: Values, changed: Mapping[Key, Column] | None
) -> Pairs:
    """For each group of things that agree, (first of the group, each other one).

    With `changed`, only groups that got a new member through these rows are looked at. Literals are never
    linked; where they are what the things agree on, they are compared by value.
    """
    if changed is None:
        table = extend(UNIT, _smallest_first(link, source), source)
    else:
        seeds = _seeds(link, source, values, changed)
        if seeds is None:
            return EMPTY_PAIRS
        table = extend(seeds, link.seeded, source)
    if table.rows == 0:
        return EMPTY_PAIRS
    table = table.filtered(~literals[table.columns[link.linked]])
    return _pairs(link, table, values)


def _smallest_first(link: Link, source: Source) -> tuple[PlanStep, ...]:
    sizes = [len(source.relations[s.key]) if s.key in source.relations else 0 for s in link.half]
    i = sizes.index(min(sizes))
    return (link.half[i], *link.rest[i])


def _seeds(link: Link, source: Source, values: Values, changed: Mapping[Key, Column]) -> Bindings | None:
    """The groups that the changed rows belong to, each once."""
    parts = []
    for i, step in enumerate(link.half):
        if step.key in changed:
            table = extend(scan(step, changed[step.key]), link.rest[i], source)
            if table.rows:
                parts.append(table)
    if not parts:
        return None
    columns = [np.concatenate([table.columns[name] for table in parts]) for name in link.group]
    if not columns:
        return UNIT
    if len(columns) == 1:
        columns = [unique(columns[0])]
    elif len(columns) == 2:  # noqa: PLR2004  # two columns fit into one
        pairs = unique(pack(columns[0], columns[1]))
        columns = [high(pairs), low(pairs)]
    else:
        columns = list(np.unique(np.stack(columns), axis=1))
    if len(values.twins):
        for i in range(len(columns)):
            origin, spelled = values.with_spellings(columns[i])
            columns = [column[origin] for column in columns]
            columns[i] = spelled
    return Bindings(dict(zip(link.group, columns, strict=True)), len(columns[0]))


def _pairs(link: Link, table: Bindings, values: Values) -> Pairs:
    linked = table.columns[link.linked]
    groups = [values.keys_of(table.columns[name]) for name in link.group]
    if not groups:
        codes: Ids = np.zeros(len(linked), np.uint32)
    elif len(groups) == 1:
        codes = groups[0]
    else:
        _, places = np.unique(np.stack(groups), axis=1, return_inverse=True)
        codes = places.reshape(-1).astype(np.uint32)
    rows = unique(pack(codes, linked))
    starts = firsts(high(rows))
    members = low(rows)
    first = members[starts][np.cumsum(starts) - 1]
    return pack(first[~starts], members[~starts])

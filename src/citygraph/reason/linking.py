"""Functional properties, keys and cardinalities of one: who is equal because they agree on something."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from citygraph.reason.columns import EMPTY_PAIRS, Column, Ids, Mask, Pairs, firsts, high, low, pack, unique
from citygraph.reason.join import UNIT, Source, Table, extend, scan
from citygraph.reason.plan import Link, Step
from citygraph.reason.relations import Key
from citygraph.reason.values import Values

__all__ = ["link_groups"]


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


def _smallest_first(link: Link, source: Source) -> tuple[Step, ...]:
    sizes = [len(source.relations[s.key]) if s.key in source.relations else 0 for s in link.half]
    i = sizes.index(min(sizes))
    return (link.half[i], *link.rest[i])


def _seeds(link: Link, source: Source, values: Values, changed: Mapping[Key, Column]) -> Table | None:
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
    return Table(dict(zip(link.group, columns, strict=True)), len(columns[0]))


def _pairs(link: Link, table: Table, values: Values) -> Pairs:
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

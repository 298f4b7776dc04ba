"""Counts of an answer taken apart: how many behind a number are of another time, and of which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeAlias

from citygraph.as_of import FactStatus
from citygraph.lexer import Token
from citygraph.rdf import Term
from citygraph.sparql.text import tokens

Key: TypeAlias = tuple[Term | None, ...]
"""What the rows that are counted together have in common."""
_AGGREGATES: Final = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT", "HAVING"})
_BEHIND: Final = frozenset({"ORDER", "LIMIT", "OFFSET", "VALUES", "HAVING"})
_COUNT: Final = re.compile(r"\( COUNT \( (?:DISTINCT )?[?$](\w+) \) AS [?$](\w+) \)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CountsBeside:
    """What else is counted when time is lifted, by status: for each group, and each column with a number.

    Attributes:
        columns: the columns with numbers.
        keys: the columns that rows are counted together by.
        counts: what is counted besides; groups of which nothing is are left out.
    """

    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    counts: Mapping[Key, Mapping[str, Counter[FactStatus]]] = field(default_factory=dict)

    def of(self, row: Mapping[str, Term], column: str, status: FactStatus) -> int:
        """How many are counted besides in a column of the group of a row."""
        return self.counts.get(_key(row, self.keys), {}).get(column, Counter())[status]

    @property
    def total(self) -> Counter[FactStatus]:
        """How many are counted besides in all, a thing once for each number that it belongs to."""
        return sum((each for group in self.counts.values() for each in group.values()), Counter[FactStatus]())


@dataclass(frozen=True, slots=True)
class Ungrouped:
    """A query that counts, with a row for each thing counted; `of` has the variable behind each column with a number."""

    text: str
    of: Mapping[str, str]


def ungrouped(text: str) -> Ungrouped | None:
    """The query with a row for each thing that it counts; nothing for one that does not count, or in another way.

    >>> ungrouped("SELECT ?n (COUNT(DISTINCT ?m) AS ?c) WHERE { ?m ?p ?n } GROUP BY ?n ORDER BY ?n")
    Ungrouped(text='SELECT * WHERE { ?m ?p ?n }   ', of={'c': 'm'})
    >>> ungrouped("SELECT (COUNT(?m) AS ?c) WHERE { ?m ?p ?n } HAVING (?c > 2)") is None
    True
    """
    found = list(tokens(text))
    words = [token.text.upper() for token in found]
    selects = [place for place, word in enumerate(words) if word == "SELECT"]
    clauses = {start: words.index("{", start) - (words[words.index("{", start) - 1] == "WHERE") for start in selects}
    written = {start: " ".join(each.text for each in found[start + 1 : end]) for start, end in clauses.items()}
    of = {column: one for clause in written.values() for one, column in _COUNT.findall(clause)}
    if not of or {"LIMIT", "OFFSET"} & set(words) or sum(word in _AGGREGATES for word in words) != len(of):
        return None
    whole = [place for place, clause in written.items() if any(_names(clause) & {name} for name in of)]
    is_made = any("(" in _COUNT.sub("", written[place]) for place in whole)
    cut = [(found[place].end, found[clauses[place]].start, " * ") for place in whole]
    cut += _grouping(found, words, len(text))
    rest = "".join(_kept(text, cut))
    if is_made or _names(rest) & set(of) or any(_leaks(found, words, place, written[place]) for place in whole):
        return None
    return Ungrouped(rest, of)


def _names(text: str) -> set[str]:
    return {token.text[1:] for token in tokens(text) if token.kind == "variable"}


def _kept(text: str, cut: Sequence[tuple[int, int, str]]) -> Iterator[str]:
    """The text without what is cut, and what stands there instead."""
    place = 0
    for first, last, instead in sorted(cut):
        yield text[place:first] + instead
        place = last
    yield text[place:]


def _leaks(found: Sequence[Token], words: Sequence[str], select: int, clause: str) -> bool:
    """Whether a query in the query has a variable for itself that stands outside of it too."""
    depth, end = 1, words.index("{", select) + 1
    while end < len(words) and depth:
        depth += {"{": 1, "}": -1}.get(words[end], 0)
        end += 1
    inside = {token.text for token in found[select:end] if token.kind == "variable"}
    # Behind the outermost query stand its own clauses.
    outside = {token.text for token in (*found[:select], *found[end:]) if token.kind == "variable"}
    return "{" in words[:select] and bool({each[1:] for each in inside & outside} - _names(clause))


def _grouping(found: Sequence[Token], words: Sequence[str], length: int) -> Iterator[tuple[int, int, str]]:
    """Where GROUP BY and ORDER BY stand, with all that belongs to them."""
    for place, (word, following) in enumerate(pairwise(words)):
        if following == "BY" and word in {"GROUP", "ORDER"}:
            end = next((at for at in range(place + 2, len(words)) if words[at] in {"}", *_BEHIND}), None)
            yield found[place].start, length if end is None else found[end].start, " "


def counts_beside(
    columns: Mapping[str, str],
    keys: Sequence[str],
    holding: Sequence[Mapping[str, Term]],
    others: Sequence[tuple[Mapping[str, Term], FactStatus]],
    *,
    says_most: Sequence[FactStatus],
) -> CountsBeside:
    """What is counted besides, by status; each thing once, as what says most for it.

    Args:
        columns: the columns with numbers, and the variable that each counts.
        keys: the columns that rows are counted together by.
        holding: the rows behind the numbers of the day.
        others: the rows that only lifted time gives, and their statuses.
        says_most: the statuses, that which says most first.
    """
    there = {(_key(row, keys), name, row.get(one)) for row in holding for name, one in columns.items()}
    best: dict[tuple[Key, str, Term | None], FactStatus] = {}
    for row, status in others:
        for name, one in columns.items():
            place = (_key(row, keys), name, row.get(one))
            if row.get(one) is None or place in there:
                continue
            if place not in best or says_most.index(status) < says_most.index(best[place]):
                best[place] = status
    counts: dict[Key, dict[str, Counter[FactStatus]]] = {}
    for (key, name, _), status in best.items():
        counts.setdefault(key, {}).setdefault(name, Counter())[status] += 1
    return CountsBeside(tuple(columns), tuple(keys), counts)


def _key(row: Mapping[str, Term], keys: Sequence[str]) -> Key:
    return tuple(row.get(name) for name in keys)

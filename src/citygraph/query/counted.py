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
_AGGREGATES: Final = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"})
_LIMITS: Final = frozenset({"LIMIT", "OFFSET", "HAVING"})
_BEHIND: Final = frozenset({"GROUP", "ORDER", "VALUES", *_LIMITS})
_COUNT: Final = re.compile(r"\( COUNT \( (?:DISTINCT )?(?:[?$](\w+)|\*) \) AS [?$](\w+) \)", re.IGNORECASE)
ROWS: Final = "*"
"""What a column counts that counts rows, whatever is in them."""


@dataclass(frozen=True, slots=True)
class CountsBeside:
    """What else is counted when time is lifted, by status: for each group, and each column with a number.

    Attributes:
        columns: the columns with numbers of which that can be told.
        keys: the columns that rows are counted together by.
        counts: what is counted besides; groups of which nothing is are left out.
        statuses: of each group of which something is of another time, of what that is; nothing where the rows behind the
            numbers are not known.
        there: the groups of which something holds.
        untold: the columns that are made from several rows, of which nobody can say what they would be besides.
    """

    columns: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    counts: Mapping[Key, Mapping[str, Counter[FactStatus]]] = field(default_factory=dict)
    statuses: Mapping[Key, frozenset[FactStatus]] | None = None
    there: frozenset[Key] = frozenset()
    untold: tuple[str, ...] = ()

    def of(self, row: Mapping[str, Term], column: str, status: FactStatus) -> int:
        """How many are counted besides in a column of the group of a row."""
        return self.counts.get(_key(row, self.keys), {}).get(column, Counter())[status]

    def statuses_of(self, row: Mapping[str, Term]) -> tuple[frozenset[FactStatus], bool]:
        """Of what statuses the rows behind the group of a row are besides, and whether any of them holds."""
        key = _key(row, self.keys)
        return (self.statuses or {}).get(key, frozenset()), key in self.there

    @property
    def total(self) -> Counter[FactStatus]:
        """How many are counted besides in all, a thing once for each number that it belongs to."""
        return sum((each for group in self.counts.values() for each in group.values()), Counter[FactStatus]())


@dataclass(frozen=True, slots=True)
class CountingQuery:
    """How a query counts.

    Attributes:
        made: the shown columns that are made from several rows together.
        of: those of them that are plain counts, and the variable that each counts (`ROWS` where it is whole rows).
        text: the query with a row for each thing counted; empty where it cannot be written.
    """

    made: tuple[str, ...]
    of: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


def counting_of(text: str, columns: Sequence[str]) -> CountingQuery | None:
    """How a query counts; nothing for one that shows no number made from several rows.

    >>> counting_of("SELECT ?n (COUNT(DISTINCT ?m) AS ?c) WHERE { ?m ?p ?n } GROUP BY ?n ORDER BY ?n", ["n", "c"])
    CountingQuery(made=('c',), of={'c': 'm'}, text='SELECT * WHERE { ?m ?p ?n }   ')
    >>> counting_of("SELECT (COUNT(?m) AS ?c) WHERE { ?m ?p ?n } HAVING (COUNT(?m) > 2) LIMIT 1", ["c"]).text
    'SELECT * WHERE { ?m ?p ?n }   '
    >>> counting_of("SELECT (SUM(?m) * 2 AS ?c) WHERE { ?m ?p ?n }", ["c"])
    CountingQuery(made=('c',), of={}, text='SELECT * WHERE { ?m ?p ?n }')
    """
    found = list(tokens(text))
    words = [token.text.upper() for token in found]
    made = _made(found, words)
    shown = tuple(name for name in columns if name in made)
    if not shown:
        return None
    selects = [place for place, word in enumerate(words) if word == "SELECT"]
    clauses = {start: words.index("{", start) - (words[words.index("{", start) - 1] == "WHERE") for start in selects}
    written = {start: " ".join(each.text for each in found[start + 1 : end]) for start, end in clauses.items()}
    whole = [place for place, clause in written.items() if _names(clause) & made]
    # A row of a query in which rows are optional or come twice may be another one when time is lifted.
    has_plain_rows = len(selects) == 1 and not {"OPTIONAL", "UNION", "EXISTS"} & set(words)
    counts = [each for place in whole for each in _COUNT.findall(written[place])]
    of = {
        column: one or ROWS
        for one, column in counts
        if column in shown and (one not in made if one else has_plain_rows)
    }
    if not _may_be_cut(words, whole):
        return CountingQuery(shown)
    cut = [(found[place].end, found[clauses[place]].start, " * ") for place in whole]
    cut += _behind(found, words, len(text))
    rest = "".join(_kept(text, cut))
    known, grouped = _names(rest), _grouped(found, words)
    kept = {name for place in whole for name in _projected(written[place]) if name not in made}
    is_whole = not known & made and kept <= known and grouped <= kept | set(columns)
    if not is_whole or any(_leaks(found, words, place, written[place]) for place in whole):
        return CountingQuery(shown)
    return CountingQuery(shown, of, rest)


def _made(found: Sequence[Token], words: Sequence[str]) -> set[str]:
    """The variables that are made from several rows together, or from such variables."""
    expressions: list[tuple[str, set[str], bool]] = []
    for place, word in enumerate(words):
        if word == "AS" and place + 1 < len(found) and found[place + 1].kind == "variable":
            depth, start = 1, place
            while depth and start:
                start -= 1
                depth += {")": 1, "(": -1}.get(words[start], 0)
            inside = {each.text[1:] for each in found[start:place] if each.kind == "variable"}
            expressions.append((found[place + 1].text[1:], inside, bool(_AGGREGATES & set(words[start:place]))))
    made = {name for name, _, is_aggregate in expressions if is_aggregate}
    while more := {name for name, inside, _ in expressions if inside & made} - made:
        made |= more
    return made


def _may_be_cut(words: Sequence[str], whole: Sequence[int]) -> bool:
    """Whether what limits the rows of a query limits none but its numbers, so that it can go with them."""
    depth, inside = 0, []
    for word in words:
        depth += {"{": 1, "}": -1}.get(word, 0)
        inside.append(depth)
    limits = [place for place, word in enumerate(words) if word in _LIMITS]
    if limits and len(whole) > 1 and any(inside[place] != inside[whole[0]] for place in limits):
        return False
    owners = (
        max((at for at in range(place) if words[at] == "SELECT" and inside[at] == inside[place]), default=0)
        for place in limits
    )
    return all(owner in whole or any(owner < place for place in whole) for owner in owners)


def _projected(clause: str) -> list[str]:
    """The variables that a SELECT clause gives: those that stand alone, and what expressions are called."""
    names, depth, before = [], 0, ""
    for word in clause.split(" "):
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word[:1] in "?$" and (depth == 0 or (depth == 1 and before == "AS")):
            names.append(word[1:])
        before = word.upper()
    return names


def _grouped(found: Sequence[Token], words: Sequence[str]) -> set[str]:
    """The variables in every GROUP BY."""
    names: set[str] = set()
    for place, (word, following) in enumerate(pairwise(words)):
        if (word, following) == ("GROUP", "BY"):
            end = next((at for at in range(place + 2, len(words)) if words[at] in {"}", *_BEHIND}), len(words))
            names |= {each.text[1:] for each in found[place:end] if each.kind == "variable"}
    return names


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


def _behind(found: Sequence[Token], words: Sequence[str], length: int) -> Iterator[tuple[int, int, str]]:
    """Where GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET stand, with all that belongs to them."""
    for place, word in enumerate(words):
        if word in _LIMITS or (word in {"GROUP", "ORDER"} and words[place + 1 : place + 2] == ["BY"]):
            end = next((at for at in range(place + 1, len(words)) if words[at] in {"}", *_BEHIND}), None)
            yield found[place].start, length if end is None else found[end].start, " "


def counts_beside(
    counting: CountingQuery,
    keys: Sequence[str],
    holding: Sequence[Mapping[str, Term]],
    others: Sequence[tuple[Mapping[str, Term], FactStatus]],
    *,
    says_most: Sequence[FactStatus],
) -> CountsBeside:
    """What is counted besides, by status; each thing once, as what says most for it.

    Args:
        counting: how the query counts.
        keys: the columns that rows are counted together by.
        holding: the rows behind the numbers of the day.
        others: the rows that only lifted time gives, and their statuses.
        says_most: the statuses, that which says most first.
    """
    columns = counting.of
    there = {(_key(row, keys), name, _counted(row, one)) for row in holding for name, one in columns.items()}
    best: dict[tuple[Key, str, object], FactStatus] = {}
    statuses: dict[Key, set[FactStatus]] = {}
    for row, status in others:
        key = _key(row, keys)
        statuses.setdefault(key, set()).add(status)
        for name, one in columns.items():
            place = (key, name, _counted(row, one))
            if place[2] is None or place in there:
                continue
            if place not in best or says_most.index(status) < says_most.index(best[place]):
                best[place] = status
    counts: dict[Key, dict[str, Counter[FactStatus]]] = {}
    for (key, name, _), status in best.items():
        counts.setdefault(key, {}).setdefault(name, Counter())[status] += 1
    return CountsBeside(
        tuple(columns),
        tuple(keys),
        counts,
        {key: frozenset(found) for key, found in statuses.items()},
        frozenset(_key(row, keys) for row in holding),
        tuple(name for name in counting.made if name not in columns) if others else (),
    )


def _counted(row: Mapping[str, Term], one: str) -> object:
    """What a row adds to a count."""
    return frozenset(row.items()) if one == ROWS else row.get(one)


def _key(row: Mapping[str, Term], keys: Sequence[str]) -> Key:
    return tuple(row.get(name) for name in keys)

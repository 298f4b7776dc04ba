"""What a proof is looked for in: the triples of a closure, found by any of their terms, and how an atom matches one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np

from citygraph.reason.closure import Atom, TermText, TripleText, is_variable
from citygraph.reason.columnar.relations import Column, Key, class_key, high, is_property, low, property_key, term_of
from citygraph.reason.datatypes import value_of
from citygraph.reason.rules import SAME, TYPE

if TYPE_CHECKING:
    from citygraph.reason.columnar.state import ColumnarState


class Facts(Protocol):
    """A closure, with equality written out, as triples in N-Triples text."""

    def match(
        self, subject: TermText | None, predicate: TermText | None, object_: TermText | None
    ) -> Iterator[TripleText]:
        """The triples with these terms; None is any."""
        ...

    def estimate(self, subject: TermText | None, predicate: TermText | None, object_: TermText | None) -> int:
        """About how many triples `match` gives, found without looking at them."""
        ...

    def is_asserted(self, triple: TripleText) -> bool:
        """Whether somebody stated this triple."""
        ...

    def spellings(self, literal: TermText) -> Sequence[TermText]:
        """The literals that occur and have the value of this one, itself included."""
        ...


class ColumnarFacts:
    """The state of the columnar engine, read as it lies: nothing is copied, equal terms are written out on the way."""

    def __init__(self, state: ColumnarState) -> None:
        self._state = state
        self._grouped = set(state.equality.grouped().tolist())

    def match(
        self, subject: TermText | None, predicate: TermText | None, object_: TermText | None
    ) -> Iterator[TripleText]:
        """See `Facts.match`."""
        numbers = [
            None if term is None else self._state.dictionary.known(term) for term in (subject, predicate, object_)
        ]
        if any(term is not None and n is None for term, n in zip((subject, predicate, object_), numbers, strict=True)):
            return
        s, p, o = numbers
        if p is None:
            for key in list(self._state.relations):
                if key != self._state.type_key:
                    yield from self._in_relation(key, s, o if is_property(key) else None, only_class=o)
        elif predicate == TYPE:
            classes = (
                [class_key(o)] if o is not None else [key for key in self._state.relations if not is_property(key)]
            )
            for key in classes:
                yield from self._in_relation(self._state.mapped_key(key), s, None, spelled=o)
        else:
            yield from self._in_relation(self._state.mapped_key(property_key(p)), s, o, spelled=p)

    def _in_relation(
        self, key: Key, s: int | None, o: int | None, *, spelled: int | None = None, only_class: int | None = None
    ) -> Iterator[TripleText]:
        """The rows of one relation, with its class or property spelled so, or in all ways."""
        rows = self._rows(key, s, o)
        if len(rows) == 0:
            return
        text = self._state.dictionary.text
        names = [spelled] if spelled is not None else [term_of(k) for k in self._state.spelled_keys(key)]
        for name in names:
            word = text(name)
            if not is_property(key):
                if only_class is None or name == only_class:
                    for one in rows.tolist():
                        for member in [s] if s is not None else self._members(one):
                            yield text(member), TYPE, word
                continue
            for left, right in zip(high(rows).tolist(), low(rows).tolist(), strict=True):
                for one in [s] if s is not None else self._members(left):
                    for other in [o] if o is not None else self._members(right):
                        yield text(one), word, text(other)

    def _rows(self, key: Key, s: int | None, o: int | None) -> Column:
        """The rows over representatives that start and end so."""
        relation = self._state.relations.get(key)
        if relation is None:
            return np.empty(0, np.uint64 if is_property(key) else np.uint32)
        s, o = self._representative(s), self._representative(o)
        rows = relation.rows
        if not is_property(key):
            return rows if s is None else _range(rows, s, s + 1)
        if s is not None and o is not None:
            return _range(rows, s << 32 | o, (s << 32 | o) + 1)
        if s is not None:
            return _range(rows, s << 32, (s + 1) << 32)
        if o is not None:
            found = _range(relation.backward, o << 32, (o + 1) << 32)
            return (found << np.uint64(32)) | (found >> np.uint64(32))
        return rows

    def estimate(self, subject: TermText | None, predicate: TermText | None, object_: TermText | None) -> int:
        """See `Facts.estimate`."""
        known = self._state.dictionary.known
        s, p, o = (None if term is None else known(term) for term in (subject, predicate, object_))
        if p is None:
            return sum(map(len, self._state.relations.values()))
        if predicate == TYPE:
            return self._state.rows if o is None else len(self._rows(self._state.mapped_key(class_key(o)), s, None))
        return len(self._rows(self._state.mapped_key(property_key(p)), s, o))

    def is_asserted(self, triple: TripleText) -> bool:
        """See `Facts.is_asserted`."""
        s, p, o = map(self._state.dictionary.known, triple)
        if s is None or p is None or o is None:
            return False
        key, row = (class_key(o), s) if triple[1] == TYPE else (property_key(p), s << 32 | o)
        rows = self._state.asserted.get(key)
        return rows is not None and len(_range(rows, row, row + 1)) > 0

    def spellings(self, literal: TermText) -> Sequence[TermText]:
        """See `Facts.spellings`."""
        number = self._state.dictionary.known(literal)
        if number is None:
            return (literal,)
        return [self._state.dictionary.text(n) for n in self._state.values.spellings(number)]

    def _representative(self, number: int | None) -> int | None:
        return None if number is None else int(self._state.equality.representatives[number])

    def _members(self, representative: int) -> list[int]:
        if representative not in self._grouped:
            return [representative]
        _, members = self._state.equality.expand(np.array([representative], np.uint32))
        found: list[int] = members.tolist()
        return found


def has_equality(facts: Facts) -> bool:
    """Whether anything is equal to anything in this closure."""
    return next(facts.match(None, SAME, None), None) is not None


def _range(rows: Column, start: int, end: int) -> Column:
    """The part of a sorted column from `start` up to, not including, `end`."""
    # A bound of another type would have the whole column converted.
    kind = rows.dtype.type
    most = np.iinfo(rows.dtype).max
    first = int(np.searchsorted(rows, kind(start)))
    last = len(rows) if end > most else int(np.searchsorted(rows, kind(end)))
    return rows[first:last]


Binding: TypeAlias = dict[str, str]


def unify(atom: Atom | None, triple: TripleText) -> Binding | None:
    """What the variables of a head stand for when it concludes this triple; None when it cannot."""
    return None if atom is None else extended(atom, triple, {}, exact=True)


def extended(atom: Atom, triple: TripleText, binding: Binding, *, exact: bool = False) -> Binding | None:
    """What variables stand for when this triple matches the atom too; literals match by value unless `exact`."""
    bindings = dict(binding)
    for term, value in zip((atom.subject, atom.predicate, atom.object), triple, strict=True):
        wanted = bindings.setdefault(term, value) if is_variable(term) else term
        if wanted != value and (exact or not _same_value(wanted, value)):
            return None
    return bindings


def _same_value(one: str, other: str) -> bool:
    if not (one.startswith('"') and other.startswith('"')):
        return False
    value = value_of(one)
    return value is not None and value == value_of(other)


def bound(atom: Atom, binding: Binding) -> tuple[str | None, str | None, str | None]:
    """The atom with what its variables stand for; None where that is open."""

    def term(text: str) -> str | None:
        return binding.get(text) if is_variable(text) else text

    return term(atom.subject), term(atom.predicate), term(atom.object)

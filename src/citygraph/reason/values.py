"""Which literals of a dictionary are equal by value, and which have a text that their datatype forbids."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

import numpy as np

from citygraph.reason.columns import Column, Ids, Pairs, high, low, pack, repeat_ranges, unique
from citygraph.reason.datatypes import ILL_TYPED, Value, is_datatype, is_inside, value_of
from citygraph.reason.encode import LITERAL, Dictionary

__all__ = ["Values"]

_XSD: Final = b"^^<http://www.w3.org/2001/XMLSchema#"
_CAPITAL_TAG: Final = re.compile(rb'.*"@[a-zA-Z0-9-]*[A-Z][a-zA-Z0-9-]*', re.DOTALL)
_CANONICAL_INTEGERS: Final = re.compile(rb'(?:"(?:0|-?[1-9][0-9]*)")*')
_UNBOUNDED: Final = b"integer>"
_STRING_TYPES: Final = frozenset({b"normalizedString>", b"token>", b"language>", b"Name>", b"NCName>", b"NMTOKEN>"})


class Values:
    """A second key for literals: the number of the first literal with the same value."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._done = 0
        self._seen: dict[Value, int] = {}
        self._integers_seen = False
        self._pending: list[int] = []
        self._awaited: dict[bytes, int] = {}
        self.ill_typed: list[int] = []
        self.twins: Pairs = np.empty(0, np.uint64)
        """(key, literal) of every group of two or more literals with one value; sorted."""
        self._key_of: dict[int, int] = {}

    def update(self) -> bool:
        """Take in the literals that are new in the dictionary. Whether a new group of twins came of it."""
        texts = self._dictionary.texts()
        if self._done == len(texts):
            return False
        kinds = self._dictionary.kinds()[self._done :]
        literals = (np.flatnonzero(kinds == LITERAL) + self._done).tolist()
        self._done = len(texts)
        by_type: dict[bytes, list[int]] = defaultdict(list)
        for number in literals:
            text = texts[number]
            # A plain literal ends with its quote and is its own value.
            if self._awaited and text in self._awaited:
                by_type[b"awaited"].append(number)
            elif text[-1] == LITERAL:
                continue
            elif text[-1] == ord(">"):
                by_type[text[text.rindex(b'"') + 1 :]].append(number)
            elif _CAPITAL_TAG.fullmatch(text):
                by_type[b"@"].append(number)
        before = len(self.twins)
        self._sort_out(by_type, texts)
        return len(self.twins) != before

    def _sort_out(self, by_type: dict[bytes, list[int]], texts: list[bytes]) -> None:
        groups: list[tuple[int, int]] = []
        groups += ((self._awaited[texts[number]], number) for number in by_type.pop(b"awaited", ()))
        for suffix, numbers in by_type.items():
            name = suffix.removeprefix(_XSD)
            if name == _UNBOUNDED and self._only_integers(numbers, texts):
                self._pending += numbers
                continue
            if suffix != b"@" and not is_datatype(suffix[2:].decode()):
                continue
            if name != suffix and (name.endswith(b"nteger>") or name in _NUMBERS):
                self._compare_pending(texts, groups)
            for number in numbers:
                self._place(number, texts, groups, plain=suffix == b"@" or name in _STRING_TYPES)
        if groups:
            rows = np.array(groups, np.uint32)
            keys = unique(np.concatenate((self.twins, pack(rows[:, 0], rows[:, 1]), pack(rows[:, 0], rows[:, 0]))))
            self.twins = keys
            self._key_of = dict(zip(low(keys).tolist(), high(keys).tolist(), strict=True))

    def _only_integers(self, numbers: list[int], texts: list[bytes]) -> bool:
        """Whether these xsd:integer literals are all written in the one canonical way, so that none are equal."""
        if self._integers_seen:
            return False
        cut = len(_XSD) + len(_UNBOUNDED)
        return _CANONICAL_INTEGERS.fullmatch(b"".join([texts[n][:-cut] for n in numbers])) is not None

    def _compare_pending(self, texts: list[bytes], groups: list[tuple[int, int]]) -> None:
        """Read the canonical integers after all: another numeric datatype has come up."""
        self._integers_seen = True
        pending, self._pending = self._pending, []
        for number in pending:
            self._place(number, texts, groups, plain=False)

    def _place(self, number: int, texts: list[bytes], groups: list[tuple[int, int]], *, plain: bool) -> None:
        text = texts[number].decode()
        value = value_of(text)
        if value is None:
            return
        if value is ILL_TYPED:
            self.ill_typed.append(number)
            return
        if plain:
            # Literals of this value space are mostly plain ones, which are not read one by one.
            start, _, end = text.rpartition('"')
            usual = f'{start}"' + (end.lower() if end.startswith("@") else "")
            twin = self._dictionary.known(usual)
            if twin is not None and twin != number:
                first = self._seen.setdefault(value, min(twin, number))
                groups += ((first, twin), (first, number))
                return
            self._awaited.setdefault(usual.encode(), number)
        first = self._seen.setdefault(value, number)
        if first != number:
            groups.append((first, number))

    def key_of(self, number: int) -> int:
        """The number that stands for all literals with the value of this one."""
        return self._key_of.get(number, number)

    def keys_of(self, numbers: Ids) -> Ids:
        """`key_of` for a whole column."""
        if len(self.twins) == 0:
            return numbers
        literals = low(self.twins)
        order = np.argsort(literals)
        places = np.searchsorted(literals[order], numbers)
        places[places == len(order)] = 0
        hits = literals[order][places] == numbers
        return np.where(hits, high(self.twins)[order][places], numbers).astype(np.uint32)

    def spellings(self, number: int) -> list[int]:
        """Every literal with the value of this one, itself included."""
        key = self._key_of.get(number)
        if key is None:
            return [number]
        heads = high(self.twins)
        start, end = np.searchsorted(heads, key), np.searchsorted(heads, key, side="right")
        found: list[int] = low(self.twins)[start:end].tolist()
        return found

    def with_spellings(self, numbers: Ids) -> tuple[Column, Ids]:
        """Each literal replaced by all its spellings: the row each came from, and the column."""
        keys = self.keys_of(numbers)
        heads = high(self.twins)
        starts = np.searchsorted(heads, keys)
        counts = np.searchsorted(heads, keys, side="right") - starts
        alone = counts == 0
        counts[alone] = 1
        origin = np.repeat(np.arange(len(numbers)), counts)
        places = repeat_ranges(starts, counts, int(counts.sum()))
        answer = numbers[origin]
        hit = ~alone[origin]
        answer[hit] = low(self.twins)[places[hit]]
        return origin, answer

    def differ(self, one: int, other: int) -> bool:
        """Whether two literals surely denote different values."""
        if one == other or self.key_of(one) == self.key_of(other):
            return False
        values = [value_of(self._dictionary.text(n)) for n in (one, other)]
        return None not in values and ILL_TYPED not in values and values[0] != values[1]

    def outside(self, number: int, datatype: str) -> bool:
        """Whether a literal is surely no value of the datatype."""
        return not is_inside(self._dictionary.text(number), datatype)


_NUMBERS: Final = frozenset(
    {b"decimal>", b"long>", b"int>", b"short>", b"byte>", b"unsignedLong>"}
    | {b"unsignedInt>", b"unsignedShort>", b"unsignedByte>"}
)

"""Which predicates and classes a table has statements of, so that rules that would find nothing are not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["NO_CLASS", "Heads", "Present", "listed", "of_heads"]

NO_CLASS: Final = -1
"""Stands where a class would stand, for statements that are not about `rdf:type`."""

_MOST_LISTED: Final = 1_000
"""More numbers than this are not written into a condition."""


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

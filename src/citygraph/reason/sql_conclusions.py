"""What rules of one shape conclude from what the last round added, as SQL; rules that would find nothing are left out."""

# ruff: noqa: S608  # the text is made of numbers and of names written here; no term comes near it
from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from citygraph.reason.sql_database import Row
from citygraph.reason.sql_present import Heads, Present, listed
from citygraph.reason.sql_rules import (
    FIRST_LITERAL,
    Form,
    Place,
    Places,
    Shape,
    all_of,
    constants_of,
    value_of,
    valued,
    values_of,
)

__all__ = ["Conclusion", "conclusions", "reading"]

_FEW: Final = 200_000
"""So many new statements may be sent to every worker."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A statement that asks for what follows, in the columns `s`, `p` and `o`, and what that may be about."""

    text: str
    heads: Heads


def conclusions(shape: Shape, fresh: Present | None, known: Present, *, by_value: bool) -> list[Conclusion]:
    """One statement for each atom of the body that may be new.

    Args:
        shape: the rules.
        fresh: what the last round added to the table `fresh`; None when that has everything known.
        known: what is in the table `known`.
        by_value: whether literals are compared by what they say.
    """
    head, body = shape.form.head, shape.form.body
    if head is None:
        return []
    found = []
    # Where everything is new, the first atom is; the other statements would find the same again.
    for new in range(1 if fresh is None else len(body)):
        rows = [row for row in shape.rows if _may_match(body, row, new, fresh or known, known)]
        if rows:
            few = len(body) > 1 and fresh is not None and _matching(body[new], rows, fresh) <= _FEW
            found.append(_Joined(shape, new, rows, by_value=by_value).conclusion(head, few=few))
    return found


def reading(shape: Shape, known: Present) -> list[Row]:
    """The rules of a shape that may find something in the table `known`."""
    return [row for row in shape.rows if _may_match(shape.form.body, row, 0, known, known)]


class _Joined:
    """The new statements that some rules of a shape may read, as `x`, joined with the known ones for the other atoms."""

    def __init__(self, shape: Shape, new: int, rows: list[Row], *, by_value: bool) -> None:
        self._form = shape.form
        self._new = new
        self._rows = rows
        self._by_value = valued(shape.form.body) if by_value else frozenset[Place]()
        self._constants = shape.columns[1:]
        self._columns: dict[Place, str] = {name: f"x.{name}" for name in self._constants}
        self._sources = [self._read(shape)]
        self._conditions: list[str] = []
        for i in _connected(shape.form.body, new):
            self._join(i)

    def conclusion(self, head: Places, *, few: bool) -> Conclusion:
        """The statement; with `few` what is new is to be sent to where the rest lies."""
        subject, predicate, object_ = map(self._name, head)
        conditions = [*self._conditions]
        if _is_guarded(self._form):
            conditions.append(f"{subject} < {FIRST_LITERAL}")
        if self._form.links:
            conditions += [f"{object_} < {FIRST_LITERAL}", f"{subject} <> {object_}"]
        # To DuckDB, which sees for itself, this is a remark.
        hint = "/*+ BROADCAST(x) */ " if few else ""
        text = f"SELECT {hint}{subject} AS s, {predicate} AS p, {object_} AS o FROM {', '.join(self._sources)}"
        heads = Heads.of(values_of(head[1], self._rows), values_of(head[2], self._rows), is_type=head[1].isdigit())
        return Conclusion(f"{text} WHERE {all_of(conditions)}", heads)

    def _read(self, shape: Shape) -> str:
        """The new statements, each beside the constants of a rule that may read it."""
        atom = shape.form.body[self._new]
        conditions = constants_of("a", atom, self._rows)
        if len(self._rows) < len(shape.rows):
            conditions += listed("r.n", {row[0] for row in self._rows})
        for column, place in zip("spo", atom, strict=True):
            if not place.startswith("v"):
                conditions.append(f"a.{column} = {f'r.{place}' if place.startswith('c') else place}")
        names = ", ".join((*(f"r.{name}" for name in self._constants), "a.*"))
        return f"(SELECT {names} FROM {shape.table} AS r, {self._table('fresh', atom)} AS a WHERE {all_of(conditions)}) AS x"

    def _join(self, i: int) -> None:
        """Take in an atom: where its variables are found, and what it must have in common with those before."""
        atom = self._form.body[i]
        name = "x" if i == self._new else f"a{i}"
        if i != self._new:
            self._sources.append(f"{self._table('known', atom)} AS {name}")
            self._conditions += constants_of(name, atom, self._rows)
        for column, place in zip("spo", atom, strict=True):
            here = f"{name}.{'v' if column == 'o' and place in self._by_value else column}"
            if place.startswith("v") and place not in self._columns:
                self._columns[place] = here
            elif place.startswith("v") or i != self._new:
                self._conditions.append(f"{here} = {self._name(place)}")

    def _table(self, name: str, atom: Places) -> str:
        return f"{name}_by_value" if atom[2] in self._by_value else name

    def _name(self, place: Place) -> str:
        """The column of a variable or constant; a number as it is."""
        return self._columns.get(place, place)


def _is_guarded(form: Form) -> bool:
    """Whether the subject of the head may turn out to be a literal."""
    return form.head is not None and form.head[0].startswith("v") and form.head[0] not in {s for s, _, _ in form.body}


def _may_match(body: tuple[Places, ...], row: Row, new: int, fresh: Present, known: Present) -> bool:
    """Whether a rule finds anything at all, as far as the predicates and classes tell."""
    return all((fresh if i == new else known).rows(*_key(atom, row)) for i, atom in enumerate(body))


def _matching(atom: Places, rows: list[Row], fresh: Present) -> int:
    """At most how many new statements the rules read, a statement counted once for each rule."""
    return sum(fresh.rows(*_key(atom, row)) for row in rows)


def _key(atom: Places, row: Row) -> tuple[int | None, int | None]:
    """The predicate that an atom asks for in one rule, and the class where that is `rdf:type`."""
    # No other predicate stands in the form as a number.
    return value_of(atom[1], row), value_of(atom[2], row) if atom[1].isdigit() else None


def _connected(body: tuple[Places, ...], first: int) -> list[int]:
    """The atoms of a body, beginning with one, each after one that it shares a variable with, where there is any."""
    order, left = [first], [i for i in range(len(body)) if i != first]
    while left:
        bound = {place for i in order for place in body[i] if place.startswith("v")}
        following = max(left, key=lambda i: (len(bound.intersection(body[i])), -i))
        order.append(following)
        left.remove(following)
    return order

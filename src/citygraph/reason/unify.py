"""Unification: what the variables of an atom stand for when it matches a triple."""

from __future__ import annotations

from typing import TypeAlias

from citygraph.reason.closure import Atom, TripleText, is_variable
from citygraph.reason.datatypes import value_of

__all__ = ["Binding", "bound", "extended", "unify"]

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

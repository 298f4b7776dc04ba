"""Contradictions told once: of all spellings of one violation, the one that people wrote down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeAlias

from citygraph.reason.closure import FlatRule, RuleBook, TripleText
from citygraph.reason.rule_text import SAME, expand
from citygraph.reason.specialise import specialise

__all__ = ["LIST_PREDICATES", "Violation", "tell_once", "with_names"]

LIST_PREDICATES: Final = frozenset({expand("rdf:first"), expand("rdf:rest")})
"""What lists are made of. Only lists that somebody wrote are read."""

Violation: TypeAlias = tuple[FlatRule, tuple[TripleText, ...]]
"""A rule that concludes a contradiction, and premises that match its body."""


def tell_once(
    violations: Iterable[Violation], *, representative: Callable[[str], str], is_asserted: Callable[[TripleText], bool]
) -> list[Violation]:
    """One of the violations that differ only in which of several equal terms they name, in a stable order."""
    best: dict[tuple[str, frozenset[TripleText]], tuple[tuple[int, int, tuple[TripleText, ...]], Violation]] = {}
    for rule, premises in violations:
        key = (rule.name, frozenset((representative(s), representative(p), representative(o)) for s, p, o in premises))
        # Stated before derived; what is said of a pair of equals counts less than what is said of them.
        unsaid = sum(not is_asserted(triple) for triple in premises if triple[1] != SAME)
        equal = sum(_distance(triple, is_asserted) for triple in premises if triple[1] == SAME)
        rank = (unsaid, equal, premises)
        if key not in best or rank < best[key][0]:
            best[key] = (rank, (rule, premises))
    return [violation for _, violation in best.values()]


def with_names(book: RuleBook, stated: Iterable[TripleText]) -> RuleBook:
    """The book with the contradictions of the axioms as stated besides: equal classes make different rules alike."""
    named = specialise(stated)
    return replace(book, contradictions=tuple(dict.fromkeys((*named.contradictions, *book.contradictions))))


def _distance(equal: TripleText, is_asserted: Callable[[TripleText], bool]) -> int:
    """How far a statement of equality is from what people wrote; `x owl:sameAs x` says least."""
    s, p, o = equal
    return 0 if is_asserted(equal) else 2 if s == o else 1 - is_asserted((o, p, s))

"""Of all spellings of one contradiction, the one that people wrote down is told."""

from __future__ import annotations

from itertools import permutations

import pytest

from citygraph.errors import ReasoningError
from citygraph.rdf import Iri, Literal, Triple
from citygraph.reason.closure import Budget, FlatRule, TripleText
from citygraph.reason.owlrl import close
from citygraph.reason.rules import SAME, TYPE
from citygraph.reason.specialise import specialise
from citygraph.reason.sql import Violation, with_stated_contradictions, without_repeats

RULE, OTHER = FlatRule("cax-dw", None, (), ()), FlatRule("prp-irp", None, (), ())
A, B, C, CITY, BODY = "<urn:a>", "<urn:b>", "<urn:c>", "<urn:City>", "<urn:Body>"
D = "<urn:aa>"
ONE = {A: A, B: A, D: A}
"""Three terms that are equal, and stand for one another."""


def told(*violations: Violation, stated: set[TripleText]) -> list[Violation]:
    return without_repeats(
        violations, representative=lambda term: ONE.get(term, term), is_asserted=lambda triple: triple in stated
    )


def clash(thing: str, rule: FlatRule = RULE) -> Violation:
    return rule, ((thing, TYPE, CITY), (thing, TYPE, BODY))


@pytest.mark.parametrize("order", list(permutations([A, B])))
def test_the_spelling_that_is_stated_is_told(order: tuple[str, ...]) -> None:
    found = told(*map(clash, order), stated={(B, TYPE, CITY), (B, TYPE, BODY)})
    assert found == [clash(B)]


@pytest.mark.parametrize("order", list(permutations([A, B])))
def test_of_two_that_are_not_stated_the_same_one_is_told_every_time(order: tuple[str, ...]) -> None:
    assert told(*map(clash, order), stated=set()) == [clash(A)]


def test_what_is_said_of_others_or_by_another_rule_is_told_besides() -> None:
    violations = [clash(A), clash(C), clash(A, OTHER)]
    assert told(*violations, stated=set()) == violations


# The better one comes later in the alphabet, so that the alphabet does not decide.
EQUALS = [(A, SAME, B), (A, SAME, D), (A, SAME, A)]
"""Stated the other way round, not stated at all, and of one thing with itself, which says least."""


@pytest.mark.parametrize("order", [each for most in (2, 3) for each in permutations(EQUALS, most)])
def test_of_equalities_the_one_nearest_to_what_is_stated_is_told(order: tuple[TripleText, ...]) -> None:
    (found,) = told(*((RULE, ((A, TYPE, CITY), each)) for each in order), stated={(B, SAME, A), (A, TYPE, CITY)})
    assert found[1][1] == min(order, key=EQUALS.index)


@pytest.mark.parametrize("turned", [False, True])
def test_statements_weigh_more_than_equalities(*, turned: bool) -> None:
    stated = {(B, TYPE, CITY), (A, SAME, B)}
    derived: Violation = (RULE, ((A, TYPE, CITY), (A, SAME, B)))
    written: Violation = (RULE, ((B, TYPE, CITY), (A, SAME, A)))
    assert told(*([written, derived] if turned else [derived, written]), stated=stated) == [written]


def test_the_names_in_the_axioms_are_told_before_what_they_are_equal_to() -> None:
    prefix = "http://www.w3.org/2002/07/owl#"
    disjoint = f"<{prefix}disjointWith>"
    book = specialise([(A, disjoint, C)])
    named = with_stated_contradictions(book, [(B, disjoint, C)])
    bodies = [{atom.object for atom in rule.body} for rule in named.contradictions]
    assert bodies.index({B, C}) < bodies.index({A, C})
    assert named.rules == book.rules


@pytest.mark.slow
def test_owlrl_that_takes_too_much_memory_is_ended_and_says_what_to_do() -> None:
    long = [Triple(Iri(f"urn:{n}"), Iri("urn:p"), Literal("x" * 4_000_000)) for n in range(25)]
    with pytest.raises(ReasoningError) as caught:
        close(long, budget=Budget(megabytes=64))
    assert str(caught.value) == "owlrl takes more memory than 64 MB."
    assert 'reason.engine = "columnar"' in caught.value.fix

"""After every insertion and deletion the closure is what a full run gives, equality included."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph.errors import ReasoningError
from citygraph.rdf import Triple
from citygraph.reason.closure import Budget
from citygraph.reason.columnar import ColumnarClosure, close
from reason.ontologies import AXIOMS, DATA, FACTS, KEYS, ONTOLOGIES, RARE_FACTS

Read: TypeAlias = Callable[[str], tuple[Triple, ...]]


def everything(closure: ColumnarClosure) -> dict[tuple[str, bool], frozenset[tuple[str, ...]]]:
    """All rows of a closure in text, noise included."""
    text = closure.state.dictionary.text
    return {
        (text(key >> 1), bool(key & 1)): frozenset(
            (text(row >> 32), text(row & 0xFFFFFFFF)) if key & 1 else (text(row),) for row in rows.tolist()
        )
        for key, rows in closure.expanded().items()
        if len(rows)
    }


def assert_as_from_scratch(closure: ColumnarClosure, asserted: Iterable[Triple]) -> None:
    """The closure equals a full run over the same triples."""
    full = close(sorted(asserted, key=str))
    assert everything(closure) == everything(full)
    assert set(closure.inferred()) == set(full.inferred())
    assert {c.rule for c in closure.contradictions} == {c.rule for c in full.contradictions}


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    axioms=ONTOLOGIES,
    data=DATA,
    rare=st.lists(st.one_of(RARE_FACTS, KEYS), max_size=2),
    changes=st.lists(st.tuples(st.lists(st.integers(0, 30), max_size=3), st.lists(FACTS, max_size=3)), max_size=4),
)
def test_random_edits(
    turtle: Read,
    axioms: list[str],
    data: list[str],
    rare: list[str],
    changes: list[tuple[list[int], list[str]]],
) -> None:
    asserted = set(turtle("\n".join([*axioms, *data, *rare])))
    closure = close(sorted(asserted, key=str))
    for out, into in changes:
        known = sorted(asserted, key=str)
        gone = [known[i % len(known)] for i in out] if known else []
        closure.delete(gone)
        asserted -= set(gone)
        assert_as_from_scratch(closure, asserted)
        new = turtle("\n".join(into))
        closure.insert(new)
        asserted |= set(new)
        assert_as_from_scratch(closure, asserted)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(axioms=ONTOLOGIES, data=DATA, more=st.lists(AXIOMS, max_size=2))
def test_a_change_of_the_ontology(turtle: Read, axioms: list[str], data: list[str], more: list[str]) -> None:
    asserted = set(turtle("\n".join([*axioms, *data])))
    closure = close(sorted(asserted, key=str))
    new = set(turtle("\n".join(more)))
    closure.insert(sorted(new, key=str))
    assert_as_from_scratch(closure, asserted | new)
    closure.delete(sorted(new - asserted, key=str))
    assert_as_from_scratch(closure, asserted)


@pytest.mark.parametrize(
    ("given_first", "taken"),
    [
        (":a owl:sameAs :b . :b owl:sameAs :c . :a :p :x . :c :q :y .", ":b owl:sameAs :c ."),
        (":p a owl:FunctionalProperty . :a :p :b , :c . :b :q :d . :c :r :e .", ":a :p :c ."),
        (":p a owl:FunctionalProperty . :q rdfs:subPropertyOf :p . :a :p :b ; :q :c . :c :r :d .", ":a :q :c ."),
        (":p a owl:InverseFunctionalProperty . :a :p 1 . :b :p 1 . :c :p 1 . :b :q :d .", ":b :p 1 ."),
        (":C owl:hasKey (:k) . :a a :C ; :k 1 . :b a :C ; :k 1 . :b :q :d .", ":b a :C ."),
        (":a owl:sameAs :b . :m rdfs:subPropertyOf owl:sameAs . :a :m :b . :b :p :c .", ":a owl:sameAs :b ."),
        (":p a owl:TransitiveProperty . :a :p :b . :b :p :c . :c :p :a .", ":b :p :c ."),
        (":p owl:inverseOf :q . :a :p :b . :b :q :a .", ":a :p :b ."),
    ],
)
def test_a_reason_that_goes(turtle: Read, given_first: str, taken: str) -> None:
    asserted = set(turtle(given_first))
    gone = set(turtle(taken))
    closure = close(sorted(asserted, key=str))
    before = everything(closure)
    closure.delete(gone)
    assert_as_from_scratch(closure, asserted - gone)
    closure.insert(gone)
    assert everything(closure) == before


def test_deleting_what_was_only_inferred_changes_nothing(turtle: Read) -> None:
    closure = close(turtle(":A rdfs:subClassOf :B . :x a :A ."))
    before = everything(closure)
    closure.delete(turtle(":x a :B . :y a :A ."))
    assert everything(closure) == before


def test_an_inserted_triple_that_was_inferred_stays_when_its_reason_goes(turtle: Read) -> None:
    closure = close(turtle(":A rdfs:subClassOf :B . :x a :A ."))
    closure.insert(turtle(":x a :B ."))
    assert not list(closure.inferred())
    closure.delete(turtle(":x a :A ."))
    assert_as_from_scratch(closure, turtle(":A rdfs:subClassOf :B . :x a :B ."))


def test_a_spelling_that_comes_later_joins_by_value(turtle: Read) -> None:
    closure = close(turtle(":p a owl:InverseFunctionalProperty . :R owl:hasValue 1 ; owl:onProperty :q . :a :p 1 ."))
    new = turtle(':b :p "01"^^xsd:integer ; :q "1.0"^^xsd:decimal .')
    closure.insert(new)
    wanted = set(turtle(":a owl:sameAs :b . :b a :R ."))
    assert wanted <= set(closure.inferred())


def test_an_insertion_that_bursts_the_budget_leaves_the_closure_as_it_was(turtle: Read) -> None:
    chain = " ".join(f":n{i} :p :n{i + 1} ." for i in range(40))
    closure = close(turtle(chain + ":p a owl:TransitiveProperty ."), budget=Budget(derived=4_000))
    before = everything(closure)
    with pytest.raises(ReasoningError, match="prp-trp"):
        closure.insert(turtle(" ".join(f":n{i} :p :n{i + 1} ." for i in range(40, 110))))
    assert everything(closure) == before
    closure.delete(turtle(":n0 :p :n1 ."))
    assert ("<urn:x:n0>", "<urn:x:n5>") not in everything(closure)["<urn:x:p>", True]

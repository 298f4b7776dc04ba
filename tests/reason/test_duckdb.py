"""The engine for graphs larger than memory: its own habits; that it agrees with the others is tested elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph.errors import ReasoningError
from citygraph.rdf import Triple
from citygraph.reason import columnar
from citygraph.reason.closure import Atom, Budget
from citygraph.reason.rules import TYPE
from citygraph.reason.specialise import specialise
from citygraph.reason.sql import duckdb
from citygraph.reason.sql.compiler import shortened
from reason.ontologies import DATA, KEYS, ONTOLOGIES, RARE_FACTS

pytest.importorskip("duckdb", reason="install it: pip install citygraph[duckdb]")

Turtle = Callable[[str], tuple[Triple, ...]]

CHAIN = ":near a owl:TransitiveProperty . " + " ".join(f":n{i} :near :n{i + 1} ." for i in range(30))


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(axioms=ONTOLOGIES, data=DATA, rare=st.lists(RARE_FACTS, max_size=2), keys=st.lists(KEYS, max_size=1))
def test_equal_classes_and_properties_change_the_rules_as_they_do_in_the_default_engine(
    turtle: Turtle, axioms: list[str], data: list[str], rare: list[str], keys: list[str]
) -> None:
    triples = turtle("\n".join([*axioms, *data, *rare, *keys]))
    ours, other = duckdb.close(triples), columnar.close(triples)
    assert set(ours.inferred()) == set(other.inferred())
    assert {c.rule for c in ours.contradictions} == {c.rule for c in other.contradictions}
    ours.close()


def test_without_the_package_the_message_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, turtle: Turtle
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ReasoningError) as caught:
        duckdb.close(turtle(":a :p :b ."))
    assert "citygraph[duckdb]" in caught.value.fix


def test_a_limit_that_is_no_size_is_explained(turtle: Turtle) -> None:
    with pytest.raises(ReasoningError) as caught:
        duckdb.close(turtle(":a :p :b ."), memory_limit="a lot")
    assert "4GB" in caught.value.fix


def test_a_closure_beyond_the_budget_is_stopped_and_the_property_named(turtle: Turtle) -> None:
    with pytest.raises(ReasoningError, match="urn:x:near"):
        duckdb.close(turtle(CHAIN), budget=Budget(derived=100))


def test_many_equal_things_beyond_the_budget_are_stopped(turtle: Turtle) -> None:
    equal = " ".join(f":n{i} owl:sameAs :n{i + 1} ." for i in range(60))
    with pytest.raises(ReasoningError, match="sameAs"):
        duckdb.close(turtle(equal), budget=Budget(derived=1000))


def test_a_long_row_of_equal_things_is_one_group(turtle: Turtle) -> None:
    equal = " ".join(f":n{i} owl:sameAs :n{i + 1} ." for i in range(40))
    closure = duckdb.close(turtle(equal + " :n0 :p :v ."))
    assert set(closure.inferred()) == set(columnar.close(turtle(equal + " :n0 :p :v .")).inferred())
    closure.close()


def test_the_database_is_gone_when_the_closure_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turtle: Turtle
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    closure = duckdb.close(turtle(CHAIN), memory_limit="100MB")
    assert list(tmp_path.iterdir())
    closure.close()
    assert not list(tmp_path.iterdir())


def test_the_database_is_gone_when_the_closure_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turtle: Turtle
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    closure = duckdb.close(turtle(CHAIN))
    del closure
    assert not list(tmp_path.iterdir())


def test_literals_keep_the_form_they_were_written_in(turtle: Turtle) -> None:
    closure = duckdb.close(turtle(':p rdfs:subPropertyOf :q . :a :p "01"^^xsd:integer .'))
    assert [str(t.object) for t in closure.inferred()] == ['"01"^^<http://www.w3.org/2001/XMLSchema#integer>']
    closure.close()


def test_two_rules_with_one_premise_become_one_unless_a_literal_may_lie_between(turtle: Turtle) -> None:
    axioms = turtle(":p rdfs:range :A . :A rdfs:subClassOf :B . :p owl:inverseOf :q . :q rdfs:range :C .")
    book = specialise((str(t.subject), str(t.predicate), str(t.object)) for t in axioms)
    heads = {(str(rule.head), rule.body) for rule in shortened(book.rules)}
    body = (Atom("?x", "<urn:x:p>", "?y"),)
    assert (f"?y {TYPE} <urn:x:B>", body) in heads
    assert (f"?x {TYPE} <urn:x:C>", body) not in heads

"""What is particular to the columnar engine: premises, budgets, large groups, order of work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph.errors import ReasoningError
from citygraph.rdf import Triple
from citygraph.reason.closure import Budget, TripleText, free_memory
from citygraph.reason.columnar import close, fixpoint, plan, reach
from citygraph.reason.columnar.equality import Equality
from citygraph.reason.columnar.relations import contains, merge, minus, take_out, unique
from citygraph.reason.specialise import specialise

Read: TypeAlias = Callable[[str], tuple[Triple, ...]]
NUMBERS = st.lists(st.integers(0, 60), max_size=80)


def _texts(triple: Triple) -> TripleText:
    return str(triple.subject), str(triple.predicate), str(triple.object)


def column(numbers: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """A column of ids."""
    return np.array(numbers, np.uint32)


@given(NUMBERS, NUMBERS)
def test_columns_are_sets(one: list[int], other: list[int]) -> None:
    left, right = unique(column(one)), unique(column(other))
    assert left.tolist() == sorted(set(one))
    assert contains(left, right).tolist() == [n in set(one) for n in right.tolist()]
    new = minus(right, left)
    assert new.tolist() == sorted(set(other) - set(one))
    assert merge(left, new).tolist() == sorted(set(one) | set(other))
    assert take_out(merge(left, new), new).tolist() == sorted(set(one))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=25), st.integers(0, 25))
def test_representatives_are_the_smallest_of_their_group(pairs: list[tuple[int, int]], cut: int) -> None:
    groups = {i: {i} for i in range(21)}
    for a, b in pairs:
        joined = groups[a] | groups[b]
        groups |= dict.fromkeys(joined, joined)
    equality = Equality(21)
    for some in (pairs[:cut], pairs[cut:]):
        equality.merge(np.array([a << 32 | b for a, b in some], np.uint64))
    assert equality.representatives.tolist() == [min(groups[i]) for i in range(21)]
    assert len(equality.cliques) == sum(len(groups[i]) > 1 for i in range(21))


def premises(closure_of: str, read: Read) -> list[tuple[str, list[str], int]]:
    """The contradictions of some Turtle: rule, premises, number of axioms."""
    found = close(read(closure_of)).contradictions
    return [(c.rule, [str(t).replace("urn:x:", ":") for t in c.premises], len(c.axioms)) for c in found]


def test_all_violations_are_told_and_each_once(turtle: Read) -> None:
    found = premises(":A owl:disjointWith :B . :x a :A , :B . :y a :A , :B . :z a :A .", turtle)
    assert len(found) == 2
    assert {premise.split()[0] for _, told, _ in found for premise in told} == {"<:x>", "<:y>"}
    assert len(premises(":p a owl:AsymmetricProperty . :a :p :b . :b :p :a .", turtle)) == 1


def test_premises_are_told_as_they_are_written(turtle: Read) -> None:
    ((rule, told, axioms),) = premises(
        ":a owl:sameAs :b . :A owl:disjointWith :B . :z :q :b . :b a :A . :b a :B .", turtle
    )
    assert (rule, axioms) == ("cax-dw", 1)
    assert all(premise.startswith("<:b> ") for premise in told)


def test_a_contradiction_names_its_axioms(turtle: Read) -> None:
    ((rule, told, axioms),) = premises("[] a owl:AllDifferent ; owl:members (:a :b) . :b owl:sameAs :a .", turtle)
    assert (rule, axioms) == ("eq-diff2", 2)
    assert told == ["<:a> <http://www.w3.org/2002/07/owl#sameAs> <:b>"]


def test_two_values_are_told_once_for_each_value_too_many(turtle: Read) -> None:
    found = premises(":p a owl:FunctionalProperty . :a :p 1 , 2 , 3 . :b :p 4 .", turtle)
    assert [rule for rule, _, _ in found] == ["own-functional", "own-functional"]


def test_contradictions_do_not_enter_the_graph(turtle: Read) -> None:
    closure = close(turtle(":A owl:disjointWith :B . :x a :A , :B ."))
    assert closure.contradictions
    assert not list(closure.inferred())


def test_a_long_chain_stops_at_the_budget_and_says_where(turtle: Read) -> None:
    chain = turtle(":p a owl:TransitiveProperty . " + " ".join(f":n{i} :p :n{i + 1} ." for i in range(300)))
    with pytest.raises(ReasoningError, match=r"prp-trp.*urn:x:p.*largest group"):
        close(chain, budget=Budget(derived=10_000))
    assert close(chain).size() > 45_000


def test_one_value_shared_by_all_stops_before_it_is_written_out(turtle: Read) -> None:
    star = " ".join(f":n{i} :p :hub . :hub :q :m{i} ." for i in range(1_500))
    with pytest.raises(ReasoningError, match=r"prp-spo2.*2,250,000.*budget"):
        close(turtle(":u owl:propertyChainAxiom (:p :q) ." + star), budget=Budget(derived=100_000))


def test_a_key_shared_by_many_takes_no_square(turtle: Read) -> None:
    members = " ".join(f":n{i} a :C ; :k 1 ." for i in range(2_000))
    closure = close(turtle(":C owl:hasKey (:k) ." + members), budget=Budget(derived=20_000))
    assert closure.size() < 100
    assert len(closure.state.equality.cliques) == 2_000


def test_memory_is_a_budget_too(turtle: Read) -> None:
    with pytest.raises(ReasoningError, match="0 MB"):
        close(turtle(":A rdfs:subClassOf :B . :x a :A ."), budget=Budget(megabytes=0))


def test_the_closure_of_nothing_is_empty() -> None:
    closure = close([])
    assert not list(closure.inferred())
    assert closure.contradictions == ()


def test_flat_rules_keep_the_axioms_they_came_from(turtle: Read) -> None:
    book = close(turtle(":u owl:propertyChainAxiom (:p :q) . :a :p :b .")).book
    (rule,) = [rule for rule in book.rules if rule.name == "prp-spo2"]
    assert str(rule) == "prp-spo2: ?v0 <urn:x:u> ?v2 <- ?v0 <urn:x:p> ?v1 , ?v1 <urn:x:q> ?v2"
    ((subject, predicate, _),) = rule.axioms
    assert (subject, predicate) == ("<urn:x:u>", "<http://www.w3.org/2002/07/owl#propertyChainAxiom>")


def test_an_axiom_that_data_rules_reach_step_by_step_becomes_no_rule(turtle: Read) -> None:
    book = close(turtle(":A rdfs:subClassOf :B . :B rdfs:subClassOf :C .")).book
    assert sum(rule.name == "cax-sco" for rule in book.rules) == 2
    assert len(book.schema) == 1


_LINKS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14)


@pytest.mark.parametrize("bits", [True, False], ids=["as bits", "in pieces"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(links=_LINKS, gone=st.integers(0, 13), symmetric=st.booleans())
def test_long_joins_give_what_short_ones_give(
    turtle: Read,
    bits: bool,  # noqa: FBT001  # a parameter of the test
    links: list[tuple[int, int]],
    gone: int,
    symmetric: bool,  # noqa: FBT001
) -> None:
    kinds = ":p a owl:TransitiveProperty" + (" , owl:SymmetricProperty" if symmetric else "")
    axioms = turtle(f"{kinds} . :q owl:propertyChainAxiom ( :p :p ) . :p rdfs:domain :C .")
    facts = [turtle(f":n{a} :p :n{b} .")[0] for a, b in dict.fromkeys(links)]
    left = [*axioms, *facts[:gone], *facts[gone + 1 :]]
    wanted, wanted_after = (frozenset(close(each).inferred()) for each in ([*axioms, *facts], left))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fixpoint, "_BRIEF", -1_000_000)
        patch.setattr(fixpoint, "_MANY", 3)
        patch.setattr(plan, "_PIECE", 2)
        if not bits:
            patch.setattr(reach, "_MOST_PAIRS", -1)
        closure = close([*axioms, *facts])
        assert frozenset(closure.inferred()) == wanted
        closure.delete(facts[gone : gone + 1])
        assert frozenset(closure.inferred()) == wanted_after
        closure.insert(facts[gone : gone + 1])
        assert frozenset(closure.inferred()) == wanted


def test_everything_linked_to_everything_is_counted_before_it_is_made(turtle: Read) -> None:
    ring = " ".join(f":n{i} :p :n{(i + 1) % 2000} ." for i in range(2000))
    with pytest.raises(ReasoningError, match=r"prp-trp.*urn:x:p.*4,000,000 rows"):
        close(turtle(":p a owl:TransitiveProperty , owl:SymmetricProperty ." + ring), budget=Budget(derived=3_000_000))


@pytest.mark.parametrize("word", ["rdfs:subClassOf", "owl:equivalentClass", "rdfs:subPropertyOf"])
def test_a_ring_of_words_is_whole_and_every_axiom_has_reasons(turtle: Read, word: str) -> None:
    book = specialise(map(_texts, turtle(" ".join(f":C{i} {word} :C{(i + 1) % 40} ." for i in range(40)))))
    pairs = {(s, o) for s, p, o in book.schema if p.endswith(("subClassOf>", "subPropertyOf>"))}
    assert len(pairs | {(f"<urn:x:C{i}>", f"<urn:x:C{(i + 1) % 40}>") for i in range(40)}) == 40 * 39
    known = {_texts(t) for t in turtle(" ".join(f":C{i} {word} :C{(i + 1) % 40} ." for i in range(40)))}
    for axiom, (_, sources) in book.schema.items():
        # Each rests on axioms that were there before it, so that no proof goes in a circle.
        assert known.issuperset(sources)
        known.add(axiom)


def test_too_many_axioms_are_refused_with_rule_and_place(turtle: Read) -> None:
    ring = turtle(" ".join(f":C{i} rdfs:subClassOf :C{(i + 1) % 40} ." for i in range(40)))
    with pytest.raises(ReasoningError, match=r"1,000 axioms.*scm-sco.*urn:x:C"):
        specialise(map(_texts, ring), most=1_000)


@pytest.mark.parametrize(
    ("bomb", "cause"),
    [
        ("rdf:type rdfs:subPropertyOf owl:sameAs .", "22-rdf-syntax-ns#type> .*subPropertyOf> .*owl#sameAs>"),
        (":k a owl:InverseFunctionalProperty .", "urn:x:k> .*InverseFunctionalProperty>"),
    ],
)
def test_equality_that_cannot_be_written_out_is_stopped_before(turtle: Read, bomb: str, cause: str) -> None:
    things = " ".join(f":n{i} a :C ; :k :one ." for i in range(1_000))
    closure = close(turtle(bomb + things))
    with pytest.raises(ReasoningError, match=f"1,00. things are equal.*urn:x:n.*budget.*{cause}"):
        closure.inferred_rows()


@pytest.mark.parametrize("engine", ["columnar", "sql.duckdb"])
def test_beyond_a_number_contradictions_are_counted_only(
    turtle: Read, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = pytest.importorskip(f"citygraph.reason.{engine}")
    monkeypatch.setattr("citygraph.reason.columnar.clashes.MOST_TOLD", 5)
    monkeypatch.setattr("citygraph.reason.sql.MOST_TOLD", 5)
    both = " ".join(f":x{i} a :A , :B ; :p :x{i} ." for i in range(9))
    found = module.close(
        turtle(":A owl:disjointWith :B . :p a owl:IrreflexiveProperty . :C owl:disjointWith :D ." + both)
    ).contradictions
    assert sum(len(c.premises) > 0 for c in found) in {5, 6}
    assert sum(c.more for c in found) + sum(c.more == 0 for c in found) == 18
    assert {c.rule for c in found} == {"cax-dw", "prp-irp"}


def test_every_rule_that_is_violated_is_told_once_however_many_violations_there_are(
    turtle: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citygraph.reason.columnar.clashes.MOST_TOLD", 1)
    both = " ".join(f":x{i} a :A , :B ; :p 1 ; :q '{i}a'^^xsd:integer ." for i in range(3))
    found = close(turtle(":A owl:disjointWith :B ." + both)).contradictions
    assert {c.rule for c in found if c.premises} == {"cax-dw", "dt-not-type"}
    assert sum(c.more or 1 for c in found) == 6


def test_the_memory_limit_is_that_of_the_container_without_the_files_it_has_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citygraph.reason.closure._CONTAINER", tmp_path)
    (tmp_path / "memory.max").write_text(f"{900 << 20}\n")
    (tmp_path / "memory.current").write_text(f"{300 << 20}\n")
    assert (free_memory() >> 20, Budget().megabytes) == (600, 200)
    (tmp_path / "memory.stat").write_text(f"anon {100 << 20}\nactive_file 0\ninactive_file {150 << 20}\n")
    assert (free_memory() >> 20, Budget().megabytes) == (750, 250)
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory() > 0

"""Which updates run, and how often: none whose relations are empty, none again before one of them has grown."""

from __future__ import annotations

import pytest

from citygraph.errors import ReasoningError
from citygraph.rdf import Iri, Quad
from citygraph.reason.closure import Atom, FlatRule, RuleBook
from citygraph.reason.rules import TYPE
from sparql_engine.fixpoint import run_to_fixpoint
from sparql_engine.rules import update_list
from sparql_engine.store import UpdatableStore

ASSERTED, INFERRED = "urn:x:asserted", "urn:x:inferred"
P, Q, R, C = "<urn:x:p>", "<urn:x:q>", "<urn:x:r>", "<urn:x:C>"


class Counted(UpdatableStore):
    """A store that remembers what it ran."""

    def __init__(self, *triples: tuple[str, str, str]) -> None:
        super().__init__(Quad(Iri(s), Iri(p), Iri(o), Iri(ASSERTED)) for s, p, o in triples)
        self.ran: list[str] = []

    def update(self, text: str) -> None:
        """Run it, and remember it."""
        self.ran.append(text)
        super().update(text)


def rule(name: str, head: Atom, *body: Atom) -> FlatRule:
    return FlatRule(name, head, body, (), None)


def run(store: Counted, *rules: FlatRule, most: int = 100) -> list[int]:
    """How often each rule ran, in the order given."""
    found = update_list(RuleBook(rules, (), (), {}), asserted=ASSERTED, inferred=INFERRED, equality=False)
    run_to_fixpoint(store, found, inferred=INFERRED, present={P}, most=most)
    of_each = [
        update_list(RuleBook((each,), (), (), {}), asserted=ASSERTED, inferred=INFERRED, equality=False)[0]
        for each in rules
    ]
    return [store.ran.count(each.text) for each in of_each]


def xy(predicate: str, subject: str = "?x", object_: str = "?y") -> Atom:
    return Atom(subject, predicate, object_)


def test_a_rule_whose_relations_are_empty_never_runs() -> None:
    store = Counted(("urn:x:a", "urn:x:p", "urn:x:b"))
    assert run(store, rule("one", xy(Q), xy(P)), rule("two", xy(Q), xy(R)), rule("three", xy(Q), xy(P), xy(R))) == [
        1,
        0,
        0,
    ]


def test_a_rule_runs_once_its_relation_holds_something_and_again_when_it_grows() -> None:
    chain = [(f"urn:x:{n}", "urn:x:p", f"urn:x:{n + 1}") for n in range(4)]
    store = Counted(*chain)
    of_class = rule("class", Atom("?x", TYPE, C), xy(R))
    step = rule("step", xy(R), xy(P))
    transitive = rule("transitive", xy(R, "?x", "?z"), xy(R), xy(R, "?y", "?z"))
    counts = run(store, of_class, step, transitive)
    assert counts[1] == 1
    assert min(counts) > 0
    assert store.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{INFERRED}> {{ ?x {R} ?y }} }}") == 10
    assert store.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{INFERRED}> {{ ?x a {C} }} }}") == 4


def test_a_rule_with_any_head_wakes_only_the_readers_of_what_it_made() -> None:
    store = Counted(("urn:x:a", "urn:x:p", "urn:x:q"), ("urn:x:a", "urn:x:p", "urn:x:b"))
    anything = rule("any", Atom("?x", "?y", "?x"), xy(P))
    reads_q = rule("reads-q", Atom("?x", TYPE, C), xy(Q))
    reads_r = rule("reads-r", Atom("?x", TYPE, C), xy(R))
    counts = run(store, reads_q, reads_r, anything)
    assert counts == [1, 0, 1]
    assert store.number(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH <{INFERRED}> {{ ?x a {C} }} }}") == 1


def test_more_than_the_budget_is_stopped_and_names_the_relation() -> None:
    store = Counted(*((f"urn:x:{n}", "urn:x:p", "urn:x:o") for n in range(5)))
    with pytest.raises(ReasoningError, match=r"more than 4 triples: a rule had just added 5 to <urn:x:q>"):
        run(store, rule("one", xy(Q), xy(P)), most=4)

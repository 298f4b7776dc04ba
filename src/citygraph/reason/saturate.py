"""From asserted columns to the whole closure, the ontology read again when the data changes it."""

from __future__ import annotations

from citygraph.reason.closure import Budget
from citygraph.reason.columns import Column
from citygraph.reason.encode import Columns, Dictionary
from citygraph.reason.equality import Equality
from citygraph.reason.fixpoint import run
from citygraph.reason.relations import Key, Relation, group
from citygraph.reason.rule_text import TYPE
from citygraph.reason.state import State, schema_triples
from citygraph.reason.values import Values

__all__ = ["close_fully", "ontology_changed", "saturate"]


def saturate(columns: Columns, dictionary: Dictionary, budget: Budget) -> State:
    """The closure of encoded triples."""
    asserted = group(columns, dictionary.number(TYPE))
    return close_fully(asserted, dictionary, Values(dictionary), budget)


def close_fully(asserted: dict[Key, Column], dictionary: Dictionary, values: Values, budget: Budget) -> State:
    """The closure of asserted rows, from nothing."""
    state = State(dictionary, values, budget, asserted)
    state.equality = Equality(state.terms())
    state.relations = {key: Relation(rows) for key, rows in asserted.items()}
    state.rows = sum(map(len, asserted.values()))
    _learn(state)
    # Data may change the ontology (`:p a :Relation` where :Relation is a kind of transitive property, or
    # owl:sameAs between classes); it only ever adds axioms, so this comes to an end.
    while not run(state) or state.has_equal_axioms() != state.learned_equal or ontology_changed(state):
        _learn(state)
    return state


def _learn(state: State) -> None:
    rows = state.schema_rows()
    state.learn(schema_triples(rows, state.dictionary))
    for key, granted in state.granted.items():
        state.put(state.mapped_key(key), state.equality.map_rows(key, granted))


def ontology_changed(state: State) -> bool:
    """Whether the relations hold axioms that the rules were not made from."""
    return schema_triples(state.schema_rows(), state.dictionary) != state.learned

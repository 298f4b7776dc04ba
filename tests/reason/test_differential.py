"""Our engine against the reference on random ontologies and data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph.rdf import BlankNode, Triple
from reason.ontologies import DATA, KEYS, ONTOLOGIES, RARE_FACTS

if TYPE_CHECKING:
    from reason.conftest import Answer, Engine

# What the generator leaves out because owlrl is known to differ there:
# - hasKey, AllDifferent and AllDisjointProperties: its faults (see FAULTS in conftest.py);
# - functional properties with literals, and things equal to literals: it merges literals (eq-rep-o), we do not;
# - two spellings of one value: it writes dt-eq out, we compare by value;
# - literals under inverse properties: it passes through triples whose subject is a literal.


def comparable(answer: Answer) -> frozenset[Triple]:
    """Without statements that point to a blank node: the reference gives them other names."""
    return frozenset(triple for triple in answer.inferred if not isinstance(triple.object, BlankNode))


@pytest.fixture
def pair(all_engines: dict[str, Engine]) -> tuple[Engine, Engine]:
    return all_engines["columnar"], all_engines["owlrl"]


@pytest.mark.slow
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(axioms=ONTOLOGIES, data=DATA, rare=st.lists(RARE_FACTS, max_size=1))
def test_the_engines_agree(
    pair: tuple[Engine, Engine],
    turtle: Callable[[str], tuple[Triple, ...]],
    axioms: list[str],
    data: list[str],
    rare: list[str],
) -> None:
    triples = turtle("\n".join([*axioms, *data, *rare]))
    ours, theirs = (engine(triples) for engine in pair)
    assert comparable(ours) == comparable(theirs)
    assert bool(ours.contradictions) == bool(theirs.contradictions)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["duckdb", "sparql"])
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(axioms=ONTOLOGIES, data=DATA, rare=st.lists(st.one_of(RARE_FACTS, KEYS), max_size=2))
def test_our_engines_agree_to_the_last_triple_and_contradiction(
    all_engines: dict[str, Engine],
    turtle: Callable[[str], tuple[Triple, ...]],
    name: str,
    axioms: list[str],
    data: list[str],
    rare: list[str],
) -> None:
    if name not in all_engines:
        pytest.skip(f"{name} is not installed: pip install citygraph[{name}]")
    triples = turtle("\n".join([*axioms, *data, *rare]))
    assert all_engines[name](triples) == all_engines["columnar"](triples)

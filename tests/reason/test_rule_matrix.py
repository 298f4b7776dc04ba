"""At least one positive and one negative case for every rule, on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from citygraph.reason.rules import CONTRADICTION, OWN, SPECIFICATION

if TYPE_CHECKING:
    from reason.conftest import Case, Engine

FOLDER = Path(__file__).parents[1] / "conformance" / "reason"


def test_a_rule_concludes_what_it_must_and_nothing_else(engine: Engine, case: Case) -> None:
    answer = engine(case.premises)
    stated = frozenset(case.premises)
    assert case.follows <= answer.inferred | stated
    assert not case.follows_not & answer.inferred
    assert bool(answer.contradictions) == case.contradiction, answer.contradictions


def test_every_rule_has_cases() -> None:
    names = {rule.name for rule in (*SPECIFICATION, *OWN)}
    assert names <= {path.stem for path in FOLDER.glob("*.txt")}


def test_the_specification_has_78_rules_of_which_17_conclude_a_contradiction() -> None:
    assert len({rule.name for rule in SPECIFICATION}) == 78
    assert sum(rule.head == CONTRADICTION for rule in SPECIFICATION) == 17


def test_every_rule_that_is_not_run_says_why() -> None:
    not_run = {rule.name: rule.not_run for rule in SPECIFICATION if rule.not_run}
    assert set(not_run) == {
        *("eq-ref", "prp-ap", "cls-thing", "cls-nothing1", "dt-type1", "dt-type2", "dt-eq", "dt-diff"),
    }
    assert all(len(reason) > 20 for reason in not_run.values())

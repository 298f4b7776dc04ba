"""The engines under test, the rule matrix, and what is known to be wrong with whom."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from citygraph.rdf import Triple, parse
from citygraph.reason.closure import keep

CASES = Path(__file__).parents[1] / "conformance" / "reason"
PREFIXES = """
@prefix : <urn:x:> . @prefix owl: <http://www.w3.org/2002/07/owl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""


@dataclass(frozen=True)
class Answer:
    """What an engine makes of some triples."""

    inferred: frozenset[Triple]
    contradictions: frozenset[str]
    """The names of the rules that are violated."""


Engine = Callable[[Iterable[Triple]], Answer]


@dataclass(frozen=True)
class Case:
    """One case of the matrix."""

    name: str
    premises: tuple[Triple, ...]
    follows: frozenset[Triple]
    follows_not: frozenset[Triple]
    contradiction: bool


def _ours(module: str) -> Engine:
    """One of the engines that run the same flat rules."""

    def run(triples: Iterable[Triple]) -> Answer:
        closure = import_module(module).close(triples)
        return Answer(frozenset(closure.inferred()), frozenset(c.rule for c in closure.contradictions))

    return run


def owlrl(triples: Iterable[Triple]) -> Answer:
    """The reference, in this process because a process for each case takes a second."""
    import owlrl as reference  # noqa: PLC0415  # slow to import
    import rdflib  # noqa: PLC0415

    given = frozenset(triples)
    graph = rdflib.Graph()
    graph.parse(data="".join(f"{t} .\n" for t in sorted(map(str, given))), format="nt")
    before = set(graph)
    semantics = reference.OWLRL_Semantics(graph, False, False)  # noqa: FBT003  # owlrl's own signature  # owlrl's own signature
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        semantics.closure()
    lines = [
        f"{s.n3()} {p.n3()} {o.n3()} .\n"
        for s, p, o in set(graph) - before
        if not isinstance(s, rdflib.Literal) and isinstance(p, rdflib.URIRef)
    ]
    quads = parse((PREFIXES + "".join(lines)).encode(), format="ttl", most_problems=1)
    assert not quads.problems, quads.problems
    found = frozenset(quad.triple for quad in quads.quads)
    return Answer(frozenset(filter(keep, found - given)), frozenset(map(_sentence, semantics.error_messages)))


def _sentence(message: str) -> str:
    return re.sub(r"\W+", " ", message)[:60]


def engines() -> dict[str, Engine]:
    """Every engine by name. A new back end is put in here and the whole folder runs over it."""
    found: dict[str, Engine] = {
        "columnar": _ours("citygraph.reason.columnar"),
        "sparql": _ours("sparql_engine"),
        "owlrl": owlrl,
    }
    if find_spec("duckdb") is not None:
        found["duckdb"] = _ours("citygraph.reason.sql.duckdb")
    return found


FAULTS: dict[str, dict[str, str]] = {
    "duckdb": {},
    "sparql": {},
    "columnar": {},
    "owlrl": {
        "cls-int1: a list that goes in a circle is no list": "owlrl 7.6.2 stops with an exception",
        "dt-eq: a code spelled otherwise": "owlrl 7.6.2 compares literals of the same datatype only",
        "dt-eq: a key spelled otherwise": "owlrl 7.6.2, hasKey: the last key is never compared",
        "eq-diff2: two members": "RDFLib/OWL-RL#85: the last member of a list is ignored",
        "eq-diff2: three members, the first and the last": "RDFLib/OWL-RL#85",
        "eq-diff3: two members": "RDFLib/OWL-RL#85",
        "prp-adp: two members": "RDFLib/OWL-RL#85",
        "prp-adp: three members, the last two": "RDFLib/OWL-RL#85",
        "prp-key: both keys": "owlrl 7.6.2, hasKey: the last key is never compared",
        "prp-key: one key": "owlrl 7.6.2, hasKey: with one key, any two members with a value become equal",
        "prp-key: a key is missing": "owlrl 7.6.2, hasKey: the last key is never compared",
        "prp-key: three keys": "owlrl 7.6.2, hasKey: the last key is never compared",
        **{
            f"own-datatype: {title}": "our own rule: owlrl says nothing of a literal outside the range"
            for title in (
                "a text where a number is asked for",
                "a negative number where none is allowed",
                "by a narrower property",
                "by a restriction",
            )
        },
        "own-functional: two numbers": "our own rule: owlrl says nothing of two values",
        "own-functional: at most one": "our own rule: owlrl says nothing of two values",
    },
}
"""For each engine the cases it fails, with the reason; a case that starts to pass fails the run."""


def read(turtle: str) -> tuple[Triple, ...]:
    """The triples of some Turtle, with the prefixes of the matrix."""
    parsed = parse((PREFIXES + turtle).encode(), format="ttl")
    assert not parsed.problems, (turtle, parsed.problems)
    return tuple(quad.triple for quad in parsed.quads)


def cases() -> list[Case]:
    """The matrix."""
    found = []
    for path in sorted(CASES.glob("*.txt")):
        for text in path.read_text(encoding="utf-8").split("## ")[1:]:
            title, _, body = text.partition("\n")
            parts: dict[str, str] = {"": "", "=> ": "", "=/> ": ""}
            for line in body.splitlines():
                mark = next((m for m in ("=> ", "=/> ") if line.startswith(m)), "")
                parts[mark] += line.removeprefix(mark) + "\n"
            contradiction = "CONTRADICTION" in parts["=> "]
            follows = parts["=> "].replace("CONTRADICTION", "")
            found.append(
                Case(
                    f"{path.stem}: {title}",
                    read(parts[""]),
                    frozenset(read(follows)),
                    frozenset(read(parts["=/> "])),
                    contradiction,
                )
            )
    return found


def _marks(engine: str, case: Case) -> list[pytest.MarkDecorator]:
    known = FAULTS.get(engine, {}).get(case.name)
    # A database for each case takes ten times what the others take; test_duckdb.py is quick.
    slow = [pytest.mark.slow] if engine == "duckdb" else []
    return slow if known is None else [*slow, pytest.mark.xfail(reason=known, strict=True)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cases by engines, known faults marked."""
    if {"engine", "case"} <= set(metafunc.fixturenames):
        metafunc.parametrize(
            ("engine", "case"),
            [
                pytest.param(
                    run,
                    case,
                    id=f"{name}-{case.name}",
                    marks=_marks(name, case),
                )
                for name, run in engines().items()
                for case in cases()
            ],
        )


@pytest.fixture
def turtle() -> Callable[[str], tuple[Triple, ...]]:
    """Turtle with the prefixes of the matrix, as triples."""
    return read


@pytest.fixture
def all_engines() -> dict[str, Engine]:
    """Every engine by name."""
    return engines()

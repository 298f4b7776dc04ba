"""What follows from what is asserted: pick an engine, tidy the result, report contradictions as findings.

Read in this order:

- `rules`: the 78 rules of OWL 2 RL as data, and how their text is read;
- `specialise`: the rules and one ontology to flat rules, whose predicates and classes are constants;
- `closure`: what engines share: atoms, flat rules, budgets, contradictions, and which inferred statements are kept;
- `datatypes`: the value spaces of XML Schema, for literals that are written differently and mean the same;
- `as_of`: the two rules before OWL, about which memberships hold on the reference date;
- `columnar/`: the default engine;
- `sql/`: the same rules as SQL, in DuckDB on one machine or on a Spark cluster;
- `owlrl`: the reference, which runs in `owlrl_process`;
- `proof/`: why a statement follows, or why it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from itertools import chain
from typing import Final

from citygraph.config import Config
from citygraph.errors import ReasoningError
from citygraph.findings import Finding
from citygraph.graphs import Part, ProjectGraphs, graph_iri
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Quad, Triple
from citygraph.reason.as_of import apply_rules, drop_deprecated, latest_date
from citygraph.reason.closure import Budget, Changeable, Closure, Complete, keep
from citygraph.reason.rules import AXIOMATIC

__all__ = ["ENGINES", "ClosureMemory", "Inferred", "axiomatic", "close_with", "infer", "reference_date"]

ENGINES: Final = {
    "columnar": "citygraph.reason.columnar",
    "duckdb": "citygraph.reason.sql.duckdb",
    "spark": "citygraph.reason.sql.spark",
    "owlrl": "citygraph.reason.owlrl",
}
"""The engines by name: modules with one function, `close(triples, *, budget) -> Closure`."""

_OPTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "duckdb": {"memory_limit": "reason.memory_limit"},
    "spark": {"master": "reason.spark_master", "folder": "reason.spark_folder"},
}
"""What `close` of some engines takes besides, and the setting that it comes from."""

# The mapping graph, the sources and the shapes stay away from the reasoner (docs/reasoning.md).
_INPUT: Final = (Part.ONTOLOGY, Part.DATA)


_SCHEMA: Final = frozenset(
    PREFIXES[prefix] + name
    for prefix, name in (
        ("rdfs", "domain"),
        ("rdfs", "range"),
        ("rdfs", "subClassOf"),
        ("rdfs", "subPropertyOf"),
        ("owl", "disjointWith"),
        ("owl", "equivalentClass"),
        ("owl", "equivalentProperty"),
        ("owl", "inverseOf"),
    )
)


@dataclass(frozen=True, slots=True)
class Inferred:
    """What follows on one reference date: new quads in a graph of their own, and what cannot be true."""

    as_of: date
    quads: tuple[Quad, ...]
    findings: tuple[Finding, ...]


def reference_date(config: Config, graphs: ProjectGraphs, *, as_of: date | None, today: date) -> date:
    """The day that is asked for, else the one in graph.toml, else the latest day in the data."""
    return as_of or config.as_of or latest_date(graphs.triples(Part.DATA), today=today)


def infer(
    graphs: ProjectGraphs,
    config: Config,
    *,
    as_of: date,
    engine: str | None = None,
    memory: ClosureMemory | None = None,
) -> Inferred:
    """Everything that follows from the ontology and the data on the reference date.

    First the two rules that OWL cannot state (`as_of`), then the OWL 2 RL closure. What the files
    already say is left out, and so is the noise that `tidy` describes.

    Args:
        graphs: the files of the project.
        config: its settings.
        as_of: the reference date.
        engine: the engine's name; the one in graph.toml without it.
        memory: the closure of the last call, which only what has changed since is worked into.

    Raises:
        ReasoningError: the engine is not known, failed, or used up its budget.
    """
    asserted = drop_deprecated(graphs.triples(*_INPUT))
    derived = apply_rules(
        asserted,
        as_of=as_of,
        stale_after=config.duration("time.stale_after"),
        lists_stale_after=config.duration("time.lists_stale_after"),
    )
    budget = Budget(derived=config.number("reason.max_inferred"))
    given = [*asserted, *derived]
    name = engine or config.engine
    complete = bool(config.values["reason.complete"])
    if complete:
        if name != "columnar":
            raise ReasoningError(sentence("reasoner.complete", name=name), fix=sentence("reasoner.complete_engine"))
        given += axiomatic()
    options = {option: str(config.values[key]) for option, key in _OPTIONS.get(name, {}).items()}
    closure: Closure
    if memory is None:
        closure = close_with(name, given, budget=budget, **options)
    else:
        closure = memory.close(name, given, budget, options)
    graph_name = graph_iri(config.base, f"inferred/{as_of.isoformat()}")
    known = set(graphs.triples(*_INPUT))
    if complete and isinstance(closure, Complete):
        found = {each for each in chain(given, closure.complete()) if each not in known}
    else:
        found = {t for t in chain(derived, closure.inferred()) if not _is_schema(t) and t not in known and keep(t)}
    new = sorted(found, key=str)
    findings: tuple[Finding, ...] = ()
    if closure.contradictions:
        from citygraph.reason.proof.explain import Explainer, finding_of  # noqa: PLC0415  # needed for these alone

        explainer = Explainer(graphs, config, as_of=as_of)
        findings = tuple(finding_of(each, graphs, explainer) for each in closure.contradictions)
    return Inferred(
        as_of=as_of,
        quads=tuple(Quad(t.subject, t.predicate, t.object, graph_name) for t in new),
        findings=findings,
    )


def axiomatic() -> list[Triple]:
    """What the rules of OWL 2 RL say of the words of OWL themselves; a complete closure begins with it."""
    return [Triple(*(Iri(term[1:-1]) for term in axiom)) for axiom in AXIOMATIC]


def _is_schema(triple: Triple) -> bool:
    """Whether a statement is about the words themselves: whoever wants those reads the ontology."""
    return triple.predicate.value in _SCHEMA


class ClosureMemory:
    """The last closure, kept so that an edit costs what it changes and not what the graph weighs."""

    def __init__(self) -> None:
        """No closure: the first call derives everything."""
        self._engine = ""
        self._given: frozenset[Triple] = frozenset()
        self._closure: Closure | None = None

    def close(self, engine: str, triples: Iterable[Triple], budget: Budget, options: Mapping[str, str]) -> Closure:
        """The closure of `triples`: from the last one when the engine can take changes, else anew."""
        given = frozenset(triples)
        closure = self._closure
        if engine != self._engine or not isinstance(closure, Changeable):
            closure = close_with(engine, sorted(given, key=str), budget=budget, **options)
        else:
            gone, come = self._given - given, given - self._given
            if gone:
                closure.delete(sorted(gone, key=str))
            if come:
                closure.insert(sorted(come, key=str))
        self._engine, self._given, self._closure = engine, given, closure
        return closure


def close_with(engine: str, triples: Iterable[Triple], *, budget: Budget | None = None, **options: str) -> Closure:
    """The closure of `triples` by the engine of that name.

    Args:
        engine: a name of `ENGINES`.
        triples: what is asserted, the ontology among it.
        budget: limits on what may be derived.
        options: what this engine takes besides: `memory_limit` such as "1GB" for duckdb, `master` and `folder`
            for spark.

    Raises:
        ReasoningError: there is no such engine, or it stopped before the fixpoint.
    """
    if engine not in ENGINES:
        names = ", ".join(sorted(ENGINES))
        raise ReasoningError(sentence("reasoner.unknown", name=engine), fix=sentence("reasoner.choose", names=names))
    close: Callable[..., Closure] = import_module(ENGINES[engine]).close
    return close(triples, budget=budget, **options)

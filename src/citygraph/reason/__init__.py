"""What follows from what is asserted: pick an engine, tidy the result, report contradictions as findings.

Read in this order:

- `rules`: the 78 rules of OWL 2 RL as data, and how their text is read;
- `specialise`: the rules and one ontology to flat rules, whose predicates and classes are constants;
- `closure`: what engines share: atoms, flat rules, budgets, contradictions, and which inferred statements are kept;
- `datatypes`: the value spaces of XML Schema, for literals that are written differently and mean the same;
- `columnar/`: the default engine;
- `sql/`: the same rules as SQL, in DuckDB on one machine or on a Spark cluster;
- `owlrl`: the reference, which runs in `owlrl_process`;
- `proof/`: why a statement follows, or why it does not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from itertools import chain
from typing import Final

from citygraph.as_of import TYPE, OnDay, facts_on
from citygraph.config import Config
from citygraph.errors import ReasoningError
from citygraph.findings import Finding
from citygraph.graphs import LIFTED, Part, ProjectGraphs, graph_iri, lifted_graph
from citygraph.messages import sentence
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Iri, Quad, Triple
from citygraph.reason.closure import Budget, Changeable, Closure, Complete, keep
from citygraph.reason.rules import AXIOMATIC

__all__ = ["ENGINES", "ClosureMemory", "Inferred", "axiomatic", "close_with", "facts_of", "infer"]

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


_FUNCTIONAL: Final = Iri(PREFIXES["owl"] + "FunctionalProperty")
_AT_MOST: Final = frozenset(Iri(PREFIXES["owl"] + name) for name in ("maxCardinality", "maxQualifiedCardinality"))
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
    """What follows on one reference date: new quads in a graph of their own, and what cannot be true.

    `lifted` is what does not hold on the day, in the graphs of `graphs.LIFTED`: what the files state of another time,
    what follows besides when time is lifted, and the status of each fact.
    """

    as_of: date
    quads: tuple[Quad, ...]
    findings: tuple[Finding, ...]
    on_day: OnDay
    lifted: tuple[Quad, ...] = ()


def infer(
    graphs: ProjectGraphs,
    config: Config,
    *,
    as_of: date,
    engine: str | None = None,
    memory: ClosureMemory | None = None,
    on_day: OnDay | None = None,
) -> Inferred:
    """Everything that follows from the ontology and the data on the reference date.

    First what the dates come to (`as_of`), then the OWL 2 RL closure of what holds, then that of everything, time
    lifted. What the files already say is left out, and so is the noise that `tidy` describes.

    Args:
        graphs: the files of the project.
        config: its settings.
        as_of: the reference date.
        engine: the engine's name; the one in graph.toml without it.
        memory: the closure of the last call, which only what has changed since is worked into.
        on_day: which facts hold, when that is known already.

    Raises:
        ReasoningError: the engine is not known, failed, or used up its budget.
    """
    stated = graphs.triples(*_INPUT)
    on_day = on_day or facts_of(graphs, config, as_of=as_of)
    budget = Budget(derived=config.number("reason.max_inferred"))
    given = [*on_day.holding(stated), *on_day.current]
    name = engine or config.engine
    complete = bool(config.values["reason.complete"])
    if complete:
        if name != "columnar":
            raise ReasoningError(sentence("reasoner.complete", name=name), fix=sentence("reasoner.complete_engine"))
        given += axiomatic()
    options = {option: str(config.values[key]) for option, key in _OPTIONS.get(name, {}).items()}
    memory = memory or ClosureMemory()
    closure = memory.close(name, given, budget, options)
    # What is stated of another time may follow all the same.
    known = {t for t in stated if t not in on_day.withheld or t.subject in on_day.deprecated}
    if complete and isinstance(closure, Complete):
        found = {each for each in chain(given, closure.complete()) if each not in known}
    else:
        found = set(filter(on_day.may_follow, _worth_keeping((*on_day.current, *closure.inferred()), known)))
    findings: tuple[Finding, ...] = ()
    if closure.contradictions:
        from citygraph.reason.proof.explain import Explainer, finding_of  # noqa: PLC0415  # needed for these alone

        explainer = Explainer(graphs, config, as_of=as_of)
        findings = tuple(finding_of(each, graphs, explainer) for each in closure.contradictions)
    lifting = memory.of_all_times
    ever = _lifted(on_day, stated, given, lambda more: lifting.close(name, more, budget, options), (found, known))
    graph_name = graph_iri(config.base, f"inferred/{as_of.isoformat()}")
    return Inferred(
        as_of=as_of,
        quads=tuple(Quad(t.subject, t.predicate, t.object, graph_name) for t in sorted(found, key=str)),
        findings=findings,
        on_day=on_day,
        lifted=tuple(
            Quad(t.subject, t.predicate, t.object, lifted_graph(config.base, kind))
            for kind in LIFTED
            for t in sorted(ever[kind], key=str)
        ),
    )


def facts_of(graphs: ProjectGraphs, config: Config, *, as_of: date) -> OnDay:
    """Which facts of the files hold on a day."""
    return facts_on(
        graphs.triples(*_INPUT),
        as_of=as_of,
        stale_after=config.duration("time.stale_after"),
        lists_stale_after=config.duration("time.lists_stale_after"),
    )


def _worth_keeping(derived: Iterable[Triple], known: Collection[Triple]) -> set[Triple]:
    return {t for t in derived if not _is_schema(t) and t not in known and keep(t)}


def _lifted(
    on_day: OnDay,
    stated: Sequence[Triple],
    given: Sequence[Triple],
    close: Callable[[Sequence[Triple]], Closure],
    known: tuple[set[Triple], set[Triple]],
) -> dict[str, set[Triple]]:
    """What does not hold on the day, by the `graphs.LIFTED` that it belongs to.

    Args:
        on_day: what the dates come to.
        stated: what the files state.
        given: what the closure of the day was made from.
        close: the closure of more; equality that rests on "one value at a time" is left out of it.
        known: what the day has, derived and stated.
    """
    away = {t for t in on_day.withheld if t.subject not in on_day.deprecated}
    more: dict[str, set[Triple]] = {
        "stated": away,
        "facts": set(on_day.says_of_facts()),
        "inferred": set(),
        "rejected": set(),
    }
    seen: set[Triple] = set()
    base: list[Triple] = []
    for kind, added, derived in (
        ("inferred", away, (*on_day.lifted, *(t for t in on_day.current if not on_day.may_follow(t)))),
        ("rejected", {t for t in stated if t.subject in on_day.deprecated}, on_day.rejected),
    ):
        if not added and not derived:
            continue
        seen = seen or {*away}.union(*known)
        base = [*(base or (each for each in given if not _is_one_at_a_time(each))), *added, *derived]
        # What cannot be true at once may be true one after the other, so that contradictions say nothing here.
        more[kind] = _worth_keeping((*derived, *close(base).inferred()), seen)
        seen |= more[kind]
    return more


def _is_one_at_a_time(triple: Triple) -> bool:
    """Whether an axiom allows one value: two values of two times are not the same thing."""
    if triple.predicate == TYPE:
        return triple.object == _FUNCTIONAL
    return triple.predicate in _AT_MOST


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
        self._given: dict[Triple, None] = {}
        self._closure: Closure | None = None
        self._of_all_times: ClosureMemory | None = None

    def close(self, engine: str, triples: Iterable[Triple], budget: Budget, options: Mapping[str, str]) -> Closure:
        """The closure of `triples`: from the last one when the engine can take changes, else anew."""
        given = dict.fromkeys(triples)
        closure = self._closure
        if engine != self._engine or not isinstance(closure, Changeable):
            closure = close_with(engine, given, budget=budget, **options)
        else:
            gone, come = self._given.keys() - given.keys(), given.keys() - self._given.keys()
            if gone:
                closure.delete(sorted(gone, key=str))
            if come:
                closure.insert(sorted(come, key=str))
        self._engine, self._given, self._closure = engine, given, closure
        return closure

    def lasting(self) -> ClosureMemory:
        """This memory, with one beside it for the closure in which time is lifted; for whoever closes again and again."""
        self._of_all_times = ClosureMemory()
        return self

    @property
    def of_all_times(self) -> ClosureMemory:
        """Where the closure in which time is lifted is made: from that of the day, which has been read by then."""
        return self._of_all_times or self


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

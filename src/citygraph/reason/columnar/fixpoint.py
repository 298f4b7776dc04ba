"""Semi-naive evaluation: every rule over what is new, stratum by stratum, until nothing is new.

`saturate` goes from asserted columns to the whole closure, and reads the ontology again when the data changes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.reason.closure import Budget, free_memory
from citygraph.reason.columnar.equality import Equality, link_groups, rewrite
from citygraph.reason.columnar.plan import (
    UNIT,
    Bindings,
    PlanStep,
    RulePlan,
    Source,
    Stratum,
    TooLongError,
    extend,
    extend_in_pieces,
    scan,
)
from citygraph.reason.columnar.reach import TooManyReachedError, reached
from citygraph.reason.columnar.relations import (
    Column,
    Columns,
    Ids,
    Key,
    Pairs,
    Relation,
    group,
    high,
    is_property,
    low,
    minus,
    pack,
    swap,
    term_of,
    unique,
)
from citygraph.reason.columnar.state import ColumnarState, schema_triples
from citygraph.reason.columnar.terms import Dictionary, Values
from citygraph.reason.rules import TYPE

_BRIEF: Final = 1 << 20
"""A join this long is made at once."""
_MANY: Final = 1 << 23
"""So many rows of pieces are put together."""


def run(state: ColumnarState, new: Mapping[Key, Column] | None = None) -> bool:
    """Run all rules to the fixpoint, equality included.

    `new` are rows that were put into the relations since the last run; without it everything counts as new.

    Returns:
        False when a term of the rules themselves became equal to another, so that the rules have to be
        made again before the closure is whole.
    """
    if new is None:
        # What is equal from the start is merged before anything is derived twice.
        _, whole = _settle(state, None)
        if not whole:
            return False
    while True:
        changed = _run_strata(state, new)
        rewritten, whole = _settle(state, changed)
        if not whole:
            return False
        moved = _exchange_types(state)
        if not rewritten and not moved:
            return True
        new = {key: unique(np.concatenate([part[key] for part in (rewritten, moved) if key in part]))
               for key in {*rewritten, *moved}}  # fmt: skip


def _run_strata(state: ColumnarState, new: Mapping[Key, Column] | None) -> dict[Key, Column] | None:
    """One pass through the strata. Returns every new row, those given included; None if all were new."""
    known: dict[Key, list[Column]] | None = None
    if new is not None:
        known = defaultdict(list, {key: [rows] for key, rows in new.items()})
    for stratum in state.strata:
        _run_stratum(state, stratum, known)
    if known is None:
        return None
    return {key: parts[0] if len(parts) == 1 else unique(np.concatenate(parts)) for key, parts in known.items()}


def _run_stratum(state: ColumnarState, stratum: Stratum, known: dict[Key, list[Column]] | None) -> None:
    delta = {key: known[key][0] for key in stratum.keys if key in known} if known is not None else {}
    candidates = _from_earlier(state, stratum, known)
    while True:
        for key, rows in _absorb(state, candidates).items():
            if known is not None:
                known[key].append(rows)
            delta[key] = rows if key not in delta else unique(np.concatenate((delta[key], rows)))
        if not delta or not stratum.recursive:
            break
        candidates = defaultdict(list)
        _apply(state, stratum.recursive, {key: [rows] for key, rows in delta.items()}, candidates)
        delta = {}
    if known is not None:
        for key in stratum.keys:
            if len(known.get(key, ())) > 1:
                known[key] = [unique(np.concatenate(known[key]))]


def _from_earlier(
    state: ColumnarState, stratum: Stratum, known: Mapping[Key, list[Column]] | None
) -> dict[Key, list[Column]]:
    """What the rules of a stratum conclude from everything, or from what is new in earlier strata."""
    candidates: dict[Key, list[Column]] = defaultdict(list)
    plans = (*stratum.plain, *stratum.recursive)
    if known is None:
        for plan in plans:
            _gather(candidates, plan, evaluate(plan, state))
    else:
        _apply(state, plans, {key: parts for key, parts in known.items() if key not in stratum.keys}, candidates)
    return candidates


def _apply(
    state: ColumnarState,
    plans: Iterable[RulePlan],
    new: Mapping[Key, list[Column]],
    candidates: dict[Key, list[Column]],
) -> None:
    """Each rule with each of its atoms over the new rows of that atom."""
    for plan in plans:
        for i, step in enumerate(plan.body):
            for rows in new.get(step.key, ()):
                _gather(candidates, plan, evaluate(plan, state, first=i, rows=rows))


def _gather(candidates: dict[Key, list[Column]], plan: RulePlan, rows: Column | None) -> None:
    if rows is not None and len(rows):
        candidates[plan.head].append(rows)


def _absorb(state: ColumnarState, candidates: Mapping[Key, list[Column]]) -> dict[Key, Column]:
    """Put what was concluded into the relations. Returns what is really new."""
    new = {}
    for key, parts in candidates.items():
        rows = state.put(key, unique(parts[0] if len(parts) == 1 else np.concatenate(parts)))
        if state.closing.pop(key, 0) == len(state.relations[key]):
            # All that is reached is there, and nothing else.
            state.closed[key] = state.relations[key].rows
        if len(rows):
            new[key] = rows
            if state.derived() > state.budget.derived:
                _stop(state, key, sentence("reasoner.budget.triples", most=state.budget.derived))
    if new and sum(relation.nbytes() for relation in state.relations.values()) > state.budget.megabytes << 20:
        largest = max(new, key=lambda key: len(new[key]))
        _stop(
            state, largest, sentence("reasoner.budget.megabytes", most=state.budget.megabytes, free=free_memory() >> 20)
        )
    return new


def evaluate(
    plan: RulePlan, state: ColumnarState, *, first: int | None = None, rows: Column | None = None, whole: bool = False
) -> Column | None:
    """What a rule concludes; with `first`, only from these rows of that atom of its body.

    What the relation of its head has already may be left out, unless `whole` asks for all of it.
    """
    if len(plan.body) == 1:
        return _evaluate_one(plan, state, rows)
    transitive = plan.is_transitive and not whole
    if transitive and state.closed.get(plan.head) is state.relation(plan.head).rows:
        return None
    source = state.source()
    if first is None or rows is None:
        sizes = [len(state.relations[s.key]) if s.key in state.relations else 0 for s in plan.body]
        if 0 in sizes:
            return None
        smallest = sizes.index(min(sizes))
        table, steps = UNIT, (plan.body[smallest], *plan.rest[smallest])
    else:
        table, steps = scan(plan.body[first], rows), plan.rest[first]
    if transitive:
        try:
            # Longer than that, a join finds most of what it finds many times.
            brief = replace(source, longest=_BRIEF + 8 * len(state.relation(plan.head)))
            return concluded(plan, extend(table, steps, brief), state)
        except TooLongError:
            found = _reached(plan, state)
            if found is not None:
                return found
    return _joined(plan, table, steps, state, whole=whole)


def _joined(
    plan: RulePlan, table: Bindings, steps: tuple[PlanStep, ...], state: ColumnarState, *, whole: bool
) -> Column | None:
    """What a rule concludes from the pieces of a table, each looked at for what is new as soon as it is made."""
    parts: list[Column] = []
    waiting = 0
    try:
        for piece in extend_in_pieces(table, steps, state.source()):
            found = concluded(plan, piece, state)
            if found is None:
                continue
            if not parts and piece.rows < _BRIEF:
                parts.append(found)
                continue
            found = unique(found)
            parts.append(found if whole else minus(found, state.relation(plan.head).rows))
            waiting += len(parts[-1])
            if waiting > _MANY + len(parts[0]):
                parts, waiting = [unique(np.concatenate(parts))], 0
    except TooLongError as stopped:
        raise too_long(state, plan, stopped) from None
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else unique(np.concatenate(parts))


def _reached(plan: RulePlan, state: ColumnarState) -> Column | None:
    """What is new in the transitive closure of a relation; None when it is too large for that."""
    relation = state.relation(plan.head)
    most = len(relation) + max(0, state.budget.derived - state.derived())
    try:
        found = reached(relation.rows, most)
    except TooManyReachedError as error:
        subjects, counts = np.unique(high(relation.rows), return_counts=True)
        widest = int(np.argmax(counts))
        stopped = TooLongError(plan.body[0], error.rows, int(subjects[widest]), int(counts[widest]), most)
        raise too_long(state, plan, stopped) from None
    if found is not None:
        state.closing[plan.head] = len(found)
        found = minus(found, relation.rows)
    return found


def _evaluate_one(plan: RulePlan, state: ColumnarState, rows: Column | None) -> Column | None:
    """What a rule with one atom concludes."""
    step = plan.body[0]
    relation = state.relations.get(step.key)
    if rows is None:
        if relation is None or len(relation) == 0:
            return None
        rows = relation.rows
    if is_property(step.key) and is_property(plan.head) and len(step.variables()) > 1:
        copied = _copied(plan, state, rows)
        if copied is not None:
            return copied
    return concluded(plan, scan(step, rows), state)


def _copied(plan: RulePlan, state: ColumnarState, rows: Column) -> Column | None:
    """A property that is only renamed or turned round needs no table."""
    if plan.arguments == plan.body[0].arguments:
        return rows
    if plan.arguments == plan.body[0].arguments[::-1]:
        turned = swap(rows)
        kept: Column = turned[~state.literals()[high(turned)]] if plan.guarded else turned
        return kept
    return None


def concluded(plan: RulePlan, table: Bindings, state: ColumnarState) -> Column | None:
    """The heads of a rule for every row of its body."""
    if table.rows == 0:
        return None
    subjects = table.column(plan.arguments[0])
    mask = ~state.literals()[subjects] if plan.guarded else None
    if not is_property(plan.head):
        return subjects if mask is None else subjects[mask]
    pairs = pack(subjects, table.column(plan.arguments[1]))
    return pairs if mask is None else pairs[mask]


def _settle(state: ColumnarState, changed: Mapping[Key, Column] | None) -> tuple[dict[Key, Column], bool]:
    """Merge what turned out to be equal and rewrite the relations.

    Returns the rows that are new by rewriting, and whether the rules still fit.
    """
    pairs = _equal_pairs(state, changed)
    if pairs is None:
        return {}, True
    lost = state.equality.merge(pairs)
    if len(lost) == 0:
        return {}, True
    new = rewrite(state.relations, lost, state.equality, state.terms())
    renamed = _rename(state, lost)
    state.rows = sum(map(len, state.relations.values()))
    grown = state.equality.grown
    same = state.put(state.same_key, pack(grown, grown))
    if len(same):
        have = new.get(state.same_key)
        new[state.same_key] = same if have is None else unique(np.concatenate((have, same)))
    return new, not renamed and not any(term in state.constants for term in lost.tolist())


def _rename(state: ColumnarState, lost: Ids) -> bool:
    """Move the rows of classes and properties that have another representative now. Whether there were any."""
    merged = set(lost.tolist())
    keys = [key for key in state.relations if term_of(key) in merged]
    for key in keys:
        state.put(state.mapped_key(key), state.relations.pop(key).rows)
    return bool(keys)


def _equal_pairs(state: ColumnarState, changed: Mapping[Key, Column] | None) -> Pairs | None:
    """Pairs that have to be merged: those stated, and those that functional properties and keys link."""
    parts: list[Pairs] = []
    if changed is None:
        relation = state.relations.get(state.same_key)
        if relation is not None:
            parts.append(relation.rows)
    elif state.same_key in changed:
        parts.append(changed[state.same_key])
    source: Source | None = None
    literals: Column | None = None
    for plan in state.links:
        if plan.link is None or (changed is not None and not any(step.key in changed for step in plan.link.half)):
            continue
        source = source or state.source()
        literals = state.literals() if literals is None else literals
        try:
            found = link_groups(plan.link, source, literals, state.values, changed)
        except TooLongError as stopped:
            raise too_long(state, plan, stopped) from None
        if len(found):
            parts.append(found)
    if not parts:
        return None
    pairs: Pairs = np.concatenate(parts)
    pairs = pairs[high(pairs) != low(pairs)]
    if len(pairs) == 0:
        return None
    literals = state.literals() if literals is None else literals
    return pairs[~(literals[high(pairs)] | literals[low(pairs)])]


def _exchange_types(state: ColumnarState) -> dict[Key, Column]:
    """Keep rdf:type as a property in step with the classes, for ontologies that say something about rdf:type."""
    key = state.type_key
    if not state.types_are_pairs:
        return {}
    parts = [
        pack(relation.rows, np.full(len(relation), term_of(other), np.uint32))
        for other, relation in state.relations.items()
        if not is_property(other) and len(relation)
    ]
    moved = {}
    if parts:
        new = state.put(key, unique(np.concatenate(parts)))
        if len(new):
            moved[key] = new
    pairs = state.relation(key).rows
    subjects, classes = high(pairs), low(pairs)
    for one in unique(classes).tolist():
        members: Ids = subjects[classes == one]
        new = state.put(one << 1, unique(members))
        if len(new):
            moved[one << 1] = new
    return moved


def too_long(state: ColumnarState, plan: RulePlan, stopped: TooLongError) -> ReasoningError:
    """The budget's words for a join that was not written out."""
    name = state.dictionary.text(term_of(stopped.step.key))
    words = {"rule": plan.rule.name, "name": name, "rows": stopped.rows, "most": stopped.longest}
    message = sentence("reasoner.budget.join", **words)
    if stopped.term is not None:
        term = state.dictionary.text(stopped.term)
        message = sentence("reasoner.budget.group", message=message, rows=stopped.group, name=term)
    return ReasoningError(message, fix=sentence("reasoner.budget.look_join"))


def _stop(state: ColumnarState, key: Key, limit: str) -> None:
    """Say which relation grew beyond the budget, by which rules, and where it is widest."""
    relation = state.relations[key]
    rules = sorted({plan.rule.name for plan in state.plans if plan.head == key})
    name = state.dictionary.text(term_of(key))
    words = {"limit": limit, "rules": ", ".join(rules), "name": name, "rows": len(relation)}
    message = sentence("reasoner.budget.stopped", **words)
    if is_property(key):
        subjects, counts = np.unique(high(relation.rows), return_counts=True)
        widest = int(np.argmax(counts))
        term = state.dictionary.text(int(subjects[widest]))
        message = sentence("reasoner.budget.group", message=message, rows=int(counts[widest]), name=term)
    raise ReasoningError(message, fix=sentence("reasoner.budget.look"))


def saturate(columns: Columns, dictionary: Dictionary, budget: Budget) -> ColumnarState:
    """The closure of encoded triples."""
    asserted = group(columns, dictionary.number(TYPE))
    return close_fully(asserted, dictionary, Values(dictionary), budget)


def close_fully(asserted: dict[Key, Column], dictionary: Dictionary, values: Values, budget: Budget) -> ColumnarState:
    """The closure of asserted rows, from nothing."""
    state = ColumnarState(dictionary, values, budget, asserted)
    state.equality = Equality(state.terms())
    state.relations = {key: Relation(rows) for key, rows in asserted.items()}
    state.rows = sum(map(len, asserted.values()))
    _learn(state)
    # Data may change the ontology (`:p a :Relation` where :Relation is a kind of transitive property, or
    # owl:sameAs between classes); it only ever adds axioms, so this comes to an end.
    while not run(state) or state.has_equal_axioms() != state.learned_equal or ontology_changed(state):
        _learn(state)
    return state


def _learn(state: ColumnarState) -> None:
    rows = state.schema_rows()
    state.learn(schema_triples(rows, state.dictionary))
    for key, granted in state.granted.items():
        state.put(state.mapped_key(key), state.equality.map_rows(key, granted))


def ontology_changed(state: ColumnarState) -> bool:
    """Whether the relations hold axioms that the rules were not made from."""
    return schema_triples(state.schema_rows(), state.dictionary) != state.learned

"""Every violation of a contradiction rule, with the triples that make it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from time import process_time
from typing import Final, TypeAlias

import numpy as np

from citygraph.rdf import Triple
from citygraph.reason.closure import MOST_TOLD, Atom, Contradiction, FlatRule, TripleText, is_variable
from citygraph.reason.columnar.fixpoint import too_long
from citygraph.reason.columnar.plan import UNIT, Bindings, RulePlan, TooLongError, extend, make_plan, order_steps
from citygraph.reason.columnar.relations import Column, Ids, Mask, high, is_property, low, term_of
from citygraph.reason.columnar.state import ColumnarState, spelled_rules
from citygraph.reason.columnar.terms import LITERAL
from citygraph.reason.rules import SAME, TYPE

_COMBINATIONS: Final = 1000
"""How many ways of spelling equal terms are tried to find the asserted triple behind a premise."""

_ILL_TYPED: Final = "dt-not-type"


_SECONDS: Final = 10
"""Processor time after which violations are counted only."""

_Found: TypeAlias = "dict[tuple[str, frozenset[TripleText]], tuple[tuple[TripleText, ...], tuple[TripleText, ...]]]"


def find(state: ColumnarState) -> tuple[Contradiction, ...]:
    """All contradictions, rule by rule; what merges and mirror images would repeat is reported once.

    After `MOST_TOLD` of them, or some seconds, the matches of each rule are counted only.
    """
    found: _Found = {}
    named: set[str] = set()
    counted: Counter[str] = Counter()
    until = process_time() + _SECONDS
    for rule in state.book.contradictions:
        for rows, premises in _ill_typed(state) if rule.name == _ILL_TYPED else _violations(state, rule):
            done = 0
            for each in premises:
                # Of each rule that is violated, one violation is told at least.
                if rule.name in named and (len(found) >= MOST_TOLD or process_time() > until):
                    break
                done += 1
                named.add(rule.name)
                found.setdefault((rule.name, frozenset(each)), (each, rule.axioms))
            counted[rule.name] += rows - done
    _drop_echoes(state, found)
    told = tuple(
        Contradiction(name, _triples(state, premises), _triples(state, axioms))
        for (name, _), (premises, axioms) in found.items()
    )
    return (*told, *(Contradiction(name, (), more=more) for name, more in counted.items() if more))


def _drop_echoes(state: ColumnarState, found: _Found) -> None:
    """Leave out `x owl:sameAs x` where the same axiom is reported with the names as written."""
    reported: set[tuple[str, int]] = set()
    for (name, _), (premises, _axioms) in found.items():
        for s, p, o in premises:
            if p == SAME and s != o:
                reported.add((name, _representative(state, s)))
    for key in list(found):
        premises, _axioms = found[key]
        if any(p == SAME and s == o and (key[0], _representative(state, s)) in reported for s, p, o in premises):
            del found[key]


def _representative(state: ColumnarState, text: str) -> int:
    return int(state.equality.representatives[state.dictionary.number(text)])


def _triples(state: ColumnarState, texts: tuple[TripleText, ...]) -> tuple[Triple, ...]:
    terms = state.dictionary.terms(state.dictionary.number(t) for triple in texts for t in triple)
    return tuple(Triple(*terms[i : i + 3]) for i in range(0, len(terms), 3))  # type: ignore[arg-type]


_Matches: TypeAlias = tuple[int, Iterator[tuple[TripleText, ...]]]
"""How often a rule matches, and the premises of each match."""


def _violations(state: ColumnarState, rule: FlatRule) -> Iterator[_Matches]:
    """The matches of one rule, in each spelling of its literals."""
    if not all(_may_match(state, atom) for atom in rule.body):
        return
    for variant in spelled_rules(rule, state.dictionary, state.values):
        body, twins = _apart(variant.body) if len(state.values.twins) else (variant.body, {})
        equal = [atom for atom in body if atom.predicate == SAME]
        joined = tuple(atom for atom in body if atom.predicate != SAME)
        table = _join(state, variant, joined)
        if table is None:
            continue
        for one, other in twins.items():
            keys = [state.values.keys_of(table.columns[name]) for name in (one, other)]
            table = table.filtered(keys[0] == keys[1])
        table = _checked(state, variant, table)
        for atom in equal:
            table = table.filtered(_are_equal(state, atom, table))
        yield table.rows, _told(state, table, joined, equal)


def _told(
    state: ColumnarState, table: Bindings, joined: tuple[Atom, ...], equal: list[Atom]
) -> Iterator[tuple[TripleText, ...]]:
    """The premises of each row, as somebody wrote them."""
    for row in range(table.rows):
        values = {name: int(column[row]) for name, column in table.columns.items()}
        premises = _spell(state, joined, values)
        yield (*premises, *(_text(state, atom, values) for atom in equal))


def _may_match(state: ColumnarState, atom: Atom) -> bool:
    """Whether there is anything of the atom's class or property, and whether two named terms that it has equal are."""
    if atom.predicate == SAME:
        return is_variable(atom.subject) or is_variable(atom.object) or bool(_are_equal(state, atom, UNIT).all())
    named = atom.object if atom.predicate == TYPE and not is_variable(atom.object) else atom.predicate
    number = state.dictionary.known(named)
    if number is None:
        return False
    relation = state.relations.get(state.mapped_key(number << 1 | (named is atom.predicate)))
    return relation is not None and len(relation) > 0


def _apart(body: tuple[Atom, ...]) -> tuple[tuple[Atom, ...], dict[str, str]]:
    """Give a variable that is the object of two atoms a name in each, so that values can be compared."""
    seen: set[str] = set()
    twins: dict[str, str] = {}
    subjects = {atom.subject for atom in body}
    parted = []
    for atom in body:
        name = atom.object
        if atom.predicate == SAME:
            # Equality is looked up and not joined, so its names stay those of the other atoms.
            parted.append(atom)
            continue
        if is_variable(name) and name in seen and name not in subjects:
            twins[f"{name}'"] = name
            name = f"{name}'"
        seen.add(atom.object)
        parted.append(Atom(atom.subject, atom.predicate, name))
    return tuple(parted), twins


def _join(state: ColumnarState, rule: FlatRule, atoms: tuple[Atom, ...]) -> Bindings | None:
    """The rows of the body without its sameAs atoms; None when some relation is empty."""
    representatives = state.equality.representatives
    numbers = {}
    for atom in atoms:
        for term in (atom.subject, atom.predicate, atom.object):
            if not is_variable(term):
                number = state.dictionary.known(term)
                if number is None:
                    return None
                numbers[term] = int(representatives[number]) if number < len(representatives) else number
    plan = make_plan(FlatRule(rule.name, None, atoms, rule.axioms), numbers.__getitem__)
    if not atoms:
        return UNIT
    sizes = [len(state.relations[step.key]) if step.key in state.relations else 0 for step in plan.body]
    if 0 in sizes:
        return None
    first = sizes.index(min(sizes))
    try:
        if rule.check is not None and rule.check.kind == "differ":
            return _differing(state, plan)
        return extend(UNIT, (plan.body[first], *plan.rest[first]), state.source())
    except TooLongError as stopped:
        raise too_long(state, plan, stopped) from None


def _differing(state: ColumnarState, plan: RulePlan) -> Bindings | None:
    """The first literal of each subject beside each other one; all pairs would be the square of the group."""
    pairs = plan.body[-1]
    rows = state.relations[pairs.key].rows
    rows = rows[state.literals()[low(rows)]]
    subjects = high(rows)
    starts = np.empty(len(rows), np.bool_)
    starts[:1] = True
    np.not_equal(subjects[1:], subjects[:-1], out=starts[1:])
    if starts.all():
        return None
    one, other = low(rows)[starts][np.cumsum(starts) - 1][~starts], low(rows)[~starts]
    names = [step.arguments for step in plan.body[-2:]]
    table = Bindings({str(names[0][0]): subjects[~starts], str(names[0][1]): one, str(names[1][1]): other}, len(other))
    return extend(table, order_steps(plan.body[:-2], table.columns), state.source())


def _checked(state: ColumnarState, rule: FlatRule, table: Bindings) -> Bindings:
    """The rows that meet the rule's condition on literals."""
    check = rule.check
    if check is None or table.rows == 0:
        return table
    if check.kind == "differ":
        one, other = (table.columns[name].tolist() for name in check.terms)
        mask = np.array([state.values.differ(a, b) for a, b in zip(one, other, strict=True)], np.bool_)
        return table.filtered(mask)
    variable, datatype = check.terms
    column = table.columns[variable]
    bad = _outside(state, column, datatype)
    return table.filtered(np.isin(column, bad))


def _outside(state: ColumnarState, column: Ids, datatype: str) -> Ids:
    """The literals of a column that are no values of the datatype."""
    ending = f"^^{datatype}".encode()
    texts = state.dictionary.texts()
    ill_typed = set(state.values.ill_typed)
    numbers = np.unique(column)
    candidates = numbers[state.dictionary.kinds()[numbers] == LITERAL].tolist()
    # Ill-typed literals have a rule of their own; one written with this very datatype is inside otherwise.
    bad = [
        n
        for n in candidates
        if n not in ill_typed and not texts[n].endswith(ending) and state.values.outside(n, datatype)
    ]
    return np.array(bad, np.uint32)


def _ill_typed(state: ColumnarState) -> Iterator[_Matches]:
    """The asserted triples whose literal has a text that its datatype forbids."""
    if not state.values.ill_typed:
        return
    bad = np.array(state.values.ill_typed, np.uint32)
    text = state.dictionary.text
    for key, rows in sorted(state.asserted.items()):
        if is_property(key):
            pairs = rows[np.isin(low(rows), bad)].tolist()
            name = text(term_of(key))
            yield len(pairs), (((text(pair >> 32), name, text(pair & 0xFFFFFFFF)),) for pair in pairs)


def _are_equal(state: ColumnarState, atom: Atom, table: Bindings) -> Mask:
    """For each row whether the two ends of the atom are one thing."""
    representatives = state.equality.representatives
    ends = []
    for term in (atom.subject, atom.object):
        number = None if is_variable(term) else state.dictionary.known(term)
        if number is None and not is_variable(term):
            return np.zeros(table.rows, np.bool_)
        ends.append(representatives[table.column(term if number is None else number)])
    mask: Mask = ends[0] == ends[1]
    return mask


def _number(state: ColumnarState, term: str, values: dict[str, int]) -> int | None:
    return values[term] if is_variable(term) else state.dictionary.known(term)


def _text(state: ColumnarState, atom: Atom, values: dict[str, int]) -> TripleText:
    def one(term: str) -> str:
        return state.dictionary.text(values[term]) if is_variable(term) else term

    return one(atom.subject), one(atom.predicate), one(atom.object)


def _spell(state: ColumnarState, atoms: tuple[Atom, ...], values: dict[str, int]) -> tuple[TripleText, ...]:
    """The premises as somebody wrote them: equal terms are tried until an asserted triple is found.

    Fixes `values` to the spelling chosen, so that a thing has one name in all premises where possible.
    """
    fixed: dict[str, int] = {}
    for atom in atoms:
        names = [term for term in dict.fromkeys((atom.subject, atom.object)) if is_variable(term)]
        choices = [[fixed[name]] if name in fixed else _members(state, values[name]) for name in names]
        spelling = None
        for chosen in islice(product(*choices), _COMBINATIONS):
            named = dict(zip(names, chosen, strict=True))
            if _is_asserted(state, atom, named):
                spelling = named
                break
        fixed |= spelling or {name: fixed.get(name, values[name]) for name in names}
    values |= fixed
    return tuple(_text(state, atom, values) for atom in atoms)


def _members(state: ColumnarState, number: int) -> list[int]:
    _, members = state.equality.expand(np.array([number], np.uint32))
    found: list[int] = members.tolist()
    return found


def _is_asserted(state: ColumnarState, atom: Atom, values: dict[str, int]) -> bool:
    subject, object_ = (_number(state, term, values) for term in (atom.subject, atom.object))
    predicate = state.dictionary.known(atom.predicate)
    if subject is None or object_ is None or predicate is None:
        return False
    if atom.predicate == TYPE:
        rows, row = state.asserted.get(object_ << 1), subject
    else:
        rows, row = state.asserted.get(predicate << 1 | 1), subject << 32 | object_
    return rows is not None and _has(rows, row)


def _has(rows: Column, row: int) -> bool:
    place = int(np.searchsorted(rows, np.array(row, rows.dtype)))
    return place < len(rows) and int(rows[place]) == row

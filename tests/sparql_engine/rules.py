"""Flat rules as SPARQL 1.1 updates over two named graphs, in the order of their dependencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final, TypeAlias

from citygraph.reason.closure import Atom, FlatRule, RuleBook, is_variable
from citygraph.reason.rules import SAME, TYPE

__all__ = [
    "BLANK",
    "SPELLING",
    "Update",
    "Word",
    "bodies",
    "facts",
    "pattern",
    "relation",
    "skolem",
    "update_list",
    "updates",
]

Word: TypeAlias = Callable[[str], str]
"""How a constant of a rule, given in N-Triples, is written in the text."""

BLANK: Final = "urn:citygraph:blank:"
"""SPARQL cannot name a blank node: before the rules run, each becomes an IRI that starts so."""
SPELLING: Final = "<urn:citygraph:spelling>"
"""Ties a value to the literals that denote it, in the graph of values."""

_EQUALITY: Final = frozenset({"eq-sym", "eq-trans", "eq-rep-s", "eq-rep-p", "eq-rep-o"})


@dataclass(frozen=True, slots=True)
class Update:
    """One rule as an update. `reads` and `writes` name relations, None is any; `written` is the pattern of `writes`."""

    text: str
    reads: tuple[str | None, ...]
    writes: str | None
    written: str

    def is_woken_by(self, grown: Collection[str]) -> bool:
        """Whether this rule may conclude more after these relations have grown."""
        return bool(grown) and (None in self.reads or any(name in grown for name in self.reads))


def skolem(term: str) -> str:
    """A constant of a rule as SPARQL can write it: a blank node as the IRI that stands for it."""
    return f"<{BLANK}{term[2:]}>" if term.startswith("_:") else term


def updates(
    book: RuleBook, *, asserted: str, inferred: str, values: str = "", equality: bool = True, word: Word = skolem
) -> list[str]:
    """The rules as updates for any SPARQL 1.1 server: run all, in order, until the inferred graph stops growing.

    Args:
        book: the rules of one ontology, and the axioms that its schema rules add.
        asserted: the IRI of the graph with what the files state; its blank nodes are IRIs (`skolem`).
        inferred: the IRI of the graph that gets what follows.
        values: the IRI of a graph that says which literals have one value, by `SPELLING`; may be empty.
        equality: whether `owl:sameAs` can occur, in the data or by a rule.
        word: how constants are written.
    """
    return [
        *facts(book, asserted=asserted, inferred=inferred, word=word),
        *(
            one.text
            for one in update_list(
                book, asserted=asserted, inferred=inferred, values=values, equality=equality, word=word
            )
        ),
    ]


def facts(book: RuleBook, *, asserted: str, inferred: str, word: Word = skolem) -> Iterator[str]:
    """What the ontology alone gives, as updates that may be run again."""
    heads = [rule.head for rule in book.rules if rule.head is not None and not rule.body]
    for atom in chain((Atom(*triple) for triple in book.schema), heads):
        yield _insert(atom, "", asserted=asserted, inferred=inferred, word=word)


def update_list(
    book: RuleBook, *, asserted: str, inferred: str, values: str = "", equality: bool = True, word: Word = skolem
) -> list[Update]:
    """The rules with a body, as updates that know what they read and write."""
    rules = [rule for rule in book.rules if rule.body]
    rules = _ordered([*rules, *(book.equality if equality else ())])
    found = []
    for rule in rules:
        if rule.head is None:
            continue
        for body, extra in bodies(rule.body, values):
            where = " ".join(
                [
                    *(pattern(atom, f"?g{i}", asserted, inferred, word) for i, atom in enumerate(body)),
                    *extra,
                    *_guards(rule),
                ]
            )
            text = _insert(rule.head, where, asserted=asserted, inferred=inferred, word=word)
            found.append(Update(text, tuple(map(relation, rule.body)), relation(rule.head), _any(rule.head, word)))
    return found


def pattern(atom: Atom, graph: str, asserted: str, inferred: str, word: Word = skolem) -> str:
    """One atom, in either of the two graphs: servers disagree on what the default graph is."""
    return f"GRAPH {graph} {{ {_triple(atom, word)} }} FILTER({graph} IN (<{asserted}>, <{inferred}>))"


def _insert(head: Atom, where: str, *, asserted: str, inferred: str, word: Word) -> str:
    triple = _triple(head, word)
    known = " ".join(f"FILTER NOT EXISTS {{ GRAPH <{graph}> {{ {triple} }} }}" for graph in (asserted, inferred))
    return f"INSERT {{ GRAPH <{inferred}> {{ {triple} }} }} WHERE {{ {where} {known} }}"


def _triple(atom: Atom, word: Word) -> str:
    return " ".join(term if is_variable(term) else word(term) for term in (atom.subject, atom.predicate, atom.object))


def _guards(rule: FlatRule) -> Iterator[str]:
    """A literal is never a subject, and never equal to anything."""
    head = rule.head
    if head is None:
        return
    names = set()
    if is_variable(head.subject) and head.subject not in {atom.subject for atom in rule.body}:
        names.add(head.subject)
    if rule.name in _EQUALITY:
        names |= {atom.object for atom in rule.body if atom.predicate == SAME}
    elif head.predicate == SAME and len(rule.body) > 1 and is_variable(head.object):
        names.add(head.object)
        yield f"FILTER(!sameTerm({head.subject}, {head.object}))"
    yield from (f"FILTER(!isLiteral({name}))" for name in sorted(names) if is_variable(name))
    if is_variable(head.predicate):
        yield f"FILTER(isIRI({head.predicate}))"


def bodies(body: Sequence[Atom], values: str) -> Iterator[tuple[tuple[Atom, ...], tuple[str, ...]]]:
    """The body as it is, and with some of the things that two atoms have in common compared by value instead."""
    objects = Counter(atom.object for atom in body if is_variable(atom.object))
    subjects = {atom.subject for atom in body}
    shared = [name for name, times in objects.items() if times > 1 and name not in subjects] if values else []
    for count in range(len(shared) + 1):
        for chosen in combinations(shared, count):
            yield _apart(body, chosen, values)


def _apart(body: Sequence[Atom], names: Sequence[str], values: str) -> tuple[tuple[Atom, ...], tuple[str, ...]]:
    parted, extra = [], []
    for i, atom in enumerate(body):
        if atom.object in names:
            own = f"{atom.object}_{i}"
            extra.append(f"GRAPH <{values}> {{ {atom.object}_value {SPELLING} {own} }}")
            parted.append(Atom(atom.subject, atom.predicate, own))
        else:
            parted.append(atom)
    return tuple(parted), tuple(extra)


def _any(head: Atom, word: Word) -> str:
    """Whatever is of the relation of this head."""
    return f"?s {word(head.predicate)} {word(head.object) if head.predicate == TYPE else '?o'}"


def relation(atom: Atom) -> str | None:
    """The property of an atom, or the class; None when either is a variable."""
    if atom.predicate == TYPE:
        return None if is_variable(atom.object) else f"a {atom.object}"
    return None if is_variable(atom.predicate) else atom.predicate


def _ordered(rules: Sequence[FlatRule]) -> list[FlatRule]:
    """Each rule before those that read what it writes, as far as there are no circles."""
    readers: dict[str, list[int]] = {}
    for i, rule in enumerate(rules):
        for atom in rule.body:
            readers.setdefault(relation(atom) or "", []).append(i)
    seen: set[int] = set()
    finished: list[int] = []
    for start in range(len(rules)):
        waiting = [(start, False)]
        while waiting:
            i, done = waiting.pop()
            if done:
                finished.append(i)
            elif i not in seen:
                seen.add(i)
                head = rules[i].head
                next_ones = readers.get(relation(head) or "", ()) if head is not None else ()
                waiting.append((i, True))
                waiting.extend((j, False) for j in next_ones if j not in seen)
    return [rules[i] for i in reversed(finished)]

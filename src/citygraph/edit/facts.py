"""A fact as values, by option, and as statements: from one to the other along the paths of its kind, both ways."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from citygraph.edit.kinds import FactField, FactKind, FactPart, FactRule, Kinds, Step
from citygraph.edit.state import EditedGraph
from citygraph.errors import EditError
from citygraph.labels import Labels
from citygraph.matching.cities import address_stem
from citygraph.messages import Text, sentence
from citygraph.namespaces import CG, CONCEPT, PREFIXES, RDF_TYPE
from citygraph.rdf import Iri, Literal, Term, Triple

Values: TypeAlias = dict[str, tuple[Term, ...]]
"""What is said of a fact: the values of each field by its option."""

_STEMS: Final = re.compile(r"\A(?:role|person|place|topic|theme|aim|relation|id|list|constituency)-(?=.)")
_SLOT: Final = re.compile(r"\{([\w-]+)(?::(\d+))?\}")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*)\]")
_PREFERRED: Final = Iri(CONCEPT + "rank-preferred")
_BROADER, _IN_SCHEME = PREFIXES["skos"] + "broader", PREFIXES["skos"] + "inScheme"


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: its kind, its address, what is said of it, and the addresses of the nodes below it."""

    kind: FactKind
    iri: str
    values: Values
    nodes: Mapping[tuple[Step, ...], str] = field(default_factory=dict)

    def one(self, option: str) -> Term | None:
        """The value of a field, the first of several; `None` without one."""
        return next(iter(self.values.get(option, ())), None)


class Builder:
    """Makes the statements of facts; nodes that they need below them get names that are free."""

    def __init__(self, state: EditedGraph) -> None:
        """`state` gives free names."""
        self._state = state

    def named(self, kind: FactKind, values: Values) -> Fact:
        """A new fact with an address of its own."""
        stems = [stem for each in kind.addresses if (stem := _filled(each, values))]
        if not stems:
            message = sentence("edit.no_address", title=kind.title)
            raise EditError(message, fix=sentence("edit.next.required", title=kind.title))
        return Fact(kind, self._state.free(stems, space=kind.space), values)

    def statements(self, fact: Fact) -> tuple[Fact, list[Triple]]:
        """Everything that is said when the fact is said, each statement once; and the fact with the nodes below it."""
        node, found = Iri(fact.iri), _Statements(self._state, fact)
        for each in fact.kind.classes:
            found.say(Triple(node, Iri(RDF_TYPE), Iri(each)))
        entries: list[tuple[int, FactField | None, tuple[Step, ...], tuple[Term, ...]]] = [
            (each.order, each, each.path, fact.values.get(each.option, ())) for each in fact.kind.fields
        ]
        own = [each for each in fact.kind.constants if len(each.path) == 1]
        entries += [(each.order, None, each.path, (each.value,)) for each in own]
        for _, field_, path, values in sorted(entries, key=lambda each: each[0]):
            for value in values:
                found.follow(path, value, _predicate(field_, value) if field_ else "")
        for constant in fact.kind.constants:
            if len(constant.path) > 1 and constant.path[:-1] in found.nodes:
                found.follow(constant.path, constant.value, "")
        for rule in fact.kind.rules:
            found.apply(rule)
        return replace(fact, nodes=found.nodes), list(found.triples)


class _Statements:
    """The statements of one fact, as they grow."""

    def __init__(self, state: EditedGraph, fact: Fact) -> None:
        self._state = state
        self._fact = fact
        self._parts = {each.path: each for each in fact.kind.parts}
        self.nodes = dict(fact.nodes)
        self._reached: set[tuple[Step, ...]] = set()
        self.triples: dict[Triple, None] = {}

    def say(self, triple: Triple) -> None:
        self.triples.setdefault(triple)

    def follow(self, path: tuple[Step, ...], value: Term, predicate: str) -> None:
        """Say that a value stands at the end of a path; what lies on the way is made when it is not there."""
        node = Iri(self._fact.iri)
        for length, step in enumerate(path[:-1], start=1):
            node = self._part(path[:length], node, step)
        step = path[-1]._replace(predicate=predicate or path[-1].predicate)
        self._edge(node, step, value)

    def _part(self, path: tuple[Step, ...], above: Iri, step: Step) -> Iri:
        part = self._parts[path]
        if path not in self.nodes:
            self.nodes[path] = self._address(part)
        node = Iri(self.nodes[path])
        if path not in self._reached:
            self._reached.add(path)
            self._edge(above, step, node)
            for each in part.classes:
                self.say(Triple(node, Iri(RDF_TYPE), Iri(each)))
        return node

    def _address(self, part: FactPart) -> str:
        own = self._fact.iri.rpartition("/")[2]
        stems = [stem for each in part.addresses if (stem := _filled(each, self._fact.values))]
        return self._state.free([*stems, f"{own}-{part.suffix}" if part.suffix else own])

    def _edge(self, node: Iri, step: Step, value: Term) -> None:
        if not step.inverse:
            self.say(Triple(node, Iri(step.predicate), value))
        elif isinstance(value, Iri):
            self.say(Triple(value, Iri(step.predicate), node))

    def apply(self, rule: FactRule) -> None:
        """Say what a rule says, when it holds of this fact."""
        if not all(value in self._ends(path) for path, value in rule.conditions):
            return
        subjects, predicates, objects = ([end] if isinstance(end, Iri) else self._ends(end) for end in rule.ends)
        for subject in subjects:
            for predicate in predicates:
                for value in objects:
                    if isinstance(subject, Iri) and isinstance(predicate, Iri):
                        self.say(Triple(subject, predicate, value))

    def _ends(self, path: tuple[Step, ...]) -> list[Term]:
        ends: list[Term] = [Iri(self._fact.iri)]
        for step in path:
            ends = [
                each.subject if step.inverse else each.object
                for each in self.triples
                if each.predicate.value == step.predicate and (each.object if step.inverse else each.subject) in ends
            ]
        return ends


def _predicate(field_: FactField, value: Term) -> str:
    """The last predicate of a field for a value: by its datatype, where the kind has several."""
    kind = value.datatype.value if isinstance(value, Literal) else ""
    return dict(field_.alternatives).get(kind, "")


def _filled(template: str, values: Values) -> str:
    """A template of an address with the local names of values; empty when one that it needs is not there."""
    missing = [name for name, _ in _SLOT.findall(template) if not values.get(name)]
    if missing:
        return ""
    return re.sub(r"-{2,}", "-", _SLOT.sub(lambda match: _stem(values[match[1]][0], match[2] or ""), template)).strip(
        "-"
    )


def _stem(value: Term, length: str) -> str:
    """What a value gives to an address: the local name of a thing without the word for its kind, or the words of a text."""
    if isinstance(value, Iri):
        local = value.value.rstrip("/").replace("#", "/").rpartition("/")[2]
        text = _STEMS.sub("", re.sub(r"(?<=[a-z])(?=[A-Z])", "-", local)).lower()
        text = re.sub(r"[^a-z0-9]+", "-", text).strip("-")
    else:
        text = (address_stem(value.value) if isinstance(value, Literal) else "") or "x"
    return text[: int(length)] if length else text


# -- reading ----------------------------------------------------------------------------------------------


def read_fact(kind: FactKind, iri: str, state: EditedGraph) -> Fact:
    """What the graph says of a fact, as far as its kind has fields for it."""
    nodes: dict[tuple[Step, ...], str] = {}
    for part in kind.parts:
        found = _along(state, iri, part.path)
        if found and isinstance(found[0], Iri):
            nodes[part.path] = found[0].value
    values: Values = {}
    for field_ in kind.fields:
        last = [predicate for _, predicate in field_.alternatives] or [field_.path[-1].predicate]
        paths = [(*field_.path[:-1], field_.path[-1]._replace(predicate=each)) for each in last]
        found = [value for path in paths for value in _along(state, iri, path)]
        if found:
            values[field_.option] = tuple(dict.fromkeys(found))
    return Fact(kind, iri, values, nodes)


def _along(state: EditedGraph, iri: str, path: Iterable[Step]) -> list[Term]:
    ends: list[Term] = [Iri(iri)]
    for step in path:
        things = [each.value for each in ends if isinstance(each, Iri)]
        ends = [
            value
            for thing in things
            for value in (
                map(Iri, state.subjects(step.predicate, thing))
                if step.inverse
                else state.objects(thing, step.predicate)
            )
        ]
    return ends


def kind_of_fact(iri: str, kinds: Kinds, state: EditedGraph) -> Fact | None:
    """The fact at an address as one of the kind that says most of it; `None` when it is of no kind."""
    types = state.classes(iri)
    best: tuple[tuple[int, int], Fact] | None = None
    for kind in kinds.values():
        if not types.issuperset(kind.classes) or not all(
            each.value in _along(state, iri, each.path) for each in kind.constants if len(each.path) == 1
        ):
            continue
        fact = read_fact(kind, iri, state)
        if any(each.required and each.option not in fact.values for each in kind.fields):
            continue
        fits = sum(
            1 if fits_field(each, value, state) else -10
            for each in kind.fields
            for value in fact.values.get(each.option, ())
        )
        score = (fits, len(kind.constants))
        if best is None or score > best[0]:
            best = score, fact
    return best[1] if best else None


def fits_field(field_: FactField, value: Term, state: EditedGraph) -> bool:
    """Whether a value is of the kind that a field wants."""
    if isinstance(value, Literal):
        return not field_.datatypes or value.datatype.value in field_.datatypes
    if not isinstance(value, Iri):
        return False
    if field_.choices:
        return value.value in field_.choices
    if field_.scheme and field_.scheme not in _above(value.value, state):
        return False
    return not field_.classes or bool(state.classes(value.value).intersection(field_.classes))


def _above(concept: str, state: EditedGraph) -> set[str]:
    """The schemes of a concept, and every concept that is broader."""
    found: set[str] = set()
    waiting = [concept]
    while waiting:
        at = waiting.pop()
        found.update(each.value for each in state.objects(at, _IN_SCHEME) if isinstance(each, Iri))
        broader = [each.value for each in state.objects(at, _BROADER) if isinstance(each, Iri)]
        waiting += [each for each in broader if each not in found]
        found.update(broader)
    return found


def facts_of_kind(kind: FactKind, wanted: Mapping[str, tuple[Term, ...]], state: EditedGraph) -> list[Fact]:
    """The facts of a kind of which all of this is said."""
    found = []
    for iri in state.instances(kind.classes[0]):
        fact = read_fact(kind, iri, state)
        is_such = all(each.value in _along(state, iri, each.path) for each in kind.constants if len(each.path) == 1)
        if is_such and all(set(values) <= set(fact.values.get(option, ())) for option, values in wanted.items()):
            found.append(fact)
    return found


# -- words ------------------------------------------------------------------------------------------------


def told(fact: Fact, labels: Labels) -> Text:
    """The fact as a sentence in both languages."""
    return filled_text(fact.kind.told, fact, labels)


def filled_text(template: Text, fact: Fact, labels: Labels) -> Text:
    """A template of a text with the values of a fact, in both languages."""
    said = (_told(template.in_language(language), fact, labels, language) for language in ("nb", "en"))
    return Text(*said)


def _told(template: str, fact: Fact, labels: Labels, language: str) -> str:
    def slot(match: re.Match[str]) -> str:
        values = _of_language(fact.values.get(match[1], ()), language)
        field_ = fact.kind.field(match[1])
        return ", ".join(dict.fromkeys(words_of_value(each, labels, language, field_) for each in values)) or "…"

    def optional(match: re.Match[str]) -> str:
        options = [name for name, _ in _SLOT.findall(match[1])]
        return match[1] if all(fact.values.get(each) for each in options) else ""

    return " ".join(_SLOT.sub(slot, _OPTIONAL.sub(optional, template)).split())


def _of_language(values: tuple[Term, ...], language: str) -> tuple[Term, ...]:
    own = tuple(each for each in values if isinstance(each, Literal) and each.language == language)
    return own or values


def words_of_value(value: Term, labels: Labels, language: str, field_: FactField | None = None) -> str:
    """A value as people read it; one of the choices of a field that has no label by its short name."""
    if not isinstance(value, Iri):
        return value.value if isinstance(value, Literal) else str(value)
    words = labels.describe(value, language)
    if not words.startswith("<"):
        return words
    return value.value.rpartition("/")[2] if field_ and field_.choices else value.value


# -- what goes and what comes -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatementChange:
    """Statements that go and statements that come, both in order."""

    removed: tuple[Triple, ...] = ()
    added: tuple[Triple, ...] = ()


def change_of(before: Iterable[Triple], after: Iterable[Triple], state: EditedGraph, fact: Fact) -> StatementChange:
    """How the graph changes when one form of a fact takes the place of another; what others say too stays.

    Args:
        before: the statements of the fact as it was.
        after: those of the fact as it is to be.
        state: the graph.
        fact: the fact; a statement about another thing goes only when no other claim states it.
    """
    old, new = list(before), list(after)
    kept = set(new)
    removed = [each for each in old if each not in kept and state.states(each) and not _is_shared(each, state, fact)]
    added = [each for each in new if not state.states(each)]
    return StatementChange(tuple(removed), tuple(added))


def _is_shared(triple: Triple, state: EditedGraph, fact: Fact) -> bool:
    """Whether a preferred claim other than this fact says the same statement."""
    rdf = PREFIXES["rdf"]
    subject = triple.subject
    claims = state.subjects(rdf + "subject", subject.value) if isinstance(subject, Iri) else []
    return any(
        claim != fact.iri
        and triple.predicate in state.objects(claim, rdf + "predicate")
        and triple.object in state.objects(claim, rdf + "object")
        and _PREFERRED in state.objects(claim, CG + "rank")
        for claim in claims
    )


def with_defaults(kind: FactKind, values: Values, day_of: Callable[[], Term | None], labels: Labels) -> Values:
    """The values with what holds where nothing is said.

    Args:
        kind: the kind of the fact.
        values: what was said.
        day_of: the day of the document that the fact is read from.
        labels: what things are called, for texts that are made of other fields.
    """
    found = dict(values)
    for field_ in kind.fields:
        is_open = field_.is_document_day and not any(found.get(each) for each in (field_.option, *field_.unless))
        day = day_of() if is_open else None
        if day is not None and _has_begun(found, day):
            found[field_.option] = (day,)
    for field_ in kind.fields:
        if not found.get(field_.option) and (value := _default(field_, found)) is not None:
            found[field_.option] = (value,)
    for field_ in kind.fields:
        if not found.get(field_.option) and found.get(field_.same_as):
            found[field_.option] = found[field_.same_as]
        elif not found.get(field_.option) and field_.template.en:
            text = filled_text(field_.template, Fact(kind, "", found), labels)
            found[field_.option] = tuple(Literal(text.in_language(each), language=each) for each in ("nb", "en"))
    return found


def _has_begun(values: Values, day: Term) -> bool:
    begins = [each.value for each in values.get("since", ()) if isinstance(each, Literal)]
    on = day.value if isinstance(day, Literal) else ""
    return all(each[: len(on)] <= on[: len(each)] for each in begins)


def _default(field_: FactField, values: Values) -> Term | None:
    for option, among, value in field_.other_defaults:
        if any(isinstance(each, Iri) and each.value in among for each in values.get(option, ())):
            return value
    if field_.default_with and not values.get(field_.default_with):
        return None
    return field_.default


def missing_fields(kind: FactKind, values: Values) -> Iterator[FactField]:
    """The fields without which there is no such fact, and of which nothing is said."""
    yield from (each for each in kind.fields if each.required and not values.get(each.option))

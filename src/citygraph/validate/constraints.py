"""The constraint components of SHACL Core (section 4) as functions; one that is not listed is left to pySHACL.

A verdict has three values: a node conforms, does not, or it is not for us to say.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache, partial
from itertools import chain
from math import inf
from typing import Final, Protocol, TypeAlias

from citygraph.namespaces import PREFIXES
from citygraph.patterns import PatternError, matcher
from citygraph.rdf import BlankNode, Iri, Literal, Term, Triple, lexical_forms_kept

_TYPE: Final = Iri(PREFIXES["rdf"] + "type")
_SUBCLASS: Final = Iri(PREFIXES["rdfs"] + "subClassOf")
_FIRST: Final = Iri(PREFIXES["rdf"] + "first")
_REST: Final = Iri(PREFIXES["rdf"] + "rest")
_NIL: Final = Iri(PREFIXES["rdf"] + "nil")


class TripleIndex:
    """A graph in memory, read only; each triple once."""

    def __init__(self, triples: Iterable[Triple], *, only: Collection[Term] | None = None) -> None:
        """An index of these triples, or of those with one of some predicates."""
        self._out: dict[Term, dict[Term, list[Term]]] = {}
        self._by_predicate: dict[Term, dict[Term, list[Term]]] = defaultdict(dict)
        for triple in dict.fromkeys(triples):
            subject, predicate, value = triple
            if only is None or predicate in only:
                self._out.setdefault(subject, {}).setdefault(predicate, []).append(value)
        for subject, by_predicate in self._out.items():
            for predicate, values in by_predicate.items():
                self._by_predicate[predicate][subject] = values
        self._incoming: dict[Term, dict[Term, list[Term]]] = {}
        self._instances: dict[Term, frozenset[Term]] = {}
        self._different: dict[Term, frozenset[Term]] = {}

    def objects(self, subject: Term, predicate: Term) -> list[Term]:
        """The values of a property."""
        return self._out.get(subject, {}).get(predicate, [])

    def value(self, subject: Term, predicate: Term) -> Term | None:
        """One value of a property, or None."""
        values = self.objects(subject, predicate)
        return values[0] if values else None

    def predicates(self, subject: Term) -> Iterable[Term]:
        """The properties that a subject has."""
        return self._out.get(subject, {}).keys()

    def subjects_of(self, predicate: Term) -> Iterable[Term]:
        """Everything that has the property."""
        return self._by_predicate.get(predicate, {}).keys()

    def column(self, predicate: Term) -> Mapping[Term, list[Term]]:
        """The values of a property, by subject."""
        return self._by_predicate.get(predicate, {})

    def different_values(self, predicate: Term) -> frozenset[Term]:
        """Each value of a property once; made when they are first asked for."""
        if predicate not in self._different:
            self._different[predicate] = frozenset(chain.from_iterable(self.column(predicate).values()))
        return self._different[predicate]

    def incoming(self, predicate: Term) -> dict[Term, list[Term]]:
        """For every object of the property, its subjects; made when it is first asked for."""
        if predicate not in self._incoming:
            turned: dict[Term, list[Term]] = defaultdict(list)
            for subject, values in self._by_predicate.get(predicate, {}).items():
                for value in values:
                    turned[value].append(subject)
            self._incoming[predicate] = dict(turned)
        return self._incoming[predicate]

    def instances(self, class_: Term) -> frozenset[Term]:
        """Everything that is of the class or of a subclass of it (SHACL section 2.1.3.2)."""
        if class_ not in self._instances:
            below, waiting = {class_}, [class_]
            while waiting:
                for sub in self.incoming(_SUBCLASS).get(waiting.pop(), ()):
                    if sub not in below:
                        below.add(sub)
                        waiting.append(sub)
            of_type = self.incoming(_TYPE)
            self._instances[class_] = frozenset(each for one in below for each in of_type.get(one, ()))
        return self._instances[class_]

    def values(self) -> set[Term]:
        """Everything that is the value of some property."""
        return {value for by_predicate in self._out.values() for values in by_predicate.values() for value in values}

    def list_of(self, node: Term) -> list[Term] | None:
        """The members of an RDF list; None when it is not one."""
        found: list[Term] = []
        seen: set[Term] = set()
        while node != _NIL:
            first, rest = self.objects(node, _FIRST), self.objects(node, _REST)
            if len(first) != 1 or len(rest) != 1 or node in seen:
                return None
            seen.add(node)
            found.append(first[0])
            node = rest[0]
        return found

    def around(self, nodes: Iterable[Term], steps: int) -> Iterator[Triple]:
        """The triples of these nodes, of their values, and so on, so many steps; and all of `rdfs:subClassOf`."""
        seen: set[Term] = set()
        frontier = set(nodes)
        for _ in range(steps + 1):
            seen |= frontier
            frontier = {
                value
                for node in frontier
                for values in self._out.get(node, {}).values()
                for value in values
                if value in self._out
            } - seen
        for node in seen:
            for predicate, values in self._out.get(node, {}).items():
                if predicate != _SUBCLASS:
                    yield from (Triple(node, predicate, value) for value in values)  # type: ignore[arg-type]
        for node, values in self._by_predicate.get(_SUBCLASS, {}).items():
            yield from (Triple(node, _SUBCLASS, value) for value in values)  # type: ignore[arg-type]


Verdict: TypeAlias = bool | None
"""True conforms, False does not, None cannot be said."""
Component: TypeAlias = Callable[[Term, Sequence[Term]], Verdict]
"""A constraint component: the verdict on a focus node and its values."""


@dataclass(frozen=True, slots=True)
class ShapeTest:
    """A shape as a function of a node, how many steps away from the node it looks, and which of many nodes may break it."""

    conforms: Callable[[Term], Verdict]
    steps: int
    suspects: Callable[[Collection[Term]], set[Term]]


class Unknown(Exception):  # noqa: N818  # not an error: the shape is pySHACL's
    """Something is used that is not listed here."""


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether each of them holds."""
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure = unsure or verdict is None
    return None if unsure else True


def negated(verdict: Verdict) -> Verdict:
    """The opposite, when there is one."""
    return None if verdict is None else not verdict


def any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """Whether one of them holds."""
    return negated(all_of(negated(each) for each in verdicts))


def exactly_one(verdicts: Sequence[Verdict]) -> Verdict:
    """Whether one of them holds and no other."""
    if None in verdicts:
        return None
    return verdicts.count(True) == 1  # counts a value


SH: Final = PREFIXES["sh"]
_XSD: Final = PREFIXES["xsd"]
_RDF: Final = PREFIXES["rdf"]
_NUMBERS: Final = frozenset(_XSD + name for name in ("integer", "decimal", "nonNegativeInteger", "positiveInteger"))
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Reader(Protocol):
    """What reads the parameters of a shape; each method raises `Unknown` for what is left to pySHACL."""

    shapes: TripleIndex
    data: TripleIndex

    def shape(self, node: Term, depth: int) -> ShapeTest:
        """A shape inside another."""

    def one(self, node: Term, name: str) -> Term:
        """The one value of a parameter."""

    def number(self, node: Term, name: str) -> int:
        """The one value of a parameter, a number."""

    def members(self, node: Term, name: str) -> list[Term]:
        """The list that is the value of a parameter."""

    def each_of(self, node: Term, name: str) -> list[Term]:
        """The values of a parameter, in any number."""


Reading: TypeAlias = tuple[list[Component], int]


@dataclass(frozen=True, slots=True)
class OfValues:
    """Each value must pass a test, which each term is put to once, however many nodes have it."""

    verdict: Callable[[Term], Verdict]
    inner: ShapeTest | None = None
    """The shape that the test is, if it is one."""

    def __call__(self, focus: Term, values: Sequence[Term]) -> Verdict:
        """The verdict on the values of one node."""
        del focus
        unsure = False
        for value in values:
            found = self.verdict(value)
            if found is False:
                return False
            unsure = unsure or found is None
        return None if unsure else True


@dataclass(frozen=True, slots=True)
class ValueCount:
    """So many values at least, and at most."""

    least: int = 0
    most: float = inf

    def __call__(self, focus: Term, values: Sequence[Term]) -> Verdict:
        """The verdict on the number of values of one node."""
        del focus
        return self.least <= len(values) <= self.most


def _of_values(test: Callable[[Term], Verdict]) -> Component:
    return OfValues(cache(test))


def _simple(make: Callable[[Reader, Term], list[Component]]) -> Callable[[Reader, Term, int], Reading]:
    return lambda reader, node, _: (make(reader, node), 0)


# -- value types (4.1), cardinality (4.2) -----------------------------------------------------------


def _class(reader: Reader, node: Term) -> list[Component]:
    sets = [reader.data.instances(each) for each in reader.each_of(node, "class")]
    return [_of_values(lambda value, wanted=wanted: value in wanted) for wanted in sets]  # type: ignore[misc]


def _datatype(reader: Reader, node: Term) -> list[Component]:
    wanted = reader.one(node, "datatype")
    if not isinstance(wanted, Iri) or wanted.value in {PREFIXES["rdfs"] + "Literal", PREFIXES["rdfs"] + "Datatype"}:
        raise Unknown
    return [_of_values(lambda v: isinstance(v, Literal) and v.datatype == wanted and _is_well_formed(v))]


@lru_cache(maxsize=10_000)
def _is_well_formed(literal: Literal) -> bool:
    """As rdflib sees it, which pySHACL asks; a datatype that rdflib does not know is well-formed."""
    import rdflib  # noqa: PLC0415  # costs a quarter of a second to import

    if literal.datatype.value in {_XSD + "string", _RDF + "langString"}:
        return True
    with lexical_forms_kept():
        return rdflib.Literal(literal.value, datatype=rdflib.URIRef(literal.datatype.value)).ill_typed is not True


def _node_kind(reader: Reader, node: Term) -> list[Component]:
    kinds = {
        "IRI": (Iri,), "BlankNode": (BlankNode,), "Literal": (Literal,), "BlankNodeOrIRI": (BlankNode, Iri),
        "BlankNodeOrLiteral": (BlankNode, Literal), "IRIOrLiteral": (Iri, Literal),
    }  # fmt: skip
    wanted = reader.one(node, "nodeKind")
    classes = kinds.get(wanted.value.removeprefix(SH)) if isinstance(wanted, Iri) else None
    if classes is None:
        raise Unknown
    return [_of_values(lambda value: isinstance(value, classes))]


def _min_count(reader: Reader, node: Term) -> list[Component]:
    least = reader.number(node, "minCount")
    return [ValueCount(least=least)]


def _max_count(reader: Reader, node: Term) -> list[Component]:
    most = reader.number(node, "maxCount")
    return [ValueCount(most=most)]


# -- ranges (4.3), strings (4.4) --------------------------------------------------------------------


def _number_of(term: Term) -> Decimal | None:
    if not isinstance(term, Literal) or term.datatype.value not in _NUMBERS:
        return None
    try:
        return Decimal(term.value)
    except InvalidOperation:
        return None


def _bound(name: str, holds: Callable[[Decimal, Decimal], bool]) -> Callable[[Reader, Term], list[Component]]:
    def make(reader: Reader, node: Term) -> list[Component]:
        limit = _number_of(reader.one(node, name))
        if limit is None:
            raise Unknown

        def within(value: Term) -> Verdict:
            number = _number_of(value)
            return None if number is None or number.is_nan() else holds(number, limit)

        return [_of_values(within)]

    return make


def _pattern(reader: Reader, node: Term) -> list[Component]:
    text = reader.one(node, "pattern")
    flags = reader.each_of(node, "flags")
    if not isinstance(text, Literal) or flags:
        raise Unknown
    try:
        wanted = matcher(text.value, "")
    except PatternError as error:
        raise Unknown from error

    def matches(value: Term) -> Verdict:
        try:
            return not isinstance(value, BlankNode) and wanted.search(_text(value))
        except PatternError:
            # pySHACL meets the same, and then it is said of the shape.
            return None

    return [_of_values(matches)]


def _text(term: Term) -> str:
    return term.value if isinstance(term, Iri | Literal) else ""


def _language_in(reader: Reader, node: Term) -> list[Component]:
    ranges = [_text(each).lower() for each in reader.members(node, "languageIn")]

    def fits(value: Term) -> Verdict:
        language = (value.language or "").lower() if isinstance(value, Literal) else ""
        return bool(language) and any(language == each or language.startswith(each + "-") for each in ranges)

    return [_of_values(fits)]


def _unique_language(reader: Reader, node: Term) -> list[Component]:
    if _text(reader.one(node, "uniqueLang")) != "true":
        raise Unknown

    def unique(_: Term, values: Sequence[Term]) -> Verdict:
        languages = Counter(v.language.lower() for v in values if isinstance(v, Literal) and v.language)
        return all(count == 1 for count in languages.values())

    return [unique]


# -- pairs of properties (4.5), shapes of shapes (4.6, 4.7), others (4.8) -----------------------------


def _before(name: str, holds: Callable[[str, str], bool]) -> Callable[[Reader, Term], list[Component]]:
    def make(reader: Reader, node: Term) -> list[Component]:
        other = reader.one(node, name)

        def ordered(focus: Term, values: Sequence[Term]) -> Verdict:
            return all_of(_compared(one, two, holds) for one in values for two in reader.data.objects(focus, other))

        return [ordered]

    return make


def _compared(one: Term, two: Term, holds: Callable[[str, str], bool]) -> Verdict:
    """Days without a time zone, which sort as text; anything else is not for us to say."""
    for each in (one, two):
        if not isinstance(each, Literal) or each.datatype.value != _XSD + "date" or not _DAY.fullmatch(each.value):
            return None
    return holds(_text(one), _text(two))


def _nested(reader: Reader, node: Term, depth: int, *, name: str) -> Reading:
    """`sh:property` points at property shapes, `sh:node` at node shapes; anything else is pySHACL's to refuse."""
    shapes = reader.each_of(node, name)
    if any(bool(reader.each_of(each, "path")) != (name == "property") for each in shapes):
        raise Unknown
    inner = [reader.shape(each, depth + 1) for each in shapes]
    return [OfValues(cache(each.conforms), each) for each in inner], max((each.steps for each in inner), default=0)


def _connective(name: str, combine: Callable[[Sequence[Verdict]], Verdict]) -> Callable[[Reader, Term, int], Reading]:
    def make(reader: Reader, node: Term, depth: int) -> Reading:
        inner = [reader.shape(each, depth + 1) for each in reader.members(node, name)]

        def holds(value: Term) -> Verdict:
            return combine([each.conforms(value) for each in inner])

        return [_of_values(holds)], max((each.steps for each in inner), default=0)

    return make


def _negation(reader: Reader, node: Term, depth: int) -> Reading:
    inner = [reader.shape(each, depth + 1) for each in reader.each_of(node, "not")]
    tests = [_of_values(lambda value, each=each: negated(each.conforms(value))) for each in inner]  # type: ignore[misc]
    return tests, max((each.steps for each in inner), default=0)


def _qualified(reader: Reader, node: Term, depth: int) -> Reading:
    inner = reader.shape(reader.one(node, "qualifiedValueShape"), depth + 1)
    least = reader.number(node, "qualifiedMinCount") if reader.each_of(node, "qualifiedMinCount") else 0
    most = reader.number(node, "qualifiedMaxCount") if reader.each_of(node, "qualifiedMaxCount") else None

    def counted(_: Term, values: Sequence[Term]) -> Verdict:
        verdicts = [inner.conforms(value) for value in values]
        if None in verdicts:
            return None
        number = sum(1 for each in verdicts if each)
        return number >= least and (most is None or number <= most)

    return [counted], inner.steps


def _closed(reader: Reader, node: Term) -> list[Component]:
    if _text(reader.one(node, "closed")) != "true":
        raise Unknown
    allowed = set(reader.members(node, "ignoredProperties")) if reader.each_of(node, "ignoredProperties") else set()
    for each in reader.each_of(node, "property"):
        allowed.update(path for path in reader.shapes.objects(each, Iri(SH + "path")) if isinstance(path, Iri))
    return [_of_values(lambda value: set(reader.data.predicates(value)) <= allowed)]


def _has_value(reader: Reader, node: Term) -> list[Component]:
    wanted = set(reader.each_of(node, "hasValue"))
    return [lambda _, values: wanted <= set(values)]


def _in(reader: Reader, node: Term) -> list[Component]:
    allowed = set(reader.members(node, "in"))
    return [_of_values(lambda value: value in allowed)]


def _nothing(reader: Reader, node: Term) -> list[Component]:
    """A parameter that another one reads."""
    del reader, node
    return []


COMPONENTS: Final[dict[str, Callable[[Reader, Term, int], Reading]]] = {
    "deactivated": _simple(_nothing),
    "class": _simple(_class),
    "datatype": _simple(_datatype),
    "nodeKind": _simple(_node_kind),
    "minCount": _simple(_min_count),
    "maxCount": _simple(_max_count),
    "minInclusive": _simple(_bound("minInclusive", lambda number, limit: number >= limit)),
    "maxInclusive": _simple(_bound("maxInclusive", lambda number, limit: number <= limit)),
    "minExclusive": _simple(_bound("minExclusive", lambda number, limit: number > limit)),
    "maxExclusive": _simple(_bound("maxExclusive", lambda number, limit: number < limit)),
    "pattern": _simple(_pattern),
    "languageIn": _simple(_language_in),
    "uniqueLang": _simple(_unique_language),
    "lessThan": _simple(_before("lessThan", lambda one, two: one < two)),
    "lessThanOrEquals": _simple(_before("lessThanOrEquals", lambda one, two: one <= two)),
    "property": partial(_nested, name="property"),
    "node": partial(_nested, name="node"),
    "and": _connective("and", all_of),
    "or": _connective("or", any_of),
    "xone": _connective("xone", exactly_one),
    "not": _negation,
    "qualifiedValueShape": _qualified,
    "qualifiedMinCount": _simple(_nothing),
    "qualifiedMaxCount": _simple(_nothing),
    "closed": _simple(_closed),
    "ignoredProperties": _simple(_nothing),
    "hasValue": _simple(_has_value),
    "in": _simple(_in),
}
"""How each component of SHACL Core is read, by its parameter."""

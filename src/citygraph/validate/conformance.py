"""SHACL Core as a quick question: does this node conform, yes, no, or not for us to say?

pySHACL is the judge of shapes: it writes the results. But it needs about a fifth of a millisecond for
every statement of a graph, also where nothing is wrong. Here a shape becomes a function that says of a
node whether it conforms. Only the nodes of which it does not say yes go to the judge. What it does not
know, it does not answer: a component that is not listed here leaves its whole shape to pySHACL.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Final, TypeAlias

from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Term, lexical_forms_kept
from citygraph.validate.triple_index import TripleIndex

__all__ = ["SH", "Shape", "Verdict", "read_shape"]

SH: Final = PREFIXES["sh"]
_XSD: Final = PREFIXES["xsd"]
_RDF: Final = PREFIXES["rdf"]

Verdict: TypeAlias = bool | None
"""True conforms, False does not, None cannot be said (Kleene's three values)."""
_Path: TypeAlias = Callable[[Term], list[Term]]
_Component: TypeAlias = Callable[[Term, Sequence[Term]], Verdict]

_SILENT: Final = frozenset(
    Iri(PREFIXES[prefix] + name)
    for prefix, names in {
        "rdf": "type",
        "rdfs": "label comment",
        "sh": "message severity name description order group path targetClass targetSubjectsOf targetObjectsOf targetNode",
    }.items()
    for name in names.split()
)
_FORBIDDEN_TYPES: Final = frozenset({Iri(PREFIXES["rdfs"] + "Class"), Iri(PREFIXES["owl"] + "Class")})
_NUMBERS: Final = frozenset(_XSD + name for name in ("integer", "decimal", "nonNegativeInteger", "positiveInteger"))
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape as a function of a node, and how many steps away from the node it looks."""

    conforms: Callable[[Term], Verdict]
    steps: int


class _Unknown(Exception):  # noqa: N818  # not an error: the shape is pySHACL's
    """Something is used that is not listed here."""


def read_shape(node: Term, shapes: TripleIndex, data: TripleIndex) -> Shape | None:
    """The shape as a function; None when it uses something that is left to pySHACL.

    Args:
        node: the shape.
        shapes: the graph it is written in.
        data: the graph whose nodes will be asked about.
    """
    try:
        return _Reader(shapes, data).shape(node, 0)
    except _Unknown:
        return None


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    unsure = False
    for verdict in verdicts:
        if verdict is False:
            return False
        unsure = unsure or verdict is None
    return None if unsure else True


def _not(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict


class _Reader:
    """Reads the shapes of one graph about another."""

    def __init__(self, shapes: TripleIndex, data: TripleIndex) -> None:
        self.shapes = shapes
        self.data = data

    def shape(self, node: Term, depth: int) -> Shape:
        if depth > _DEEPEST or _FORBIDDEN_TYPES & set(self.shapes.objects(node, Iri(_RDF + "type"))):
            raise _Unknown
        parameters = {each.value for each in set(self.shapes.predicates(node)) - _SILENT if isinstance(each, Iri)}
        deactivated = self.one(node, "deactivated") if SH + "deactivated" in parameters else None
        path = self.shapes.objects(node, Iri(SH + "path"))
        steps, values_of = self._path(path[0]) if path else (0, lambda term: [term])
        components: list[_Component] = []
        below = [0]
        for name in sorted(parameters):
            reader = _READERS.get(name.removeprefix(SH)) if name.startswith(SH) else None
            if reader is None:
                raise _Unknown
            found, deeper = reader(self, node, depth)
            components += found
            below.append(deeper)
        if isinstance(deactivated, Literal) and deactivated.value == "true":
            return Shape(lambda _: True, 0)

        def conforms(term: Term) -> Verdict:
            values = values_of(term)
            return _all(component(term, values) for component in components)

        return Shape(conforms, steps + max(below))

    # -- paths (section 2.3.1) ------------------------------------------------------------------

    def _path(self, path: Term) -> tuple[int, _Path]:
        if isinstance(path, Iri):
            return 1, partial(self._forward, path)
        alternatives = self.shapes.value(path, Iri(SH + "alternativePath"))
        members = self.shapes.list_of(alternatives) if alternatives is not None else None
        if not members or not all(isinstance(each, Iri) for each in members):
            raise _Unknown
        return 1, lambda term: list(dict.fromkeys(value for each in members for value in self.data.objects(term, each)))

    def _forward(self, predicate: Term, term: Term) -> list[Term]:
        return self.data.objects(term, predicate)

    # -- parameters -----------------------------------------------------------------------------

    def one(self, node: Term, name: str) -> Term:
        values = self.shapes.objects(node, Iri(SH + name))
        if len(values) != 1:
            raise _Unknown
        return values[0]

    def number(self, node: Term, name: str) -> int:
        value = self.one(node, name)
        if not isinstance(value, Literal) or not value.value.isdecimal():
            raise _Unknown
        return int(value.value)

    def members(self, node: Term, name: str) -> list[Term]:
        members = self.shapes.list_of(self.one(node, name))
        if members is None:
            raise _Unknown
        return members

    def each_of(self, node: Term, name: str) -> list[Term]:
        return self.shapes.objects(node, Iri(SH + name))


_Reading: TypeAlias = tuple[list[_Component], int]


def _of_values(test: Callable[[Term], Verdict]) -> _Component:
    return lambda _, values: _all(test(value) for value in values)


def _simple(make: Callable[[_Reader, Term], list[_Component]]) -> Callable[[_Reader, Term, int], _Reading]:
    return lambda reader, node, _: (make(reader, node), 0)


# -- value types (4.1), cardinality (4.2) -----------------------------------------------------------


def _class(reader: _Reader, node: Term) -> list[_Component]:
    sets = [reader.data.instances(each) for each in reader.each_of(node, "class")]
    return [_of_values(lambda value, wanted=wanted: value in wanted) for wanted in sets]  # type: ignore[misc]


def _datatype(reader: _Reader, node: Term) -> list[_Component]:
    wanted = reader.one(node, "datatype")
    if not isinstance(wanted, Iri) or wanted.value in {PREFIXES["rdfs"] + "Literal", PREFIXES["rdfs"] + "Datatype"}:
        raise _Unknown
    return [_of_values(lambda v: isinstance(v, Literal) and v.datatype == wanted and _is_well_formed(v))]


@lru_cache(maxsize=10_000)
def _is_well_formed(literal: Literal) -> bool:
    """As rdflib sees it, which pySHACL asks; a datatype that rdflib does not know is well-formed."""
    import rdflib  # noqa: PLC0415  # costs a quarter of a second to import

    if literal.datatype.value in {_XSD + "string", _RDF + "langString"}:
        return True
    with lexical_forms_kept():
        return rdflib.Literal(literal.value, datatype=rdflib.URIRef(literal.datatype.value)).ill_typed is not True


def _node_kind(reader: _Reader, node: Term) -> list[_Component]:
    kinds = {
        "IRI": (Iri,), "BlankNode": (BlankNode,), "Literal": (Literal,), "BlankNodeOrIRI": (BlankNode, Iri),
        "BlankNodeOrLiteral": (BlankNode, Literal), "IRIOrLiteral": (Iri, Literal),
    }  # fmt: skip
    wanted = reader.one(node, "nodeKind")
    classes = kinds.get(wanted.value.removeprefix(SH)) if isinstance(wanted, Iri) else None
    if classes is None:
        raise _Unknown
    return [_of_values(lambda value: isinstance(value, classes))]


def _min_count(reader: _Reader, node: Term) -> list[_Component]:
    least = reader.number(node, "minCount")
    return [lambda _, values: len(values) >= least]


def _max_count(reader: _Reader, node: Term) -> list[_Component]:
    most = reader.number(node, "maxCount")
    return [lambda _, values: len(values) <= most]


# -- ranges (4.3), strings (4.4) --------------------------------------------------------------------


def _number_of(term: Term) -> Decimal | None:
    if not isinstance(term, Literal) or term.datatype.value not in _NUMBERS:
        return None
    try:
        return Decimal(term.value)
    except InvalidOperation:
        return None


def _bound(name: str, holds: Callable[[Decimal, Decimal], bool]) -> Callable[[_Reader, Term], list[_Component]]:
    def make(reader: _Reader, node: Term) -> list[_Component]:
        limit = _number_of(reader.one(node, name))
        if limit is None:
            raise _Unknown

        def within(value: Term) -> Verdict:
            number = _number_of(value)
            return None if number is None or number.is_nan() else holds(number, limit)

        return [_of_values(within)]

    return make


def _pattern(reader: _Reader, node: Term) -> list[_Component]:
    text = reader.one(node, "pattern")
    flags = reader.each_of(node, "flags")
    if not isinstance(text, Literal) or flags:
        raise _Unknown
    try:
        wanted = re.compile(text.value)
    except re.error as error:
        raise _Unknown from error
    return [_of_values(lambda v: not isinstance(v, BlankNode) and wanted.search(_text(v)) is not None)]


def _text(term: Term) -> str:
    return term.value if isinstance(term, Iri | Literal) else ""


def _language_in(reader: _Reader, node: Term) -> list[_Component]:
    ranges = [_text(each).lower() for each in reader.members(node, "languageIn")]

    def fits(value: Term) -> Verdict:
        language = (value.language or "").lower() if isinstance(value, Literal) else ""
        return bool(language) and any(language == each or language.startswith(each + "-") for each in ranges)

    return [_of_values(fits)]


def _unique_language(reader: _Reader, node: Term) -> list[_Component]:
    if _text(reader.one(node, "uniqueLang")) != "true":
        raise _Unknown

    def unique(_: Term, values: Sequence[Term]) -> Verdict:
        languages = Counter(v.language.lower() for v in values if isinstance(v, Literal) and v.language)
        return all(count == 1 for count in languages.values())

    return [unique]


# -- pairs of properties (4.5), shapes of shapes (4.6, 4.7), others (4.8) -----------------------------


def _before(name: str, holds: Callable[[str, str], bool]) -> Callable[[_Reader, Term], list[_Component]]:
    def make(reader: _Reader, node: Term) -> list[_Component]:
        other = reader.one(node, name)

        def ordered(focus: Term, values: Sequence[Term]) -> Verdict:
            return _all(_compared(one, two, holds) for one in values for two in reader.data.objects(focus, other))

        return [ordered]

    return make


def _compared(one: Term, two: Term, holds: Callable[[str, str], bool]) -> Verdict:
    """Days without a time zone, which sort as text; anything else is not for us to say."""
    for each in (one, two):
        if not isinstance(each, Literal) or each.datatype.value != _XSD + "date" or not _DAY.fullmatch(each.value):
            return None
    return holds(_text(one), _text(two))


def _nested(reader: _Reader, node: Term, depth: int, *, name: str) -> _Reading:
    """`sh:property` points at property shapes, `sh:node` at node shapes; anything else is pySHACL's to refuse."""
    shapes = reader.each_of(node, name)
    if any(bool(reader.each_of(each, "path")) != (name == "property") for each in shapes):
        raise _Unknown
    inner = [reader.shape(each, depth + 1) for each in shapes]
    return [_of_values(each.conforms) for each in inner], max((each.steps for each in inner), default=0)


def _connective(name: str, combine: Callable[[list[Verdict]], Verdict]) -> Callable[[_Reader, Term, int], _Reading]:
    def make(reader: _Reader, node: Term, depth: int) -> _Reading:
        inner = [reader.shape(each, depth + 1) for each in reader.members(node, name)]

        def holds(value: Term) -> Verdict:
            return combine([each.conforms(value) for each in inner])

        return [_of_values(holds)], max((each.steps for each in inner), default=0)

    return make


def _any(verdicts: list[Verdict]) -> Verdict:
    return _not(_all(_not(each) for each in verdicts))


def _exactly_one(verdicts: list[Verdict]) -> Verdict:
    if None in verdicts:
        return None
    return verdicts.count(True) == 1  # counts a value


def _negation(reader: _Reader, node: Term, depth: int) -> _Reading:
    inner = [reader.shape(each, depth + 1) for each in reader.each_of(node, "not")]
    tests = [_of_values(lambda value, each=each: _not(each.conforms(value))) for each in inner]  # type: ignore[misc]
    return tests, max((each.steps for each in inner), default=0)


def _qualified(reader: _Reader, node: Term, depth: int) -> _Reading:
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


def _closed(reader: _Reader, node: Term) -> list[_Component]:
    if _text(reader.one(node, "closed")) != "true":
        raise _Unknown
    allowed = set(reader.members(node, "ignoredProperties")) if reader.each_of(node, "ignoredProperties") else set()
    for each in reader.each_of(node, "property"):
        allowed.update(path for path in reader.shapes.objects(each, Iri(SH + "path")) if isinstance(path, Iri))
    return [_of_values(lambda value: set(reader.data.predicates(value)) <= allowed)]


def _has_value(reader: _Reader, node: Term) -> list[_Component]:
    wanted = set(reader.each_of(node, "hasValue"))
    return [lambda _, values: wanted <= set(values)]


def _in(reader: _Reader, node: Term) -> list[_Component]:
    allowed = set(reader.members(node, "in"))
    return [_of_values(lambda value: value in allowed)]


def _nothing(reader: _Reader, node: Term) -> list[_Component]:
    """A parameter that another one reads."""
    del reader, node
    return []


_READERS: Final[dict[str, Callable[[_Reader, Term, int], _Reading]]] = {
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
    "and": _connective("and", _all),
    "or": _connective("or", _any),
    "xone": _connective("xone", _exactly_one),
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

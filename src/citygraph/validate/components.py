"""The constraint components of SHACL Core (section 4) as functions; one that is not listed is left to pySHACL."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import Final, Protocol, TypeAlias

from citygraph.namespaces import PREFIXES
from citygraph.rdf import BlankNode, Iri, Literal, Term, lexical_forms_kept
from citygraph.validate.triple_index import TripleIndex
from citygraph.validate.verdicts import Component, Shape, Unknown, Verdict, all_of, any_of, exactly_one, negated

__all__ = ["COMPONENTS", "SH", "Reader"]

SH: Final = PREFIXES["sh"]
_XSD: Final = PREFIXES["xsd"]
_RDF: Final = PREFIXES["rdf"]
_NUMBERS: Final = frozenset(_XSD + name for name in ("integer", "decimal", "nonNegativeInteger", "positiveInteger"))
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Reader(Protocol):
    """What reads the parameters of a shape; each method raises `Unknown` for what is left to pySHACL."""

    shapes: TripleIndex
    data: TripleIndex

    def shape(self, node: Term, depth: int) -> Shape:
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


def _of_values(test: Callable[[Term], Verdict]) -> Component:
    return lambda _, values: all_of(test(value) for value in values)


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
    return [lambda _, values: len(values) >= least]


def _max_count(reader: Reader, node: Term) -> list[Component]:
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
        wanted = re.compile(text.value)
    except re.error as error:
        raise Unknown from error
    return [_of_values(lambda v: not isinstance(v, BlankNode) and wanted.search(_text(v)) is not None)]


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
    return [_of_values(each.conforms) for each in inner], max((each.steps for each in inner), default=0)


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

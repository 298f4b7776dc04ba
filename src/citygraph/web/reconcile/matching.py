"""The query of a spreadsheet against our entities: names, types, conditions on properties."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from citygraph.matching.names import country_code, fold, plain, read_name
from citygraph.matching.score import Candidate, Clue, Wanted, nearness
from citygraph.matching.things import CODE_PROPERTIES, KINDS, Thing, plain_code
from citygraph.namespaces import PREFIXES, expand
from citygraph.rdf import Iri, Literal, Term
from citygraph.web.reconcile.batch import Given, ReconcileCondition, ReconcileQuery
from citygraph.web.reconcile.targets import COUNTRY, POINT, ReconcileTargets

__all__ = ["find_candidates"]

_WIKIDATA: Final = PREFIXES["wd"]
_HUNDRED, _NAMED = 100.0, 70.0
_POLE, _DATE_LINE = 90.0, 180.0


def find_candidates(targets: ReconcileTargets, query: ReconcileQuery, go_on: Callable[[], None]) -> list[Candidate]:
    """The candidates for one query, best first; `go_on` is asked at every step and raises when time is up."""
    go_on()
    for text in (*query.ids, *query.names):
        thing = targets.thing(text)
        if thing is not None and (text in query.ids or not _bears(thing, text)):
            return [Candidate(thing, _HUNDRED, {"id": True}, match=True)]
    if query.ids and not query.names and not query.conditions:
        return []
    classes = {targets.class_of(each) for each in query.types}
    wanted = Wanted(
        forms=tuple(read_name(name) for name in query.names),
        kinds=frozenset(KINDS.get(each, each) for each in classes),
        countries=frozenset(_countries(targets, query.conditions)),
        codes=frozenset(_codes(query.conditions)),
    )
    others = [each for each in query.conditions if each.property != COUNTRY and not _is_code(each.property)]

    def clues(thing: Thing) -> list[Clue]:
        fits = ((each.property, _fit(targets, thing, each)) for each in others)
        return [Clue(property_, fit) for property_, fit in fits if fit is not None]

    def among(thing: Thing) -> bool:
        go_on()
        if query.all_types and not classes <= set(thing.classes):
            return False
        return all((_fit(targets, thing, each) or 0.0) >= _HUNDRED for each in query.conditions if each.required)

    found = targets.index.find(wanted, limit=query.limit, clues=clues, among=among)
    if query.name_required:
        return [each for each in found if float(each.features.get("name", 0.0)) >= _NAMED]
    return found


def _bears(thing: Thing, text: str) -> bool:
    """Whether the text is a name as well as an id: then it is looked for as a name."""
    return plain(text) in {plain(name.text) for name in thing.names}


def _countries(targets: ReconcileTargets, conditions: Iterable[ReconcileCondition]) -> Iterable[str]:
    for each in conditions:
        if each.property == COUNTRY and each.quantifier != "none":
            yield from (code for value in each.values if (code := _country(targets, value)))


def _country(targets: ReconcileTargets, value: Given) -> str:
    text = str(value)
    thing = targets.thing(text)
    return country_code(text) or (next(iter(thing.countries), "") if thing and "country" in thing.kinds else "")


def _fit(targets: ReconcileTargets, thing: Thing, condition: ReconcileCondition) -> float | None:
    """How well a thing fits a condition; nothing when the property is not one of ours or has no value."""
    if condition.property == POINT:
        return _point_fit(thing, condition.values)
    if condition.property == COUNTRY:
        fits = [_HUNDRED if _country(targets, value) in thing.countries else 0.0 for value in condition.values]
    else:
        known = targets.values(thing.id, condition.property)
        if not known:
            return None
        fits = [max(_value_fit(targets, value, each) for each in known) for value in condition.values]
    if not fits:
        return None
    match condition.quantifier:
        case "all":
            return min(fits)
        case "none":
            return _HUNDRED - max(fits)
        case _:
            return max(fits)


def _value_fit(targets: ReconcileTargets, given: Given, known: Term | str) -> float:
    text = str(given)
    if isinstance(known, Iri):
        thing = targets.thing(text)
        same = known.value in {text, expand(text, targets.prefixes), thing.id if thing else ""}
        item = known.value.startswith(_WIKIDATA) and known.value.removeprefix(_WIKIDATA) == text
        named = plain(text) in {plain(targets.labels.of(known, language)) for language in ("nb", "en")}
        return _HUNDRED if same or item or named else 0.0
    value = known.value if isinstance(known, Literal) else str(known)
    if (isinstance(known, Literal) and "date" in known.datatype.value.lower()) or _is_year(known):
        short = min(len(text), len(value))
        return _HUNDRED if short and text[:short] == value[:short] else 0.0
    return _HUNDRED if fold(text) == fold(value) else 0.0


def _is_year(term: Term | str) -> bool:
    return isinstance(term, Literal) and term.datatype.value.rpartition("#")[2].startswith("gYear")


def _is_code(property_: str) -> bool:
    return property_.removeprefix("concept:") in CODE_PROPERTIES


def _codes(conditions: Iterable[ReconcileCondition]) -> Iterable[tuple[str, str]]:
    for each in conditions:
        kind = CODE_PROPERTIES.get(each.property.removeprefix("concept:"))
        if kind and each.quantifier != "none":
            yield from ((kind, plain_code(str(value))) for value in each.values)


def _point_fit(thing: Thing, values: Iterable[Given]) -> float | None:
    for value in values:
        latitude, _, longitude = str(value).replace("/", ",").partition(",")
        try:
            point = (float(latitude), float(longitude))
        except ValueError:
            continue
        if not (abs(point[0]) <= _POLE and abs(point[1]) <= _DATE_LINE):
            continue
        return nearness(point, thing.point) if thing.point else None
    return None

"""Our entities as targets of a spreadsheet, made once for each version, and the candidates for one query among them."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from citygraph.errors import CitygraphError, ConfigError
from citygraph.graphs import is_internal
from citygraph.labels import Labels, local_name, reused_labels
from citygraph.matching.names import country_code, fold, plain, read_name
from citygraph.matching.score import Candidate, Clue, TargetIndex, Wanted, nearness
from citygraph.matching.things import CODE_PROPERTIES, KINDS, Name, Thing, number_of, plain_code, things_of
from citygraph.messages import Sentence, reason_of, sentence, text
from citygraph.namespaces import CG, CONCEPT, PREFIXES, compress, expand
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.web.pages.graph import SiteMemory
from citygraph.web.reconcile.batch import Given, ReconcileCondition, ReconcileQuery

if TYPE_CHECKING:
    from citygraph.project import Project

_NEEDED: Final = ("id", "name")
_KIND_CLASSES: Final = {kind: iri for iri, kind in KINDS.items()}
_MEMBERSHIPS: Final = "memberships"
_POINT: Final = "coordinates"
_COUNTRY: Final = "cg:inCountry"
_SAME_AS: Final = "schema:sameAs"
_WIKIDATA: Final = PREFIXES["wd"]
_ALWAYS: Final = (
    "schema:sameAs", "schema:foundingDate", "schema:containedInPlace", "foaf:homepage", "cg:inCountry",
    "cg:participatesIn", "org:memberOf", "org:headOf",
)  # fmt: skip
_WORDS: Final = {
    _MEMBERSHIPS: "memberships",
    _POINT: "coordinates",
    _SAME_AS: "wikidata",
}
_HUNDRED, _NAMED = 100.0, 70.0
_POLE, _DATE_LINE = 90.0, 180.0


class ReconcileTargets:
    """Everything of one version that a spreadsheet can be matched against."""

    def __init__(self, quads: Iterable[Quad], places: Sequence[Thing], base: str, prefixes: Mapping[str, str]) -> None:
        """The targets among these statements, and those of a list.

        Args:
            quads: what the version says, derived statements included.
            places: further targets, which have no page here.
            base: the address that the graph's own names begin with.
            prefixes: those of the project.
        """
        self._base, self.prefixes = base, prefixes
        triples = list(dict.fromkeys(quad.triple for quad in quads))
        self.labels = Labels(triples, prefixes=prefixes)
        self._said: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        self._memberships: dict[str, list[str]] = defaultdict(list)
        for triple in triples:
            if isinstance(triple.subject, Iri):
                self._said[triple.subject.value][triple.predicate.value].append(triple.object)
                if triple.predicate.value == PREFIXES["org"] + "member" and isinstance(triple.object, Iri):
                    self._memberships[triple.object.value].append(triple.subject.value)
        ours = [each for each in things_of(triples).values() if local_name(each.id, base) and "#" not in each.id]
        self.index = TargetIndex([*ours, *places])
        # A name of id/ comes before the same name elsewhere.
        ordered = sorted(self.index.things, key=lambda iri: iri.startswith(f"{base}id/"))
        self._by_id = {self.id_of(iri): iri for iri in ordered}
        self._by_item = {
            term.value.removeprefix(_WIKIDATA): iri
            for iri in self.index.things
            for name in (_SAME_AS, "skos:exactMatch")
            for term in self._terms(iri, name)
            if isinstance(term, Iri) and term.value.startswith(_WIKIDATA)
        }

    # -- ids, types, names ----------------------------------------------------------------------------

    def id_of(self, iri: str) -> str:
        """The id of an entity: the end of its address."""
        return local_name(iri, self._base) or iri

    def thing(self, id_: str) -> Thing | None:
        """The entity behind an id, a short name, an IRI or an item of Wikidata."""
        text = id_.strip()
        iri = self._by_id.get(text) or self._by_item.get(text.removeprefix("wd:").removeprefix(_WIKIDATA))
        if iri is None:
            iri = expand(text, self.prefixes) or ""
        return self.index.things.get(iri)

    @cached_property
    def types(self) -> list[str]:
        """The classes that entities here have, in our order."""
        used = {each for thing in self.index.things.values() for each in thing.classes}
        return [iri for iri in KINDS if iri in used]

    def type_name(self, iri: str, language: str) -> str:
        """What a class is called."""
        return self.labels.of(iri, language)

    def class_of(self, type_: str) -> str:
        """The IRI of a type given as short name, local name or IRI; the text itself when it is none of ours."""
        return expand(type_, self.prefixes) or next((iri for iri in KINDS if iri.rpartition("#")[2] == type_), type_)

    @cached_property
    def properties(self) -> list[str]:
        """The properties that can be asked for: those with a name of their own, identifiers by kind, memberships."""
        used = {predicate for iri in self.index.things for predicate in self._said.get(iri, ())}
        ours = sorted(compress(each) for each in used if each.startswith(CG) and each in self.labels)
        kinds = sorted(each for each in CODE_PROPERTIES if CONCEPT + each in self.labels)
        fixed = [each for each in _ALWAYS if self._iri(each) in used]
        return list(dict.fromkeys([*fixed, *ours, *(f"concept:{each}" for each in kinds), _MEMBERSHIPS, _POINT]))

    def property_name(self, property_: str, language: str) -> str:
        """What a property is called."""
        if property_ in _WORDS:
            return text(f"reconcile.{_WORDS[property_]}").in_language(language)
        iri = self._iri(property_)
        return reused_labels()[iri].in_language(language) if iri in reused_labels() else self.labels.of(iri, language)

    def properties_of(self, type_: str) -> list[str]:
        """The properties that entities of a type have values for; all of them without a type."""
        if not type_:
            return self.properties
        wanted = self.class_of(type_)
        some = [thing.id for thing in self.index.things.values() if wanted in thing.classes]
        return [each for each in self.properties if any(self.values(iri, each) for iri in some)]

    # -- values ---------------------------------------------------------------------------------------

    def _iri(self, property_: str) -> str:
        return expand(property_, self.prefixes) or property_

    def _terms(self, iri: str, property_: str) -> list[Term]:
        return self._said[iri].get(self._iri(property_), []) if iri in self._said else []

    def values(self, iri: str, property_: str, language: str = "en") -> list[Term | str]:
        """The values of a property, as terms, or as texts where there is no one term."""
        thing = self.index.things[iri]
        if property_ == _POINT:
            return [f"{thing.point[0]:g}, {thing.point[1]:g}"] if thing.point else []
        if property_ == _MEMBERSHIPS:
            return [
                text for node in sorted(self._memberships.get(iri, ())) if (text := self._membership(node, language))
            ]
        if property_.startswith("concept:id-"):
            kind = CODE_PROPERTIES.get(property_.removeprefix("concept:"))
            return sorted(text for name, text in thing.codes if name == kind)
        return list(dict.fromkeys(self._terms(iri, property_)))

    def _membership(self, node: str, language: str) -> str:
        parts = [
            self.labels.of(term, language)
            for name in ("org:organization", "org:role")
            for term in self._terms(node, name)[:1]
        ]
        days = [term.value for term in self._terms(node, "cg:asOf") if isinstance(term, Literal)]
        return " – ".join(parts) + (f" ({days[0]})" if days else "")

    def starting_with(self, prefix: str, language: str) -> list[Thing]:
        """The entities with a name that begins like `prefix`, then those whose name is like it."""
        wanted = plain(prefix)
        begins = [
            thing
            for thing in self.index.things.values()
            if wanted and any(plain(name.text).startswith(wanted) for name in thing.names)
        ]
        begins.sort(key=lambda thing: (len(thing.name(language)), thing.name(language), thing.id))
        like = self.index.find(Wanted((read_name(prefix),)), limit=10, least=60) if wanted else []
        return list({thing.id: thing for thing in [*begins, *(each.thing for each in like)]}.values())


def targets_of(project: Project, memory: SiteMemory) -> ReconcileTargets:
    """The targets of the version in use, made once for each version.

    Raises:
        SnapshotError: nothing has been built yet.
        ConfigError: the list of places cannot be read.
    """
    # All that is stated, whatever the day: no day is worked out here.
    snapshot = project.current() or project.snapshot()

    def made() -> ReconcileTargets:
        # Who is no more is still somebody that a list may name.
        quads = [*snapshot.stated(), *snapshot.inferred()]
        return ReconcileTargets(quads, _places(project), project.config.base, project.prefixes)

    return memory.once("targets", (str(snapshot.folder), snapshot.snapshot_id), made)


# -- candidates for one query ----------------------------------------------------------------------------


def find_candidates(targets: ReconcileTargets, query: ReconcileQuery, go_on: Callable[[], None]) -> list[Candidate]:
    """The candidates for one query, best first; `go_on` is asked at every step and raises when time is up."""
    go_on()
    for given in (*query.ids, *query.names):
        thing = targets.thing(given)
        if thing is not None and (given in query.ids or not _bears(thing, given)):
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
    others = [each for each in query.conditions if each.property != _COUNTRY and not _is_code(each.property)]

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
        if each.property == _COUNTRY and each.quantifier != "none":
            yield from (code for value in each.values if (code := _country(targets, value)))


def _country(targets: ReconcileTargets, value: Given) -> str:
    text = str(value)
    thing = targets.thing(text)
    return country_code(text) or (next(iter(thing.countries), "") if thing and "country" in thing.kinds else "")


def _fit(targets: ReconcileTargets, thing: Thing, condition: ReconcileCondition) -> float | None:
    """How well a thing fits a condition; nothing when the property is not one of ours or has no value."""
    if condition.property == _POINT:
        return _point_fit(thing, condition.values)
    if condition.property == _COUNTRY:
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


# -- a list of places in a CSV file ----------------------------------------------------------------------


def _places(project: Project) -> list[Thing]:
    config = project.config
    name = str(config.values["reconcile.targets"])
    if not name or is_internal(name, config.hidden, base=config.base):
        return []
    return places_of(project.folder / name, name)


def places_of(path: Path, name: str) -> list[Thing]:
    """The places of a CSV file, however a spreadsheet saved it: with a mark in front, in UTF-16 or Windows-1252, with semicolons.

    Raises:
        ConfigError: it cannot be read; the line is in the message.
    """
    from citygraph.ingest.read import decode  # noqa: PLC0415  # lists are read by those who bring one

    try:
        return read_places(decode(path.read_bytes(), name, "")[0])
    except (CitygraphError, OSError, ValueError) as error:
        said = next((each for each in error.args if isinstance(each, Sentence)), None)
        said = said and Sentence(said.rstrip("."), said.nb.rstrip("."))
        why = said or (reason_of(error) if isinstance(error, OSError) and error.strerror else path.name)
        message = sentence("reconcile.places", name=name, why=why)
        raise ConfigError(message, fix=sentence("reconcile.places_columns")) from error


def read_places(text: str) -> list[Thing]:
    """The places of a CSV table with the columns `id` and `name`.

    Any of `aliases country type latitude longitude population` may be there. Between columns stands a comma, a semicolon,
    a tab or a stroke. Aliases are separated by `|`; `type` is city, region, country, authority or network, and city
    without it. Rows without a cell are nothing.

    Raises:
        ValueError: a column or a cell is missing; the line is in the message.
    """
    text = text.removeprefix("\ufeff")
    first, rest = (*text.split("\n", 1), "")[:2]
    skipped = 1 if first.strip().lower().startswith("sep=") else 0
    text = rest if skipped else text
    heading = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=lambda each: len({*_heading(heading, each)} & {*_NEEDED}))
    names = _heading(heading, delimiter)
    missing = [column for column in _NEEDED if column not in names]
    if missing:
        raise ValueError(sentence("reconcile.places_column", column=missing[0]))
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        next(rows)
        return list(_things(rows, names, skipped))
    except csv.Error as error:
        raise ValueError(sentence("reconcile.places_broken", line=rows.line_num + skipped)) from error


_DELIMITERS: Final = (",", ";", "\t", "|")


def _heading(line: str, delimiter: str) -> list[str]:
    """The names of the columns, without capitals and blanks."""
    try:
        return [cell.strip().lower() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _things(rows: Any, names: Sequence[str], skipped: int) -> Iterator[Thing]:  # noqa: ANN401  # csv's reader has no name
    seen: set[str] = set()
    for row in rows:
        line = rows.line_num + skipped
        cells = {key: " ".join(value.split()) for key, value in zip(names, row, strict=False)}
        if not all(value.isprintable() for value in cells.values()):
            raise ValueError(sentence("reconcile.places_broken", line=line))
        if not any(cells.values()):
            continue
        if not cells.get("id") or not cells.get("name") or cells["id"] in seen:
            raise ValueError(sentence("reconcile.places_row", line=line))
        seen.add(cells["id"])
        kind = cells.get("type", "").lower() or "city"
        if kind not in _KIND_CLASSES:
            raise ValueError(sentence("reconcile.places_type", line=line, kinds=", ".join(sorted(_KIND_CLASSES))))
        aliases = [each.strip() for each in cells.get("aliases", "").split("|") if each.strip()]
        country = country_code(cells.get("country", ""))
        yield Thing(
            id=cells["id"],
            names=(Name(cells["name"]), *(Name(each, main=False) for each in aliases)),
            kinds=frozenset({kind}),
            countries=frozenset({country} - {""}),
            point=_point(cells, line),
            classes=(_KIND_CLASSES[kind],),
            population=number_of(cells.get("population", "")),
        )


def _point(cells: dict[str, str], line: int) -> tuple[float, float] | None:
    latitude, longitude = cells.get("latitude", ""), cells.get("longitude", "")
    if not latitude or not longitude:
        return None
    try:
        # A spreadsheet in Norwegian writes 59,91.
        point = float(latitude.replace(",", ".")), float(longitude.replace(",", "."))
    except ValueError as error:
        raise ValueError(sentence("reconcile.places_point", line=line)) from error
    if not (abs(point[0]) <= _POLE and abs(point[1]) <= _DATE_LINE):
        raise ValueError(sentence("reconcile.places_point", line=line))
    return point

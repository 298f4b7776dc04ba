"""Items of Wikidata as data: names and statements; read from JSON, written back, and made things to compare."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from citygraph.matching.names import country_code
from citygraph.matching.things import CODE_PROPERTIES, Name, Thing, number_of, plain_code

ENTITY: Final = "http://www.wikidata.org/entity/"
DAY, YEAR, NOT_SAID = 11, 9, -1
"""Precisions of a time; below that of a year stand decade, century, millennium and more, down to 0, a billion years."""
UNKNOWN, NONE = "unknown", "none"
"""Kinds of values: there is one that nobody knows (somevalue), and there is none (novalue)."""
_TIME: Final = re.compile(r"([+-]?)(\d+)(?:-(\d\d)(?:-(\d\d))?)?(?:T.*|Z|[+-]\d\d:\d\d)?\Z")
_MILLENNIUM: Final = 6
_RANKS: Final = ("preferred", "normal", "deprecated")
# Items that say what an item is (P31). A municipality of Norway or Sweden is the authority; elsewhere the
# same item stands for the place as well.
_ITEM_KINDS: Final = {
    "city": (
        "Q515", "Q1549591", "Q486972", "Q3957", "Q532", "Q5119", "Q1637706", "Q200250", "Q1093829", "Q208511",
        "Q7930989", "Q15253706", "Q2264924", "Q902814", "Q1907114", "Q42744322", "Q174844", "Q133442", "Q515716",
    ),
    "authority": ("Q755707", "Q127448", "Q327333", "Q15911738", "Q837766", "Q192299", "Q3685462", "Q18663566"),
    "city authority": (
        "Q15284", "Q484170", "Q747074", "Q262166", "Q2039348", "Q493522", "Q2074737", "Q22865", "Q2989398",
        "Q1906268", "Q856076", "Q70208", "Q667509", "Q13217644", "Q3184121", "Q640364", "Q1131296",
    ),
    "region": ("Q82794", "Q10864048", "Q13220204", "Q36784", "Q16110", "Q200547", "Q1221156", "Q5390013", "Q1907114"),
    "country": ("Q6256", "Q3624078", "Q7270", "Q3336843"),
    "person": ("Q5",),
    "network": ("Q43229", "Q484652", "Q163740", "Q79913", "Q4120211", "Q15925165", "Q48204", "Q1391145", "Q1393724"),
}  # fmt: skip
_KINDS_OF_ITEM: Final = {item: frozenset(kinds.split()) for kinds, items in _ITEM_KINDS.items() for item in items}


@dataclass(frozen=True, slots=True, order=True)
class ItemValue:
    """One value: an item's id, a text, a time cut to its precision, a number, or "latitude/longitude".

    Without a text it is `UNKNOWN` or `NONE`. Years before our era are negative, and there is no year 0: -1 is 1 BCE.
    """

    kind: str
    text: str
    precision: int = NOT_SAID
    language: str = ""

    @property
    def is_known(self) -> bool:
        """Whether there is a value, and it is said which."""
        return self.kind not in {UNKNOWN, NONE}

    @property
    def is_coarse(self) -> bool:
        """Whether it is a time that is known to the decade, or less."""
        return self.kind == "time" and NOT_SAID < self.precision < YEAR

    @property
    def years(self) -> tuple[int, int]:
        """The first and the last year that a time may mean: 1996 itself, of decades 1990 to 1999, of centuries 1901 to 2000.

        Raises:
            ValueError: it is no time.
        """
        found = _TIME.match(self.text)
        if found is None:
            message = f"{self.text} is no time"
            raise ValueError(message)
        year = int(found[2])
        first, last = self._years(year)
        return (first, last) if found[1] != "-" else (-last, -first)

    def _years(self, year: int) -> tuple[int, int]:
        if not self.is_coarse:
            return year, year
        unit = 10 ** (YEAR - self.precision)
        if self.precision == YEAR - 1:
            return year // unit * unit, year // unit * unit + unit - 1
        last = -(-year // unit) * unit
        # What is less precise than a millennium is a number of years ago, give or take as many.
        return (last - unit + 1, last) if self.precision >= _MILLENNIUM else (year - unit, year + unit)

    @property
    def span(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """The first and the last day that a time may mean, as year, month and day.

        Raises:
            ValueError: it is no time.
        """
        first, last = self.years
        found = None if self.is_coarse else _TIME.match(self.text)
        month, day = (int(found[3] or 0), int(found[4] or 0)) if found else (0, 0)
        return (first, month or 1, day or 1), (last, month or 12, day or 31)

    @property
    def words(self) -> str:
        """The value as it is shown: of a coarse time its years."""
        if not self.is_known:
            return f"{'no' if self.kind == NONE else 'unknown'} value"
        return "–".join(map(str, self.years)) if self.is_coarse else self.text


@dataclass(frozen=True, slots=True)
class ItemStatement:
    """One statement of an item; in whatever order its qualifiers were given, they are the same."""

    property: str
    value: ItemValue
    rank: str = "normal"
    qualifiers: Mapping[str, tuple[ItemValue, ...]] = field(default_factory=dict)
    has_reference: bool = False

    def __post_init__(self) -> None:
        """Put the qualifiers in order."""
        ordered = {name: tuple(sorted(values)) for name, values in sorted(self.qualifiers.items()) if values}
        object.__setattr__(self, "qualifiers", ordered)


@dataclass(frozen=True, slots=True)
class WikidataItem:
    """One item; `redirect` is where it has been merged to, and `missing` that it has been deleted.

    Its statements are a list: several may have one value, and their order says nothing, so that it is always the same.
    """

    id: str
    labels: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    statements: tuple[ItemStatement, ...] = ()
    redirect: str = ""
    missing: bool = False

    def __post_init__(self) -> None:
        """Put everything in order."""
        ordered: dict[str, object] = {
            "labels": dict(sorted(self.labels.items())),
            "aliases": {key: tuple(sorted(texts)) for key, texts in sorted(self.aliases.items()) if texts},
            "descriptions": dict(sorted(self.descriptions.items())),
            "statements": tuple(sorted(self.statements, key=_place)),
        }
        for name, value in ordered.items():
            object.__setattr__(self, name, value)

    def of(self, property_: str) -> list[ItemStatement]:
        """The statements that count and say a value, if need be none: a preferred "no value" overrules normal ones."""
        return [each for each in self.best(property_) if each.value.is_known]

    def best(self, property_: str) -> list[ItemStatement]:
        """The statements that count: the preferred ones, else the normal ones; deprecated ones never."""
        return best_of(each for each in self.statements if each.property == property_)

    def values(self, property_: str) -> list[str]:
        """The texts of the values that count."""
        return [each.value.text for each in self.of(property_)]

    def label(self, *languages: str) -> str:
        """The first label there is, in the order of the languages; else any, else the id."""
        for language in (*languages, "mul", "en", "nb"):
            if language in self.labels:
                return self.labels[language]
        return next(iter(self.labels.values()), self.id)


def _place(statement: ItemStatement) -> tuple[object, ...]:
    """Where it stands among the statements of an item: nothing but what it says counts."""
    rank = _RANKS.index(statement.rank) if statement.rank in _RANKS else 1
    said = tuple(statement.qualifiers.items())
    return (statement.property, statement.value, rank, said, statement.has_reference)


def best_of(statements: Iterable[ItemStatement]) -> list[ItemStatement]:
    """Those with the best rank; deprecated ones never."""
    found = [each for each in statements if each.rank != "deprecated"]
    return [each for each in found if each.rank == "preferred"] or found


def plain_number(text: str) -> str:
    """A number without its plus sign, as Wikidata writes one."""
    return text.removeprefix("+")


def cut_time(text: str, precision: int, *, has_year_0: bool = False) -> ItemValue:
    """A time cut to what is known: `1986`, `1986-05` or `1986-05-17`.

    Args:
        text: as JSON or RDF has it, with or without a sign, a time of day, and zeros in front.
        precision: of Wikidata; what is more precise than a day is a day.
        has_year_0: RDF counts 1 BCE as year 0, and JSON as -1.

    Raises:
        ValueError: it is no time.
    """
    found = _TIME.match(text)
    if found is None:
        message = f"{text} is no time"
        raise ValueError(message)
    year = int(found[2]) * (-1 if found[1] == "-" else 1)
    year -= has_year_0 and year <= 0
    month, day = found[3] or "00", found[4] or "00"
    # A month or a day that is 0 is not known, whatever the precision says.
    known = YEAR + (month != "00") + (month != "00" and day != "00")
    precision = min(precision, known)
    parts = [written_year(year), month, day][: max(precision - YEAR, 0) + 1]
    return ItemValue("time", "-".join(parts), precision=precision)


def written_year(year: int) -> str:
    """A year with four digits or more, and a sign before our era.

    >>> written_year(986), written_year(-44)
    ('0986', '-0044')
    """
    return f"{'-' if year < 0 else ''}{abs(year):04}"


def year_and_rest(text: str) -> tuple[str, int, list[str]]:
    """The sign, the year, and month and day where they are known."""
    found = _TIME.match(text)
    if found is None:
        message = f"{text} is no time"
        raise ValueError(message)
    return found[1].removeprefix("+"), int(found[2]), [each for each in found.groups()[2:] if each]


# -- in JSON, as the API, the dumps and our own extracts write them -----------------------------------


def item_from_json(raw: Mapping[str, Any]) -> WikidataItem:
    """One item as `wbgetentities`, the dumps and our own extracts write it.

    Raises:
        KeyError, TypeError, AttributeError: it is not an item.
    """
    qid = str(raw["id"])
    if "missing" in raw:
        return WikidataItem(qid, missing=True)
    redirect = ""
    if "redirects" in raw:
        redirect, qid = str(raw["redirects"]["to"]), str(raw["redirects"]["from"])
    statements = [_statement(claim) for each in _mapping(raw.get("claims")).values() for claim in each]
    return WikidataItem(
        id=qid,
        labels={key: each["value"] for key, each in _mapping(raw.get("labels")).items()},
        aliases={key: tuple(one["value"] for one in each) for key, each in _mapping(raw.get("aliases")).items()},
        descriptions={key: each["value"] for key, each in _mapping(raw.get("descriptions")).items()},
        statements=tuple(statements),
        redirect=redirect,
    )


def _mapping(raw: object) -> dict[str, Any]:
    """MediaWiki writes an empty object as an empty list."""
    return raw if isinstance(raw, dict) else {}


def _statement(claim: Mapping[str, Any]) -> ItemStatement:
    return ItemStatement(
        property=str(claim["mainsnak"]["property"]),
        value=_value(claim["mainsnak"]),
        rank=str(claim.get("rank", "normal")),
        qualifiers={
            key: tuple(_value(snak) for snak in snaks) for key, snaks in _mapping(claim.get("qualifiers")).items()
        },
        has_reference=bool(claim.get("references")),
    )


def _value(snak: Mapping[str, Any]) -> ItemValue:
    if snak.get("snaktype", "value") != "value":
        return ItemValue(NONE if snak["snaktype"] == "novalue" else UNKNOWN, "")
    kind, value = snak["datavalue"]["type"], snak["datavalue"]["value"]
    match kind:
        case "bad":  # a value that Wikibase itself could not read; so is a time that is none
            return ItemValue(UNKNOWN, "")
        case "wikibase-entityid":
            return ItemValue("item", str(value.get("id") or f"Q{value['numeric-id']}"))
        case "time":
            try:
                return cut_time(str(value["time"]), int(value["precision"]))
            except ValueError:
                return ItemValue(UNKNOWN, "")
        case "quantity":
            return ItemValue("quantity", plain_number(str(value["amount"])))
        case "monolingualtext":
            return ItemValue("text", str(value["text"]), language=str(value["language"]))
        case "globecoordinate":
            return ItemValue("coordinate", f"{value['latitude']}/{value['longitude']}")
        case _:
            return ItemValue("string", str(value))


def entity_json(item: WikidataItem) -> str:
    """One line of an extract: the item as entity JSON, keys in a fixed order."""
    raw: dict[str, Any] = {"type": "item", "id": item.id}
    if item.missing:
        raw["missing"] = ""
    if item.redirect:
        raw |= {"redirects": {"from": item.id, "to": item.redirect}, "id": item.redirect}
    raw["labels"] = {key: {"language": key, "value": text} for key, text in sorted(item.labels.items())}
    raw["descriptions"] = {key: {"language": key, "value": text} for key, text in sorted(item.descriptions.items())}
    raw["aliases"] = {
        key: [{"language": key, "value": text} for text in texts] for key, texts in sorted(item.aliases.items())
    }
    claims: dict[str, list[Any]] = {}
    for each in item.statements:
        claim: dict[str, Any] = {"mainsnak": _snak(each.property, each.value), "type": "statement", "rank": each.rank}
        if each.qualifiers:
            claim["qualifiers"] = {
                key: [_snak(key, value) for value in values] for key, values in sorted(each.qualifiers.items())
            }
        if each.has_reference:
            claim["references"] = [{"snaks": {}}]
        claims.setdefault(each.property, []).append(claim)
    raw["claims"] = dict(sorted(claims.items()))
    return json.dumps(raw, ensure_ascii=False, sort_keys=True)


def _snak(property_: str, value: ItemValue) -> dict[str, Any]:
    raw: Any
    match value.kind:
        case "unknown" | "none":
            return {"snaktype": "novalue" if value.kind == NONE else "somevalue", "property": property_}
        case "item":
            kind, raw = "wikibase-entityid", {"entity-type": "item", "id": value.text}
        case "time":
            sign, year, parts = year_and_rest(value.text)
            month, day = [*parts, "00", "00"][:2]
            precision = YEAR + len(parts) if value.precision == NOT_SAID else value.precision
            kind, raw = "time", {"time": f"{sign or '+'}{year:04}-{month}-{day}T00:00:00Z", "precision": precision}
        case "quantity":
            kind, raw = "quantity", {"amount": value.text if value.text.startswith("-") else f"+{value.text}"}
        case "text":
            kind, raw = "monolingualtext", {"text": value.text, "language": value.language}
        case "coordinate":
            latitude, _, longitude = value.text.partition("/")
            kind, raw = "globecoordinate", {"latitude": float(latitude), "longitude": float(longitude)}
        case _:
            kind, raw = "string", value.text
    return {"snaktype": "value", "property": property_, "datavalue": {"type": kind, "value": raw}}


# -- as things that can be compared with ours ---------------------------------------------------------


def thing_of_item(item: WikidataItem) -> Thing:
    """An item of Wikidata as a thing."""
    names = [Name(text, language) for language, text in item.labels.items()]
    names += [Name(text, language, main=False) for language, texts in item.aliases.items() for text in texts]
    kinds: frozenset[str] = frozenset().union(*(_KINDS_OF_ITEM.get(each, frozenset()) for each in item.values("P31")))
    codes = {(key, plain_code(text)) for key in CODE_PROPERTIES.values() for text in item.values(key)}
    countries = {country_code(each) for each in item.values("P17")}
    if "country" in kinds:
        countries |= {country_code(item.id), *(country_code(each) for each in item.values("P297"))}
    return Thing(
        id=item.id,
        names=tuple(dict.fromkeys(names)),
        kinds=kinds,
        countries=frozenset(countries - {""}),
        point=next((point for each in item.values("P625") if (point := _coordinates(each)) is not None), None),
        codes=frozenset(codes),
        description=item.descriptions.get("en") or next(iter(item.descriptions.values()), ""),
        population=max((number_of(each) for each in item.values("P1082")), default=0.0),
    )


def _coordinates(text: str) -> tuple[float, float] | None:
    latitude, slash, longitude = text.partition("/")
    try:
        return (float(latitude), float(longitude)) if slash else None
    except ValueError:
        return None

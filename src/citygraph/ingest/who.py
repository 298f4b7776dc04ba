"""Which city a row means: the name taken apart; then known, new, or a question; never merged on a name that could be another's."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Final

from citygraph.ingest.cells import coordinates, name_problem, tidy_case
from citygraph.ingest.mapping import ListMap
from citygraph.ingest.places import (
    Body,
    Gazetteer,
    Neighbours,
    WantedCity,
    alpha2_only,
    bears_several,
    country_like,
    country_name,
    country_of,
    is_close,
    is_homonym,
    is_region,
    is_region_name,
    is_state,
    known_countries,
    named_country,
    region_of,
)
from citygraph.ingest.report import ReviewDecision, ReviewKey, ReviewWord, review_key
from citygraph.matching.names import NameForm, fold, one_of, other_names, read_name, words_of
from citygraph.messages import Text, sentence, text

_NUMBERED: Final = re.compile(r"\A\d{1,5}\s*[.)]\s+(?=[^\W\d])")
_CODE: Final = re.compile(r"\A[A-Z]{2}\Z")
# City states: there a city may bear the name of the country.
_ALIKE: Final = frozenset(
    {"SG", "MC", "LU", "DJ", "PA", "GT", "SM", "VA", "KW", "MX", "HK", "MO", "SV", "GI", "BR", "AD", "DZ"}
)
_SHORTEST_PART: Final = 3
_SHORTEST_ALONE: Final = 5
_MOST_CANDIDATES: Final = 5


@cache
def _several() -> re.Pattern[str]:
    cities, between = (one_of(words_of(__package__, "cells", *each)) for each in (("cities",), ("and", "and_cities")))
    return re.compile(rf"(?:the )?{cities}\s.*\s{between}\s", re.IGNORECASE)


@cache
def _before() -> frozenset[str]:
    return frozenset(map(fold, words_of(__package__, "places", "before")))


def belongs_in_front(words: str) -> bool:
    """Whether these are words in front of the name of a city, wherever a list puts them: "City of"."""
    return fold(words) in _before()


@dataclass(frozen=True, slots=True)
class Who:
    """The question for a city with the region as written; or the problem; and what the reader should know."""

    asked: WantedCity | None = None
    region: str = ""
    problem: str = ""
    notes: tuple[str, ...] = ()


class CityReader:
    """Reads who is meant by the rows of one sheet."""

    def __init__(self, map_: ListMap, names: Iterable[str]) -> None:
        """`names` are the cells of the city: together they tell whether "(NO)" is a country and "(OR)" a state."""
        self._map = map_
        self._codes_are_countries = _codes_are_countries(names)

    def read(self, written: str, cells: Mapping[str, str], section: str) -> Who:
        """Who is meant.

        Args:
            written: the name, cleaned.
            cells: the cells that the map names, cleaned.
            section: the country that a heading above the row or the sheet names, as two letters.
        """
        if problem := name_problem(written):
            return Who(problem=sentence("ingest.row.no_name", why=problem))
        name, qualifier, behind = apart(_NUMBERED.sub("", written))
        said = cells.get("country", "")
        country = self.country(said)
        if said and not country:
            like = country_like(said[:60])
            reason = "ingest.row.like_country" if like else "ingest.row.unknown_country"
            return Who(problem=sentence(reason, name=said[:60], like=like))
        if _several().match(name):
            return Who(problem=sentence("ingest.row.several", name=name[:60]))
        if not behind and (code := self._code(name, qualifier, country)):
            behind, qualifier = code, ""
        if behind and country and behind != country:
            # "Paris (Texas)" is no country; "Paris, France" in the row of Germany is a contradiction.
            names = {"behind": country_name(behind), "column": country_name(country)}
            return Who(problem=sentence("ingest.row.two_countries", **names))
        country = country or behind or section or self.country(self._map.text("country"))
        region = cells.get("region", "")
        if not region and qualifier and is_region(qualifier, country or "US"):
            region, country, qualifier = qualifier, country or "US", ""
        if qualifier and region_of(qualifier, country) == region_of(region, country):
            qualifier = ""
        if country and named_country(name) == country and country not in _ALIKE:
            return Who(problem=sentence("ingest.row.country_name", name=name[:60]))
        point, note = coordinates(cells.get("latitude", ""), cells.get("longitude", ""))
        asked = WantedCity(tidy_case(name), qualifier, country, region_of(region, country), point)
        return Who(asked, region, notes=(note,) if note else ())

    def country(self, said: str) -> str:
        """The two letters of a country as the list writes it; empty when it is none that the map or we know."""
        return country_of(self._map.names("countries").get(fold(said), said)) if said else ""

    def _code(self, name: str, qualifier: str, country: str) -> str:
        """The country that two or three letters behind a name say: "Oslo (NO)"; nothing when they say a state."""
        code = alpha2_only(qualifier)
        if not code or code == country:
            return code
        if is_state(qualifier) and not self._codes_are_countries:
            known = known_countries(read_name(name).core)
            return code if code in known and not country else ""
        return code


def _codes_are_countries(names: Iterable[str]) -> bool:
    """Whether two letters behind the names of a list are countries: some are codes that no state of the USA has."""
    countries = states = 0
    for each in names:
        _, qualifier, _ = apart(each)
        if _CODE.match(qualifier):
            is_country, is_state_ = bool(alpha2_only(qualifier)), is_state(qualifier)
            countries += is_country and not is_state_
            states += is_state_ and not is_country
    return countries > states


def apart(text: str) -> tuple[str, str, str]:
    """The name, what stands behind a comma or in brackets, and a country behind that; "Oslo, City of" is all name.

    >>> apart("Springfield, Illinois, USA"), apart("Frankfurt (Oder)"), apart("Oslo, City of")
    (('Springfield', 'Illinois', 'US'), ('Frankfurt', 'Oder', ''), ('City of Oslo', '', ''))
    """
    name, behind = _one_apart(text)
    if not behind:
        return text, "", ""
    if belongs_in_front(behind):
        return f"{behind} {name}", "", ""
    country = named_country(behind)
    if not country:
        return name, behind, ""
    inner, outer = _one_apart(name)
    return (inner, outer, country) if outer else (name, "", country)


def _one_apart(text: str) -> tuple[str, str]:
    if text.endswith((")", "]")):
        for opening in ("(", "["):
            name, bracket, inside = text.rpartition(opening)
            if bracket and name.strip() and inside[:-1].strip():
                return name.strip(), inside[:-1].strip()
    for between in (",", " – ", " - "):
        name, found, behind = text.rpartition(between)
        if found and name.strip() and behind.strip() and (between == "," or named_country(behind.strip())):
            return name.strip(), behind.strip()
    return text, ""


class CityAnswer(StrEnum):
    """How a question ended."""

    KNOWN = "known"
    NEW = "new"
    REVIEW = "review"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FoundCity:
    """The body that is meant, or why none could be chosen."""

    kind: CityAnswer
    body: Body | None = None
    reason: str = ""
    candidates: tuple[Body, ...] = ()
    notes: tuple[str, ...] = ()


class Resolver:
    """Answers for the rows of one list; cities that are new join the known ones, so that the next row finds them."""

    def __init__(
        self,
        gazetteer: Gazetteer,
        *,
        decisions: Mapping[ReviewKey, ReviewDecision],
        mint: Callable[[WantedCity], Body],
        unknown: str,
        near: float,
    ) -> None:
        """Take what is known.

        Args:
            gazetteer: the cities of the graph.
            decisions: what a person has decided, by `review_key`.
            mint: makes a new body.
            unknown: what becomes of cities that are not known: `new`, `review` or `refuse`.
            near: from which likeness a name goes to the review.
        """
        self._gazetteer = gazetteer
        self._decisions = decisions
        self._mint = mint
        self._unknown = unknown
        self._near = near
        self._answers: dict[WantedCity, FoundCity] = {}
        self.decided_new: dict[ReviewKey, Body] = {}
        self._listed: dict[str, Counter[str]] = defaultdict(Counter)
        self._neighbours = Neighbours(())
        self._points: dict[str, list[WantedCity]] = defaultdict(list)

    def resolve_all(self, asked: Iterable[WantedCity]) -> dict[WantedCity, FoundCity]:
        """An answer for each question; what is asked most often, with a country, comes first and sets the spelling."""
        counts = Counter(asked)
        for each, count in counts.items():
            if each.country:
                core = read_name(each.name).core
                self._listed[core][each.country] += count
                if each.point:
                    self._points[core].append(each)
        self._neighbours = Neighbours((
            *((read_name(body.name).core, body.country, body.point) for body in self._gazetteer.bodies),
            *((core, each.country, each.point) for core, found in self._points.items() for each in found),
        ))  # fmt: skip
        order = {each: place for place, each in enumerate(counts)}

        def rank(each: WantedCity) -> tuple[bool, bool, int, int]:
            return (not each.country, "\ufffd" in each.name, -counts[each], order[each])

        for each in sorted(counts, key=rank):
            self._answers[each] = self._resolve(each)
        return self._answers

    def _resolve(self, asked: WantedCity) -> FoundCity:
        decision = self._decisions.get(review_key(asked))
        if decision is not None and decision.word is not ReviewWord.OPEN:
            return self._decided(asked, decision)
        if "\ufffd" in asked.name:
            return FoundCity(
                CityAnswer.REVIEW, reason=sentence("ingest.who.letters_lost"), candidates=self._candidates(asked)
            )
        if not asked.country:
            return self._without_country(asked)
        exact = self._exact(asked)
        if exact and (others := _other_cities(asked.name, exact)):
            reason = sentence("ingest.who.several_cities", cities=_both(others))
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(exact[:_MOST_CANDIDATES]))
        same = [body for body in exact if body.country in {asked.country, ""}]
        core = read_name(asked.name).core
        if bears_several(core, asked.country) and not (asked.region or asked.qualifier or asked.point):
            reason = sentence("ingest.who.bear_name", country=country_name(asked.country))
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=self._candidates(asked))
        if same:
            found = self._among(asked, same)
            if found is not None:
                return found
        elsewhere = self._elsewhere(asked, [body for body in exact if body.country not in {asked.country, ""}])
        if elsewhere is not None:
            return elsewhere
        return self._not_exact(asked)

    def _decided(self, asked: WantedCity, decision: ReviewDecision) -> FoundCity:
        if decision.word is ReviewWord.SKIP:
            return FoundCity(CityAnswer.REFUSED, reason=decision.skipped)
        if decision.word is ReviewWord.NEW:
            if not asked.country:
                return FoundCity(CityAnswer.REFUSED, reason=sentence("ingest.who.new_without_country"))
            key = review_key(asked)
            if key not in self.decided_new:
                found = self._made(asked, sentence("ingest.note.new"))
                if found.body is not None:
                    self.decided_new[key] = found.body
                return found
            return FoundCity(CityAnswer.KNOWN, self.decided_new[key])
        chosen = self._gazetteer.by_iri.get(decision.target)
        if chosen is None:
            return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.chose_unknown", target=decision.target))
        return FoundCity(CityAnswer.KNOWN, chosen, notes=(sentence("ingest.note.chosen"),))

    def _exact(self, asked: WantedCity) -> list[Body]:
        """Whatever bears the name; of a name in two parts what the whole bears, else what both or one of them bear."""
        region = is_region_name(asked.name)
        form = read_name(asked.name)
        whole = self._gazetteer.exact(form, region=region)
        if known_countries(form.core) and not region:
            # "Akershus" may be all that a list says of a county; Turin is a city, and no province.
            whole = [body for body in whole if body.kind != "region"]
        if whole:
            return whole
        found = [
            {id(body): body for body in self._gazetteer.exact(form, region=region)} for form in _forms(asked.name)[1:]
        ]
        found = [each for each in found if each]
        both = set(found[0]).intersection(*found[1:]) if found else set()
        return [body for each in found[:1] for key, body in each.items() if key in both] or list(
            {key: body for each in found for key, body in each.items()}.values()
        )

    def _candidates(self, asked: WantedCity) -> tuple[Body, ...]:
        form = read_name(asked.name.replace("\ufffd", ""))
        exact = self._gazetteer.exact(form, region=is_region_name(asked.name))
        near = [body for body, _ in self._gazetteer.near(form, asked, 70.0)]
        return tuple({id(body): body for body in [*exact, *near]}.values())[:_MOST_CANDIDATES]

    def _among(self, asked: WantedCity, same: list[Body]) -> FoundCity | None:
        """The one that is meant among cities of this name and country; nothing when it is none of them."""
        fitting = [body for body in same if _agree(asked, body)]
        if asked.point and (near := [body for body in fitting if is_close(asked.point, body.point)]):
            fitting = near
        far = [body for body in fitting if is_close(asked.point, body.point) is False]
        if len(far) == len(fitting):
            if any(not body.is_new for body in far):
                reason = sentence("ingest.who.other_place", name=asked.name, country=country_name(asked.country))
                return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(far))
            return None
        fitting = [body for body in fitting if body not in far]
        if len(fitting) == 1 and bool(asked.qualifier) == bool(fitting[0].qualifier):
            return FoundCity(CityAnswer.KNOWN, fitting[0])
        if asked.region and (named := [body for body in fitting if body.region == asked.region]):
            fitting = named
            if len(fitting) == 1:
                return FoundCity(CityAnswer.KNOWN, fitting[0])
        several = len(fitting) > 1
        reason = sentence("ingest.who.same_name" if several else "ingest.who.maybe", name=fitting[0].name)
        return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(fitting[:_MOST_CANDIDATES]))

    def _elsewhere(self, asked: WantedCity, others: list[Body]) -> FoundCity | None:
        """Why a known name with another country is a question; nothing when there is no doubt that it is another city."""
        listed = self._listed[read_name(asked.name).core]
        close = [
            body
            for body in others
            if is_close(asked.point, body.point) and (not body.is_new or listed[asked.country] <= listed[body.country])
        ]
        if close:
            reason = sentence(
                "ingest.who.lies_in", place=country_name(close[0].country), said=country_name(asked.country)
            )
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(close))
        core = read_name(asked.name).core
        rivals = {each.country for each in self._points[core] if is_close(asked.point, each.point)} - {asked.country}
        if rivals and max(listed[each] for each in rivals) >= listed[asked.country]:
            said = country_name(asked.country)
            reason = sentence("ingest.who.two_countries", said=said, others=_countries(rivals))
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(others[:_MOST_CANDIDATES]))
        # A state that we know lies in the country: "Paris, Texas, USA" needs no other sign.
        if (
            is_homonym(core)
            or is_region(asked.region, asked.country)
            or (asked.point and others and all(is_close(asked.point, each.point) is False for each in others))
        ):
            return None
        most = max(listed.values(), default=0)
        doubted = [body for body in others if not body.is_new or listed[asked.country] < most]
        countries = {body.country for body in doubted} | (known_countries(core) - {asked.country})
        if asked.country in known_countries(core) or not countries:
            return None
        said = country_name(asked.country)
        reason = sentence("ingest.who.known_in", name=asked.name, countries=_countries(countries), said=said)
        return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(doubted[:_MOST_CANDIDATES]))

    def _without_country(self, asked: WantedCity) -> FoundCity:
        exact = [body for body in self._exact(asked) if _agree(asked, body)]
        form = read_name(asked.name)
        close = [body for body in exact if is_close(asked.point, body.point)]
        if len(close) == 1:
            return FoundCity(
                CityAnswer.KNOWN,
                close[0],
                notes=(sentence("ingest.note.from_map", country=country_name(close[0].country)),),
            )
        if len(exact) > 1 or (exact and (is_homonym(form.core) or len(form.core) < _SHORTEST_ALONE)):
            reason = sentence("ingest.who.no_country_several")
            return FoundCity(CityAnswer.REVIEW, reason=reason, candidates=tuple(exact[:_MOST_CANDIDATES]))
        if exact:
            if bool(asked.qualifier) != bool(exact[0].qualifier):
                return FoundCity(
                    CityAnswer.REVIEW, reason=sentence("ingest.who.maybe", name=exact[0].name), candidates=tuple(exact)
                )
            return FoundCity(CityAnswer.KNOWN, exact[0], notes=(_taken_as(exact[0].country),))
        countries = known_countries(form.core)
        if len(countries) == 1 and self._unknown == "new":
            (country,) = countries
            found = self._resolve(replace(asked, country=country))
            return replace(found, notes=(*found.notes, _taken_as(country)))
        if is_homonym(form.core):
            return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.no_country_several"))
        return FoundCity(CityAnswer.REFUSED, reason=sentence("ingest.who.no_country_none"))

    def _not_exact(self, asked: WantedCity) -> FoundCity:
        candidates: dict[int, Body] = {}
        for form in _forms(asked.name):
            for body, _ in self._gazetteer.near(form, asked, self._near):
                apart = is_close(asked.point, body.point) is False
                if _agree(asked, body) and not apart and (body.kind == "region") == is_region_name(asked.name):
                    candidates[id(body)] = body
        if candidates:
            chosen = tuple(candidates.values())[:_MOST_CANDIDATES]
            return FoundCity(
                CityAnswer.REVIEW, reason=sentence("ingest.who.resembles", name=chosen[0].name), candidates=chosen
            )
        around = self._neighbours.lies_in(read_name(asked.name).core, asked.country, asked.point)
        if around:
            reason = sentence("ingest.who.around", place=country_name(around), said=country_name(asked.country))
            return FoundCity(CityAnswer.REVIEW, reason=reason)
        match self._unknown:
            case "new":
                return self._made(asked, "")
            case "review":
                return FoundCity(CityAnswer.REVIEW, reason=sentence("ingest.who.not_known"))
        return FoundCity(CityAnswer.REFUSED, reason=sentence("ingest.who.none_in_country"))

    def _made(self, asked: WantedCity, note: str) -> FoundCity:
        body = self._mint(asked)
        self._gazetteer.add(body, [asked.name, *_parts(asked.name)])
        return FoundCity(CityAnswer.NEW, body, notes=(note,) if note else ())


def _agree(asked: WantedCity, body: Body) -> bool:
    """Whether nothing that tells cities of one name apart speaks against it."""
    if asked.qualifier and body.qualifier and read_name(asked.qualifier).core != read_name(body.qualifier).core:
        return False
    return not (asked.region and body.region and asked.region != body.region)


def _countries(codes: Iterable[str]) -> Text:
    names = [country_name(code) for code in sorted(codes)]
    return Text(", ".join(each.nb for each in names), ", ".join(each.en for each in names))


def _both(names: Sequence[str]) -> Text:
    between = text("ingest.who.and")
    return Text(between.nb.join(names), between.en.join(names))


def _taken_as(country: str) -> str:
    return sentence("ingest.note.taken_as", country=country_name(country))


def _forms(name: str) -> list[NameForm]:
    """The whole name first, then each half of a name in two languages."""
    return [read_name(each) for each in (name, *_parts(name))]


def _other_cities(name: str, found: list[Body]) -> list[str]:
    """The parts of "Oslo/Bergen", when one was found and another is known as the name of another city."""
    parts = _parts(name)
    cores = [read_name(part).core for part in parts]
    names = {read_name(body.name).core for body in found}
    if not parts or read_name(name).core in names:
        return []
    cities = {city for core in names for city in other_names(core)}
    others = [core for core in cores if core not in names and not cities & set(other_names(core))]
    return (
        parts if len(others) < len(cores) and any(is_homonym(each) or known_countries(each) for each in others) else []
    )


def _parts(name: str) -> list[str]:
    for between in (" / ", "/", " – ", " - "):
        parts = [part.strip() for part in name.split(between)]
        if len(parts) > 1 and all(len(part) >= _SHORTEST_PART for part in parts):
            return parts
    return []
